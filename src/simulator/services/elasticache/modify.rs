//! `ModifyReplicationGroup`: one change at a time, and none while another is under way.

use super::engines;
use super::goal::{Goal, Password};
use super::group::{ReplicationGroup, find_available};
use super::refusals::{combination, no_cluster, no_modifications};
use super::{create, life, listing, network, parameter_groups, requests};
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::rds::windows;

/// Changing replication groups.
pub(super) const ACTIONS: &[Action] = &[action("ModifyReplicationGroup", modify)];

fn modify(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (id, group) = find_available(scene, input.need("ReplicationGroupId")?)?;
    let notifies = requests::notifies(input);
    input.pass_over("NodeGroupId");
    let at_once = input.flag("ApplyImmediately") == Some(true);
    let later = node_and_version(scene, input, &group)?;
    let mut soon = access(scene, input, &group)?;
    failover(input, &group, &mut soon)?;
    let before = group.clone();
    let mut group = group_at_once(input, group)?;
    let is_same = group == before && soon.is_empty() && later.is_empty();
    Scene::ensure(!is_same || notifies, no_modifications)?;
    group.under_way.take(soon);
    group.pending.take(later);
    if at_once {
        let waiting = std::mem::take(&mut group.pending);
        group.under_way.take(waiting);
    }
    let (begins, waits) = (!group.under_way.is_empty(), !group.pending.is_empty());
    for member in group.members() {
        if let Some(cluster) = scene.here.elasticache.clusters.get_mut(&member) {
            group.share(cluster);
        }
    }
    if let Some(there) = scene.here.elasticache.replication_groups.get_mut(&id) {
        *there = group;
    }
    if begins {
        life::begin(scene, &id);
    }
    if waits {
        life::await_window(scene, &id);
    }
    Ok(create::answer(scene, &id))
}

/// What may wait for the maintenance window: nodes, engine and version, parameter group.
fn node_and_version(scene: &Scene<'_>, input: &Input, group: &ReplicationGroup) -> Result<Goal, Refusal> {
    let mut goal = Goal::default();
    if let Some(node) = input.text("CacheNodeType").filter(|node| *node != group.node) {
        engines::check_node(node)?;
        goal.node = Some(node.to_owned());
    }
    let current = engines::find(group.engine, Some(group.version))?;
    let engine = input.text("Engine").map_or_else(|| group.engine.to_owned(), str::to_ascii_lowercase);
    let wanted = match input.text("EngineVersion") {
        Some(number) => engines::find(&engine, Some(number))?,
        None if engine == group.engine => current,
        None => engines::find(&engine, None)?,
    };
    if wanted != current {
        if !current.leads_to(wanted) {
            return Err(combination(format!(
                "Modifying {} {} to {} {} is not possible: engine versions cannot be downgraded.",
                current.engine, current.number, wanted.engine, wanted.number
            )));
        }
        goal.version = Some((wanted.engine, wanted.full));
    }
    goal.parameter_group = requests::parameter_group(scene, input, wanted)?;
    if goal.parameter_group.is_none() && wanted.family != current.family {
        let is_own = parameter_groups::standard(&group.parameter_group).is_none();
        if is_own {
            return Err(combination(format!(
                "Expected a parameter group of family {} but found one of family {}",
                wanted.family, current.family
            )));
        }
        goal.parameter_group = Some(wanted.parameter_group(group.has_cluster_mode()));
    }
    goal.parameter_group = goal.parameter_group.filter(|name| *name != group.parameter_group);
    Ok(goal)
}

/// Who gets in, and how.
fn access(scene: &Scene<'_>, input: &Input, group: &ReplicationGroup) -> Result<Goal, Refusal> {
    let mut goal = Goal::default();
    if input.has("SecurityGroupIds") {
        let groups = network::security_groups(scene, input, &group.vpc)?;
        goal.security_groups = Some(groups).filter(|groups| *groups != group.security_groups);
    }
    goal.in_transit = input.flag("TransitEncryptionEnabled").filter(|on| *on != group.in_transit);
    let mode = input.text("TransitEncryptionMode").map(str::to_owned);
    // "Setting TransitEncryptionMode to required is a two-step process"
    // (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html>).
    if goal.in_transit == Some(true) && mode.as_deref() != Some("preferred") {
        return Err(combination("To enable encryption in transit, set TransitEncryptionMode to preferred first."));
    }
    if goal.in_transit == Some(false) && group.transit_mode.as_deref() == Some("required") {
        return Err(combination("To disable encryption in transit, set TransitEncryptionMode to preferred first."));
    }
    goal.transit_mode = mode.filter(|mode| Some(mode) != group.transit_mode.as_ref());
    goal.password = password(input, group)?;
    let (more, fewer) = (input.texts("UserGroupIdsToAdd"), input.texts("UserGroupIdsToRemove"));
    let removes_all = input.flag("RemoveUserGroups") == Some(true);
    if removes_all || !more.is_empty() || !fewer.is_empty() {
        let kept = group.user_groups.iter().filter(|id| !removes_all && !fewer.contains(&id.as_str())).cloned();
        goal.user_groups = Some(kept.chain(more.into_iter().map(str::to_owned)).collect());
    }
    Ok(goal)
}

/// What happens to the password (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html>).
fn password(input: &Input, group: &ReplicationGroup) -> Result<Option<Password>, Refusal> {
    let strategy = input.text("AuthTokenUpdateStrategy");
    let Some(password) = input.text("AuthToken") else {
        return match strategy {
            None => Ok(None),
            Some("DELETE") => Ok(Some(Password::Delete)),
            Some(_) => Err(combination("AuthTokenUpdateStrategy must be specified together with AuthToken.")),
        };
    };
    requests::password(password)?;
    if !group.in_transit {
        return Err(combination("AuthToken can be specified only if encryption in transit is enabled."));
    }
    match strategy.unwrap_or("ROTATE") {
        "ROTATE" => Ok(Some(Password::Rotate)),
        "SET" if group.password.is_some() => Ok(Some(Password::Set)),
        "SET" => Err(combination("The strategy SET is allowed only after ROTATE.")),
        odd => Err(invalid(format!("Invalid AuthTokenUpdateStrategy: {odd}"))),
    }
}

/// Whether and where a replica takes over, and which member is the primary.
fn failover(input: &Input, group: &ReplicationGroup, goal: &mut Goal) -> Result<(), Refusal> {
    let has_replicas = group.shards.iter().all(|shard| shard.members.len() > 1);
    let fails_over = input.flag("AutomaticFailoverEnabled").unwrap_or(group.fails_over);
    let multi_az = input.flag("MultiAZEnabled").unwrap_or(group.multi_az);
    if fails_over && !group.fails_over && !has_replicas {
        return Err(combination(
            "Automatic failover is not supported for replication groups with less than two cache clusters.",
        ));
    }
    if !fails_over && group.has_cluster_mode() {
        return Err(combination("Automatic failover cannot be disabled with cluster mode enabled."));
    }
    if multi_az && (!fails_over || !has_replicas) {
        return Err(combination("Multi-AZ requires automatic failover and at least one replica."));
    }
    goal.fails_over = Some(fails_over).filter(|on| *on != group.fails_over);
    goal.multi_az = Some(multi_az).filter(|on| *on != group.multi_az);
    if let Some(primary) = input.text("PrimaryClusterId").map(listing::name) {
        if !group.members().contains(&primary) {
            return Err(no_cluster(&primary));
        }
        if group.fails_over && fails_over {
            let words = "The primary cannot be changed while automatic failover is enabled.";
            return Err(combination(words));
        }
        goal.primary = Some(primary);
    }
    goal.cluster_mode = match input.text("ClusterMode") {
        None => None,
        Some("compatible") if group.cluster_mode == "disabled" => Some("compatible"),
        Some("enabled") if group.cluster_mode == "compatible" => Some("enabled"),
        Some("disabled") if group.cluster_mode == "compatible" => Some("disabled"),
        Some(same) if same == group.cluster_mode => None,
        Some(odd) => {
            let words = format!("Cluster mode cannot go from {} to {odd}.", group.cluster_mode);
            return Err(combination(words));
        }
    };
    Ok(())
}

/// What changes at once: what it is called, and when snapshots are taken.
fn group_at_once(input: &Input, mut group: ReplicationGroup) -> Result<ReplicationGroup, Refusal> {
    if let Some(description) = input.text("ReplicationGroupDescription") {
        description.clone_into(&mut group.description);
    }
    let days = requests::snapshot_days(input)?;
    let member = input.text("SnapshottingClusterId").map(listing::name);
    if let Some(odd) = member.as_ref().filter(|member| !group.members().contains(member)) {
        return Err(no_cluster(odd));
    }
    if member.is_some() && group.has_cluster_mode() {
        return Err(combination("SnapshottingClusterId cannot be set with cluster mode enabled."));
    }
    let begins = group.snapshot_days == 0 && days.is_some_and(|days| days > 0);
    if begins && member.is_none() && !group.has_cluster_mode() {
        return Err(combination("SnapshottingClusterId must be set to enable automatic snapshots."));
    }
    group.snapshotting = member.or(group.snapshotting);
    group.snapshot_days = days.unwrap_or(group.snapshot_days);
    group.snapshot_window = requests::snapshot_window(input)?.unwrap_or(group.snapshot_window);
    group.window = windows::maintenance(input)?.unwrap_or(group.window);
    group.minor_upgrades = input.flag("AutoMinorVersionUpgrade").unwrap_or(group.minor_upgrades);
    Ok(group)
}
