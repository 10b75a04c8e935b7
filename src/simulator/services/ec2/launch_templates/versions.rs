//! The versions of launch templates.

use serde_json::Value;

use super::{Template, Version, data, description, maker, meant, no_id, no_version};
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, missing};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::tags::Tags;

/// What can be done with versions.
pub(in super::super) const ACTIONS: &[Action] = &[
    action("CreateLaunchTemplateVersion", create).token("ClientToken"),
    action("DescribeLaunchTemplateVersions", describe),
    action("DeleteLaunchTemplateVersions", delete),
];

/// As many versions as one call deletes (`API_DeleteLaunchTemplateVersions`).
const AT_ONCE: usize = 200;

impl Template {
    fn version(&self, id: &str, number: u64, version: &Version) -> Tree {
        object! {
            "launchTemplateId" => id.to_owned(),
            "launchTemplateName" => &self.name,
            "versionNumber" => number,
            "versionDescription" => version.description.clone(),
            "createTime" => version.made,
            "createdBy" => &version.by,
            "defaultVersion" => number == self.default,
            "launchTemplateData" => data::show(&version.data),
            "operator" => object! { "managed" => false },
        }
    }

    fn value(&self, number: u64, version: &Version, name: &str) -> Vec<String> {
        let text = |key: &str| version.data.get(key).and_then(Value::as_str).map(str::to_owned).into_iter().collect();
        let below = |key: &str, field: &str| {
            let value = version.data.get(key).and_then(|value| value.get(field)).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        match name {
            "create-time" => vec![version.made.iso()],
            "ebs-optimized" => text("EbsOptimized"),
            "iam-instance-profile" => {
                let of = |field| below("IamInstanceProfile", field);
                of("Arn").or_else(|| of("Name")).into_iter().collect()
            }
            "http-endpoint" => below("MetadataOptions", "HttpEndpoint").into_iter().collect(),
            "http-protocol-ipv4" => below("MetadataOptions", "HttpProtocolIpv4").into_iter().collect(),
            "http-tokens" => below("MetadataOptions", "HttpTokens").into_iter().collect(),
            "image-id" => text("ImageId"),
            "instance-type" => text("InstanceType"),
            "is-default-version" => vec![(number == self.default).to_string()],
            "kernel-id" => text("KernelId"),
            "ram-disk-id" => text("RamDiskId"),
            _ => Vec::new(),
        }
    }
}

fn create(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = meant(scene, input)?;
    let given = data::read(input.at("LaunchTemplateData").ok_or_else(|| missing("LaunchTemplateData"))?)?;
    let description = description(input)?;
    // The images of templates are shown as they were given, not as what they stand for.
    input.pass_over("ResolveAlias");
    let template = scene.here.ec2.launch_templates.get(&id).ok_or_else(|| no_id(&id))?;
    let contents = match input.text("SourceVersion") {
        None => given,
        Some(source) => {
            let number = template.number(&id, source)?;
            let source = template.versions.get(&number).ok_or_else(|| no_version(&id, source))?;
            data::overlay(&source.data, given)
        }
    };
    let warning = data::warning(scene, &contents);
    let version = Version { description, made: scene.now, by: maker(scene), data: contents };
    let template = scene.here.ec2.launch_templates.get_mut(&id).ok_or_else(|| no_id(&id))?;
    template.latest += 1;
    let shown = template.version(&id, template.latest, &version);
    template.versions.insert(template.latest, version);
    Ok(object! { "launchTemplateVersion" => shown, "warning" => warning })
}

const FILTERS: &[&str] = &[
    "create-time",
    "ebs-optimized",
    "http-endpoint",
    "http-protocol-ipv4",
    "host-resource-group-arn",
    "http-tokens",
    "iam-instance-profile",
    "image-id",
    "instance-type",
    "is-default-version",
    "kernel-id",
    "license-configuration-arn",
    "network-card-index",
    "ram-disk-id",
];

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 200), "InvalidParameterValue")?;
    input.pass_over("ResolveAlias");
    let asked = input.texts("LaunchTemplateVersion");
    let (low, high) = (input.whole("MinVersion")?, input.whole("MaxVersion")?);
    let ids = if input.has("LaunchTemplateId") || input.has("LaunchTemplateName") {
        vec![meant(scene, input)?]
    } else {
        if asked.is_empty() || asked.iter().any(|version| !version.starts_with('$')) {
            return Err(missing("LaunchTemplateId"));
        }
        scene.here.ec2.launch_templates.visible(scene.sight).map(|(id, _)| id.to_owned()).collect()
    };
    let mut found = Vec::new();
    for id in &ids {
        let template = scene.here.ec2.launch_templates.get(id).ok_or_else(|| no_id(id))?;
        let numbers = asked.iter().map(|version| template.number(id, version)).collect::<Result<Vec<_>, _>>()?;
        for (number, version) in &template.versions {
            let within = |bound: Option<i64>| bound.map_or(0, i64::unsigned_abs);
            let fits = *number >= within(low) && high.is_none_or(|_| *number <= within(high));
            let wanted = if numbers.is_empty() { fits } else { numbers.contains(number) };
            if wanted && filters.pass(&Tags::default(), |name| template.value(*number, version, name)) {
                // The newest come first.
                found.push((format!("{id} {:020}", u64::MAX - number), template.version(id, *number, version)));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "launchTemplateVersionSet" => items(page), "nextToken" => next })
}

fn delete(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = meant(scene, input)?;
    let asked = input.texts("LaunchTemplateVersion");
    if asked.is_empty() {
        return Err(missing("LaunchTemplateVersion"));
    }
    if asked.len() > AT_ONCE {
        let words = format!("You can delete up to {AT_ONCE} launch template versions at a time.");
        return Err(Refusal::new("InvalidParameterValue", words));
    }
    let template = scene.here.ec2.launch_templates.get_mut(&id).ok_or_else(|| no_id(&id))?;
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for version in asked {
        let shown = object! {
            "launchTemplateId" => &id,
            "launchTemplateName" => &template.name,
            "versionNumber" => version.to_owned(),
        };
        let number = version.parse::<u64>().ok().filter(|number| template.versions.contains_key(number));
        match number {
            Some(number) if number != template.default => {
                template.versions.remove(&number);
                gone.push(shown);
            }
            Some(_) => kept.push(shown.with(
                "responseError",
                object! {
                    "code" => "unexpectedError",
                    "message" => "The default version of a launch template cannot be deleted.",
                },
            )),
            None => kept.push(shown.with(
                "responseError",
                object! {
                    "code" => "launchTemplateVersionDoesNotExist",
                    "message" => no_version(&id, version).message,
                },
            )),
        }
    }
    Ok(object! {
        "successfullyDeletedLaunchTemplateVersionSet" => items(gone),
        "unsuccessfullyDeletedLaunchTemplateVersionSet" => items(kept),
    })
}
