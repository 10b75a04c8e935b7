//! The kinds of resources, one file each, always in the same order: properties, identity, observation and outputs, rules, cloud calls,
//! conversions, tests.

pub mod alarm;
pub mod autoscaling_group;
pub mod cache_cluster;
pub mod cache_parameter_group;
pub mod cache_subnet_group;
pub mod db_instance;
pub mod db_parameter_group;
pub mod db_replica;
pub mod db_subnet_group;
pub mod default_security_group;
pub mod elastic_ip;
pub mod instance_profile;
pub mod internet_gateway;
pub mod launch_template;
pub mod listener;
pub mod load_balancer;
pub mod nat_gateway;
pub mod parameter;
pub mod queue;
pub mod replication_group;
pub mod role;
pub mod route_table;
pub mod scaling_policy;
pub mod secret;
pub mod security_group;
pub mod security_rule;
pub mod subnet;
pub mod target_group;
pub mod vpc;
pub mod vpc_endpoint;

use super::clients::Aws;
use crate::engine::kind::Registry;

/// Declares the identifier of a kind.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
use id;

/// All kinds. A new kind is a file, a `mod` line and a line here.
pub fn registry() -> Registry<Aws> {
    Registry::default()
        .with::<vpc::Vpc>()
        .with::<default_security_group::DefaultSecurityGroup>()
        .with::<internet_gateway::InternetGateway>()
        .with::<subnet::Subnet>()
        .with::<elastic_ip::ElasticIp>()
        .with::<nat_gateway::NatGateway>()
        .with::<route_table::RouteTable>()
        .with::<vpc_endpoint::VpcEndpoint>()
        .with::<security_group::SecurityGroup>()
        .with::<security_rule::SecurityRule>()
        .with::<secret::Secret>()
        .with::<queue::Queue>()
        .with::<role::Role>()
        .with::<instance_profile::InstanceProfile>()
        .with::<launch_template::LaunchTemplate>()
        .with::<load_balancer::LoadBalancer>()
        .with::<target_group::TargetGroup>()
        .with::<listener::Listener>()
        .with::<autoscaling_group::AutoscalingGroup>()
        .with::<scaling_policy::ScalingPolicy>()
        .with::<alarm::Alarm>()
        .with::<db_subnet_group::DbSubnetGroup>()
        .with::<db_parameter_group::DbParameterGroup>()
        .with::<db_instance::DbInstance>()
        .with::<db_replica::DbReplica>()
        .with::<cache_subnet_group::CacheSubnetGroup>()
        .with::<cache_parameter_group::CacheParameterGroup>()
        .with::<replication_group::ReplicationGroup>()
        .with::<cache_cluster::CacheCluster>()
        .with::<parameter::Parameter>()
}
