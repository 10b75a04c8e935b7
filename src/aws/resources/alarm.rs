//! An alarm of CloudWatch.
//!
//! `PutMetricAlarm` silently overwrites an alarm of the same name, also a stranger's; so a create looks first.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, Statistic, Tag,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::autoscaling_group::AutoscalingGroup;
use super::queue::Queue;
use super::scaling_policy::ScalingPolicy;
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::sightings::placed;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::{Book, Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// An alarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alarm {
    /// What it is about, for whoever reads it at night.
    pub description: String,
    /// When it goes off.
    pub condition: Condition,
    /// The user's tags.
    pub tags: Tags,
}

/// When an alarm goes off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Messages wait, and no clone is there to take them. Calls the policy.
    NobodyAtWork {
        /// Where they wait.
        queue: Ref<Queue>,
        /// Who should take them.
        group: Ref<AutoscalingGroup>,
        /// What starts the first clone.
        policy: Ref<ScalingPolicy>,
    },
    /// The oldest message has waited longer than was promised.
    Late {
        /// Where it waits.
        queue: Ref<Queue>,
        /// The promise, in seconds.
        seconds: u32,
    },
}

// identity, observation, outputs

super::id! {
    /// The alarm's name.
    AlarmName
}

/// What CloudWatch tells about an alarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// What it is about.
    pub description: String,
    /// When it goes off, in one form for what is asked for and what is seen.
    pub condition: Value,
}

// rules

impl Resource for Alarm {
    const KIND: &'static str = "alarm";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = AlarmName;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &AlarmName, _: &Observed) {}

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { description, condition, tags } = self;
        diff.in_place("description", description, &seen.description);
        diff.in_place("condition", condition.settings(diff.book()).map(|settings| settings.form()), &seen.condition);
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

const PERIOD: i32 = 60;

impl Manage for Alarm {
    type Cloud = Aws;
    const READ_BATCH: usize = 100;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[AlarmName], _: Look) -> CloudResult<Vec<(AlarmName, Observed)>> {
        let names = ids.iter().map(|id| id.0.clone()).collect();
        let request = cloud.api.cloudwatch.describe_alarms().set_alarm_names(Some(names)).max_records(100);
        let alarms = request.send().await.map_err(classify)?.metric_alarms.unwrap_or_default();
        Ok(alarms.iter().filter_map(observed).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, AlarmName)>> {
        let found = owned(cloud, owner, list(cloud, owner).await?).await?.into_iter();
        Ok(found.map(|(key, (id, _))| (key, id)).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let (mut found, others) = placed(list(cloud, wanted.owner()).await?, wanted, |(id, _)| &id.0);
        found.extend(owned(cloud, wanted.owner(), others).await?);
        Ok(found.into_iter().map(|(key, (id, seen))| Sighting::of(key, id, &seen)).collect())
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<AlarmName> {
        let id = AlarmName(name(call, 255));
        if !Self::read(call.cloud, std::slice::from_ref(&id), Look::Brief).await?.is_empty() {
            return Err(CloudError::Exists(id.0));
        }
        self.put(call, &id, Some(tags(self.tags.with_identity(call)))).await?;
        Ok(id)
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &AlarmName) -> CloudResult<Option<Observed>> {
        let arn = call.cloud.arn("cloudwatch", &format!("alarm:{}", id.0));
        let condition = self.condition.settings(call.book).now()?.form();
        Ok(Some(Observed { arn, description: self.description.clone(), condition }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &AlarmName, seen: &Observed) -> CloudResult<()> {
        self.put(call, id, None).await?;
        let (cloudwatch, before) = (&call.cloud.api.cloudwatch, Tags::recorded(call));
        let missing = self.tags.missing_in(&before);
        if !missing.is_empty() {
            let request = cloudwatch.tag_resource().resource_arn(&seen.arn).set_tags(Some(tags(missing)));
            request.send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&before, call);
        if !dropped.is_empty() {
            let request = cloudwatch.untag_resource().resource_arn(&seen.arn).set_tag_keys(Some(dropped));
            request.send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &AlarmName) -> CloudResult<()> {
        call.cloud.api.cloudwatch.delete_alarms().alarm_names(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

impl Alarm {
    async fn put(&self, call: &Call<'_, Aws>, id: &AlarmName, tags: Option<Vec<Tag>>) -> CloudResult<()> {
        let settings = self.condition.settings(call.book).now()?;
        let request =
            call.cloud.api.cloudwatch.put_metric_alarm().alarm_name(&id.0).alarm_description(&self.description);
        let request =
            request.comparison_operator(ComparisonOperator::GreaterThanThreshold).threshold(settings.threshold);
        let request = request.evaluation_periods(settings.periods).treat_missing_data("notBreaching");
        let request = request.set_alarm_actions(Some(settings.actions)).set_tags(tags);
        let request = match settings.what {
            Watched::Expression(queries) => request.set_metrics(Some(queries)),
            Watched::Metric { namespace, name, dimension } => {
                let request = request.namespace(namespace).metric_name(name).statistic(Statistic::Maximum);
                request.period(PERIOD).dimensions(dimension)
            }
        };
        request.send().await.map_err(with_references)?;
        Ok(())
    }
}

/// All that begin with the stack's name, whoever's they are.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(AlarmName, Observed)>> {
    let request = cloud.api.cloudwatch.describe_alarms().alarm_name_prefix(format!("{}-", owner.stack));
    let pages = request.max_records(100).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(pages.iter().flat_map(|page| page.metric_alarms()).filter_map(observed).collect())
}

/// Those that the owner has tagged.
async fn owned(
    cloud: &Aws,
    owner: &Owner,
    listed: Vec<(AlarmName, Observed)>,
) -> CloudResult<Vec<(Key, (AlarmName, Observed))>> {
    let key = async |(id, seen): (AlarmName, Observed)| {
        let tags = match cloud.api.cloudwatch.list_tags_for_resource().resource_arn(&seen.arn).send().await {
            Err(e) if is_absent(&e) => return Ok(None),
            answer => answer.map_err(classify)?.tags.unwrap_or_default(),
        };
        let tags = Tags::collect(tags.iter().map(|tag| (tag.key(), tag.value())));
        Ok(tags.key_of(owner).map(|key| (key, (id, seen))))
    };
    each(listed, key).await
}

// conversions

/// An alarm in CloudWatch's terms.
struct Settings {
    what: Watched,
    threshold: f64,
    periods: i32,
    actions: Vec<String>,
}

enum Watched {
    Expression(Vec<MetricDataQuery>),
    Metric { namespace: &'static str, name: &'static str, dimension: Dimension },
}

impl Condition {
    fn settings(&self, book: &Book) -> Known<Settings> {
        match self {
            Self::NobodyAtWork { queue, group, policy } => {
                let known = book.known(queue).and(book.known(group)).and(book.known(policy));
                known.map(|((queue, group), policy)| Settings {
                    what: Watched::Expression(waiting_for_nobody(&queue.name, &group.name.0)),
                    threshold: 0.0,
                    periods: 1,
                    actions: vec![policy.arn],
                })
            }
            Self::Late { queue, seconds } => book.known(queue).map(|queue| Settings {
                what: Watched::Metric {
                    namespace: "AWS/SQS",
                    name: "ApproximateAgeOfOldestMessage",
                    dimension: dimension("QueueName", &queue.name),
                },
                threshold: f64::from(*seconds),
                periods: 3,
                actions: Vec::new(),
            }),
        }
    }
}

impl Settings {
    fn form(&self) -> Value {
        let what = match &self.what {
            Watched::Expression(queries) => queries_form(queries),
            Watched::Metric { namespace, name, dimension } => {
                metric_form(Some(namespace), Some(name), std::slice::from_ref(dimension))
            }
        };
        json!({ "what": what, "threshold": self.threshold, "periods": self.periods, "actions": self.actions })
    }
}

/// How many messages wait, as long as no clone is even wanted; else nothing. One that is on its way must not be asked for again: by then the
/// group may have been told to have more.
fn waiting_for_nobody(queue: &str, group: &str) -> Vec<MetricDataQuery> {
    let metric = |id: &str, namespace: &str, name: &str, dimension: Dimension, stat: &str| {
        let metric = Metric::builder().namespace(namespace).metric_name(name).dimensions(dimension).build();
        let stat = MetricStat::builder().metric(metric).period(PERIOD).stat(stat).build();
        MetricDataQuery::builder().id(id).metric_stat(stat).return_data(false).build()
    };
    let (visible, clones) = ("ApproximateNumberOfMessagesVisible", "GroupDesiredCapacity");
    vec![
        metric("waiting", "AWS/SQS", visible, dimension("QueueName", queue), "Maximum"),
        metric("clones", "AWS/AutoScaling", clones, dimension("AutoScalingGroupName", group), "Maximum"),
        MetricDataQuery::builder()
            .id("alone")
            .expression("IF(FILL(clones, 0) < 1, waiting, 0)")
            .label("messages that nobody takes")
            .return_data(true)
            .build(),
    ]
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn observed(alarm: &MetricAlarm) -> Option<(AlarmName, Observed)> {
    let what = if alarm.metrics().is_empty() {
        metric_form(alarm.namespace(), alarm.metric_name(), alarm.dimensions())
    } else {
        queries_form(alarm.metrics())
    };
    let condition = json!({
        "what": what,
        "threshold": alarm.threshold(),
        "periods": alarm.evaluation_periods(),
        "actions": alarm.alarm_actions(),
    });
    let description = alarm.alarm_description().unwrap_or_default().into();
    let observed = Observed { arn: alarm.alarm_arn()?.into(), description, condition };
    Some((AlarmName(alarm.alarm_name()?.into()), observed))
}

fn metric_form(namespace: Option<&str>, name: Option<&str>, dimensions: &[Dimension]) -> Value {
    let dimensions: Vec<_> = dimensions.iter().map(|dimension| [dimension.name(), dimension.value()]).collect();
    json!({ "metric": [namespace, name], "dimensions": dimensions })
}

fn queries_form(queries: &[MetricDataQuery]) -> Value {
    let form = |query: &MetricDataQuery| {
        let stat = query.metric_stat();
        let metric = stat.and_then(|stat| stat.metric());
        json!({
            "id": query.id(),
            "expression": query.expression(),
            "metric": metric.map(|metric| metric_form(metric.namespace(), metric.metric_name(), metric.dimensions())),
            "stat": stat.and_then(|stat| stat.stat()),
        })
    };
    // By id: nobody promises that the order stays.
    let by_id: BTreeMap<&str, Value> =
        queries.iter().map(|query| (query.id().unwrap_or_default(), form(query))).collect();
    Value::Array(by_id.into_values().collect())
}
