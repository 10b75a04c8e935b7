//! One moto for all tests that only need some emulator. Stacks of different names do not meet in it.

use std::sync::OnceLock;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use pando::cli::commands::local::{cache_folder, python};
use pando::emulators::{Emulator, MOTO, Place, start};

use super::command::ACCOUNT;

/// Where it listens. It ends with the process that runs the tests.
pub fn url() -> &'static str {
    static RUNNING: OnceLock<Emulator> = OnceLock::new();
    // A runtime of its own, for that of the first test that asks ends before the others have asked.
    let start = || std::thread::spawn(|| runtime().block_on(begin())).join().unwrap();
    &RUNNING.get_or_init(start).url
}

/// What clients need to ask it directly.
pub async fn config() -> SdkConfig {
    let keys = aws_credential_types::Credentials::new(ACCOUNT, "emulator", None, None, "tests");
    let loader = aws_config::defaults(BehaviorVersion::latest()).credentials_provider(keys);
    loader.region(Region::new("eu-west-1")).endpoint_url(url()).load().await
}

async fn begin() -> Emulator {
    let cache = cache_folder().unwrap();
    let place = Place { cache: &cache, python: &python(), neighbour: None };
    start(&MOTO, &place, &mut |text| println!("{text}")).await.unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
