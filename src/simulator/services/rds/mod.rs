//! Amazon RDS: databases of MySQL, MariaDB and PostgreSQL.

mod about;
mod backups;
mod changes;
mod create;
mod delete;
mod describe;
mod engines;
mod events;
mod instance;
mod life;
mod listing;
mod modify;
mod network;
mod offers;
mod origin;
mod parameter_groups;
mod parameters;
mod refusals;
mod replicas;
mod requests;
mod restore;
mod sharing;
mod show;
mod snapshots;
mod subnet_groups;
mod tables;
mod tagging;
pub(crate) mod windows;

use serde::Serialize;

use super::super::service::{Protocol, Service};
use super::super::shelf::Shelf;
use backups::Backup;
use events::Event;
use instance::Instance;
use parameter_groups::ParameterGroup;
use snapshots::Snapshot;
use subnet_groups::SubnetGroup;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "rds",
    protocol: Protocol::Query { namespace: "http://rds.amazonaws.com/doc/2014-10-31/" },
    areas: &[
        about::ACTIONS,
        backups::ACTIONS,
        create::ACTIONS,
        delete::ACTIONS,
        describe::ACTIONS,
        events::ACTIONS,
        life::ACTIONS,
        modify::ACTIONS,
        offers::ACTIONS,
        parameter_groups::ACTIONS,
        parameters::ACTIONS,
        replicas::ACTIONS,
        restore::ACTIONS,
        sharing::ACTIONS,
        snapshots::ACTIONS,
        subnet_groups::ACTIONS,
        tagging::ACTIONS,
    ],
};

/// What it knows in one account and region.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Backups that stayed when their database was deleted.
    automated_backups: Shelf<Backup>,
    /// What happened, oldest first.
    events: Vec<Event>,
    instances: Shelf<Instance>,
    parameter_groups: Shelf<ParameterGroup>,
    snapshots: Shelf<Snapshot>,
    subnet_groups: Shelf<SubnetGroup>,
}
