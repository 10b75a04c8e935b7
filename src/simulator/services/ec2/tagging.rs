//! Tags of anything that EC2 has, whichever area keeps it.

use super::addresses::Address;
use super::endpoints::Endpoint;
use super::interfaces::Interface;
use super::internet_gateways::InternetGateway;
use super::listing::{Kind, Thing, tagged, tags_mut};
use super::nat_gateways::NatGateway;
use super::network_acls::NetworkAcl;
use super::route_tables::RouteTable;
use super::security_groups::{Rule, SecurityGroup};
use super::subnets::Subnet;
use super::vpcs::{DhcpOptions, Vpc};
use super::{images, instances, launch_templates, volumes};
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with tags.
pub(super) const ACTIONS: &[Action] =
    &[action("CreateTags", create), action("DeleteTags", delete), action("DescribeTags", describe)];

/// The kinds that keep their tags themselves.
const KEPT_ELSEWHERE: [Kind; 5] = [
    Kind {
        prefix: "ami",
        resource: "image",
        noun: "image id",
        not_found: "InvalidAMIID.NotFound",
        malformed: "InvalidAMIID.Malformed",
    },
    Kind {
        prefix: "i",
        resource: "instance",
        noun: "instance ID",
        not_found: "InvalidInstanceID.NotFound",
        malformed: "InvalidInstanceID.Malformed",
    },
    Kind {
        prefix: "lt",
        resource: "launch-template",
        noun: "launch template ID",
        not_found: "InvalidLaunchTemplateId.NotFound",
        malformed: "InvalidLaunchTemplateId.Malformed",
    },
    Kind {
        prefix: "snap",
        resource: "snapshot",
        noun: "snapshot",
        not_found: "InvalidSnapshot.NotFound",
        malformed: "InvalidSnapshotID.Malformed",
    },
    Kind {
        prefix: "vol",
        resource: "volume",
        noun: "volume",
        not_found: "InvalidVolume.NotFound",
        malformed: "InvalidVolumeID.Malformed",
    },
];

/// The kinds of things that are on shelves, with their functions.
macro_rules! shelved {
    ($each:ident) => {
        $each!(
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
            Vpc
        )
    };
}

/// The kind of an id by its beginning.
fn kind(id: &str) -> Option<Kind> {
    macro_rules! kinds {
        ($($thing:ty),*) => { [$(<$thing>::KIND),*] };
    }
    let prefix = id.split_once('-').map_or("", |(prefix, _)| prefix);
    shelved!(kinds).into_iter().chain(KEPT_ELSEWHERE).find(|kind| kind.prefix == prefix)
}

/// The tags of anything by its id, to be changed.
fn tags_of<'a>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    let prefix = kind(id)?.prefix;
    macro_rules! find {
        ($($thing:ty),*) => {
            $(if prefix == <$thing>::KIND.prefix {
                return tags_mut::<$thing>(scene, id);
            })*
        };
    }
    shelved!(find);
    match prefix {
        "ami" => images::tags(scene, id),
        "i" => instances::tags(scene, id),
        "lt" => launch_templates::tags(scene, id),
        _ => volumes::tags(scene, id),
    }
}

/// The resources that a call names, all of which are there.
fn resources<'i>(scene: &mut Scene<'_>, input: &'i Input) -> Result<Vec<&'i str>, Refusal> {
    let ids = input.texts("ResourceId");
    Scene::ensure(!ids.is_empty(), || missing("resourceIdSet"))?;
    for id in &ids {
        let kind = kind(id).ok_or_else(|| Refusal::new("InvalidID", format!("The ID '{id}' is not valid")))?;
        kind.check(id)?;
        if tags_of(scene, id).is_none() {
            return Err(kind.absent(id));
        }
    }
    Ok(ids)
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let tags = Tags::read(input, "Tag")?;
    Scene::ensure(!tags.is_empty(), || missing("tagSet"))?;
    let ids = resources(scene, input)?;
    // First on trial, so that one with too many tags leaves all as they were.
    for id in &ids {
        if let Some(kept) = tags_of(scene, id) {
            kept.clone().merge(tags.clone())?;
        }
    }
    for id in ids {
        if let Some(kept) = tags_of(scene, id) {
            kept.merge(tags.clone())?;
        }
    }
    Ok(object! { "return" => true })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let ids = resources(scene, input)?;
    let mut wanted = Vec::new();
    for tag in input.list("Tag") {
        let key = tag.need("Key")?;
        Scene::ensure(!key.to_ascii_lowercase().starts_with("aws:"), || {
            invalid(format!("Tag keys starting with 'aws:' are reserved for internal use: {key}"))
        })?;
        wanted.push((key, tag.text("Value")));
    }
    for id in ids {
        let Some(kept) = tags_of(scene, id) else { continue };
        if wanted.is_empty() {
            // Without tags all go that are the caller's.
            let keys: Vec<String> = kept.iter().map(|(key, _)| key.to_owned()).collect();
            keys.iter().filter(|key| !key.starts_with("aws:")).for_each(|key| kept.remove(key, None));
        }
        for (key, value) in &wanted {
            kept.remove(key, *value);
        }
    }
    Ok(object! { "return" => true })
}

/// All tags there are: the id, the type of resource, the key, the value.
fn all(scene: &Scene<'_>) -> Vec<(String, &'static str, String, String)> {
    let mut all = Vec::new();
    let mut add = |resource: &'static str, id: &str, tags: &Tags| {
        all.extend(tags.iter().map(|(key, value)| (id.to_owned(), resource, key.to_owned(), value.to_owned())));
    };
    macro_rules! collect {
        ($($thing:ty),*) => {
            $(tagged::<$thing>(scene).for_each(|(id, tags)| add(<$thing>::KIND.resource, id, tags));)*
        };
    }
    shelved!(collect);
    let elsewhere = images::tagged(scene).chain(instances::tagged(scene));
    let elsewhere = elsewhere.chain(launch_templates::tagged(scene)).chain(volumes::tagged(scene));
    elsewhere.for_each(|(id, tags)| add(kind(id).map_or("", |kind| kind.resource), id, tags));
    all.sort();
    all
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["key", "resource-id", "resource-type", "value"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let found = all(scene).into_iter().filter(|(id, resource, key, value)| {
        // A filter `tag:KEY` finds the tag itself.
        let mut own = Tags::default();
        own.set(key, value);
        filters.pass(&own, |filter| {
            let one = match filter {
                "key" => key,
                "resource-id" => id,
                "resource-type" => *resource,
                _ => value,
            };
            vec![one.to_owned()]
        })
    });
    let (page, next) = page.cut(found.map(|(id, resource, key, value)| {
        let shown = object! { "resourceId" => &id, "resourceType" => resource, "key" => &key, "value" => value };
        (format!("{id}\n{key}"), shown)
    }));
    Ok(object! { "tagSet" => items(page), "nextToken" => next })
}
