//! Seven toy kinds over a fake cloud: one for each way in which real kinds are awkward.

pub mod cloud;
pub mod fleet;
pub mod group;
pub mod guard;
pub mod network;
pub mod rule;
pub mod subnet;
pub mod template;
pub mod world;

use pando::engine::kind::Registry;

use cloud::FakeCloud;

/// All toy kinds.
pub fn registry() -> Registry<FakeCloud> {
    Registry::default()
        .with::<network::Network>()
        .with::<guard::Guard>()
        .with::<subnet::Subnet>()
        .with::<group::Group>()
        .with::<rule::Rule>()
        .with::<template::Template>()
        .with::<fleet::Fleet>()
}

macro_rules! id {
    ($name:ident) => {
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub String);
    };
}
pub(crate) use id;
