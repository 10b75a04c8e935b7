//! An application load balancer: the one public face of the clones.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer as Described, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum,
};
use serde::{Deserialize, Serialize};

use super::internet_gateway::InternetGateway;
use super::security_group::{SecurityGroup, SecurityGroupId};
use super::subnet::{Subnet, SubnetId};
use crate::aws::clients::Aws;
use crate::aws::elb::{owned, retag, survey, tags_on};
use crate::aws::failure::{classify, with_references};
use crate::aws::naming::name;
use crate::aws::present::present;
use crate::aws::tags::Tags;
use crate::engine::address::{Key, Owner};
use crate::engine::change::{Diff, Manner};
use crate::engine::cloud_error::{CloudResult, WaitPolicy};
use crate::engine::reference::{Known, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use crate::engine::survey::{Sighting, Wanted};

// properties

/// An internet-facing application load balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The public subnets it stands in, of at least two zones.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// An internet-facing one needs a way to the internet.
    pub internet_gateway: Ref<InternetGateway>,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Requests with header fields that are not valid are stripped of them.
    pub drop_invalid_headers: bool,
    /// The user's tags.
    pub tags: Tags,
}

// identity, observation, outputs

super::id! {
    /// The load balancer's ARN.
    LoadBalancerArn
}

/// What ELB tells about a load balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The public subnets it stands in.
    pub subnets: BTreeSet<SubnetId>,
    /// The groups that say who may reach it.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Its name in DNS.
    pub dns_name: String,
    /// `provisioning`, `active`, `active_impaired` or `failed`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// Read by a call of its own, so only by a close look.
    pub attributes: Option<Attributes>,
}

/// What a second call tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attributes {
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Whether invalid header fields are stripped.
    pub drop_invalid_headers: bool,
}

/// What others need of a load balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outputs {
    /// Its ARN.
    pub arn: LoadBalancerArn,
    /// Its name in DNS.
    pub dns_name: String,
}

// rules

impl Resource for LoadBalancer {
    const KIND: &'static str = "load_balancer";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = LoadBalancerArn;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &LoadBalancerArn, seen: &Observed) -> Outputs {
        Outputs { arn: id.clone(), dns_name: seen.dns_name.clone() }
    }

    fn readiness(seen: &Observed) -> Readiness {
        match seen.state.as_str() {
            "active" | "active_impaired" => Readiness::Ready,
            "failed" => Readiness::Unusable(seen.reason.clone().unwrap_or_else(|| "it failed to start".into())),
            state => Readiness::Pending(state.into()),
        }
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { subnets, security_groups, internet_gateway, deletion_protection, drop_invalid_headers, tags } = self;
        // Subnets can be exchanged, but not for those of another VPC: then every one of them is another.
        let subnets = subnets.iter().map(|subnet| diff.outputs(subnet).map(|subnet| subnet.id)).collect();
        diff.replace_unless_shared("subnets", subnets, &seen.subnets);
        let groups: Known<BTreeSet<_>> = security_groups.iter().map(|g| diff.outputs(g).map(|g| g.id)).collect();
        diff.in_place("security_groups", groups, &seen.security_groups);
        diff.unseen_ref("internet_gateway", Manner::Replace, internet_gateway);
        let attributes = seen.attributes.as_ref();
        let protection = attributes.map(|attributes| &attributes.deletion_protection);
        diff.reported("deletion_protection", Manner::InPlace, deletion_protection, protection);
        let drop = attributes.map(|attributes| &attributes.drop_invalid_headers);
        diff.reported("drop_invalid_headers", Manner::InPlace, drop_invalid_headers, drop);
        diff.unseen("tags", Manner::InPlace, tags);
    }

    fn protected(seen: &Observed) -> Option<&'static str> {
        let on = seen.attributes.as_ref().is_some_and(|attributes| attributes.deletion_protection);
        on.then_some("deletion protection is on")
    }

    fn unprotected(&self) -> Option<Self> {
        Some(Self { deletion_protection: false, ..self.clone() })
    }
}

// cloud calls

impl Manage for LoadBalancer {
    type Cloud = Aws;
    const READ_BATCH: usize = 20;
    const WAIT: WaitPolicy = WaitPolicy::every(10, 900);

    async fn read(cloud: &Aws, ids: &[LoadBalancerArn], look: Look) -> CloudResult<Vec<(LoadBalancerArn, Observed)>> {
        let mut found = describe(cloud, ids).await?;
        if look == Look::Close {
            for (id, seen) in &mut found {
                seen.attributes = Some(attributes(cloud, id).await?);
            }
        }
        Ok(found)
    }

    async fn find_owned(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(Key, LoadBalancerArn)>> {
        let arns = list(cloud, owner).await?.into_iter().map(|(_, (id, _))| id.0).collect();
        Ok(owned(cloud, owner, arns).await?.into_iter().map(|(key, arn)| (key, LoadBalancerArn(arn))).collect())
    }

    async fn survey(cloud: &Aws, wanted: &Wanted) -> CloudResult<Vec<Sighting<Self>>> {
        survey::<Self>(cloud, wanted, list(cloud, wanted.owner()).await?).await
    }

    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<LoadBalancerArn> {
        let subnets = self.subnets.iter().map(|s| Ok(call.outputs(s)?.id.0)).collect::<CloudResult<_>>()?;
        let groups = self.security_groups.iter().map(|g| Ok(call.outputs(g)?.id.0)).collect::<CloudResult<_>>()?;
        let request = call.cloud.api.elb.create_load_balancer().name(name(call, 32));
        let request = request.r#type(LoadBalancerTypeEnum::Application).scheme(LoadBalancerSchemeEnum::InternetFacing);
        let request = request.set_subnets(Some(subnets)).set_security_groups(Some(groups));
        let answer = request.set_tags(Some(tags_on(&self.tags, call))).send().await.map_err(with_references)?;
        let made = answer.load_balancers.unwrap_or_default().into_iter().find_map(|lb| lb.load_balancer_arn);
        Ok(LoadBalancerArn(made.unwrap_or_default()))
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &LoadBalancerArn, seen: &Observed) -> CloudResult<()> {
        let elb = &call.cloud.api.elb;
        let wanted = self.subnets.iter().map(|s| Ok(call.outputs(s)?.id)).collect::<CloudResult<BTreeSet<_>>>()?;
        if wanted != seen.subnets {
            let request = elb.set_subnets().load_balancer_arn(&id.0);
            let ids = wanted.into_iter().map(|id| id.0).collect();
            request.set_subnets(Some(ids)).send().await.map_err(with_references)?;
        }
        let groups =
            self.security_groups.iter().map(|g| Ok(call.outputs(g)?.id)).collect::<CloudResult<BTreeSet<_>>>()?;
        if groups != seen.security_groups {
            let request = elb.set_security_groups().load_balancer_arn(&id.0);
            let ids = groups.into_iter().map(|id| id.0).collect();
            request.set_security_groups(Some(ids)).send().await.map_err(with_references)?;
        }
        let attribute =
            |key: &str, value: bool| LoadBalancerAttribute::builder().key(key).value(value.to_string()).build();
        let request = elb.modify_load_balancer_attributes().load_balancer_arn(&id.0);
        let request = request.attributes(attribute(PROTECTION, self.deletion_protection));
        let request = request.attributes(attribute(DROP_HEADERS, self.drop_invalid_headers));
        request.send().await.map_err(classify)?;
        retag(call, &id.0, &self.tags).await
    }

    async fn delete(&self, call: &Call<'_, Aws>, id: &LoadBalancerArn) -> CloudResult<()> {
        call.cloud.api.elb.delete_load_balancer().load_balancer_arn(&id.0).send().await.map_err(classify)?;
        Ok(())
    }
}

const PROTECTION: &str = "deletion_protection.enabled";
const DROP_HEADERS: &str = "routing.http.drop_invalid_header_fields.enabled";

/// All that begin with the stack's name, whoever's they are, by name.
async fn list(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<(String, (LoadBalancerArn, Observed))>> {
    let pages = cloud.api.elb.describe_load_balancers().into_paginator().items().send();
    let all = pages.collect::<Result<Vec<_>, _>>().await.map_err(classify)?;
    let prefix = format!("{}-", owner.stack);
    let named = all.iter().filter_map(|described| Some((described.load_balancer_name()?, described)));
    let named = named.filter(|(name, _)| name.starts_with(&prefix));
    Ok(named.filter_map(|(name, described)| Some((name.to_owned(), observed(described)?))).collect())
}

/// The ids of all that begin with the stack's name, whoever's they are.
pub(super) async fn named(cloud: &Aws, owner: &Owner) -> CloudResult<Vec<LoadBalancerArn>> {
    Ok(list(cloud, owner).await?.into_iter().map(|(_, (id, _))| id).collect())
}

async fn describe(cloud: &Aws, ids: &[LoadBalancerArn]) -> CloudResult<Vec<(LoadBalancerArn, Observed)>> {
    let ask = |arns| async move {
        let request = cloud.api.elb.describe_load_balancers().set_load_balancer_arns(Some(arns));
        Ok(request.send().await?.load_balancers)
    };
    let found = present(ids.iter().map(|id| id.0.clone()).collect(), ask).await?;
    Ok(found.iter().filter_map(observed).collect())
}

async fn attributes(cloud: &Aws, id: &LoadBalancerArn) -> CloudResult<Attributes> {
    let request = cloud.api.elb.describe_load_balancer_attributes().load_balancer_arn(&id.0);
    let all = request.send().await.map_err(classify)?.attributes.unwrap_or_default();
    let is_on = |key: &str| all.iter().any(|a| a.key() == Some(key) && a.value() == Some("true"));
    Ok(Attributes { deletion_protection: is_on(PROTECTION), drop_invalid_headers: is_on(DROP_HEADERS) })
}

// conversions

fn observed(balancer: &Described) -> Option<(LoadBalancerArn, Observed)> {
    let zones = balancer.availability_zones().iter().filter_map(|zone| zone.subnet_id());
    let state = balancer.state();
    let observed = Observed {
        subnets: zones.map(|id| SubnetId(id.into())).collect(),
        security_groups: balancer.security_groups().iter().cloned().map(SecurityGroupId).collect(),
        dns_name: balancer.dns_name().unwrap_or_default().into(),
        state: state.and_then(|s| s.code()).map_or("provisioning", LoadBalancerStateEnum::as_str).into(),
        reason: state.and_then(|s| s.reason()).map(Into::into),
        attributes: None,
    };
    Some((LoadBalancerArn(balancer.load_balancer_arn()?.into()), observed))
}
