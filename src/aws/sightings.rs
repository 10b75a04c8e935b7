//! From what a list call tells to what a recovery needs: which life it is, by tag where the list shows tags, else by the key in the name.

use crate::engine::address::{Key, Owner};
use crate::engine::resource::{Readiness, Resource};
use crate::engine::survey::{Sighting, Wanted};

use super::tags::Tags;

/// One thing of a list.
pub(super) type Listed<R> = (<R as Resource>::Id, <R as Resource>::Observed);

/// What was listed with its tags, as far as it is the owner's.
pub(super) fn tagged<R: Resource>(
    listed: Vec<Listed<R>>,
    owner: &Owner,
    tags: impl Fn(&R::Observed) -> &Tags,
) -> Vec<Sighting<R>> {
    let keyed = listed.into_iter().filter_map(|(id, seen)| Some((tags(&seen).key_of(owner)?, id, seen)));
    keyed.map(|(key, id, seen)| Sighting::of(key, id, &seen)).collect()
}

/// Divides what was listed into what has a name with a wanted key, and the rest, about which its tags have to be asked.
pub(super) fn placed<T>(listed: Vec<T>, wanted: &Wanted, name: impl Fn(&T) -> &str) -> (Vec<(Key, T)>, Vec<T>) {
    let (mut known, mut others) = (Vec::new(), Vec::new());
    for thing in listed {
        match wanted.key_in(name(&thing)) {
            Some(key) => known.push((key, thing)),
            None => others.push(thing),
        }
    }
    (known, others)
}

/// What has a wanted key, and what of the others turned out to be the owner's: keys with names.
pub(super) fn joined<R: Resource>(
    known: Vec<(Key, Listed<R>)>,
    others: Vec<Listed<R>>,
    owned: &[(Key, String)],
) -> Vec<Sighting<R>>
where
    R::Id: AsRef<str>,
{
    let key_of = |id: &R::Id| owned.iter().find(|(_, name)| name == id.as_ref()).map(|(key, _)| key.clone());
    let ours = others.into_iter().filter_map(|(id, seen)| Some((key_of(&id)?, (id, seen))));
    known.into_iter().chain(ours).map(|(key, (id, seen))| Sighting::of(key, id, &seen)).collect()
}

/// What is in service as soon as it is there, and of which the list tells enough.
pub(super) fn standing<R: Resource>(
    found: impl IntoIterator<Item = (Key, R::Id)>,
    outputs: impl Fn(&R::Id) -> R::Outputs,
) -> Vec<Sighting<R>> {
    let sighting = |(key, id)| Sighting { key, outputs: outputs(&id), readiness: Readiness::Ready, id };
    found.into_iter().map(sighting).collect()
}
