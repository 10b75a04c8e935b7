//! A token bucket that says when a call's turn is. It slows down when AWS throttles all the same, because others use the account, too, or because
//! no rate is documented; and it becomes faster again step by step, as TCP does.
//!
//! It hands out tickets, and knows when the ticket of each number is due. So nobody has to ask again and again, who came first goes first, and
//! when the rate changes, everyone who waits moves.

use std::time::Duration;

use tokio::time::Instant;

use super::rates::Rate;

/// What a throttled answer leaves of the rate.
const CUT: f64 = 0.5;
/// The smallest share of a documented rate that cuts leave.
const FLOOR: f64 = 0.1;
/// The share of a documented rate that comes back each second. When others use half of the account, one in fifty of a bucket's calls is then
/// throttled, and its calls take a tenth longer than they must. Slower, and more time is lost; faster, and more calls are throttled.
const RECOVERY: f64 = 0.02;
/// The smallest rate that cuts leave where none is documented, in calls each second.
const SLOWEST: f64 = 1.0;
/// What comes back each second where none is documented, in calls each second.
const GROWTH: f64 = 0.5;
/// Over which time the rate of calls is measured, in seconds.
const MEMORY: f64 = 5.0;
/// What floating point may lack of a whole token.
const ROUNDING: f64 = 1e-6;

/// A place in the queue: due when so many tokens have come in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ticket(f64);

/// A token bucket. Tokens are calls, rates are calls each second.
#[derive(Debug)]
pub(super) struct Bucket {
    /// How many tokens lie in it after a rest, at the highest rate.
    burst: f64,
    /// The highest rate. Infinite if none is documented.
    highest: f64,
    /// The rate now. Infinite until the first throttled answer, if none is documented.
    rate: f64,
    /// How many calls there were of late.
    flow: f64,
    /// How many tickets were handed out.
    issued: f64,
    /// How many tokens have come, less those that found the bucket full.
    supply: f64,
    /// When that was so.
    at: Instant,
    /// When the rate was last cut.
    cut: Option<Instant>,
}

impl Bucket {
    /// A full one. Without a rate nobody waits, until an answer is throttled.
    pub(super) fn new(rate: Option<Rate>, now: Instant) -> Self {
        let Rate { burst, refill } = rate.unwrap_or(Rate { burst: 0.0, refill: f64::INFINITY });
        Self { burst, highest: refill, rate: refill, flow: 0.0, issued: 0.0, supply: burst, at: now, cut: None }
    }

    /// The next ticket.
    pub(super) fn reserve(&mut self, now: Instant) -> Ticket {
        self.advance(now);
        self.flow += 1.0 / MEMORY;
        self.issued += 1.0;
        if self.rate.is_infinite() {
            self.supply = self.issued;
        }
        Ticket(self.issued)
    }

    /// How long the ticket still has to wait. It may be longer than it was said before, if an answer was throttled in between, and never shorter.
    pub(super) fn wait(&mut self, Ticket(number): Ticket, now: Instant) -> Duration {
        self.advance(now);
        let missing = number - self.supply;
        if missing <= ROUNDING || self.rate.is_infinite() {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(self.span_of(missing)).unwrap_or(Duration::MAX)
    }

    /// How long the next ticket would have to wait.
    pub(super) fn queue(&mut self, now: Instant) -> Duration {
        self.wait(Ticket(self.issued + 1.0), now)
    }

    /// The answer to a call sent at that time was that there are too many. Answers to what was sent before the last cut say nothing new: the cut
    /// was for the same reason.
    pub(super) fn throttled(&mut self, sent: Instant, now: Instant) {
        self.advance(now);
        if self.cut.is_some_and(|cut| sent <= cut) {
            return;
        }
        let floor = if self.highest.is_finite() { self.highest * FLOOR } else { SLOWEST };
        let before = if self.rate.is_finite() { self.rate } else { self.flow };
        self.rate = (before * CUT).max(floor);
        // AWS has no token left either, so the next one is to be waited for from now on.
        self.supply = self.supply.min(self.issued).floor();
        self.cut = Some(now);
    }

    /// Lets time go by.
    fn advance(&mut self, now: Instant) {
        let span = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.flow *= (-span / MEMORY).exp();
        if self.rate.is_infinite() {
            return;
        }
        let come = self.supply + self.tokens_in(span);
        self.rate = self.highest.min(self.rate + self.growth() * span);
        self.supply = come.min(self.issued + self.full());
    }

    /// How many tokens lie in it after a rest, at the rate now.
    fn full(&self) -> f64 {
        let full = if self.highest.is_finite() { self.burst * self.rate / self.highest } else { self.rate };
        full.max(1.0)
    }

    /// By how much the rate grows each second.
    fn growth(&self) -> f64 {
        if self.highest.is_finite() { self.highest * RECOVERY } else { GROWTH }
    }

    /// For how many seconds the rate grows.
    fn growing(&self) -> f64 {
        (self.highest - self.rate) / self.growth()
    }

    /// How many tokens come within so many seconds from now.
    fn tokens_in(&self, span: f64) -> f64 {
        let growing = span.min(self.growing());
        let steady = span - growing;
        let grown = growing * (self.rate + self.growth() * growing / 2.0);
        if steady > 0.0 { grown + steady * self.highest } else { grown }
    }

    /// Within how many seconds from now so many tokens come.
    fn span_of(&self, tokens: f64) -> f64 {
        let growth = self.growth();
        let span = ((self.rate * self.rate + 2.0 * growth * tokens).sqrt() - self.rate) / growth;
        let growing = self.growing();
        if span <= growing { span } else { growing + (tokens - self.tokens_in(growing)) / self.highest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Option<Rate> = Some(Rate { burst: 4.0, refill: 2.0 });

    fn seconds(span: f64) -> Duration {
        Duration::from_secs_f64(span)
    }

    /// The waits of so many tickets taken at once, in seconds.
    fn waits(bucket: &mut Bucket, count: usize, now: Instant) -> Vec<f64> {
        let mut wait = || {
            let ticket = bucket.reserve(now);
            bucket.wait(ticket, now).as_secs_f64()
        };
        (0..count).map(|_| wait()).collect()
    }

    #[track_caller]
    fn assert_near(found: &[f64], wanted: &[f64]) {
        let near = found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-3);
        assert!(near && found.len() == wanted.len(), "{found:?} and not {wanted:?}");
    }

    #[test]
    fn a_burst_passes_at_once_and_then_one_after_the_other() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        assert_near(&waits(&mut bucket, 7, now), &[0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.5]);
    }

    #[test]
    fn who_waited_as_long_as_was_said_is_due() {
        let mut now = Instant::now();
        let mut bucket = Bucket::new(Some(Rate { burst: 3.2, refill: 0.24 }), now);
        let tickets: Vec<Ticket> = (0..6).map(|_| bucket.reserve(now)).collect();
        for ticket in tickets {
            now += bucket.wait(ticket, now);
            assert_eq!(bucket.wait(ticket, now), Duration::ZERO);
        }
    }

    #[test]
    fn rest_refills_it_up_to_the_burst_and_no_further() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        waits(&mut bucket, 4, now);
        assert_near(&waits(&mut bucket, 3, now + seconds(1.0)), &[0.0, 0.0, 0.5]);
        assert_near(&waits(&mut bucket, 5, now + seconds(1000.0)), &[0.0, 0.0, 0.0, 0.0, 0.5]);
    }

    #[test]
    fn a_throttled_answer_halves_the_rate_empties_the_bucket_and_moves_who_waits() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        waits(&mut bucket, 4, now);
        let waiting = bucket.reserve(now);
        let later = now + seconds(0.25);
        bucket.throttled(later, later);
        let wait = bucket.wait(waiting, later).as_secs_f64();
        // One each second, and a little more by then.
        assert!((0.9..1.0).contains(&wait), "{wait}");
        let behind = waits(&mut bucket, 1, later)[0];
        assert!((1.9..2.0).contains(&behind), "{behind}");
        assert_eq!(bucket.wait(waiting, later + seconds(wait)), Duration::ZERO);
    }

    #[test]
    fn a_throttled_answer_takes_away_what_lay_in_it() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        waits(&mut bucket, 1, now);
        bucket.throttled(now, now);
        assert!(waits(&mut bucket, 1, now)[0] > 0.9);
    }

    #[test]
    fn answers_to_what_was_sent_before_a_cut_are_no_reason_for_another() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        waits(&mut bucket, 4, now);
        for answer in 1..10_u32 {
            bucket.throttled(now, now + seconds(0.001) * answer);
        }
        let later = now + seconds(0.009);
        assert!(waits(&mut bucket, 1, later)[0] < 1.0);
        bucket.throttled(later, later);
        assert!(waits(&mut bucket, 1, later)[0] > 3.0);
    }

    #[test]
    fn the_rate_comes_back_slowly_and_never_goes_below_a_tenth() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RATE, start);
        let mut now = start;
        for _ in 0..10 {
            now += seconds(0.001);
            bucket.throttled(now, now);
        }
        let wait = waits(&mut bucket, 1, now)[0];
        assert!((3.0..5.0).contains(&wait), "a tenth of the rate, and a little more by then: {wait}");
        let after = now + seconds(60.0);
        assert_near(&waits(&mut bucket, 5, after)[3..], &[0.0, 0.5]);
    }

    #[test]
    fn without_a_documented_rate_nobody_waits_until_an_answer_is_throttled() {
        let start = Instant::now();
        let mut bucket = Bucket::new(None, start);
        let mut now = start;
        // Twenty a second, for long.
        for _ in 0..1000 {
            now += seconds(0.05);
            assert_near(&waits(&mut bucket, 1, now), &[0.0]);
        }
        bucket.throttled(now, now);
        let wait = waits(&mut bucket, 1, now)[0];
        assert!((0.09..0.11).contains(&wait), "half of twenty a second: {wait}");
        let wait = waits(&mut bucket, 200, now + seconds(60.0))[199];
        assert!((3.0..5.0).contains(&wait), "forty a second by then, and growing: {wait}");
    }

    /// What AWS does: it has so many tokens, and says so when there is none.
    #[test]
    fn when_others_use_half_of_the_account_few_calls_are_throttled_and_little_time_is_lost() {
        let (start, calls) = (Instant::now(), 400_u32);
        let (burst, refill) = (25.0, 2.5);
        let mut bucket = Bucket::new(Some(Rate { burst: 40.0, refill: 4.0 }), start);
        let (mut left, mut now, mut passed, mut throttled) = (burst, start, 0, 0);
        while passed < calls {
            let ticket = bucket.reserve(now);
            let wait = bucket.wait(ticket, now);
            now += wait;
            left = f64::min(burst, left + wait.as_secs_f64() * refill);
            if left >= 1.0 {
                (left, passed) = (left - 1.0, passed + 1);
            } else {
                bucket.throttled(now, now);
                throttled += 1;
            }
        }
        let least = (f64::from(calls) - burst) / refill;
        let took = (now - start).as_secs_f64();
        assert!(took <= 1.15 * least, "{took} s instead of {least} s");
        assert!(throttled * 40 <= calls, "{throttled} of {calls}");
    }
}
