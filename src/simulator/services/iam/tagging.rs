//! Tags of roles, users, policies and instance profiles.

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::{limit, listed, managed, profiles, roles, tags, users};

pub(super) const ACTIONS: &[Action] = &[
    action("ListInstanceProfileTags", |scene, input| list(input, &profiles::named(scene, input)?.1.tags)),
    action("ListPolicyTags", |scene, input| list(input, &managed::named(scene, input)?.1.tags)),
    action("ListRoleTags", |scene, input| list(input, &roles::named(scene, input)?.1.tags)),
    action("ListUserTags", |scene, input| list(input, &users::named(scene, input)?.1.tags)),
    action("TagInstanceProfile", |scene, input| tag(input, &mut profiles::named_mut(scene, input)?.tags)),
    action("TagPolicy", |scene, input| tag(input, &mut managed::named_mut(scene, input)?.tags)),
    action("TagRole", |scene, input| tag(input, &mut roles::named_mut(scene, input)?.tags)),
    action("TagUser", |scene, input| tag(input, &mut users::named_mut(scene, input)?.tags)),
    action("UntagInstanceProfile", |scene, input| untag(input, &mut profiles::named_mut(scene, input)?.tags)),
    action("UntagPolicy", |scene, input| untag(input, &mut managed::named_mut(scene, input)?.tags)),
    action("UntagRole", |scene, input| untag(input, &mut roles::named_mut(scene, input)?.tags)),
    action("UntagUser", |scene, input| untag(input, &mut users::named_mut(scene, input)?.tags)),
];

fn list(input: &Input, held: &Tags) -> Answer {
    let shown =
        |(key, value): (&str, &str)| (key.to_owned(), object! { "Key" => key.to_owned(), "Value" => value.to_owned() });
    listed(input, "Tags", held.iter().map(shown))
}

fn tag(input: &Input, held: &mut Tags) -> Answer {
    held.merge(tags(input)?).map_err(|refusal| limit(refusal.message))?;
    Ok(Tree::NONE)
}

fn untag(input: &Input, held: &mut Tags) -> Answer {
    input.texts("TagKeys").into_iter().for_each(|key| held.remove(key, None));
    Ok(Tree::NONE)
}
