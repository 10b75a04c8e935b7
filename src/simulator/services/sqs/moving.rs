//! Moving messages back from dead letters to where they came from
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>).

use std::time::Duration;

use serde::Serialize;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::queue::{Condition, Message};
use super::{arn, need, refusal, sending, unsupported, whole};

pub(super) const ACTIONS: &[Action] = &[
    action("CancelMessageMoveTask", cancel),
    action("ListMessageMoveTasks", list),
    action("StartMessageMoveTask", start),
];

/// A task that moves messages.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Task {
    source: String,
    /// One queue for all of them; else each goes back to the queue that it died in.
    destination: Option<String>,
    /// Messages a second, if the caller set a limit.
    speed: Option<u64>,
    status: &'static str,
    moved: usize,
    to_move: usize,
    started: Moment,
}

/// Messages a second when nobody sets a limit: AWS tunes it by itself, up to what the queues bear.
const SPEED: u64 = 500;

/// Tasks of one queue that are told of.
const SHOWN: u64 = 10;

/// The queue with this ARN.
fn queue_of(scene: &Scene<'_>, given: &str) -> Result<String, Refusal> {
    let name = given.strip_prefix(&arn(scene, "")).filter(|name| scene.here.sqs.queues.has(name));
    let words = "The resource that you specified for the SourceArn parameter doesn't exist.";
    name.map(str::to_owned)
        .ok_or_else(|| refusal("ResourceNotFoundException", "ResourceNotFoundException", words).status(404))
}

fn start(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let source = need(input, "SourceArn")?.to_owned();
    let speed = whole(input, "MaxNumberOfMessagesPerSecond", (1, 500), "Must be between 1 and 500, if provided.")?;
    let name = queue_of(scene, &source)?;
    let destination = input.text("DestinationArn").map(|arn| queue_of(scene, arn)).transpose()?;
    let is_grave = |(_, queue): (&str, &super::queue::Queue)| queue.redrive().is_some_and(|(arn, _)| arn == source);
    if !scene.here.sqs.queues.iter().any(is_grave) {
        return Err(unsupported("Source queue must be configured as a Dead Letter Queue."));
    }
    if scene.here.sqs.tasks.values().any(|task| task.source == source && task.status == "RUNNING") {
        return Err(unsupported(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ));
    }
    let to_move = scene.here.sqs.queues.get(&name).map_or(0, |queue| queue.count(Condition::Visible, scene.now));
    let handle = scene.dice.uuid();
    let task = Task { source, destination, speed, status: "RUNNING", moved: 0, to_move, started: scene.now };
    scene.here.sqs.tasks.insert(handle.clone(), task);
    scene.later(Duration::from_secs(1), step, &handle);
    Ok(object! { "TaskHandle" => handle })
}

/// What a task does each second, until the source has nothing more to receive.
fn step(scene: &mut Scene<'_>, handle: &str) {
    let Some(task) = scene.here.sqs.tasks.get(handle).cloned().filter(|task| task.status == "RUNNING") else { return };
    let most = usize::try_from(task.speed.unwrap_or(SPEED)).unwrap_or_default();
    let numbers = queue_of(scene, &task.source).ok().and_then(|name| {
        let queue = scene.here.sqs.queues.get(&name)?;
        Some((name, queue.receivable(scene.now).into_iter().take(most).collect::<Vec<u64>>()))
    });
    let Some((name, numbers)) = numbers else { return end(scene, handle, "FAILED") };
    if numbers.is_empty() {
        return end(scene, handle, "COMPLETED");
    }
    for number in numbers {
        if !back(scene, &name, number, task.destination.as_deref()) {
            return end(scene, handle, "FAILED");
        }
        if let Some(task) = scene.here.sqs.tasks.get_mut(handle) {
            task.moved += 1;
        }
    }
    scene.later(Duration::from_secs(1), step, handle);
}

/// Moves one message. It counts as sent anew, and keeps its id.
fn back(scene: &mut Scene<'_>, name: &str, number: u64, destination: Option<&str>) -> bool {
    let now = scene.now;
    let message = scene.here.sqs.queues.get(name).and_then(|queue| queue.messages.get(&number)).cloned();
    let Some(message) = message else { return true };
    let home = message.died_in.as_deref().and_then(|arn| queue_of(scene, arn).ok());
    let Some(target) = destination.map(str::to_owned).or(home) else { return false };
    let Some(queue) = scene.here.sqs.queues.get_mut(&target) else { return false };
    let message =
        Message { sent: now, visible: now, receives: 0, first_received: None, died_in: None, receipt: None, ..message };
    sending::place(queue, message);
    scene.here.sqs.queues.get_mut(name).and_then(|queue| queue.messages.remove(&number)).is_some()
}

fn end(scene: &mut Scene<'_>, handle: &str, status: &'static str) {
    if let Some(task) = scene.here.sqs.tasks.get_mut(handle) {
        task.status = status;
    }
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let source = need(input, "SourceArn")?;
    let most = whole(input, "MaxResults", (1, SHOWN), "Must be between 1 and 10, if provided.")?.unwrap_or(1);
    queue_of(scene, source)?;
    let mut tasks: Vec<(&String, &Task)> =
        scene.here.sqs.tasks.iter().filter(|(_, task)| task.source == source).collect();
    tasks.sort_by_key(|(_, task)| std::cmp::Reverse(task.started));
    let shown =
        tasks.into_iter().take(usize::try_from(most).unwrap_or(1)).map(|(handle, task)| task.tree(scene, handle));
    Ok(object! { "Results" => named("", shown) })
}

impl Task {
    fn tree(&self, scene: &Scene<'_>, handle: &str) -> Tree {
        object! {
            // Only a running task can be cancelled, and needs its handle.
            "TaskHandle" => (self.status == "RUNNING").then(|| handle.to_owned()),
            "Status" => self.status,
            "SourceArn" => &self.source,
            "DestinationArn" => self.destination.as_ref().map(|name| arn(scene, name)),
            "MaxNumberOfMessagesPerSecond" => self.speed,
            "ApproximateNumberOfMessagesMoved" => self.moved,
            "ApproximateNumberOfMessagesToMove" => self.to_move,
            "StartedTimestamp" => self.started.0,
        }
    }
}

fn cancel(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let handle = need(input, "TaskHandle")?;
    let task = scene.here.sqs.tasks.get_mut(handle).filter(|task| task.status == "RUNNING");
    let words = "Task does not exist.";
    let task =
        task.ok_or_else(|| refusal("ResourceNotFoundException", "ResourceNotFoundException", words).status(404))?;
    task.status = "CANCELLED";
    Ok(object! { "ApproximateNumberOfMessagesMoved" => task.moved })
}
