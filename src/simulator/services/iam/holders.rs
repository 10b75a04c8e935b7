//! Who holds policies: roles and users.

use super::super::super::input::Input;
use super::super::super::refusal::Refusal;
use super::super::super::scene::Scene;
use super::{Holdings, roles, users};

/// A kind of holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    User,
}

impl Kind {
    /// What it is called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
        }
    }

    /// The parameter that names it.
    pub(super) fn parameter(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
        }
    }

    /// As many characters as all its inline policies may have together, without white space
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
    pub(super) fn inline_size(self) -> usize {
        match self {
            Self::Role => 10_240,
            Self::User => 2_048,
        }
    }

    /// What the one that a call names holds.
    pub(super) fn holdings<'a>(self, scene: &'a Scene<'_>, input: &Input) -> Result<&'a Holdings, Refusal> {
        Ok(match self {
            Self::Role => &roles::named(scene, input)?.1.holdings,
            Self::User => &users::named(scene, input)?.1.holdings,
        })
    }

    /// The same, to be changed.
    pub(super) fn holdings_mut<'a>(self, scene: &'a mut Scene<'_>, input: &Input) -> Result<&'a mut Holdings, Refusal> {
        Ok(match self {
            Self::Role => &mut roles::named_mut(scene, input)?.holdings,
            Self::User => &mut users::named_mut(scene, input)?.holdings,
        })
    }
}
