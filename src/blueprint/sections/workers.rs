//! `workers`: work done later. Each group has a queue, and as many clones as the promise to its jobs takes.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

use super::Problems;
use super::boot::user_data;
use super::clones::{Clones, Tier, TierRefs, expand_tier, template};
use super::network::NetworkRefs;
use super::surroundings::Surroundings;
use crate::aws::resources::alarm::{Alarm, Condition};
use crate::aws::resources::autoscaling_group::{AutoscalingGroup, HealthCheck};
use crate::aws::resources::queue::{DeadLetters, Queue};
use crate::aws::resources::role::{Object, Statement};
use crate::aws::resources::scaling_policy::{Rule, ScalingPolicy};
use crate::blueprint::decode::{Spanned, decode_fields};
use crate::blueprint::diagnostic::Diagnostic;
use crate::blueprint::values::{Attempts, Duration, InstanceType, Name};
use crate::blueprint::{Protected, Stack};
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

/// A group of workers and its queue.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Worker {
    /// The instance type. Default: `t4g.small` or `t3.small`, whichever the image fits.
    pub instance: Option<Spanned<InstanceType>>,
    /// How many clones there are. Default: 0 to 10.
    pub clones: Option<Clones>,
    /// The promise: a job waits no longer than this. Default: `1m`.
    pub latency: Option<Spanned<Duration>>,
    /// How long one job takes a clone. From it and `latency` follows how many jobs may wait for each clone. Default: `1s`.
    pub job_time: Option<Spanned<Duration>>,
    /// How long a job that was taken is hidden from other workers. Default: `5m`.
    pub visibility: Option<Spanned<Duration>>,
    /// After how many attempts a job goes to the dead letters. Default: 5.
    pub retries: Option<Attempts>,
    /// For how long a job is kept that nobody takes, at most 14 days. Default: `4d`.
    pub retention: Option<Spanned<Duration>>,
}

decode_fields!(Worker, "a group of workers", { instance?, clones?, latency?, job_time?, visibility?, retries?, retention? });

/// What others need of a group's queues.
pub struct QueueRefs {
    /// Where jobs wait.
    pub jobs: Ref<Queue>,
}

/// Two weeks, the longest that SQS keeps a message, in seconds.
const FORTNIGHT: u32 = 14 * 86_400;
/// Twelve hours, the longest that SQS hides a message, in seconds.
const HALF_DAY: u32 = 12 * 3600;

impl Worker {
    /// The fewest and the most clones.
    pub fn clones(&self) -> (u32, u32) {
        self.clones.as_ref().map_or((0, 10), |clones| (clones.min.0, clones.max.0))
    }

    fn latency(&self) -> u32 {
        self.latency.as_ref().map_or(60, |time| time.0)
    }

    fn job_time(&self) -> u32 {
        self.job_time.as_ref().map_or(1, |time| time.0)
    }

    fn visibility(&self) -> u32 {
        self.visibility.as_ref().map_or(300, |time| time.0)
    }

    fn retention(&self) -> u32 {
        self.retention.as_ref().map_or(4 * 86_400, |time| time.0)
    }

    /// How many jobs may wait for each clone so that the last of them waits no longer than promised. AWS's own rule for scaling on a queue:
    /// acceptable latency divided by the time for a message.
    ///
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html>
    fn backlog(&self) -> f64 {
        let exact = (f64::from(self.latency()) / f64::from(self.job_time().max(1))).max(1.0);
        // So that it comes back from AWS as it went there.
        (exact * 1000.0).round() / 1000.0
    }

    /// Mistakes that a schema cannot see.
    pub fn check(&self, problems: &mut Problems<'_>) {
        self.clones.iter().for_each(|clones| clones.check(problems));
        self.check_times(problems);
        let zero = |time: &&Spanned<Duration>| time.0 == 0;
        for time in [&self.latency, &self.job_time, &self.retention].into_iter().flatten().filter(zero) {
            problems.report.add(Diagnostic::error(time.span, "this takes no time at all").hint("at least `1s`"));
        }
        if let Some(retention) = self.retention.as_ref().filter(|time| time.0 > FORTNIGHT || (1..60).contains(&time.0))
        {
            problems.report.add(Diagnostic::error(retention.span, "SQS keeps a message for a minute to 14 days"));
        }
    }

    /// Whether the times fit each other, said or not.
    fn check_times(&self, problems: &mut Problems<'_>) {
        let job = self.job_time.as_ref();
        let with_job = |mistake: Diagnostic| match job {
            Some(time) if mistake.span != time.span => mistake.related(time.span, "a job takes this long"),
            _ => mistake,
        };
        let said = self.latency.as_ref().or(job);
        if let Some(place) = said.filter(|_| self.job_time() > self.latency() && self.latency() > 0) {
            let message = format!("a job takes longer than the {} it may wait", Duration(self.latency()));
            let odd = Diagnostic::warning(place.span, message).hint("each job then asks for a clone of its own");
            problems.report.add(with_job(odd));
        }
        let said = self.visibility.as_ref().or(job);
        if let Some(place) = said.filter(|_| self.visibility() < self.job_time()) {
            let message = "a job would be handed out again while it is still worked on";
            let hint =
                format!("`visibility` is {}, and has to be longer than the longest job", Duration(self.visibility()));
            problems.report.add(with_job(Diagnostic::error(place.span, message).hint(hint)));
        }
        if let Some(visibility) = self.visibility.as_ref().filter(|time| time.0 > HALF_DAY) {
            problems.report.add(Diagnostic::error(visibility.span, "SQS hides a message for at most 12 hours"));
        }
    }
}

/// The queues: before the clones, all of which may put jobs into them.
pub fn queues(
    workers: Option<&BTreeMap<Spanned<Name>, Worker>>,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<Vec<(String, QueueRefs)>, GraphError> {
    let keep = stack.protect.contains(&Protected::Workers);
    let mut queues = Vec::new();
    for (name, worker) in workers.into_iter().flatten() {
        // No name of the author's has an underscore, so no group can be called like the dead letters of another.
        let (name, dead_name) = (&name.0, format!("{}_dead", name.0));
        let dead = Queue {
            dead_letters: None,
            visibility_seconds: worker.visibility(),
            // Never shorter than that of the queue they come from, whose clock goes on.
            retention_seconds: FORTNIGHT,
            tags: stack.tags(&dead_name),
        };
        let dead = graph.add_kept(&dead_name, &dead, keep)?;
        let jobs = Queue {
            dead_letters: Some(DeadLetters {
                queue: dead,
                after_attempts: worker.retries.map_or(5, |retries| retries.0),
            }),
            visibility_seconds: worker.visibility(),
            retention_seconds: worker.retention(),
            tags: stack.tags(name),
        };
        queues.push((name.clone(), QueueRefs { jobs: graph.add_kept(name, &jobs, keep)? }));
    }
    Ok(queues)
}

/// The clones, and what makes their number follow the queue. Returns the groups.
pub fn expand(
    workers: Option<&BTreeMap<Spanned<Name>, Worker>>,
    network: &NetworkRefs,
    seen: &Surroundings<'_>,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<Vec<Ref<AutoscalingGroup>>, GraphError> {
    let Some(workers) = workers.filter(|workers| !workers.is_empty()) else { return Ok(Vec::new()) };
    let work = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"];
    let statements = vec![Statement {
        sid: "Work".into(),
        actions: work.iter().map(|action| (*action).to_owned()).collect(),
        resources: seen.queues.iter().map(|(_, queue)| Object::Queue(queue.jobs.clone())).collect(),
    }];
    let tier = expand_tier(Tier { name: "worker", statements }, network, seen, stack, graph)?;
    let groups = workers.iter().zip(seen.queues);
    groups
        .map(|((name, worker), (_, queue))| expand_group(&name.0, worker, queue, (&tier, network), stack, graph))
        .collect()
}

fn expand_group(
    name: &str,
    worker: &Worker,
    queue: &QueueRefs,
    (tier, network): (&TierRefs, &NetworkRefs),
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<Ref<AutoscalingGroup>, GraphError> {
    let full = format!("worker-{name}");
    let template = template(&full, tier, worker.instance.as_ref(), user_data("worker", name, stack), stack, graph)?;
    let (min, max) = worker.clones();
    let group = AutoscalingGroup {
        launch_template: template,
        subnets: network.private.clone(),
        target_groups: BTreeSet::new(),
        listeners: BTreeSet::new(),
        min,
        max,
        health_check: HealthCheck::Ec2,
        grace_seconds: 120,
        warmup_seconds: 120,
        tags: stack.tags(&full),
    };
    let group = graph.add(&full, &group)?;
    let policy = |suffix: &str, rule| ScalingPolicy {
        group: group.clone(),
        name: format!("{}-{full}{suffix}", stack.name),
        rule,
    };
    graph.add(&full, &policy("", Rule::Backlog { per_clone: worker.backlog(), queue: queue.jobs.clone() }))?;
    if min == 0 {
        let policy = graph.add(&format!("{full}_wake"), &policy("_wake", Rule::WakeUp))?;
        let wake = Alarm {
            description: format!("Jobs wait for {name}, and no worker is there: starts the first"),
            condition: Condition::NobodyAtWork { queue: queue.jobs.clone(), group: group.clone(), policy },
            tags: stack.tags(&full),
        };
        graph.add(&format!("{full}_wake"), &wake)?;
    }
    let late = Alarm {
        description: format!("Jobs for {name} wait longer than the {} seconds promised", worker.latency()),
        condition: Condition::Late { queue: queue.jobs.clone(), seconds: worker.latency() },
        tags: stack.tags(&full),
    };
    graph.add(&format!("{full}_late"), &late)?;
    Ok(group)
}
