//! What callers ask of a group: read, checked, and put into it.

use super::group::{Attachment, Group, Maintenance, Sizes, Tag, Template};
use super::{invalid, launching, required};
use crate::simulator::input::Input;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::services::ec2::{launch_templates, subnets};
use crate::simulator::services::elb;

/// Parameters that have no effect here but to be shown again.
const GIVEN: &[&str] = &[
    "PlacementGroup",
    "CapacityRebalance",
    "Context",
    "DesiredCapacityType",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "MaxInstanceLifetime",
    "DeletionProtection",
    "InstanceLifecyclePolicy",
];

/// Puts what a create or an update says into a group, and checks the whole. Nothing has happened yet.
pub(super) fn apply(scene: &Scene<'_>, input: &Input, group: &mut Group) -> Result<(), Refusal> {
    group.sizes = sizes(input, group.sizes)?;
    template(scene, input, group)?;
    place(scene, input, group)?;
    if !group.template.id.is_empty()
        && ["LaunchTemplate", "MixedInstancesPolicy", "VPCZoneIdentifier"].iter().any(|name| input.has(name))
    {
        launching::check(scene, group, &group.template)?;
    }
    health(input, group)?;
    if let Some(cooldown) = input.whole("DefaultCooldown")? {
        group.cooldown = cooldown;
    }
    if let Some(warmup) = input.whole("DefaultInstanceWarmup")? {
        // -1 takes it away.
        group.warmup = Some(warmup).filter(|seconds| *seconds >= 0);
    }
    if let Some(protects) = input.flag("NewInstancesProtectedFromScaleIn") {
        group.protects_new = protects;
    }
    let policies = input.texts("TerminationPolicies");
    if !policies.is_empty() {
        termination(&policies)?;
        group.termination_policies = policies.into_iter().map(str::to_owned).collect();
    }
    maintenance(input, group)?;
    if let Some(lifetime) = input.whole("MaxInstanceLifetime")?.filter(|seconds| *seconds != 0 && *seconds < 86_400) {
        return Err(invalid(format!("Maximum instance lifetime must be 0 or at least 86400 seconds, not {lifetime}")));
    }
    for name in GIVEN {
        if let Some(value) = input.at(name) {
            group.given.insert((*name).to_owned(), value.data());
        }
    }
    input.pass_over("ServiceLinkedRoleARN");
    input.pass_over("SkipZonalShiftValidation");
    Ok(())
}

fn sizes(input: &Input, before: Sizes) -> Result<Sizes, Refusal> {
    let min = input.whole("MinSize")?.unwrap_or(before.min);
    let max = input.whole("MaxSize")?.unwrap_or(before.max);
    if min < 0 || max < 0 {
        return Err(invalid("Min and max sizes must not be negative"));
    }
    if min > max {
        return Err(invalid(format!("Max bound, {max}, must be greater than or equal to min bound, {min}")));
    }
    let desired = input.whole("DesiredCapacity")?;
    if let Some(desired) = desired {
        within(desired, min, max)?;
    }
    Ok(Sizes { min, max, desired: desired.unwrap_or(before.desired.clamp(min, max)) })
}

/// Whether a size is between the bounds, in AWS's words.
pub(super) fn within(desired: i64, min: i64, max: i64) -> Result<(), Refusal> {
    if desired < min {
        return Err(invalid(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    if desired > max {
        return Err(invalid(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )));
    }
    Ok(())
}

fn template(scene: &Scene<'_>, input: &Input, group: &mut Group) -> Result<(), Refusal> {
    if let Some(wanted) = input.at("LaunchTemplate") {
        group.template = resolved(scene, wanted)?.0;
        group.mixed = None;
    } else if let Some(mixed) = input.at("MixedInstancesPolicy") {
        let specification = mixed.at("LaunchTemplate").and_then(|template| template.at("LaunchTemplateSpecification"));
        let specification =
            specification.ok_or_else(|| invalid("MixedInstancesPolicy must contain a launch template"))?;
        group.template = resolved(scene, specification)?.0;
        group.mixed = Some(mixed.data());
    } else if input.has("LaunchConfigurationName") {
        let name = required(input, "LaunchConfigurationName")?;
        return Err(invalid(format!("Launch configuration name not found - {name}")));
    }
    Ok(())
}

/// A launch template as given, and its version as a number.
pub(super) fn resolved(scene: &Scene<'_>, wanted: &Input) -> Result<(Template, u64), Refusal> {
    let given = wanted.text("LaunchTemplateId").or_else(|| wanted.text("LaunchTemplateName"));
    let words = "Valid requests must contain either launchTemplateId or LaunchTemplateName";
    let given = given.ok_or_else(|| invalid(words))?;
    let version = wanted.text_or("Version", "$Default");
    // EC2's own refusal, in the words that Auto Scaling wraps it in.
    let (id, name, number) =
        launch_templates::resolve(scene, given, &version).map_err(|refusal| invalid(refusal.message))?;
    Ok((Template { id, name, version }, number))
}

fn place(scene: &Scene<'_>, input: &Input, group: &mut Group) -> Result<(), Refusal> {
    input.pass_over("AvailabilityZones");
    input.pass_over("AvailabilityZoneIds");
    let Some(list) = input.text("VPCZoneIdentifier").filter(|list| !list.is_empty()) else { return Ok(()) };
    let subnets: Vec<String> = list.split(',').map(|subnet| subnet.trim().to_owned()).collect();
    let mut vpcs = std::collections::BTreeSet::new();
    for subnet in &subnets {
        let vpc = subnets::vpc_of_subnet(scene, subnet);
        vpcs.insert(vpc.ok_or_else(|| invalid(format!("The subnet ID '{subnet}' does not exist")))?);
    }
    if vpcs.len() > 1 {
        return Err(invalid("The subnets are not all in the same VPC"));
    }
    group.subnets = subnets;
    Ok(())
}

fn health(input: &Input, group: &mut Group) -> Result<(), Refusal> {
    if let Some(kinds) = input.text("HealthCheckType") {
        let is_known = |kind: &str| matches!(kind.trim(), "EC2" | "ELB" | "EBS" | "VPC_LATTICE");
        if !kinds.split(',').all(is_known) {
            return Err(invalid(format!("Invalid Health Check Type: {kinds}")));
        }
        kinds.clone_into(&mut group.health_check);
    }
    if let Some(grace) = input.whole("HealthCheckGracePeriod")? {
        group.grace = grace;
    }
    Ok(())
}

/// The policies there are (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html>).
pub(super) const TERMINATION_POLICIES: [&str; 7] = [
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
];

fn termination(policies: &[&str]) -> Result<(), Refusal> {
    match policies.iter().find(|policy| !TERMINATION_POLICIES.contains(policy)) {
        None => Ok(()),
        Some(unknown) => Err(invalid(format!("Invalid termination policy name: {unknown}"))),
    }
}

fn maintenance(input: &Input, group: &mut Group) -> Result<(), Refusal> {
    let Some(policy) = input.at("InstanceMaintenancePolicy") else { return Ok(()) };
    let least = policy.whole("MinHealthyPercentage")?.unwrap_or(-1);
    let most = policy.whole("MaxHealthyPercentage")?.unwrap_or(-1);
    if (least < 0) != (most < 0)
        || (least >= 0 && (!(0..=100).contains(&least) || !(100..=200).contains(&most) || most - least > 100))
    {
        let words = "MinHealthyPercentage must be between 0 and 100, MaxHealthyPercentage between 100 and 200, at most 100 apart";
        return Err(invalid(words));
    }
    group.maintenance = Maintenance { least, most };
    Ok(())
}

/// Target groups of a create: `TargetGroupARNs` and `TrafficSources`.
pub(super) fn targets(scene: &Scene<'_>, input: &Input) -> Result<Vec<String>, Refusal> {
    let mut arns: Vec<String> = input.texts("TargetGroupARNs").into_iter().map(str::to_owned).collect();
    for source in input.list("TrafficSources") {
        let kind = source.text_or("Type", "elbv2");
        if kind != "elbv2" {
            return Err(invalid(format!("The simulator has no traffic sources of type {kind}")));
        }
        arns.push(required(source, "Identifier")?.to_owned());
    }
    match arns.iter().find(|arn| !elb::targets::exists(scene, arn)) {
        None => Ok(arns),
        Some(_) => Err(invalid("Provided Target Groups may not be valid. Please ensure they exist and try again.")),
    }
}

impl Group {
    /// Takes up target groups, which are being added from now on.
    pub(super) fn take_targets(&mut self, arns: Vec<String>) {
        for arn in arns {
            self.targets.insert(arn, Attachment::Adding);
        }
    }
}

/// Tags of a group, by key.
pub(super) fn tags(input: &Input) -> Result<Vec<(String, Tag)>, Refusal> {
    let mut tags = Vec::new();
    for tag in input.list("Tags") {
        let key = required(tag, "Key")?.to_owned();
        tag.pass_over("ResourceId");
        tag.pass_over("ResourceType");
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag keys starting with 'aws:' are reserved for internal use: {key}")));
        }
        let propagates = tag.flag("PropagateAtLaunch") == Some(true);
        tags.push((key, Tag { value: tag.text_or("Value", ""), propagates }));
    }
    Ok(tags)
}
