//! Amazon SQS: queues that work, with all that AWS says of visibility, order, delays and dead letters.
//!
//! Changes of attributes and deletions count at once, where AWS allows itself up to a minute.

mod attributes;
mod batches;
mod digests;
mod measuring;
mod moving;
mod permissions;
mod queue;
mod queues;
mod receiving;
mod redrive;
mod sending;

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::clock::Moment;
use super::super::input::Input;
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "sqs",
    protocol: Protocol::Json { version: "1.0", namespace: "com.amazonaws.sqs#" },
    areas: &[
        queues::ACTIONS,
        attributes::ACTIONS,
        sending::ACTIONS,
        receiving::ACTIONS,
        batches::ACTIONS,
        redrive::ACTIONS,
        moving::ACTIONS,
        permissions::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// By name.
    queues: Shelf<queue::Queue>,
    /// When queues were deleted, by name.
    deleted: BTreeMap<String, Moment>,
    /// Messages on their way from dead letters back, by the handle of the task.
    tasks: BTreeMap<String, moving::Task>,
}

/// A refusal with its name, and the code that the older protocol has for it.
fn refusal(name: &'static str, query_code: &'static str, words: impl Into<String>) -> Refusal {
    Refusal::new(name, words).query_code(query_code)
}

/// A parameter that cannot be.
fn invalid(words: impl Into<String>) -> Refusal {
    refusal("InvalidParameterValueException", "InvalidParameterValue", words)
}

/// A value for a parameter that cannot be, in the words of SQS.
fn invalid_value(value: &str, parameter: &str, reason: &str) -> Refusal {
    invalid(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// A parameter that is missing.
fn missing(parameter: &str) -> Refusal {
    let words = format!("The request must contain the parameter {parameter}.");
    refusal("MissingRequiredParameterException", "MissingParameter", words)
}

/// Something that this queue, or this message, does not allow.
fn unsupported(words: impl Into<String>) -> Refusal {
    refusal("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", words)
}

/// A text that may not be missing.
fn need<'a>(input: &'a Input, parameter: &str) -> Result<&'a str, Refusal> {
    input.text(parameter).filter(|text| !text.is_empty()).ok_or_else(|| missing(parameter))
}

/// A whole number in a range.
fn whole(input: &Input, parameter: &str, (low, high): (u64, u64), reason: &str) -> Result<Option<u64>, Refusal> {
    let Some(text) = input.text(parameter) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| (low..=high).contains(number));
    number.map(Some).ok_or_else(|| invalid_value(text, parameter, reason))
}

/// The policy of the queue with this ARN.
pub(crate) fn policy(scene: &Scene<'_>, arn_of_queue: &str) -> Option<String> {
    let name = arn_of_queue.strip_prefix(&arn(scene, ""))?;
    scene.here.sqs.queues.get(name)?.attributes.get("Policy").cloned()
}

/// The URL of a queue, where the caller found the service.
fn url(scene: &Scene<'_>, name: &str) -> String {
    let region = &scene.place.region;
    let endpoint = scene.endpoint.clone().unwrap_or_else(|| format!("https://sqs.{region}.amazonaws.com"));
    format!("{endpoint}/{}/{name}", scene.place.account)
}

/// The ARN of a queue.
fn arn(scene: &Scene<'_>, name: &str) -> String {
    scene.arn("sqs", name)
}

/// The name of the queue that a call is about. Account and name at the end of `QueueUrl` decide, whatever the host.
fn name_of(scene: &Scene<'_>, input: &Input) -> Result<String, Refusal> {
    let url = need(input, "QueueUrl")?;
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (name, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if account.len() == 12 && account != scene.place.account {
        let words = format!("Access to the resource {url} is denied.");
        return Err(refusal("AccessDeniedException", "AccessDenied", words).status(403));
    }
    let is_there = scene.here.sqs.queues.seen(name, scene.sight).is_some();
    if is_there { Ok(name.to_owned()) } else { Err(no_such_queue()) }
}

/// The queue that a call is about.
fn meant<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<(String, &'a mut queue::Queue), Refusal> {
    let (name, now) = (name_of(scene, input)?, scene.now);
    let queue = scene.here.sqs.queues.get_mut(&name).ok_or_else(no_such_queue)?;
    queue.forget_old(now);
    Ok((name, queue))
}

fn no_such_queue() -> Refusal {
    let words = "The specified queue does not exist.";
    refusal("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", words)
}
