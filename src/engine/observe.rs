//! Reads everything that has an id: one batched read for each kind, all kinds at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::address::Incarnation;
use super::cloud_error::CloudResult;
use super::deployment::{Deployment, RunError};
use super::event::Event;
use super::journal::Journal;
use super::kind::Seen;
use super::plan::Observations;
use super::resource::Look;
use super::state::{Record, Status};

/// How many looks, [`AGAIN`] apart, make an absence believed.
const LOOKS: u32 = 2;
const AGAIN: Duration = Duration::from_secs(10);
/// How many reads are under way at once, at most: enough for a hundred groups of workers, each of which has two queues to ask about, so that a plan
/// takes one round trip, and kinds that are told of by one answer ask together. How fast they are sent is the buckets' business.
const READS: usize = 256;

/// The answer of one read, and whom it asked about.
struct Answer {
    kind: String,
    asked: Vec<(Incarnation, Value)>,
    seen: CloudResult<Seen>,
}

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// What is there. Absence counts only when it repeats, and not at all for what is new.
    pub(super) async fn observe(&mut self) -> Result<Observations, RunError> {
        let mut all = Observations::new();
        let mut looked = 0;
        for look in 0.. {
            let missing = self
                .state
                .records
                .iter()
                .filter(|(at, record)| !all.contains_key(*at) && is_doubtful(record, look, looked));
            let missing: Vec<_> = missing.filter_map(|(at, record)| Some((at, record, record.id()?))).collect();
            if missing.is_empty() {
                break;
            }
            let (mut brief, mut close) = (BTreeMap::new(), BTreeMap::new());
            for (at, record, id) in missing {
                let busy = matches!(record.status, Status::Creating { .. } | Status::Updating { .. });
                let looks = if busy { &mut close } else { &mut brief };
                let kind: &mut Vec<_> = looks.entry(at.address.kind.clone()).or_default();
                kind.push((at.clone(), id.clone()));
            }
            if look == 0 {
                let resources = brief.values().chain(close.values()).map(Vec::len).sum();
                self.tell(Event::ReadStarted { resources });
            } else {
                self.pause(AGAIN).await?;
            }
            looked = (self.now)();
            let brief = brief.into_iter().map(|(kind, asked)| (kind, asked, Look::Brief));
            let close = close.into_iter().map(|(kind, asked)| (kind, asked, Look::Close));
            self.read_all(brief.chain(close), &mut all).await?;
        }
        Ok(all)
    }

    /// Reads these resources, several batches at a time.
    async fn read_all(
        &mut self,
        wanted: impl Iterator<Item = (String, Vec<(Incarnation, Value)>, Look)>,
        into: &mut Observations,
    ) -> Result<(), RunError> {
        let mut reads = JoinSet::new();
        for (name, wanted, look) in wanted {
            let Some(kind) = self.registry.actions(&name) else { return Err(RunError::UnknownKind(name)) };
            for asked in wanted.chunks(kind.read_batch()) {
                if reads.len() >= READS {
                    take(reads.join_next().await, into)?;
                }
                let (cloud, name, asked) = (Arc::clone(&self.cloud), name.clone(), asked.to_vec());
                reads.spawn(async move {
                    let ids: Vec<Value> = asked.iter().map(|(_, id)| id.clone()).collect();
                    Answer { kind: name, seen: kind.read(&cloud, &ids, look).await, asked }
                });
            }
        }
        while !reads.is_empty() {
            take(reads.join_next().await, into)?;
        }
        Ok(())
    }
}

/// Whether something that was not there in `look` looks so far, the last of them at the time `looked`, has to be looked for once more.
fn is_doubtful(record: &Record, look: u32, looked: u64) -> bool {
    match record.status {
        Status::Creating { .. } => look < LOOKS || record.is_new(looked),
        _ if record.unseen && record.is_new(looked) => true,
        _ => look < LOOKS,
    }
}

fn take(answer: Option<Result<Answer, tokio::task::JoinError>>, into: &mut Observations) -> Result<(), RunError> {
    let Some(answer) = answer else { return Ok(()) };
    let Answer { kind, asked, seen } = match answer {
        Ok(answer) => answer,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let seen = seen.map_err(|e| RunError::Read(kind, e))?;
    for (at, id) in asked {
        into.extend(seen.get(&id.to_string()).map(|value| (at, value.clone())));
    }
    Ok(())
}
