//! The subnets a cache may stand in.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types::{CacheCluster, CacheSubnetGroup as Described};
use serde::{Deserialize, Serialize};

use super::subnet::{Subnet, SubnetId};
use crate::aws::clients::Aws;
use crate::aws::elasticache::{clusters, owned, retag, survey, tags_on};
use crate::aws::failure::{classify, is_absent, with_references, with_residents};
use crate::aws::naming::name;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::Ref;
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// A cache subnet group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CacheSubnetGroup {
    /// What it is for.
    pub description: String,
    /// Its subnets.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The group's name.
    CacheSubnetGroupName
}

/// What ElastiCache tells about a subnet group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// What it is for. A cluster that stands in it does not tell.
    pub description: Option<String>,
    /// Its subnets. A cluster that stands in it does not tell.
    pub subnets: Option<BTreeSet<SubnetId>>,
}

/// What others need of a subnet group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its name.
    pub name: CacheSubnetGroupName,
}

// rules

impl Resource for CacheSubnetGroup {
    const KIND: &'static str = "cache_subnet_group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = CacheSubnetGroupName;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &CacheSubnetGroupName, _: &Observed) -> Outputs {
        Outputs { name: id.clone() }
    }

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { description, subnets, tags } = self;
        diff.reported("description", Manner::InPlace, description, seen.description.as_ref());
        // A group stays in its VPC; the subnets of another one have nothing in common with these.
        match &seen.subnets {
            Some(seen) => {
                let subnets = subnets.iter().map(|subnet| diff.outputs(subnet).map(|subnet| subnet.id)).collect();
                diff.replace_unless_shared("subnets", subnets, seen);
            }
            None => diff.unseen_unless_shared("subnets", subnets),
        }
        diff.unseen("tags", Manner::InPlace, tags);
    }
}

// cloud calls

impl Manage for CacheSubnetGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = 1;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 900);

    async fn read(
        cloud: &Aws,
        ids: &[CacheSubnetGroupName],
        look: Look,
    ) -> CloudResult<Vec<(CacheSubnetGroupName, Observed)>> {
        let clusters = clusters(cloud, look).await?;
        let mut found = Vec::new();
        for id in ids {
            if let Some(seen) = used(cloud, &clusters, id) {
                found.push((id.clone(), seen));
                continue;
            }
            let request = cloud.api.elasticache.describe_cache_subnet_groups().cache_subnet_group_name(&id.0);
            let groups = match request.send().await {
                Err(e) if is_absent(&e) => continue,
                answer => answer.map_err(classify)?.cache_subnet_groups.unwrap_or_default(),
            };
            found.extend(groups.iter().map(|group| (id.clone(), observed(group))));
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, CacheSubnetGroupName)>> {
        let named = list(cloud).await?.into_iter().map(|(id, seen)| (id.0, seen.arn));
        let found = owned(cloud, owner, named).await?.into_iter();
        Ok(found.map(|(key, name)| (key, CacheSubnetGroupName(name))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud).await?, |seen| &seen.arn).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<CacheSubnetGroupName> {
        let name = name(call, 255);
        let request = call.cloud.api.elasticache.create_cache_subnet_group().cache_subnet_group_name(&name);
        let request = request.cache_subnet_group_description(&self.description);
        let request = request.set_subnet_ids(Some(self.subnet_ids(call)?)).set_tags(Some(tags_on(&self.tags, call)));
        request.send().await.map_err(with_references)?;
        Ok(CacheSubnetGroupName(name))
    }

    fn as_made(&self, call: &Call<'_, Aws>, id: &CacheSubnetGroupName) -> CloudResult<Option<Observed>> {
        let subnets = self.subnets.iter().map(|subnet| Ok(call.outputs(subnet)?.id));
        Ok(Some(Observed {
            arn: arn(call.cloud, id),
            description: Some(self.description.clone()),
            subnets: Some(subnets.collect::<CloudResult<_>>()?),
        }))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &CacheSubnetGroupName, seen: &Observed) -> CloudResult<()> {
        let request = call.cloud.api.elasticache.modify_cache_subnet_group().cache_subnet_group_name(&id.0);
        let request = request.cache_subnet_group_description(&self.description);
        request.set_subnet_ids(Some(self.subnet_ids(call)?)).send().await.map_err(with_residents)?;
        retag(call, &seen.arn, &self.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &CacheSubnetGroupName) -> CloudResult<()> {
        let request = call.cloud.api.elasticache.delete_cache_subnet_group().cache_subnet_group_name(&id.0);
        request.send().await.map_err(classify)?;
        Ok(())
    }
}

impl CacheSubnetGroup {
    fn subnet_ids(&self, call: &Call<'_, Aws>) -> CloudResult<Vec<String>> {
        self.subnets.iter().map(|subnet| Ok(call.outputs(subnet)?.id.0)).collect()
    }
}

/// All that there are, whoever's they are.
async fn list(cloud: &Aws) -> CloudResult<Vec<(CacheSubnetGroupName, Observed)>> {
    let pages = cloud.api.elasticache.describe_cache_subnet_groups().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let named =
        all.iter().filter_map(|group| Some((CacheSubnetGroupName(group.cache_subnet_group_name()?.into()), group)));
    Ok(named.map(|(id, group)| (id, observed(group))).collect())
}

// conversions

fn arn(cloud: &Aws, id: &CacheSubnetGroupName) -> String {
    cloud.arn("elasticache", &format!("subnetgroup:{}", id.0))
}

/// That it is there, if a cluster stands in it. ElastiCache deletes no group that a cluster is in
/// (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheSubnetGroup.html>), so the cluster vouches for it.
fn used(cloud: &Aws, clusters: &[CacheCluster], id: &CacheSubnetGroupName) -> Option<Observed> {
    let is_used = clusters.iter().any(|cluster| cluster.cache_subnet_group_name() == Some(id.as_ref()));
    is_used.then(|| Observed { arn: arn(cloud, id), description: None, subnets: None })
}

fn observed(group: &Described) -> Observed {
    let subnets = group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier());
    Observed {
        arn: group.arn().unwrap_or_default().into(),
        description: Some(group.cache_subnet_group_description().unwrap_or_default().into()),
        subnets: Some(subnets.map(|id| SubnetId(id.into())).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::address::{Address, Incarnation};
    use crate::engine::reference::{Book, Known};
    use crate::engine::state::Request;

    /// Subnets, with the generations of the lives behind them.
    type Subnets = &'static [(&'static str, u32)];

    fn lives(of: Subnets) -> BTreeSet<Incarnation> {
        let address = |name: &str| Address::try_from(format!("subnet/{name}")).unwrap();
        of.iter().map(|(name, generation)| Incarnation { address: address(name), generation: *generation }).collect()
    }

    fn properties(of: Subnets) -> Value {
        let subnets: Vec<Value> = of.iter().map(|(name, _)| json!({ "$ref": format!("subnet/{name}") })).collect();
        json!({ "description": "", "subnets": subnets, "tags": {} })
    }

    /// What another set of subnets demands of a group that only a cluster tells of.
    fn demanded(recorded: Subnets, wanted: Subnets) -> Vec<Manner> {
        let request = Request { properties: properties(recorded), depends_on: lives(recorded), ..Request::default() };
        let mut book = Book::default();
        for life in lives(wanted) {
            book.enter(life, Known::AfterApply);
        }
        let group: CacheSubnetGroup = serde_json::from_value(properties(wanted)).unwrap();
        let mut diff = Diff::new(&book, &request);
        group.compare(&Observed { arn: String::new(), description: None, subnets: None }, &mut diff);
        diff.finish().0.iter().map(|change| change.manner).collect()
    }

    #[test]
    fn subnets_that_nobody_tells_of_are_held_against_the_record() {
        let cases: [(Subnets, &[Manner]); 5] = [
            (&[("a", 1), ("b", 1)], &[]),
            (&[("a", 1), ("b", 2)], &[Manner::InPlace]),
            (&[("a", 1), ("b", 1), ("c", 1)], &[Manner::InPlace]),
            (&[("a", 1)], &[Manner::InPlace]),
            (&[("a", 2), ("b", 2)], &[Manner::Replace]),
        ];
        for (wanted, manners) in cases {
            assert_eq!(demanded(&[("a", 1), ("b", 1)], wanted), manners, "{wanted:?}");
        }
    }
}
