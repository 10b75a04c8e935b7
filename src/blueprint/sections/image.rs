//! `image`: what clones boot from.

use schemars::JsonSchema;

use crate::aws::lookups::{ImageQuery, Lookup};
use crate::blueprint::architecture::Architecture;
use crate::blueprint::decode::{Spanned, decode_choice, decode_fields};
use crate::blueprint::values::{ImageId, ImageName, ImageOwner, ParameterPath};

/// The machine image that clones boot from: the super-clone.
///
/// What is found is pinned in the state, and stays until `--renew image` asks again.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "snake_case", deny_unknown_fields)]
pub enum Image {
    /// This very image.
    Id(Spanned<ImageId>),
    /// The image that a parameter of SSM names; Amazon keeps such parameters for its own images.
    Ssm(Spanned<ParameterPath>),
    /// The newest image of an owner with this name.
    Newest(Newest),
}

decode_choice!(Image, "`image`", { "id" => Id, "ssm" => Ssm, "newest" => Newest });

/// The newest image of an owner.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Newest {
    /// Whose image: an account's twelve digits, `self` or `amazon`.
    pub owner: ImageOwner,
    /// Its name, with `*` for any text.
    pub name: Spanned<ImageName>,
}

decode_fields!(Newest, "`newest`", { owner!, name! });

impl Image {
    /// How it is found.
    pub fn query(&self) -> ImageQuery {
        match self {
            Self::Id(id) => ImageQuery::Id(id.value.0.clone()),
            Self::Ssm(name) => ImageQuery::Parameter(name.value.0.clone()),
            Self::Newest(newest) => {
                ImageQuery::Newest { owner: newest.owner.0.clone(), name: newest.name.value.0.clone() }
            }
        }
    }

    /// The question to AWS.
    pub fn lookup(&self) -> Lookup {
        Lookup::Image(self.query())
    }

    /// The processor it is made for, as far as its name tells.
    pub fn architecture(&self) -> Option<Architecture> {
        let text = match self {
            Self::Id(_) => return None,
            Self::Ssm(name) => &name.value.0,
            Self::Newest(newest) => &newest.name.value.0,
        };
        let names = [("arm64", Architecture::Arm), ("x86_64", Architecture::X86), ("amd64", Architecture::X86)];
        names.into_iter().find(|(word, _)| text.contains(word)).map(|(_, architecture)| architecture)
    }
}
