//! Strangers: names that are taken, and resources that somebody changed or removed by hand. On the emulator, asked directly.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;

use super::batch;
use crate::support::moto;

/// The parameters as the emulator has them, past Pando.
async fn parameters() -> Client {
    Client::new(&moto::config().await)
}

async fn value_of(client: &Client, name: &str) -> Option<String> {
    client.get_parameter().name(name).send().await.ok()?.parameter?.value
}

#[tokio::test]
async fn a_name_that_a_stranger_has_is_left_to_the_stranger() {
    let (client, name) = (parameters().await, "/pando/taken/queue/reports");
    client.put_parameter().name(name).value("a stranger's").r#type(ParameterType::String).send().await.unwrap();
    let sandbox = moto::sandbox(&batch("taken"));
    let said = ["FAILED creating parameter/queue-reports", "already there", "1 failed", "run the same command again"];
    // The second run neither takes it over nor begins anew.
    for _ in 0..2 {
        sandbox.run(&["apply", "--yes"]).await.expect(3, &said);
        assert_eq!(value_of(&client, name).await.unwrap(), "a stranger's");
    }
    sandbox.run(&["destroy", "--confirm", "taken"]).await.expect(0, &["found nothing left"]);
    assert_eq!(value_of(&client, name).await.unwrap(), "a stranger's");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_said_in_words_and_mended() {
    let (client, name) = (parameters().await, "/pando/changed/queue/reports");
    let sandbox = moto::sandbox(&batch("changed"));
    sandbox.run(&["apply", "--yes"]).await.expect(0, &[]);
    let right = value_of(&client, name).await.unwrap();
    client.put_parameter().name(name).value("wrong").overwrite(true).send().await.unwrap();
    let said =
        ["parameter/queue-reports  change: someone changed it outside of Pando", "wrong", &right, "1 to change."];
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(2, &said);
    sandbox.run(&["apply", "--yes"]).await.expect(0, &said);
    assert_eq!(value_of(&client, name).await.unwrap(), right);
    client.delete_parameter().name(name).send().await.unwrap();
    let said = ["parameter/queue-reports  create: someone removed it", "1 to create."];
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(2, &said);
    sandbox.run(&["apply", "--yes"]).await.expect(0, &said);
    assert_eq!(value_of(&client, name).await.unwrap(), right);
    sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
    sandbox.run(&["destroy", "--confirm", "changed"]).await.expect(0, &["found nothing left"]);
    assert_eq!(value_of(&client, name).await, None);
}
