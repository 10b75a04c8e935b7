//! Plans that are carried out later: only if everything is as it was, and only once.

use std::collections::BTreeSet;
use std::fmt::Display;

use sha2::{Digest as _, Sha256};

use super::context::Context;
use super::error::{CommandError, Exit};
use crate::aws::clients::Aws;
use crate::engine::address::Incarnation;
use crate::engine::journal::Entry;
use crate::engine::plan::{Action, Plan};
use crate::engine::state::State;
use crate::store::SavedPlan;

/// Everything that must be the same when a plan is carried out; the plan itself is still empty. The state is what was read, before anything
/// was looked up.
pub fn of(context: &Context, cloud: &Aws, state: &State, entries: Vec<Entry>) -> SavedPlan {
    SavedPlan {
        format: SavedPlan::FORMAT,
        id: uuid::Uuid::new_v4().to_string(),
        stack: context.blueprint.name().to_owned(),
        lineage: (state.serial > 0).then(|| state.owner.lineage.clone()),
        serial: state.serial,
        blueprint: digest(context),
        site: cloud.site.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        entries,
        plan: Plan::default(),
    }
}

/// Refuses a plan that was made for anything else than what is here, and says for what.
pub fn check(saved: &SavedPlan, context: &Context, cloud: &Aws, state: &State) -> Result<(), CommandError> {
    let (here, then) = (&cloud.site, &saved.site);
    same("version of Pando", &saved.version.as_str(), &env!("CARGO_PKG_VERSION"))?;
    same("stack", &saved.stack.as_str(), &context.blueprint.name())?;
    same("account", &then.account, &here.account)?;
    same("region", &then.region, &here.region)?;
    same("endpoint", &then.endpoint, &here.endpoint)?;
    same("blueprint", &saved.blueprint, &digest(context))?;
    // A state in which nothing was ever written yet has a name that the next process draws anew.
    if let Some(lineage) = &saved.lineage {
        same("lineage of the state", lineage, &state.owner.lineage)?;
    }
    same("serial of the state", &saved.serial, &state.serial)
        .map_err(|e| e.hint("something was applied since; a plan can be carried out once"))
}

/// Refuses to do anything else than what was saved.
pub fn refuse_changed(saved: &Plan, now: &Plan) -> Result<(), CommandError> {
    let all: BTreeSet<&Incarnation> = saved.steps.keys().chain(now.steps.keys()).collect();
    let differs = all.into_iter().filter(|at| saved.steps.get(*at) != now.steps.get(*at));
    let changed: Vec<String> = differs
        .map(|at| {
            let verb = |plan: &Plan| plan.steps.get(at).map(|step| verb(step.action));
            match (verb(saved), verb(now)) {
                (Some(then), None) => format!("to {then} {} is no longer needed", at.address),
                (None, Some(now)) => format!("it would also {now} {}", at.address),
                (Some(then), Some(now)) if then != now => format!("it would {now} {} and not {then} it", at.address),
                _ => format!("it would {} {} in another way", verb(now).unwrap_or("leave"), at.address),
            }
        })
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(refused(format!("the world has changed: {}", changed.join("; "))))
}

fn same<T: PartialEq + Display>(member: &str, then: &T, here: &T) -> Result<(), CommandError> {
    if then == here {
        return Ok(());
    }
    Err(refused(format!("the saved plan is for another {member}: {then}, and here it is {here}")))
}

fn refused(message: String) -> CommandError {
    let error = CommandError::new(message).exit(Exit::Refused);
    error.hint("nothing was changed").hint("make a new plan, and look at it: `pando plan --out FILE`")
}

/// Of all that a plan follows from beside the state and the world.
fn digest(context: &Context) -> String {
    let digest = Sha256::new_with_prefix(context.blueprint.name()).chain_update([0]).chain_update(&context.source.text);
    digest.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Settle => "wait for",
        Action::Update => "change",
        Action::Delete => "delete",
        Action::Record => "record",
        Action::Forget => "forget",
    }
}
