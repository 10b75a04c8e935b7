//! Things that were made twice: a network that delivers a request again makes a second VPC of the same key.
//!
//! Only kinds that a tag alone tells apart can have them ([`Resend::NewKey`]); tokens and names prevent it for all others.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::address::{Incarnation, Key};
use super::cloud_error::Resend;
use super::deployment::{Deployment, RunError};
use super::journal::{Entry, Fact, Journal};
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

    /// Doubles of what is in question become further lives of their address. As nobody asks for those, the plan removes them like any other.
    async fn adopt_surplus_of(&mut self, in_question: impl Fn(&Record) -> bool) -> Result<(), RunError> {
        let mut looks = JoinSet::new();
        for kind in self.registry.kinds().filter(|kind| kind.resend() == Resend::NewKey) {
            let records = self.state.records.iter().filter(|(of, _)| of.address.kind == kind.kind());
            let records = records.filter(|(_, record)| record.id().is_some() && in_question(record));
            let keys: Vec<Key> = records.map(|(_, record)| record.key.clone()).collect();
            if !keys.is_empty() {
                let (cloud, owner) = (Arc::clone(&self.cloud), self.state.owner.clone());
                looks.spawn(async move { (kind.kind(), kind.find_doubles(&cloud, &owner, &keys).await) });
            }
        }
        while let Some(look) = looks.join_next().await {
            let (kind, found) = look.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            let found = found.map_err(|e| RunError::Read(kind.into(), e))?;
            self.adopt_doubles(kind, found).await?;
        }
        Ok(())
    }

    async fn adopt_doubles(&mut self, kind: &str, found: Vec<(Key, Value)>) -> Result<(), RunError> {
        let mut entries = Vec::new();
        let mut generations = BTreeMap::new();
        for (key, id) in found {
            let of_kind = || self.state.records.iter().filter(|(of, _)| of.address.kind == kind);
            let is_known = |id: &Value| of_kind().any(|(_, record)| record.id() == Some(id));
            // Something is made once at the least: what has no record with an id yet is what is being looked for, and not a double.
            let twin = of_kind().find(|(_, record)| record.key == key && record.id().is_some());
            let Some((of, record)) = twin.filter(|_| !is_known(&id)) else { continue };
            let next = self.state.next_generation(&of.address);
            let next = generations.get(&of.address).map_or(next, |taken| next.max(taken + 1));
            generations.insert(of.address.clone(), next);
            let of = Incarnation { address: of.address.clone(), generation: next };
            let (request, at) = (record.request.clone(), (self.now)());
            let fact = Fact::CreateSent { key, request, expected: None, at };
            entries.push(Entry::Happened { of: of.clone(), fact });
            entries.push(Entry::Happened { of, fact: Fact::Created { id, at } });
        }
        if entries.is_empty() { Ok(()) } else { self.write(&entries).await }
    }
}
