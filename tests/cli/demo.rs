//! `pando demo`: the whole story, and its end when nobody wants to hear it any more.

use std::net::TcpStream;
use std::path::PathBuf;

use pando::cli::local_aws::cache_folder;
use rustix::process::Signal;

use crate::support::command::{Ended, Sandbox, until};

/// A folder for everything temporary, and the emulators where all tests have them.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    let temporary = sandbox.path("home").display().to_string();
    sandbox.set("TMPDIR", &temporary).set("PANDO_CACHE", &cache_folder().unwrap().display().to_string())
}

/// Nobody listens any more where the emulators answered, and nothing temporary is left.
async fn is_over(sandbox: &Sandbox, ended: &Ended) {
    let addresses: Vec<&str> =
        ended.err.split("answers at http://").skip(1).filter_map(|rest| rest.split([';', '\n']).next()).collect();
    assert!(!addresses.is_empty(), "{ended}");
    for address in addresses {
        // A process that was killed may take a moment to be gone.
        until("nobody answers", || TcpStream::connect(address).is_err()).await;
    }
    assert_eq!(journals(sandbox), Vec::<PathBuf>::new());
}

/// The journals of demos that run or were left behind.
fn journals(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(sandbox.path("home")).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.join(".pando/shop/journal")).filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn it_deploys_changes_and_destroys_a_stack_and_leaves_nothing() {
    let sandbox = sandbox();
    let ended = sandbox.run(&["demo"]).await;
    ended.expect(
        0,
        &[
            "80 to create",
            "clones: 4 in service of 4 wanted",
            "Nothing to do.",
            "by `protect`",
            "found nothing left",
            "All of it took",
        ],
    );
    is_over(&sandbox, &ended).await;
}

#[tokio::test]
async fn it_can_be_told_on_emulators_that_others_wrote() {
    let sandbox = sandbox();
    let ended = sandbox.run(&["demo", "--emulator", "moto"]).await;
    ended.expect(0, &["moto 5", "ministack 1", "Nothing to do.", "found nothing left"]);
    is_over(&sandbox, &ended).await;
}

#[tokio::test]
async fn interrupted_it_ends_at_once_and_leaves_no_process_behind() {
    let sandbox = sandbox();
    let running = sandbox.start(&["demo"]);
    let begun = || journals(&sandbox).iter().any(|path| path.metadata().is_ok_and(|journal| journal.len() > 0));
    until("the demo deploys", begun).await;
    running.signal(Signal::INT);
    let ended = running.end().await;
    ended.expect(130, &["stopped"]);
    is_over(&sandbox, &ended).await;
}

#[tokio::test]
async fn it_takes_no_blueprint_and_no_endpoint_from_the_user() {
    for arguments in [["demo", "--file", "mine.yaml"], ["demo", "--env", "dev"], ["demo", "--endpoint-url", "http://a"]]
    {
        Sandbox::empty().run(&arguments).await.expect(64, &["brings its own blueprint"]);
    }
}
