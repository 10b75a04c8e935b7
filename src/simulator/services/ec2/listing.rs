//! What all things of EC2 share: ids with refusals of their own, tags, and a `Describe…` call with ids, filters and pages.

use serde::Serialize;

use super::State;
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::Answer;
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

/// A kind of things, as callers name and list them. The codes are those of
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>, whose spellings follow no rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What ids begin with, `vpc`.
    pub(super) prefix: &'static str,
    /// Its name in tags, `vpc`.
    pub(super) resource: &'static str,
    /// Its name in refusals, `vpc ID`.
    pub(super) noun: &'static str,
    /// The code for an id that nothing has.
    pub(super) not_found: &'static str,
    /// The code for what is no id.
    pub(super) malformed: &'static str,
}

/// Things that are kept on a shelf of their own.
pub(super) trait Thing: Clone + Serialize + Sized + 'static {
    /// How they are called.
    const KIND: Kind;
    /// The parameter that lists ids.
    const IDS: &'static str;
    /// The list in the answer.
    const SET: &'static str;
    /// The names of filters, besides those of tags.
    const FILTERS: &'static [&'static str];
    /// How many a page may have.
    const PAGE: (i64, i64) = (5, 1000);

    /// Where they are.
    fn shelf(state: &State) -> &Shelf<Self>;
    /// Where they are, to be changed.
    fn shelf_mut(state: &mut State) -> &mut Shelf<Self>;
    /// The tags of one.
    fn tags(&self) -> &Tags;
    /// The tags of one, to be changed.
    fn tags_mut(&mut self) -> &mut Tags;
    /// What one has for a filter.
    fn values(&self, scene: &Scene<'_>, id: &str, filter: &str) -> Vec<String>;
    /// One in an answer.
    fn show(&self, scene: &Scene<'_>, id: &str) -> Tree;
}

/// Says that things of a kind are kept on this shelf, with their tags in the field `tags`: part of every [`Thing`].
macro_rules! kept {
    ($shelf:ident) => {
        fn shelf(state: &$crate::simulator::services::ec2::State) -> &$crate::simulator::shelf::Shelf<Self> {
            &state.$shelf
        }

        fn shelf_mut(
            state: &mut $crate::simulator::services::ec2::State,
        ) -> &mut $crate::simulator::shelf::Shelf<Self> {
            &mut state.$shelf
        }

        fn tags(&self) -> &$crate::simulator::tags::Tags {
            &self.tags
        }

        fn tags_mut(&mut self) -> &mut $crate::simulator::tags::Tags {
            &mut self.tags
        }
    };
}

pub(super) use kept;

impl Kind {
    /// Whether this could be an id of this kind.
    pub(super) fn fits(&self, id: &str) -> bool {
        let rest = id.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Refuses what cannot be an id of this kind.
    pub(super) fn check(&self, id: &str) -> Result<(), Refusal> {
        Scene::ensure(self.fits(id), || {
            Refusal::new(self.malformed, format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix))
        })
    }

    /// There is no such thing.
    pub(super) fn absent(&self, id: &str) -> Refusal {
        Refusal::new(self.not_found, format!("The {} '{id}' does not exist", self.noun))
    }

    /// It is held by something.
    pub(super) fn held(&self, id: &str) -> Refusal {
        let noun = self.noun.trim_end_matches(" ID");
        Refusal::new("DependencyViolation", format!("The {noun} '{id}' has dependencies and cannot be deleted."))
    }
}

/// A thing that a caller names.
pub(super) fn need<'a, T: Thing>(scene: &'a Scene<'_>, id: &str) -> Result<&'a T, Refusal> {
    T::KIND.check(id)?;
    T::shelf(&scene.here.ec2).seen(id, scene.sight).ok_or_else(|| T::KIND.absent(id))
}

/// A thing that a caller names, to be changed.
pub(super) fn need_mut<'a, T: Thing>(scene: &'a mut Scene<'_>, id: &str) -> Result<&'a mut T, Refusal> {
    T::KIND.check(id)?;
    let sight = scene.sight;
    T::shelf_mut(&mut scene.here.ec2).seen_mut(id, sight).ok_or_else(|| T::KIND.absent(id))
}

/// A new thing with an id of its own.
pub(super) fn put<T: Thing>(scene: &mut Scene<'_>, thing: T) -> String {
    let (id, visible) = (scene.dice.id(T::KIND.prefix), scene.fresh());
    T::shelf_mut(&mut scene.here.ec2).put(&id, thing, visible);
    id
}

/// A thing in an answer.
pub(super) fn shown<T: Thing>(scene: &Scene<'_>, id: &str) -> Option<Tree> {
    T::shelf(&scene.here.ec2).get(id).map(|thing| thing.show(scene, id))
}

/// The tags of a thing that a caller names, to be changed.
pub(super) fn tags_mut<'a, T: Thing>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    let sight = scene.sight;
    T::shelf_mut(&mut scene.here.ec2).seen_mut(id, sight).map(Thing::tags_mut)
}

/// All things of a kind that a caller sees, with their ids and tags.
pub(super) fn tagged<'a, T: Thing>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    T::shelf(&scene.here.ec2).visible(scene.sight).map(|(id, thing)| (id, thing.tags()))
}

/// A `Describe…` call.
pub(super) fn describe<T: Thing>(scene: &mut Scene<'_>, input: &Input) -> Answer {
    describe_by::<T>(scene, input, "Filter", false)
}

/// The same where a page of named things is refused.
pub(super) fn describe_either<T: Thing>(scene: &mut Scene<'_>, input: &Input) -> Answer {
    describe_by::<T>(scene, input, "Filter", true)
}

fn describe_by<T: Thing>(scene: &Scene<'_>, input: &Input, list: &str, is_either: bool) -> Answer {
    let ids = input.texts(T::IDS);
    if is_either && !ids.is_empty() && input.has("MaxResults") {
        let words = format!("The parameter {} cannot be used with the parameter MaxResults", T::IDS);
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    let filters = Filters::of(input.list(list), "Value", T::FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", T::PAGE, "InvalidParameterValue")?;
    for id in &ids {
        need::<T>(scene, id)?;
    }
    let all = T::shelf(&scene.here.ec2).visible(scene.sight).filter(|(id, _)| ids.is_empty() || ids.contains(id));
    let found = all.filter(|(id, thing)| filters.pass(thing.tags(), |name| thing.values(scene, id, name)));
    let (page, next) = page.cut(found.map(|(id, thing)| (id.to_owned(), thing.show(scene, id))));
    Ok(object! { T::SET => items(page), "nextToken" => next })
}

/// The answer of calls that have nothing else to say.
pub(super) fn done() -> Tree {
    object! { "return" => true }
}

/// Refuses tags that are meant for another kind of things.
pub(super) fn tags<T: Thing>(input: &Input) -> Result<Tags, Refusal> {
    tags_for(input, T::KIND.resource)
}

/// The same for a kind by its name.
pub(super) fn tags_for(input: &Input, resource: &str) -> Result<Tags, Refusal> {
    let kinds = input.list("TagSpecification").iter().filter_map(|one| one.text("ResourceType"));
    for kind in kinds {
        Scene::ensure(kind == resource, || {
            let words = format!("'{kind}' is not a valid taggable resource type for this operation.");
            Refusal::new("InvalidParameterValue", words)
        })?;
    }
    Tags::specified(input, resource)
}
