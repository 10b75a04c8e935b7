//! What web servers and workers have in common: they are clones of one image.

use schemars::JsonSchema;

use super::Problems;
use super::image::Image;
use super::network::NetworkRefs;
use super::surroundings::Surroundings;
use crate::aws::lookups;
use crate::aws::resources::instance_profile::InstanceProfile;
use crate::aws::resources::launch_template::LaunchTemplate;
use crate::aws::resources::role::{Object, Role, Statement};
use crate::aws::resources::security_group::SecurityGroup;
use crate::blueprint::architecture::Architecture;
use crate::blueprint::decode::{Spanned, decode_fields};
use crate::blueprint::diagnostic::{Diagnostic, Report, Span};
use crate::blueprint::values::{Count, InstanceType};
use crate::blueprint::{Blueprint, Stack};
use crate::engine::graph::{Graph, GraphError};
use crate::engine::reference::Ref;

/// How many clones there are. Between the two, the load decides, and Pando never interferes.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Clones {
    /// The fewest.
    pub min: Spanned<Count>,
    /// The most.
    pub max: Spanned<Count>,
}

decode_fields!(Clones, "`clones`", { min!, max! });

impl Clones {
    /// Mistakes that a schema cannot see.
    pub fn check(&self, problems: &mut Problems<'_>) {
        if self.min.value > self.max.value {
            let message = format!("the fewest clones, {}, are more than the most, {}", self.min.0, self.max.0);
            let wrong = Diagnostic::error(self.min.span, message).related(self.max.span, "the most");
            problems.report.add(wrong.hint("`min` is at most `max`"));
        }
        if self.max.0 == 0 {
            problems
                .report
                .add(Diagnostic::error(self.max.span, "there can never be a clone").hint("`max` is at least 1"));
        }
    }
}

impl Blueprint {
    /// The most clones there can be at once, and what to point to if they are too many.
    pub(super) fn most_clones(&self) -> (usize, Span) {
        let web = self.web.iter().map(|web| (web.clones(self.profile()).1, web.clones.as_ref()));
        let workers = self.workers.iter().flatten().map(|(_, worker)| (worker.clones().1, worker.clones.as_ref()));
        let all: Vec<(usize, Option<Span>)> =
            web.chain(workers).map(|(most, said)| (most as usize, said.map(|clones| clones.max.span))).collect();
        let largest = all.iter().filter(|(_, span)| span.is_some()).max_by_key(|(most, _)| *most);
        let span = largest.and_then(|(_, span)| *span).unwrap_or(self.stack.span);
        (all.iter().map(|(most, _)| most).sum(), span)
    }

    /// Every instance type that the blueprint names.
    fn instances(&self) -> impl Iterator<Item = &Spanned<InstanceType>> {
        let workers = self.workers.iter().flatten().filter_map(|(_, worker)| worker.instance.as_ref());
        self.web.iter().filter_map(|web| web.instance.as_ref()).chain(workers)
    }
}

/// Mistakes that show in the file: types of two processors, or of another than the image's name says.
pub fn check(blueprint: &Blueprint, problems: &mut Problems<'_>) {
    let by_image = blueprint.image.as_ref().and_then(Image::architecture);
    let first = blueprint.instances().next();
    let Some(expected) = by_image.or(first.map(|instance| instance.architecture())) else { return };
    for instance in blueprint.instances().filter(|instance| instance.architecture() != expected) {
        problems.report.add(unfit(instance, expected, by_image.is_some()));
    }
}

/// The same, knowing the image.
pub fn check_answers(blueprint: &Blueprint, image: &Image, found: &lookups::Image, report: &mut Report) {
    let Some(expected) = Architecture::named(&found.architecture) else { return };
    if image.architecture().is_some_and(|named| named == expected) {
        return;
    }
    for instance in blueprint.instances().filter(|instance| instance.architecture() != expected) {
        report.add(unfit(instance, expected, true));
    }
}

fn unfit(instance: &Spanned<InstanceType>, expected: Architecture, by_image: bool) -> Diagnostic {
    let (own, wanted) = (instance.architecture().as_str(), expected.as_str());
    let reason = if by_image { "the image is made for" } else { "others boot the same image on" };
    let message = format!("`{}` has processors of the kind {own}, and {reason} {wanted}", instance.0);
    let hint = match expected {
        Architecture::Arm => "types with a `g` after the number have Graviton processors: `t4g.small`, `c7g.large`",
        Architecture::X86 => {
            "types without a `g` after the number have Intel or AMD processors: `t3.small`, `c7i.large`"
        }
    };
    Diagnostic::error(instance.span, message).hint(hint)
}

/// Who a group of clones is.
pub struct Tier<'a> {
    /// The name of its role and its security group: `web` or `worker`.
    pub name: &'a str,
    /// What it may do beside what all clones may.
    pub statements: Vec<Statement>,
}

/// What a launch template needs of its tier.
pub struct TierRefs {
    /// The role, handed out.
    pub profile: Ref<InstanceProfile>,
    /// Who may reach the clones, and whom they may.
    pub group: Ref<SecurityGroup>,
}

/// Role, profile and security group of a tier, with the rules that let it reach what surrounds it.
pub fn expand_tier(
    tier: Tier<'_>,
    network: &NetworkRefs,
    seen: &Surroundings<'_>,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<TierRefs, GraphError> {
    let name = tier.name;
    let group = network.group(name, &format!("Clones of the tier {name}"), stack, graph)?;
    network.allow_out(&group, stack, graph)?;
    if let Some(database) = seen.database {
        network.allow((&group, &database.group), database.port, stack, graph)?;
    }
    if let Some(cache) = seen.cache {
        network.allow((&group, &cache.group), cache.port, stack, graph)?;
    }
    let mut statements = everyones(seen, stack);
    statements.extend(tier.statements);
    let role = Role { service: "ec2.amazonaws.com".into(), statements, tags: stack.tags(name) };
    let role = graph.add(name, &role)?;
    let profile = graph.add(name, &InstanceProfile { role, tags: stack.tags(name) })?;
    Ok(TierRefs { profile, group })
}

/// What every clone may do: talk to Session Manager, read its own stack's parameters and secrets, and put jobs into its queues.
fn everyones(seen: &Surroundings<'_>, stack: &Stack<'_>) -> Vec<Statement> {
    let say = |sid: &str, actions: &[&str], resources: Vec<Object>| Statement {
        sid: sid.into(),
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources,
    };
    let everything = || vec![Object::Arn("*".into())];
    let name = &stack.name;
    let parameters = [format!("parameter/pando/{name}"), format!("parameter/pando/{name}/*")];
    let parameters = parameters.iter().map(|rest| Object::Arn(stack.answers.arn("ssm", rest))).collect();
    let mut statements = vec![
        // The part of AmazonSSMManagedInstanceCore that Session Manager and Run Command need. These actions know no resources.
        say("SessionManager", &SESSION_MANAGER, everything()),
        say("Parameters", &["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"], parameters),
    ];
    let secrets: Vec<Object> = seen.secrets().map(|secret| Object::Secret(secret.clone())).collect();
    if !secrets.is_empty() {
        statements.push(say("Secrets", &["secretsmanager:GetSecretValue"], secrets));
    }
    let queues: Vec<Object> = seen.queues.iter().map(|(_, queue)| Object::Queue(queue.jobs.clone())).collect();
    if !queues.is_empty() {
        statements.push(say("Enqueue", &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"], queues));
    }
    statements
}

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html>
const SESSION_MANAGER: [&str; 10] = [
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

/// The launch template of a group of clones.
pub fn template(
    name: &str,
    tier: &TierRefs,
    instance: Option<&Spanned<InstanceType>>,
    user_data: String,
    stack: &Stack<'_>,
    graph: &mut Graph,
) -> Result<Ref<LaunchTemplate>, GraphError> {
    let unknown = lookups::Image {
        id: String::new(),
        architecture: "x86_64".into(),
        root_device: "/dev/xvda".into(),
        root_size: 8,
    };
    let image = stack.answers.image.clone().unwrap_or(unknown);
    let by_default = match Architecture::named(&image.architecture) {
        Some(Architecture::Arm) => "t4g.small",
        _ => "t3.small",
    };
    let template = LaunchTemplate {
        image: image.id,
        instance_type: instance.map_or(by_default, |instance| &instance.value.0).to_owned(),
        profile: tier.profile.clone(),
        security_groups: vec![tier.group.clone()],
        root_device: image.root_device,
        volume_size: image.root_size.max(20),
        detailed_monitoring: stack.is_prod(),
        user_data,
        tags: stack.tags(name),
    };
    graph.add(name, &template)
}
