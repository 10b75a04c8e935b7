//! A subnet: its range is unique in the network, which refuses duplicates.
use super::cloud::{FakeCloud, Stage};
use super::network::{Network, NetworkId};
use pando::engine::address::{Key, Owner};
use pando::engine::change::Diff;
use pando::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use pando::engine::reference::Ref;
use pando::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subnet {
    pub network: Ref<Network>,
    pub cidr: String,
    /// None: the cloud picks one and we do not look.
    pub zone: Option<String>,
    pub tags: BTreeMap<String, String>,
}

// identity, observation, outputs
super::id!(SubnetId);
#[derive(Serialize, Deserialize)]
pub struct Observed {
    network: NetworkId,
    cidr: String,
    zone: String,
    tags: BTreeMap<String, String>,
    state: Stage,
}
#[derive(Serialize, Deserialize)]
pub struct Outputs {
    pub subnet_id: SubnetId,
}

// rules
impl Resource for Subnet {
    const KIND: &'static str = "subnet";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = SubnetId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &SubnetId, _: &Observed) -> Outputs {
        Outputs { subnet_id: id.clone() }
    }
    fn readiness(seen: &Observed) -> Readiness {
        seen.state.readiness()
    }
    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { network, cidr, zone, tags } = self;
        diff.replace("network", diff.outputs(network).map(|n| n.network_id), &seen.network);
        diff.replace("cidr", cidr, &seen.cidr);
        if let Some(zone) = zone {
            // Two subnets of one range cannot stand beside each other.
            diff.replace_delete_first("zone", zone, &seen.zone);
        }
        diff.in_place("tags", tags, &seen.tags);
    }
}

// cloud calls
impl Manage for Subnet {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 100;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &FakeCloud, ids: &[SubnetId], _: Look) -> CloudResult<Vec<(SubnetId, Observed)>> {
        let seen = cloud.describe(ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(seen.into_iter().map(|(id, o)| (SubnetId(id), o)).collect())
    }
    async fn find_owned(cloud: &FakeCloud, _: &Owner) -> CloudResult<Vec<(Key, SubnetId)>> {
        let found = cloud.tagged("subnet").await?;
        Ok(found.into_iter().map(|(key, id)| (key, SubnetId(id))).collect())
    }
    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<SubnetId> {
        let network = call.outputs(&self.network)?.network_id.0;
        let zone = self.zone.clone().unwrap_or_else(|| "z1".into());
        let (cidr, key) = (self.cidr.clone(), call.key.clone());
        let body = json!({"network": network, "cidr": cidr, "zone": zone, "tags": self.tags});
        let id = call.cloud.mutate(move |w| {
            w.need(&network)?;
            let is_there = |b: &serde_json::Value| b["network"] == network.as_str() && b["cidr"] == cidr.as_str();
            let mut there = w.present().values().filter(|o| o.kind == "subnet" && is_there(&o.body));
            match there.next().map(|o| o.key.is_some()) {
                Some(true) => return Err(CloudError::Exists(cidr)),
                Some(false) => return Err(CloudError::Foreign(cidr)),
                None => {}
            }
            Ok(w.make("subnet", Some(&key), None, body, 3))
        });
        Ok(SubnetId(id.await?))
    }
    fn as_made(&self, call: &Call<'_, FakeCloud>, _: &SubnetId) -> CloudResult<Option<Observed>> {
        let network = call.outputs(&self.network)?.network_id;
        let zone = self.zone.clone().unwrap_or_else(|| "z1".into());
        let (cidr, tags) = (self.cidr.clone(), self.tags.clone());
        Ok(Some(Observed { network, cidr, zone, tags, state: Stage::Available }))
    }
    async fn update(&self, call: &Call<'_, FakeCloud>, id: &SubnetId, _: &Observed) -> CloudResult<()> {
        let (id, tags) = (id.0.clone(), json!(self.tags));
        call.cloud.mutate(move |w| w.change(&id, 0, |b| b["tags"] = tags)).await
    }
    async fn delete(&self, call: &Call<'_, FakeCloud>, id: &SubnetId) -> CloudResult<()> {
        let id = id.0.clone();
        let holds =
            |b: &serde_json::Value, id: &str| b["subnets"].as_array().is_some_and(|s| s.iter().any(|s| s == id));
        call.cloud
            .mutate(move |w| {
                let used = w.any("group", |b| holds(b, &id));
                w.remove(&id, used, 1)
            })
            .await
    }
}
