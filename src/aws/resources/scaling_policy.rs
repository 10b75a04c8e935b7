//! A scaling policy: how a group grows and shrinks.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::{
    CustomizedMetricSpecification, Metric, MetricDimension, MetricType, PredefinedMetricSpecification,
    ScalingPolicy as Described, StepAdjustment, TargetTrackingConfiguration, TargetTrackingMetricDataQuery,
    TargetTrackingMetricStat,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::autoscaling_group::{AutoscalingGroup, AutoscalingGroupName};
use super::load_balancer::LoadBalancer;
use super::queue::Queue;
use super::target_group::TargetGroup;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, with_references};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Book, Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, Resource};

// properties

/// A scaling policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScalingPolicy {
    /// The group it scales.
    pub group: Ref<AutoscalingGroup>,
    /// Its name, which others in the account should not have: policies are read by name across groups.
    pub name: String,
    /// What it follows.
    pub rule: Rule,
}

/// What a policy follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Average CPU use of the clones, in percent.
    Cpu(f64),
    /// Requests per clone and minute.
    Requests {
        /// How many.
        per_clone: f64,
        /// Whose requests.
        load_balancer: Ref<LoadBalancer>,
        /// To which clones.
        target_group: Ref<TargetGroup>,
    },
    /// Messages waiting per clone.
    Backlog {
        /// How many.
        per_clone: f64,
        /// Where they wait.
        queue: Ref<Queue>,
    },
    /// One clone, at once. An alarm calls it when messages wait and nobody is there: with no clone there is no backlog per clone.
    WakeUp,
}

// identity, observation, outputs

/// A policy has no id of its own that can be known before it is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScalingPolicyId {
    /// The group it scales.
    pub group: AutoscalingGroupName,
    /// Its name.
    pub name: String,
}

/// What Auto Scaling tells about a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN, which an alarm calls.
    pub arn: String,
    /// What it follows, in one form for what is asked for and what is seen.
    pub rule: Value,
}

/// What others need of a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its ARN, which an alarm calls.
    pub arn: String,
}

// rules

impl Resource for ScalingPolicy {
    const KIND: &'static str = "scaling_policy";
    const NAME_RETURNS: bool = true;
    const GOES_AT_ONCE: bool = true;
    type Id = ScalingPolicyId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(_: &ScalingPolicyId, seen: &Observed) -> Outputs {
        Outputs { arn: seen.arn.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { group, name, rule } = self;
        diff.unseen_ref("group", Manner::Replace, group);
        diff.unseen("name", Manner::Replace, name);
        let wanted = match tracking(rule, group, diff.book()) {
            Some(tracking) => tracking.map(|tracking| form(&tracking)),
            None => Known::Now(wake_up_form()),
        };
        diff.in_place("rule", wanted, &seen.rule);
    }

    fn natural_id(&self, outputs: &Book) -> CloudResult<Option<ScalingPolicyId>> {
        Ok(Some(ScalingPolicyId { group: outputs.now(&self.group)?.name, name: self.name.clone() }))
    }
}

// cloud calls

/// `DescribePolicies` takes at most this many names.
const NAMES: usize = 50;
const TRACKING: &str = "TargetTrackingScaling";
const STEPS: &str = "StepScaling";

impl Manage for ScalingPolicy {
    type Cloud = Aws;
    const READ_BATCH: usize = 200;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[ScalingPolicyId], _: Look) -> CloudResult<Vec<(ScalingPolicyId, Observed)>> {
        // Groups have policies of the same name, and each comes with every group's.
        let names: BTreeSet<&String> = ids.iter().map(|id| &id.name).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let mut policies = Vec::new();
        for names in names.chunks(NAMES) {
            let request = cloud.api.autoscaling.describe_policies().set_policy_names(Some(names.to_vec()));
            let pages = request.max_records(100).into_paginator().items().send();
            policies.extend(pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?);
        }
        let found = policies.iter().filter_map(observed);
        Ok(found.filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<ScalingPolicyId> {
        self.put(call).await
    }

    async fn update(&self, call: &Call<'_, Aws>, _: &ScalingPolicyId, _: &Observed) -> CloudResult<()> {
        self.put(call).await.map(drop)
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &ScalingPolicyId) -> CloudResult<()> {
        let request = call.cloud.api.autoscaling.delete_policy().auto_scaling_group_name(&id.group.0);
        request.policy_name(&id.name).send().await.map_err(classify)?;
        Ok(())
    }
}

impl ScalingPolicy {
    /// Makes it or changes it: AWS has one call for both, and the group, whose name is unique, is ours.
    async fn put(&self, call: &Call<'_, Aws>) -> CloudResult<ScalingPolicyId> {
        let group = call.outputs(&self.group)?.name;
        let request = call.cloud.api.autoscaling.put_scaling_policy().auto_scaling_group_name(&group.0);
        let request = request.policy_name(&self.name);
        let request = if let Some(tracking) = tracking(&self.rule, &self.group, call.book) {
            request.policy_type(TRACKING).target_tracking_configuration(tracking.now()?)
        } else {
            let one = StepAdjustment::builder().metric_interval_lower_bound(0.0).scaling_adjustment(1).build();
            let request = request.policy_type(STEPS).adjustment_type("ExactCapacity");
            request.metric_aggregation_type("Maximum").step_adjustments(one)
        };
        request.send().await.map_err(with_references)?;
        Ok(ScalingPolicyId { group, name: self.name.clone() })
    }
}

// conversions

/// `None` for a rule that tracks nothing.
fn tracking(rule: &Rule, group: &Ref<AutoscalingGroup>, book: &Book) -> Option<Known<TargetTrackingConfiguration>> {
    let config = |target: f64| TargetTrackingConfiguration::builder().target_value(target).disable_scale_in(false);
    Some(match rule {
        Rule::WakeUp => return None,
        Rule::Cpu(percent) => {
            let metric = PredefinedMetricSpecification::builder();
            let metric = metric.predefined_metric_type(MetricType::AsgAverageCpuUtilization);
            Known::Now(config(*percent).predefined_metric_specification(metric.build()).build())
        }
        Rule::Requests { per_clone, load_balancer, target_group } => {
            book.known(load_balancer).and(book.known(target_group)).map(|(balancer, targets)| {
                let metric = PredefinedMetricSpecification::builder()
                    .predefined_metric_type(MetricType::AlbRequestCountPerTarget)
                    .resource_label(format!(
                        "{}/{}",
                        after(&balancer.arn.0, "loadbalancer/"),
                        after(&targets.arn.0, ":")
                    ));
                config(*per_clone).predefined_metric_specification(metric.build()).build()
            })
        }
        Rule::Backlog { per_clone, queue } => book.known(queue).and(book.known(group)).map(|(queue, group)| {
            let metric =
                CustomizedMetricSpecification::builder().set_metrics(Some(backlog(&queue.name, &group.name.0)));
            config(*per_clone).customized_metric_specification(metric.build()).build()
        }),
    })
}

/// Messages waiting, divided by the clones there are to take them. While there is none, all of them: a division by nothing has no value,
/// and AWS would leave the group asleep.
fn backlog(queue: &str, group: &str) -> Vec<TargetTrackingMetricDataQuery> {
    let metric = |id: &str, namespace: &str, name: &str, dimension: (&str, &str), stat: &str| {
        let dimension = MetricDimension::builder().name(dimension.0).value(dimension.1).build();
        let metric = Metric::builder().namespace(namespace).metric_name(name).dimensions(dimension).build();
        let stat = TargetTrackingMetricStat::builder().metric(metric).stat(stat).build();
        TargetTrackingMetricDataQuery::builder().id(id).metric_stat(stat).return_data(false).build()
    };
    vec![
        metric("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName", queue), "Sum"),
        metric("clones", "AWS/AutoScaling", "GroupInServiceInstances", ("AutoScalingGroupName", group), "Average"),
        TargetTrackingMetricDataQuery::builder()
            .id("backlog")
            .expression("IF(FILL(clones, 0) > 0, waiting / clones, waiting)")
            .return_data(true)
            .build(),
    ]
}

fn after<'a>(arn: &'a str, mark: &str) -> &'a str {
    arn.rsplit_once(mark).map_or(arn, |(_, rest)| rest)
}

fn observed(policy: &Described) -> Option<(ScalingPolicyId, Observed)> {
    let group = AutoscalingGroupName(policy.auto_scaling_group_name()?.into());
    let id = ScalingPolicyId { group, name: policy.policy_name()?.into() };
    let steps = || {
        let step = |s: &StepAdjustment| json!([s.metric_interval_lower_bound(), s.scaling_adjustment()]);
        let steps: Vec<Value> = policy.step_adjustments().iter().map(step).collect();
        json!({ "adjustment": policy.adjustment_type(), "steps": steps })
    };
    let rule = policy.target_tracking_configuration().map_or_else(steps, form);
    Some((id, Observed { arn: policy.policy_arn()?.into(), rule }))
}

fn wake_up_form() -> Value {
    json!({ "adjustment": "ExactCapacity", "steps": [[0.0, 1]] })
}

/// One form for what is asked for and what is seen. What AWS fills in by itself (labels, periods) is left out.
fn form(tracking: &TargetTrackingConfiguration) -> Value {
    let predefined = tracking.predefined_metric_specification();
    let queries = tracking.customized_metric_specification().map(|custom| custom.metrics()).unwrap_or_default();
    let form = |query: &TargetTrackingMetricDataQuery| {
        let stat = query.metric_stat();
        let metric = stat.and_then(|stat| stat.metric());
        let dimensions = metric.map(|metric| metric.dimensions()).unwrap_or_default().iter();
        json!({
            "id": query.id(),
            "expression": query.expression(),
            "metric": metric.map(|metric| [metric.namespace(), metric.metric_name()]),
            "dimensions": dimensions.map(|d| [d.name(), d.value()]).collect::<Vec<_>>(),
            "stat": stat.and_then(|stat| stat.stat()),
        })
    };
    // By id: nobody promises that the order stays.
    let queries: BTreeMap<&str, Value> = queries.iter().map(|q| (q.id().unwrap_or_default(), form(q))).collect();
    json!({
        "target": tracking.target_value(),
        "metric": predefined.and_then(|metric| metric.predefined_metric_type()).map(MetricType::as_str),
        "label": predefined.and_then(|metric| metric.resource_label()),
        "queries": queries.into_values().collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_label_is_put_together_from_the_ends_of_two_arns() {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188";
        let targets = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/943f017f100becff";
        let label = format!("{}/{}", after(balancer, "loadbalancer/"), after(targets, ":"));
        // The example of AWS's own documentation of `PredefinedMetricSpecification`.
        assert_eq!(label, "app/shop/50dc6c495c0c9188/targetgroup/shop/943f017f100becff");
    }
}
