//! The weekly windows in which RDS and ElastiCache carry out what waits for one, and the daily ones of backups.

use std::time::Duration;

use crate::simulator::clock::Moment;
use crate::simulator::dice::Dice;
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MINUTES_OF_DAY: u64 = 24 * 60;
const MINUTES_OF_WEEK: u64 = 7 * MINUTES_OF_DAY;

/// When a weekly window, `sun:05:00-sun:06:00`, opens next after this moment. One that has no such form never does.
pub(crate) fn next_opening(window: &str, now: Moment) -> Option<Moment> {
    let opens = weekly(window)?.0;
    // The first of January 1970 was a Thursday.
    let minute = (now.0 / 60_000 + 4 * MINUTES_OF_DAY) % MINUTES_OF_WEEK;
    let wait = (opens + MINUTES_OF_WEEK - minute - 1) % MINUTES_OF_WEEK + 1;
    Some(Moment((now.0 / 60_000 + wait) * 60_000))
}

/// The weekly window that a call asks for.
pub(crate) fn maintenance(input: &Input) -> Result<Option<String>, Refusal> {
    let window = input.text("PreferredMaintenanceWindow");
    match window.filter(|window| !is_weekly(window)) {
        None => Ok(window.map(str::to_ascii_lowercase)),
        Some(odd) => Err(invalid(format!("Invalid maintenance window format: {odd}"))),
    }
}

/// Whether a text is a weekly window of half an hour to a day.
pub(crate) fn is_weekly(window: &str) -> bool {
    weekly(window).is_some_and(|(opens, closes)| {
        let length = (closes + MINUTES_OF_WEEK - opens) % MINUTES_OF_WEEK;
        (30..=MINUTES_OF_DAY).contains(&length)
    })
}

/// Whether a text is a daily window of at least half an hour, `03:00-03:30`.
pub(crate) fn is_daily(window: &str) -> bool {
    let parts = window.split_once('-').and_then(|(opens, closes)| Some((time(opens)?, time(closes)?)));
    parts.is_some_and(|(opens, closes)| (closes + MINUTES_OF_DAY - opens) % MINUTES_OF_DAY >= 30)
}

/// A weekly window of half an hour at some time of the week.
pub(crate) fn draw_weekly(dice: &mut Dice, minutes: u64) -> String {
    let day = DAYS[dice.index(DAYS.len())];
    let opens = dice.between(0, 22 * 60);
    format!("{day}:{}-{day}:{}", clock(opens), clock(opens + minutes))
}

/// A daily window at some time of the night.
pub(crate) fn draw_daily(dice: &mut Dice, minutes: u64) -> String {
    let opens = dice.between(0, 6 * 60);
    format!("{}-{}", clock(opens), clock(opens + minutes))
}

/// The time that backups are dated by: the last full five minutes.
pub(crate) fn last_five_minutes(now: Moment) -> Moment {
    let five = u64::try_from(Duration::from_mins(5).as_millis()).unwrap_or(u64::MAX);
    Moment(now.0 / five * five)
}

fn weekly(window: &str) -> Option<(u64, u64)> {
    let (opens, closes) = window.split_once('-')?;
    Some((minute_of_week(opens)?, minute_of_week(closes)?))
}

fn minute_of_week(text: &str) -> Option<u64> {
    let (day, hours) = text.split_once(':')?;
    let day = DAYS.iter().position(|name| name.eq_ignore_ascii_case(day))?;
    Some(u64::try_from(day).ok()? * MINUTES_OF_DAY + time(hours)?)
}

fn time(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn clock(minutes: u64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_opening_is_in_the_coming_week() {
        // The beginning is a Thursday at midnight.
        let now = Moment::BEGINNING;
        assert_eq!(next_opening("thu:00:00-thu:01:00", now), Some(now.plus(Duration::from_hours(7 * 24))));
        assert_eq!(next_opening("thu:00:01-thu:01:00", now), Some(now.plus(Duration::from_mins(1))));
        assert_eq!(next_opening("sun:05:30-sun:06:00", now), Some(now.plus(Duration::from_mins((72 + 5) * 60 + 30))));
        assert_eq!(next_opening("someday", now), None);
    }

    #[test]
    fn windows_have_a_form_and_a_least_length() {
        assert!(is_weekly("Mon:03:00-Mon:04:00") && is_weekly("sat:23:45-sun:00:15"));
        assert!(!is_weekly("mon:03:00-mon:03:10") && !is_weekly("mon:25:00-mon:26:00"));
        assert!(is_daily("23:50-00:20") && !is_daily("03:00-03:20") && !is_daily("3"));
    }
}
