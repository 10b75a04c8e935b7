//! A generated password in Secrets Manager.
//!
//! The value is made by AWS, goes from AWS into the one request that needs it, and is never written down: not in state, plan, journal, log
//! or output. Another password is another secret: made first, then taken into use, then the old one goes.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, Tag};
use serde::{Deserialize, Serialize};

use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::secret_text::SecretText;
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A secret: `{"username": …, "password": …}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Secret {
    /// What it is for.
    pub description: String,
    /// The user that the password belongs to, if there is one.
    pub username: Option<String>,
    /// For how many days a deleted secret can be brought back, 7 to 30. `None`: it is gone at once.
    pub recovery_days: Option<u32>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The secret's ARN.
    SecretArn
}

/// What Secrets Manager tells about a secret. Not its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// What it is for.
    pub description: String,
    /// All tags.
    pub tags: Tags,
}

/// What others need of a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
}

// rules

impl Resource for Secret {
    const KIND: &'static str = "secret";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    /// Nobody else knows the password.
    const HOLDS_DATA: bool = true;
    type Id = SecretArn;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &SecretArn, _: &Observed) -> Outputs {
        Outputs { arn: id.0.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { description, username, recovery_days, tags } = self;
        diff.in_place("description", description, &seen.description);
        diff.unseen("username", Manner::Replace, username);
        // Matters when it is deleted, and is read from the record then.
        diff.unseen("recovery_days", Manner::InPlace, recovery_days);
        diff.owned_entries("tags", &tags.0, &seen.tags.0);
    }

    fn remains(&self, id: &SecretArn) -> Vec<String> {
        let kept =
            self.recovery_days.map(|days| format!("the secret {}, which can be brought back for {days} days", id.0));
        kept.into_iter().collect()
    }
}

// cloud calls

/// RDS refuses `/`, `@`, `"` and spaces, ElastiCache more; letters and digits please everyone. 40 of them hold 238 bits.
const LENGTH: i64 = 40;

impl Manage for Secret {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[SecretArn], _: Look) -> CloudResult<Vec<(SecretArn, Observed)>> {
        let mut found = Vec::new();
        for id in ids {
            let secret = match cloud.api.secrets.describe_secret().secret_id(&id.0).send().await {
                Err(e) if is_absent(&e) => continue,
                answer => answer.map_err(classify)?,
            };
            // One that waits for its deletion can be brought back, but is no longer there to be used.
            if secret.deleted_date().is_none() {
                let tags = Tags::collect(secret.tags().iter().map(|tag| (tag.key(), tag.value())));
                found.push((id.clone(), Observed { description: secret.description.unwrap_or_default(), tags }));
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, SecretArn)>> {
        let found = list(cloud, owner).await?.into_iter();
        Ok(found.filter_map(|(id, seen)| Some((seen.tags.key_of(owner)?, id))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(list(cloud, wanted.owner()).await?, wanted.owner(), |seen| &seen.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<SecretArn> {
        let request = call.cloud.api.secrets.get_random_password().password_length(LENGTH).exclude_punctuation(true);
        let password = request.send().await.map_err(classify)?.random_password.unwrap_or_default();
        let content = Content { username: self.username.clone(), password: SecretText::new(password) };
        let value = content.write()?;
        let request = call.cloud.api.secrets.create_secret().name(name(call, 512)).description(&self.description);
        // A token has 32 to 64 characters.
        let request =
            request.client_request_token(format!("pando-{}", call.key.as_str())).secret_string(value.expose());
        let tags = self.tags.with_identity(call).into_iter().map(|(key, value)| tag(key, value)).collect();
        let redacted = |e| value.redact(content.password.redact(classify(e)));
        Ok(SecretArn(request.set_tags(Some(tags)).send().await.map_err(redacted)?.arn.unwrap_or_default()))
    }

    fn as_made(&self, _: &Call<'_, Aws>, _: &SecretArn) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed { description: self.description.clone(), tags: self.tags.clone() }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &SecretArn, seen: &Observed) -> CloudResult<()> {
        let secrets = &call.cloud.api.secrets;
        if seen.description != self.description {
            let request = secrets.update_secret().secret_id(&id.0).description(&self.description);
            request.send().await.map_err(classify)?;
        }
        let missing = self.tags.missing_in(&seen.tags);
        if !missing.is_empty() {
            let tags = missing.into_iter().map(|(key, value)| tag(key, value)).collect();
            secrets.tag_resource().secret_id(&id.0).set_tags(Some(tags)).send().await.map_err(classify)?;
        }
        let dropped = self.tags.dropped(&Tags::recorded(call), call);
        if !dropped.is_empty() {
            secrets.untag_resource().secret_id(&id.0).set_tag_keys(Some(dropped)).send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &SecretArn) -> CloudResult<()> {
        let request = call.cloud.api.secrets.delete_secret().secret_id(&id.0);
        let request = match self.recovery_days {
            Some(days) => request.recovery_window_in_days(days.into()),
            None => request.force_delete_without_recovery(true),
        };
        match request.send().await.map_err(classify) {
            // It waits for its end already; that one can still be brought back must not stop a second run.
            Err(CloudError::Refused(why)) if is_on_its_way_out(&why) => Ok(()),
            answer => answer.map(drop),
        }
    }
}

/// All that begin with the stack's name and are not on their way out, whoever's they are, with their tags.
pub(in crate::aws) async fn listed(cloud: &Aws, stack: &str) -> CloudResult<Vec<(SecretListEntry, Tags)>> {
    let named = Filter::builder().key(FilterNameStringType::Name).values(format!("{stack}-")).build();
    let pages = cloud.api.secrets.list_secrets().filters(named).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let all = pages.into_iter().flat_map(|page| page.secret_list.unwrap_or_default());
    let there = all.filter(|secret| secret.deleted_date().is_none());
    let tagged = there.map(|secret| {
        let tags = Tags::collect(secret.tags().iter().map(|tag| (tag.key(), tag.value())));
        (secret, tags)
    });
    Ok(tagged.collect())
}

async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(SecretArn, Observed)>> {
    let seen = listed(cloud, &owner.stack).await?.into_iter().filter_map(|(secret, tags)| {
        Some((SecretArn(secret.arn?), Observed { description: secret.description.unwrap_or_default(), tags }))
    });
    Ok(seen.collect())
}

/// Secrets Manager has a code for requests that do not fit the secret's state, and only the text says which state that is.
fn is_on_its_way_out(why: &str) -> bool {
    let states = ["marked for deletion", "scheduled for deletion", "marked deleted"];
    why.starts_with("InvalidRequestException") && states.iter().any(|state| why.contains(state))
}

/// Reads the password of a secret, in memory.
pub(super) async fn password(cloud: &Aws, arn: &str) -> CloudResult<SecretText> {
    let answer = cloud.api.secrets.get_secret_value().secret_id(arn).send().await.map_err(with_references)?;
    let content = Content::read(answer.secret_string().unwrap_or_default());
    content.ok_or_else(|| CloudError::Refused(format!("the secret {arn} is not what Pando wrote there")))
}

/// What is kept in a secret.
struct Content {
    username: Option<String>,
    password: SecretText,
}

impl Content {
    fn write(&self) -> CloudResult<SecretText> {
        #[derive(Serialize)]
        struct Text<'a> {
            password: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
        }
        let text = Text { password: self.password.expose(), username: self.username.as_deref() };
        let json = serde_json::to_string(&text).map_err(|_| CloudError::Refused("the secret is no JSON".into()))?;
        Ok(SecretText::new(json))
    }

    /// What is wrong with it is not said: the error would quote it.
    fn read(text: &str) -> Option<SecretText> {
        #[derive(Deserialize)]
        struct Text {
            password: String,
        }
        let text: Text = serde_json::from_str(text).ok()?;
        Some(SecretText::new(text.password))
    }
}

fn tag(key: String, value: String) -> Tag {
    Tag::builder().key(key).value(value).build()
}
