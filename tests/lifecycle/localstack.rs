//! LocalStack's community edition has no groups, load balancers, databases and caches; what it has, it is asked for.

use pando::aws::clients::Aws;
use pando::aws::resources::alarm::Alarm;
use pando::aws::resources::default_security_group::DefaultSecurityGroup;
use pando::aws::resources::elastic_ip::ElasticIp;
use pando::aws::resources::instance_profile::InstanceProfile;
use pando::aws::resources::internet_gateway::InternetGateway;
use pando::aws::resources::launch_template::LaunchTemplate;
use pando::aws::resources::nat_gateway::NatGateway;
use pando::aws::resources::parameter::Parameter;
use pando::aws::resources::queue::Queue;
use pando::aws::resources::role::Role;
use pando::aws::resources::route_table::RouteTable;
use pando::aws::resources::secret::Secret;
use pando::aws::resources::security_group::SecurityGroup;
use pando::aws::resources::security_rule::SecurityRule;
use pando::aws::resources::subnet::Subnet;
use pando::aws::resources::vpc::Vpc;
use pando::aws::resources::vpc_endpoint::VpcEndpoint;
use pando::engine::graph::{Graph, Node};
use pando::engine::kind::Registry;
use pando::engine::resource::Resource;

use super::read;
use crate::support::emulator::{Emulators, REGION};
use crate::support::stack::{Process, Stack, blueprint};

/// The kinds that LocalStack can stand in for.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        fn registry() -> Registry<Aws> {
            Registry::default()$(.with::<$kind>())*
        }

        fn add(kind: &str, name: &str, node: &Node, into: &mut Graph) {
            match kind {
                $($kind::KIND => add_typed::<$kind>(name, node, into),)*
                _ => {}
            }
        }
    };
}

kinds!(
    Alarm,
    DefaultSecurityGroup,
    ElasticIp,
    InstanceProfile,
    InternetGateway,
    LaunchTemplate,
    NatGateway,
    Parameter,
    Queue,
    Role,
    RouteTable,
    Secret,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Vpc,
    VpcEndpoint,
);

fn add_typed<R: Resource>(name: &str, node: &Node, into: &mut Graph) {
    let properties: R = serde_json::from_value(node.properties.clone()).unwrap();
    into.add(name, &properties).map(drop).unwrap();
}

/// The part of a graph that needs nothing else.
fn part(whole: &Graph) -> Graph {
    let mut part = Graph::default();
    for address in whole.addresses() {
        let node = whole.get(address).unwrap();
        if node.targets.iter().all(|target| part.get(target).is_some()) {
            add(&address.kind, &address.name, node, &mut part);
        }
    }
    part
}

fn process(stack: &Stack) -> Process {
    let mut process = stack.process();
    process.registry = registry();
    process
}

async fn carry_out(stack: &Stack, graph: &Graph) -> usize {
    let mut process = process(stack);
    let (plan, seen) = process.plan(graph).await.unwrap();
    let report = process.apply(graph, &plan, &seen).await.unwrap();
    assert!(report.is_complete(), "{report:#?}");
    plan.steps.len()
}

#[tokio::test]
async fn network_roles_queues_secrets_and_parameters_stand_on_localstack() {
    let localstack = Emulators::localstack().await;
    let text = read("web-service");
    let before = blueprint(&text, Some("dev"));
    let stack = Stack::new(localstack.connect(REGION).await, &before);
    let graph = part(&stack.expand(&before).await.graph);
    let kinds: std::collections::BTreeSet<&str> = graph.addresses().map(|address| address.kind.as_str()).collect();
    assert_eq!(kinds.len(), 17, "{kinds:?}");
    assert!(carry_out(&stack, &graph).await > 40);
    assert!(process(&stack).plan(&graph).await.unwrap().0.is_empty());
    // More time for a job: both queues change. Its launch templates never show new tags, so none are given.
    let after = text.replace("visibility: 5m", "visibility: 6m");
    let graph = part(&stack.expand(&blueprint(&after, Some("dev"))).await.graph);
    assert_eq!(carry_out(&stack, &graph).await, 2);
    assert!(process(&stack).plan(&graph).await.unwrap().0.is_empty());
    carry_out(&stack, &Graph::default()).await;
    assert_eq!(process(&stack).sweep().await.unwrap(), []);
    assert!(stack.state().records.is_empty());
}
