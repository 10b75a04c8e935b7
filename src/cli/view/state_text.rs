//! What is recorded, and what a recovery found, in words.

use serde_json::{Value, json};

use super::escape::escape;
use crate::engine::address::Incarnation;
use crate::engine::recover::Recovery;
use crate::engine::resolve::WATCH;
use crate::engine::resource::Readiness;
use crate::engine::state::{Record, State, Status};

/// A line for each life.
pub(super) fn list(state: &State, now: u64) -> String {
    if state.records.is_empty() {
        return "Nothing is recorded.".into();
    }
    let row = |(at, record): (&Incarnation, &Record)| [escape(&at.to_string()), status(record, now), id(record)];
    table(&state.records.iter().map(row).collect::<Vec<_>>())
}

/// The same for machines.
pub(super) fn list_json(state: &State, now: u64) -> Value {
    let row = |(at, record): (&Incarnation, &Record)| {
        let address = &at.address;
        let status = status_name(record);
        json!({
            "address": address, "generation": at.generation, "status": status, "id": record.id(),
            "looked_for_seconds": looked_for(record, now),
        })
    };
    let rows: Vec<Value> = state.records.iter().map(row).collect();
    json!({ "stack": state.owner.stack, "lineage": state.owner.lineage, "serial": state.serial, "records": rows })
}

/// What a recovery found.
pub(super) fn recovery(recovery: &Recovery) -> String {
    let found = recovery
        .lives
        .iter()
        .map(|(at, found)| [escape(&at.to_string()), readiness(&found.readiness), escape(&plain(&found.id))]);
    let mut parts = vec![table(&found.collect::<Vec<_>>())];
    if !recovery.absent.is_empty() {
        let absent: Vec<String> = recovery.absent.iter().map(|address| escape(&address.to_string())).collect();
        parts.push(format!("Not found, so the next apply makes it: {}", absent.join(", ")));
    }
    if !recovery.strange.is_empty() {
        let strange: Vec<String> = recovery.strange.iter().map(|found| escape(&found.to_string())).collect();
        parts.push(format!(
            "This stack's by its tag, and not in this blueprint, so it is not recorded and stays as it is: {}",
            strange.join(", ")
        ));
    }
    let (lives, addresses) = (recovery.lives.len(), recovery.lives.len() + recovery.absent.len());
    parts.push(format!("Found: {lives} of {addresses} resources."));
    parts.join("\n\n")
}

/// The same for machines.
pub(super) fn recovery_json(recovery: &Recovery) -> Value {
    let lives = recovery
        .lives
        .iter()
        .map(|(at, found)| (at.to_string(), json!({ "id": found.id, "status": readiness(&found.readiness) })));
    let lives: serde_json::Map<_, _> = lives.collect();
    let strange = recovery.strange.iter().map(|found| json!({ "kind": found.kind, "id": found.id }));
    let strange: Vec<Value> = strange.collect();
    json!({ "found": lives, "absent": recovery.absent, "not_in_blueprint": strange })
}

fn status(record: &Record, now: u64) -> String {
    let words = match &record.status {
        Status::Planned => "planned, not asked for yet",
        Status::Sent { .. } => "was asked for, and the answer was not heard",
        Status::Unproved { .. } => "was asked for and never seen",
        Status::Creating { .. } => "made, not in service yet",
        Status::Ready { .. } => "in service",
        Status::Updating { .. } => "being changed",
        Status::Deleting { .. } => "being deleted",
    };
    match looked_for(record, now) {
        Some(seconds) => format!("{words}; looked for for another {} h {} min", seconds / 3600, seconds % 3600 / 60),
        None => words.into(),
    }
}

fn status_name(record: &Record) -> Value {
    serde_json::to_value(&record.status).ok().and_then(|status| status.get("status").cloned()).unwrap_or_default()
}

/// For how many seconds more a create that nobody has seen is looked for.
fn looked_for(record: &Record, now: u64) -> Option<u64> {
    match record.status {
        Status::Unproved { at } => Some((at + WATCH).saturating_sub(now)),
        _ => None,
    }
}

fn id(record: &Record) -> String {
    record.id().map_or_else(|| "no id".to_owned(), |id| escape(&plain(id)))
}

fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn readiness(readiness: &Readiness) -> String {
    match readiness {
        Readiness::Ready => "in service".into(),
        Readiness::Pending(what) => format!("not in service yet: {}", escape(what)),
        Readiness::Stuck(why) | Readiness::Undone(why) | Readiness::Unusable(why) => {
            format!("not well: {}", escape(why))
        }
        Readiness::Leaving => "being deleted".into(),
    }
}

/// Three columns, of which the last is as wide as it is.
fn table(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (first, second) = (width(0), width(1));
    let lines = rows.iter().map(|[one, two, three]| format!("{one:first$}  {two:second$}  {three}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::address::{Address, Key, Owner};
    use crate::engine::state::Request;

    #[test]
    fn a_list_says_in_words_what_is_known_and_steers_no_terminal() {
        let mut state = State::new(Owner { lineage: "one".into(), stack: "shop".into() });
        let request = Request::default();
        let cases = [
            ("a", Status::Sent { at: 1 }),
            ("b", Status::Unproved { at: 1000 }),
            ("c", Status::Ready { id: json!("vpc-\u{1b}[31m"), outputs: json!({}) }),
        ];
        for (name, status) in cases {
            let life = Incarnation { address: Address::new("vpc", name), generation: 2 };
            let key = Key::derive("one", &life);
            state.records.insert(
                life,
                Record {
                    key,
                    expected: None,
                    made: None,
                    unseen: false,
                    ghost: None,
                    request: request.clone(),
                    status,
                },
            );
        }
        let expected = "\
vpc/a@2  was asked for, and the answer was not heard                            no id
vpc/b@2  was asked for and never seen; looked for for another 22 h 59 min  no id
vpc/c@2  in service                                                        vpc-\\u{1b}[31m";
        let shown = list(&state, 1000 + 3660);
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(&shown), squeezed(expected));
        assert_eq!(list_json(&state, 1000)["records"][1]["looked_for_seconds"], json!(24 * 3600));
    }
}
