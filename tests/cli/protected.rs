//! What is protected stays until somebody says otherwise, twice: by the real binary, on the simulator.

use crate::support::command::Sandbox;
use crate::support::simulated::served;
use pando::simulator::Simulator;
use pando::simulator::settings::Settings;

const BOTH: &str = "\
pando: 1
stack: vault
region: eu-west-1
protect: [database]
image: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 }
database: { engine: postgres 17, multi_az: false }
workers: { reports: { clones: { min: 0, max: 2 } } }
";

fn without(line: &str) -> String {
    BOTH.split_inclusive('\n').filter(|other| !other.starts_with(line)).collect()
}

/// The ids of the things of a sort that exist.
fn there(simulator: &Simulator, kind: &str) -> Vec<String> {
    let all = simulator.inventory().unwrap().into_iter();
    all.filter(|thing| thing.kind == kind).map(|thing| thing.id).collect()
}

#[tokio::test]
async fn a_block_that_is_removed_stays_protected_until_it_is_released() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let sandbox = Sandbox::with(BOTH).at(&server.url);
    sandbox.run(&["protect"]).await.expect(0, &["Nothing is protected."]);
    sandbox.run(&["apply", "--yes"]).await.expect(0, &["Done: "]);
    let listed = ["db_instance/primary (by `protect` in the blueprint", "secret/database (by `protect`"];
    sandbox.run(&["protect"]).await.expect(0, &listed);

    sandbox.write("pando.yaml", without("database:"));
    sandbox.run(&["protect"]).await.expect(0, &["; the blueprint no longer has it"]);
    let before = sandbox.state();
    let said = [
        "still protected: db_instance/primary (by `protect` in the blueprint it was applied with)",
        "pando protect --release db_instance/primary secret/database",
        "nothing was changed",
    ];
    sandbox.run(&["plan"]).await.expect(6, &said);
    sandbox.run(&["apply", "--yes"]).await.expect(6, &said);

    let release = ["protect", "--release", "db_instance/primary", "secret/database"];
    sandbox.run(&release).await.expect(64, &["deletion_protection: true → false", "add `--confirm vault`"]);
    let confirm = |name| [&release[..], &["--confirm", name]].concat();
    sandbox.run(&confirm("other")).await.expect(64, &["`other` is not the stack's name"]);
    let unknown = ["protect", "--release", "db_instance/secondary", "--confirm", "vault"];
    sandbox.run(&unknown).await.expect(64, &["the state has no such resource"]);
    assert_eq!(sandbox.state(), before);
    sandbox.run(&["plan"]).await.expect(6, &said);
    let said = ["~ db_instance/primary  change: its protection changes", "= secret/database  record", "Done: 2 steps."];
    let released = sandbox.run(&confirm("vault")).await;
    released.expect(0, &said);
    assert!(!released.err.contains("still protects"), "{released}");
    sandbox.run(&confirm("vault")).await.expect(0, &["Nothing to do.", "It is not protected."]);
    sandbox.run(&["protect"]).await.expect(0, &["Nothing is protected."]);

    let databases = there(&simulator, "rds/instances");
    // It can go now; and still nothing that holds data goes without the stack's name.
    let gone = "- db_instance/primary  delete: the blueprint no longer has it  (holds data)";
    let said =
        [gone, "Stays behind: the last snapshot, vault-primary-", "add `--confirm vault`", "nothing was changed"];
    sandbox.run(&["apply", "--yes"]).await.expect(64, &said);
    sandbox.run(&["apply", "--confirm", "vault"]).await.expect(64, &[gone, "add `--yes`"]);
    sandbox.run(&["apply", "--yes", "--confirm", "vaults"]).await.expect(64, &["`vaults` is not the stack's name"]);
    assert_eq!(there(&simulator, "rds/instances"), databases);
    let said = [gone, "Left behind: the last snapshot, vault-primary-"];
    sandbox.run(&["apply", "--yes", "--confirm", "vault"]).await.expect(0, &said);
    assert_eq!(there(&simulator, "rds/instances"), Vec::<String>::new());
    let kept = there(&simulator, "rds/snapshots").into_iter().filter(|id| id.ends_with("-final"));
    assert_eq!(kept.collect::<Vec<_>>(), [format!("{}-final", databases[0])]);
    sandbox.run(&["destroy", "--confirm", "vault"]).await.expect(0, &["found nothing left"]);
}
