//! Roles that services of AWS make for themselves
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>).

use std::time::Duration;

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::super::tags::Tags;
use super::roles::Role;
use super::{CHECKS, Holdings, enforcement, is_taken, known_elsewhere, no_such};

pub(super) const ACTIONS: &[Action] = &[
    action("CreateServiceLinkedRole", create),
    action("DeleteServiceLinkedRole", delete),
    action("GetServiceLinkedRoleDeletionStatus", deletion_status),
];

/// A service that has a role of its own.
struct Linked {
    service: &'static str,
    role: &'static str,
    /// Whether there may be several, told apart by a suffix.
    takes_suffix: bool,
}

const fn linked(service: &'static str, role: &'static str) -> Linked {
    Linked { service, role, takes_suffix: false }
}

const LINKED: &[Linked] = &[
    Linked { takes_suffix: true, ..linked("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling") },
    linked("ec2.amazonaws.com", "AWSServiceRoleForEC2"),
    linked("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    linked("elasticache.amazonaws.com", "AWSServiceRoleForElastiCache"),
    linked("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    linked("rds.amazonaws.com", "AWSServiceRoleForRDS"),
    linked("replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication"),
    linked("spot.amazonaws.com", "AWSServiceRoleForEC2Spot"),
    linked("spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet"),
    linked("ssm.amazonaws.com", "AWSServiceRoleForAmazonSSM"),
    linked("transitgateway.amazonaws.com", "AWSServiceRoleForVPCTransitGateway"),
];

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let service = CHECKS.sized(input, "AWSServiceName", (1, 128))?;
    let suffix = input.text("CustomSuffix");
    CHECKS.length("CustomSuffix", suffix.unwrap_or("_"), (1, 64))?;
    let Some(linked) = LINKED.iter().find(|linked| linked.service == service) else {
        let words = format!("Invalid AWSServiceName {service}. The service does not support service-linked roles.");
        return Err(Refusal::new("InvalidInput", words));
    };
    if suffix.is_some() && !linked.takes_suffix {
        return Err(Refusal::new("InvalidInput", format!("Custom suffix is not allowed for {service}")));
    }
    let name = suffix.map_or_else(|| linked.role.to_owned(), |suffix| format!("{}_{suffix}", linked.role));
    if is_taken(scene.iam.roles.iter(), &name) {
        let words = format!("Service role name {name} has been taken in this account, please try a different suffix.");
        return Err(Refusal::new("InvalidInput", words));
    }
    let description = input.text("Description").map(str::to_owned);
    make(scene, linked.service, &name, description);
    Ok(object! { "Role" => scene.iam.roles.get(&name).map(|role| role.brief(&name)) })
}

fn make(scene: &mut Scene<'_>, service: &str, name: &str, description: Option<String>) {
    let path = format!("/aws-service-role/{service}/");
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":["{service}"]}},"Action":["sts:AssumeRole"]}}]}}"#
    );
    let role = Role {
        id: format!("AROA{}", scene.dice.capitals(17)),
        arn: super::arn(scene, "role", &path, name),
        path,
        created: scene.now,
        known: known_elsewhere(scene),
        trust,
        description,
        longest: 3600,
        tags: Tags::default(),
        holdings: Holdings::default(),
    };
    let visible = scene.fresh();
    scene.iam.roles.put(name, role, visible);
}

/// What services do when somebody first makes something in them: they make their role, if the caller may do that. That some of them refuse
/// otherwise is not modelled
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html#service-linked-role-permissions>).
pub(crate) fn come_with(scene: &mut Scene<'_>, service: &str) {
    let Some(linked) = LINKED.iter().find(|linked| linked.service == service) else { return };
    let arn = super::arn(scene, "role", &format!("/aws-service-role/{service}/"), linked.role);
    let is_there = is_taken(scene.iam.roles.iter(), linked.role);
    if !is_there && enforcement::may_link(scene, service, &arn) {
        make(scene, service, linked.role, None);
    }
}

/// How long a deletion takes: IAM asks the service whether it still needs the role.
const DELETION: Duration = Duration::from_secs(5);

/// The role is gone a little later; whether it is in use is not asked here.
fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let name = super::name(input, "RoleName", 64)?;
    let role = scene.iam.roles.seen(name, scene.sight).filter(|role| role.path.starts_with("/aws-service-role/"));
    let words = || no_such(format!("The role with name {name} cannot be found."));
    let service = role.ok_or_else(words)?.path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let task = format!("task/aws-service-role/{service}/{name}/{}", scene.dice.uuid());
    scene.iam.deletions.insert(task.clone(), scene.now.plus(DELETION));
    scene.later(DELETION, vanish, name);
    Ok(object! { "DeletionTaskId" => task })
}

fn vanish(scene: &mut Scene<'_>, name: &str) {
    if scene.iam.roles.get(name).is_some_and(|role| role.path.starts_with("/aws-service-role/")) {
        scene.iam.roles.remove(name);
    }
}

fn deletion_status(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let task = CHECKS.sized(input, "DeletionTaskId", (1, 1000))?;
    let words = || no_such(format!("The deletion task {task} cannot be found."));
    let ends = scene.iam.deletions.get(task).ok_or_else(words)?;
    let status = if *ends <= scene.now { "SUCCEEDED" } else { "IN_PROGRESS" };
    Ok(Tree::EMPTY.with("Status", status))
}
