//! Pando's own simulator, for tests: in this process, in virtual time. The test's runtime must have its clock paused.

use aws_smithy_async::time::SharedTimeSource;
use pando::aws::clients::{Access, Aws, Target, Transport};
use pando::cli::local_aws::ACCOUNT;
use pando::simulator::Simulator;
use pando::simulator::clock::Clock;
use pando::simulator::doors::in_process::{Door, WorldTime};
use pando::simulator::settings::Settings;

use super::emulator::REGION;

/// A new world in virtual time.
pub fn world(settings: Settings) -> Simulator {
    Simulator::new(settings, Clock::virtual_time())
}

/// Clients that may write, in this world.
pub async fn connect(simulator: &Simulator) -> Aws {
    let transport = Transport {
        client: Door::new(simulator).client(),
        time: SharedTimeSource::new(WorldTime(simulator.clock().clone())),
    };
    let target = Target {
        region: Some(REGION.to_owned()),
        endpoint_url: Some("http://simulator.invalid".to_owned()),
        emulator_account: Some(ACCOUNT.to_owned()),
        transport: Some(transport),
        ..Target::default()
    };
    Aws::connect(&target, Access::Write).await.expect("the simulator takes any credentials")
}
