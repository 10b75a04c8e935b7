//! What `--help` says. Read these as a stranger would.

use crate::support::command::Sandbox;

#[tokio::test]
async fn every_verb_explains_itself() {
    let sandbox = Sandbox::empty();
    let verbs: [&[&str]; 19] = [
        &[],
        &["init"],
        &["validate"],
        &["plan"],
        &["apply"],
        &["destroy"],
        &["protect"],
        &["output"],
        &["status"],
        &["state"],
        &["state", "list"],
        &["state", "show"],
        &["state", "recover"],
        &["state", "unlock"],
        &["schema"],
        &["local"],
        &["local", "start"],
        &["local", "stop"],
        &["demo"],
    ];
    for verb in verbs {
        let ended = sandbox.run(&[verb, &["--help"]].concat()).await;
        ended.expect(0, &["Usage: pando"]);
        let name = [&["pando"], verb].concat().join("_");
        insta::assert_snapshot!(name, ended.out);
    }
}

#[tokio::test]
async fn help_is_the_answer_to_no_arguments() {
    let sandbox = Sandbox::empty();
    let ended = sandbox.run(&[]).await;
    ended.expect(64, &["Usage: pando", "pando demo"]);
}
