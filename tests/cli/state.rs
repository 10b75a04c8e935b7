//! State on the disk that is damaged, too new, locked, or cannot be written.

#![expect(clippy::disallowed_methods, reason = "tests damage files")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use super::{LEDGER, ledger_made};
use crate::support::command::{Sandbox, until};
use crate::support::scripted::{Call, Reply, Stub, identity};

const STATE: &str = ".pando/ledger/state.json";
const JOURNAL: &str = ".pando/ledger/journal";
/// Verbs that read the state.
const VERBS: [&[&str]; 5] =
    [&["plan"], &["apply", "--yes"], &["destroy", "--confirm", "ledger"], &["output"], &["status"]];

/// Answers who calls; all else is refused, so that a verb that gets past the state ends with 4.
fn refusing(call: &Call) -> Reply {
    identity(call).unwrap_or(Reply::Error(403, "UnauthorizedOperation", "no"))
}

/// A stack whose network was made, by a run that was killed: all of it is in the journal.
async fn made() -> (Sandbox, Stub) {
    let stub = Stub::start(refusing).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.remember("ledger", &ledger_made(&stub.url)).await;
    (sandbox, stub)
}

/// Every verb refuses to go on, says why, and touches nothing.
async fn refused(sandbox: &Sandbox, stub: &Stub, said: &[&str]) {
    let before = sandbox.state();
    for verb in VERBS {
        sandbox.run(verb).await.expect(1, said);
        assert_eq!(sandbox.state(), before, "{verb:?} changed the state");
    }
    assert!(stub.calls().iter().all(|call| call == "sts:GetCallerIdentity"), "{:?}", stub.calls());
}

#[tokio::test]
async fn a_truncated_state_file_is_refused() {
    let (sandbox, stub) = made().await;
    let whole = sandbox.text(STATE);
    for length in [0, 1, whole.len() / 2, whole.len() - 3] {
        sandbox.write(STATE, &whole[..length]);
        refused(&sandbox, &stub, &["state.json is damaged", "nothing was changed", "state.<number>.bak"]).await;
    }
}

#[tokio::test]
async fn a_state_file_that_was_edited_is_refused() {
    let (sandbox, stub) = made().await;
    sandbox.write(STATE, sandbox.text(STATE).replace("\"serial\": 0", "\"serial\": 1"));
    refused(&sandbox, &stub, &["state.json is damaged: its checksum does not fit"]).await;
}

#[tokio::test]
async fn a_state_file_of_a_newer_pando_is_refused() {
    let (sandbox, stub) = made().await;
    sandbox.write(STATE, sandbox.text(STATE).replace("\"format\": 2", "\"format\": 7"));
    refused(&sandbox, &stub, &["written by a newer Pando (format 7", "update Pando"]).await;
}

#[tokio::test]
async fn a_state_file_that_is_gone_is_not_begun_anew_over_what_the_journal_remembers() {
    let (sandbox, stub) = made().await;
    fs::remove_file(sandbox.path(STATE)).unwrap();
    refused(&sandbox, &stub, &["state.json is damaged: it is gone", "nothing was changed"]).await;
}

#[tokio::test]
async fn a_damaged_line_in_the_middle_of_the_journal_is_refused() {
    let (sandbox, stub) = made().await;
    let lines: Vec<String> = sandbox.text(JOURNAL).lines().map(|line| format!("{line}\n")).collect();
    let edited = lines[2].replace("create_sent", "create_lost");
    let without = [&lines[..2], &lines[3..]].concat().concat();
    sandbox.write(JOURNAL, [&lines[..2], &[edited], &lines[3..]].concat().concat());
    refused(&sandbox, &stub, &["journal is damaged: line 3: its checksum does not fit"]).await;
    sandbox.write(JOURNAL, without);
    refused(&sandbox, &stub, &["journal is damaged: line 3: it follows entry"]).await;
}

#[tokio::test]
async fn a_last_line_that_was_cut_short_was_never_acted_upon_and_is_left_out() {
    let (sandbox, stub) = made().await;
    let whole = sandbox.text(JOURNAL);
    let last = whole.lines().next_back().unwrap();
    for cut in [1, last.len() / 2, last.len()] {
        sandbox.write(JOURNAL, &whole[..whole.len() - cut]);
        sandbox.run(&["plan"]).await.expect(4, &["kind vpc"]);
    }
    assert_eq!(stub.writes(), [""; 0]);
    // What is left of it goes once the state is opened to be written.
    sandbox.run(&["apply", "--yes"]).await.expect(4, &["kind vpc"]);
    assert_eq!(sandbox.text(JOURNAL), "");
    assert!(sandbox.text(STATE).contains("\"status\": \"creating\""), "{}", sandbox.text(STATE));
}

#[tokio::test]
async fn what_is_refused_after_the_state_was_opened_has_changed_no_file() {
    let (sandbox, _stub) = made().await;
    sandbox.run(&["apply", "--yes"]).await.expect(4, &["kind vpc"]);
    let before = sandbox.state();
    sandbox.run(&["apply", "--yes"]).await.expect(4, &["kind vpc"]);
    sandbox.run(&["destroy", "--confirm", "ledger"]).await.expect(4, &["kind vpc"]);
    assert_eq!(sandbox.state(), before);
}

#[tokio::test]
async fn state_is_readable_by_its_owner_only_and_kept_out_of_repositories() {
    let (sandbox, _stub) = made().await;
    sandbox.run(&["apply", "--yes"]).await.expect(4, &[]);
    for path in sandbox.state().keys().filter(|path| path.file_name().is_some_and(|name| name != ".gitignore")) {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(fs::metadata(sandbox.path(".pando/ledger")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(sandbox.text(".pando/.gitignore").lines().any(|line| line == "*"));
}

#[tokio::test]
async fn of_two_applies_at_once_the_second_is_told_who_is_at_work() {
    let stub = Stub::start(|call| identity(call).unwrap_or(Reply::Silence)).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    let first = sandbox.start(&["apply", "--yes"]);
    until("the first has the lock", || stub.count("DescribeAvailabilityZones") == 1).await;
    let before = sandbox.state();
    let pid = format!("process {}, since 20", first.pid());
    let said = ["another run is at work", "`pando apply`", pid.as_str(), "wait until it is done"];
    sandbox.run(&["apply", "--yes"]).await.expect(5, &said);
    sandbox.run(&["destroy", "--confirm", "ledger"]).await.expect(5, &said);
    assert_eq!((sandbox.state(), stub.count("DescribeAvailabilityZones")), (before, 1));
    // A killed process cannot leave the lock behind.
    first.signal(Signal::KILL);
    first.end().await.expect(137, &[]);
    let third = sandbox.start(&["apply", "--yes"]);
    until("the third has the lock", || stub.count("DescribeAvailabilityZones") == 2).await;
    third.signal(Signal::INT);
    third.end().await.expect(130, &["interrupted", "nothing was changed"]);
}

#[tokio::test]
async fn outputs_of_what_is_not_deployed_are_refused_with_the_next_step() {
    let sandbox = Sandbox::with(LEDGER);
    for verb in [&["output"][..], &["output", "database_host"]] {
        sandbox.run(verb).await.expect(1, &["ledger has no outputs: it is not deployed", "pando apply"]);
    }
    sandbox.run(&["status"]).await.expect(0, &["ledger has no resources"]);
    assert!(sandbox.state().is_empty());
}
