//! MiniStack alone, for what it has: its Auto Scaling starts nothing, and its databases keep their logs to themselves, so a cache with all that it
//! stands on.

use super::{Change, Trial};
use crate::support::emulator::Emulators;

const BLUEPRINT: &str = "\
pando: 1
stack: memory
region: eu-west-1
cache: { engine: valkey 8, replicas: 1 }
";

#[tokio::test]
async fn a_cache_grows_and_shrinks_on_ministack() {
    let mut trial = Trial::new(Emulators::ministack().await, BLUEPRINT.to_owned());
    trial.applied().await;
    let more = Change {
        edits: &[("replicas: 1 }", "replicas: 3, node: cache.r7g.large }")],
        steps: &["update replication_group/cache"],
    };
    trial.change(&more).await;
    // None at all: nobody is left to take over, and nobody stands in another zone.
    let fewer = Change { edits: &[("replicas: 3,", "replicas: 0,")], steps: &["update replication_group/cache"] };
    trial.change(&fewer).await;
    trial.unprotect().await;
    trial.destroyed().await;
}
