//! Endpoints that change, and that go.

use super::{
    Endpoint, Phase, check_groups, check_private_name, check_subnets, check_tables, enter, lead_to, policy,
    standard_policy,
};
use crate::simulator::input::Input;
use crate::simulator::output::{items, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::interfaces;
use crate::simulator::services::ec2::listing::{Thing as _, done, need, need_mut};
use crate::simulator::services::ec2::route_tables::Target;

/// What changes endpoints.
pub(in super::super) const ACTIONS: &[Action] =
    &[action("ModifyVpcEndpoint", modify), action("DeleteVpcEndpoints", delete)];

/// What a call adds and removes.
struct Change {
    tables: (Vec<String>, Vec<String>),
    subnets: (Vec<String>, Vec<String>),
    groups: (Vec<String>, Vec<String>),
}

impl Change {
    fn read(input: &Input) -> Self {
        let list = |name: &str| input.texts(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let both = |what: &str| (list(&format!("Add{what}")), list(&format!("Remove{what}")));
        Self { tables: both("RouteTableId"), subnets: both("SubnetId"), groups: both("SecurityGroupId") }
    }

    /// Refuses what is not for endpoints of this type.
    fn check(&self, endpoint: &Endpoint) -> Result<(), Refusal> {
        let is_named = |(more, less): &(Vec<String>, Vec<String>)| !more.is_empty() || !less.is_empty();
        let is_wrong = if endpoint.is_gateway {
            is_named(&self.subnets) || is_named(&self.groups)
        } else {
            is_named(&self.tables)
        };
        Scene::ensure(!is_wrong, || {
            let words = format!("This change is not supported for {} endpoints", endpoint.kind());
            Refusal::new("InvalidParameter", words)
        })
    }
}

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("VpcEndpointId")?;
    let change = Change::read(input);
    let endpoint = need::<Endpoint>(scene, id)?;
    input.pass_over("IpAddressType");
    input.pass_over("DnsOptions");
    change.check(endpoint)?;
    check_tables(scene, endpoint, &change.tables.0)?;
    let mut after = endpoint.clone();
    after.places.retain(|(subnet, _)| !change.subnets.1.contains(subnet));
    check_subnets(scene, &after, &change.subnets.0)?;
    check_groups(scene, &change.groups.0, &endpoint.vpc)?;
    let new_policy = policy(input)?;
    let is_reset = input.flag("ResetPolicy") == Some(true);
    let private = input.flag("PrivateDnsEnabled").filter(|_| !endpoint.is_gateway);
    if private == Some(true) {
        check_private_name(scene, endpoint, id)?;
    }
    let reset = is_reset.then(|| standard_policy(endpoint.is_gateway));
    leave_tables(scene, id, &change.tables.1);
    lead_to(scene, id, &change.tables.0);
    leave_subnets(scene, id, &change.subnets.1);
    enter(scene, id, &change.subnets.0)?;
    regroup(scene, id, &change.groups);
    let endpoint = need_mut::<Endpoint>(scene, id)?;
    if let Some(policy) = new_policy.or(reset) {
        endpoint.policy = policy;
    }
    endpoint.has_private_name = private.unwrap_or(endpoint.has_private_name);
    Ok(done())
}

/// Has route tables no longer lead to an endpoint.
fn leave_tables(scene: &mut Scene<'_>, id: &str, tables: &[String]) {
    for table in tables {
        if let Some(table) = scene.here.ec2.route_tables.get_mut(table) {
            table.routes.retain(|route| route.through != Target::Endpoint(id.to_owned()));
        }
    }
    if let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id) {
        endpoint.route_tables.retain(|table| !tables.contains(table));
    }
}

fn leave_subnets(scene: &mut Scene<'_>, id: &str, subnets: &[String]) {
    let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id) else { return };
    let (left, kept) = endpoint.places.drain(..).partition(|(subnet, _)| subnets.contains(subnet));
    endpoint.places = kept;
    let left: Vec<(String, String)> = left;
    for (_, interface) in left {
        interfaces::detach(scene, &interface);
    }
}

fn regroup(scene: &mut Scene<'_>, id: &str, (more, less): &(Vec<String>, Vec<String>)) {
    let Some(endpoint) = scene.here.ec2.endpoints.get_mut(id) else { return };
    endpoint.groups.retain(|group| !less.contains(group));
    for group in more {
        if !endpoint.groups.contains(group) {
            endpoint.groups.push(group.clone());
        }
    }
    let (groups, places) = (endpoint.groups.clone(), endpoint.places.clone());
    for (_, interface) in places {
        interfaces::set_groups(scene, &interface, &groups);
    }
}

/// Those that are not there come back in the answer; the others go.
fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let mut unsuccessful = Vec::new();
    for id in input.texts("VpcEndpointId") {
        Endpoint::KIND.check(id)?;
    }
    for id in input.texts("VpcEndpointId") {
        let Ok(endpoint) = need_mut::<Endpoint>(scene, id) else {
            let refusal = Endpoint::KIND.absent(id);
            let error = object! { "code" => refusal.code.to_string(), "message" => refusal.message };
            unsuccessful.push(object! { "resourceId" => id.to_owned(), "error" => error });
            continue;
        };
        if endpoint.state == Phase::Deleting {
            continue;
        }
        endpoint.state = Phase::Deleting;
        let tables = endpoint.route_tables.clone();
        leave_tables(scene, id, &tables);
        scene.later(scene.settings.durations.vpc_endpoint, be_gone, id);
    }
    Ok(object! { "unsuccessful" => items(unsuccessful) })
}

fn be_gone(scene: &mut Scene<'_>, id: &str) {
    let Some(endpoint) = scene.here.ec2.endpoints.remove(id) else { return };
    for (_, interface) in endpoint.places {
        interfaces::detach(scene, &interface);
    }
}
