//! The real binary with state in a bucket, on the simulator over HTTP: from one folder, then from another.

use pando::simulator::settings::Settings;
use pando::simulator::weather::{Fault, Rule, When};
use rustix::process::Signal;

use crate::support::command::{Sandbox, until};
use crate::support::simulated::{at_rest, served};

pub(super) const BLUEPRINT: &str = "pando: 1\nstack: jobs\nregion: eu-west-1\nprofile: dev\nstate: s3://acme-state/team\n\
     image: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 }\n\
     workers:\n  reports: { instance: c7g.large, clones: { min: 0, max: 2 } }\n";

/// A folder with a blueprint whose state is in a bucket.
pub(super) fn sandbox(url: &str) -> Sandbox {
    Sandbox::with(BLUEPRINT).at(url).set("AWS_REGION", "eu-west-1")
}

#[tokio::test]
async fn what_is_applied_from_one_folder_is_planned_and_destroyed_from_another() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let (alice, bob) = (sandbox(&server.url), sandbox(&server.url));
    alice
        .run(&["plan"])
        .await
        .expect(1, &["there is no bucket acme-state", "pando init --state s3://acme-state/PREFIX"]);
    let said = ["Made the bucket acme-state in eu-west-1", "versions", "Tried out", "left as it is"];
    alice.run(&["init", "--state", "s3://acme-state/team"]).await.expect(0, &said);
    alice.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    bob.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    bob.run(&["output", "queue_reports"]).await.expect(0, &["jobs-"]);
    bob.run(&["status"]).await.expect(0, &["queue"]);
    bob.run(&["state", "unlock", "none"]).await.expect(0, &["Nobody holds a lock"]);
    // A blueprint that says another place now does not make the copy a second truth.
    alice.write("pando.yaml", BLUEPRINT.replace("state: s3://acme-state/team\n", ""));
    alice.run(&["plan"]).await.expect(64, &["only this machine's copy", "state: s3://acme-state/team"]);
    bob.run(&["destroy", "--confirm", "jobs"]).await.expect(0, &["found nothing left"]);
    alice.write("pando.yaml", BLUEPRINT);
    alice.run(&["output"]).await.expect(1, &["it is not deployed"]);
    at_rest(&simulator).await;
    let left = simulator.inventory().unwrap();
    assert!(left.iter().all(|thing| !format!("{thing:?}").contains("jobs-")), "{left:#?}");
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_keeps_nobody_who_was_stopped_and_the_next_run_goes_on() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let sandbox = sandbox(&server.url);
    sandbox.run(&["init", "--state", "s3://acme-state/team"]).await.expect(0, &["Made the bucket"]);
    let running = sandbox.start(&["apply", "--yes"]);
    until("it is at work", || simulator.calls().iter().any(|call| call.action == "CreateSubnet")).await;
    let silent = Rule { service: Some("s3".into()), action: None, fault: Fault::LostAnswer, when: When::Always };
    simulator.set_weather(vec![silent]);
    running.signal(Signal::INT);
    running.end().await.expect(130, &["did not answer before the end", "run the same command again here"]);
    simulator.set_weather(Vec::new());
    // The lock of a process of this machine that has ended is nobody's.
    sandbox.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
}

#[tokio::test]
async fn a_malformed_place_is_shown_where_it_is_written() {
    let sandbox = Sandbox::with(&BLUEPRINT.replace("s3://acme-state/team", "s3://Acme_State"));
    let ended = sandbox.run(&["validate"]).await;
    ended.expect(
        1,
        &["pando.yaml:5:8", "a folder beside the blueprint, or a place in a bucket", "s3://shop-state/pando"],
    );
    sandbox.run(&["init", "--state", "acme-state"]).await.expect(64, &["expected a bucket"]);
    sandbox.run(&["init", "--state", "s3://Acme"]).await.expect(64, &["is no place for state"]);
}
