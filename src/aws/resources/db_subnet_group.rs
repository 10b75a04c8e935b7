//! The subnets a database may stand in.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{DbInstance, DbSubnetGroup as Described};
use serde::{Deserialize, Serialize};

use super::subnet::{Subnet, SubnetId};
use crate::aws::clients::Aws;
use crate::aws::failure::{classify, is_absent, with_references, with_residents};
use crate::aws::naming::name;
use crate::aws::rds::{instances, owned, retag, survey, tags_on};
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A database subnet group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DbSubnetGroup {
    /// What it is for.
    pub description: String,
    /// Its subnets, of at least two zones.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The group's name.
    DbSubnetGroupName
}

/// What RDS tells about a subnet group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: String,
    /// Its subnets.
    pub subnets: BTreeSet<SubnetId>,
}

/// What others need of a subnet group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: DbSubnetGroupName,
}

// rules

impl Resource for DbSubnetGroup {
    const KIND: &'static str = "db_subnet_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = DbSubnetGroupName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &DbSubnetGroupName, _: &Observed) -> Outputs {
        Outputs { name: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { description, subnets, tags } = self;
        diff.in_place("description", description, &seen.description);
        // A group stays in its VPC; the subnets of another one have nothing in common with these.
        let subnets = subnets.iter().map(|subnet| diff.outputs(subnet).map(|subnet| subnet.id)).collect();
        diff.replace_unless_shared("subnets", subnets, &seen.subnets);
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for DbSubnetGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 900);

    async fn read(
        cloud: &Aws,
        ids: &[DbSubnetGroupName],
        look: Look,
    ) -> CloudResult<Vec<(DbSubnetGroupName, Observed)>> {
        let databases = instances(cloud, Vec::new(), look).await?;
        let mut found = Vec::new();
        for id in ids {
            if let Some(seen) = used(cloud, &databases, id) {
                found.push((id.clone(), seen));
                continue;
            }
            let groups = match cloud.api.rds.describe_db_subnet_groups().db_subnet_group_name(&id.0).send().await {
                Err(e) if is_absent(&e) => continue,
                answer => answer.map_err(classify)?.db_subnet_groups.unwrap_or_default(),
            };
            found.extend(groups.iter().map(|group| (id.clone(), observed(group))));
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, DbSubnetGroupName)>> {
        let named = list(cloud).await?.into_iter().map(|(id, seen)| (id.0, seen.arn));
        let found = owned(cloud, owner, named).await?.into_iter();
        Ok(found.map(|(key, name)| (key, DbSubnetGroupName(name))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud).await?, |seen| &seen.arn).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<DbSubnetGroupName> {
        let name = name(call, 255);
        let request = call.cloud.api.rds.create_db_subnet_group().db_subnet_group_name(&name);
        let request =
            request.db_subnet_group_description(&self.description).set_subnet_ids(Some(self.subnet_ids(call)?));
        request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(with_references)?;
        Ok(DbSubnetGroupName(name))
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &DbSubnetGroupName) -> CloudResult<Option<Observed>> {
        let subnets = self.subnets.iter().map(|subnet| Ok(call.outputs(subnet)?.id));
        Ok(Some(Observed {
            arn: arn(call.cloud, id),
            description: self.description.clone(),
            subnets: subnets.collect::<CloudResult<_>>()?,
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &DbSubnetGroupName, seen: &Observed) -> CloudResult<()> {
        let request = call.cloud.api.rds.modify_db_subnet_group().db_subnet_group_name(&id.0);
        let request =
            request.db_subnet_group_description(&self.description).set_subnet_ids(Some(self.subnet_ids(call)?));
        request.send().await.map_err(with_residents)?;
        retag(call, &seen.arn, &self.tags, &Tags::recorded(call)).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &DbSubnetGroupName) -> CloudResult<()> {
        let request = call.cloud.api.rds.delete_db_subnet_group().db_subnet_group_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

impl DbSubnetGroup {
    fn subnet_ids(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.subnets.iter().map(|subnet| Ok(call.outputs(subnet)?.id.0)).collect()
    }
}

/// All that there are, whoever's they are.
async fn list(cloud: &Aws) -> CloudResult<Vec<(DbSubnetGroupName, Observed)>> {
    let pages = cloud.api.rds.describe_db_subnet_groups().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let named = all.iter().filter_map(|group| Some((DbSubnetGroupName(group.db_subnet_group_name()?.into()), group)));
    Ok(named.map(|(id, group)| (id, observed(group))).collect())
}

// conversions

fn arn(cloud: &Aws, id: &DbSubnetGroupName) -> String {
    cloud.arn("rds", &format!("subgrp:{}", id.0))
}

/// As a database that stands in it tells, if one does. RDS deletes no group that a database is in
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html>), so the database vouches for it.
fn used(cloud: &Aws, databases: &[DbInstance], id: &DbSubnetGroupName) -> Option<Observed> {
    let mut groups = databases.iter().filter_map(|database| database.db_subnet_group());
    let group = groups.find(|group| group.db_subnet_group_name() == Some(id.as_ref()))?;
    group.db_subnet_group_description().filter(|_| !group.subnets().is_empty())?;
    let mut seen = observed(group);
    if seen.arn.is_empty() {
        seen.arn = arn(cloud, id);
    }
    Some(seen)
}

fn observed(group: &Described) -> Observed {
    let subnets = group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier());
    Observed {
        arn: group.db_subnet_group_arn().unwrap_or_default().into(),
        description: group.db_subnet_group_description().unwrap_or_default().into(),
        subnets: subnets.map(|id| SubnetId(id.into())).collect(),
    }
}
