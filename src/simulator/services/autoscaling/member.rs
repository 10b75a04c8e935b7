//! An instance of a group, and where in its life it is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::group::Template;
use crate::simulator::clock::Moment;

/// An instance of a group.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) subnet: String,
    pub(super) zone: String,
    pub(super) kind: String,
    pub(super) template: Template,
    pub(super) state: Stage,
    /// What is wrong with it, if it is unhealthy.
    pub(super) ailment: Option<Ailment>,
    pub(super) is_protected: bool,
    pub(super) launched: Moment,
    pub(super) in_service: Option<Moment>,
    /// EC2 has shown it as running.
    pub(super) has_run: bool,
    /// When EC2 will have terminated it.
    pub(super) gone: Option<Moment>,
    /// The activity that brings it or takes it.
    pub(super) activity: String,
    /// Lifecycle hooks that hold it, by name.
    pub(super) waits: BTreeMap<String, Wait>,
    /// Which refresh launched it.
    pub(super) refresh: Option<String>,
}

/// A lifecycle hook that holds an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Wait {
    pub(super) token: String,
    pub(super) until: Moment,
    /// No heartbeat holds it longer.
    pub(super) latest: Moment,
}

/// The stages of an instance's life
/// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Stage {
    Pending,
    PendingWait,
    PendingProceed,
    InService,
    Standby,
    Detaching,
    Terminating,
    TerminatingWait,
    TerminatingProceed,
}

impl Stage {
    /// As answers show it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::PendingWait => "Pending:Wait",
            Self::PendingProceed => "Pending:Proceed",
            Self::InService => "InService",
            Self::Standby => "Standby",
            Self::Detaching => "Detaching",
            Self::Terminating => "Terminating",
            Self::TerminatingWait => "Terminating:Wait",
            Self::TerminatingProceed => "Terminating:Proceed",
        }
    }

    /// Whether an instance in this stage counts for the group's size.
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::PendingProceed | Self::InService)
    }

    /// Whether it is on its way into service.
    pub(super) fn is_pending(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::PendingProceed)
    }

    /// Whether it is on its way out.
    pub(super) fn is_terminating(self) -> bool {
        matches!(self, Self::Terminating | Self::TerminatingWait | Self::TerminatingProceed)
    }
}

/// What is wrong with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Ailment {
    /// EC2 says that it does not run any more.
    Gone,
    /// EC2's status checks fail.
    Impaired,
    /// Its application does not answer the load balancer.
    Unanswering,
    /// A user said so.
    Told,
}

impl Ailment {
    /// Why it is taken out of service.
    pub(super) fn cause(self, at: Moment) -> String {
        let words = match self {
            Self::Gone => "an EC2 health check indicating it has been terminated or stopped.",
            Self::Impaired => "an EC2 instance status checks failure.",
            Self::Unanswering => "an ELB system health check failure.",
            Self::Told => "a user health-check.",
        };
        format!("At {} an instance was taken out of service in response to {words}", super::activities::spoken(at))
    }
}
