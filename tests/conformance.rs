//! Every registered kind keeps the promises of `engine::resource`, as seen on the emulators. A new kind is judged as soon as one of the two
//! blueprints has it; until then the first test fails.

use std::collections::{BTreeMap, BTreeSet};

use pando::aws::resources::registry;
use pando::engine::address::Key;
use pando::engine::cloud_error::CloudError;
use pando::engine::kind::{Rules, Written};
use pando::engine::resource::{Readiness, Removal};
use serde_json::Value;

use crate::support::recording::{Life, Recording};

/// Kinds that are not found by tag, and why. They are found by their natural id.
const WITHOUT_TAGS: [(&str, &str); 2] = [
    ("default_security_group", "it is made by EC2 together with its VPC, which has the tags"),
    ("scaling_policy", "Auto Scaling gives tags to groups only; a policy goes with its group"),
];

/// Second deletes that only an emulator refuses: the kind, what it says, and why that is no fault of ours.
const EMULATORS_REFUSE: [(&str, &str, &str); 1] = [(
    "launch_template",
    "MissingParameter",
    "moto takes the name of a template that is gone for no name; EC2 says NotFoundException (see tests/faults.rs)",
)];

/// Fails with everything that is wrong, not only with the first.
fn judge(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Judges every resource of the recording.
async fn judge_each(find: impl Fn(&Life, &mut Vec<String>)) {
    let mut problems = Vec::new();
    for life in &Recording::get().await.lives {
        let mut of_this = Vec::new();
        find(life, &mut of_this);
        problems.extend(of_this.into_iter().map(|problem| format!("{}: {problem}", life.at)));
    }
    judge(&problems);
}

#[tokio::test]
async fn every_registered_kind_was_exercised() {
    let all: BTreeSet<&str> = registry().kinds().map(Rules::kind).collect();
    assert_eq!(Recording::get().await.kinds(), all);
}

#[tokio::test]
async fn what_is_written_reads_back_as_it_was() {
    judge_each(|life, problems| {
        let written = [
            (Written::Properties, &life.request.properties),
            (Written::Id, &life.id),
            (Written::Observation, &life.brief),
            (Written::Observation, &life.close),
            (Written::Outputs, &life.outputs),
        ];
        for (what, value) in written {
            match life.kind.rewrite(what, value) {
                Ok(again) if again == *value => {}
                other => problems.push(format!("{what:?} {value} became {other:?}")),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn outputs_follow_from_id_and_observation_however_closely_one_looks() {
    judge_each(|life, problems| {
        for seen in [&life.brief, &life.close] {
            match life.kind.outputs(&life.id, seen) {
                Ok(outputs) if outputs == life.outputs => {}
                other => problems.push(format!("the state has {}, and {seen} gives {other:?}", life.outputs)),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_just_made_differs_in_nothing_and_is_ready() {
    judge_each(|life, problems| {
        for (look, seen) in [("brief", &life.brief), ("close", &life.close)] {
            match life.kind.compare(&life.request.properties, &life.request, seen, &life.book) {
                Ok(changes) if changes.is_empty() => {}
                other => problems.push(format!("a {look} look differs: {other:?}")),
            }
            match life.kind.readiness(seen) {
                Ok(Readiness::Ready) => {}
                other => problems.push(format!("to a {look} look it is {other:?}")),
            }
        }
    })
    .await;
}

/// What is only known to be made stands for it until it is looked at: what others need of it must be the same as after a look, and nothing that
/// an update could not set may differ.
#[tokio::test]
async fn what_is_told_of_it_as_made_is_what_a_look_shows() {
    judge_each(|life, problems| {
        let made = match &life.made {
            Ok(Some(made)) => made,
            Ok(None) => return,
            Err(error) => return problems.push(format!("as made: {error}")),
        };
        match life.kind.outputs(&life.id, made) {
            Ok(outputs) if outputs == life.outputs => {}
            other => problems.push(format!("the state has {}, and as made it gives {other:?}", life.outputs)),
        }
        match life.kind.compare(&life.request.properties, &life.request, made, &life.book) {
            Ok(changes) if changes.replacing().is_none() => {}
            other => problems.push(format!("as made it differs: {other:?}")),
        }
        match life.kind.readiness(made) {
            Ok(Readiness::Ready) => {}
            other => problems.push(format!("as made it is {other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn what_never_was_is_absent_and_hides_nothing_beside_it() {
    judge_each(|life, problems| {
        match &life.unknown_alone {
            Ok(seen) if seen.is_empty() => {}
            other => problems.push(format!("{} alone reads as {other:?}", life.unknown)),
        }
        match &life.unknown_beside {
            Ok(seen) if seen.keys().eq([&life.id.to_string()]) => {}
            other => problems.push(format!("{} beside {} reads as {other:?}", life.unknown, life.id)),
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_tagged_is_found_by_its_key_and_by_nobody_else() {
    let recording = Recording::get().await;
    let mut problems = Vec::new();
    for search in &recording.searches {
        let lives = recording.lives.iter().filter(|life| life.kind.kind() == search.kind && life.owner == search.owner);
        let mut made: BTreeMap<&str, &Value> = lives.map(|life| (life.key.as_str(), &life.id)).collect();
        if WITHOUT_TAGS.iter().any(|(kind, _)| *kind == search.kind) {
            made.clear();
        }
        let name = format!("{} of {}", search.kind, search.owner.stack);
        let is_made = |(key, id): &(Key, Value)| made.get(key.as_str()) == Some(&id);
        match &search.ours {
            Ok(found) if found.len() == made.len() && found.iter().all(is_made) => {}
            other => problems.push(format!("{name}: made {made:?}, found {other:?}")),
        }
        match &search.of_a_namesake {
            Ok(found) if found.is_empty() => {}
            other => problems.push(format!("{name}: a stack of the same name finds {other:?}")),
        }
    }
    judge(&problems);
}

#[tokio::test]
async fn a_natural_id_is_the_id_and_whoever_has_no_tags_has_one() {
    judge_each(|life, problems| {
        let without_tags = WITHOUT_TAGS.iter().any(|(kind, _)| *kind == life.kind.kind());
        match life.kind.natural_id(&life.request.properties, &life.book) {
            Ok(None) if !without_tags => {}
            Ok(Some(id)) if id == life.id => {}
            other => problems.push(format!("its id is {}, its natural id {other:?}", life.id)),
        }
    })
    .await;
}

fn is_an_emulators_own(life: &Life, why: &str) -> bool {
    EMULATORS_REFUSE.iter().any(|(kind, begin, _)| *kind == life.kind.kind() && why.starts_with(begin))
}

#[tokio::test]
async fn deleting_again_does_no_harm_and_what_is_deleted_is_absent() {
    judge_each(|life, problems| {
        match (&life.deleted_again, life.kind.removal()) {
            (Ok(()) | Err(CloudError::Missing(_)), Removal::Deleted)
            | (Err(CloudError::Refused(_)), Removal::WithParent) => {}
            (Err(CloudError::Refused(why)), _) if is_an_emulators_own(life, why) => {}
            (other, _) => problems.push(format!("a second delete says {other:?}")),
        }
        match &life.read_after {
            Ok(seen) if seen.is_empty() => {}
            other => problems.push(format!("after its end it reads as {other:?}")),
        }
    })
    .await;
}
