//! MiniStack alone, for what it has: its Auto Scaling is a facade that starts nothing, so stacks without clones.

use super::{Change, Trial, read};
use crate::support::emulator::Emulators;

#[tokio::test]
async fn a_database_and_a_cache_stand_on_ministack() {
    let text = format!("{}\ncache: {{ engine: valkey 8, replicas: 1 }}\n", read("database-only"));
    let mut trial = Trial::new(Emulators::ministack().await, text);
    trial.applied().await;
    trial.witness().await.replicas_copy_the_primary(1).await;
    let more = Change {
        edits: &[("storage: 50 GiB", "storage: 60 GiB"), ("replicas: 1 }", "replicas: 2 }")],
        steps: &["update db_instance/primary", "update replication_group/cache"],
    };
    trial.change(&more).await;
    trial.unprotect().await;
    trial.destroyed().await;
}
