//! Sending messages.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::super::input::Input;
use super::super::super::output::object;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::sts;
use super::queue::{Attribute, Message, Queue, Recent};
use super::{digests, invalid, invalid_value, meant, measuring, missing, need, no_such_queue, refusal, whole};

pub(super) const ACTIONS: &[Action] = &[action("SendMessage", send)];

/// For how long a FIFO queue remembers deduplication ids
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html>).
const REMEMBERED: Duration = Duration::from_mins(5);

/// Attributes of one message.
const ATTRIBUTES: usize = 10;

/// The first sequence number of a FIFO queue; they have twenty digits.
const FIRST_NUMBER: u128 = 18_850_000_000_000_000_000;

/// A sequence number as it is told.
pub(super) fn sequence(number: u64) -> String {
    format!("{:020}", FIRST_NUMBER + u128::from(number) * 256)
}

fn send(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (name, _) = meant(scene, input)?;
    send_to(scene, &name, input)
}

/// Sends a message as a call, or an entry of a batch, has it.
pub(super) fn send_to(scene: &mut Scene<'_>, name: &str, input: &Input) -> Answer {
    let (now, sender) = (scene.now, sts::user_id(scene));
    let queue = scene.here.sqs.queues.get(name).ok_or_else(no_such_queue)?;
    let mut message = read(queue, input)?;
    let answer = object! {
        "MD5OfMessageBody" => digests::of_body(&message.body),
        "MD5OfMessageAttributes" => digests::of_attributes(&message.attributes),
        "MD5OfMessageSystemAttributes" => digests::of_attributes(&message.system),
    };
    message.id = scene.dice.uuid();
    let delay = delay(queue, input)?;
    (message.sender, message.sent, message.visible) = (sender, now, now.plus(delay));
    let queue = scene.here.sqs.queues.get_mut(name).ok_or_else(no_such_queue)?;
    let is_fifo = queue.is_fifo;
    let (id, number) = add(queue, message);
    measuring::count(scene, name, "NumberOfMessagesSent", 1);
    Ok(answer.with("MessageId", id).with("SequenceNumber", is_fifo.then(|| sequence(number))))
}

/// Puts a message into its queue, unless it is the double of a recent one: then that one's id and number are answered.
fn add(queue: &mut Queue, message: Message) -> (String, u64) {
    let Some(deduplication) = message.deduplication.as_ref().filter(|_| queue.is_fifo) else {
        return (message.id.clone(), place(queue, message));
    };
    let by_group = queue.attribute("DeduplicationScope") == "messageGroup";
    let scope = message.group.as_deref().filter(|_| by_group).unwrap_or_default();
    let key = format!("{scope}\n{deduplication}");
    if let Some(known) = queue.recent.get(&key) {
        return (known.id.clone(), known.number);
    }
    let (id, until) = (message.id.clone(), message.sent.plus(REMEMBERED));
    let number = place(queue, message);
    queue.recent.insert(key, Recent { until, id: id.clone(), number });
    (id, number)
}

/// Puts a message at the end of a queue, and answers its number.
pub(super) fn place(queue: &mut Queue, message: Message) -> u64 {
    queue.last += 1;
    queue.messages.insert(queue.last, message);
    queue.last
}

/// The delay of one message, which counts instead of the queue's.
fn delay(queue: &Queue, input: &Input) -> Result<Duration, Refusal> {
    let reason = "DelaySeconds must be >= 0 and <= 900.";
    match whole(input, "DelaySeconds", (0, 900), reason)? {
        Some(own) if queue.is_fifo && own > 0 => {
            let reason = "The request include parameter that is not valid for this queue type";
            Err(invalid_value(&own.to_string(), "DelaySeconds", reason))
        }
        Some(own) if !queue.is_fifo => Ok(Duration::from_secs(own)),
        _ => Ok(queue.seconds("DelaySeconds")),
    }
}

fn read(queue: &Queue, input: &Input) -> Result<Message, Refusal> {
    let body = need(input, "MessageBody")?;
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, below "Important".
    let is_allowed = |sign: char| matches!(sign, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if !body.chars().all(is_allowed) {
        let words = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | \
                     #x10000 to #x10FFFF";
        return Err(refusal("InvalidMessageContents", "InvalidMessageContents", words));
    }
    let attributes = read_attributes(input, "MessageAttributes")?;
    let system = read_attributes(input, "MessageSystemAttributes")?;
    if let Some(name) = system.keys().find(|name| *name != "AWSTraceHeader") {
        return Err(invalid(format!("Message system attribute name '{name}' is invalid.")));
    }
    let message = Message { body: body.to_owned(), attributes, system, ..Message::default() };
    let (size, most) = (size(&message), queue.number("MaximumMessageSize"));
    if u64::try_from(size).unwrap_or(u64::MAX) > most {
        return Err(invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )));
    }
    let group = identifier(input, "MessageGroupId")?;
    let deduplication = identifier(input, "MessageDeduplicationId")?;
    if !queue.is_fifo {
        if let Some(id) = deduplication {
            let reason = "The request include parameter that is not valid for this queue type";
            return Err(invalid_value(&id, "MessageDeduplicationId", reason));
        }
        // Fair queues: standard queues take groups, too, and keep no order for them.
        return Ok(Message { group, ..message });
    }
    let group = Some(group.ok_or_else(|| missing("MessageGroupId"))?);
    let by_content = queue.is("ContentBasedDeduplication").then(|| digests::of_content(body));
    let deduplication = deduplication.or(by_content).ok_or_else(|| {
        invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
    })?;
    Ok(Message { group, deduplication: Some(deduplication), ..message })
}

/// How much of the allowed size a message takes: its body, and names, types and values of its attributes.
pub(super) fn size(message: &Message) -> usize {
    let attribute = |(name, attribute): (&String, &Attribute)| {
        let value = if attribute.is_binary { attribute.value.len() / 4 * 3 } else { attribute.value.len() };
        name.len() + attribute.kind.len() + value
    };
    message.body.len() + message.attributes.iter().map(attribute).sum::<usize>()
}

/// A group or a deduplication id.
fn identifier(input: &Input, parameter: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = input.text(parameter) else { return Ok(None) };
    if (1..=128).contains(&text.len()) && text.chars().all(|sign| sign.is_ascii_graphic()) {
        return Ok(Some(text.to_owned()));
    }
    let reason = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(invalid_value(text, parameter, &reason))
}

fn read_attributes(input: &Input, parameter: &str) -> Result<BTreeMap<String, Attribute>, Refusal> {
    let given = input.entries(parameter);
    if given.len() > ATTRIBUTES {
        return Err(invalid(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES}].",
            given.len()
        )));
    }
    given.iter().map(|(name, value)| Ok((name.clone(), read_attribute(name, value)?))).collect()
}

fn read_attribute(name: &str, input: &Input) -> Result<Attribute, Refusal> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "_-.".contains(sign);
    let lower = name.to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name.len() <= 256
        && name.chars().all(is_sign)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..");
    if !is_name || lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return Err(invalid(format!(
            "Message (user) attribute name '{name}' is invalid. It can contain letters, digits, _, - and ., and must not begin \
             with AWS. or Amazon."
        )));
    }
    let kind = input.text("DataType").filter(|kind| !kind.is_empty()).ok_or_else(|| {
        invalid(format!("The message attribute '{name}' must contain non-empty message attribute type."))
    })?;
    let logical = kind.split('.').next().unwrap_or_default();
    if !["String", "Number", "Binary"].contains(&logical) {
        let words = format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, \
             Number, and String."
        );
        return Err(invalid(words));
    }
    let is_binary = logical == "Binary";
    let value = input.text(if is_binary { "BinaryValue" } else { "StringValue" }).unwrap_or_default();
    if value.is_empty() {
        let words = format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
        );
        return Err(invalid(words));
    }
    if logical == "Number" && value.parse::<f64>().is_err() {
        return Err(invalid(format!("Can't cast the value of message (user) attribute '{name}' to a number.")));
    }
    Ok(Attribute { kind: kind.to_owned(), value: value.to_owned(), is_binary })
}
