//! Where the data of snapshots and automated backups comes from: the database as it was, which they keep and show.

use serde::Serialize;

use super::instance::{Instance, Settings, Storage};
use super::show;
use crate::simulator::clock::Moment;
use crate::simulator::output::Tree;

/// A database as it was.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Origin {
    /// Its identifier.
    pub(super) instance: String,
    pub(super) resource: String,
    pub(super) settings: Settings,
    pub(super) storage: Storage,
    vpc: String,
    zone: String,
    created: Option<Moment>,
}

impl Origin {
    /// The database as it is now.
    pub(super) fn of(id: &str, instance: &Instance) -> Self {
        Self {
            instance: id.to_owned(),
            resource: instance.resource.clone(),
            settings: instance.settings.clone(),
            storage: instance.storage.clone(),
            vpc: instance.place.vpc.clone(),
            zone: instance.place.zone.clone(),
            created: instance.created,
        }
    }

    /// Adds what it was to an answer.
    pub(super) fn show(&self, tree: Tree) -> Tree {
        let tree = tree
            .with("DBInstanceIdentifier", &self.instance)
            .with("DbiResourceId", &self.resource)
            .with("InstanceCreateTime", self.created)
            .with("AvailabilityZone", &self.zone)
            .with("VpcId", &self.vpc)
            .with("Port", self.settings.port)
            .with("OptionGroupName", &self.settings.option_group)
            .with("Encrypted", self.storage.key.is_some());
        show::disks(show::engine(tree, &self.settings), &self.storage)
    }
}
