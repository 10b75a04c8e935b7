//! The services that endpoints lead to, and the prefix lists that stand for their addresses.

use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::zones;
use crate::simulator::tags::Tags;

/// What is asked of services and prefix lists.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("DescribePrefixLists", prefix_lists),
    action("DescribeManagedPrefixLists", managed_prefix_lists),
    action("DescribeVpcEndpointServices", services),
];

/// Those that have gateways, with the ends of their prefix lists' ids and their ranges.
const GATEWAYS: [(&str, &str, &[&str]); 2] = [
    ("dynamodb", "00a54069", &["52.94.5.0/24", "52.119.240.0/21", "3.248.180.0/23"]),
    ("s3", "68a54001", &["3.5.64.0/21", "52.92.0.0/17", "52.218.0.0/17"]),
];

/// Those that have interfaces.
const INTERFACES: [&str; 27] = [
    "autoscaling",
    "cloudformation",
    "dynamodb",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "elasticache",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
];

/// `s3` of `com.amazonaws.eu-west-1.s3`.
fn short<'a>(scene: &Scene<'_>, name: &'a str) -> Option<&'a str> {
    name.strip_prefix("com.amazonaws.")?.strip_prefix(scene.place.region.as_str())?.strip_prefix('.')
}

fn full(scene: &Scene<'_>, short: &str) -> String {
    format!("com.amazonaws.{}.{short}", scene.place.region)
}

/// The prefix list of a service that has gateways.
pub(super) fn prefix_list(scene: &Scene<'_>, service: &str) -> Option<String> {
    let short = short(scene, service)?;
    GATEWAYS.iter().find(|(name, ..)| *name == short).map(|(_, id, _)| format!("pl-{id}"))
}

/// Whether there is such a prefix list.
pub(in super::super) fn is_prefix_list(_: &Scene<'_>, id: &str) -> bool {
    GATEWAYS.iter().any(|(_, end, _)| id.strip_prefix("pl-") == Some(*end))
}

/// Whether a service has endpoints of this type.
pub(super) fn has(scene: &Scene<'_>, service: &str, as_gateway: bool) -> bool {
    let Some(short) = short(scene, service) else { return false };
    if as_gateway { is_gateway(short) } else { INTERFACES.contains(&short) }
}

fn is_gateway(short: &str) -> bool {
    GATEWAYS.iter().any(|(name, ..)| *name == short)
}

/// The name by which a service is known in private, `sqs.eu-west-1.amazonaws.com`.
pub(super) fn private_name(scene: &Scene<'_>, service: &str) -> Option<String> {
    let short = short(scene, service)?;
    // `ecr.api` is known as `api.ecr`.
    let turned: Vec<&str> = short.split('.').rev().collect();
    Some(format!("{}.{}.amazonaws.com", turned.join("."), scene.place.region))
}

fn absent(id: &str) -> Refusal {
    Refusal::new("InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist"))
}

fn check_lists(scene: &Scene<'_>, ids: &[&str]) -> Result<(), Refusal> {
    ids.iter().try_for_each(|id| Scene::ensure(is_prefix_list(scene, id), || absent(id)))
}

fn prefix_lists(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["prefix-list-id", "prefix-list-name"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 1000), "InvalidParameterValue")?;
    let ids = input.texts("PrefixListId");
    check_lists(scene, &ids)?;
    let all = GATEWAYS.iter().map(|(name, id, ranges)| (format!("pl-{id}"), full(scene, name), ranges));
    let found = all.filter(|(id, name, _)| {
        let value = |filter: &str| vec![if filter == "prefix-list-id" { id.clone() } else { name.clone() }];
        (ids.is_empty() || ids.contains(&id.as_str())) && filters.pass(&Tags::default(), value)
    });
    let (page, next) = page.cut(found.map(|(id, name, ranges)| {
        let ranges = items(ranges.iter().copied());
        (id.clone(), object! { "prefixListId" => id, "prefixListName" => name, "cidrSet" => ranges })
    }));
    Ok(object! { "prefixListSet" => items(page), "nextToken" => next })
}

fn managed_prefix_lists(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["owner-id", "prefix-list-id", "prefix-list-name"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 100), "InvalidParameterValue")?;
    let ids = input.texts("PrefixListId");
    check_lists(scene, &ids)?;
    let all = GATEWAYS.iter().map(|(name, id, _)| (format!("pl-{id}"), full(scene, name)));
    let found = all.filter(|(id, name)| {
        let value = |filter: &str| {
            let one = match filter {
                "owner-id" => "AWS",
                "prefix-list-id" => id,
                _ => name,
            };
            vec![one.to_owned()]
        };
        (ids.is_empty() || ids.contains(&id.as_str())) && filters.pass(&Tags::default(), value)
    });
    let (page, next) = page.cut(found.map(|(id, name)| {
        let shown = object! {
            "prefixListId" => &id,
            "prefixListName" => name,
            "prefixListArn" => format!("arn:aws:ec2:{}:aws:prefix-list/{id}", scene.place.region),
            "addressFamily" => "IPv4",
            "state" => "create-complete",
            "ownerId" => "AWS",
        };
        (id, shown)
    }));
    Ok(object! { "prefixListSet" => items(page), "nextToken" => next })
}

fn services(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let known = &["owner", "service-name", "service-region", "service-type", "supported-ip-address-types"];
    let filters = Filters::read(input, known)?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 1000), "InvalidParameterValue")?;
    let names = input.texts("ServiceName");
    for name in &names {
        Scene::ensure(has(scene, name, true) || has(scene, name, false), || super::no_service(name))?;
    }
    let gateways = GATEWAYS.iter().map(|(name, ..)| (*name, "Gateway"));
    let all = gateways.chain(INTERFACES.iter().map(|name| (*name, "Interface")));
    let mut found: Vec<(String, String, &'static str)> = all
        .map(|(short, kind)| (format!("{short} {kind}"), full(scene, short), kind))
        .filter(|(_, name, kind)| {
            let value = |filter: &str| {
                let one = match filter {
                    "owner" => "amazon",
                    "service-name" => name,
                    "service-region" => &scene.place.region,
                    "service-type" => kind,
                    _ => "ipv4",
                };
                vec![one.to_owned()]
            };
            (names.is_empty() || names.contains(&name.as_str())) && filters.pass(&Tags::default(), value)
        })
        .collect();
    found.sort();
    let (page, next) = page.cut(found.iter().map(|(key, name, kind)| (key.clone(), show(scene, name, kind))));
    let mut names: Vec<&String> = found.iter().map(|(_, name, _)| name).collect();
    names.dedup();
    Ok(object! { "serviceNameSet" => items(names), "serviceDetailSet" => items(page), "nextToken" => next })
}

fn show(scene: &Scene<'_>, name: &str, kind: &'static str) -> Tree {
    let private = private_name(scene, name);
    let base = format!("{}.{}.vpce.amazonaws.com", short(scene, name).unwrap_or_default(), scene.place.region);
    let is_interface = kind == "Interface";
    object! {
        "serviceName" => name.to_owned(),
        "serviceType" => items([object! { "serviceType" => kind }]),
        "serviceRegion" => &scene.place.region,
        "availabilityZoneSet" => items(zones::of(&scene.place.region).into_iter().map(|zone| zone.name)),
        "owner" => "amazon",
        "baseEndpointDnsNameSet" => items([if is_interface { base } else { private.clone().unwrap_or_default() }]),
        "privateDnsName" => private.clone().filter(|_| is_interface),
        "privateDnsNameSet" => is_interface.then(|| items([object! { "privateDnsName" => private }])),
        "vpcEndpointPolicySupported" => true,
        "acceptanceRequired" => false,
        "managesVpcEndpoints" => false,
        "supportedIpAddressTypeSet" => items(["ipv4"]),
    }
}
