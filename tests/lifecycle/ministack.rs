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
async fn a_cache_gets_larger_nodes_and_another_engine_on_ministack() {
    let mut trial = Trial::new(Emulators::ministack().await, BLUEPRINT.to_owned());
    trial.applied().await;
    // MiniStack takes a new number of replicas and keeps the old one, so only their size changes.
    let larger = Change {
        edits: &[("replicas: 1 }", "replicas: 1, node: cache.r7g.large }")],
        steps: &["update replication_group/cache"],
    };
    trial.change(&larger).await;
    trial.unprotect().await;
    trial.edit(&[("valkey 8, replicas: 1", "memcached 1.6, nodes: 1")]);
    trial.applied().await;
    let more = Change { edits: &[("nodes: 1", "nodes: 3")], steps: &["update cache_cluster/cache"] };
    trial.change(&more).await;
    trial.destroyed().await;
}
