//! Instances as `DescribeInstances` shows them.

use std::collections::BTreeMap;

use super::{Instance, Phase, need_all};
use crate::simulator::filters::Filters;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::{instance_types, interfaces, security_groups};

/// What is asked of instances.
pub(in super::super) const ACTIONS: &[Action] = &[action("DescribeInstances", describe)];

/// One instance.
pub(super) fn show(scene: &Scene<'_>, id: &str, instance: &Instance) -> Tree {
    let is_there = instance.phase != Phase::Terminated;
    let (name, code) = instance.phase.name();
    let reason = match instance.reason_code {
        _ if instance.phase == Phase::Pending => Some(object! { "code" => "pending", "message" => "pending" }),
        code => code.map(|code| object! { "code" => code, "message" => format!("{code}: User initiated shutdown") }),
    };
    let there = |text: &String| is_there.then(|| text.clone());
    let public = interfaces::public_ip(scene, &instance.interface);
    let shown = object! {
        "instanceId" => id.to_owned(),
        "imageId" => &instance.image,
        "instanceState" => object! { "code" => code, "name" => name },
        "privateDnsName" => there(&private_name(scene, &instance.private_ip)).unwrap_or_default(),
        "dnsName" => public.as_ref().map(|ip| public_name(scene, ip)).unwrap_or_default(),
        "reason" => &instance.reason,
        "keyName" => instance.key.clone(),
        "amiLaunchIndex" => instance.index,
        "productCodes" => Tree::List("item", Vec::new()),
        "instanceType" => &instance.kind,
        "launchTime" => instance.launched,
        "placement" => object! {
            "availabilityZone" => &instance.zone,
            "groupName" => "",
            "tenancy" => &instance.tenancy,
        },
        "monitoring" => object! { "state" => if instance.is_monitored { "enabled" } else { "disabled" } },
        "subnetId" => there(&instance.subnet),
        "vpcId" => there(&instance.vpc),
        "privateIpAddress" => there(&instance.private_ip),
        "ipAddress" => public,
        "stateReason" => reason,
        "architecture" => &instance.architecture,
        "rootDeviceType" => "ebs",
        "rootDeviceName" => &instance.root,
        "blockDeviceMapping" => items(instance.volumes.iter().filter_map(|volume| device(scene, volume))),
        "virtualizationType" => "hvm",
        "clientToken" => instance.token.clone().unwrap_or_default(),
        "tagSet" => instance.tags.ec2(),
        "hypervisor" => "xen",
        "iamInstanceProfile" => instance.profile.as_ref().map(|it| object! { "arn" => &it.arn, "id" => &it.id }),
        "instanceLifecycle" => instance.market,
        "groupSet" => if is_there { groups(scene, instance) } else { Tree::List("item", Vec::new()) },
        "networkInterfaceSet" => items(is_there.then(|| interface(scene, instance))),
        "ebsOptimized" => instance.is_ebs_optimized,
        "enaSupport" => true,
        "sourceDestCheck" => is_there.then_some(instance.checks_source),
    };
    with_options(shown, instance)
}

/// What of an instance hardly anybody sets.
fn with_options(shown: Tree, instance: &Instance) -> Tree {
    let kind = instance_types::find(&instance.kind);
    let threads = kind.map_or(1, |kind| kind.threads());
    let options = object! {
        "cpuOptions" => object! {
            "coreCount" => kind.map(|kind| kind.processors() / threads),
            "threadsPerCore" => threads,
        },
        "capacityReservationSpecification" => object! { "capacityReservationPreference" => "open" },
        "hibernationOptions" => object! { "configured" => false },
        "metadataOptions" => metadata(instance),
        "enclaveOptions" => object! { "enabled" => false },
        "bootMode" => if instance.architecture == "arm64" { "uefi" } else { "uefi-preferred" },
        "currentInstanceBootMode" => "uefi",
        "platformDetails" => "Linux/UNIX",
        "usageOperation" => "RunInstances",
        "usageOperationUpdateTime" => instance.launched,
        "privateDnsNameOptions" => object! {
            "hostnameType" => "ip-name",
            "enableResourceNameDnsARecord" => false,
            "enableResourceNameDnsAAAARecord" => false,
        },
        "maintenanceOptions" => object! { "autoRecovery" => "default", "rebootMigration" => "default" },
        "networkPerformanceOptions" => object! { "bandwidthWeighting" => "default" },
        "operator" => object! { "managed" => false },
    };
    match (shown, options) {
        (Tree::Object(mut all), Tree::Object(more)) => {
            all.extend(more);
            Tree::Object(all)
        }
        (shown, _) => shown,
    }
}

/// What is set of an instance's metadata.
pub(super) fn metadata(instance: &Instance) -> Tree {
    let state = if instance.phase == Phase::Pending { "pending" } else { "applied" };
    object! {
        "state" => state,
        "httpTokens" => &instance.metadata.tokens,
        "httpPutResponseHopLimit" => instance.metadata.hops,
        "httpEndpoint" => &instance.metadata.endpoint,
        "httpProtocolIpv6" => &instance.metadata.ipv6,
        "instanceMetadataTags" => &instance.metadata.tags,
    }
}

/// The groups of an instance, with their names.
pub(super) fn groups(scene: &Scene<'_>, instance: &Instance) -> Tree {
    items(instance.groups.iter().map(|group| {
        object! { "groupId" => group, "groupName" => security_groups::group_name(scene, group).unwrap_or_default() }
    }))
}

/// A volume as its instance shows it.
pub(super) fn device(scene: &Scene<'_>, id: &str) -> Option<Tree> {
    let volume = scene.here.ec2.volumes.all.get(id)?;
    let ebs = object! {
        "volumeId" => id.to_owned(),
        "status" => "attached",
        "attachTime" => volume.made,
        "deleteOnTermination" => volume.delete,
    };
    Some(object! { "deviceName" => &volume.device, "ebs" => ebs })
}

fn interface(scene: &Scene<'_>, instance: &Instance) -> Tree {
    let name = private_name(scene, &instance.private_ip);
    let public = interfaces::public_ip(scene, &instance.interface).map(|ip| {
        object! { "publicDnsName" => public_name(scene, &ip), "publicIp" => ip, "ipOwnerId" => "amazon" }
    });
    let address = object! {
        "privateIpAddress" => &instance.private_ip,
        "privateDnsName" => &name,
        "primary" => true,
        "association" => public.clone(),
    };
    object! {
        "networkInterfaceId" => &instance.interface,
        "subnetId" => &instance.subnet,
        "vpcId" => &instance.vpc,
        "description" => "",
        "ownerId" => &scene.place.account,
        "status" => "in-use",
        "macAddress" => interfaces::mac(scene, &instance.interface),
        "privateIpAddress" => &instance.private_ip,
        "privateDnsName" => &name,
        "sourceDestCheck" => instance.checks_source,
        "groupSet" => groups(scene, instance),
        "attachment" => object! {
            "attachmentId" => interfaces::attachment(scene, &instance.interface),
            "deviceIndex" => 0_u64,
            "networkCardIndex" => 0_u64,
            "status" => "attached",
            "attachTime" => instance.launched,
            "deleteOnTermination" => true,
        },
        "association" => public,
        "privateIpAddressesSet" => items([address]),
        "ipv6AddressesSet" => Tree::List("item", Vec::new()),
        "interfaceType" => "interface",
        "operator" => object! { "managed" => false },
    }
}

fn private_name(scene: &Scene<'_>, ip: &str) -> String {
    let domain = match scene.place.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    format!("ip-{}.{domain}", ip.replace('.', "-"))
}

fn public_name(scene: &Scene<'_>, ip: &str) -> String {
    let domain = match scene.place.region.as_str() {
        "us-east-1" => "compute-1.amazonaws.com".to_owned(),
        region => format!("{region}.compute.amazonaws.com"),
    };
    format!("ec2-{}.{domain}", ip.replace('.', "-"))
}

const FILTERS: &[&str] = &[
    "affinity",
    "architecture",
    "availability-zone",
    "block-device-mapping.attach-time",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.status",
    "block-device-mapping.volume-id",
    "client-token",
    "dns-name",
    "ebs-optimized",
    "ena-support",
    "hypervisor",
    "iam-instance-profile.arn",
    "iam-instance-profile.id",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "instance.group-id",
    "instance.group-name",
    "ip-address",
    "key-name",
    "launch-index",
    "launch-time",
    "metadata-options.http-endpoint",
    "metadata-options.http-put-response-hop-limit",
    "metadata-options.http-tokens",
    "metadata-options.instance-metadata-tags",
    "monitoring-state",
    "network-interface.attachment.instance-id",
    "network-interface.group-id",
    "network-interface.network-interface-id",
    "network-interface.subnet-id",
    "network-interface.vpc-id",
    "owner-id",
    "placement-group-name",
    "platform",
    "platform-details",
    "private-dns-name",
    "private-ip-address",
    "reason",
    "requester-id",
    "reservation-id",
    "root-device-name",
    "root-device-type",
    "source-dest-check",
    "spot-instance-request-id",
    "state-reason-code",
    "subnet-id",
    "tenancy",
    "virtualization-type",
    "vpc-id",
];

/// What an instance has for a filter.
fn value(scene: &Scene<'_>, id: &str, instance: &Instance, name: &str) -> Vec<String> {
    let is_there = instance.phase != Phase::Terminated;
    let there = |text: &String| is_there.then(|| text.clone()).into_iter().collect::<Vec<_>>();
    let public = || interfaces::public_ip(scene, &instance.interface);
    let volumes = || instance.volumes.iter().filter_map(|id| scene.here.ec2.volumes.all.get(id));
    let one = match name {
        "architecture" => instance.architecture.clone(),
        "availability-zone" => instance.zone.clone(),
        "block-device-mapping.attach-time" => return volumes().map(|volume| volume.made.iso()).collect(),
        "block-device-mapping.delete-on-termination" => {
            return volumes().map(|volume| volume.delete.to_string()).collect();
        }
        "block-device-mapping.device-name" => return volumes().map(|volume| volume.device.clone()).collect(),
        "block-device-mapping.status" => return volumes().map(|_| "attached".to_owned()).collect(),
        "block-device-mapping.volume-id" => return instance.volumes.clone(),
        "client-token" => return instance.token.clone().into_iter().collect(),
        "dns-name" => return public().iter().map(|ip| public_name(scene, ip)).collect(),
        "ebs-optimized" => instance.is_ebs_optimized.to_string(),
        "ena-support" => "true".to_owned(),
        "hypervisor" => "xen".to_owned(),
        "iam-instance-profile.arn" => return instance.profile.iter().map(|it| it.arn.clone()).collect(),
        "iam-instance-profile.id" => return instance.profile.iter().map(|it| it.id.clone()).collect(),
        "image-id" => instance.image.clone(),
        "instance-id" | "network-interface.attachment.instance-id" => id.to_owned(),
        "instance-lifecycle" => return instance.market.map(str::to_owned).into_iter().collect(),
        "instance-state-code" => instance.phase.name().1.to_string(),
        "instance-state-name" => instance.phase.name().0.to_owned(),
        "instance-type" => instance.kind.clone(),
        "instance.group-id" | "network-interface.group-id" if is_there => return instance.groups.clone(),
        "instance.group-name" if is_there => {
            return instance.groups.iter().filter_map(|group| security_groups::group_name(scene, group)).collect();
        }
        "ip-address" => return public().into_iter().collect(),
        "key-name" => return instance.key.clone().into_iter().collect(),
        "launch-index" => instance.index.to_string(),
        "launch-time" => instance.launched.iso(),
        "metadata-options.http-endpoint" => instance.metadata.endpoint.clone(),
        "metadata-options.http-put-response-hop-limit" => instance.metadata.hops.to_string(),
        "metadata-options.http-tokens" => instance.metadata.tokens.clone(),
        "metadata-options.instance-metadata-tags" => instance.metadata.tags.clone(),
        "monitoring-state" => if instance.is_monitored { "enabled" } else { "disabled" }.to_owned(),
        "network-interface.network-interface-id" => return there(&instance.interface),
        "network-interface.subnet-id" | "subnet-id" => return there(&instance.subnet),
        "network-interface.vpc-id" | "vpc-id" => return there(&instance.vpc),
        "owner-id" => scene.place.account.clone(),
        "platform-details" => "Linux/UNIX".to_owned(),
        "private-dns-name" if is_there => private_name(scene, &instance.private_ip),
        "private-ip-address" => return there(&instance.private_ip),
        "reason" => instance.reason.clone(),
        "reservation-id" => instance.reservation.clone(),
        "root-device-name" => instance.root.clone(),
        "root-device-type" => "ebs".to_owned(),
        "source-dest-check" => instance.checks_source.to_string(),
        "state-reason-code" => return instance.reason_code.map(str::to_owned).into_iter().collect(),
        "tenancy" => instance.tenancy.clone(),
        "virtualization-type" => "hvm".to_owned(),
        _ => return Vec::new(),
    };
    vec![one]
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let ids = input.texts("InstanceId");
    if !ids.is_empty() && input.has("MaxResults") {
        let words = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    input.pass_over("IncludeManagedResources");
    need_all(scene, &ids)?;
    let all = scene.here.ec2.instances.all.visible(scene.sight);
    let found = all.filter(|(id, instance)| {
        (ids.is_empty() || ids.contains(id)) && filters.pass(&instance.tags, |name| value(scene, id, instance, name))
    });
    let mut reservations: BTreeMap<&str, Vec<(usize, Tree)>> = BTreeMap::new();
    for (id, instance) in found {
        reservations.entry(&instance.reservation).or_default().push((instance.index, show(scene, id, instance)));
    }
    let shown = reservations.into_iter().map(|(id, mut instances)| {
        instances.sort_by_key(|(index, _)| *index);
        let shown = object! {
            "reservationId" => id.to_owned(),
            "ownerId" => &scene.place.account,
            "groupSet" => Tree::List("item", Vec::new()),
            "instancesSet" => items(instances.into_iter().map(|(_, shown)| shown)),
        };
        (id.to_owned(), shown)
    });
    let (page, next) = page.cut(shown);
    Ok(object! { "reservationSet" => items(page), "nextToken" => next })
}
