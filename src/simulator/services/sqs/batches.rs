//! The same calls for several messages at once: each entry is answered by itself.

use std::collections::BTreeSet;

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::{meant, need, receiving, refusal, sending};

pub(super) const ACTIONS: &[Action] = &[
    action("ChangeMessageVisibilityBatch", |scene, input| each(scene, input, receiving::change_visibility_in)),
    action("DeleteMessageBatch", |scene, input| each(scene, input, receiving::delete_from)),
    action("SendMessageBatch", send),
];

/// Entries of one batch, and the size of all its bodies in bytes
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>).
const MOST: usize = 10;
const SIZE: usize = 1_048_576;

type Act = for<'a, 'w> fn(&'a mut Scene<'w>, &'a str, &'a Input) -> Answer;

fn send(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let size: usize = input.list("Entries").iter().filter_map(|entry| entry.text("MessageBody")).map(str::len).sum();
    if size > SIZE {
        let words = format!("Batch requests cannot be longer than {SIZE} bytes. You have sent {size} bytes.");
        return Err(refusal("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", words));
    }
    each(scene, input, sending::send_to)
}

fn each(scene: &mut Scene<'_>, input: &Input, act: Act) -> Answer {
    let (name, _) = meant(scene, input)?;
    let entries = input.list("Entries");
    check(entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = need(entry, "Id")?.to_owned();
        match act(scene, &name, entry) {
            Ok(Tree::Object(fields)) => {
                let id = [("Id".into(), Tree::Text(id.into()))];
                successful.push(Tree::Object(id.into_iter().chain(fields).collect()));
            }
            Ok(_) => {}
            Err(refusal) => failed.push(object! {
                "Id" => id,
                "SenderFault" => true,
                "Code" => refusal.query_code.unwrap_or("InternalError"),
                "Message" => refusal.message,
            }),
        }
    }
    Ok(object! { "Successful" => Tree::List("", successful), "Failed" => Tree::List("", failed) })
}

fn check(entries: &[Input]) -> Result<(), Refusal> {
    if entries.is_empty() {
        let words = "There should be at least one SendMessageBatchRequestEntry in the request.";
        return Err(refusal("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", words));
    }
    if entries.len() > MOST {
        let words = format!("Maximum number of entries per request are {MOST}. You have sent {}.", entries.len());
        let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        return Err(refusal("TooManyEntriesInBatchRequest", code, words));
    }
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = need(entry, "Id")?;
        let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
        if id.len() > 80 || !id.chars().all(is_sign) {
            let words = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.";
            return Err(refusal("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", words));
        }
        if !ids.insert(id) {
            let words = format!("Id {id} repeated.");
            return Err(refusal("BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", words));
        }
    }
    Ok(())
}
