//! On a terminal: questions, answers, colours and Ctrl-C.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::{Eof, Expect as _, Session};

use super::{LEDGER, ledger_made};
use crate::support::command::{Ended, Sandbox};
use crate::support::moto;
use crate::support::scripted::{Call, Reply, Stub, identity, zones};

const CTRL_C: &str = "\u{3}";

/// Only who calls and the zones; everything else is refused.
fn lookups(call: &Call) -> Reply {
    identity(call).or((call.action == "DescribeAvailabilityZones").then(zones)).unwrap_or(Reply::Error(
        403,
        "UnauthorizedOperation",
        "You may not do this.",
    ))
}

/// Runs a command on a terminal, types an answer once the question is there, and waits for the end.
async fn converse(command: Command, question: &'static str, answer: String) -> Ended {
    let conversation = move || {
        let mut session = Session::spawn(command).unwrap();
        session.set_expect_timeout(Some(Duration::from_mins(2)));
        let until = session.expect(question).unwrap();
        session.send(answer).unwrap();
        let rest = session.expect(Eof).unwrap();
        let code = match session.get_process().wait().unwrap() {
            WaitStatus::Exited(_, code) => code,
            other => panic!("{other:?}"),
        };
        let text = [until.as_bytes(), rest.as_bytes()].concat();
        Ended { code, out: String::from_utf8(text).unwrap(), err: String::new() }
    };
    tokio::task::spawn_blocking(conversation).await.unwrap()
}

#[tokio::test]
async fn apply_asks_and_takes_only_yes_for_an_answer() {
    let stub = Stub::start(lookups).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.run(&["apply"]).await.expect(64, &[]);
    let before = sandbox.state();
    for answer in ["no", "y", "YES", "ledger", ""] {
        let ended = converse(sandbox.command(&["apply"]), "Only `yes` is taken", format!("{answer}\n")).await;
        ended.expect(1, &["to create", "not confirmed", "nothing was changed"]);
    }
    assert_eq!((stub.writes(), sandbox.state()), (vec![], before));
    let ended = converse(sandbox.command(&["apply"]), "Only `yes` is taken", "yes\n".into()).await;
    ended.expect(3, &["Left to do", "run the same command again"]);
    assert!(stub.writes().contains(&"ec2:CreateVpc".to_owned()), "{:?}", stub.writes());
}

#[tokio::test]
async fn a_failure_is_shown_on_every_kind_of_terminal() {
    let stub = Stub::start(lookups).await;
    for terminal in ["", "dumb", "xterm-256color"] {
        let sandbox = Sandbox::with(LEDGER).at(&stub.url).set("TERM", terminal);
        let ended = converse(sandbox.command(&["apply"]), "Only `yes` is taken", "yes\n".into()).await;
        ended.expect(3, &["FAILED creating vpc/main", "You may not do this.", "Left to do"]);
    }
}

#[tokio::test]
async fn ctrl_c_at_the_question_ends_it_at_once() {
    let stub = Stub::start(lookups).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    let ended = converse(sandbox.command(&["apply"]), "Only `yes` is taken", CTRL_C.into()).await;
    ended.expect(130, &["interrupted", "nothing was changed"]);
    assert_eq!(stub.writes(), [""; 0]);
}

#[tokio::test]
async fn ctrl_c_while_nobody_answers_ends_it_at_once() {
    let stub = Stub::start(|call| identity(call).unwrap_or(Reply::Silence)).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    // The note on the profile is the last thing said before the first look-up.
    let ended = converse(sandbox.command(&["plan"]), "Profile dev", CTRL_C.into()).await;
    ended.expect(130, &["interrupted", "nothing was changed"]);
}

#[tokio::test]
async fn destroy_asks_for_the_name_of_the_stack() {
    let gone = Arc::new(AtomicBool::new(false));
    let stub = Stub::start(move |call| match (call.action.as_str(), gone.load(Ordering::Relaxed)) {
        ("DescribeVpcs", false) => Reply::Xml(
            "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>\
             <state>available</state></item></vpcSet></DescribeVpcsResponse>"
                .into(),
        ),
        ("DeleteVpc", _) => {
            gone.store(true, Ordering::Relaxed);
            Reply::Xml("<DeleteVpcResponse><return>true</return></DeleteVpcResponse>".into())
        }
        // The search for leftovers asks for every kind; the emulator has none of this stack.
        _ => identity(call).unwrap_or_else(|| Reply::Forward(moto::url_of(&call.service).into())),
    });
    let stub = stub.await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    sandbox.remember("ledger", &ledger_made(&stub.url)).await;
    sandbox.run(&["destroy"]).await.expect(64, &[]);
    let before = sandbox.state();
    for answer in ["yes", "Ledger", ""] {
        let ended =
            converse(sandbox.command(&["destroy"]), "Type the stack's name, ledger", format!("{answer}\n")).await;
        ended.expect(1, &["is not the stack's name, `ledger`", "nothing was changed"]);
    }
    assert_eq!((stub.writes(), sandbox.state()), (vec![], before));
    let ended = converse(sandbox.command(&["destroy"]), "Type the stack's name, ledger", "ledger\n".into()).await;
    ended.expect(0, &["found nothing left"]);
    assert_eq!(stub.writes(), ["ec2:DeleteVpc"]);
}

#[tokio::test]
async fn colours_are_for_terminals_and_can_be_turned_off() {
    let coloured = |text: &str| text.contains("\u{1b}[1") || text.contains("\u{1b}[3") || text.contains("\u{1b}[9");
    let sandbox = Sandbox::with("pando: 1\nstack: shop\nreplica: 2\n").set("TERM", "xterm-256color");
    let ended = converse(sandbox.command(&["validate"]), "replica", String::new()).await;
    assert!(coloured(&ended.out), "{ended}");
    let sandbox = sandbox.set("NO_COLOR", "1");
    let ended = converse(sandbox.command(&["validate"]), "replica", String::new()).await;
    assert!(!coloured(&ended.out), "{ended}");
}
