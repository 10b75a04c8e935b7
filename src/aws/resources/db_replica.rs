//! A read replica: a copy of the primary that takes reads.

use std::collections::BTreeSet;

use aws_sdk_rds::types::DbInstance as Described;
use serde::{Deserialize, Serialize};

use super::db_instance::{DbInstance, DbInstanceId};
use super::db_parameter_group::{DbParameterGroup, DbParameterGroupName};
use super::security_group::SecurityGroup;
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, with_references};
use crate::aws::naming::name;
use crate::aws::rds::{BATCH, Instance, describe, instances, retag, signed, tags_on};
use crate::aws::sightings::tagged;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A read replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DbReplica {
    /// Whom it copies.
    pub source: Ref<DbInstance>,
    /// The instance class.
    pub class: String,
    /// Its settings.
    pub parameter_group: Ref<DbParameterGroup>,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// How far storage may grow by itself, in GiB: as far as the primary's, whose data it has to hold.
    pub storage_max: Option<u32>,
    /// The logs that go to CloudWatch.
    pub logs: BTreeSet<String>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

/// What RDS tells about a replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// What it has in common with a primary.
    pub instance: Instance,
    /// Its ARN.
    pub arn: String,
    /// Whom it copies. `None`: it was promoted, and is a primary now.
    pub source: Option<DbInstanceId>,
}

/// What others need of a replica.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its host name.
    pub host: String,
}

// rules

impl Resource for DbReplica {
    const KIND: &'static str = "db_replica";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = DbInstanceId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(_: &DbInstanceId, seen: &Observed) -> Outputs {
        Outputs { host: seen.instance.host.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        seen.instance.readiness()
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { source, class, parameter_group, security_groups, storage_max, logs, tags } = self;
        let instance = &seen.instance;
        diff.replace("source", Some(diff.outputs(source).map(|source| source.id)), &seen.source);
        diff.in_place("class", class, &instance.class);
        let parameters = diff.outputs(parameter_group).map(|group| group.name);
        diff.in_place("parameter_group", parameters, &DbParameterGroupName(instance.parameter_group.clone()));
        let groups: Known<BTreeSet<_>> = security_groups.iter().map(|g| diff.outputs(g).map(|g| g.id)).collect();
        diff.in_place("security_groups", groups, &instance.security_groups);
        let growth = instance.storage_max.as_ref().map(|_| &instance.storage_max);
        diff.reported("storage_max", Manner::InPlace, storage_max, growth);
        diff.in_place("logs", logs, &instance.logs);
        // Whatever is in it is in the primary, so there is nothing to protect.
        diff.in_place("deletion_protection", &false, &instance.deletion_protection);
        diff.in_place("public", &false, &instance.public);
        diff.in_place("minor_upgrades", &true, &instance.minor_upgrades);
        diff.in_place("copy_tags", &true, &instance.copy_tags);
        if let Some(iam_login) = &instance.iam_login {
            diff.in_place("iam_login", &true, iam_login);
        }
        diff.owned_entries("tags", &tags.0, &instance.tags.0);
    }
}

// cloud calls

impl Manage for DbReplica {
    type Cloud = Aws;
    const READ_BATCH: usize = BATCH;
    const WAIT: WaitPolicy = WaitPolicy::every(15, 7200);

    async fn read(cloud: &Aws, ids: &[DbInstanceId], look: Look) -> CloudResult<Vec<(DbInstanceId, Observed)>> {
        let found = instances(cloud, ids.iter().map(|id| id.0.clone()).collect(), look).await?;
        Ok(found.iter().filter_map(observed).filter(|(id, _)| ids.contains(id)).collect())
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, DbInstanceId)>> {
        let found = replicas(cloud).await?.into_iter();
        Ok(found.filter_map(|(id, seen)| Some((seen.instance.tags.key_of(owner)?, id))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        Ok(tagged::<Self>(replicas(cloud).await?, wanted.owner(), |seen| &seen.instance.tags))
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<DbInstanceId> {
        let id = name(call, 60);
        let request = call.cloud.api.rds.create_db_instance_read_replica().db_instance_identifier(&id);
        let request = request.source_db_instance_identifier(call.outputs(&self.source)?.id.0);
        let request = request.db_instance_class(&self.class).set_vpc_security_group_ids(Some(self.groups(call)?));
        // It gets the parameter group of its source. RDS refuses to be told in the region of a MySQL or PostgreSQL source.
        let request = request.set_max_allocated_storage(self.storage_max.map(signed)).deletion_protection(false);
        let request = request.set_enable_cloudwatch_logs_exports(Some(self.logs.iter().cloned().collect()));
        let request = request.publicly_accessible(false).auto_minor_version_upgrade(true).copy_tags_to_snapshot(true);
        let request = request.enable_iam_database_authentication(true);
        request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(with_references)?;
        Ok(DbInstanceId(id))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &DbInstanceId, seen: &Observed) -> CloudResult<()> {
        // RDS refuses a change of nothing.
        if !call.changes(self, seen).has_beside(&["tags"]) {
            return retag(call, &seen.arn, &self.tags, &seen.instance.tags).await;
        }
        let request = call.cloud.api.rds.modify_db_instance().db_instance_identifier(&id.0).apply_immediately(true);
        let request = request.set_db_instance_class((self.class != seen.instance.class).then(|| self.class.clone()));
        let parameters = call.outputs(&self.parameter_group)?.name.0;
        let other_parameters = parameters != seen.instance.parameter_group;
        let request = request.set_db_parameter_group_name(other_parameters.then_some(parameters));
        let request = request.set_vpc_security_group_ids(Some(self.groups(call)?)).publicly_accessible(false);
        let request = request.set_max_allocated_storage(seen.instance.growth(self.storage_max, 0));
        let request = request.set_cloudwatch_logs_export_configuration(seen.instance.log_changes(&self.logs));
        let request = request.deletion_protection(false);
        let request = request.auto_minor_version_upgrade(true).copy_tags_to_snapshot(true);
        request.enable_iam_database_authentication(true).send().await.map_err(with_references)?;
        retag(call, &seen.arn, &self.tags, &seen.instance.tags).await
    }

    /// RDS takes no last snapshot of a replica: whatever is in it is in the primary.
    async fn delete(&self, call: &Call<'_, Aws>, id: &DbInstanceId) -> CloudResult<()> {
        let request = call.cloud.api.rds.delete_db_instance().db_instance_identifier(&id.0).skip_final_snapshot(true);
        match request.send().await.map_err(classify) {
            // It is on its way already.
            Err(CloudError::NotYet(why)) if why.contains("already being deleted") => Ok(()),
            answer => answer.map(drop),
        }
    }
}

impl DbReplica {
    fn groups(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.security_groups.iter().map(|group| Ok(call.outputs(group)?.id.0)).collect()
    }
}

/// All that follow another, whoever's they are.
async fn replicas(cloud: &Aws) -> CloudResult<Vec<(DbInstanceId, Observed)>> {
    let all = describe(cloud, None).await?;
    Ok(all.iter().filter_map(observed).filter(|(_, seen)| seen.source.is_some()).collect())
}

// conversions

fn observed(db: &Described) -> Option<(DbInstanceId, Observed)> {
    let source = db.read_replica_source_db_instance_identifier();
    let observed = Observed {
        instance: Instance::of(db)?,
        arn: db.db_instance_arn().unwrap_or_default().into(),
        source: source.map(|id| DbInstanceId(id.into())),
    };
    Some((DbInstanceId(db.db_instance_identifier()?.into()), observed))
}
