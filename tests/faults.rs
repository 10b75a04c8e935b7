//! What an error means does not depend on the kind that meets it: every call of every kind, answered by a service that will not or cannot.

use pando::aws::clients::Aws;
use pando::engine::cloud_error::CloudError;
use pando::engine::resource::{Look, Removal};
use pando::engine::state::Request;
use serde_json::Value;

use crate::support::recording::{Life, Recording};
use crate::support::simulated::is_read;
use crate::support::stub::{Common, Fault, Stub};

/// The calls of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Read,
    Create,
    Update,
    Delete,
}

const VERBS: [Verb; 4] = [Verb::Read, Verb::Create, Verb::Update, Verb::Delete];

/// What each service says of what is not there, by kind: code and message, from the services' API references.
const NOT_THERE: &[(&str, &str, &str)] = &[
    ("alarm", "ResourceNotFound", ""),
    // Auto Scaling has no code of its own for this.
    ("autoscaling_group", "ValidationError", "AutoScalingGroup name not found - AutoScalingGroup shop not found"),
    ("cache_cluster", "CacheClusterNotFound", ""),
    ("cache_parameter_group", "CacheParameterGroupNotFound", ""),
    ("cache_subnet_group", "CacheSubnetGroupNotFoundFault", ""),
    ("db_instance", "DBInstanceNotFound", ""),
    ("db_parameter_group", "DBParameterGroupNotFound", ""),
    ("db_replica", "DBInstanceNotFound", ""),
    ("db_subnet_group", "DBSubnetGroupNotFoundFault", ""),
    ("default_security_group", "InvalidGroup.NotFound", ""),
    ("elastic_ip", "InvalidAllocationID.NotFound", ""),
    ("instance_profile", "NoSuchEntity", ""),
    ("internet_gateway", "InvalidInternetGatewayID.NotFound", ""),
    ("launch_template", "InvalidLaunchTemplateName.NotFoundException", ""),
    ("listener", "ListenerNotFound", ""),
    ("load_balancer", "LoadBalancerNotFound", ""),
    ("nat_gateway", "NatGatewayNotFound", ""),
    ("parameter", "ParameterNotFound", ""),
    // What the calls about its tags say.
    ("parameter", "InvalidResourceId", ""),
    ("queue", "AWS.SimpleQueueService.NonExistentQueue", ""),
    ("queue", "QueueDoesNotExist", ""),
    ("replication_group", "ReplicationGroupNotFoundFault", ""),
    ("role", "NoSuchEntity", ""),
    ("route_table", "InvalidRouteTableID.NotFound", ""),
    ("scaling_policy", "ValidationError", "Group shop not found"),
    ("secret", "ResourceNotFoundException", ""),
    ("security_group", "InvalidGroup.NotFound", ""),
    ("security_rule", "InvalidSecurityGroupRuleId.NotFound", ""),
    ("subnet", "InvalidSubnetID.NotFound", ""),
    ("target_group", "TargetGroupNotFound", ""),
    ("vpc", "InvalidVpcID.NotFound", ""),
    ("vpc_endpoint", "InvalidVpcEndpointId.NotFound", ""),
];

/// Kinds whose read filters a list. AWS then answers with an empty list and not with an error; that is `tests/conformance.rs`'s business.
const LISTED: &[&str] = &[
    "alarm",
    "autoscaling_group",
    "default_security_group",
    "elastic_ip",
    "internet_gateway",
    "launch_template",
    "nat_gateway",
    "parameter",
    "route_table",
    "scaling_policy",
    "security_group",
    "security_rule",
    "subnet",
    "vpc",
];

/// One call. `Ok(true)`: a read found something, or a change was carried out.
async fn call(verb: Verb, life: &Life, cloud: &Aws) -> Result<bool, CloudError> {
    let (properties, nothing) = (&life.request.properties, Request::default());
    let to_do = life.call(cloud, &life.request);
    match verb {
        Verb::Read => {
            let seen = life.kind.read(cloud, std::slice::from_ref(&life.id), Look::Brief).await?;
            Ok(!seen.is_empty())
        }
        Verb::Create => life.kind.create(life.call(cloud, &nothing), properties).await.map(|_| true),
        Verb::Update => life.kind.update(to_do, &retagged(properties), &life.id, &life.close).await.map(|()| true),
        Verb::Delete => life.kind.delete(to_do, properties, &life.id).await.map(|()| true),
    }
}

/// The same properties with one more tag, so that an update has something to do.
fn retagged(properties: &Value) -> Value {
    let mut properties = properties.clone();
    if let Some(tags) = properties.get_mut("tags") {
        tags["conformance"] = "changed".into();
    }
    properties
}

/// The meaning of an answer, in a word.
fn meaning(answer: &Result<bool, CloudError>) -> &'static str {
    match answer {
        Ok(true) => "done",
        Ok(false) => "absent",
        Err(CloudError::Refused(_)) => "refused",
        Err(CloudError::Denied(_) | CloudError::Expired(_)) => "denied",
        Err(CloudError::NotYet(_)) => "not yet",
        Err(CloudError::Missing(_)) => "missing",
        Err(CloudError::Exists(_)) => "exists",
        Err(CloudError::Foreign(_)) => "foreign",
        Err(CloudError::Unknown(_)) => "unknown",
    }
}

/// Every call of every kind must come to mean one of these.
async fn every_call_means(cloud: &Aws, wanted: &str) {
    let mut problems = Vec::new();
    for life in Recording::get().await.one_of_each() {
        for verb in VERBS {
            let by_design = verb == Verb::Delete && life.kind.removal() == Removal::WithParent;
            let wanted = if by_design { "refused" } else { wanted };
            let answer = call(verb, life, cloud).await;
            if meaning(&answer) != wanted {
                problems.push(format!("{verb:?} of {}: not {wanted}, but {answer:?}", life.kind.kind()));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

async fn every_fault_means(fault: Fault, wanted: &str) {
    let stub = Stub::start(fault).await;
    every_call_means(&stub.connect().await, wanted).await;
}

#[tokio::test]
async fn a_denied_call_needs_other_credentials() {
    every_fault_means(Fault::Common(Common::Denied), "denied").await;
}

#[tokio::test]
async fn a_throttled_call_may_pass_later() {
    every_fault_means(Fault::Common(Common::Throttled), "not yet").await;
}

#[tokio::test]
async fn after_a_fault_of_the_service_nobody_knows_whether_it_happened() {
    every_fault_means(Fault::Common(Common::Broken), "unknown").await;
}

#[tokio::test]
async fn after_a_cut_connection_nobody_knows_whether_it_happened() {
    every_fault_means(Fault::Cut, "unknown").await;
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_sent_once_and_a_read_again() {
    let stub = Stub::start(Fault::Common(Common::Broken)).await;
    let cloud = stub.connect_to_try(2).await;
    let (mut changes, mut reads) = (0, 0);
    for life in Recording::get().await.one_of_each() {
        for verb in VERBS {
            let before = cloud.calls();
            drop(call(verb, life, &cloud).await);
            for ((service, operation), count) in cloud.calls() {
                let times = count - before.get(&(service, operation.clone())).copied().unwrap_or_default();
                let is_read = is_read(&operation);
                *(if is_read { &mut reads } else { &mut changes }) += usize::from(times > 0);
                let wanted = if is_read { [0, 2] } else { [0, 1] };
                assert!(
                    wanted.contains(&times),
                    "{operation} was sent {times} times by {verb:?} of {}",
                    life.kind.kind()
                );
            }
        }
    }
    assert!(changes > 60 && reads > 25, "{changes} changes and {reads} reads");
}

#[tokio::test]
async fn where_nobody_listens_nothing_happened() {
    let stub = Stub::start(Fault::Cut).await;
    let cloud = stub.connect().await;
    stub.stop().await;
    every_call_means(&cloud, "not yet").await;
}

#[tokio::test]
async fn what_is_not_there_reads_as_absent_and_cannot_be_changed() {
    let mut problems = Vec::new();
    for life in Recording::get().await.one_of_each() {
        let kind = life.kind.kind();
        let answers: Vec<_> = NOT_THERE.iter().filter(|(of, ..)| *of == kind).collect();
        if answers.is_empty() {
            problems.push(format!("{kind}: what does its service say of what is not there? Add it to NOT_THERE"));
        }
        for &&(_, code, message) in &answers {
            let stub = Stub::start(Fault::Own { code, message }).await;
            let cloud = stub.connect().await;
            let by_design = life.kind.removal() == Removal::WithParent;
            let wanted: [(Verb, &[&str]); 3] = [
                (Verb::Read, if LISTED.contains(&kind) { &["absent", "missing"] } else { &["absent"] }),
                (Verb::Update, &["missing", "not yet"]),
                (Verb::Delete, if by_design { &["refused"] } else { &["missing", "done"] }),
            ];
            for (verb, wanted) in wanted {
                let answer = call(verb, life, &cloud).await;
                if !wanted.contains(&meaning(&answer)) {
                    problems.push(format!("{verb:?} of {kind} after {code}: not {wanted:?}, but {answer:?}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
