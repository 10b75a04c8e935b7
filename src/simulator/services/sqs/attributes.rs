//! The attributes of queues: which there are, which values they take, and what they are if nobody says.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::queue::{Condition, Queue};
use super::{arn, invalid_value, meant, refusal};

pub(super) const ACTIONS: &[Action] = &[action("GetQueueAttributes", get), action("SetQueueAttributes", set)];

/// What values an attribute takes.
enum Kind {
    Number(u64, u64),
    Flag,
    OneOf(&'static [&'static str]),
    /// A document in JSON. An empty text takes it away.
    Document,
    Text,
}

/// An attribute that can be set.
struct Known {
    name: &'static str,
    kind: Kind,
    /// Its value if nobody says; an empty one is not shown.
    usual: &'static str,
    fifo_only: bool,
}

const fn known(name: &'static str, kind: Kind, usual: &'static str) -> Known {
    Known { name, kind, usual, fifo_only: false }
}

const fn fifo(name: &'static str, kind: Kind, usual: &'static str) -> Known {
    Known { name, kind, usual, fifo_only: true }
}

const KNOWN: &[Known] = &[
    known("DelaySeconds", Kind::Number(0, 900), "0"),
    known("KmsDataKeyReusePeriodSeconds", Kind::Number(60, 86_400), ""),
    known("KmsMasterKeyId", Kind::Text, ""),
    known("MaximumMessageSize", Kind::Number(1024, 1_048_576), "1048576"),
    known("MessageRetentionPeriod", Kind::Number(60, 1_209_600), "345600"),
    known("Policy", Kind::Document, ""),
    known("ReceiveMessageWaitTimeSeconds", Kind::Number(0, 20), "0"),
    known("RedriveAllowPolicy", Kind::Document, ""),
    known("RedrivePolicy", Kind::Document, ""),
    known("SqsManagedSseEnabled", Kind::Flag, "true"),
    known("VisibilityTimeout", Kind::Number(0, 43_200), "30"),
    fifo("ContentBasedDeduplication", Kind::Flag, "false"),
    fifo("DeduplicationScope", Kind::OneOf(&["messageGroup", "queue"]), "queue"),
    fifo("FifoQueue", Kind::Flag, "true"),
    fifo("FifoThroughputLimit", Kind::OneOf(&["perQueue", "perMessageGroupId"]), "perQueue"),
];

/// Attributes that are told and cannot be set.
const TOLD: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// AWS's own value of an attribute.
pub(super) fn usual(name: &str) -> &'static str {
    KNOWN.iter().find(|known| known.name == name).map_or("", |known| known.usual)
}

/// The attributes that a call sets, checked one by one.
pub(super) fn read(input: &Input, is_fifo: bool) -> Result<BTreeMap<&'static str, String>, Refusal> {
    let mut attributes = BTreeMap::new();
    for (name, value) in input.entries("Attributes") {
        let known = KNOWN.iter().find(|known| known.name == name && (is_fifo || !known.fifo_only));
        let known = known.ok_or_else(|| unknown(name))?;
        let value = value.as_text().unwrap_or_default();
        attributes.insert(known.name, known.kind.read(name, value)?);
    }
    Ok(attributes)
}

fn unknown(name: &str) -> Refusal {
    refusal("InvalidAttributeName", "InvalidAttributeName", format!("Unknown Attribute {name}."))
}

fn wrong(name: &str) -> Refusal {
    refusal("InvalidAttributeValue", "InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
}

impl Kind {
    /// A value in its plain form.
    fn read(&self, name: &str, value: &str) -> Result<String, Refusal> {
        let fits = match self {
            Self::Number(low, high) => {
                let number = value.parse::<u64>().ok().filter(|number| (low..=high).contains(&number));
                return number.map(|number| number.to_string()).ok_or_else(|| wrong(name));
            }
            Self::Flag => {
                return if ["true", "false"].contains(&value.to_ascii_lowercase().as_str()) {
                    Ok(value.to_ascii_lowercase())
                } else {
                    Err(wrong(name))
                };
            }
            Self::OneOf(values) => values.contains(&value),
            Self::Document => {
                value.is_empty() || serde_json::from_str::<Value>(value).is_ok_and(|value| value.is_object())
            }
            Self::Text => true,
        };
        if fits { Ok(value.to_owned()) } else { Err(wrong(name)) }
    }
}

/// Refuses attributes that do not go together, or that name what is not there.
pub(super) fn check(
    scene: &Scene<'_>,
    name: &str,
    is_fifo: bool,
    given: &BTreeMap<&'static str, String>,
) -> Result<(), Refusal> {
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_empty());
    if has("KmsMasterKeyId") && given.get("SqsManagedSseEnabled").is_some_and(|value| value == "true") {
        let words = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.";
        return Err(refusal("InvalidAttributeValue", "InvalidAttributeValue", words));
    }
    if let Some(policy) = given.get("RedrivePolicy").filter(|policy| !policy.is_empty()) {
        check_redrive(scene, name, is_fifo, policy)?;
    }
    if let Some(text) = given.get("RedriveAllowPolicy").filter(|policy| !policy.is_empty()) {
        let policy: Value = serde_json::from_str(text).unwrap_or_default();
        let permission = policy["redrivePermission"].as_str().unwrap_or_default();
        let sources = policy.get("sourceQueueArns").map(|arns| arns.as_array().map_or(0, Vec::len));
        let fits = match permission {
            "allowAll" | "denyAll" => sources.is_none(),
            "byQueue" => sources.is_some_and(|sources| (1..=10).contains(&sources)),
            _ => false,
        };
        let reason = "Amazon SQS can't create the redrive allow policy, as it is not in the supported format.";
        Scene::ensure(fits, || invalid_value(text, "RedriveAllowPolicy", reason))?;
    }
    Ok(())
}

/// `maxReceiveCount`, which may be a number or a text.
pub(super) fn receives(policy: &Value) -> Option<u64> {
    let count = &policy["maxReceiveCount"];
    count.as_u64().or_else(|| count.as_str()?.parse().ok())
}

fn check_redrive(scene: &Scene<'_>, name: &str, is_fifo: bool, text: &str) -> Result<(), Refusal> {
    let refuse = |reason: &str| Err(invalid_value(text, "RedrivePolicy", reason));
    let policy: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(target) = policy["deadLetterTargetArn"].as_str() else {
        return refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    };
    let count = policy.get("maxReceiveCount");
    if count.is_some() && !receives(&policy).is_some_and(|count| (1..=1000).contains(&count)) {
        let count = count.map(Value::to_string).unwrap_or_default();
        let reason =
            format!("Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive.");
        return refuse(&reason);
    }
    let dead = target.strip_prefix(&arn(scene, ""));
    let Some(queue) = dead.and_then(|name| scene.here.sqs.queues.seen(name, scene.sight)) else {
        return refuse("Dead letter target does not exist.");
    };
    if queue.is_fifo != is_fifo {
        return refuse("Dead-letter queue must be same type of queue as the source.");
    }
    let allows: Value = serde_json::from_str(queue.attribute("RedriveAllowPolicy")).unwrap_or_default();
    let source = arn(scene, name);
    let is_allowed = match allows["redrivePermission"].as_str() {
        Some("denyAll") => false,
        Some("byQueue") => {
            allows["sourceQueueArns"].as_array().is_some_and(|arns| arns.iter().any(|arn| *arn == source))
        }
        _ => true,
    };
    if is_allowed { Ok(()) } else { refuse("Queue does not have permission to use the dead-letter queue.") }
}

/// Whether an attribute that a call gives is as the queue has it. Documents are compared by what they say.
pub(super) fn is_same(queue: &Queue, name: &str, given: &str) -> bool {
    let (has, document) = (queue.attribute(name), |text: &str| serde_json::from_str::<Value>(text).ok());
    has == given || (document(has).is_some() && document(has) == document(given))
}

/// Sets attributes; an empty one is taken away. One kind of encryption ends the other.
pub(super) fn apply(queue: &mut Queue, given: BTreeMap<&'static str, String>) {
    for (name, value) in given {
        match (name, value.as_str()) {
            ("KmsMasterKeyId", key) if !key.is_empty() => {
                queue.attributes.insert("SqsManagedSseEnabled", "false".to_owned());
            }
            ("SqsManagedSseEnabled", "true") => {
                queue.attributes.remove("KmsMasterKeyId");
            }
            _ => {}
        }
        if value.is_empty() {
            queue.attributes.remove(name);
        } else {
            queue.attributes.insert(name, value);
        }
    }
}

fn set(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let now = scene.now;
    let (name, queue) = meant(scene, input)?;
    let is_fifo = queue.is_fifo;
    let given = read(input, is_fifo)?;
    Scene::ensure(given.get("FifoQueue").is_none_or(|value| value == "true"), || unknown("FifoQueue"))?;
    check(scene, &name, is_fifo, &given)?;
    let (_, queue) = meant(scene, input)?;
    apply(queue, given);
    queue.modified = now;
    Ok(Tree::EMPTY)
}

fn get(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let wanted = input.texts("AttributeNames");
    let is_known = |name: &str| name == "All" || TOLD.contains(&name) || KNOWN.iter().any(|known| known.name == name);
    if let Some(name) = wanted.iter().find(|name| !is_known(name)) {
        return Err(unknown(name));
    }
    let now = scene.now;
    let (name, queue) = meant(scene, input)?;
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for known in KNOWN.iter().filter(|known| queue.is_fifo || !known.fifo_only) {
        let is_encrypted = queue.attributes.contains_key("KmsMasterKeyId");
        let value = match queue.attribute(known.name) {
            _ if known.name == "KmsDataKeyReusePeriodSeconds" && !is_encrypted => "",
            "" if known.name == "KmsDataKeyReusePeriodSeconds" => "300",
            value => value,
        };
        if !value.is_empty() {
            all.insert(known.name.to_owned(), value.to_owned());
        }
    }
    let seconds = |at: super::super::super::clock::Moment| (at.0 / 1000).to_string();
    let count = |condition| queue.count(condition, now).to_string();
    let told = [
        count(Condition::Visible),
        count(Condition::Delayed),
        count(Condition::InFlight),
        seconds(queue.created),
        seconds(queue.modified),
    ];
    all.extend(TOLD.iter().map(|name| (*name).to_owned()).zip(told));
    all.insert("QueueArn".to_owned(), arn(scene, &name));
    all.retain(|name, _| wanted.iter().any(|wanted| *wanted == "All" || wanted == name));
    let shown = (!all.is_empty()).then_some(all);
    Ok(object! { "Attributes" => shown })
}
