//! The desired resources. Adding is the only way to get a [`Ref`], so targets always come first and there is no cycle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::address::Address;
use super::reference::{Ref, references};
use super::resource::Resource;

/// One desired resource.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its properties, with references as `{"$ref": …}`.
    pub properties: Value,
    /// What it refers to.
    pub targets: BTreeSet<Address>,
    /// What else has to be done before it is made, although it does not refer to it.
    pub made_after: BTreeSet<Address>,
    /// Must be neither deleted nor replaced.
    pub keep: bool,
}

/// All desired resources, in an order in which targets come first.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    order: Vec<Address>,
    nodes: BTreeMap<Address, Node>,
}

/// A resource that does not fit into the graph. Always a fault of the code that expands a blueprint.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// Two resources of one address.
    #[error("{0} is declared twice")]
    Twice(Address),
    /// A reference made by another graph.
    #[error("{0} refers to {1}, which is not in this graph")]
    Dangling(Address, Address),
    /// Two resources would wait for each other.
    #[error("{0} cannot be made after {1}, which stands on it")]
    Backwards(Address, Address),
    /// Properties that are no JSON object, or use the reserved member `$ref`.
    #[error("properties of {0}: {1}")]
    Properties(Address, String),
}

impl Graph {
    /// Adds a resource.
    pub fn add<R: Resource>(&mut self, name: &str, properties: &R) -> Result<Ref<R>, GraphError> {
        self.insert(name, properties, false)
    }

    /// Adds a resource. With `keep` it must, once made, be neither deleted nor replaced until it is added without.
    pub fn add_kept<R: Resource>(&mut self, name: &str, properties: &R, keep: bool) -> Result<Ref<R>, GraphError> {
        self.insert(name, properties, keep)
    }

    fn insert<R: Resource>(&mut self, name: &str, properties: &R, keep: bool) -> Result<Ref<R>, GraphError> {
        let address = Address::new(R::KIND, name);
        if self.nodes.contains_key(&address) {
            return Err(GraphError::Twice(address));
        }
        let broken = |why: String| GraphError::Properties(address.clone(), why);
        let properties = serde_json::to_value(properties).map_err(|e| broken(e.to_string()))?;
        let mut targets = Vec::new();
        references(&properties, &mut targets).map_err(broken)?;
        let targets: BTreeSet<Address> = targets.into_iter().collect();
        if let Some(missing) = targets.iter().find(|target| !self.nodes.contains_key(target)) {
            return Err(GraphError::Dangling(address, missing.clone()));
        }
        self.order.push(address.clone());
        self.nodes.insert(address, Node { properties, targets, made_after: BTreeSet::new(), keep });
        Ok(Ref::new(name))
    }

    /// Makes each of `later` only when all is done about `earlier`. This is about making alone: what becomes of `earlier` afterwards does not
    /// concern them, as it would if they referred to it.
    pub fn make_after<L: Resource, E: Resource>(
        &mut self,
        later: &[Ref<L>],
        earlier: &Ref<E>,
    ) -> Result<(), GraphError> {
        let (later, earlier): (Vec<Address>, _) = (later.iter().map(Ref::address).collect(), earlier.address());
        if !self.nodes.contains_key(&earlier) {
            return later.first().map_or(Ok(()), |later| Err(GraphError::Dangling(later.clone(), earlier)));
        }
        let before = self.below(&earlier, |node| node.targets.iter().chain(&node.made_after).collect());
        if let Some(under) = later.iter().find(|later| before.contains(later)) {
            return Err(GraphError::Backwards(under.clone(), earlier));
        }
        for later in later {
            if let Some(node) = self.nodes.get_mut(&later) {
                node.made_after.insert(earlier.clone());
            }
        }
        Ok(())
    }

    /// Every address, targets before their holders.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.order.iter()
    }

    /// One desired resource.
    pub fn get(&self, address: &Address) -> Option<&Node> {
        self.nodes.get(address)
    }

    /// Whether `upper` stands on `lower`: refers to it, or to something that does.
    pub fn stands_on(&self, upper: &Address, lower: &Address) -> bool {
        self.below(upper, |node| node.targets.iter().collect()).contains(lower)
    }

    /// Everything that can be reached from here.
    fn below<'a>(&'a self, from: &'a Address, next: impl Fn(&'a Node) -> Vec<&'a Address>) -> BTreeSet<&'a Address> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop().and_then(|address| self.nodes.get(address)) {
            open.extend(next(node).into_iter().filter(|target| seen.insert(*target)));
        }
        seen
    }

    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Nothing is desired: everything is to go.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
