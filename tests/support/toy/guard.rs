//! A part of a network that comes and goes with it: it can be changed, and neither made nor deleted.

use pando::engine::change::Diff;
use pando::engine::cloud_error::{CloudResult, WaitPolicy};
use pando::engine::reference::{Book, Ref};
use pando::engine::resource::{Call, Look, Manage, Readiness, Removal, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cloud::FakeCloud;
use super::network::{Network, NetworkId};

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guard {
    pub network: Ref<Network>,
    pub closed: bool,
}

// identity, observation, outputs
#[derive(Serialize, Deserialize)]
pub struct Observed {
    network: NetworkId,
    closed: bool,
}

// rules
impl Resource for Guard {
    const KIND: &'static str = "guard";
    const REMOVAL: Removal = Removal::WithParent;
    type Id = NetworkId;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &NetworkId, _: &Observed) {}

    fn readiness(_: &Observed) -> Readiness {
        Readiness::Ready
    }

    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { network, closed } = self;
        diff.replace("network", diff.outputs(network).map(|n| n.network_id), &seen.network);
        diff.in_place("closed", closed, &seen.closed);
    }

    fn natural_id(&self, outputs: &Book) -> CloudResult<Option<NetworkId>> {
        Ok(Some(outputs.now(&self.network)?.network_id))
    }
}

// cloud calls
impl Manage for Guard {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 100;
    const WAIT: WaitPolicy = WaitPolicy::every(2, 60);

    async fn read(cloud: &FakeCloud, ids: &[NetworkId], _: Look) -> CloudResult<Vec<(NetworkId, Observed)>> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            closed: bool,
        }
        let seen = cloud.describe::<Body>(ids.iter().map(|id| id.0.clone()).collect()).await?.into_iter();
        Ok(seen
            .map(|(id, body)| (NetworkId(id.clone()), Observed { network: NetworkId(id), closed: body.closed }))
            .collect())
    }

    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<NetworkId> {
        let id = call.outputs(&self.network)?.network_id;
        let (text, closed) = (id.0.clone(), self.closed);
        call.cloud.mutate(move |w| w.change(&text, 0, |body| body["closed"] = json!(closed))).await?;
        Ok(id)
    }

    async fn update(&self, call: &Call<'_, FakeCloud>, id: &NetworkId, _: &Observed) -> CloudResult<()> {
        let (text, closed) = (id.0.clone(), self.closed);
        call.cloud.mutate(move |w| w.change(&text, 0, |body| body["closed"] = json!(closed))).await
    }

    async fn delete(&self, _: &Call<'_, FakeCloud>, _: &NetworkId) -> CloudResult<()> {
        unreachable!("the engine forgets it")
    }
}
