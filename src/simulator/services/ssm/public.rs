//! Public parameters: the names of the newest images, as Amazon and Canonical publish them
//! (<https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html>). EC2's catalogue has them.

use super::super::super::clock::Moment;
use super::super::super::scene::Scene;
use super::super::ec2::images;
use super::parameters::Version;

/// What they all begin with.
const PREFIX: &str = "/aws/service/";

/// The public parameter of this name or ARN: its name and its value.
pub(super) fn find(scene: &Scene<'_>, given: &str) -> Option<(String, Version)> {
    let bare = format!("arn:aws:ssm:{}::parameter", scene.place.region);
    let name = given.strip_prefix(&bare).unwrap_or(given);
    if !name.starts_with(PREFIX) {
        return None;
    }
    let version = Version {
        value: images::published(scene, name)?,
        kind: "String".to_owned(),
        tier: "Standard",
        data_type: "aws:ec2:image".to_owned(),
        modified: Moment::BEGINNING,
        ..Version::default()
    };
    Some((name.to_owned(), version))
}

/// The names of all public parameters.
pub(super) fn names(scene: &Scene<'_>) -> impl Iterator<Item = String> {
    images::all_published(scene).map(|(name, _)| name.to_owned())
}

/// The ARN of a public parameter, which belongs to no account.
pub(super) fn arn(scene: &Scene<'_>, name: &str) -> String {
    format!("arn:aws:ssm:{}::parameter{name}", scene.place.region)
}
