//! Images of machines: those that are published, and those that an account makes.

mod catalogue;
mod changes;

use std::sync::OnceLock;

use serde::Serialize;

use crate::simulator::clock::Moment;
use crate::simulator::filters::Filters;
use crate::simulator::input::{Input, invalid};
use crate::simulator::output::{Tree, items, object};
use crate::simulator::pages::Page;
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::shelf::Shelf;
use crate::simulator::tags::Tags;

use catalogue::Catalogue;
pub(super) use changes::{ACTIONS as CHANGES, MAKING};

/// What is asked of images.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeImages", describe),
    action("DescribeImageAttribute", attribute),
    action("GetInstanceUefiData", uefi_data),
];

/// The images of a region as an account sees them.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct State {
    /// Those of the account.
    own: Shelf<Image>,
    /// Since when the region is in use.
    begins: Moment,
    /// What is published, once somebody asks for it.
    #[serde(skip)]
    catalogue: OnceLock<Catalogue>,
}

/// An image.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Image {
    pub(super) name: String,
    pub(super) owner: String,
    /// What the owner is called, if it is one that AWS vouches for.
    alias: Option<&'static str>,
    description: String,
    pub(super) architecture: String,
    pub(super) root: String,
    pub(super) devices: Vec<Device>,
    made: Moment,
    is_public: bool,
    pub(super) is_available: bool,
    is_uefi: bool,
    /// Whether instances of it take metadata requests with a session token only.
    pub(super) needs_session_tokens: bool,
    deprecated: Option<Moment>,
    /// The image and the region that it is a copy from.
    source: Option<(String, String)>,
    from_instance: Option<String>,
    is_protected: bool,
    is_disabled: bool,
    pub(super) tags: Tags,
}

/// A volume that instances of an image start with.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Device {
    pub(super) name: String,
    pub(super) snapshot: String,
    pub(super) gigabytes: u64,
    pub(super) kind: String,
    pub(super) encrypted: bool,
    pub(super) delete: bool,
    pub(super) iops: Option<u64>,
    pub(super) throughput: Option<u64>,
}

/// What a region has of images before anybody uses it.
pub(super) fn furnish(scene: &mut Scene<'_>) {
    scene.here.ec2.images.begins = scene.now;
}

fn catalogue<'a>(scene: &'a Scene<'_>) -> &'a Catalogue {
    let State { catalogue, begins, .. } = &scene.here.ec2.images;
    catalogue.get_or_init(|| catalogue::of(&scene.place.region, *begins))
}

/// The image that a public parameter of the Systems Manager names: `/aws/service/ami-amazon-linux-latest/…`.
pub(crate) fn published(scene: &Scene<'_>, parameter: &str) -> Option<String> {
    catalogue(scene).parameters.get(parameter).cloned()
}

/// All public parameters of the Systems Manager that name images, with these images.
pub(crate) fn all_published<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    catalogue(scene).parameters.iter().map(|(name, id)| (name.as_str(), id.as_str()))
}

/// An image, whoever sees it.
pub(super) fn find<'a>(scene: &'a Scene<'_>, id: &str) -> Option<&'a Image> {
    scene.here.ec2.images.own.get(id).or_else(|| catalogue(scene).images.get(id))
}

/// All images that a caller sees, with their ids.
fn visible<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Image)> {
    let published = catalogue(scene).images.iter().map(|(id, image)| (id.as_str(), image));
    scene.here.ec2.images.own.visible(scene.sight).chain(published)
}

/// An image of this account that a snapshot is part of.
pub(super) fn made_of<'a>(scene: &'a Scene<'_>, snapshot: &str) -> Option<&'a str> {
    let mut all = scene.here.ec2.images.own.iter();
    all.find(|(_, image)| image.devices.iter().any(|device| device.snapshot == snapshot)).map(|(id, _)| id)
}

/// The tags of an image, to be changed; nobody tags those of others.
pub(super) fn tags<'a>(scene: &'a mut Scene<'_>, id: &str) -> Option<&'a mut Tags> {
    scene.here.ec2.images.own.seen_mut(id, scene.sight).map(|image| &mut image.tags)
}

/// The tags of all images of this account.
pub(super) fn tagged<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    scene.here.ec2.images.own.visible(scene.sight).map(|(id, image)| (id, &image.tags))
}

/// An image that a caller names, if there is one.
pub(super) fn need<'a>(scene: &'a Scene<'_>, id: &str) -> Result<&'a Image, Refusal> {
    let Some(rest) = id.strip_prefix("ami-").filter(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit())) else {
        let words = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
        return Err(Refusal::new("InvalidAMIID.Malformed", words));
    };
    if !matches!(rest.len(), 8 | 17) {
        return Err(Refusal::new("InvalidAMIID.Malformed", format!("Invalid id: \"{id}\"")));
    }
    let own = scene.here.ec2.images.own.seen(id, scene.sight);
    let found = own.or_else(|| catalogue(scene).images.get(id));
    found.ok_or_else(|| Refusal::new("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")))
}

impl Image {
    fn state(&self) -> &'static str {
        match (self.is_available, self.is_disabled) {
            (_, true) => "disabled",
            (true, _) => "available",
            (false, _) => "pending",
        }
    }

    fn is_by(&self, owner: &str, account: &str) -> bool {
        match owner {
            "self" => self.owner == account,
            "amazon" => self.alias == Some("amazon"),
            "aws-marketplace" | "aws-backup-vault" => false,
            number => self.owner == number,
        }
    }

    fn show(&self, id: &str) -> Tree {
        let (source, region) = self.source.clone().unzip();
        object! {
            "imageId" => id.to_owned(),
            "imageLocation" => format!("{}/{}", self.alias.unwrap_or(&self.owner), self.name),
            "imageState" => self.state(),
            "imageOwnerId" => &self.owner,
            "imageOwnerAlias" => self.alias,
            "isPublic" => self.is_public,
            "architecture" => &self.architecture,
            "imageType" => "machine",
            "name" => &self.name,
            "description" => (!self.description.is_empty()).then(|| self.description.clone()),
            "rootDeviceType" => "ebs",
            "rootDeviceName" => &self.root,
            "blockDeviceMapping" => items(self.devices.iter().map(Device::show)),
            "virtualizationType" => "hvm",
            "hypervisor" => "xen",
            "enaSupport" => true,
            "sriovNetSupport" => "simple",
            "creationDate" => self.made.iso(),
            "platformDetails" => "Linux/UNIX",
            "usageOperation" => "RunInstances",
            "bootMode" => self.is_uefi.then_some(if self.architecture == "arm64" { "uefi" } else { "uefi-preferred" }),
            "imdsSupport" => self.needs_session_tokens.then_some("v2.0"),
            "deprecationTime" => self.deprecated.map(Moment::iso),
            "deregistrationProtection" => if self.is_protected { "enabled-without-cooldown" } else { "disabled" },
            "sourceInstanceId" => self.from_instance.clone(),
            "sourceImageId" => source,
            "sourceImageRegion" => region,
            "tagSet" => self.tags.ec2(),
        }
    }

    fn value(&self, id: &str, name: &str) -> Vec<String> {
        let devices = |of: fn(&Device) -> String| self.devices.iter().map(of).collect();
        let one = match name {
            "architecture" => self.architecture.clone(),
            "block-device-mapping.delete-on-termination" => return devices(|device| device.delete.to_string()),
            "block-device-mapping.device-name" => return devices(|device| device.name.clone()),
            "block-device-mapping.encrypted" => return devices(|device| device.encrypted.to_string()),
            "block-device-mapping.snapshot-id" => return devices(|device| device.snapshot.clone()),
            "block-device-mapping.volume-size" => return devices(|device| device.gigabytes.to_string()),
            "block-device-mapping.volume-type" => return devices(|device| device.kind.clone()),
            "creation-date" => self.made.iso(),
            "description" => self.description.clone(),
            "ena-support" => "true".to_owned(),
            "hypervisor" => "xen".to_owned(),
            "image-id" => id.to_owned(),
            "image-type" => "machine".to_owned(),
            "is-public" => self.is_public.to_string(),
            "manifest-location" => format!("{}/{}", self.alias.unwrap_or(&self.owner), self.name),
            "name" => self.name.clone(),
            "owner-alias" => return self.alias.map(str::to_owned).into_iter().collect(),
            "owner-id" => self.owner.clone(),
            "root-device-name" => self.root.clone(),
            "root-device-type" => "ebs".to_owned(),
            "source-image-id" => return self.source.iter().map(|(id, _)| id.clone()).collect(),
            "source-instance-id" => return self.from_instance.clone().into_iter().collect(),
            "state" => self.state().to_owned(),
            "sriov-net-support" => "simple".to_owned(),
            "virtualization-type" => "hvm".to_owned(),
            _ => return Vec::new(),
        };
        vec![one]
    }
}

impl Device {
    /// As images and `RegisterImage` show it.
    fn show(&self) -> Tree {
        object! {
            "deviceName" => &self.name,
            "ebs" => object! {
                "snapshotId" => (!self.snapshot.is_empty()).then(|| self.snapshot.clone()),
                "volumeSize" => self.gigabytes,
                "deleteOnTermination" => self.delete,
                "volumeType" => &self.kind,
                "encrypted" => self.encrypted,
                "iops" => self.iops.or((self.kind == "gp3").then_some(3000)),
                "throughput" => self.throughput.or((self.kind == "gp3").then_some(125)),
            },
        }
    }
}

const FILTERS: &[&str] = &[
    "architecture",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.encrypted",
    "block-device-mapping.snapshot-id",
    "block-device-mapping.volume-size",
    "block-device-mapping.volume-type",
    "creation-date",
    "description",
    "ena-support",
    "free-tier-eligible",
    "hypervisor",
    "image-allowed",
    "image-id",
    "image-type",
    "is-public",
    "kernel-id",
    "manifest-location",
    "name",
    "owner-alias",
    "owner-id",
    "platform",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "root-device-name",
    "root-device-type",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "sriov-net-support",
    "state",
    "state-reason-code",
    "state-reason-message",
    "virtualization-type",
];

fn describe(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let filters = Filters::read(input, FILTERS)?;
    let page = Page::read(input, "MaxResults", "NextToken", (1, 1000), "InvalidParameterValue")?;
    let ids = input.texts("ImageId");
    if !ids.is_empty() && input.has("MaxResults") {
        let words = "The parameter imageIds cannot be used with the parameter maxResults";
        return Err(Refusal::new("InvalidParameterCombination", words));
    }
    let missing: Vec<&str> = ids.iter().copied().filter(|id| need(scene, id).is_err()).collect();
    if let [first, ..] = missing[..] {
        need(scene, first).map(|_| ()).map_err(|refusal| absent(refusal, &missing))?;
    }
    let account = scene.place.account.as_str();
    let owners = input.texts("Owner");
    let executable = input.texts("ExecutableBy");
    let wants_deprecated = input.flag("IncludeDeprecated") == Some(true) || !ids.is_empty();
    let wants_disabled = input.flag("IncludeDisabled") == Some(true);
    let wanted = |id: &str, image: &Image| {
        let is_own = image.owner == account;
        (ids.is_empty() || ids.contains(&id))
            && (owners.is_empty() || owners.iter().any(|owner| image.is_by(owner, account)))
            && (executable.is_empty()
                || executable.iter().any(|who| if *who == "all" { image.is_public } else { is_own }))
            && (is_own || image.is_public)
            && (wants_deprecated || is_own || image.deprecated.is_none_or(|at| at > scene.now))
            && (wants_disabled || !image.is_disabled)
            && filters.pass(&image.tags, |name| image.value(id, name))
    };
    let found = visible(scene).filter(|(id, image)| wanted(id, image));
    let mut found: Vec<(String, Tree)> = found.map(|(id, image)| (id.to_owned(), image.show(id))).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let (page, next) = page.cut(found);
    Ok(object! { "imagesSet" => items(page), "nextToken" => next })
}

/// EC2 names all ids that it misses.
fn absent(refusal: Refusal, missing: &[&str]) -> Refusal {
    if refusal.code != "InvalidAMIID.NotFound" {
        return refusal;
    }
    let (verb, ids) = (if missing.len() == 1 { "id" } else { "ids" }, missing.join(", "));
    let does = if missing.len() == 1 { "does" } else { "do" };
    Refusal::new("InvalidAMIID.NotFound", format!("The image {verb} '[{ids}]' {does} not exist"))
}

fn attribute(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("ImageId")?;
    let image = need(scene, id)?;
    if image.owner != scene.place.account {
        return Err(Refusal::new("AuthFailure", format!("Not authorized for image:{id}")));
    }
    let answer = object! { "imageId" => id.to_owned() };
    Ok(match input.need("Attribute")? {
        "description" => answer.with("description", object! { "value" => &image.description }),
        "blockDeviceMapping" => answer.with("blockDeviceMapping", items(image.devices.iter().map(Device::show))),
        "launchPermission" => {
            let all = image.is_public.then(|| object! { "group" => "all" });
            answer.with("launchPermission", items(all))
        }
        "bootMode" => {
            answer.with("bootMode", object! { "value" => if image.is_uefi { "uefi" } else { "legacy-bios" } })
        }
        "imdsSupport" => {
            answer.with("imdsSupport", object! { "value" => image.needs_session_tokens.then_some("v2.0") })
        }
        "deregistrationProtection" => {
            let value = if image.is_protected { "enabled-without-cooldown" } else { "disabled" };
            answer.with("deregistrationProtection", object! { "value" => value })
        }
        other => return Err(invalid(format!("Invalid value '{other}' for Attribute"))),
    })
}

/// Terraform's provider asks this of images, and takes the refusal.
fn uefi_data(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let id = input.need("InstanceId")?;
    super::instances::need(scene, id)?;
    Ok(object! { "instanceId" => id.to_owned() })
}
