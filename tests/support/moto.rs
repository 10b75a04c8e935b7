//! One moto for all tests that only need some emulator, with a MiniStack beside it for the cache, of which moto knows too little. Stacks of
//! different names do not meet there.

use std::sync::OnceLock;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use pando::emulators::{Emulator, MINISTACK, MOTO};

use super::command::{ACCOUNT, Sandbox};
use super::emulator::start;

/// Both end with the process that runs the tests.
struct Running {
    moto: Emulator,
    ministack: Emulator,
}

/// Where moto listens.
pub fn url() -> &'static str {
    &running().moto.url
}

/// Where the emulator of one service listens.
pub fn url_of(service: &str) -> &'static str {
    if service == "elasticache" { &running().ministack.url } else { url() }
}

/// A folder with this blueprint, whose commands talk to the emulators.
pub fn sandbox(blueprint: &str) -> Sandbox {
    Sandbox::with(blueprint).at(url()).set("AWS_ENDPOINT_URL_ELASTICACHE", url_of("elasticache"))
}

/// What clients need to ask moto directly.
pub async fn config() -> SdkConfig {
    let keys = aws_credential_types::Credentials::new(ACCOUNT, "emulator", None, None, "tests");
    let loader = aws_config::defaults(BehaviorVersion::latest()).credentials_provider(keys);
    loader.region(Region::new("eu-west-1")).endpoint_url(url()).load().await
}

fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    // A runtime of its own, for that of the first test that asks ends before the others have asked.
    RUNNING.get_or_init(|| std::thread::spawn(|| runtime().block_on(begin())).join().unwrap())
}

async fn begin() -> Running {
    let moto = start(&MOTO, None).await;
    let ministack = start(&MINISTACK, Some(&moto.url)).await;
    Running { moto, ministack }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}
