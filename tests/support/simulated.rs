//! Pando's own simulator, for tests: in this process and in virtual time, for which the test's runtime must have its clock paused; or over HTTP.

use std::time::Duration;

use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use pando::aws::clients::{Access, Aws, Target, Transport};
use pando::cli::local_aws::ACCOUNT;
use pando::simulator::Simulator;
use pando::simulator::clock::{Clock, Moment};
use pando::simulator::doors::http::Server;
use pando::simulator::doors::in_process::{Door, WorldTime};
use pando::simulator::settings::Settings;
use tokio::time::{Instant, sleep};

/// The region that tests use unless they say another.
pub const REGION: &str = "eu-west-1";

/// A new world in virtual time.
pub fn world(settings: Settings) -> Simulator {
    Simulator::new(settings, Clock::virtual_time())
}

/// A new world on a port of its own, where time passes that much faster than outside.
pub async fn served(settings: Settings, speed: f64) -> (Simulator, Server) {
    let began = Instant::now();
    let clock = Clock::new(Moment::BEGINNING, speed, move || began.elapsed());
    let simulator = Simulator::new(settings, clock);
    let server = Server::start(simulator.clone(), 0).await.expect("a free port");
    (simulator, server)
}

/// Whether a call of this name changes nothing.
pub fn is_read(action: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| action.starts_with(verb))
}

/// Waits until a world that is served is at rest: what has ended is shown for an hour, and whoever is wanted has come by then.
pub async fn at_rest(simulator: &Simulator) {
    let rest = simulator.clock().now().plus(Duration::from_mins(75));
    while simulator.clock().now() < rest {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Clients that may write, in this world.
pub async fn connect(simulator: &Simulator) -> Aws {
    connect_as(simulator, ACCOUNT).await
}

/// The same by this client, which leads there.
pub async fn connect_through(simulator: &Simulator, client: SharedHttpClient) -> Aws {
    connect_with(simulator, ACCOUNT, client).await
}

/// The same for another account.
pub async fn connect_as(simulator: &Simulator, account: &str) -> Aws {
    connect_with(simulator, account, Door::new(simulator).client()).await
}

async fn connect_with(simulator: &Simulator, account: &str, client: SharedHttpClient) -> Aws {
    let target = Target { emulator_account: Some(account.to_owned()), ..target_through(simulator, client) };
    Aws::connect(&target, Access::Write).await.expect("the simulator takes any credentials")
}

/// What leads to this world.
pub fn target(simulator: &Simulator) -> Target {
    target_through(simulator, Door::new(simulator).client())
}

/// What leads to a world that is served.
pub fn target_at(url: &str) -> Target {
    Target {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(url.to_owned()),
        emulator_account: Some(ACCOUNT.to_owned()),
        ..Target::default()
    }
}

fn target_through(simulator: &Simulator, client: SharedHttpClient) -> Target {
    let transport = Transport { client, time: SharedTimeSource::new(WorldTime(simulator.clock().clone())) };
    Target {
        region: Some(REGION.to_owned()),
        endpoint_url: Some("http://simulator.invalid".to_owned()),
        emulator_account: Some(ACCOUNT.to_owned()),
        transport: Some(transport),
        ..Target::default()
    }
}
