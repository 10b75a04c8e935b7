//! The primary database: it takes the writes.
//!
//! Minor versions belong to AWS and grown storage to the database: neither is ever set back. The password comes from a secret, in memory.

use std::collections::BTreeSet;

use aws_sdk_rds::types::DbInstance as Described;
use serde::{Deserialize, Serialize};

use super::db_parameter_group::{DbParameterGroup, DbParameterGroupName};
use super::db_subnet_group::{DbSubnetGroup, DbSubnetGroupName};
use super::secret::{Secret, password};
use super::security_group::SecurityGroup;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, with_references};
use crate::aws::naming::name;
use crate::aws::rds::{BATCH, Instance, describe, instances, retag, signed, tags_on};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::aws::upgrades::{covers, majors, takes_replicas_along, upgrade_replicas};
use crate::aws::versions;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A primary database instance. Its storage is always encrypted, and it is never public.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DbInstance {
    /// `mysql`, `mariadb` or `postgres`.
    pub engine: String,
    /// The version as far as the author cares: `8.4` is any 8.4.
    pub version: String,
    /// The instance class, `db.r7g.large`.
    pub class: String,
    /// The least storage, in GiB.
    pub storage: u32,
    /// How far storage may grow by itself, in GiB.
    pub storage_max: Option<u32>,
    /// Where it stands.
    pub subnet_group: Ref<DbSubnetGroup>,
    /// Its settings.
    pub parameter_group: Ref<DbParameterGroup>,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// Where the password is kept.
    pub password: Ref<Secret>,
    /// The administrator's name.
    pub username: String,
    /// The name of the first database in it.
    pub database: String,
    /// The port it listens on.
    pub port: u16,
    /// Whether a standby in another zone takes over when it fails.
    pub multi_az: bool,
    /// For how many days backups are kept. Replicas need at least one.
    pub backup_days: u32,
    /// The logs that go to CloudWatch.
    pub logs: BTreeSet<String>,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Whether a last snapshot is taken when it is deleted.
    pub final_snapshot: bool,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The instance's identifier.
    DbInstanceId
}

/// What RDS tells about a primary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// What it has in common with a replica.
    pub instance: Instance,
    /// Its ARN.
    pub arn: String,
    /// The engine.
    pub engine: String,
    /// The full version.
    pub version: String,
    /// Whether storage is encrypted.
    pub encrypted: bool,
    /// The name of the group of subnets it stands in.
    pub subnet_group: Option<DbSubnetGroupName>,
    /// The administrator's name.
    pub username: String,
    /// The name of the first database in it.
    pub database: Option<String>,
    /// Whether a standby takes over.
    pub multi_az: bool,
    /// For how many days backups are kept.
    pub backup_days: u32,
    /// The replicas that copy it, whoever's they are.
    pub replicas: BTreeSet<DbInstanceId>,
}

/// What others need of a primary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its identifier.
    pub id: DbInstanceId,
    /// Its host name.
    pub host: String,
}

// rules

impl Resource for DbInstance {
    const KIND: &'static str = "db_instance";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const HOLDS_DATA: bool = true;
    type Id = DbInstanceId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &DbInstanceId, seen: &Observed) -> Outputs {
        Outputs { id: id.clone(), host: seen.instance.host.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        seen.instance.readiness()
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self {
            engine,
            version,
            class,
            storage,
            storage_max,
            subnet_group,
            parameter_group,
            security_groups,
            password,
            username,
            database,
            port,
            multi_az,
            backup_days,
            logs,
            deletion_protection,
            final_snapshot,
            tags,
        } = self;
        let instance = &seen.instance;
        diff.replace("engine", engine, &seen.engine);
        versions::compare(diff, version, &seen.version, majors(engine));
        diff.in_place("class", class, &instance.class);
        if *storage > instance.storage {
            diff.in_place("storage", storage, &instance.storage);
        }
        let growth = instance.storage_max.as_ref().map(|_| &instance.storage_max);
        diff.reported("storage_max", Manner::InPlace, storage_max, growth);
        let subnets = Some(diff.outputs(subnet_group).map(|group| group.name));
        diff.replace("subnet_group", subnets, &seen.subnet_group);
        let parameters = diff.outputs(parameter_group).map(|group| group.name);
        diff.in_place("parameter_group", parameters, &DbParameterGroupName(instance.parameter_group.clone()));
        let groups: Known<BTreeSet<_>> = security_groups.iter().map(|g| diff.outputs(g).map(|g| g.id)).collect();
        diff.in_place("security_groups", groups, &instance.security_groups);
        diff.unseen_ref("password", Manner::InPlace, password);
        diff.replace("username", username, &seen.username);
        diff.replace("database", &Some(database.clone()), &seen.database);
        diff.in_place("port", port, &instance.port);
        diff.in_place("multi_az", multi_az, &seen.multi_az);
        diff.in_place("backup_days", backup_days, &seen.backup_days);
        diff.in_place("logs", logs, &instance.logs);
        diff.in_place("deletion_protection", deletion_protection, &instance.deletion_protection);
        // Matters when it is deleted, and is read from the record then.
        diff.unseen("final_snapshot", Manner::InPlace, final_snapshot);
        diff.replace("encrypted", &true, &seen.encrypted);
        diff.in_place("public", &false, &instance.public);
        diff.in_place("minor_upgrades", &true, &instance.minor_upgrades);
        diff.in_place("copy_tags", &true, &instance.copy_tags);
        if let Some(iam_login) = &instance.iam_login {
            diff.in_place("iam_login", &true, iam_login);
        }
        diff.owned_entries("tags", &tags.0, &instance.tags.0);
    }

    fn protected(seen: &Observed) -> Option<&'static str> {
        // One that never worked holds nothing, and RDS lets it go.
        let on = seen.instance.deletion_protection && seen.instance.status != "failed";
        on.then_some("deletion protection is on")
    }

    fn unprotected(&self) -> Option<Self> {
        Some(Self { deletion_protection: false, ..self.clone() })
    }

    fn remains(&self, id: &DbInstanceId) -> Vec<String> {
        let snapshot = format!("the last snapshot, {}, and the automated backups", last_snapshot(id));
        let logs = (!self.logs.is_empty()).then(|| format!("the log groups below /aws/rds/instance/{}", id.0));
        self.final_snapshot.then_some(snapshot).into_iter().chain(logs).collect()
    }
}

// cloud calls

impl Manage for DbInstance {
    type Cloud = Aws;
    const READ_BATCH: usize = BATCH;
    const WAIT: WaitPolicy = WaitPolicy::every(15, 5400);

    async fn read(cloud: &Aws, ids: &[DbInstanceId], look: Look) -> CloudResult<Vec<(DbInstanceId, Observed)>> {
        let found = instances(cloud, ids.iter().map(|id| id.0.clone()).collect(), look).await?;
        Ok(found.iter().filter_map(observed).filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, DbInstanceId)>> {
        let found = primaries(cloud).await?.into_iter();
        Ok(found.filter_map(|(id, seen)| Some((seen.instance.tags.key_of(owner)?, id))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(primaries(cloud).await?, wanted.owner(), |seen| &seen.instance.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<DbInstanceId> {
        let id = name(call, 60);
        let password = password(call.cloud, &call.outputs(&self.password)?.arn).await?;
        let request = call.cloud.api.rds.create_db_instance().db_instance_identifier(&id);
        let request = request.engine(&self.engine).engine_version(&self.version).db_instance_class(&self.class);
        let request =
            request.allocated_storage(signed(self.storage)).set_max_allocated_storage(self.storage_max.map(signed));
        let request = request.storage_type("gp3").storage_encrypted(true).publicly_accessible(false);
        let request = request.db_subnet_group_name(call.outputs(&self.subnet_group)?.name.0);
        let request = request.db_parameter_group_name(call.outputs(&self.parameter_group)?.name.0);
        let request = request.set_vpc_security_group_ids(Some(self.groups(call)?));
        let request = request.master_username(&self.username).master_user_password(password.expose());
        let request = request.db_name(&self.database).port(self.port.into()).multi_az(self.multi_az);
        let request =
            request.backup_retention_period(signed(self.backup_days)).deletion_protection(self.deletion_protection);
        let request = request.auto_minor_version_upgrade(true).copy_tags_to_snapshot(true);
        let request = request.enable_iam_database_authentication(true);
        let request = request.set_enable_cloudwatch_logs_exports(Some(self.logs.iter().cloned().collect()));
        let redacted = |e| password.redact(with_references(e));
        request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(redacted)?;
        Ok(DbInstanceId(id))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &DbInstanceId, seen: &Observed) -> CloudResult<()> {
        let changes = call.changes(self, seen);
        // RDS refuses a change of nothing.
        if changes.has_beside(&["final_snapshot", "tags"]) {
            self.modify(call, id, seen).await?;
        }
        retag(call, &seen.arn, &self.tags, &seen.instance.tags).await
    }

    /// With a last snapshot, named after the instance, unless the blueprint said otherwise.
    async fn delete(&self, call: &Call<'_, Aws>, id: &DbInstanceId) -> CloudResult<()> {
        // Of one that does not work RDS can take no snapshot, and then deletes it only without.
        let found = Self::read(call.cloud, std::slice::from_ref(id), Look::Close).await?;
        let is_broken = found.iter().any(|(_, seen)| seen.instance.is_broken());
        let request = call.cloud.api.rds.delete_db_instance().db_instance_identifier(&id.0);
        let request = if self.final_snapshot && !is_broken {
            request.skip_final_snapshot(false).final_db_snapshot_identifier(last_snapshot(id))
        } else {
            request.skip_final_snapshot(true)
        };
        match request.delete_automated_backups(!self.final_snapshot).send().await.map_err(classify) {
            // It is on its way already.
            Err(CloudError::NotYet(why)) if why.contains("already being deleted") => Ok(()),
            answer => answer.map(drop),
        }
    }
}

impl DbInstance {
    fn groups(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.security_groups.iter().map(|group| Ok(call.outputs(group)?.id.0)).collect()
    }

    async fn modify(&self, call: &Call<'_, Aws>, id: &DbInstanceId, seen: &Observed) -> CloudResult<()> {
        let instance = &seen.instance;
        let parameters = call.outputs(&self.parameter_group)?.name.0;
        let other_version = !covers(&self.engine, &self.version, &seen.version);
        if other_version && !takes_replicas_along(&self.engine, &self.version, &seen.version) {
            upgrade_replicas(call.cloud, &seen.replicas, &self.engine, &self.version, &parameters).await?;
        }
        let request = call.cloud.api.rds.modify_db_instance().db_instance_identifier(&id.0).apply_immediately(true);
        let request = request.set_engine_version(other_version.then(|| self.version.clone()));
        let request = request.set_allow_major_version_upgrade(other_version.then_some(true));
        let request = request.set_db_instance_class((self.class != instance.class).then(|| self.class.clone()));
        let more = self.storage > instance.storage;
        let request = request.set_allocated_storage(more.then(|| signed(self.storage)));
        let request = request.set_max_allocated_storage(instance.growth(self.storage_max, self.storage));
        let other_parameters = parameters != instance.parameter_group;
        let request = request.set_db_parameter_group_name(other_parameters.then_some(parameters));
        let request = request.set_vpc_security_group_ids(Some(self.groups(call)?));
        let request = request.set_multi_az((self.multi_az != seen.multi_az).then_some(self.multi_az));
        let other_backups = self.backup_days != seen.backup_days;
        let request = request.set_backup_retention_period(other_backups.then(|| signed(self.backup_days)));
        let request = request.set_db_port_number((self.port != instance.port).then(|| self.port.into()));
        let request = request.deletion_protection(self.deletion_protection).publicly_accessible(false);
        let request = request.auto_minor_version_upgrade(true).copy_tags_to_snapshot(true);
        let request = request.enable_iam_database_authentication(true);
        let request = request.set_cloudwatch_logs_export_configuration(instance.log_changes(&self.logs));
        if !call.moved(&self.password) {
            return request.send().await.map(drop).map_err(with_references);
        }
        let password = password(call.cloud, &call.outputs(&self.password)?.arn).await?;
        let request = request.master_user_password(password.expose());
        request.send().await.map(drop).map_err(|e| password.redact(with_references(e)))
    }
}

/// All that are no replicas, whoever's they are.
async fn primaries(cloud: &Aws) -> CloudResult<Vec<(DbInstanceId, Observed)>> {
    let all = describe(cloud, None).await?;
    let primaries = all.iter().filter(|db| db.read_replica_source_db_instance_identifier().is_none());
    Ok(primaries.filter_map(observed).collect())
}

// conversions

/// Named after the instance, whose identifier is used only once.
fn last_snapshot(id: &DbInstanceId) -> String {
    format!("{}-final", id.0)
}

fn observed(db: &Described) -> Option<(DbInstanceId, Observed)> {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let subnets = db.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    let observed = Observed {
        instance: Instance::of(db)?,
        arn: db.db_instance_arn().unwrap_or_default().into(),
        engine: db.engine()?.into(),
        version: db.engine_version().unwrap_or_default().into(),
        encrypted: db.storage_encrypted() == Some(true),
        subnet_group: subnets.map(|name| DbSubnetGroupName(name.into())),
        username: db.master_username().unwrap_or_default().into(),
        database: db.db_name().map(Into::into),
        multi_az: db.multi_az() == Some(true),
        backup_days: number(db.backup_retention_period).unwrap_or_default(),
        replicas: db.read_replica_db_instance_identifiers().iter().cloned().map(DbInstanceId).collect(),
    };
    Some((DbInstanceId(db.db_instance_identifier()?.into()), observed))
}
