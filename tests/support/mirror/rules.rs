//! What AWS demands of a change, read off the real kinds, and what it does not let stand beside each other.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use pando::engine::change::Manner;
use serde_json::{Map, Value};

/// Properties by name, each reference replaced by the life it stands for.
pub type Properties = Map<String, Value>;

/// What a difference in a field demands, as `compare` of the real kind says.
pub fn manner(kind: &str, field: &str, before: &Properties, after: &Properties) -> Manner {
    match (kind, field) {
        // Two subnets of one range cannot stand beside each other.
        ("subnet", "zone") if before["cidr"] == after["cidr"] => Manner::ReplaceDeleteFirst,
        ("load_balancer" | "db_subnet_group" | "cache_subnet_group", "subnets") => {
            if set(&before["subnets"]).is_disjoint(&set(&after["subnets"])) { Manner::Replace } else { Manner::InPlace }
        }
        ("launch_template", field) if field != "tags" => Manner::Replace,
        ("vpc", "cidr")
        | ("subnet", "vpc" | "cidr" | "zone")
        | ("elastic_ip", "subnet")
        | ("nat_gateway", "subnet" | "address" | "internet_gateway")
        | ("default_security_group" | "internet_gateway" | "route_table", "vpc")
        | ("vpc_endpoint", "vpc" | "service")
        | ("security_group", "vpc" | "description")
        | ("security_rule", "group" | "direction" | "peer" | "port")
        | ("secret", "username")
        | ("load_balancer", "internet_gateway")
        | ("target_group", "vpc" | "port")
        | ("listener", "load_balancer")
        | ("scaling_policy", "group" | "name")
        | ("db_parameter_group" | "cache_parameter_group", "description" | "family")
        | ("db_instance", "engine" | "subnet_group" | "username" | "database")
        | ("db_replica", "source")
        | ("replication_group", "subnet_group")
        | ("cache_cluster", "node" | "subnet_group")
        | ("parameter", "name") => Manner::Replace,
        _ => Manner::InPlace,
    }
}

/// Why two objects of a kind cannot both be there.
pub fn conflict(kind: &str, one: &Properties, two: &Properties) -> Option<&'static str> {
    let same = |fields: &[&str]| fields.iter().all(|field| one[*field] == two[*field]);
    let share = |field: &str| !set(&one[field]).is_disjoint(&set(&two[field]));
    let range = |of: &Properties| of["cidr"].as_str().and_then(|text| text.parse::<Ipv4Net>().ok()).expect("a range");
    let overlap = |one: Ipv4Net, two: Ipv4Net| one.contains(&two) || two.contains(&one);
    match kind {
        "subnet" if same(&["vpc"]) && overlap(range(one), range(two)) => Some("InvalidSubnet.Conflict"),
        "internet_gateway" if same(&["vpc"]) => Some("Resource.AlreadyAssociated"),
        "nat_gateway" if same(&["address"]) => Some("Resource.AlreadyAssociated"),
        "route_table" if share("subnets") => Some("Resource.AlreadyAssociated"),
        "vpc_endpoint" if same(&["service"]) && share("route_tables") => Some("RouteAlreadyExists"),
        "security_rule" if same(&["group", "direction", "peer", "port"]) => Some("InvalidPermission.Duplicate"),
        "listener" if same(&["load_balancer", "port"]) => Some("DuplicateListener"),
        "scaling_policy" if same(&["group", "name"]) => Some("it would overwrite the other"),
        "parameter" if same(&["name"]) => Some("ParameterAlreadyExists"),
        _ => None,
    }
}

fn set(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
