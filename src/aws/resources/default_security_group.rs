//! The security group that every VPC comes with, emptied, so that nothing is reachable by forgetting to say a group.
//!
//! It is made with the VPC and goes with it; Pando only takes its rules away.

use aws_sdk_ec2::types::SecurityGroup as Described;
use serde::{Deserialize, Serialize};

use super::vpc::{Vpc, VpcId};
use crate::aws::clients::Aws;
use crate::aws::ec2::{FILTER_VALUES, GroupsAsked, describe_security_groups, filter, security_groups};
use crate::aws::failure::{classify, is_absent};
use crate::engine::change::Diff;
use crate::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use crate::engine::reference::{Book, Ref};
use crate::engine::resource::{Call, Look, Manage, Readiness, Removal, Resource};

// properties

/// The default security group of a VPC, without rules.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DefaultSecurityGroup {
    /// The VPC it is part of.
    pub vpc: Ref<Vpc>,
}

// identity, observation, outputs

/// What EC2 tells about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The VPC it is part of.
    pub vpc: VpcId,
    /// How many rules let something in.
    pub ingress_rules: usize,
    /// How many rules let something out.
    pub egress_rules: usize,
}

// rules

impl Resource for DefaultSecurityGroup {
    const KIND: &'static str = "default_security_group";
    const REMOVAL: Removal = Removal::WithParent;
    /// The VPC's: there is one for each.
    type Id = VpcId;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &VpcId, _: &Observed) {}

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { vpc } = self;
        diff.replace("vpc", diff.outputs(vpc).map(|vpc| vpc.id), &seen.vpc);
        diff.in_place("ingress_rules", &0, &seen.ingress_rules);
        diff.in_place("egress_rules", &0, &seen.egress_rules);
    }

    fn natural_id(&self, outputs: &Book) -> CloudResult<Option<VpcId>> {
        Ok(Some(outputs.now(&self.vpc)?.id))
    }
}

// cloud calls

impl Manage for DefaultSecurityGroup {
    type Cloud = Aws;
    const READ_BATCH: usize = FILTER_VALUES;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &Aws, ids: &[VpcId], look: Look) -> CloudResult<Vec<(VpcId, Observed)>> {
        if look == Look::Close {
            return Ok(describe(cloud, ids).await?.iter().filter_map(observed).collect());
        }
        let asked = GroupsAsked::OfVpcs(ids.iter().map(|id| id.0.clone()).collect());
        let groups = security_groups(cloud, asked).await?;
        let defaults = groups.iter().filter(|group| group.group_name() == Some(DEFAULT));
        Ok(defaults.filter_map(observed).filter(|(id, _)| ids.contains(id)).collect())
    }

    /// Takes the rules for what comes in away; `update` does the same for what goes out.
    async fn create(&self, call: &Call<'_, Aws>) -> CloudResult<VpcId> {
        let vpc = call.outputs(&self.vpc)?.id;
        let groups = describe(call.cloud, std::slice::from_ref(&vpc)).await?;
        let group = groups.first().ok_or_else(|| CloudError::NotYet("it is not visible yet".into()))?;
        revoke_ingress(call, group).await?;
        Ok(vpc)
    }

    async fn update(&self, call: &Call<'_, Aws>, id: &VpcId, _: &Observed) -> CloudResult<()> {
        for group in describe(call.cloud, std::slice::from_ref(id)).await? {
            revoke_ingress(call, &group).await?;
            if group.ip_permissions_egress().is_empty() {
                continue;
            }
            let request = call.cloud.api.ec2.revoke_security_group_egress();
            let request = request.set_group_id(group.group_id.clone());
            match request.set_ip_permissions(group.ip_permissions_egress.clone()).send().await {
                Err(e) if is_absent(&e) => {}
                answer => drop(answer.map_err(classify)?),
            }
        }
        Ok(())
    }

    async fn delete(&self, _: &Call<'_, Aws>, _: &VpcId) -> CloudResult<()> {
        Err(CloudError::Refused("it goes with its VPC".into()))
    }
}

/// The name that EC2 gives it, and takes for no other.
const DEFAULT: &str = "default";

async fn describe(cloud: &Aws, vpcs: &[VpcId]) -> CloudResult<Vec<Described>> {
    let filters = vec![filter("vpc-id", vpcs.iter().map(|id| &id.0)), filter("group-name", [DEFAULT])];
    describe_security_groups(cloud, filters).await
}

async fn revoke_ingress(call: &Call<'_, Aws>, group: &Described) -> CloudResult<()> {
    if group.ip_permissions().is_empty() {
        return Ok(());
    }
    let request = call.cloud.api.ec2.revoke_security_group_ingress().set_group_id(group.group_id.clone());
    match request.set_ip_permissions(group.ip_permissions.clone()).send().await {
        Err(e) if is_absent(&e) => Ok(()),
        answer => answer.map(drop).map_err(classify),
    }
}

// conversions

fn observed(group: &Described) -> Option<(VpcId, Observed)> {
    let vpc = VpcId(group.vpc_id()?.into());
    let (ingress_rules, egress_rules) = (group.ip_permissions().len(), group.ip_permissions_egress().len());
    Some((vpc.clone(), Observed { vpc, ingress_rules, egress_rules }))
}
