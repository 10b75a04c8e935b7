//! An IAM role with its one inline policy.
//!
//! The policy is part of the role: it is named in the role's statements, and goes with it. Managed policies are not attached: AWS's own
//! `AmazonSSMManagedInstanceCore` lets a clone read every parameter of the account, which is more than it needs.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::queue::Queue;
use super::secret::Secret;
use crate::aws::at_once::each;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::iam::{iam_tags, instance_profiles, path, seen_tags, tags_on};
use crate::aws::naming::name;
use crate::aws::sightings::{placed, standing};
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Book, Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Who may take it on: `ec2.amazonaws.com`.
    pub service: String,
    /// What it may do.
    pub statements: Vec<Statement>,
    /// The user's tags.
    pub tags: Tags,
}

/// One permission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statement {
    /// Its name within the policy, letters and digits.
    pub sid: String,
    /// What may be done: `sqs:SendMessage`.
    pub actions: Vec<String>,
    /// To what.
    pub resources: Vec<Object>,
}

/// What a permission is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// An ARN or a pattern of ARNs.
    Arn(String),
    /// A queue of this stack.
    Queue(Ref<Queue>),
    /// A secret of this stack.
    Secret(Ref<Secret>),
}

// identity, observation, outputs

super::id! {
    /// The role's name.
    RoleName
}

/// What IAM tells about a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Who may take it on, as a policy document.
    pub trust: Value,
    /// What it may do, as a policy document.
    pub policy: Option<Value>,
    /// All tags. A profile that hands the role out does not tell them.
    pub tags: Option<Tags>,
}

/// What others need of a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: RoleName,
}

// rules

impl Resource for Role {
    const KIND: &'static str = "role";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = RoleName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &RoleName, _: &Observed) -> Outputs {
        Outputs { name: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { service, statements, tags } = self;
        diff.in_place("service", &trust(service), &seen.trust);
        diff.in_place("statements", Some(document(statements, diff.book())), &seen.policy);
        tags.compare(seen.tags.as_ref(), diff);
    }
}

// cloud calls

/// The inline policy's name, the same in every role.
const POLICY: &str = "pando";

impl Manage for Role {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(3, 180);

    async fn read(cloud: &Aws, ids: &[RoleName], look: Look) -> CloudResult<Vec<(RoleName, Observed)>> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(read_one(cloud, id, look).await?.map(|seen| (id.clone(), seen)));
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, RoleName)>> {
        owned(cloud, owner, list(cloud, owner).await?).await
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        let (mut found, others) = placed(list(cloud, wanted.owner()).await?, wanted, |id| &id.0);
        found.extend(owned(cloud, wanted.owner(), others).await?);
        Ok(standing::<Self>(found, |id| Outputs { name: id.clone() }))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<RoleName> {
        let name = name(call, 64);
        let request = call.cloud.api.iam.create_role().role_name(&name).path(path(call.owner));
        let request = request.assume_role_policy_document(trust(&self.service).to_string());
        request.set_tags(Some(tags_on(&self.tags, call)?)).send().await.map_err(classify)?;
        Ok(RoleName(name))
    }

    fn as_made(&self, _: &Call<'_, Aws>, _: &RoleName) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed { trust: trust(&self.service), policy: None, tags: Some(self.tags.clone()) }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &RoleName, seen: &Observed) -> CloudResult<()> {
        let iam = &call.cloud.api.iam;
        if seen.trust != trust(&self.service) {
            let request = iam.update_assume_role_policy().role_name(&id.0);
            request.policy_document(trust(&self.service).to_string()).send().await.map_err(classify)?;
        }
        let wanted = document(&self.statements, call.book).now()?;
        if seen.policy.as_ref() != Some(&wanted) {
            let request =
                iam.put_role_policy().role_name(&id.0).policy_name(POLICY).policy_document(wanted.to_string());
            request.send().await.map_err(with_references)?;
        }
        let before = Tags::before(seen.tags.as_ref(), call);
        let missing = self.tags.missing_in(&before);
        if !missing.is_empty() {
            let request = iam.tag_role().role_name(&id.0).set_tags(Some(iam_tags(missing)?));
            request.send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&before, call);
        if !dropped.is_empty() {
            let request = iam.untag_role().role_name(&id.0).set_tag_keys(Some(dropped));
            request.send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &RoleName) -> CloudResult<()> {
        let iam = &call.cloud.api.iam;
        match iam.delete_role_policy().role_name(&id.0).policy_name(POLICY).send().await {
            Err(e) if is_absent(&e) => {}
            answer => drop(answer.map_err(classify)?),
        }
        iam.delete_role().role_name(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

// conversions

fn document(statements: &[Statement], book: &Book) -> Known<Value> {
    let arn = |object: &Object| match object {
        Object::Arn(arn) => Known::Now(arn.clone()),
        Object::Queue(queue) => book.known(queue).map(|queue| queue.arn),
        Object::Secret(secret) => book.known(secret).map(|secret| secret.arn),
    };
    let statements: Known<Vec<Value>> = statements
        .iter()
        .map(|Statement { sid, actions, resources }| {
            let arns: Known<Vec<String>> = resources.iter().map(arn).collect();
            arns.map(|arns| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": arns }))
        })
        .collect();
    statements.map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn trust(service: &str) -> Value {
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// All under the stack's path, whoever's they are. The list shows neither tags nor policies.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<RoleName>> {
    let request = cloud.api.iam.list_roles().path_prefix(path(owner)).max_items(1000);
    let roles = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    Ok(roles.into_iter().map(|role| RoleName(role.role_name)).collect())
}

/// Those that the owner has tagged.
async fn owned(cloud: &Aws, owner: &Owner, listed: Vec<RoleName>) -> CloudResult<Vec<(Key, RoleName)>> {
    let key = async |id: RoleName| {
        let seen = read_one(cloud, &id, Look::Close).await?;
        Ok(seen.and_then(|seen| Some((seen.tags?.key_of(owner)?, id))))
    };
    each(listed, key).await
}

async fn read_one(cloud: &Aws, id: &RoleName, look: Look) -> CloudResult<Option<Observed>> {
    let (role, policy) = tokio::join!(trust_and_tags(cloud, id, look), policy(cloud, id));
    let (Some((trust, tags)), policy) = (role?, policy?) else { return Ok(None) };
    Ok(Some(Observed { trust, policy, tags }))
}

/// Who may take it on, and its tags. A brief look leaves them out if a profile that hands the role out tells the rest: IAM deletes no role that is
/// in a profile (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>), so the profile vouches for it.
async fn trust_and_tags(cloud: &Aws, id: &RoleName, look: Look) -> CloudResult<Option<(Value, Option<Tags>)>> {
    if look == Look::Brief {
        let profiles = instance_profiles(cloud).await?;
        let mut roles = profiles.iter().flat_map(|profile| profile.roles());
        let role = roles.find(|role| role.role_name == id.0);
        if let Some(trust) = role.and_then(|role| role.assume_role_policy_document()) {
            return Ok(Some((decode(trust), None)));
        }
    }
    let role = match cloud.api.iam.get_role().role_name(&id.0).send().await {
        Err(e) if is_absent(&e) => return Ok(None),
        answer => answer.map_err(classify)?.role,
    };
    let trust = |document: Option<&str>| decode(document.unwrap_or_default());
    Ok(role.map(|role| (trust(role.assume_role_policy_document()), Some(seen_tags(role.tags())))))
}

/// Its inline policy, if there is one.
async fn policy(cloud: &Aws, id: &RoleName) -> CloudResult<Option<Value>> {
    match cloud.api.iam.get_role_policy().role_name(&id.0).policy_name(POLICY).send().await {
        Err(e) if is_absent(&e) => Ok(None),
        answer => Ok(Some(decode(&answer.map_err(classify)?.policy_document))),
    }
}

/// IAM hands documents out percent-encoded (RFC 3986). One that is not JSON compares unequal to everything.
fn decode(document: &str) -> Value {
    let text = percent_decode_str(document).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_reads_back_as_it_was_sent() {
        let statement = Statement {
            sid: "Send".into(),
            actions: vec!["sqs:SendMessage".into()],
            resources: vec![Object::Arn("arn:aws:sqs:eu-west-1:123456789012:shop-*".into())],
        };
        let sent = document(&[statement], &Book::default()).now().unwrap();
        let text = sent.to_string();
        let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(decode(&encoded.to_string()), sent);
        assert_eq!(decode(&sent.to_string()), sent, "some emulators do not encode");
    }
}
