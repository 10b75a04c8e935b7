//! Dead letters: where messages go that were received too often.

use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::pages::Page;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::queue::{Condition, Message};
use super::{arn, name_of, sending, url};

pub(super) const ACTIONS: &[Action] = &[action("ListDeadLetterSourceQueues", list_sources)];

/// Moves visible messages that were received as often as they may be. It happens when somebody asks for messages, and is no receive. A
/// standard queue's message keeps the moment it was sent, a FIFO queue's begins anew
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>).
pub(super) fn bury(scene: &mut Scene<'_>, name: &str) {
    let now = scene.now;
    let Some(queue) = scene.here.sqs.queues.get(name) else { return };
    let Some((target, most)) = queue.redrive() else { return };
    let is_dead = |message: &Message| message.receives >= most && message.condition(now) == Condition::Visible;
    let dead: Vec<u64> =
        queue.receivable(now).into_iter().filter(|number| queue.messages.get(number).is_some_and(is_dead)).collect();
    let Some(target) = target.strip_prefix(&arn(scene, "")).map(str::to_owned) else { return };
    if !scene.here.sqs.queues.has(&target) {
        return;
    }
    let source = arn(scene, name);
    for number in dead {
        let message = scene.here.sqs.queues.get_mut(name).and_then(|queue| queue.messages.remove(&number));
        let Some((message, grave)) = message.zip(scene.here.sqs.queues.get_mut(&target)) else { continue };
        let sent = if grave.is_fifo { now } else { message.sent };
        let message =
            Message { sent, visible: now, died_in: Some(source.clone()), attempt: None, receipt: None, ..message };
        sending::place(grave, message);
    }
}

/// The queues that send their dead letters to this one.
fn list_sources(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = name_of(scene, input)?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 1000), "InvalidParameterValueException")?;
    let target = arn(scene, &name);
    let sources = scene.here.sqs.queues.visible(scene.sight);
    let sources = sources.filter(|(_, queue)| queue.redrive().is_some_and(|(arn, _)| arn == target));
    let (urls, token) = page.cut(sources.map(|(name, _)| (name.to_owned(), Tree::Text(url(scene, name).into()))));
    Ok(object! { "queueUrls" => named("", urls), "NextToken" => token.filter(|_| input.has("MaxResults")) })
}
