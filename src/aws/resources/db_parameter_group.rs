//! The settings of a database engine.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{ApplyMethod, DbInstance, DbParameterGroup as Described, Parameter};
use serde::{Deserialize, Serialize};

use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references};
use crate::aws::naming::name;
use crate::aws::rds::{instances, owned, retag, survey, tags_on};
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A database parameter group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DbParameterGroup {
    /// What it is for. Cannot be changed.
    pub description: String,
    /// Engine and version it fits: `mysql8.4`.
    pub family: String,
    /// The settings that differ from the engine's own, by name.
    pub parameters: BTreeMap<String, String>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The group's name.
    DbParameterGroupName
}

/// What RDS tells about a parameter group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// What it is for. A database that uses the group does not tell.
    pub description: Option<String>,
    /// Engine and version it fits. A database that uses the group does not tell.
    pub family: Option<String>,
    /// The settings that somebody made. Read by a call of its own, so only by a close look.
    pub parameters: Option<BTreeMap<String, String>>,
}

/// What others need of a parameter group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: DbParameterGroupName,
}

// rules

impl Resource for DbParameterGroup {
    const KIND: &'static str = "db_parameter_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = DbParameterGroupName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &DbParameterGroupName, _: &Observed) -> Outputs {
        Outputs { name: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { description, family, parameters, tags } = self;
        diff.reported("description", Manner::Replace, description, seen.description.as_ref());
        diff.reported("family", Manner::Replace, family, seen.family.as_ref());
        match &seen.parameters {
            Some(seen) => diff.owned_entries("parameters", parameters, seen),
            None => diff.unseen("parameters", Manner::InPlace, parameters),
        }
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for DbParameterGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 900);

    async fn read(
        cloud: &Aws,
        ids: &[DbParameterGroupName],
        look: Look,
    ) -> CloudResult<Vec<(DbParameterGroupName, Observed)>> {
        let databases = instances(cloud, Vec::new(), look).await?;
        let mut found = Vec::new();
        for id in ids {
            if let Some(seen) = used(cloud, &databases, id) {
                found.push((id.clone(), seen));
                continue;
            }
            let request = cloud.api.rds.describe_db_parameter_groups().db_parameter_group_name(&id.0);
            let groups = match request.send().await {
                Err(e) if is_absent(&e) => continue,
                answer => answer.map_err(classify)?.db_parameter_groups.unwrap_or_default(),
            };
            for group in groups {
                let parameters = if look == Look::Close { Some(parameters(cloud, id).await?) } else { None };
                found.push((id.clone(), Observed { parameters, ..observed(&group) }));
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, DbParameterGroupName)>> {
        let named = list(cloud).await?.into_iter().map(|(id, seen)| (id.0, seen.arn));
        let found = owned(cloud, owner, named).await?.into_iter();
        Ok(found.map(|(key, name)| (key, DbParameterGroupName(name))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud).await?, |seen| &seen.arn).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<DbParameterGroupName> {
        let name = name(call, 255);
        let request = call.cloud.api.rds.create_db_parameter_group().db_parameter_group_name(&name);
        let request = request.db_parameter_group_family(&self.family).description(&self.description);
        request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(classify)?;
        Ok(DbParameterGroupName(name))
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &DbParameterGroupName) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed {
            arn: arn(call.cloud, id),
            description: Some(self.description.clone()),
            family: Some(self.family.clone()),
            parameters: Some(BTreeMap::new()),
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &DbParameterGroupName, seen: &Observed) -> CloudResult<()> {
        let rds = &call.cloud.api.rds;
        let there = seen.parameters.clone().unwrap_or_default();
        let differs = self.parameters.iter().filter(|(name, value)| there.get(*name) != Some(*value));
        let wanted: Vec<Parameter> = differs.map(|(name, value)| parameter(name, Some(value))).collect();
        if !wanted.is_empty() {
            let request = rds.modify_db_parameter_group().db_parameter_group_name(&id.0);
            request.set_parameters(Some(wanted)).send().await.map_err(with_references)?;
        }
        let recorded: BTreeMap<String, String> =
            serde_json::from_value(call.recorded.properties["parameters"].clone()).unwrap_or_default();
        let dropped = recorded.keys().filter(|name| !self.parameters.contains_key(*name));
        let dropped: Vec<Parameter> = dropped.map(|name| parameter(name, None)).collect();
        if !dropped.is_empty() {
            let request = rds.reset_db_parameter_group().db_parameter_group_name(&id.0);
            request.set_parameters(Some(dropped)).send().await.map_err(classify)?;
        }
        retag(call, &seen.arn, &self.tags, &Tags::recorded(call)).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &DbParameterGroupName) -> CloudResult<()> {
        let request = call.cloud.api.rds.delete_db_parameter_group().db_parameter_group_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

/// Only what somebody set; the engine's own settings go into the hundreds.
/// All that there are, whoever's they are.
async fn list(cloud: &Aws) -> CloudResult<Vec<(DbParameterGroupName, Observed)>> {
    let pages = cloud.api.rds.describe_db_parameter_groups().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let named =
        all.iter().filter_map(|group| Some((DbParameterGroupName(group.db_parameter_group_name()?.into()), group)));
    Ok(named.map(|(id, group)| (id, observed(group))).collect())
}

async fn parameters(cloud: &Aws, id: &DbParameterGroupName) -> CloudResult<BTreeMap<String, String>> {
    let request = cloud.api.rds.describe_db_parameters().db_parameter_group_name(&id.0).source("user");
    let pages = request.into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?.into_iter();
    Ok(all.filter_map(|parameter| Some((parameter.parameter_name?, parameter.parameter_value?))).collect())
}

// conversions

fn arn(cloud: &Aws, id: &DbParameterGroupName) -> String {
    cloud.arn("rds", &format!("pg:{}", id.0))
}

/// That it is there, if a database uses it. RDS deletes no group that a database uses
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBParameterGroup.html>), so the database vouches for it; and what the
/// database does not tell of it nobody can change.
fn used(cloud: &Aws, databases: &[DbInstance], id: &DbParameterGroupName) -> Option<Observed> {
    let mut groups = databases.iter().flat_map(|database| database.db_parameter_groups());
    let is_used = groups.any(|group| group.db_parameter_group_name() == Some(id.as_ref()));
    is_used.then(|| Observed { arn: arn(cloud, id), description: None, family: None, parameters: None })
}

fn observed(group: &Described) -> Observed {
    Observed {
        arn: group.db_parameter_group_arn().unwrap_or_default().into(),
        description: Some(group.description().unwrap_or_default().into()),
        family: Some(group.db_parameter_group_family().unwrap_or_default().into()),
        parameters: None,
    }
}

/// RDS refuses to apply a static parameter at once (`rds.force_ssl` of PostgreSQL 14 is one) and takes `pending-reboot` for both sorts. The
/// group is filled before an instance uses it, which then starts with all of it.
fn parameter(name: &str, value: Option<&String>) -> Parameter {
    let parameter = Parameter::builder().parameter_name(name).set_parameter_value(value.cloned());
    parameter.apply_method(ApplyMethod::PendingReboot).build()
}
