//! A group over subnets: created with a token, slow to come up.
use super::cloud::{FakeCloud, Stage};
use super::network::{Network, NetworkId};
use super::subnet::{Subnet, SubnetId};
use pando::engine::address::{Key, Owner};
use pando::engine::change::{Diff, Manner};
use pando::engine::cloud_error::{CloudResult, WaitPolicy};
use pando::engine::reference::{Known, Ref};
use pando::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    pub network: Option<Ref<Network>>,
    pub subnets: Vec<Ref<Subnet>>,
    /// Only at creation; afterwards an autoscaler owns it.
    pub initial_size: u32,
    /// The cloud takes it and never tells it back.
    pub secret_version: u32,
}

// identity, observation, outputs
super::id!(GroupId);
#[derive(Serialize, Deserialize)]
pub struct Observed {
    network: Option<NetworkId>,
    subnets: BTreeSet<SubnetId>,
    state: Stage,
}
#[derive(Serialize, Deserialize)]
pub struct Outputs {
    pub group_id: GroupId,
}

// rules
impl Resource for Group {
    const KIND: &'static str = "group";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = GroupId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &GroupId, _: &Observed) -> Outputs {
        Outputs { group_id: id.clone() }
    }
    fn readiness(seen: &Observed) -> Readiness {
        seen.state.readiness()
    }
    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { network, subnets, initial_size: _, secret_version } = self;
        let network = network.as_ref().map(|n| diff.outputs(n).map(|n| n.network_id));
        diff.replace("network", network, &seen.network);
        let subnets: Known<BTreeSet<_>> = subnets.iter().map(|s| diff.outputs(s).map(|s| s.subnet_id)).collect();
        diff.in_place("subnets", subnets, &seen.subnets);
        diff.unseen("secret_version", Manner::InPlace, secret_version);
    }
}

// cloud calls
impl Group {
    fn body(&self, call: &Call<'_, FakeCloud>) -> CloudResult<serde_json::Value> {
        let network = self.network.as_ref().map(|n| call.outputs(n)).transpose()?.map(|n| n.network_id);
        let subnets = self.subnets.iter().map(|s| Ok(call.outputs(s)?.subnet_id));
        let subnets = subnets.collect::<CloudResult<BTreeSet<_>>>()?;
        Ok(json!({"network": network, "subnets": subnets, "secret": self.secret_version}))
    }
}
impl Manage for Group {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 50;
    const WAIT: WaitPolicy = WaitPolicy::every(30, 900);

    async fn read(cloud: &FakeCloud, ids: &[GroupId], _: Look) -> CloudResult<Vec<(GroupId, Observed)>> {
        let seen = cloud.describe(ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(seen.into_iter().map(|(id, o)| (GroupId(id), o)).collect())
    }
    async fn find_owned(cloud: &FakeCloud, _: &Owner) -> CloudResult<Vec<(Key, GroupId)>> {
        let found = cloud.tagged("group").await?;
        Ok(found.into_iter().map(|(key, id)| (key, GroupId(id))).collect())
    }
    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<GroupId> {
        let (body, key) = (self.body(call)?, call.key.clone());
        let id = call.cloud.mutate(move |w| {
            for id in body["subnets"].as_array().into_iter().flatten().chain(body.get("network")) {
                id.as_str().map_or(Ok(()), |id| w.need(id))?;
            }
            let parameters = body.clone();
            w.with_token(&key, parameters, |w| w.make("group", Some(&key), None, body, 600))
        });
        Ok(GroupId(id.await?))
    }
    async fn update(&self, call: &Call<'_, FakeCloud>, id: &GroupId, _: &Observed) -> CloudResult<()> {
        let (id, body) = (id.0.clone(), self.body(call)?);
        let change = move |b: &mut serde_json::Value| {
            b["subnets"] = body["subnets"].clone();
            b["secret"] = body["secret"].clone();
        };
        call.cloud.mutate(move |w| w.change(&id, 5, change)).await
    }
    async fn delete(&self, call: &Call<'_, FakeCloud>, id: &GroupId) -> CloudResult<()> {
        let id = id.0.clone();
        call.cloud
            .mutate(move |w| {
                let used = w.any("rule", |b| b["from"] == id.as_str() || b["to"] == id.as_str())
                    || w.any("fleet", |b| b["group"] == id.as_str());
                w.remove(&id, used, 20)
            })
            .await
    }
}
