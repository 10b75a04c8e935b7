//! Plans that are saved and carried out later: exactly what was shown, once, and only if nothing is different.

#![expect(clippy::disallowed_methods, reason = "it damages the files that the binary reads")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::catch_unwind;
use std::path::Path;

use pando::engine::journal::Entry;
use pando::simulator::settings::Settings;
use pando::store::{SavedPlan, StoreError};
use serde_json::json;

use super::batch;
use crate::support::command::{ACCOUNT, Sandbox};
use crate::support::simulated::{REGION, connect, served};

/// A group of workers, in whatever region the configuration says.
fn anywhere(stack: &str) -> String {
    batch(stack).replace("region: eu-west-1\n", "")
}

fn saved(sandbox: &Sandbox) -> SavedPlan {
    SavedPlan::read(&sandbox.path("shop.plan")).unwrap()
}

/// Applies the file, which must be refused with these words, and nothing may have changed.
async fn refused(sandbox: &Sandbox, code: i32, said: &[&str]) {
    let before = sandbox.state();
    let ended = sandbox.run(&["apply", "shop.plan"]).await;
    ended.expect(code, said).expect(code, &["nothing was changed"]);
    if !before.is_empty() {
        assert_eq!(sandbox.state(), before, "{ended}");
    }
}

/// Makes a plan one for something else.
type Change = fn(&mut SavedPlan);

#[tokio::test]
async fn a_saved_plan_is_carried_out_as_it_was_shown_and_only_once() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let sandbox = Sandbox::with(&anywhere("saved")).at(&server.url).set("AWS_REGION", REGION);
    let planned = sandbox.run(&["plan", "--out", "shop.plan", "--detailed-exitcode"]).await;
    planned.expect(2, &["to create", "`pando apply shop.plan` carries out exactly this"]);
    assert!(!sandbox.path(".pando").exists());
    let mode = fs::metadata(sandbox.path("shop.plan")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Any other member than what is here is named. Each is set by hand, as if the plan came from elsewhere.
    let right = saved(&sandbox);
    let members: [(&str, Change); 7] = [
        ("another version of Pando: 0.0.1, and here it is", |plan| plan.version = "0.0.1".into()),
        ("another stack: shop, and here it is saved", |plan| plan.stack = "shop".into()),
        ("another account: 210987654321, and here it is", |plan| plan.site.account = "210987654321".into()),
        ("another region: us-east-1, and here it is eu-west-1", |plan| plan.site.region = "us-east-1".into()),
        ("another endpoint: aws, and here it is", |plan| plan.site.endpoint = "aws".into()),
        ("another lineage of the state: other, and here it is", |plan| plan.lineage = Some("other".into())),
        ("another serial of the state: 7, and here it is 0", |plan| plan.serial = 7),
    ];
    for (said, change) in members {
        let mut other = right.clone();
        change(&mut other);
        other.write(&sandbox.path("shop.plan")).unwrap();
        refused(&sandbox, 6, &[said, "make a new plan"]).await;
    }
    right.write(&sandbox.path("shop.plan")).unwrap();
    sandbox.write("pando.yaml", format!("{}# another text\n", anywhere("saved")));
    refused(&sandbox, 6, &["another blueprint: "]).await;
    sandbox.write("pando.yaml", anywhere("saved"));
    // What is planned anew must be the same, whatever the file says.
    let mut other = right.clone();
    other.plan.steps.pop_first();
    other.write(&sandbox.path("shop.plan")).unwrap();
    refused(&sandbox, 6, &["the world has changed: it would also create alarm/"]).await;
    let made = simulator.inventory().unwrap().into_iter().filter(|thing| thing.tags.contains_key("pando:stack"));
    assert_eq!(made.count(), 0);

    right.write(&sandbox.path("shop.plan")).unwrap();
    sandbox.run(&["apply", "shop.plan"]).await.expect(0, &["to create", "Done: "]);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    refused(&sandbox, 6, &["another serial of the state: 0, and here it is", "carried out once"]).await;

    // A plan that was overtaken by somebody's hand.
    sandbox.write("pando.yaml", anywhere("saved").replace("max: 2", "max: 3"));
    sandbox.run(&["plan", "--out", "shop.plan"]).await.expect(0, &["to change"]);
    let cloud = connect(&simulator).await;
    let name = "/pando/saved/queue/reports";
    cloud.api.ssm.delete_parameter().name(name).send().await.unwrap();
    refused(&sandbox, 6, &["the world has changed: it would also ", "parameter/queue-reports"]).await;
    sandbox.run(&["apply", "--yes"]).await.expect(0, &[]);

    // Data needs the stack's name here too.
    sandbox.write("pando.yaml", anywhere("saved").replace("reports:", "letters:"));
    sandbox.run(&["plan", "--out", "shop.plan"]).await.expect(0, &["queue/reports  delete", "(holds data)"]);
    refused(&sandbox, 64, &["add `--confirm saved`"]).await;
    sandbox.run(&["apply", "shop.plan", "--confirm", "saved"]).await.expect(0, &["Done: "]);
    sandbox.run(&["destroy", "--confirm", "saved"]).await.expect(0, &["found nothing left"]);
}

#[tokio::test]
async fn what_is_not_a_saved_plan_is_neither_read_nor_replaced() {
    let (_, server) = served(Settings::default(), 600.0).await;
    let sandbox = Sandbox::with(&batch("saved")).at(&server.url);
    let text = sandbox.text("pando.yaml");
    sandbox.run(&["plan", "--out", "pando.yaml"]).await.expect(1, &["it is not a saved plan"]);
    assert_eq!(sandbox.text("pando.yaml"), text);
    sandbox.run(&["apply", "pando.yaml"]).await.expect(1, &["pando.yaml is not a saved plan"]);
    sandbox.run(&["apply", "missing"]).await.expect(1, &["could not read missing"]);
    sandbox.run(&["apply", "."]).await.expect(1, &["it is not a file"]);
    sandbox.run(&["apply", "missing", "--renew", "image"]).await.expect(64, &["cannot be used with"]);
    // One that is there already is replaced.
    for _ in 0..2 {
        sandbox.run(&["plan", "--out", "shop.plan"]).await.expect(0, &["to create"]);
    }
}

/// One that a process writes, from a blueprint of the least size.
async fn written(folder: &Path) -> SavedPlan {
    let (_, server) = served(Settings::default(), 600.0).await;
    let sandbox = Sandbox::with(&batch("saved")).at(&server.url);
    sandbox.run(&["plan", "--out", "shop.plan"]).await.expect(0, &[]);
    let mut plan = saved(&sandbox);
    // A single step is as good as all of them, and is read a thousand times as fast.
    while plan.plan.steps.len() > 1 {
        plan.plan.steps.pop_last();
    }
    plan.write(&folder.join("plan")).unwrap();
    plan
}

#[tokio::test]
async fn a_saved_plan_that_is_cut_off_or_altered_is_refused_and_nothing_panics() {
    let folder = tempfile::tempdir().unwrap();
    let plan = written(folder.path()).await;
    let (path, altered) = (folder.path().join("plan"), folder.path().join("altered"));
    let whole = fs::read(&path).unwrap();
    assert_eq!(SavedPlan::read(&path).unwrap(), plan);
    let is_refused = |bytes: &[u8]| {
        fs::write(&altered, bytes).unwrap();
        let read = catch_unwind(|| SavedPlan::read(&altered));
        matches!(read, Ok(Err(StoreError::NotAPlan { .. })))
    };
    for length in 0..whole.len() {
        assert!(is_refused(&whole[..length]), "cut off after {length} bytes");
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            assert!(is_refused(&bytes), "bit {bit} of byte {at}");
        }
    }
    assert!(is_refused(&[&whole[..], &whole[..]].concat()), "twice");
    // Whole and not what Pando writes: a newer format, and entries that no plan has.
    let mut newer = plan.clone();
    newer.format += 1;
    newer.write(&altered).unwrap_err();
    fs::remove_file(&altered).unwrap();
    newer.write(&altered).unwrap();
    assert!(matches!(SavedPlan::read(&altered), Err(StoreError::Newer { .. })));
    let mut smuggled = plan.clone();
    let entry = json!({ "happened": { "of": "vpc/main@1", "fact": "refused" } });
    smuggled.entries.push(serde_json::from_value::<Entry>(entry).unwrap());
    fs::remove_file(&altered).unwrap();
    smuggled.write(&altered).unwrap();
    assert!(matches!(SavedPlan::read(&altered), Err(StoreError::NotAPlan { .. })));
    assert_eq!(plan.site.account, ACCOUNT);
}
