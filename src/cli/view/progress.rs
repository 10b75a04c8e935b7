//! A run as it goes: a live list on a terminal, a line for each change elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::escape::escape;
use super::out;
use super::plan_text::{doing, done};
use crate::engine::address::Incarnation;
use crate::engine::event::{Event, Listener};

/// Shows events to people, on standard error.
pub struct Progress {
    live: Option<MultiProgress>,
    bars: BTreeMap<Incarnation, ProgressBar>,
    reading: Option<ProgressBar>,
}

impl Progress {
    /// Live if standard error is a terminal that can move its cursor. On one that cannot (TERM is unset or `dumb`), the live list would
    /// swallow every line.
    pub fn new() -> Self {
        let live = std::io::stderr().is_terminal().then(MultiProgress::new).filter(|live| !live.is_hidden());
        Self { live, bars: BTreeMap::new(), reading: None }
    }

    fn say(&self, line: &str) {
        match &self.live {
            // A terminal that cannot be written to is no reason to stop a deployment.
            Some(live) => drop(live.println(line)),
            None => out::error_line(line),
        }
    }

    fn spin(&self, message: String) -> Option<ProgressBar> {
        let bar = self.live.as_ref()?.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(120));
        Some(bar)
    }

    fn end(&mut self, of: &Incarnation) {
        if let Some(bar) = self.bars.remove(of) {
            bar.finish_and_clear();
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        for bar in self.bars.values().chain(&self.reading) {
            bar.finish_and_clear();
        }
    }
}

impl Listener for Progress {
    fn on(&mut self, event: Event) {
        if !matches!(event, Event::ReadStarted { .. })
            && let Some(reading) = self.reading.take()
        {
            reading.finish_and_clear();
        }
        if let Event::StepStarted { of, action } = &event {
            let name = escape(&of.address.to_string());
            let bar = self.spin(format!("{} {name}", doing(*action)));
            self.bars.extend(bar.map(|bar| (of.clone(), bar)));
        }
        if let (Event::StillWaiting { of, why, .. } | Event::StepPostponed { of, why, .. }, true) =
            (&event, self.live.is_some())
        {
            if let Some(bar) = self.bars.get(of) {
                let name = escape(&of.address.to_string());
                bar.set_message(format!("{name}: {}", escape(why)));
            }
            return;
        }
        if let Event::ReadStarted { resources } = event {
            self.reading = self.spin(format!("reading {resources} resources"));
            return;
        }
        if let Event::StepFinished { of, .. } | Event::StepFailed { of, .. } | Event::AnswerLost { of, .. } = &event {
            self.end(of);
        }
        if let Some(line) = line(&event) {
            self.say(&line);
        }
    }
}

/// One event in one line. A pure function, so that a stored run can be shown again.
pub fn line(event: &Event) -> Option<String> {
    let name = |of: &Incarnation| escape(&of.address.to_string());
    Some(match event {
        Event::ResolveStarted { unproved } => {
            format!("An earlier run was cut short: looking up what became of {unproved} requests.")
        }
        Event::QuietStarted { seconds } => {
            format!("Waiting {seconds} s: until then a request of the earlier run may still arrive.")
        }
        Event::ReadStarted { .. } | Event::ApplyStarted { .. } | Event::StepStarted { .. } => return None,
        Event::StepPostponed { of, why, .. } => format!("  {}: {}", name(of), escape(why)),
        Event::StillWaiting { of, why, waited } => format!("  {}: {}, {}", name(of), escape(why), seconds(*waited)),
        Event::StepFinished { of, action, took } => format!("  {} {}  {}", done(*action), name(of), seconds(*took)),
        Event::StepFailed { of, action, why } => format!("  FAILED {} {}: {}", doing(*action), name(of), escape(why)),
        Event::AnswerLost { of, why } => format!("  {}: {}; looking what became of it", name(of), escape(why)),
        Event::CredentialsExpired { why } => format!("Stopping: the credentials have expired ({}).", escape(why)),
        Event::StopRequested { in_flight } => {
            format!(
                "Stopping: {in_flight} calls are under way and have four seconds to be answered; press Ctrl-C again to end at once."
            )
        }
    })
}

/// A duration as people say it.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", duration.as_secs_f64()),
        10..=119 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
