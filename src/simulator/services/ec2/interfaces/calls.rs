//! What callers do with interfaces themselves.

use super::{Interface, Wish, attach, detach as remove, groups};
use crate::simulator::input::Input;
use crate::simulator::output::object;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::listing::{self, done, need, need_mut};
use crate::simulator::services::ec2::subnets::Subnet;

/// What can be done with interfaces.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("CreateNetworkInterface", create).token("ClientToken"),
    action("DescribeNetworkInterfaces", listing::describe_either::<Interface>),
    action("ModifyNetworkInterfaceAttribute", modify),
    action("DetachNetworkInterface", detach),
    action("DeleteNetworkInterface", delete),
];

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let subnet = input.need("SubnetId")?;
    let groups: Vec<String> = input.texts("SecurityGroupId").into_iter().map(str::to_owned).collect();
    let tags = listing::tags::<Interface>(input)?;
    need::<Subnet>(scene, subnet)?;
    let description = input.text_or("Description", "");
    let id = attach(scene, Wish { subnet, groups: &groups, description, ..Wish::default() })?;
    if let Some(kept) = super::tags(scene, &id) {
        *kept = tags;
    }
    let shown = listing::shown::<Interface>(scene, &id);
    Ok(object! { "networkInterface" => shown, "clientToken" => input.text("ClientToken").map(str::to_owned) })
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("NetworkInterfaceId")?;
    let interface = need::<Interface>(scene, id)?;
    let wanted: Vec<String> = input.texts("SecurityGroupId").into_iter().map(str::to_owned).collect();
    let description = input.at("Description").and_then(|attribute| attribute.text("Value"));
    let checks_source = input.at("SourceDestCheck").and_then(|attribute| attribute.flag("Value"));
    input.pass_over("Attachment");
    Scene::ensure(!interface.is_managed(), || not_yours(id))?;
    let wanted = groups(scene, &wanted, &interface.subnet, &interface.vpc, "nat_gateway")?;
    let interface = need_mut::<Interface>(scene, id)?;
    if !wanted.is_empty() {
        interface.groups = wanted;
    }
    if let Some(description) = description {
        description.clone_into(&mut interface.description);
    }
    interface.checks_source = checks_source.unwrap_or(interface.checks_source);
    Ok(done())
}

fn detach(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let attachment = input.need("AttachmentId")?;
    input.pass_over("Force");
    let mut all = scene.here.ec2.interfaces.visible(scene.sight);
    let (id, interface) = all.find(|(_, it)| it.attachment.as_deref() == Some(attachment)).ok_or_else(|| {
        Refusal::new("InvalidAttachmentID.NotFound", format!("The attachment ID '{attachment}' does not exist"))
    })?;
    Scene::ensure(!interface.is_managed(), || not_yours(id))?;
    // Each instance here has one interface, and the first one stays.
    Err(Refusal::new("OperationNotPermitted", "The network interface at device index 0 cannot be detached."))
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("NetworkInterfaceId")?;
    let interface = need::<Interface>(scene, id)?;
    Scene::ensure(!interface.is_managed(), || not_yours(id))?;
    Scene::ensure(interface.attachment.is_none(), || {
        let words = format!("Network interface '{id}' is currently in use.");
        Refusal::new("InvalidNetworkInterface.InUse", words)
    })?;
    remove(scene, id);
    Ok(done())
}

fn not_yours(id: &str) -> Refusal {
    let words = format!("You are not allowed to manage '{id}' attachments.");
    Refusal::new("OperationNotPermitted", words)
}
