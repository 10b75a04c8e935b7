//! A state that was lost, found again in the cloud: by tags, by the names that keys are part of, and by natural ids.
//!
//! Nothing is sent that changes anything. What is found is taken to be what the blueprint asks for; where the cloud shows otherwise, the next
//! plan says so, as it does about any drift.
//!
//! Generations are raised beyond everything that was ever given out. A key is an idempotency token, and part of names that are blocked for a
//! while after their end (a queue for a minute, a secret for weeks), so the key of a life that has ended must not come back: the cloud could
//! answer its create with what is no longer there, or refuse it. Which generations those were went with the state, so a whole [`ERA`] is set
//! aside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::address::{Address, Incarnation, Key};
use super::cloud_error::CloudResult;
use super::deployment::{Deployment, RunError};
use super::graph::{Graph, Node};
use super::journal::{Entry, Fact, Journal};
use super::reference::{Book, Known};
use super::resource::{Look, Readiness};
use super::state::Request;
use super::survey::{ERA, Sighted, Wanted};
use super::sweep::Found;

/// How many looks make it believed that something of the blueprint is not there, and the pause between them: what was made a moment ago may
/// not show at once.
const LOOKS: u32 = 4;
const AGAIN: Duration = Duration::from_secs(10);
/// So many sets of parents are tried for a natural id. More than one only where a replacement was under way.
const PARENTS: usize = 64;

/// What was found of a stack.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Every life of a resource that the blueprint names.
    pub lives: BTreeMap<Incarnation, Recovered>,
    /// What the blueprint names and nobody has seen.
    pub absent: Vec<Address>,
    /// What carries the stack's tag and belongs to nothing that the blueprint names.
    pub strange: Vec<Found>,
}

/// One life that was found.
#[derive(Debug)]
pub struct Recovered {
    key: Key,
    request: Request,
    expected: Option<Value>,
    /// What the cloud calls it.
    pub id: Value,
    outputs: Value,
    /// How it is doing.
    pub readiness: Readiness,
}

/// Where a resource with a natural id would be.
struct Candidate {
    id: Value,
    parents: BTreeSet<Incarnation>,
}

/// What has been seen so far.
#[derive(Default)]
struct Seen {
    lives: BTreeMap<Incarnation, Sighted>,
    /// The parents of what was found by its natural id.
    parents: BTreeMap<Incarnation, BTreeSet<Incarnation>>,
    /// By kind and id.
    strange: BTreeMap<(String, String), Found>,
}

impl Recovery {
    /// The facts that make it the state: as if everything had been made just now.
    pub fn entries(&self, now: u64) -> Vec<Entry> {
        let highest = self.lives.keys().map(|life| life.generation).max().unwrap_or(0);
        let mut entries = vec![Entry::GenerationsSpent((highest / ERA + 1) * ERA)];
        for (of, found) in &self.lives {
            let Recovered { key, request, expected, id, outputs, readiness } = found;
            let sent =
                Fact::CreateSent { key: key.clone(), request: request.clone(), expected: expected.clone(), at: now };
            let mut facts = vec![sent, Fact::Created { id: id.clone(), at: now }];
            match readiness {
                Readiness::Ready | Readiness::Stuck(_) | Readiness::Undone(_) => {
                    facts.push(Fact::Ready { outputs: outputs.clone() });
                }
                Readiness::Leaving => facts.push(Fact::DeleteSent { at: now }),
                // Its outputs may be incomplete: the next apply waits for it, or makes it anew.
                Readiness::Pending(_) | Readiness::Unusable(_) => {}
            }
            entries.extend(facts.into_iter().map(|fact| Entry::Happened { of: of.clone(), fact }));
        }
        entries
    }
}

impl<C: Send + Sync + 'static, J: Journal> Deployment<C, J> {
    /// Searches for everything of this stack. Writes nothing, neither in the cloud nor in the journal.
    pub async fn recover(&mut self, graph: &Graph) -> Result<Recovery, RunError> {
        let wanted = self.wanted(graph);
        let mut kinds: BTreeSet<&str> = wanted.keys().copied().collect();
        let mut seen = Seen::default();
        let mut absent = Vec::new();
        for look in 0..LOOKS {
            if look > 0 {
                self.pause(AGAIN).await?;
            }
            self.search(&wanted, &kinds, &mut seen).await?;
            self.search_by_nature(graph, &kinds, &mut seen).await?;
            absent = graph.addresses().filter(|address| seen.of(address).next().is_none()).cloned().collect();
            kinds.retain(|kind| absent.iter().any(|address| address.kind == *kind));
            if absent.is_empty() {
                break;
            }
        }
        let lives = seen.lives.keys().filter_map(|life| Some((life.clone(), seen.recovered(life, graph)?)));
        Ok(Recovery { lives: lives.collect(), absent, strange: seen.strange.into_values().collect() })
    }

    /// What is looked for, by kind. Kinds of which the blueprint has nothing are searched too: something may be left of them.
    fn wanted(&self, graph: &Graph) -> BTreeMap<&'static str, Arc<Wanted>> {
        let mut desired: BTreeMap<&str, Vec<(Address, Value)>> = BTreeMap::new();
        for (address, node) in graph.addresses().filter_map(|address| Some((address, graph.get(address)?))) {
            desired.entry(&address.kind).or_default().push((address.clone(), node.properties.clone()));
        }
        let mut of = |kind| Wanted::new(&self.state.owner, desired.remove(kind).unwrap_or_default());
        self.registry.kinds().map(|kind| (kind.kind(), Arc::new(of(kind.kind())))).collect()
    }

    /// One search of each of these kinds, all at once.
    async fn search(
        &self,
        wanted: &BTreeMap<&'static str, Arc<Wanted>>,
        kinds: &BTreeSet<&str>,
        seen: &mut Seen,
    ) -> Result<(), RunError> {
        let mut searches = JoinSet::new();
        for kind in self.registry.kinds().filter(|kind| kinds.contains(kind.kind())) {
            let Some(wanted) = wanted.get(kind.kind()).cloned() else { continue };
            let cloud = Arc::clone(&self.cloud);
            searches.spawn(async move {
                let sighted = kind.survey(&cloud, &wanted).await;
                // The far keys of a kind are many: where they have to be tried, then here.
                let placed: CloudResult<Vec<_>> = sighted
                    .map(|all| all.into_iter().map(|sighted| (wanted.life(&sighted.key).cloned(), sighted)).collect());
                (kind.kind(), placed)
            });
        }
        while let Some(answer) = searches.join_next().await {
            let (kind, placed) = match answer {
                Ok(answer) => answer,
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            };
            for (life, sighted) in placed.map_err(|e| RunError::Read(kind.into(), e))? {
                seen.take(kind, life, sighted);
            }
        }
        Ok(())
    }

    /// What has no tag of its own is where its parents are. No parent of such a resource is one itself.
    async fn search_by_nature(&self, graph: &Graph, kinds: &BTreeSet<&str>, seen: &mut Seen) -> Result<(), RunError> {
        for kind in self.registry.kinds().filter(|kind| kinds.contains(kind.kind())) {
            let mut candidates: Vec<(&Address, Candidate)> = Vec::new();
            for address in graph.addresses().filter(|address| address.kind == kind.kind()) {
                let Some(node) = graph.get(address) else { continue };
                for (parents, book) in seen.books(node) {
                    // An error: not even its parents are there.
                    let Ok(Some(id)) = kind.natural_id(&node.properties, &book) else { continue };
                    if candidates.iter().all(|(_, other)| other.id != id) {
                        candidates.push((address, Candidate { id, parents }));
                    }
                }
            }
            if candidates.is_empty() {
                continue;
            }
            let failed = |e| RunError::Read(kind.kind().into(), e);
            let ids: Vec<Value> = candidates.iter().map(|(_, candidate)| candidate.id.clone()).collect();
            let there = kind.read(&self.cloud, &ids, Look::Brief).await.map_err(failed)?;
            // The cloud does not say which life it is; they are counted from the oldest parents on.
            let mut counted: BTreeMap<&Address, u32> = BTreeMap::new();
            for (address, Candidate { id, parents }) in candidates.into_iter().rev() {
                let Some(observed) = there.get(&id.to_string()) else { continue };
                let generation = counted.entry(address).or_default();
                *generation += 1;
                let life = Incarnation { address: address.clone(), generation: *generation };
                let key = Key::derive(&self.state.owner.lineage, &life);
                let outputs = kind.outputs(&id, observed).map_err(|e| failed(e.into()))?;
                let readiness = kind.readiness(observed).map_err(|e| failed(e.into()))?;
                seen.parents.insert(life.clone(), parents);
                seen.lives.insert(life, Sighted { key, id, outputs, readiness });
            }
        }
        Ok(())
    }
}

impl Seen {
    /// The record of one life. Which of several lives of a target it holds is not known for every kind, so it counts as holding all of them:
    /// then nothing goes that it still needs.
    fn recovered(&self, life: &Incarnation, graph: &Graph) -> Option<Recovered> {
        let (node, sighted) = (graph.get(&life.address)?, self.lives.get(life)?.clone());
        let by_nature = self.parents.get(life);
        let all = || node.targets.iter().flat_map(|target| self.of(target)).map(|(life, _)| life.clone()).collect();
        // An older life is what a replacement, which somebody approved, did not come to take away.
        let is_newest = self.of(&life.address).next_back().is_some_and(|(newest, _)| newest == life);
        let depends_on = by_nature.cloned().unwrap_or_else(all);
        let request = Request { properties: node.properties.clone(), depends_on, keep: node.keep && is_newest };
        let Sighted { key, id, outputs, readiness } = sighted;
        let expected = by_nature.map(|_| id.clone());
        Some(Recovered { key, request, expected, id, outputs, readiness })
    }

    /// The lives of one address, oldest first.
    fn of(&self, address: &Address) -> impl DoubleEndedIterator<Item = (&Incarnation, &Sighted)> {
        let at = |generation| Incarnation { address: address.clone(), generation };
        self.lives.range(at(0)..=at(u32::MAX))
    }

    /// One thing for each life. Of two, made by one request that arrived twice, the other is found and removed as every double is.
    fn take(&mut self, kind: &str, life: Option<Incarnation>, sighted: Sighted) {
        match life {
            Some(life) if self.lives.get(&life).is_none_or(|known| known.id == sighted.id) => {
                self.lives.insert(life, sighted);
            }
            Some(_) => {}
            // What was read off a name and is not ours is a stranger's.
            None if sighted.key.is_short() => {}
            None => {
                let found = Found { kind: kind.into(), key: sighted.key, id: sighted.id };
                self.strange.insert((kind.into(), found.id.to_string()), found);
            }
        }
    }

    /// Every set of parents that a resource could stand on, the newest first, with their outputs.
    fn books(&self, node: &Node) -> Vec<(BTreeSet<Incarnation>, Book)> {
        let mut sets = vec![Vec::new()];
        for target in &node.targets {
            let lives: Vec<_> = self.of(target).rev().collect();
            if lives.is_empty() {
                continue;
            }
            let with_each = sets.iter().flat_map(|set: &Vec<(&Incarnation, &Sighted)>| {
                lives.iter().map(move |life| set.iter().copied().chain([*life]).collect())
            });
            sets = with_each.take(PARENTS).collect();
        }
        let book = |set: Vec<(&Incarnation, &Sighted)>| {
            let mut book = Book::default();
            for (life, sighted) in &set {
                book.enter((*life).clone(), Known::Now(sighted.outputs.clone()));
            }
            (set.into_iter().map(|(life, _)| life.clone()).collect(), book)
        };
        sets.into_iter().map(book).collect()
    }
}
