//! What goes wrong: how it is drawn, and what it means for network, disk and user.

use std::time::Duration;

use fastrand::Rng;
use pando::simulator::weather::{Fault, Rule, When};

use crate::support::disk::{ACCIDENTS, Accident};

/// One accident.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    /// To the call of this number, among all that this process makes.
    Call(u64, Fault),
    /// To the n-th thing that this process does to the disk.
    Disk(usize, Accident),
    /// The user stops it after this time.
    Stop(Duration),
}

/// What there is to hit: what an undisturbed run does.
pub(super) struct Usual {
    pub(super) calls: u64,
    pub(super) writes: usize,
    /// Calls to the bucket of the state.
    pub(super) stored: usize,
    pub(super) time: Duration,
}

impl Blow {
    /// What it does to the network.
    pub(super) fn weather(&self) -> Option<Rule> {
        let Self::Call(number, fault) = *self else { return None };
        Some(Rule { service: None, action: None, fault, when: When::Nth(number) })
    }

    /// What it does to the disk.
    pub(super) fn disk(&self) -> Option<(usize, Accident)> {
        let Self::Disk(number, accident) = *self else { return None };
        Some((number, accident))
    }

    /// Whether something may arrive when everything seems done.
    pub(super) fn is_late(&self) -> bool {
        matches!(self, Self::Call(_, Fault::Late(_) | Fault::KillLate(_) | Fault::Twice))
    }
}

/// The accidents of one run, and what sort they are.
pub(super) fn draw(random: &mut Rng, usual: &Usual) -> (&'static str, Vec<Blow>) {
    match random.u8(..10) {
        0..=3 => ("killed at a call", vec![killed(random, usual)]),
        4..=5 => ("killed or failing while it writes", vec![written(random, usual)]),
        6..=7 => ("a call is lost, late or doubled, or it is stopped", vec![disturbed(random, usual)]),
        _ => {
            let blows = (0..random.usize(2..=4)).map(|_| match random.u8(..3) {
                0 => written(random, usual),
                1 => disturbed(random, usual),
                _ => killed(random, usual),
            });
            ("again while it recovers", blows.collect())
        }
    }
}

fn call(random: &mut Rng, usual: &Usual, faults: &[Fault]) -> Blow {
    Blow::Call(random.u64(1..=usual.calls), faults[random.usize(..faults.len())])
}

pub(super) fn killed(random: &mut Rng, usual: &Usual) -> Blow {
    let late = Fault::KillLate(Duration::from_secs(random.u64(1..200)));
    call(random, usual, &[Fault::KillBefore, Fault::KillAfter, Fault::KillAnswered, late])
}

pub(super) fn written(random: &mut Rng, usual: &Usual) -> Blow {
    Blow::Disk(random.usize(1..=usual.writes), ACCIDENTS[random.usize(..ACCIDENTS.len())])
}

pub(super) fn disturbed(random: &mut Rng, usual: &Usual) -> Blow {
    if random.u8(..8) == 0 {
        let time = u64::try_from(usual.time.as_millis()).unwrap_or(u64::MAX).max(1);
        return Blow::Stop(Duration::from_millis(random.u64(..time)));
    }
    let late = Fault::Late(Duration::from_secs(random.u64(1..200)));
    let faults = [
        late,
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::ErrorBefore(503),
        Fault::ErrorAfter(500),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Throttled,
        Fault::Twice,
        Fault::Stale,
    ];
    call(random, usual, &faults)
}
