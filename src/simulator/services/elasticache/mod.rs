//! Amazon ElastiCache: replication groups, clusters, and the groups of subnets and parameters that they use.

mod clusters;
mod engines;
mod parameters;
mod replication;
mod resize;
mod show;
mod snapshots;
mod subnets;
mod tags;

use serde::Serialize;

use super::super::input::{Input, invalid};
use super::super::pages::Page;
use super::super::refusal::Refusal;
use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "elasticache",
    protocol: Protocol::Query { namespace: "http://elasticache.amazonaws.com/doc/2015-02-02/" },
    areas: &[
        clusters::ACTIONS,
        engines::ACTIONS,
        parameters::ACTIONS,
        replication::ACTIONS,
        resize::ACTIONS,
        snapshots::ACTIONS,
        subnets::ACTIONS,
        tags::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Clusters by name: those that stand alone, and the members of replication groups.
    clusters: Shelf<clusters::Cluster>,
    replication_groups: Shelf<replication::ReplicationGroup>,
    subnet_groups: Shelf<subnets::SubnetGroup>,
    parameter_groups: Shelf<parameters::ParameterGroup>,
    snapshots: Shelf<snapshots::Snapshot>,
}

/// Whether callers' changes wait until whatever is under way is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Status {
    Creating,
    Available,
    Modifying,
    Deleting,
}

impl Status {
    fn text(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Modifying => "modifying",
            Self::Deleting => "deleting",
        }
    }
}

/// The page that is asked for: `MaxRecords` from 20 to 100, 100 if not said, and `Marker`.
fn page(input: &Input) -> Result<Page, Refusal> {
    Page::read(input, "MaxRecords", "Marker", (20, 100), "InvalidParameterValue")
}

/// A name as ElastiCache has them: letters, digits and single hyphens, beginning with a letter; kept in small letters
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>).
fn name(input: &Input, parameter: &str, longest: usize) -> Result<String, Refusal> {
    let name = input.need(parameter)?.to_ascii_lowercase();
    let fits = (1..=longest).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !name.ends_with('-')
        && !name.contains("--");
    if fits {
        return Ok(name);
    }
    let words = format!(
        "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, \
         digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens; at most {longest} characters."
    );
    Err(invalid(words))
}

fn combination(words: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterCombination", words)
}
