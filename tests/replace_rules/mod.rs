//! What a change demands, held against AWS's own schemas: a property that is create-only there must replace here, one that is not must not,
//! unless the row says why.
//!
//! The manner is not taken on trust: every property of every resource of the recording is changed, and the kind is asked.

mod constants;
mod mutation;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use pando::engine::change::Manner;
use serde::Deserialize;

use crate::support::recording::{Life, Recording};
use table::{Does, ROWS, Row, Stands};

/// An AWS resource type, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schema {
    properties: Vec<String>,
    #[serde(default)]
    create_only_properties: Vec<String>,
    #[serde(default)]
    conditional_create_only_properties: Vec<String>,
}

type Schemas = BTreeMap<String, Schema>;

fn schemas() -> Schemas {
    serde_json::from_str(include_str!("../data/aws-resource-schemas.json")).expect("schemas")
}

/// What the schema says of `EC2::VPC CidrBlock`. `Ok(None)`: it depends.
fn schema_says(path: &str, schemas: &Schemas) -> Result<Option<Does>, String> {
    let unknown = || format!("there is no `{path}` in AWS's schemas");
    let (of, property) = path.split_once(' ').ok_or_else(unknown)?;
    let schema = schemas.get(&format!("AWS::{of}")).ok_or_else(unknown)?;
    let has = |list: &[String]| list.iter().any(|name| name == property);
    if !has(&schema.properties) {
        return Err(unknown());
    }
    Ok(match (has(&schema.create_only_properties), has(&schema.conditional_create_only_properties)) {
        (true, _) => Some(Does::Replace),
        (false, true) => None,
        (false, false) => Some(Does::Update),
    })
}

/// What a row demands of a property. `Ok(None)`: either.
fn demanded(stands: &Stands, schemas: &Schemas) -> Result<Option<Does>, String> {
    let (paths, unlike) = match *stands {
        Stands::Outside(does, _) => return Ok(Some(does)),
        Stands::For(paths) => (paths, None),
        Stands::Unlike(paths, does, _) => (paths, Some(does)),
    };
    let said = paths.iter().map(|path| schema_says(path, schemas)).collect::<Result<BTreeSet<_>, _>>()?;
    let mut said = said.into_iter();
    let (Some(first), None) = (said.next(), said.next()) else {
        return Err(format!("the schemas do not agree on {paths:?}"));
    };
    match unlike {
        Some(_) if first.is_none() => Err("the schema allows both, so it is no exception".into()),
        Some(does) if first == Some(does) => Err("the schema says the same, so it is no exception".into()),
        Some(does) => Ok(Some(does)),
        None => Ok(first),
    }
}

/// What the kind makes of a change of one property of one resource. `None`: there is nothing to change in it.
fn found(life: &Life, field: &str, others: &[Life]) -> Option<Result<Does, String>> {
    let (to, book) = mutation::mutated(life, field, others)?;
    let changes = match life.kind.compare(&to, &life.request, &life.close, &book) {
        Ok(changes) => changes,
        Err(e) => return Some(Err(format!("{e}; say in table.rs how to change it: {}", to[field]))),
    };
    let own = changes.0.iter().filter(|change| change.field == field);
    let manners: BTreeSet<Does> = own.map(|change| Does::from(change.manner)).collect();
    Some(match manners.into_iter().collect::<Vec<_>>().as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("nothing comes of changing it to {}", to[field])),
        _ => Err("it both updates and replaces".into()),
    })
}

fn judge_property(row: &Row, field: &str, stands: &Stands, lives: &[Life], schemas: &Schemas) -> Vec<String> {
    let demanded = match demanded(stands, schemas) {
        Ok(demanded) => demanded,
        Err(why) => return vec![format!("{}.{field}: {why}", row.kind)],
    };
    let of_kind = lives.iter().filter(|life| life.kind.kind() == row.kind);
    let answers: Vec<_> = of_kind.filter_map(|life| Some((life, found(life, field, lives)?))).collect();
    if answers.is_empty() {
        return vec![format!("{}.{field}: no resource of the recording has it", row.kind)];
    }
    let problem = |(life, answer): (&Life, Result<Does, String>)| match answer {
        Ok(does) if demanded.is_none_or(|demanded| demanded == does) => None,
        Ok(does) => Some(format!("{}.{field}: it does {does:?}, and should {demanded:?}", life.at)),
        Err(why) => Some(format!("{}.{field}: {why}", life.at)),
    };
    answers.into_iter().filter_map(problem).collect()
}

#[tokio::test]
async fn every_property_replaces_or_updates_as_awss_own_schemas_say() {
    let (recording, schemas) = (Recording::get().await, schemas());
    let mut problems = Vec::new();
    for kind in recording.kinds() {
        let Some(row) = ROWS.iter().find(|row| row.kind == kind) else {
            problems.push(format!("{kind}: there is no row for it in table.rs"));
            continue;
        };
        let lives = recording.lives.iter().filter(|life| life.kind.kind() == kind);
        let members = lives.filter_map(|life| life.request.properties.as_object());
        let properties: BTreeSet<String> = members.flat_map(|members| members.keys().cloned()).collect();
        let listed: BTreeSet<String> = row.properties.iter().map(|(name, _)| (*name).to_owned()).collect();
        for name in properties.symmetric_difference(&listed) {
            problems.push(format!("{kind}.{name}: either the kind or its row in table.rs does not have it"));
        }
        for (name, stands) in row.properties.iter().filter(|(name, _)| properties.contains(*name)) {
            problems.extend(judge_property(row, name, stands, &recording.lives, &schemas));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_exception_has_a_reason() {
    for row in ROWS {
        for (name, stands) in row.properties {
            if let Stands::Unlike(_, _, reason) | Stands::Outside(_, reason) = stands {
                assert!(reason.len() > 20, "{}.{name}: `{reason}` convinces nobody", row.kind);
            }
        }
    }
}

impl From<Manner> for Does {
    fn from(manner: Manner) -> Self {
        match manner {
            Manner::InPlace => Self::Update,
            Manner::Replace | Manner::ReplaceDeleteFirst => Self::Replace,
        }
    }
}
