//! A group: what it is to be, who belongs to it, and what it is about to do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use serde_json::Value;

use super::activities::Activity;
use super::hooks::Hook;
use super::member::Member;
use super::policies::Policy;
use super::refresh::Refresh;
use super::schedule::Scheduled;
use crate::simulator::clock::Moment;
use crate::simulator::output::{Tree, object};

/// A group.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created: Moment,
    pub(super) sizes: Sizes,
    pub(super) template: Template,
    /// As the caller wrote it. Of its overrides, the first type is launched.
    pub(super) mixed: Option<Value>,
    pub(super) subnets: Vec<String>,
    pub(super) cooldown: i64,
    /// `EC2`, `ELB`, or several with commas.
    pub(super) health_check: String,
    pub(super) grace: i64,
    pub(super) warmup: Option<i64>,
    pub(super) termination_policies: Vec<String>,
    pub(super) protects_new: bool,
    pub(super) maintenance: Maintenance,
    /// What is only given back: it has no effect on what happens here.
    pub(super) given: BTreeMap<String, Value>,
    pub(super) tags: BTreeMap<String, Tag>,
    /// Target groups by ARN.
    pub(super) targets: BTreeMap<String, Attachment>,
    /// Processes that are suspended, with the reason.
    pub(super) suspended: BTreeMap<String, String>,
    pub(super) metrics: BTreeSet<String>,
    pub(super) hooks: BTreeMap<String, Hook>,
    pub(super) policies: BTreeMap<String, Policy>,
    pub(super) schedule: BTreeMap<String, Scheduled>,
    pub(super) members: BTreeMap<String, Member>,
    /// Oldest first.
    pub(super) refreshes: Vec<Refresh>,
    /// How many instances there may be over the wanted number while a refresh replaces some.
    pub(super) surge: i64,
    /// Oldest first.
    pub(super) activities: VecDeque<Activity>,
    pub(super) is_leaving: bool,
    /// Why the size was changed last, until a launch or a termination tells of it.
    pub(super) reasons: Vec<String>,
    pub(super) cooled: Moment,
    /// When the group is looked at next.
    pub(super) next_look: Option<Moment>,
    pub(super) next_metrics: Moment,
    /// Launches that failed one after another, and when the next is tried.
    pub(super) failures: u32,
    pub(super) retry: Moment,
}

/// How many instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sizes {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) desired: i64,
}

/// A version of a launch template. The version is kept as it was given: `3`, `$Latest`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
}

impl Template {
    /// As answers show it.
    pub(super) fn shown(&self) -> Tree {
        object! { "LaunchTemplateId" => &self.id, "LaunchTemplateName" => &self.name, "Version" => &self.version }
    }
}

/// How many instances may be missing or too many while some are replaced, in percent; -1 for no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Maintenance {
    pub(super) least: i64,
    pub(super) most: i64,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self { least: -1, most: -1 }
    }
}

/// A tag of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tag {
    pub(super) value: String,
    /// Whether new instances get it too.
    pub(super) propagates: bool,
}

/// A target group, as a group has to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Attachment {
    Adding,
    Added,
    InService,
    Removing,
}

impl Attachment {
    /// As answers show it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Adding => "Adding",
            Self::Added => "Added",
            Self::InService => "InService",
            Self::Removing => "Removing",
        }
    }
}

impl Group {
    /// Whether a process goes on.
    pub(super) fn runs(&self, process: &str) -> bool {
        !self.suspended.contains_key(process)
    }

    /// Whether the load balancer has a say in who is healthy.
    pub(super) fn asks_balancer(&self) -> bool {
        self.health_check.split(',').any(|kind| kind.trim() == "ELB") && !self.targets.is_empty()
    }

    /// Members that count for the size.
    pub(super) fn counted(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.state.counts())
    }

    /// How many members count for the size.
    pub(super) fn capacity(&self) -> i64 {
        i64::try_from(self.counted().count()).unwrap_or(i64::MAX)
    }

    /// Target groups that instances are to be registered with.
    pub(super) fn wanted_targets(&self) -> Vec<String> {
        let wanted = self.targets.iter().filter(|(_, state)| **state != Attachment::Removing);
        wanted.map(|(arn, _)| arn.clone()).collect()
    }

    /// Sets the wanted number, and remembers why.
    pub(super) fn want(&mut self, desired: i64, why: &str) {
        if desired != self.sizes.desired {
            let before = self.sizes.desired;
            self.reasons.push(format!("{why} changing the desired capacity from {before} to {desired}."));
            self.sizes.desired = desired;
            self.retry = Moment::default();
        }
    }
}
