//! Receiving messages, hiding them for longer or shorter, and deleting them.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::queue::{Attribute, Condition, Message, Queue};
use super::{digests, invalid, meant, measuring, need, no_such_queue, redrive, refusal, sending, whole};

pub(super) const ACTIONS: &[Action] = &[
    action("ChangeMessageVisibility", change_visibility),
    action("DeleteMessage", delete),
    action("ReceiveMessage", receive),
];

/// Messages that may be in flight at once
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const IN_FLIGHT: usize = 120_000;

/// How often a call that waits looks again: messages may come in meanwhile.
const LOOK: Duration = Duration::from_millis(250);

/// The longest that a message can be hidden.
const TWELVE_HOURS: u64 = 43_200;

/// What a receive call asks for.
struct Wish<'a> {
    most: usize,
    hidden: Option<u64>,
    wait: Option<u64>,
    system: Vec<&'a str>,
    attributes: Vec<&'a str>,
    attempt: Option<String>,
}

impl<'a> Wish<'a> {
    fn read(input: &'a Input) -> Result<Self, Refusal> {
        let most = whole(input, "MaxNumberOfMessages", (1, 10), "Must be between 1 and 10, if provided.")?.unwrap_or(1);
        let reason = "Must be >= 0 and <= 43200, if provided.";
        let hidden = whole(input, "VisibilityTimeout", (0, TWELVE_HOURS), reason)?;
        let wait = whole(input, "WaitTimeSeconds", (0, 20), "Must be >= 0 and <= 20, if provided.")?;
        let mut system = input.texts("MessageSystemAttributeNames");
        system.extend(input.texts("AttributeNames"));
        let attributes = input.texts("MessageAttributeNames");
        let attempt = input.text("ReceiveRequestAttemptId").map(str::to_owned);
        Ok(Self { most: usize::try_from(most).unwrap_or(10), hidden, wait, system, attributes, attempt })
    }

    fn wants(wanted: &[&str], name: &str) -> bool {
        wanted.iter().any(|wanted| {
            let prefix = wanted.strip_suffix(".*");
            *wanted == "All"
                || *wanted == ".*"
                || *wanted == name
                || prefix.is_some_and(|prefix| name.starts_with(prefix))
        })
    }
}

fn receive(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let wish = Wish::read(input)?;
    let now = scene.now;
    let (name, queue) = meant(scene, input)?;
    let wait = Duration::from_secs(wish.wait.unwrap_or_else(|| queue.number("ReceiveMessageWaitTimeSeconds")));
    let hidden = Duration::from_secs(wish.hidden.unwrap_or_else(|| queue.number("VisibilityTimeout")));
    if queue.count(Condition::InFlight, now) >= IN_FLIGHT {
        return Err(refusal("OverLimit", "OverLimit", "Too many messages in flight"));
    }
    let mut numbers = repeated(queue, &wish, now);
    if numbers.is_empty() {
        redrive::bury(scene, &name);
        let queue = scene.here.sqs.queues.get(&name).ok_or_else(no_such_queue)?;
        numbers = queue.receivable(now).into_iter().take(wish.most).collect();
    }
    if numbers.is_empty() {
        return wait_on(scene, &name, wait);
    }
    let mut messages = Vec::new();
    for number in numbers {
        let receipt = receipt(scene, number);
        let queue = scene.here.sqs.queues.get_mut(&name).ok_or_else(no_such_queue)?;
        let is_fifo = queue.is_fifo;
        if let Some(message) = queue.messages.get_mut(&number) {
            message.receives += 1;
            message.first_received.get_or_insert(now);
            message.visible = now.plus(hidden);
            message.receipt = Some(receipt);
            message.attempt.clone_from(&wish.attempt);
            messages.push(shown(message, is_fifo.then_some(number), &wish));
        }
    }
    measuring::count(scene, &name, "NumberOfMessagesReceived", messages.len());
    Ok(object! { "Messages" => named("", messages) })
}

/// The messages that a repeated receive call gets again: those it got before, while nobody has touched them
/// (`ReceiveRequestAttemptId`, FIFO queues only, for five minutes).
fn repeated(queue: &Queue, wish: &Wish<'_>, now: Moment) -> Vec<u64> {
    if !queue.is_fifo || wish.attempt.is_none() {
        return Vec::new();
    }
    let is_same = |message: &Message| message.attempt == wish.attempt && message.condition(now) == Condition::InFlight;
    let numbers = queue.messages.iter().filter(|(_, message)| is_same(message)).map(|(number, _)| *number);
    numbers.take(wish.most).collect()
}

/// Nothing to receive: the call is held until its time is over, or until something may have come.
fn wait_on(scene: &mut Scene<'_>, name: &str, wait: Duration) -> Answer {
    let ends = scene.asked.plus(wait);
    if scene.now < ends {
        let next = scene.here.sqs.queues.get(name).and_then(|queue| queue.next_visible(scene.now));
        let look = scene.now.plus(LOOK);
        scene.again = Some(next.map_or(look, |next| next.min(look)).min(ends));
    } else {
        measuring::count(scene, name, "NumberOfEmptyReceives", 1);
    }
    Ok(Tree::EMPTY)
}

/// A receipt handle: it says which message it is for.
fn receipt(scene: &mut Scene<'_>, number: u64) -> String {
    STANDARD.encode(format!("{number} {}", scene.dice.uuid()))
}

/// The number of the message that a receipt handle is for.
fn number_in(receipt: &str) -> Option<u64> {
    let text = String::from_utf8(STANDARD.decode(receipt).ok()?).ok()?;
    text.split_once(' ')?.0.parse().ok()
}

fn shown(message: &Message, number: Option<u64>, wish: &Wish<'_>) -> Tree {
    let millis = |at: Moment| at.0.to_string();
    let system = [
        ("SenderId", Some(message.sender.clone())),
        ("SentTimestamp", Some(millis(message.sent))),
        ("ApproximateReceiveCount", Some(message.receives.to_string())),
        ("ApproximateFirstReceiveTimestamp", message.first_received.map(millis)),
        ("SequenceNumber", number.map(sending::sequence)),
        ("MessageDeduplicationId", message.deduplication.clone()),
        ("MessageGroupId", message.group.clone()),
        ("AWSTraceHeader", message.system.get("AWSTraceHeader").map(|attribute| attribute.value.clone())),
        ("DeadLetterQueueSourceArn", message.died_in.clone()),
    ];
    let system = system.into_iter().filter(|(name, _)| Wish::wants(&wish.system, name));
    let system: BTreeMap<String, String> = system.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let wanted = message.attributes.iter().filter(|(name, _)| Wish::wants(&wish.attributes, name));
    let wanted: BTreeMap<String, Attribute> =
        wanted.map(|(name, attribute)| (name.clone(), attribute.clone())).collect();
    let digest = digests::of_attributes(&wanted);
    let attributes: BTreeMap<String, Tree> =
        wanted.into_iter().map(|(name, attribute)| (name, attribute.tree())).collect();
    object! {
        "MessageId" => &message.id,
        "ReceiptHandle" => message.receipt.clone(),
        "MD5OfBody" => digests::of_body(&message.body),
        "Body" => &message.body,
        "Attributes" => (!system.is_empty()).then_some(system),
        "MD5OfMessageAttributes" => digest,
        "MessageAttributes" => (!attributes.is_empty()).then_some(attributes),
    }
}

impl Attribute {
    fn tree(self) -> Tree {
        let name = if self.is_binary { "BinaryValue" } else { "StringValue" };
        Tree::EMPTY.with(name, self.value).with("DataType", self.kind)
    }
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, _) = meant(scene, input)?;
    delete_from(scene, &name, input)
}

/// Deletes a message as a call, or an entry of a batch, has it. One that is gone already is no error.
pub(super) fn delete_from(scene: &mut Scene<'_>, name: &str, input: &Input) -> Answer {
    let (receipt, number) = read_receipt(input)?;
    let now = scene.now;
    let queue = scene.here.sqs.queues.get_mut(name).ok_or_else(no_such_queue)?;
    if let Some(message) = queue.messages.get(&number) {
        let is_last = message.receipt.as_ref() == Some(&receipt);
        if queue.is_fifo && (!is_last || message.condition(now) != Condition::InFlight) {
            let words = format!(
                "Value {receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
            );
            return Err(invalid(words));
        }
        // A standard queue forgets a message for an older receipt, too, as AWS does as a rule.
        queue.messages.remove(&number);
        measuring::count(scene, name, "NumberOfMessagesDeleted", 1);
    }
    Ok(Tree::EMPTY)
}

fn read_receipt(input: &Input) -> Result<(String, u64), Refusal> {
    let receipt = need(input, "ReceiptHandle")?;
    let words = format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.");
    let number =
        number_in(receipt).ok_or_else(|| refusal("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", words))?;
    Ok((receipt.to_owned(), number))
}

fn change_visibility(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, _) = meant(scene, input)?;
    change_visibility_in(scene, &name, input)
}

/// Hides a message for another span from now on, as a call, or an entry of a batch, has it.
pub(super) fn change_visibility_in(scene: &mut Scene<'_>, name: &str, input: &Input) -> Answer {
    need(input, "VisibilityTimeout")?;
    let reason = "VisibilityTimeout must be between 0 and 43200 seconds";
    let seconds = whole(input, "VisibilityTimeout", (0, TWELVE_HOURS), reason)?.unwrap_or_default();
    let (receipt, number) = read_receipt(input)?;
    let now = scene.now;
    let queue = scene.here.sqs.queues.get_mut(name).ok_or_else(no_such_queue)?;
    let message = queue.messages.get_mut(&number).filter(|message| message.receipt.as_ref() == Some(&receipt));
    let Some(message) = message.filter(|message| message.condition(now) == Condition::InFlight) else {
        let words = format!(
            "Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
        );
        return Err(refusal("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", words));
    };
    message.visible = now.plus(Duration::from_secs(seconds));
    // The call that got it does not get it again by repeating itself.
    message.attempt = None;
    Ok(Tree::EMPTY)
}
