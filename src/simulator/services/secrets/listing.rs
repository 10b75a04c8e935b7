//! Finding secrets, and reading several at once.

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::pages::Page;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::lifecycle::shown;
use super::{CHECKS, Secret, invalid, marked, name_of, values};

pub(super) const ACTIONS: &[Action] = &[action("BatchGetSecretValue", get_batch), action("ListSecrets", list)];

/// The keys of filters.
const KEYS: &[&str] = &["description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"];

/// What a caller looks for: all of the filters, any of the values of each.
fn read_filters(input: &Input) -> Result<Vec<(String, Vec<&str>)>, Refusal> {
    let mut filters = Vec::new();
    for filter in input.list("Filters") {
        let key = CHECKS.one_of(filter, "Key", KEYS)?.ok_or_else(|| invalid("Invalid filter key"))?;
        let values = filter.texts("Values");
        Scene::ensure(!values.is_empty(), || invalid("Invalid filter values"))?;
        filters.push((key.to_owned(), values));
    }
    Ok(filters)
}

/// Whether a secret passes them. A value stands for all that begins with it; an exclamation mark before it turns it round
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html>).
fn passes(scene: &Scene<'_>, filters: &[(String, Vec<&str>)], name: &str, secret: &Secret) -> bool {
    let begins = |text: &str, value: &str| text.starts_with(value);
    let begins_in_any_case = |text: &str, value: &str| text.to_lowercase().starts_with(&value.to_lowercase());
    let fits = |key: &str, value: &str| match key {
        "name" => begins(name, value),
        "description" => begins_in_any_case(secret.description.as_deref().unwrap_or_default(), value),
        "tag-key" => secret.tags.iter().any(|(key, _)| begins(key, value)),
        "tag-value" => secret.tags.iter().any(|(_, tag)| begins(tag, value)),
        "primary-region" => begins(&scene.place.region, value),
        "owning-service" => begins(secret.owner.as_deref().unwrap_or_default(), value),
        _ => {
            let texts = [name, secret.description.as_deref().unwrap_or_default()];
            let tags = secret.tags.iter().flat_map(|(key, tag)| [key, tag]);
            let words: Vec<String> = texts.into_iter().chain(tags).flat_map(words).collect();
            value.split_whitespace().all(|part| words.iter().any(|word| begins_in_any_case(word, part)))
        }
    };
    filters.iter().all(|(key, values)| {
        values.iter().any(|value| match value.strip_prefix('!') {
            Some(value) => !fits(key, value),
            None => fits(key, value),
        })
    })
}

/// A text, and the words in it.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|sign: char| !sign.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.chain([text]).map(str::to_owned).collect()
}

/// A sign that comes before others when this one comes after them: names have signs of ASCII only.
fn complement_of(sign: char) -> char {
    u8::try_from(sign).map_or(sign, |byte| char::from(127_u8.saturating_sub(byte)))
}

/// A key in whose order secrets are listed.
fn order(input: &Input) -> Result<impl Fn(&str, &Secret) -> String, Refusal> {
    let by = CHECKS.one_of(input, "SortBy", &["created-date", "last-accessed-date", "last-changed-date", "name"])?;
    let by = by.unwrap_or("created-date").to_owned();
    let is_upwards = CHECKS.one_of(input, "SortOrder", &["asc", "desc"])? == Some("asc");
    Ok(move |name: &str, secret: &Secret| {
        let at = match by.as_str() {
            "created-date" => secret.created.0,
            "last-changed-date" => secret.changed.0,
            "last-accessed-date" => secret.accessed.unwrap_or_default().0,
            _ => 0,
        };
        if is_upwards {
            return format!("{at:020}{name}");
        }
        let complement: String = name.chars().chain(['\0']).map(complement_of).collect();
        format!("{:020}{complement}", u64::MAX - at)
    })
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = Page::read(input, "MaxResults", "NextToken", (1, 100), "InvalidNextTokenException")?;
    let filters = read_filters(input)?;
    let with_deleted = input.flag("IncludePlannedDeletion") == Some(true);
    let order = order(input)?;
    let secrets = scene.here.secrets.secrets.visible(scene.sight);
    let secrets = secrets.filter(|(_, secret)| with_deleted || secret.ends.is_none());
    let found = secrets.filter(|(name, secret)| passes(scene, &filters, name, secret));
    let mut found: Vec<(String, Tree)> = found
        .map(|(name, secret)| {
            (order(name, secret), shown(name, secret).with("SecretVersionsToStages", secret.stages()))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (found, token) = page.cut(found);
    Ok(object! { "SecretList" => Tree::List("", found), "NextToken" => token })
}

/// Several secrets, by id or by filter; what cannot be read is told apart from what can.
fn get_batch(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = input.texts("SecretIdList");
    if ids.is_empty() != input.has("Filters") {
        return Err(invalid("Either 'SecretIdList' or 'Filters' must be provided, but not both."));
    }
    let (found, token) = if ids.is_empty() {
        let filters = read_filters(input)?;
        let page = Page::read(input, "MaxResults", "NextToken", (1, 20), "InvalidNextTokenException")?;
        let secrets = scene.here.secrets.secrets.visible(scene.sight);
        let secrets = secrets.filter(|(name, secret)| secret.ends.is_none() && passes(scene, &filters, name, secret));
        page.cut(secrets.map(|(name, _)| (name.to_owned(), Tree::Text(name.to_owned().into()))))
    } else {
        CHECKS.count("SecretIdList", &ids, (1, 20))?;
        (ids.into_iter().map(|id| Tree::Text(id.to_owned().into())).collect(), None)
    };
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for tree in found {
        let Tree::Text(id) = tree else { continue };
        match get_one(scene, &id) {
            Ok(value) => values.push(value),
            Err(refusal) => errors.push(object! {
                "SecretId" => id.into_owned(),
                "ErrorCode" => refusal.code.into_owned(),
                "Message" => refusal.message,
            }),
        }
    }
    Ok(object! { "SecretValues" => Tree::List("", values), "NextToken" => token, "Errors" => Tree::List("", errors) })
}

fn get_one(scene: &mut Scene<'_>, id: &str) -> Answer {
    let (name, now) = (name_of(scene, id)?, scene.now);
    let secret = scene.here.secrets.secrets.get_mut(&name).ok_or_else(super::not_found)?;
    Scene::ensure(secret.ends.is_none(), marked)?;
    let version = values::current(secret)?;
    values::read_value(&name, secret, &version, now)
}
