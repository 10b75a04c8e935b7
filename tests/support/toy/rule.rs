//! A rule between two groups: no tags, no id; what it says is what it is, but for a note on it.
use super::cloud::{FakeCloud, Stage, World};
use super::group::{Group, GroupId};
use pando::engine::change::Diff;
use pando::engine::cloud_error::{CloudError, CloudResult, WaitPolicy};
use pando::engine::reference::{Book, Ref};
use pando::engine::resource::{Call, Look, Manage, Readiness, Resource};
use serde::{Deserialize, Serialize};
use serde_json::json;

// properties
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    pub from: Ref<Group>,
    pub to: Ref<Group>,
    pub port: u16,
    pub note: String,
}

// identity, observation, outputs
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleId {
    from: GroupId,
    to: GroupId,
    port: u16,
}
impl RuleId {
    fn text(&self) -> String {
        format!("{}>{}:{}", self.from.0, self.to.0, self.port)
    }
}
#[derive(Serialize, Deserialize)]
pub struct Observed {
    from: GroupId,
    to: GroupId,
    port: u16,
    note: String,
    state: Stage,
}

// rules
impl Resource for Rule {
    const KIND: &'static str = "rule";
    const NAME_RETURNS: bool = true;
    const GOES_AT_ONCE: bool = true;
    type Id = RuleId;
    type Observed = Observed;
    type Outputs = ();

    fn outputs(_: &RuleId, _: &Observed) {}
    fn readiness(seen: &Observed) -> Readiness {
        seen.state.readiness()
    }
    fn compare(&self, seen: &Observed, diff: &mut Diff<'_>) {
        let Self { from, to, port, note } = self;
        diff.replace("from", diff.outputs(from).map(|g| g.group_id), &seen.from);
        diff.replace("to", diff.outputs(to).map(|g| g.group_id), &seen.to);
        diff.replace("port", port, &seen.port);
        diff.in_place("note", note, &seen.note);
    }
    fn natural_id(&self, outputs: &Book) -> CloudResult<Option<RuleId>> {
        let (from, to) = (outputs.now(&self.from)?.group_id, outputs.now(&self.to)?.group_id);
        Ok(Some(RuleId { from, to, port: self.port }))
    }
}

// cloud calls
impl Manage for Rule {
    type Cloud = FakeCloud;
    const READ_BATCH: usize = 200;
    const WAIT: WaitPolicy = WaitPolicy::every(2, 300);

    async fn read(cloud: &FakeCloud, ids: &[RuleId], _: Look) -> CloudResult<Vec<(RuleId, Observed)>> {
        let seen = cloud.describe::<Observed>(ids.iter().map(RuleId::text).collect()).await?;
        let id = |o: &Observed| RuleId { from: o.from.clone(), to: o.to.clone(), port: o.port };
        Ok(seen.into_iter().map(|(_, o)| (id(&o), o)).collect())
    }
    async fn create(&self, call: &Call<'_, FakeCloud>) -> CloudResult<RuleId> {
        let id = self.natural_id(call.book)?.expect("rules have one");
        let (text, made, note) = (id.text(), id.clone(), self.note.clone());
        call.cloud
            .mutate(move |w| {
                w.need(&made.from.0)?;
                w.need(&made.to.0)?;
                if w.present().contains_key(&text) {
                    return Err(CloudError::Exists(text));
                }
                let body = json!({"from": made.from, "to": made.to, "port": made.port, "note": note});
                Ok(w.make("rule", None, Some(text), body, 0))
            })
            .await?;
        Ok(id)
    }
    fn as_made(&self, _: &Call<'_, FakeCloud>, id: &RuleId) -> CloudResult<Option<Observed>> {
        let RuleId { from, to, port } = id.clone();
        Ok(Some(Observed { from, to, port, note: self.note.clone(), state: Stage::Available }))
    }
    /// A note is taken off before another one is put on; there must be one to be taken off, and none where one is put on.
    async fn update(&self, call: &Call<'_, FakeCloud>, id: &RuleId, seen: &Observed) -> CloudResult<()> {
        let text = id.text();
        if !seen.note.is_empty() {
            let text = text.clone();
            call.cloud.mutate(move |w| put_note(w, &text, "")).await?;
        }
        let note = self.note.clone();
        call.cloud.mutate(move |w| put_note(w, &text, &note)).await
    }
    async fn delete(&self, call: &Call<'_, FakeCloud>, id: &RuleId) -> CloudResult<()> {
        let text = id.text();
        call.cloud.mutate(move |w| w.remove(&text, false, 0)).await
    }
}

fn put_note(world: &mut World, rule: &str, note: &str) -> CloudResult<()> {
    let has_note = world.present().get(rule).is_some_and(|object| object.body["note"] != "");
    if has_note != note.is_empty() {
        return Err(CloudError::Refused(format!("{rule} has {} note", if has_note { "another" } else { "no" })));
    }
    world.change(rule, 0, |body| body["note"] = json!(note))
}
