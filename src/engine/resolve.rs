//! What became of the requests whose answer nobody heard. Always done before anything else is concluded or sent.

use std::time::Duration;

use serde_json::Value;

use super::address::Key;
use super::cloud_error::CloudResult;
use super::deployment::{Deployment, RunError};
use super::event::Event;
use super::journal::{Fact, Journal};
use super::kind::Actions;
use super::resource::Look;
use super::state::{Record, Status};

/// A request that was sent may take effect this long after, in seconds. Nothing is concluded from absence before.
const QUIET: u64 = 60;
/// For how long a create that was not found is looked for in every later run, in seconds.
const WATCH: u64 = 24 * 3600;
/// The pause between two looks for the same thing.
const AGAIN: Duration = Duration::from_secs(5);

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Proves or disproves every create of unknown fate, and waits until no update of an earlier run can still arrive.
    pub(super) async fn resolve(&mut self) -> Result<(), RunError> {
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
        let sent = self.state.records.values().filter_map(|record| match record.status {
            Status::Updating { at, .. } => at,
            _ => None,
        });
        let seconds = sent.max().map_or(0, |last| (last + QUIET).saturating_sub((self.now)()));
        if seconds > 0 {
            self.tell(Event::QuietStarted { seconds });
            self.pause(Duration::from_secs(seconds)).await?;
        }
        Ok(())
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
