//! A launch template: immutable, so a new image is a new template.
use super::cloud::{FakeCloud, Stage};
use pando::engine::address::{Key, Owner};
use pando::engine::change::Diff;
use pando::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use pando::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Template {
    pub image: String,
}

// identity, observation, outputs
super::id!(TemplateId);
#[derive(Serialize, Deserialize)]
pub struct Observed {
    image: String,
    state: Stage,
}
#[derive(Serialize, Deserialize)]
pub struct Outputs {
    pub template_id: TemplateId,
}

// rules
impl Resource for Template {
    const KIND: &'static str = "template";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const GOES_AT_ONCE: bool = true;
    type Id = TemplateId;
    type Observed = Observed;
    type Outputs = Outputs;

    fn outputs(id: &TemplateId, _: &Observed) -> Outputs {
        Outputs { template_id: id.clone() }
    }
    fn readiness(seen: &Observed) -> Readiness {
        seen.state.readiness()
    }
    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { image } = self;
        diff.replace("image", image, &seen.image);
    }
}

// cloud calls
impl Manage for Template {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 200;
    const WAIT: WaitPolicy = WaitPolicy::every(2, 60);

    async fn read(cloud: &FakeCloud, ids: &[TemplateId], _: Look) -> CloudResult<Vec<(TemplateId, Observed)>> {
        let seen = cloud.describe(ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(seen.into_iter().map(|(id, o)| (TemplateId(id), o)).collect())
    }
    async fn find_owned(cloud: &FakeCloud, _: &Owner) -> CloudResult<Vec<(Key, TemplateId)>> {
        let found = cloud.tagged("template").await?;
        Ok(found.into_iter().map(|(key, id)| (key, TemplateId(id))).collect())
    }
    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<TemplateId> {
        let (body, key) = (json!({"image": self.image}), call.key.clone());
        let make = move |w: &mut super::cloud::World| {
            w.with_token(&key, body.clone(), |w| w.make("template", Some(&key), None, body, 0))
        };
        Ok(TemplateId(call.cloud.mutate(make).await?))
    }
    fn as_made(&self, _: &Call<'_, FakeCloud>, _: &TemplateId) -> CloudResult<Option<Observed>> {
        Ok(Some(Observed { image: self.image.clone(), state: Stage::Available }))
    }
    async fn update(&self, _: &Call<'_, FakeCloud>, _: &TemplateId, _: &Observed) -> CloudResult<()> {
        Err(CloudError::Refused("templates do not change".into()))
    }
    async fn delete(&self, call: &Call<'_, FakeCloud>, id: &TemplateId) -> CloudResult<()> {
        let id = id.0.clone();
        call.cloud
            .mutate(move |w| {
                let used = w.any("fleet", |b| b["template"] == id.as_str());
                w.remove(&id, used, 0)
            })
            .await
    }
}
