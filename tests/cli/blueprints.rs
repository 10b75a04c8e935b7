//! Blueprints that are written, checked, missing or wrong. Nothing here needs a cloud.

use pando::blueprint::schema::schema;

use super::LEDGER;
use crate::support::command::Sandbox;

/// Verbs that begin with the blueprint.
const VERBS: [&[&str]; 6] =
    [&["validate"], &["plan"], &["apply", "--yes"], &["destroy", "--confirm", "ledger"], &["output"], &["status"]];

#[tokio::test]
async fn a_blueprint_that_is_missing_or_unreadable_is_named_and_nothing_is_made() {
    let cases: [(&[&str], i32, &[&str]); 4] = [
        (&[], 64, &["there is no pando.yaml here or in a folder above", "pando init"]),
        (&["--file", "absent.yaml"], 64, &["there is no file absent.yaml", "--file"]),
        (&["--file", "home"], 1, &["could not read home: it is not a file"]),
        (&["--file", "binary"], 1, &["could not read binary: byte 7 is not UTF-8"]),
    ];
    let sandbox = Sandbox::empty();
    sandbox.write("binary", b"stack: \xff\xfe");
    for verb in VERBS {
        for (file, code, said) in cases {
            sandbox.run(&[verb, file].concat()).await.expect(code, said);
        }
    }
    assert!(sandbox.state().is_empty());
}

#[tokio::test]
async fn a_blueprint_is_found_in_a_folder_above_and_its_state_is_beside_it() {
    let sandbox = Sandbox::with(LEDGER);
    sandbox.write("deep/er/x", "");
    let mut command = sandbox.command(&["validate"]);
    command.current_dir(sandbox.path("deep/er"));
    crate::support::command::start(command).end().await.expect(0, &["pando.yaml is well: ledger"]);
}

#[tokio::test]
async fn every_mistake_of_a_blueprint_is_shown_with_its_place() {
    let sandbox =
        Sandbox::with("pando: 1\nstack: Shop\nregion: eu-west-1\nweb: { port: 99999, clons: 2 }\nimage: { id: x }\n");
    for verb in VERBS {
        let ended = sandbox.run(verb).await;
        ended.expect(1, &["pando.yaml:2:8", "pando.yaml:4:14", "pando.yaml:4:21", "mistakes"]);
    }
    assert!(sandbox.state().is_empty());
}

#[tokio::test]
async fn an_unknown_environment_is_named_with_the_nearest_one() {
    let sandbox = Sandbox::with(&format!("{LEDGER}environments:\n  staging: {{}}\n"));
    for verb in VERBS {
        let ended = sandbox.run(&[verb, &["--env", "stagin"]].concat()).await;
        ended.expect(1, &["there is no environment `stagin`", "did you mean `staging`?"]);
    }
    assert!(sandbox.state().is_empty());
}

#[tokio::test]
async fn init_writes_a_blueprint_that_is_well_and_never_over_another() {
    for template in ["web", "api", "worker", "database"] {
        let sandbox = Sandbox::empty();
        let init = ["init", "--template", template, "--stack", "mine"];
        sandbox.run(&init).await.expect(0, &["pando.yaml", "pando validate"]);
        sandbox.run(&["validate"]).await.expect(0, &["pando.yaml is well: mine, mine-dev"]);
        let written = sandbox.text("pando.yaml");
        sandbox.run(&init).await.expect(1, &["pando.yaml is there already"]);
        assert_eq!(sandbox.text("pando.yaml"), written);
        sandbox.run(&[&init[..], &["--file", "second.yaml"]].concat()).await.expect(0, &["second.yaml"]);
        assert_eq!(sandbox.text("second.yaml"), written);
    }
}

#[tokio::test]
async fn a_name_that_no_stack_can_have_is_wrong_usage() {
    let sandbox = Sandbox::empty();
    sandbox.run(&["init", "--stack", "My Shop"]).await.expect(64, &["`My Shop` is no name for a stack"]);
    assert!(!sandbox.path("pando.yaml").exists());
}

#[tokio::test]
async fn every_blueprint_that_comes_with_pando_is_well_and_fits_the_schema() {
    let validator = jsonschema::validator_for(&serde_json::to_value(schema()).unwrap()).unwrap();
    for name in ["web-service", "web-only", "worker-only", "database-only"] {
        let path = format!("{}/blueprints/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let sandbox = Sandbox::empty();
        let ended = sandbox.run(&["validate", "--file", &path]).await;
        ended.expect(0, &["is well"]);
        assert!(!ended.err.contains("warning"), "{ended}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "pando": 2 })));
}

#[tokio::test]
async fn the_schema_is_json_and_nothing_else() {
    let ended = Sandbox::empty().run(&["schema"]).await;
    ended.expect(0, &[]);
    let printed: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(printed, serde_json::to_value(schema()).unwrap());
    assert_eq!(printed["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(ended.err, "");
}
