//! What became of the requests whose answer nobody heard. Always done before anything else is concluded or sent.

use std::time::Duration;

use serde_json::Value;

use super::address::{Incarnation, Key};
use super::cloud_error::CloudResult;
use super::deployment::{Deployment, RunError};
use super::event::Event;
use super::journal::{Entry, Fact, Journal};
use super::kind::Actions;
use super::resource::Look;
use super::state::{Record, Status};

/// A request that was sent may take effect this long after, in seconds. Nothing is concluded from absence before.
const QUIET: u64 = 60;
/// For how long a create that was not found is looked for in every later run, in seconds.
pub const WATCH: u64 = 24 * 3600;
/// How long a request that was never answered may take to arrive, in seconds: ten times the quiet period, for whoever will not look again.
const LATE: u64 = 600;
/// The pause between two looks for the same thing.
const AGAIN: Duration = Duration::from_secs(5);

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Proves or disproves every create of unknown fate, and waits until no update or delete of an earlier run can still do harm.
    pub(super) async fn resolve(&mut self) -> Result<(), RunError> {
        self.forget_planned().await?;
        let unproved = self.state.records.values().filter(|record| record.is_open()).count();
        if unproved > 0 {
            self.tell(Event::ResolveStarted { unproved });
        }
        let kinds: Vec<_> = self.registry.kinds().collect();
        for kind in kinds {
            while let Some(wait) = self.resolve_kind(kind).await? {
                self.pause(wait).await?;
            }
        }
        self.adopt_surplus().await?;
        let sent = self.state.records.iter().filter_map(|(of, record)| match record.status {
            Status::Updating { at, .. } => at,
            Status::Deleting { at, .. } => {
                let kind = self.registry.actions(&of.address.kind);
                kind.is_some_and(|kind| kind.name_returns()).then_some(at)
            }
            _ => None,
        });
        let seconds = sent.max().map_or(0, |last| (last + QUIET).saturating_sub((self.now)()));
        if seconds > 0 {
            self.tell(Event::QuietStarted { seconds });
            self.pause(Duration::from_secs(seconds)).await?;
        }
        Ok(())
    }

    /// The creates that were never answered nor found, and may still be carried out, with the seconds left for that.
    pub fn ghosts(&self) -> Vec<(Incarnation, u64)> {
        let now = (self.now)();
        let left = |record: &Record| match record.status {
            // What was made in the end, and is gone, is not waited for. It stays watched, like everything that was never found.
            Status::Unproved { at } if record.made.is_none() => {
                Some((at + LATE).saturating_sub(now)).filter(|left| *left > 0)
            }
            _ => None,
        };
        self.state.records.iter().filter_map(|(of, record)| Some((of.clone(), left(record)?))).collect()
    }

    /// What was planned and has no other entry was never sent: an entry is durable before its call.
    pub(super) async fn forget_planned(&mut self) -> Result<(), RunError> {
        let planned = self.state.records.iter().filter(|(_, record)| record.status == Status::Planned);
        let gone = planned.map(|(of, _)| Entry::Happened { of: of.clone(), fact: Fact::Gone });
        let gone: Vec<Entry> = gone.collect();
        if gone.is_empty() { Ok(()) } else { self.write(&gone).await }
    }

    /// One look for every unproved create of the kind. `Some(wait)`: look again after that.
    async fn resolve_kind(&mut self, kind: &'static dyn Actions<C>) -> Result<Option<Duration>, RunError> {
        let open = self.state.records.iter().filter(|(_, record)| record.is_open());
        let unproved: Vec<_> = open.filter(|(at, _)| at.address.kind == kind.kind()).collect();
        let unproved: Vec<_> = unproved.into_iter().map(|(at, record)| (at.clone(), record.clone())).collect();
        if unproved.is_empty() {
            return Ok(None);
        }
        let failed = |e| RunError::Read(kind.kind().into(), e);
        let owned = kind.find_owned(&self.cloud, &self.state.owner).await.map_err(failed)?;
        let mut wait = None;
        for (at, record) in unproved {
            let found = look_up(kind, &*self.cloud, &owned, &record.key, record.expected.as_ref()).await;
            // One thing, one record: a natural id may meanwhile belong to the next generation.
            let taken = |id: &Value| self.state.records.values().any(|other: &Record| other.id() == Some(id));
            let now = (self.now)();
            let fact = match (found.map_err(failed)?.filter(|id| !taken(id)), &record.status) {
                (Some(id), _) => Fact::Created { id, at: now },
                (None, Status::Sent { at }) if now >= at + QUIET => Fact::NotFound,
                (None, Status::Unproved { at }) if now >= at + WATCH => Fact::Gone,
                (None, Status::Sent { .. }) => {
                    wait = Some(AGAIN);
                    continue;
                }
                (None, _) => continue,
            };
            self.record(&at, fact).await?;
        }
        Ok(wait)
    }
}

/// By key among what carries our tag, else by natural identity.
pub(super) async fn look_up<C: Send + Sync + 'static>(
    kind: &'static dyn Actions<C>,
    cloud: &C,
    owned: &[(Key, Value)],
    key: &Key,
    expected: Option<&Value>,
) -> CloudResult<Option<Value>> {
    if let Some((_, id)) = owned.iter().find(|(found, _)| found.is(key)) {
        return Ok(Some(id.clone()));
    }
    let Some(id) = expected else { return Ok(None) };
    let seen = kind.read(cloud, std::slice::from_ref(id), Look::Brief).await?;
    Ok(seen.contains_key(&id.to_string()).then(|| id.clone()))
}
