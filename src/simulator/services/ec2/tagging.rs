//! Tags of anything in EC2, by its id.

use super::addresses::Address;
use super::endpoints::Endpoint;
use super::interfaces::Interface;
use super::internet_gateways::InternetGateway;
use super::listing::{self, Kind, Thing, done};
use super::nat_gateways::NatGateway;
use super::network_acls::NetworkAcl;
use super::route_tables::RouteTable;
use super::security_groups::{Rule, SecurityGroup};
use super::subnets::Subnet;
use super::vpcs::{DhcpOptions, Vpc};
use super::{images, instances, launch_templates, volumes};
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, missing};
use crate::simulator::output::{items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with tags.
pub(super) const ACTIONS: &[Action] =
    &[action("CreateTags", create), action("DeleteTags", delete), action("DescribeTags", describe)];

macro_rules! kinds {
    ($($thing:ty),* $(,)?) => {
        /// The kinds that are kept on shelves of their own.
        const KINDS: &[Kind] = &[$(<$thing as Thing>::KIND),*];

        /// The tags of one of these, to be changed.
        fn on_a_shelf<'a>(scene: &'a mut Scene<'_>, id: &str, prefix: &str) -> Option<&'a mut Tags> {
            $(if prefix == <$thing as Thing>::KIND.prefix {
                return listing::tags_mut::<$thing>(scene, id);
            })*
            None
        }

        /// All of these, by kind and id, with their tags.
        fn all_on_shelves(scene: &Scene<'_>) -> Vec<(&'static str, String, Tags)> {
            let mut all = Vec::new();
            $(all.extend(listing::tagged::<$thing>(scene).map(|(id, tags)| {
                (<$thing as Thing>::KIND.resource, id.to_owned(), tags.clone())
            }));)*
            all
        }
    };
}

kinds!(
    Address,
    DhcpOptions,
    Endpoint,
    Interface,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
);

/// The code for an id that nothing has, by what it begins with, for what is not on those shelves.
const OTHERS: [(&str, &str); 5] = [
    ("ami", "InvalidAMIID.NotFound"),
    ("i", "InvalidInstanceID.NotFound"),
    ("lt", "InvalidLaunchTemplateId.NotFound"),
    ("snap", "InvalidSnapshot.NotFound"),
    ("vol", "InvalidVolume.NotFound"),
];

/// The tags of a thing, to be changed.
fn find<'a>(scene: &'a mut Scene<'_>, id: &str) -> Result<&'a mut Tags, Refusal> {
    let prefix = id.rsplit_once('-').map_or(id, |(prefix, _)| prefix).to_owned();
    let code = KINDS.iter().map(|kind| (kind.prefix, kind.not_found)).chain(OTHERS);
    let code = code.into_iter().find(|(known, _)| *known == prefix).map(|(_, code)| code);
    let found = match prefix.as_str() {
        "ami" => images::tags(scene, id),
        "i" => instances::tags(scene, id),
        "lt" => launch_templates::tags(scene, id),
        "snap" | "vol" => volumes::tags(scene, id),
        _ => on_a_shelf(scene, id, &prefix),
    };
    found.ok_or_else(|| match code {
        Some(code) => Refusal::new(code, format!("The ID '{id}' does not exist")),
        None => Refusal::new("InvalidID", format!("The ID '{id}' is not valid")),
    })
}

fn resources(input: &Input) -> Result<Vec<&str>, Refusal> {
    let ids = input.texts("ResourceId");
    if ids.is_empty() { Err(missing("resourceIdSet")) } else { Ok(ids) }
}

/// All things or none.
fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (ids, more) = (resources(input)?, Tags::read(input, "Tag")?);
    if more.is_empty() {
        return Err(missing("tagSet"));
    }
    for id in &ids {
        find(scene, id)?.clone().merge(more.clone())?;
    }
    for id in ids {
        find(scene, id)?.merge(more.clone())?;
    }
    Ok(done())
}

/// Without tags, all that callers set. A tag with a value goes only if it has this value.
fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = resources(input)?;
    for id in &ids {
        find(scene, id)?;
    }
    let wanted = input.list("Tag");
    for id in ids {
        let tags = find(scene, id)?;
        for tag in wanted {
            tags.remove(tag.need("Key")?, tag.text("Value"));
        }
        if wanted.is_empty() {
            let own: Vec<String> = tags.iter().map(|(key, _)| key.to_owned()).collect();
            own.iter().filter(|key| !key.starts_with("aws:")).for_each(|key| tags.remove(key, None));
        }
    }
    Ok(done())
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["key", "resource-id", "resource-type", "value"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let mut all = all_on_shelves(scene);
    let own = |kind: &'static str| move |(id, tags): (&str, &Tags)| (kind, id.to_owned(), tags.clone());
    all.extend(images::tagged(scene).map(own("image")));
    all.extend(instances::tagged(scene).map(own("instance")));
    all.extend(launch_templates::tagged(scene).map(own("launch-template")));
    all.extend(volumes::tagged(scene).map(own("volume")));
    let found = all.iter().flat_map(|(kind, id, tags)| tags.iter().map(move |(key, value)| (*kind, id, key, value)));
    let found = found.filter(|(kind, id, key, value)| {
        filters.pass(&Tags::default(), |name| {
            let one = match name {
                "key" => key,
                "resource-id" => id.as_str(),
                "resource-type" => kind,
                _ => value,
            };
            vec![one.to_owned()]
        })
    });
    let mut found: Vec<_> = found
        .map(|(kind, id, key, value)| {
            let tree = object! {
                "resourceId" => id, "resourceType" => kind, "key" => key.to_owned(), "value" => value.to_owned(),
            };
            (format!("{id} {key}"), tree)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (tags, next) = page.cut(found);
    Ok(object! { "tagSet" => items(tags), "nextToken" => next })
}
