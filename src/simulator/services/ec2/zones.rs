//! Regions, Availability Zones, and what an account may have.

use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What is asked of places and accounts.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeAvailabilityZones", describe_zones),
    action("DescribeRegions", describe_regions),
    action("DescribeAccountAttributes", describe_attributes),
];

/// An Availability Zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// `eu-west-1a`.
    pub(crate) name: String,
    /// `euw1-az1`, the same place in every account.
    pub(crate) id: String,
}

/// The regions that need no opting in (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>), and the
/// letters of the zones that a newer account sees.
const REGIONS: &[(&str, &str)] = &[
    ("ap-northeast-1", "acd"),
    ("ap-northeast-2", "abcd"),
    ("ap-northeast-3", "abc"),
    ("ap-south-1", "abc"),
    ("ap-southeast-1", "abc"),
    ("ap-southeast-2", "abc"),
    ("ca-central-1", "abd"),
    ("eu-central-1", "abc"),
    ("eu-north-1", "abc"),
    ("eu-west-1", "abc"),
    ("eu-west-2", "abc"),
    ("eu-west-3", "abc"),
    ("sa-east-1", "abc"),
    ("us-east-1", "abcdef"),
    ("us-east-2", "abc"),
    ("us-west-1", "ac"),
    ("us-west-2", "abcd"),
];

/// The zones of a region.
pub(crate) fn of(region: &str) -> Vec<Zone> {
    let letters = REGIONS.iter().find(|(name, _)| *name == region).map_or("abc", |(_, letters)| letters);
    let short = short(region);
    let zone = |(number, letter)| Zone { name: format!("{region}{letter}"), id: format!("{short}-az{}", number + 1) };
    letters.chars().enumerate().map(zone).collect()
}

/// The zone of this name or id.
pub(super) fn find(region: &str, name_or_id: &str) -> Option<Zone> {
    of(region).into_iter().find(|zone| zone.name == name_or_id || zone.id == name_or_id)
}

/// The zone that a call names by name or by id, if it does.
pub(super) fn named(scene: &Scene<'_>, input: &Input) -> Result<Option<Zone>, Refusal> {
    let Some(wanted) = input.text("AvailabilityZone").or_else(|| input.text("AvailabilityZoneId")) else {
        return Ok(None);
    };
    find(&scene.place.region, wanted).map(Some).ok_or_else(|| unknown(scene, wanted))
}

fn unknown(scene: &Scene<'_>, name: &str) -> Refusal {
    let names: Vec<String> = of(&scene.place.region).into_iter().map(|zone| zone.name).collect();
    invalid(format!(
        "Value ({name}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability \
         zones: {}.",
        names.join(", ")
    ))
}

/// `euw1` for `eu-west-1`: the first letters, those of the direction, and the number.
fn short(region: &str) -> String {
    let mut parts = region.split('-');
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part {
            "northeast" => short.push_str("ne"),
            "northwest" => short.push_str("nw"),
            "southeast" => short.push_str("se"),
            "southwest" => short.push_str("sw"),
            _ => short.extend(part.chars().next()),
        }
    }
    short
}

fn describe_zones(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let region = &scene.place.region;
    input.pass_over("AllAvailabilityZones");
    let known = &[
        "group-long-name",
        "group-name",
        "message",
        "opt-in-status",
        "parent-zone-id",
        "parent-zone-name",
        "region-name",
        "state",
        "zone-id",
        "zone-name",
        "zone-type",
    ];
    let filters = Filters::read(input, known)?;
    let (names, ids) = (input.texts("ZoneName"), input.texts("ZoneId"));
    for name in names.iter().chain(&ids) {
        find(region, name).ok_or_else(|| invalid(format!("Invalid availability zone: [{name}]")))?;
    }
    let value = |zone: &Zone, name: &str| {
        let one = match name {
            "group-long-name" => format!("{region} 1"),
            "group-name" => format!("{region}-zg-1"),
            "opt-in-status" => "opt-in-not-required".to_owned(),
            "region-name" => region.clone(),
            "state" => "available".to_owned(),
            "zone-id" => zone.id.clone(),
            "zone-name" => zone.name.clone(),
            "zone-type" => "availability-zone".to_owned(),
            _ => return Vec::new(),
        };
        vec![one]
    };
    let wanted = |zone: &Zone| {
        (names.is_empty() || names.contains(&zone.name.as_str())) && (ids.is_empty() || ids.contains(&zone.id.as_str()))
    };
    let found = of(region).into_iter().filter(wanted);
    let found = found.filter(|zone| filters.pass(&Tags::default(), |name| value(zone, name)));
    let shown = found.map(|zone| {
        object! {
            "zoneName" => zone.name,
            "zoneId" => zone.id,
            "zoneState" => "available",
            "zoneType" => "availability-zone",
            "regionName" => region,
            "groupName" => format!("{region}-zg-1"),
            "groupLongName" => format!("{region} 1"),
            "networkBorderGroup" => region,
            "optInStatus" => "opt-in-not-required",
            "messageSet" => Tree::List("item", Vec::new()),
        }
    });
    Ok(object! { "availabilityZoneInfo" => items(shown) })
}

fn describe_regions(_: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["endpoint", "opt-in-status", "region-name"])?;
    input.pass_over("AllRegions");
    let names = input.texts("RegionName");
    let endpoint = |name: &str| format!("ec2.{name}.amazonaws.com");
    for name in &names {
        let is_known = REGIONS.iter().any(|(region, _)| region == name);
        Scene::ensure(is_known, || invalid(format!("Invalid value '{name}' for regionName.")))?;
    }
    let found = REGIONS.iter().map(|(name, _)| *name).filter(|name| names.is_empty() || names.contains(name));
    let found = found.filter(|region| {
        filters.pass(&Tags::default(), |filter| match filter {
            "endpoint" => vec![endpoint(region)],
            "opt-in-status" => vec!["opt-in-not-required".to_owned()],
            _ => vec![(*region).to_owned()],
        })
    });
    let shown = found.map(|name| {
        object! { "regionName" => name, "regionEndpoint" => endpoint(name), "optInStatus" => "opt-in-not-required" }
    });
    Ok(object! { "regionInfo" => items(shown) })
}

fn describe_attributes(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let default = super::vpcs::default_vpc(scene).unwrap_or_else(|| "none".to_owned());
    let all = [
        ("supported-platforms", "VPC".to_owned()),
        ("default-vpc", default),
        ("max-instances", "20".to_owned()),
        ("vpc-max-security-groups-per-interface", super::interfaces::GROUPS.to_string()),
        ("max-elastic-ips", super::addresses::LIMIT.to_string()),
        ("vpc-max-elastic-ips", super::addresses::LIMIT.to_string()),
    ];
    let names = input.texts("AttributeName");
    for name in &names {
        let is_known = all.iter().any(|(known, _)| known == name);
        Scene::ensure(is_known, || invalid(format!("Invalid value '{name}' for attributeName.")))?;
    }
    let wanted = all.into_iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    let shown = wanted.map(|(name, value)| {
        object! { "attributeName" => name, "attributeValueSet" => items([object! { "attributeValue" => value }]) }
    });
    Ok(object! { "accountAttributeSet" => items(shown) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_the_ids_that_aws_gives_them() {
        assert_eq!(of("eu-west-1").first().map(|zone| zone.id.clone()), Some("euw1-az1".to_owned()));
        assert_eq!(short("ap-southeast-2"), "apse2");
        assert_eq!(short("us-gov-west-1"), "usgw1");
        assert_eq!(of("us-east-1").len(), 6);
    }
}
