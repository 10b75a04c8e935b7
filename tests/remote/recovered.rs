//! A state that is gone from its bucket, or cannot be read there, is found again in AWS, and is the state for everybody.

use pando::aws::clients::Access;
use pando::simulator::settings::Settings;
use pando::store::objects::{If, Objects as _};
use pando::store::s3::S3;

use super::binary::{BLUEPRINT, sandbox};
use crate::support::command::Sandbox;
use crate::support::simulated::{served, target_at};

const KEY: &str = "team/jobs/state.json";

/// Each recovery begins from nothing. That the later counts by its epoch, however much the earlier copy has seen, `handover` shows.
#[tokio::test]
async fn after_two_recoveries_everybody_sees_what_the_second_goes_on_to_do() {
    let (_simulator, server) = served(Settings::default(), 600.0).await;
    let (alice, bob, carol) = (sandbox(&server.url), sandbox(&server.url), sandbox(&server.url));
    alice.run(&["init", "--state", "s3://acme-state/team"]).await.expect(0, &["Made the bucket"]);
    alice.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    let s3 = bucket(&server.url).await;
    let recovered = async |who: &Sandbox| {
        for key in ["team/jobs/state.json", "team/jobs/journal"] {
            let object = s3.get(key).await.unwrap().unwrap();
            s3.delete(key, &object.tag).await.unwrap();
        }
        who.run(&["state", "recover", "--yes"]).await.expect(0, &["This is the state now"]);
    };
    recovered(&bob).await;
    for most in ["max: 4", "max: 2"] {
        bob.write("pando.yaml", BLUEPRINT.replace("max: 2", most));
        bob.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    }
    recovered(&carol).await;
    let more =
        BLUEPRINT.replace("workers:\n", "workers:\n  letters: { instance: c7g.large, clones: { min: 0, max: 2 } }\n");
    carol.write("pando.yaml", &more);
    carol.run(&["apply", "--yes"]).await.expect(0, &["queue_letters"]);
    for who in [&bob, &alice] {
        who.write("pando.yaml", &more);
        is_whole(who).await;
    }
}

/// The bucket itself, without Pando's care.
async fn bucket(url: &str) -> S3 {
    S3::connect(&target_at(url), Access::Write, "acme-state").await.unwrap()
}

async fn is_whole(sandbox: &Sandbox) {
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
}

#[tokio::test]
async fn what_is_gone_from_a_bucket_is_recovered_into_it_and_older_copies_are_set_aside() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let (alice, bob) = (sandbox(&server.url), sandbox(&server.url));
    alice.run(&["init", "--state", "s3://acme-state/team"]).await.expect(0, &["Made the bucket"]);
    alice.run(&["apply", "--yes"]).await.expect(0, &["queue_reports"]);
    let known = ["the state of jobs is there", "move s3://acme-state/team/jobs/state.json away"];
    bob.run(&["state", "recover", "--yes"]).await.expect(64, &known);

    let s3 = bucket(&server.url).await;
    let state = s3.get(KEY).await.unwrap().unwrap();
    s3.delete(KEY, &state.tag).await.unwrap();
    alice.run(&["plan"]).await.expect(1, &["it is gone", "pando state recover"]);
    // Nothing is changed as long as nobody agrees, and the lock is let go of.
    bob.run(&["state", "recover"]).await.expect(64, &["queue/reports@1", "add `--yes`"]);
    let before = simulator.calls().len();
    bob.run(&["state", "recover", "--yes"]).await.expect(0, &["queue/reports@1", "This is the state now"]);
    let calls = simulator.calls()[before..].iter().filter(|call| call.service != "s3").count();
    assert!(calls <= 40, "{calls}");
    is_whole(&bob).await;
    is_whole(&alice).await;
    alice.run(&["apply", "--yes"]).await.expect(0, &["Nothing to do."]);

    // The same for one that is there and says nothing any more.
    let state = s3.get(KEY).await.unwrap().unwrap();
    s3.put(KEY, state.body[..100].to_vec(), &If::Is(state.tag)).await.unwrap();
    bob.run(&["plan"]).await.expect(1, &["is damaged"]);
    bob.run(&["state", "recover", "--yes"]).await.expect(0, &["This is the state now"]);
    is_whole(&alice).await;
    is_whole(&bob).await;
    alice.run(&["destroy", "--confirm", "jobs"]).await.expect(0, &["found nothing left"]);
}
