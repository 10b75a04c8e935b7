//! A queue of SQS, encrypted and open to TLS only.

#![expect(clippy::disallowed_types, reason = "the SDK wants a HashMap; its order reaches nothing of ours")]

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::sightings::{placed, standing};
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A standard queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queue {
    /// Where a message goes that nobody could work on.
    pub dead_letters: Option<DeadLetters>,
    /// How long a message that was taken is hidden from others, in seconds.
    pub visibility_seconds: u32,
    /// How long a message is kept, in seconds.
    pub retention_seconds: u32,
    /// The user's tags.
    pub tags: Tags,
}

/// Where a message goes that nobody could work on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetters {
    /// The queue for them.
    pub queue: Ref<Queue>,
    /// After how many attempts.
    pub after_attempts: u32,
}

// identity, observation, outputs

super::id! {
    /// The queue's URL.
    QueueUrl
}

/// What SQS tells about a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// Where dead letters go (an ARN), and after how many attempts.
    pub dead_letters: Option<(String, u32)>,
    /// How long a message that was taken is hidden, in seconds.
    pub visibility_seconds: u32,
    /// How long a message is kept, in seconds.
    pub retention_seconds: u32,
    /// Encrypted with SQS's own key.
    pub encrypted: bool,
    /// Who may do what, as a policy document.
    pub policy: Option<Value>,
}

/// What others need of a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its URL.
    pub url: QueueUrl,
    /// Its ARN.
    pub arn: String,
    /// Its name, the dimension of its metrics.
    pub name: String,
}

// rules

impl Resource for Queue {
    const KIND: &'static str = "queue";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    /// The jobs that nobody has taken yet.
    const HOLDS_DATA: bool = true;
    /// SQS needs up to a minute, and does not take it back (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>).
    const GOES_AT_ONCE: bool = true;
    type Id = QueueUrl;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &QueueUrl, seen: &Observed) -> Outputs {
        let name = seen.arn.rsplit(':').next().unwrap_or_default().to_owned();
        Outputs { url: id.clone(), arn: seen.arn.clone(), name }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { dead_letters, visibility_seconds, retention_seconds, tags } = self;
        let dead =
            dead_letters.as_ref().map(|dead| diff.outputs(&dead.queue).map(|queue| (queue.arn, dead.after_attempts)));
        diff.in_place("dead_letters", dead, &seen.dead_letters);
        diff.in_place("visibility_seconds", visibility_seconds, &seen.visibility_seconds);
        diff.in_place("retention_seconds", retention_seconds, &seen.retention_seconds);
        diff.in_place("encrypted", &true, &seen.encrypted);
        diff.in_place("policy", Some(Known::Now(tls_only(&seen.arn))), &seen.policy);
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for Queue {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    /// SQS deletes and changes "within 60 seconds", and refuses a name for as long.
    /// Its answers go back and forth meanwhile; Terraform's provider believes six agreeing ones.
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300).stable(3);

    async fn read(cloud: &Aws, ids: &[QueueUrl], _: Look) -> CloudResult<Vec<(QueueUrl, Observed)>> {
        let mut found = Vec::new();
        for id in ids {
            let request = cloud.api.sqs.get_queue_attributes().queue_url(&id.0).attribute_names(Attribute::All);
            match request.send().await {
                Err(e) if is_absent(&e) || crate::aws::failure::code(&e).contains("NonExistentQueue") => {}
                answer => {
                    let attributes = answer.map_err(classify)?.attributes.unwrap_or_default();
                    found.extend(observed(&attributes).map(|seen| (id.clone(), seen)));
                }
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, QueueUrl)>> {
        owned(cloud, owner, list(cloud, owner).await?).await
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let (mut found, others) = placed(list(cloud, wanted.owner()).await?, wanted, |id| &id.0);
        found.extend(owned(cloud, wanted.owner(), others).await?);
        Ok(standing::<Self>(found, |id| {
            let name = id.0.rsplit('/').next().unwrap_or_default().to_owned();
            Outputs { url: id.clone(), arn: cloud.arn("sqs", &name), name }
        }))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<QueueUrl> {
        let name = name(call, 80);
        let tags = self.tags.with_identity(call).into_iter().collect();
        let attributes = self.attributes(call, &call.cloud.arn("sqs", &name))?;
        let request = call.cloud.api.sqs.create_queue().queue_name(name);
        let request = request.set_attributes(Some(attributes)).set_tags(Some(tags));
        Ok(QueueUrl(request.send().await.map_err(with_references)?.queue_url.unwrap_or_default()))
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &QueueUrl) -> CloudResult<Option<Observed>> {
        let Self { dead_letters, visibility_seconds, retention_seconds, tags: _ } = self;
        let arn = call.cloud.arn("sqs", id.0.rsplit('/').next().unwrap_or_default());
        let dead_letters = match dead_letters {
            Some(dead) => Some((call.outputs(&dead.queue)?.arn, dead.after_attempts)),
            None => None,
        };
        Ok(Some(Observed {
            policy: Some(tls_only(&arn)),
            arn,
            dead_letters,
            visibility_seconds: *visibility_seconds,
            retention_seconds: *retention_seconds,
            encrypted: true,
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &QueueUrl, seen: &Observed) -> CloudResult<()> {
        let sqs = &call.cloud.api.sqs;
        let mut attributes = self.attributes(call, &seen.arn)?;
        if self.dead_letters.is_none() && seen.dead_letters.is_some() {
            attributes.insert(Attribute::RedrivePolicy, String::new());
        }
        let request = sqs.set_queue_attributes().queue_url(&id.0).set_attributes(Some(attributes));
        request.send().await.map_err(with_references)?;
        let before = Tags::recorded(call);
        let missing = self.tags.missing_in(&before);
        if !missing.is_empty() {
            let request = sqs.tag_queue().queue_url(&id.0).set_tags(Some(missing.into_iter().collect()));
            request.send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&before, call);
        if !dropped.is_empty() {
            sqs.untag_queue().queue_url(&id.0).set_tag_keys(Some(dropped)).send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &QueueUrl) -> CloudResult<()> {
        call.cloud.api.sqs.delete_queue().queue_url(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

/// All that begin with the stack's name, whoever's they are.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<QueueUrl>> {
    let request = cloud.api.sqs.list_queues().queue_name_prefix(format!("{}-", owner.stack)).max_results(1000);
    let urls = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(urls.into_iter().map(QueueUrl).collect())
}

/// Those that the owner has tagged.
async fn owned(cloud: &Aws, owner: &Owner, listed: Vec<QueueUrl>) -> CloudResult<Vec<(Key, QueueUrl)>> {
    let key = async |id: QueueUrl| {
        let tags = match cloud.api.sqs.list_queue_tags().queue_url(&id.0).send().await {
            // Listed a moment ago and gone since.
            Err(e) if is_absent(&e) => return Ok(None),
            answer => answer.map_err(classify)?.tags.unwrap_or_default(),
        };
        let tags = Tags(tags.into_iter().collect());
        Ok(tags.key_of(owner).map(|key| (key, id)))
    };
    each(listed, key).await
}

// conversions

impl Queue {
    fn attributes(&self, call: &Call<'_, Aws>, arn: &str) -> CloudResult<HashMap<Attribute, String>> {
        let mut attributes = HashMap::from([
            (Attribute::VisibilityTimeout, self.visibility_seconds.to_string()),
            (Attribute::MessageRetentionPeriod, self.retention_seconds.to_string()),
            (Attribute::SqsManagedSseEnabled, "true".to_owned()),
            (Attribute::Policy, tls_only(arn).to_string()),
        ]);
        if let Some(DeadLetters { queue, after_attempts }) = &self.dead_letters {
            let policy = json!({
                "deadLetterTargetArn": call.outputs(queue)?.arn,
                "maxReceiveCount": after_attempts,
            });
            attributes.insert(Attribute::RedrivePolicy, policy.to_string());
        }
        Ok(attributes)
    }
}

/// Refuses whatever comes without TLS. Allows nothing: that is the business of the roles.
fn tls_only(arn: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn,
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    })
}

fn observed(attributes: &HashMap<Attribute, String>) -> Option<Observed> {
    let number = |name: Attribute| attributes.get(&name).and_then(|value| value.parse().ok());
    let json = |name: Attribute| attributes.get(&name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let dead_letters = json(Attribute::RedrivePolicy).and_then(|policy| {
        // A number in the documentation, a string in what some clients send.
        let count = &policy["maxReceiveCount"];
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        Some((policy["deadLetterTargetArn"].as_str()?.to_owned(), u32::try_from(count).ok()?))
    });
    Some(Observed {
        arn: attributes.get(&Attribute::QueueArn)?.clone(),
        dead_letters,
        visibility_seconds: number(Attribute::VisibilityTimeout)?,
        retention_seconds: number(Attribute::MessageRetentionPeriod)?,
        encrypted: attributes.get(&Attribute::SqsManagedSseEnabled).is_some_and(|value| value == "true"),
        policy: json(Attribute::Policy),
    })
}
