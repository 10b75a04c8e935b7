//! Applies that are killed, interrupted, or run out of disk in the middle, on the emulator: the next one finishes, and nothing is left over
//! in the end.

#![expect(clippy::disallowed_methods, reason = "tests watch the journal grow")]

use std::fs;

use rustix::process::Signal;

use super::batch;
use crate::support::command::{Ended, Running, Sandbox, start, until};
use crate::support::moto;

/// A stack of this name on the emulator.
fn stack(name: &str) -> Sandbox {
    moto::sandbox(&batch(name))
}

/// How many lines the journal of a stack has.
fn lines(sandbox: &Sandbox, name: &str) -> usize {
    let journal = fs::read_to_string(sandbox.path(&format!(".pando/{name}/journal"))).unwrap_or_default();
    journal.lines().count()
}

/// Starts an apply and waits until its journal has this many lines.
async fn begun(sandbox: &Sandbox, name: &str, enough: usize) -> Running {
    let running = sandbox.start(&["apply", "--yes"]);
    until("the journal has grown", || lines(sandbox, name) >= enough).await;
    running
}

/// The next apply finishes, the plan after it is empty, and destroy leaves nothing.
async fn is_finished_by_the_next_apply(sandbox: &Sandbox, name: &str) {
    sandbox.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    // Nobody knows here what was under way; a destroy waits ten minutes for what may have been.
    sandbox.an_hour_passes(name);
    sandbox.run(&["destroy", "--confirm", name]).await.expect(0, &["found nothing left"]);
}

async fn killed_after(enough: usize) {
    let name = format!("killed-{enough}");
    let sandbox = stack(&name);
    let running = begun(&sandbox, &name, enough).await;
    running.signal(Signal::KILL);
    running.end().await.expect(137, &[]);
    is_finished_by_the_next_apply(&sandbox, &name).await;
}

#[tokio::test]
async fn an_apply_that_was_killed_before_its_first_answer_is_finished_by_the_next() {
    killed_after(2).await;
}

#[tokio::test]
async fn an_apply_that_was_killed_early_is_finished_by_the_next() {
    killed_after(8).await;
}

#[tokio::test]
async fn an_apply_that_was_killed_late_is_finished_by_the_next() {
    killed_after(30).await;
}

#[tokio::test]
async fn a_destroy_that_was_killed_is_finished_by_the_next() {
    let sandbox = stack("killed-down");
    sandbox.run(&["apply", "--yes"]).await.expect(0, &[]);
    let running = sandbox.start(&["destroy", "--confirm", "killed-down"]);
    until("the journal has grown", || lines(&sandbox, "killed-down") >= 3).await;
    running.signal(Signal::KILL);
    running.end().await.expect(137, &[]);
    sandbox.run(&["destroy", "--confirm", "killed-down"]).await.expect(0, &["found nothing left"]);
    sandbox.run(&["plan"]).await.expect(0, &["to create"]);
}

/// Stops an apply in the middle. It says what is done and what is left.
async fn stopped_by(signal: Signal, name: &str) -> (Sandbox, Ended) {
    let sandbox = stack(name);
    let running = begun(&sandbox, name, 6).await;
    running.signal(signal);
    let ended = running.end().await;
    ended.expect(
        130,
        &["Stopping", "Stopped:", "done", "not begun", "Left to do: ", "run the same command again to go on"],
    );
    // All that was under way was answered and written down, so nothing has to be looked up.
    assert_eq!(lines(&sandbox, name), 0);
    (sandbox, ended)
}

#[tokio::test]
async fn ctrl_c_in_an_apply_says_what_is_left_and_the_next_finishes_it() {
    let (sandbox, ended) = stopped_by(Signal::INT, "stopped").await;
    assert!(!ended.err.contains("FAILED"), "{ended}");
    is_finished_by_the_next_apply(&sandbox, "stopped").await;
}

#[tokio::test]
async fn a_termination_in_an_apply_says_what_is_left_and_destroy_takes_it_all() {
    let (sandbox, _) = stopped_by(Signal::TERM, "terminated").await;
    sandbox.run(&["destroy", "--confirm", "terminated"]).await.expect(0, &["found nothing left"]);
}

#[tokio::test]
async fn a_terminal_that_goes_away_stops_an_apply_like_ctrl_c() {
    let (sandbox, _) = stopped_by(Signal::HUP, "hung-up").await;
    is_finished_by_the_next_apply(&sandbox, "hung-up").await;
}

#[tokio::test]
async fn a_second_ctrl_c_ends_an_apply_at_once_and_the_next_finishes_it() {
    let sandbox = stack("impatient");
    let running = begun(&sandbox, "impatient", 4).await;
    running.signal(Signal::INT);
    running.signal(Signal::TERM);
    running.end().await.expect(130, &["run the same command again to go on"]);
    is_finished_by_the_next_apply(&sandbox, "impatient").await;
}

#[tokio::test]
async fn nobody_to_tell_is_no_reason_to_stop() {
    for (name, closed) in [("no-output", ">&-"), ("no-errors", "2>&-"), ("neither", ">&- 2>&-")] {
        let sandbox = stack(name);
        let script = format!("exec \"$@\" {closed}");
        let command = sandbox.within("sh", &["-c", &script, "sh"], &["apply", "--yes"]);
        start(command).end().await.expect(0, &[]);
        sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
        sandbox.run(&["destroy", "--confirm", name]).await.expect(0, &["found nothing left"]);
    }
}

#[tokio::test]
async fn an_apply_that_cannot_write_its_journal_sends_nothing_more_and_is_finished_by_the_next() {
    let sandbox = stack("full");
    // Files may grow to 12 KiB, as if the disk were full then. The signal that would end the process is ignored, so that writing fails.
    let script = "trap '' XFSZ; ulimit -f 24; exec \"$@\"";
    let command = sandbox.within("sh", &["-c", script, "sh"], &["apply", "--yes"]);
    let ended = start(command).end().await;
    ended.expect(3, &["could not write the journal", "journal: File too large", "make room and run again"]);
    is_finished_by_the_next_apply(&sandbox, "full").await;
}
