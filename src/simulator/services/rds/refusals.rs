//! The refusals of RDS, in its codes and words. Codes are those of the wire, which are not always the names of the SDKs' types
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html>, and each action's page).

use crate::simulator::refusal::Refusal;

/// Something that was named is not there; its status is 404.
fn absent(code: &'static str, message: String) -> Refusal {
    Refusal::new(code, message).status(404)
}

/// There is no such database.
pub(super) fn no_instance(id: &str) -> Refusal {
    absent("DBInstanceNotFound", format!("DBInstance {id} not found."))
}

/// There is no such group of subnets.
pub(super) fn no_subnet_group(name: &str) -> Refusal {
    absent("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."))
}

/// There is no such group of parameters.
pub(super) fn no_parameter_group(name: &str) -> Refusal {
    absent("DBParameterGroupNotFound", format!("DBParameterGroup not found: {name}"))
}

/// A database is in a state in which this cannot be done.
pub(super) fn wrong_state(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidDBInstanceState", message)
}

/// Parameters that do not go together, or not with what is there.
pub(super) fn combination(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterCombination", message)
}

/// There is no such snapshot.
pub(super) fn no_snapshot(name: &str) -> Refusal {
    absent("DBSnapshotNotFound", format!("DBSnapshot {name} not found."))
}
