//! A queue and the messages in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::super::super::clock::Moment;
use super::super::super::tags::Tags;
use super::attributes;

/// A queue.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Queue {
    pub(super) is_fifo: bool,
    pub(super) created: Moment,
    pub(super) modified: Moment,
    /// Those that were set; for the others AWS's own values count.
    pub(super) attributes: BTreeMap<&'static str, String>,
    pub(super) tags: Tags,
    /// By the number in whose order they came.
    pub(super) messages: BTreeMap<u64, Message>,
    /// Which messages came within the last five minutes, by scope and deduplication id with a line break between.
    pub(super) recent: BTreeMap<String, Recent>,
    /// The number of the last message.
    pub(super) last: u64,
    /// When it was last purged.
    pub(super) purged: Option<Moment>,
    /// When somebody last sent, received or deleted messages, if that is not too long ago.
    pub(super) used: Option<Moment>,
    /// When CloudWatch was last told of it.
    pub(super) measured: Option<Moment>,
    /// Messages sent, received and deleted since then.
    pub(super) counts: BTreeMap<&'static str, usize>,
}

/// A message.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    /// In the order of their names.
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) system: BTreeMap<String, Attribute>,
    pub(super) sender: String,
    pub(super) sent: Moment,
    /// From when on it can be received.
    pub(super) visible: Moment,
    pub(super) first_received: Option<Moment>,
    pub(super) receives: u64,
    /// What the last receiver may delete it with.
    pub(super) receipt: Option<String>,
    /// The receive call that last got it, by the id that the caller gave.
    pub(super) attempt: Option<String>,
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
    /// The ARN of the queue that it died in.
    pub(super) died_in: Option<String>,
}

/// An attribute of a message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Attribute {
    pub(super) kind: String,
    /// Text, or what is binary in base 64.
    pub(super) value: String,
    pub(super) is_binary: bool,
}

/// A message that another of the same deduplication id is not taken beside.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Recent {
    pub(super) until: Moment,
    pub(super) id: String,
    pub(super) number: u64,
}

/// What a message is to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Visible,
    InFlight,
    Delayed,
}

impl Message {
    /// What it is at this moment.
    pub(super) fn condition(&self, now: Moment) -> Condition {
        match self.receives {
            _ if self.visible <= now => Condition::Visible,
            0 => Condition::Delayed,
            _ => Condition::InFlight,
        }
    }
}

impl Queue {
    /// An attribute as it counts: as it was set, or AWS's own.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or_else(|| attributes::usual(name), String::as_str)
    }

    /// A number among the attributes.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.attribute(name).parse().unwrap_or_default()
    }

    /// A span of time among the attributes.
    pub(super) fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(self.number(name))
    }

    /// Whether an attribute is `true`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.attribute(name) == "true"
    }

    /// The ARN of the queue for dead letters, and after how many receives a message is one.
    pub(super) fn redrive(&self) -> Option<(String, u64)> {
        let policy: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        Some((policy["deadLetterTargetArn"].as_str()?.to_owned(), attributes::receives(&policy).unwrap_or(10)))
    }

    /// Lets go of messages that are older than the queue keeps them, and of ids older than five minutes.
    pub(super) fn forget_old(&mut self, now: Moment) {
        let retention = self.seconds("MessageRetentionPeriod");
        self.messages.retain(|_, message| message.sent.plus(retention) > now);
        self.recent.retain(|_, recent| recent.until > now);
    }

    /// The numbers of the messages that can be received now, in the order of their arrival. In a FIFO queue a group waits while one of its
    /// messages is in flight or delayed.
    pub(super) fn receivable(&self, now: Moment) -> Vec<u64> {
        let mut waiting = BTreeSet::new();
        let mut found = Vec::new();
        for (number, message) in &self.messages {
            let is_blocked = self.is_fifo && message.group.as_ref().is_some_and(|group| waiting.contains(group));
            if message.condition(now) == Condition::Visible && !is_blocked {
                found.push(*number);
            } else if self.is_fifo {
                waiting.extend(message.group.as_ref());
            }
        }
        found
    }

    /// How many messages are in this condition.
    pub(super) fn count(&self, condition: Condition, now: Moment) -> usize {
        self.messages.values().filter(|message| message.condition(now) == condition).count()
    }

    /// When next a message becomes visible by itself.
    pub(super) fn next_visible(&self, now: Moment) -> Option<Moment> {
        self.messages.values().map(|message| message.visible).filter(|at| *at > now).min()
    }
}
