//! Public parameters: the names of the newest images, as Amazon and Canonical publish them
//! (<https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html>).

use super::super::super::scene::Scene;
use super::parameters::Version;

/// The public parameter of this name: its name, number and version.
pub(super) fn find(_scene: &Scene<'_>, _name: &str) -> Option<(String, u64, Version)> {
    None
}

/// The names of all public parameters.
pub(super) fn names(_scene: &Scene<'_>) -> impl Iterator<Item = String> {
    std::iter::empty()
}

/// The ARN of a public parameter, which belongs to no account.
pub(super) fn arn(scene: &Scene<'_>, name: &str) -> String {
    format!("arn:aws:ssm:{}::parameter{name}", scene.place.region)
}
