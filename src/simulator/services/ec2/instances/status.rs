//! Status checks, credits and profiles of instances.

use super::{Ailment, Instance, Phase, need, need_all, need_mut};
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What is asked of instances beside what they are.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("DescribeInstanceStatus", describe),
    action("DescribeInstanceCreditSpecifications", credits),
    action("ModifyInstanceCreditSpecification", modify_credits).token("ClientToken"),
    action("DescribeIamInstanceProfileAssociations", profiles),
    action("MonitorInstances", monitor),
    action("UnmonitorInstances", unmonitor),
];

const FILTERS: &[&str] = &[
    "availability-zone",
    "event.code",
    "event.description",
    "event.instance-event-id",
    "event.not-after",
    "event.not-before",
    "instance-state-code",
    "instance-state-name",
    "instance-status.reachability",
    "instance-status.status",
    "system-status.reachability",
    "system-status.status",
];

/// What the checks of an instance say, as a whole and of its being reached. Those of AWS's machine below never fail.
fn checks(scene: &Scene<'_>, instance: &Instance) -> [(&'static str, &'static str); 2] {
    const OK: (&str, &str) = ("ok", "passed");
    match instance.phase {
        Phase::Running if instance.ailment == Ailment::Impaired => [("impaired", "failed"), OK],
        Phase::Running if instance.has_booted(scene.now) => [OK, OK],
        Phase::Running | Phase::Pending => [("initializing", "initializing"); 2],
        _ => [("not-applicable", ""); 2],
    }
}

fn check(checks: (&'static str, &'static str)) -> Tree {
    let (status, reachability) = checks;
    let detail = object! { "name" => "reachability", "status" => reachability };
    object! { "status" => status, "details" => items((!reachability.is_empty()).then_some(detail)) }
}

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let ids = input.texts("InstanceId");
    if !ids.is_empty() && input.has("MaxResults") {
        let words = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    need_all(scene, &ids)?;
    let wants_all = input.flag("IncludeAllInstances") == Some(true);
    let all = scene.here.ec2.instances.all.visible(scene.sight);
    let found = all.filter(|(id, instance)| {
        let [own, system] = checks(scene, instance);
        (ids.is_empty() || ids.contains(id))
            && (wants_all || instance.phase == Phase::Running)
            && filters.pass(&Tags::default(), |name| match name {
                "availability-zone" => vec![instance.zone.clone()],
                "instance-state-code" => vec![instance.phase.name().1.to_string()],
                "instance-state-name" => vec![instance.phase.name().0.to_owned()],
                "instance-status.reachability" => vec![own.1.to_owned()],
                "instance-status.status" => vec![own.0.to_owned()],
                "system-status.reachability" => vec![system.1.to_owned()],
                "system-status.status" => vec![system.0.to_owned()],
                _ => Vec::new(),
            })
    });
    let shown = found.map(|(id, instance)| {
        let ((name, code), [own, system]) = (instance.phase.name(), checks(scene, instance));
        let shown = object! {
            "instanceId" => id.to_owned(),
            "availabilityZone" => &instance.zone,
            "instanceState" => object! { "code" => code, "name" => name },
            "instanceStatus" => check(own),
            "systemStatus" => check(system),
            "operator" => object! { "managed" => false },
        };
        (id.to_owned(), shown)
    });
    let (page, next) = page.cut(shown);
    Ok(object! { "instanceStatusSet" => items(page), "nextToken" => next })
}

fn credits(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["instance-id"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let ids = input.texts("InstanceId");
    need_all(scene, &ids)?;
    let all = scene.here.ec2.instances.all.visible(scene.sight);
    // Without ids only those with unlimited credits are shown (`API_DescribeInstanceCreditSpecifications`).
    let wanted = |id: &str, credits: &str| if ids.is_empty() { credits == "unlimited" } else { ids.contains(&id) };
    let found = all.filter_map(|(id, instance)| {
        let credits = instance.credits.as_deref()?;
        let fits = wanted(id, credits) && filters.pass(&Tags::default(), |_| vec![id.to_owned()]);
        fits.then(|| (id.to_owned(), object! { "instanceId" => id.to_owned(), "cpuCredits" => credits.to_owned() }))
    });
    let (page, next) = page.cut(found);
    Ok(object! { "instanceCreditSpecificationSet" => items(page), "nextToken" => next })
}

fn modify_credits(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for wanted in input.list("InstanceCreditSpecification") {
        let (id, credits) = (wanted.need("InstanceId")?, wanted.need("CpuCredits")?);
        if !["standard", "unlimited"].contains(&credits) {
            return Err(invalid(format!("Invalid value '{credits}' for CpuCredits")));
        }
        let outcome = need_mut(scene, id).and_then(|instance| match &mut instance.credits {
            Some(kept) => {
                credits.clone_into(kept);
                Ok(())
            }
            None => Err(Refusal::new(
                "InstanceCreditSpecification.NotSupported",
                format!("The instance {id} has no credits"),
            )),
        });
        match outcome {
            Ok(()) => done.push(object! { "instanceId" => id.to_owned() }),
            Err(refusal) => failed.push(object! {
                "instanceId" => id.to_owned(),
                "error" => object! { "code" => refusal.code.to_string(), "message" => refusal.message },
            }),
        }
    }
    Ok(object! {
        "successfulInstanceCreditSpecificationSet" => items(done),
        "unsuccessfulInstanceCreditSpecificationSet" => items(failed),
    })
}

fn profiles(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, &["instance-id", "state"])?;
    let page = Page::read(input, "MaxResults", "NextToken", (5, 1000), "InvalidParameterValue")?;
    let wanted = input.texts("AssociationId");
    let all = scene.here.ec2.instances.all.visible(scene.sight);
    let found = all.filter(|(_, instance)| !instance.phase.is_over()).filter_map(|(id, instance)| {
        let profile = instance.profile.as_ref()?;
        let fits = (wanted.is_empty() || wanted.contains(&profile.association.as_str()))
            && filters.pass(&Tags::default(), |name| vec![if name == "state" { "associated" } else { id }.to_owned()]);
        let shown = object! {
            "associationId" => &profile.association,
            "instanceId" => id.to_owned(),
            "iamInstanceProfile" => object! { "arn" => &profile.arn, "id" => &profile.id },
            "state" => "associated",
            "timestamp" => instance.launched,
        };
        fits.then(|| (profile.association.clone(), shown))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "iamInstanceProfileAssociationSet" => items(page), "nextToken" => next })
}

fn monitor(scene: &mut Scene<'_>, input: &Input) -> Answer {
    set_monitoring(scene, input, true)
}

fn unmonitor(scene: &mut Scene<'_>, input: &Input) -> Answer {
    set_monitoring(scene, input, false)
}

fn set_monitoring(scene: &mut Scene<'_>, input: &Input, on: bool) -> Answer {
    let ids = input.texts("InstanceId");
    if ids.is_empty() {
        return Err(missing("InstanceId"));
    }
    need_all(scene, &ids)?;
    let mut shown = Vec::new();
    for id in ids {
        need_mut(scene, id)?.is_monitored = on;
        let state = if need(scene, id)?.is_monitored { "enabled" } else { "disabled" };
        shown.push(object! { "instanceId" => id.to_owned(), "monitoring" => object! { "state" => state } });
    }
    Ok(object! { "instancesSet" => items(shown) })
}
