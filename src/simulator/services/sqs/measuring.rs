//! What SQS tells CloudWatch of a queue, each minute, while the queue is in use: until six hours after the last call for its messages
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>).

use std::time::Duration;

use super::super::super::scene::Scene;
use super::super::cloudwatch::metrics::record;
use super::queue::{Condition, Queue};

const NAMESPACE: &str = "AWS/SQS";
const A_MINUTE: Duration = Duration::from_mins(1);
const IN_USE: Duration = Duration::from_hours(6);

/// Counts messages that were sent, received or deleted, and has the queue be measured from now on.
pub(super) fn count(scene: &mut Scene<'_>, name: &str, metric: &'static str, messages: usize) {
    let now = scene.now;
    let Some(queue) = scene.here.sqs.queues.get_mut(name) else { return };
    let is_measured = queue.used.is_some();
    queue.used = Some(now);
    *queue.counts.entry(metric).or_default() += messages;
    if !is_measured {
        // AWS measures by the minutes of the clock.
        let rest = Duration::from_millis(60_000 - now.0 % 60_000);
        scene.later(rest, measure, name);
    }
}

fn measure(scene: &mut Scene<'_>, name: &str) {
    let now = scene.now;
    let Some(queue) = scene.here.sqs.queues.get_mut(name) else { return };
    // Another queue of the same name has not been used yet, and a queue in use is measured once.
    if queue.used.is_none() || queue.measured == Some(now) {
        return;
    }
    queue.measured = Some(now);
    queue.forget_old(now);
    if queue.used.is_some_and(|used| now.since(used) > IN_USE) {
        queue.used = None;
        return;
    }
    for (metric, value) in values(queue, now) {
        // Counts of messages are far below what a double holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "2^53 messages do not fit a computer")]
        record(scene, NAMESPACE, metric, &[("QueueName", name)], value as f64);
    }
    scene.later(A_MINUTE, measure, name);
}

/// What is measured; counts begin anew.
fn values(queue: &mut Queue, now: super::super::super::clock::Moment) -> Vec<(&'static str, u64)> {
    let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let oldest = queue.messages.values().filter(|message| message.condition(now) != Condition::Delayed);
    let age = oldest.map(|message| now.since(message.sent).as_secs()).max();
    let mut values = vec![
        ("ApproximateNumberOfMessagesVisible", whole(queue.count(Condition::Visible, now))),
        ("ApproximateNumberOfMessagesNotVisible", whole(queue.count(Condition::InFlight, now))),
        ("ApproximateNumberOfMessagesDelayed", whole(queue.count(Condition::Delayed, now))),
        ("ApproximateAgeOfOldestMessage", age.unwrap_or_default()),
    ];
    for metric in
        ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "NumberOfEmptyReceives"]
    {
        values.push((metric, whole(queue.counts.remove(metric).unwrap_or_default())));
    }
    values
}
