//! Things that were made twice: a network that delivers a request again makes a second VPC of the same key.
//!
//! Only kinds that a tag alone tells apart can have them ([`Resend::NewKey`]); tokens and names prevent it for all others.

use serde_json::Value;

use super::address::Incarnation;
use super::cloud_error::Resend;
use super::deployment::{Deployment, RunError};
use super::journal::{Entry, Fact, Journal};
use super::kind::Actions;
use super::state::Record;

/// How long after something was made its double is looked for, in seconds.
const FRESH: u64 = 3600;

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Looks for doubles of what was made lately.
    pub(super) async fn adopt_surplus(&mut self) -> Result<(), RunError> {
        let now = (self.now)();
        self.adopt_surplus_of(|record| record.is_younger_than(FRESH, now)).await
    }

    /// Looks for doubles of anything, before all of it goes.
    pub async fn adopt_all_surplus(&mut self) -> Result<(), RunError> {
        self.adopt_surplus_of(|_| true).await
    }

    /// Doubles of kinds of which a record is in question become further lives of their address. As nobody asks for those, the plan removes
    /// them like any other.
    async fn adopt_surplus_of(&mut self, in_question: impl Fn(&Record) -> bool) -> Result<(), RunError> {
        let kinds: Vec<_> = self.registry.kinds().filter(|kind| kind.resend() == Resend::NewKey).collect();
        for kind in kinds {
            let mut records = self.state.records.iter().filter(|(of, _)| of.address.kind == kind.kind());
            if records.any(|(_, record)| record.id().is_some() && in_question(record)) {
                self.adopt_surplus_of_kind(kind).await?;
            }
        }
        Ok(())
    }

    async fn adopt_surplus_of_kind(&mut self, kind: &'static dyn Actions<C>) -> Result<(), RunError> {
        let failed = |e| RunError::Read(kind.kind().into(), e);
        let found = kind.find_owned(&self.cloud, &self.state.owner).await.map_err(failed)?;
        let mut entries = Vec::new();
        let mut generations = self.state.generations.clone();
        for (key, id) in found {
            let of_kind = || self.state.records.iter().filter(|(of, _)| of.address.kind == kind.kind());
            let is_known = |id: &Value| of_kind().any(|(_, record)| record.id() == Some(id));
            // Something is made once at the least: what has no record with an id yet is what is being looked for, and not a double.
            let twin = of_kind().find(|(_, record)| record.key == key && record.id().is_some());
            let Some((of, record)) = twin.filter(|_| !is_known(&id)) else { continue };
            let highest = generations.entry(of.address.clone()).or_default();
            *highest += 1;
            let of = Incarnation { address: of.address.clone(), generation: *highest };
            let (request, at) = (record.request.clone(), (self.now)());
            let fact = Fact::CreateSent { key, request, expected: None, at };
            entries.push(Entry::Happened { of: of.clone(), fact });
            entries.push(Entry::Happened { of, fact: Fact::Created { id, at } });
        }
        if entries.is_empty() { Ok(()) } else { self.write(&entries).await }
    }
}
