//! Commands on instances. There is nothing on a simulated instance that could carry them out: they take their time, succeed, and have no output.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::super::super::clock::Moment;
use super::super::super::input::Input;
use super::super::super::output::{Tree, named, object};
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::super::super::service::{Action, Answer, action};
use super::super::ec2::instances::Reachable;
use super::{CHECKS, instances, invalid, page};

pub(super) const ACTIONS: &[Action] = &[
    action("CancelCommand", cancel),
    action("GetCommandInvocation", get_invocation),
    action("ListCommandInvocations", list_invocations),
    action("ListCommands", list),
    action("SendCommand", send),
];

/// A command that was sent.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Command {
    document: String,
    comment: String,
    parameters: Value,
    /// Instances that were named, and those that were meant.
    named: Vec<String>,
    instances: Vec<String>,
    targets: Value,
    timeout: i64,
    sent: Moment,
    cancelled: Option<Moment>,
}

/// Documents of Amazon's that run commands.
const DOCUMENTS: &[&str] = &[
    "AWS-ApplyPatchBaseline",
    "AWS-ConfigureAWSPackage",
    "AWS-RunPatchBaseline",
    "AWS-RunPowerShellScript",
    "AWS-RunShellScript",
    "AWS-UpdateSSMAgent",
    "AmazonCloudWatch-ManageAgent",
];

/// How long a command waits for its instance, and how long it then takes.
const WAIT: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(3);

impl Command {
    /// Where it is: what it says in short, which is the same in detail.
    fn status(&self, now: Moment) -> &'static str {
        let ran = self.cancelled.unwrap_or(now).since(self.sent);
        match ran {
            _ if ran >= WAIT + RUN => "Success",
            _ if self.cancelled.is_some() => "Cancelled",
            _ if ran >= WAIT => "InProgress",
            _ => "Pending",
        }
    }

    fn tree(&self, id: &str, now: Moment) -> Tree {
        let status = self.status(now);
        let is_over = ["Success", "Cancelled"].contains(&status);
        object! {
            "CommandId" => id.to_owned(),
            "DocumentName" => &self.document,
            "DocumentVersion" => "$DEFAULT",
            "Comment" => &self.comment,
            "ExpiresAfter" => self.sent.plus(Duration::from_secs(self.timeout.unsigned_abs()) + Duration::from_hours(1)),
            "Parameters" => tree_of(&self.parameters),
            "InstanceIds" => named("", self.named.clone()),
            "Targets" => tree_of(&self.targets),
            "RequestedDateTime" => self.sent,
            "Status" => status,
            "StatusDetails" => status,
            "MaxConcurrency" => "50",
            "MaxErrors" => "0",
            "TargetCount" => self.instances.len(),
            "CompletedCount" => if is_over { self.instances.len() } else { 0 },
            "ErrorCount" => 0_u32,
            "DeliveryTimedOutCount" => 0_u32,
            "TimeoutSeconds" => self.timeout,
        }
    }

    /// What of it concerns one instance.
    fn invocation(&self, id: &str, instance: &str, now: Moment) -> Tree {
        let status = self.status(now);
        object! {
            "CommandId" => id.to_owned(),
            "InstanceId" => instance.to_owned(),
            "Comment" => &self.comment,
            "DocumentName" => &self.document,
            "DocumentVersion" => "$DEFAULT",
            "Status" => status,
            "StatusDetails" => status,
            "StandardOutputUrl" => "",
            "StandardErrorUrl" => "",
        }
    }
}

/// The part of a document that does its work.
fn plugin(document: &str) -> &'static str {
    match document {
        "AWS-RunShellScript" => "aws:runShellScript",
        "AWS-RunPowerShellScript" => "aws:runPowerShellScript",
        "AWS-ConfigureAWSPackage" => "aws:configurePackage",
        "AWS-UpdateSSMAgent" => "aws:updateSsmAgent",
        _ => "aws:runDocument",
    }
}

/// Data as it was given.
fn tree_of(value: &Value) -> Tree {
    match value {
        Value::Array(all) => Tree::List("", all.iter().map(tree_of).collect()),
        Value::Object(fields) => {
            Tree::Object(fields.iter().map(|(name, value)| (name.clone().into(), tree_of(value))).collect())
        }
        Value::String(text) => Tree::Text(text.clone().into()),
        other => Tree::Text(other.to_string().into()),
    }
}

fn send(scene: &mut Scene<'_>, input: &Input) -> Answer {
    for without_effect in [
        "AlarmConfiguration",
        "CloudWatchOutputConfig",
        "DocumentHash",
        "DocumentHashType",
        "DocumentVersion",
        "MaxConcurrency",
        "MaxErrors",
        "NotificationConfig",
        "OutputS3BucketName",
        "OutputS3KeyPrefix",
        "OutputS3Region",
        "ServiceRoleArn",
    ] {
        input.pass_over(without_effect);
    }
    let document = CHECKS.need(input, "DocumentName")?;
    if !DOCUMENTS.contains(&document) {
        return Err(Refusal::new("InvalidDocument", format!("Document with name {document} does not exist.")));
    }
    let ids = input.texts("InstanceIds");
    if ids.is_empty() == input.list("Targets").is_empty() {
        return Err(invalid("You must specify either InstanceIds or Targets, and not both."));
    }
    let timeout = CHECKS.whole(input, "TimeoutSeconds", (30, 2_592_000))?.unwrap_or(3600);
    let mut reached = instances::managed(scene);
    if let Some(id) = ids.iter().find(|id| !reached.iter().any(|instance| instance.id == **id)) {
        let words = format!("Instances [[{id}]] not in a valid state for account {}", scene.place.account);
        return Err(Refusal::new("InvalidInstanceId", words));
    }
    reached.retain(
        |instance| if ids.is_empty() { is_target(instance, input) } else { ids.contains(&instance.id.as_str()) },
    );
    let data = |name: &str| input.at(name).map_or(Value::Null, Input::data);
    let (parameters, targets) = (data("Parameters"), data("Targets"));
    let command = Command {
        document: document.to_owned(),
        comment: input.text_or("Comment", ""),
        parameters: if parameters.is_null() { Value::Object(serde_json::Map::new()) } else { parameters },
        named: ids.into_iter().map(str::to_owned).collect(),
        instances: reached.into_iter().map(|instance| instance.id).collect(),
        targets: if targets.is_null() { Value::Array(Vec::new()) } else { targets },
        timeout,
        sent: scene.now,
        cancelled: None,
    };
    let id = scene.dice.uuid();
    let answer = object! { "Command" => command.tree(&id, scene.now) };
    scene.here.ssm.commands.insert(id, command);
    Ok(answer)
}

/// Whether an instance is one of the targets: by tag or by id, all of the targets, any of the values of each.
fn is_target(instance: &Reachable, input: &Input) -> bool {
    input.list("Targets").iter().all(|target| {
        let (key, values) = (target.text("Key").unwrap_or_default(), target.texts("Values"));
        match key.strip_prefix("tag:") {
            Some(tag) => instance.tags.get(tag).is_some_and(|value| values.contains(&value)),
            None if key == "tag-key" => instance.tags.iter().any(|(key, _)| values.contains(&key)),
            None => key.eq_ignore_ascii_case("InstanceIds") && values.contains(&instance.id.as_str()),
        }
    })
}

/// The command that a call names.
fn meant<'a>(scene: &'a mut Scene<'_>, input: &Input) -> Result<(String, &'a mut Command), Refusal> {
    let id = CHECKS.sized(input, "CommandId", (36, 36))?;
    let command = scene.here.ssm.commands.get_mut(id);
    let words = "The specified command ID isn't valid. Verify the ID and try again.";
    Ok((id.to_owned(), command.ok_or_else(|| Refusal::new("InvalidCommandId", words))?))
}

fn get_invocation(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("PluginName");
    let (id, instance, now) =
        (CHECKS.sized(input, "CommandId", (36, 36))?, CHECKS.need(input, "InstanceId")?, scene.now);
    let command = scene.here.ssm.commands.get(id);
    let command = command.filter(|command| command.instances.iter().any(|known| known == instance));
    let words = "An error occurred (InvocationDoesNotExist)";
    let command = command.ok_or_else(|| Refusal::new("InvocationDoesNotExist", words))?;
    let status = command.status(now);
    let (has_begun, is_over) = (status != "Pending", status == "Success");
    let moment = |at: Moment, shown: bool| if shown { at.iso() } else { String::new() };
    let begun = command.sent.plus(WAIT);
    Ok(command
        .invocation(id, instance, now)
        .with("PluginName", plugin(&command.document))
        .with("ResponseCode", if is_over { 0 } else { -1 })
        .with("ExecutionStartDateTime", moment(begun, has_begun))
        .with("ExecutionElapsedTime", if is_over { "PT3S" } else { "" })
        .with("ExecutionEndDateTime", moment(begun.plus(RUN), is_over))
        .with("StandardOutputContent", "")
        .with("StandardErrorContent", ""))
}

/// Whether a command is one that a list asks for.
fn is_wanted(input: &Input, id: &str, command: &Command) -> bool {
    let is_named = input.text("CommandId").is_none_or(|wanted| wanted == id);
    is_named && input.text("InstanceId").is_none_or(|instance| command.instances.iter().any(|known| known == instance))
}

fn list(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("Filters");
    let now = scene.now;
    let commands = scene.here.ssm.commands.iter().filter(|(id, command)| is_wanted(input, id, command));
    page(input, "Commands", (50, 50), commands.map(|(id, command)| (id.clone(), command.tree(id, now))))
}

fn list_invocations(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("Filters");
    input.pass_over("Details");
    let (now, only) = (scene.now, input.text("InstanceId"));
    let commands = scene.here.ssm.commands.iter().filter(|(id, command)| is_wanted(input, id, command));
    let each = commands.flat_map(|(id, command)| {
        let instances = command.instances.iter().filter(|instance| only.is_none_or(|only| only == *instance));
        instances.map(move |instance| {
            let tree = command.invocation(id, instance, now).with("RequestedDateTime", command.sent);
            (format!("{id} {instance}"), tree.with("CommandPlugins", named::<Tree>("", [])))
        })
    });
    page(input, "CommandInvocations", (50, 50), each)
}

/// What has ended stays as it is.
fn cancel(scene: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("InstanceIds");
    let now = scene.now;
    let (_, command) = meant(scene, input)?;
    command.cancelled.get_or_insert(now);
    Ok(Tree::EMPTY)
}
