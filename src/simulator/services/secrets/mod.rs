//! AWS Secrets Manager.

mod lifecycle;
mod listing;
mod passwords;
mod policies;
mod tagging;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::clock::Moment;
use super::super::constraints::Constraints;
use super::super::input::Input;
use super::super::output::{Tree, named, object};
use super::super::refusal::Refusal;
use super::super::scene::Scene;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;
use super::super::tags::Tags;

pub(crate) use lifecycle::{create_managed, delete_managed};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "secretsmanager",
    protocol: Protocol::Json { version: "1.1", namespace: "" },
    areas: &[
        lifecycle::ACTIONS,
        values::ACTIONS,
        listing::ACTIONS,
        passwords::ACTIONS,
        policies::ACTIONS,
        tagging::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// By name.
    secrets: Shelf<Secret>,
}

/// A secret.
#[derive(Clone, Debug, Default, Serialize)]
struct Secret {
    arn: String,
    description: Option<String>,
    key: Option<String>,
    tags: Tags,
    created: Moment,
    changed: Moment,
    /// The day on which its value was last read.
    accessed: Option<Moment>,
    /// When it will be gone, if it was deleted.
    ends: Option<Moment>,
    policy: Option<String>,
    /// The service of AWS that manages it.
    owner: Option<String>,
    /// By id, which is the token of the call that made it.
    versions: BTreeMap<String, Version>,
}

/// A value that a secret has or had.
#[derive(Clone, Debug, Serialize)]
struct Version {
    value: Value,
    created: Moment,
    stages: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Value {
    Text(String),
    /// In base 64, as the wire has it.
    Binary(String),
}

/// The stage of the version that counts, and of the one before.
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The answer of the service to parameters that cannot be.
const CHECKS: Constraints = Constraints("ValidationException");

impl Secret {
    /// The id of the version with this stage.
    fn staged(&self, stage: &str) -> Option<&str> {
        self.versions.iter().find(|(_, version)| version.stages.contains(stage)).map(|(id, _)| id.as_str())
    }

    /// Gives a stage to a version and takes it from the one that had it. The one that was current becomes the previous one.
    fn stage(&mut self, stage: &str, to: &str) {
        let before = self.staged(stage).map(str::to_owned).filter(|before| before != to);
        self.unstage(stage);
        if let Some(version) = self.versions.get_mut(to) {
            version.stages.insert(stage.to_owned());
            if stage == CURRENT {
                version.stages.remove(PREVIOUS);
            }
        }
        if let Some(before) = before.filter(|_| stage == CURRENT) {
            self.stage(PREVIOUS, &before);
        }
    }

    /// Takes a stage from the version that has it.
    fn unstage(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
    }

    /// Which versions have stages, as answers show it.
    fn stages(&self) -> Option<Tree> {
        let staged = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        let fields: Vec<_> =
            staged.map(|(id, version)| (id.clone().into(), named("", version.stages.clone()))).collect();
        (!fields.is_empty()).then_some(Tree::Object(fields))
    }

    /// Name and ARN, which most calls answer.
    fn brief(&self, name: &str) -> Tree {
        object! { "ARN" => &self.arn, "Name" => name.to_owned() }
    }
}

/// The name of the secret that a call means: `SecretId` is a name, an ARN, or an ARN without the random end.
fn name_of(scene: &Scene<'_>, id: &str) -> Result<String, Refusal> {
    let prefix = scene.arn("secretsmanager", "secret:");
    let secrets = &scene.here.secrets.secrets;
    let is_meant = |name: &str, secret: &Secret| secret.arn == id || id.strip_prefix(&prefix) == Some(name);
    let name = match secrets.seen(id, scene.sight) {
        Some(_) => Some(id),
        None if id.starts_with("arn:") => {
            secrets.visible(scene.sight).find(|(name, secret)| is_meant(name, secret)).map(|(name, _)| name)
        }
        None => None,
    };
    name.map(str::to_owned).ok_or_else(not_found)
}

/// The ARN of the secret with this id.
pub(crate) fn arn_of(scene: &Scene<'_>, id: &str) -> Option<String> {
    let name = name_of(scene, id).ok()?;
    Some(scene.here.secrets.secrets.get(&name)?.arn.clone())
}

/// The policy of the secret with this id.
pub(crate) fn policy(scene: &Scene<'_>, id: &str) -> Option<String> {
    let name = name_of(scene, id).ok()?;
    scene.here.secrets.secrets.get(&name)?.policy.clone()
}

/// The secret that a call names, whether or not it is being deleted.
fn meant<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<(String, &'a mut Secret), Refusal> {
    let id = CHECKS.sized(input, "SecretId", (1, 2048))?;
    let name = name_of(scene, id)?;
    let secret = scene.here.secrets.secrets.get_mut(&name).ok_or_else(not_found)?;
    Ok((name, secret))
}

/// The secret that a call names, unless it is being deleted.
fn living<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<(String, &'a mut Secret), Refusal> {
    let (name, secret) = meant(scene, input)?;
    Scene::ensure(secret.ends.is_none(), marked)?;
    Ok((name, secret))
}

fn not_found() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn marked() -> Refusal {
    let words = "You can't perform this operation on the secret because it was marked for deletion.";
    Refusal::new("InvalidRequestException", words)
}

fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", words)
}

fn exists(words: impl Into<String>) -> Refusal {
    Refusal::new("ResourceExistsException", words)
}
