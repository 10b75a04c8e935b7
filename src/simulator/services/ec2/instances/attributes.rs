//! What of an instance can be asked and changed one at a time.

use super::describe::{device, groups, metadata};
use super::{Instance, Phase, need, need_mut};
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::{instance_types, interfaces, security_groups};

/// What can be done with attributes.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("DescribeInstanceAttribute", describe),
    action("ModifyInstanceAttribute", modify),
    action("ModifyInstanceMetadataOptions", modify_metadata),
];

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("InstanceId")?;
    let it = need(scene, id)?;
    let name = input.need("Attribute")?;
    let shown = match name {
        "blockDeviceMapping" => items(it.volumes.iter().filter_map(|volume| device(scene, volume))),
        "disableApiStop" => value(it.is_stop_protected.to_string()),
        "disableApiTermination" => value(it.is_protected.to_string()),
        "ebsOptimized" => value(it.is_ebs_optimized.to_string()),
        "enaSupport" => value("true".to_owned()),
        "groupSet" => groups(scene, it),
        "instanceInitiatedShutdownBehavior" => value(it.at_shutdown.clone()),
        "instanceType" => value(it.kind.clone()),
        "rootDeviceName" => value(it.root.clone()),
        "sourceDestCheck" => value(it.checks_source.to_string()),
        "sriovNetSupport" | "kernel" | "ramdisk" => Tree::EMPTY,
        "productCodes" => Tree::List("item", Vec::new()),
        "enclaveOptions" => object! { "enabled" => false },
        "userData" => object! { "value" => it.user_data.clone() },
        other => return Err(invalid(format!("Invalid value '{other}' for Attribute"))),
    };
    Ok(object! { "instanceId" => id.to_owned() }.with(name.to_owned(), shown))
}

fn value(text: String) -> Tree {
    object! { "value" => text }
}

/// What a call sets, of which there may be one only.
fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("InstanceId")?;
    let phase = need(scene, id)?.phase;
    if phase.is_over() {
        let words = format!("The instance '{id}' is not in a state from which it can be modified.");
        return Err(Refusal::new("IncorrectInstanceState", words));
    }
    // Both spellings are known: the attribute as a structure, and its name with a value.
    let of = |name: &str| input.at(name).and_then(|field| field.text("Value"));
    let plain = |name: &str| input.text("Attribute").filter(|given| *given == name).and_then(|_| input.text("Value"));
    let given = |long: &str, short: &str| of(long).or_else(|| plain(short)).map(str::to_owned);
    let flag = |long: &str, short: &str| given(long, short).map(|text| text.eq_ignore_ascii_case("true"));
    let stopped = |what: &str| {
        let words = format!("The instance '{id}' must be stopped before {what} can be modified.");
        let refusal = Refusal::new("IncorrectInstanceState", words);
        if phase == Phase::Stopped { Ok(()) } else { Err(refusal) }
    };
    let kind = given("InstanceType", "instanceType");
    if let Some(kind) = &kind {
        stopped("its instance type")?;
        let kind = instance_types::need(kind)?;
        if kind.architecture() != need(scene, id)?.architecture {
            return Err(invalid(format!("The instance type '{}' has another architecture", kind.name())));
        }
    }
    let user_data = given("UserData", "userData");
    if user_data.is_some() {
        stopped("its user data")?;
    }
    let optimized = flag("EbsOptimized", "ebsOptimized");
    if optimized.is_some() {
        stopped("whether it is optimized for EBS")?;
    }
    let groups: Vec<String> = input.texts("GroupId").into_iter().map(str::to_owned).collect();
    check_groups(scene, need(scene, id)?, &groups)?;
    let behavior = given("InstanceInitiatedShutdownBehavior", "instanceInitiatedShutdownBehavior");
    let protection = flag("DisableApiTermination", "disableApiTermination");
    let stop_protection = flag("DisableApiStop", "disableApiStop");
    let source = flag("SourceDestCheck", "sourceDestCheck");
    let instance = need_mut(scene, id)?;
    instance.kind = kind.unwrap_or_else(|| instance.kind.clone());
    // The caller's library has encoded it once for the wire, as `RunInstances` has it.
    instance.user_data = user_data.or_else(|| instance.user_data.take());
    instance.is_ebs_optimized = optimized.unwrap_or(instance.is_ebs_optimized);
    instance.at_shutdown = behavior.unwrap_or_else(|| instance.at_shutdown.clone());
    instance.is_protected = protection.unwrap_or(instance.is_protected);
    instance.is_stop_protected = stop_protection.unwrap_or(instance.is_stop_protected);
    instance.checks_source = source.unwrap_or(instance.checks_source);
    if !groups.is_empty() {
        instance.groups.clone_from(&groups);
        let interface = instance.interface.clone();
        interfaces::set_groups(scene, &interface, &groups);
    }
    modify_devices(scene, id, input)?;
    Ok(object! { "return" => true })
}

fn check_groups(scene: &Scene<'_>, instance: &Instance, groups: &[String]) -> Result<(), Refusal> {
    groups.iter().try_for_each(|group| match security_groups::group_vpc(scene, group) {
        Some(vpc) if vpc == instance.vpc => Ok(()),
        Some(_) => Err(Refusal::new("InvalidParameter", format!("{group} belongs to another network"))),
        None => Err(Refusal::new("InvalidGroup.NotFound", format!("The security group '{group}' does not exist"))),
    })
}

fn modify_devices(scene: &mut Scene<'_>, id: &str, input: &Input) -> Result<(), Refusal> {
    let volumes = need(scene, id)?.volumes.clone();
    for mapping in input.list("BlockDeviceMapping") {
        let name = mapping.need("DeviceName")?;
        let delete = mapping.at("Ebs").and_then(|ebs| ebs.flag("DeleteOnTermination"));
        for volume in &volumes {
            let found = scene.here.ec2.volumes.all.get_mut(volume).filter(|volume| volume.device == name);
            if let (Some(volume), Some(delete)) = (found, delete) {
                volume.delete = delete;
            }
        }
    }
    Ok(())
}

fn modify_metadata(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("InstanceId")?;
    let hops = input.whole("HttpPutResponseHopLimit")?;
    if hops.is_some_and(|hops| !(1..=64).contains(&hops)) {
        return Err(invalid("The HttpPutResponseHopLimit must be between 1 and 64"));
    }
    let instance = need_mut(scene, id)?;
    if instance.phase.is_over() {
        let words = format!("The instance '{id}' is not in a state from which it can be modified.");
        return Err(Refusal::new("IncorrectInstanceState", words));
    }
    let set = |kept: &mut String, name: &str| {
        if let Some(text) = input.text(name) {
            text.clone_into(kept);
        }
    };
    set(&mut instance.metadata.tokens, "HttpTokens");
    set(&mut instance.metadata.endpoint, "HttpEndpoint");
    set(&mut instance.metadata.ipv6, "HttpProtocolIpv6");
    set(&mut instance.metadata.tags, "InstanceMetadataTags");
    instance.metadata.hops = hops.map_or(instance.metadata.hops, i64::unsigned_abs);
    Ok(object! { "instanceId" => id.to_owned(), "instanceMetadataOptions" => metadata(instance) })
}
