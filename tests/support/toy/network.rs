//! A network: no token, no unique name; only its tag tells whose it is.
use super::cloud::{FakeCloud, Stage};
use pando::engine::address::{Key, Owner};
use pando::engine::change::Diff;
use pando::engine::cloud_error::{CloudResult, Resend, WaitPolicy};
use pando::engine::resource::{Call, Look, Manage, Readiness, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    pub cidr: String,
    pub tags: BTreeMap<String, String>,
    pub keep: bool,
}

// identity, observation, outputs
super::id!(NetworkId);
#[derive(Serialize, Deserialize)]
pub struct Observed {
    cidr: String,
    tags: BTreeMap<String, String>,
    keep: bool,
    state: Stage,
}
#[derive(Serialize, Deserialize)]
pub struct Outputs {
    pub network_id: NetworkId,
}

// rules
impl Resource for Network {
    const KIND: &'static str = "network";
    const RESEND: Resend = Resend::NewKey;
    type Id = NetworkId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &NetworkId, _: &Observed) -> Outputs {
        Outputs { network_id: id.clone() }
    }
    fn readiness(seen: &Observed) -> Readiness {
        seen.state.readiness()
    }
    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { cidr, tags, keep } = self;
        diff.replace("cidr", cidr, &seen.cidr);
        diff.in_place("tags", tags, &seen.tags);
        diff.in_place("keep", keep, &seen.keep);
    }
    fn protected(seen: &Observed) -> Option<&'static str> {
        seen.keep.then_some("`keep` is set; apply `keep: false` first")
    }
    fn unprotected(&self) -> Option<Self> {
        Some(Self { keep: false, ..self.clone() })
    }
}

// cloud calls
impl Manage for Network {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 100;
    const WAIT: WaitPolicy = WaitPolicy::every(5, 300);

    async fn read(cloud: &FakeCloud, ids: &[NetworkId], _: Look) -> CloudResult<Vec<(NetworkId, Observed)>> {
        let seen = cloud.describe(ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(seen.into_iter().map(|(id, o)| (NetworkId(id), o)).collect())
    }
    async fn find_owned(cloud: &FakeCloud, _: &Owner) -> CloudResult<Vec<(Key, NetworkId)>> {
        let found = cloud.tagged("network").await?;
        Ok(found.into_iter().map(|(key, id)| (key, NetworkId(id))).collect())
    }
    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<NetworkId> {
        // `keep` needs a second call, as DNS support does on a real VPC: `update` follows.
        let body = json!({"cidr": self.cidr, "tags": self.tags, "keep": false});
        let key = call.key.clone();
        let id = call.cloud.mutate(move |w| Ok(w.make("network", Some(&key), None, body, 30))).await?;
        Ok(NetworkId(id))
    }
    async fn update(&self, call: &Call<'_, FakeCloud>, id: &NetworkId, _: &Observed) -> CloudResult<()> {
        let (id, tags, keep) = (id.0.clone(), json!(self.tags), self.keep);
        let change = move |body: &mut serde_json::Value| {
            body["tags"] = tags;
            body["keep"] = json!(keep);
        };
        call.cloud.mutate(move |w| w.change(&id, 0, change)).await
    }
    async fn delete(&self, call: &Call<'_, FakeCloud>, id: &NetworkId) -> CloudResult<()> {
        let id = id.0.clone();
        call.cloud
            .mutate(move |w| {
                let used =
                    w.any("subnet", |b| b["network"] == id.as_str()) || w.any("group", |b| b["network"] == id.as_str());
                w.remove(&id, used, 2)
            })
            .await
    }
}
