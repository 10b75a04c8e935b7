//! A fleet that runs a template in a group: named by its key; a new template rolls out for ten minutes.
use super::cloud::{FakeCloud, Stage};
use super::group::{Group, GroupId};
use super::template::{Template, TemplateId};
use pando::engine::address::{Key, Owner};
use pando::engine::change::Diff;
use pando::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use pando::engine::reference::Ref;
use pando::engine::resource::{Call, Look, Manage, Readiness, ReplaceOrder, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fleet {
    pub group: Ref<Group>,
    pub template: Ref<Template>,
}

// identity, observation, outputs
super::id!(FleetName);
#[derive(Serialize, Deserialize)]
pub struct Observed {
    group: GroupId,
    template: TemplateId,
    state: Stage,
}

// rules
impl Resource for Fleet {
    const KIND: &'static str = "fleet";
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    type Id = FleetName;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &FleetName, _: &Observed) {}
    fn readiness(seen: &Observed) -> Readiness {
        seen.state.readiness()
    }
    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { group, template } = self;
        diff.in_place("group", diff.outputs(group).map(|g| g.group_id), &seen.group);
        diff.in_place("template", diff.outputs(template).map(|t| t.template_id), &seen.template);
    }
}

// cloud calls
impl Manage for Fleet {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 50;
    const WAIT: WaitPolicy = WaitPolicy::every(60, 3600);

    async fn read(cloud: &FakeCloud, ids: &[FleetName], _: Look) -> CloudResult<Vec<(FleetName, Observed)>> {
        let seen = cloud.describe(ids.iter().map(|id| id.0.clone()).collect()).await?;
        Ok(seen.into_iter().map(|(id, o)| (FleetName(id), o)).collect())
    }
    async fn find_owned(cloud: &FakeCloud, _: &Owner) -> CloudResult<Vec<(Key, FleetName)>> {
        let found = cloud.tagged("fleet").await?;
        Ok(found.into_iter().map(|(key, id)| (key, FleetName(id))).collect())
    }
    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<FleetName> {
        let (group, template) = (call.outputs(&self.group)?, call.outputs(&self.template)?);
        let (name, key) = (format!("fleet-{}", call.key.short()), call.key.clone());
        let id = call.cloud.mutate(move |w| {
            w.need(&group.group_id.0)?;
            w.need(&template.template_id.0)?;
            if w.present().contains_key(&name) {
                return Err(CloudError::Exists(name));
            }
            let body = json!({"group": group.group_id, "template": template.template_id});
            Ok(w.make("fleet", Some(&key), Some(name), body, 120))
        });
        Ok(FleetName(id.await?))
    }
    async fn update(&self, call: &Call<'_, FakeCloud>, id: &FleetName, _: &Observed) -> CloudResult<()> {
        let (group, template) = (call.outputs(&self.group)?, call.outputs(&self.template)?);
        let id = id.0.clone();
        let change = move |b: &mut serde_json::Value| {
            b["group"] = json!(group.group_id);
            b["template"] = json!(template.template_id);
        };
        call.cloud.mutate(move |w| w.change(&id, 600, change)).await
    }
    async fn delete(&self, call: &Call<'_, FakeCloud>, id: &FleetName) -> CloudResult<()> {
        let id = id.0.clone();
        call.cloud.mutate(move |w| w.remove(&id, false, 60)).await
    }
}
