//! Instances that Systems Manager manages: those with an agent that may call.

use super::super::super::input::Input;
use super::super::super::output::{Tree, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::ec2::instances::{Reachable, reachable};
use super::super::iam;
use super::{CHECKS, page};

pub(super) const ACTIONS: &[Action] = &[action("DescribeInstanceInformation", describe)];

/// The agent's version, the same on all.
const AGENT: &str = "3.3.3050.0";

/// All instances whose role lets the agent register itself, as `AmazonSSMManagedInstanceCore` does
/// (<https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html>).
pub(super) fn managed(scene: &Scene<'_>) -> Vec<Reachable> {
    let mut all = reachable(scene);
    all.retain(|instance| iam::profile_allows(scene, &instance.profile, "ssm:UpdateInstanceInformation"));
    all
}

/// The keys of filters, besides `tag:…`.
const KEYS: &[&str] = &[
    "ActivationIds",
    "AgentVersion",
    "AssociationStatus",
    "IamRole",
    "InstanceIds",
    "PingStatus",
    "PlatformTypes",
    "ResourceType",
    "tag-key",
];

/// The values that a filter is about.
fn values(instance: &Reachable, key: &str) -> Vec<String> {
    match key {
        "InstanceIds" => vec![instance.id.clone()],
        "AgentVersion" => vec![AGENT.to_owned()],
        "PingStatus" => vec!["Online".to_owned()],
        "PlatformTypes" => vec!["Linux".to_owned()],
        "ResourceType" => vec!["EC2Instance".to_owned()],
        "tag-key" => instance.tags.iter().map(|(key, _)| key.to_owned()).collect(),
        _ => {
            let tag = key.strip_prefix("tag:").and_then(|key| instance.tags.get(key));
            tag.map(str::to_owned).into_iter().collect()
        }
    }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    CHECKS.whole(input, "MaxResults", (5, 50))?;
    let mut filters = Vec::new();
    for (list, key, wanted) in [("Filters", "Key", "Values"), ("InstanceInformationFilterList", "key", "valueSet")] {
        for filter in input.list(list) {
            filters.push((CHECKS.need(filter, key)?, filter.texts(wanted)));
        }
    }
    let mut found = managed(scene);
    for (key, wanted) in filters {
        let is_known = key.starts_with("tag:") || KEYS.contains(&key);
        Scene::ensure(is_known, || Refusal::new("InvalidFilterKey", "The specified key isn't valid."))?;
        let fits = |value: &String| wanted.contains(&value.as_str());
        found.retain(|instance| values(instance, key).iter().any(fits));
    }
    page(
        input,
        "InstanceInformationList",
        (50, 50),
        found.iter().map(|instance| (instance.id.clone(), shown(scene, instance))),
    )
}

/// An agent calls every five minutes.
fn shown(scene: &Scene<'_>, instance: &Reachable) -> Tree {
    const PING: u64 = 300_000;
    let silent = scene.now.since(instance.since).as_millis();
    let since_ping = std::time::Duration::from_millis(u64::try_from(silent).unwrap_or_default() % PING);
    object! {
        "InstanceId" => &instance.id,
        "PingStatus" => "Online",
        "LastPingDateTime" => scene.now.minus(since_ping),
        "AgentVersion" => AGENT,
        "IsLatestVersion" => true,
        "PlatformType" => "Linux",
        "PlatformName" => "Amazon Linux",
        "PlatformVersion" => "2023",
        "ResourceType" => "EC2Instance",
        "IPAddress" => &instance.private_ip,
        "ComputerName" => format!("ip-{}.{}.compute.internal", instance.private_ip.replace('.', "-"), scene.place.region),
        "SourceId" => &instance.id,
        "SourceType" => "AWS::EC2::Instance",
    }
}
