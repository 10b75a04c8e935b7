//! The proof that nothing is left: a search by tag over every kind.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::address::{Incarnation, Key};
use super::deployment::{Deployment, RunError};
use super::journal::Journal;

/// Something in the cloud that carries the stack's tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its kind.
    pub kind: String,
    /// The key in its tag.
    pub key: Key,
    /// Its id.
    pub id: Value,
}

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Everything that carries the stack's tag, whatever the state says.
    pub async fn sweep(&self) -> Result<Vec<Found>, RunError> {
        let mut searches = JoinSet::new();
        for kind in self.registry.kinds() {
            let (cloud, owner) = (Arc::clone(&self.cloud), self.state.owner.clone());
            searches.spawn(async move { (kind.kind(), kind.find_owned(&cloud, &owner).await) });
        }
        let mut all = Vec::new();
        while let Some(answer) = searches.join_next().await {
            let (kind, found) = match answer {
                Ok(answer) => answer,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            };
            let found = found.map_err(|e| RunError::Read(kind.into(), e))?;
            let ours = found.into_iter().filter(|(key, _)| !key.is_short() || self.is_ours(kind, key));
            all.extend(ours.map(|(key, id)| Found { kind: kind.into(), key, id }));
        }
        all.sort_by(|one, two| (&one.kind, &one.key).cmp(&(&two.kind, &two.key)));
        Ok(all)
    }

    /// Whether a key that was read off a name is that of any life this stack ever had of the kind.
    fn is_ours(&self, kind: &str, key: &Key) -> bool {
        let lineage = &self.state.owner.lineage;
        let of_kind = self.state.generations.iter().filter(|(address, _)| address.kind == kind);
        let mut lives = of_kind.flat_map(|(address, highest)| {
            (1..=*highest).map(|generation| Incarnation { address: address.clone(), generation })
        });
        lives.any(|life| Key::derive(lineage, &life).is(key))
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Value::String(id) => write!(f, "{} {id}", self.kind),
            id => write!(f, "{} {id}", self.kind),
        }
    }
}
