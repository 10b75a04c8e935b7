//! The whole of Pando on its own simulator: the SDK, the kinds and the engine, in one process and in virtual time.

use std::time::Duration;

use pando::aws::clients::{Access, Aws, Target};
use pando::blueprint::Blueprint;
use pando::cli::local_aws::ACCOUNT;
use pando::simulator::Simulator;
use pando::simulator::inventory::Thing;
use pando::simulator::settings::{Settings, Throttling, Visibility};
use pando::simulator::weather::{Fault, Rule, When};

use crate::support::documents::ready_made;
use crate::support::emulator::REGION;
use crate::support::simulated::{connect, served, world};
use crate::support::stack::{Stack, blueprint};

/// The ready-made blueprints.
const BLUEPRINTS: [&str; 4] = ["database-only", "web-only", "web-service", "worker-only"];

async fn stack(simulator: &Simulator, text: &str) -> Stack {
    Stack::in_virtual_time(connect(simulator).await, &blueprint(text, None))
}

/// Nothing that Pando sends is without effect: each parameter was looked at.
fn every_parameter_was_read(simulator: &Simulator) {
    let calls = simulator.calls();
    let unread: Vec<String> = calls
        .iter()
        .filter(|call| !call.unread.is_empty())
        .map(|call| format!("{} {}: {}", call.service, call.action, call.unread.join(", ")))
        .collect();
    assert_eq!(unread, Vec::<String>::new());
}

/// Goes up, has nothing to do, and goes down, whatever the world is like.
async fn up_and_down(name: &str, settings: Settings) {
    let simulator = world(settings);
    let text = ready_made(name, &[]);
    let stack = stack(&simulator, &text).await;
    stack.applied(&blueprint(&text, None)).await;
    let unprotected = text.replacen("\nregion:", "\nprotect: []\nregion:", 1);
    stack.applied(&blueprint(&unprotected, None)).await;
    stack.destroyed().await;
    every_parameter_was_read(&simulator);
}

#[tokio::test(start_paused = true)]
async fn every_blueprint_goes_up_and_comes_down() {
    for name in BLUEPRINTS {
        up_and_down(name, Settings::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_may_stay_invisible_for_a_while() {
    for seconds in [2, 20] {
        let visibility = Visibility::Always(Duration::from_secs(seconds));
        up_and_down("web-service", Settings { visibility, ..Settings::default() }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_account_is_slower_and_gets_there() {
    let settings = Settings { throttling: Throttling::Half, ..Settings::default() };
    up_and_down("web-service", settings).await;
}

/// Now and then a call is lost, its answer is lost, it is carried out late or twice, or it fails in spite of being carried out.
fn storm() -> Vec<Rule> {
    let faults = [
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::Late(Duration::from_secs(45)),
        Fault::Twice,
        Fault::ErrorBefore(503),
        Fault::ErrorAfter(500),
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::Throttled,
    ];
    let rule = |fault| Rule { service: None, action: None, fault, when: When::Chance(0.005) };
    faults.into_iter().map(rule).collect()
}

/// Applies, or destroys, as often as it takes.
async fn insist(stack: &Stack, wanted: Option<&Blueprint>) {
    for _ in 0..20 {
        let graph = stack.graph(wanted).await;
        if stack.attempt(&graph).await.is_some_and(|report| report.is_complete()) {
            return;
        }
    }
    panic!("not done after twenty runs: {:#?}", stack.events());
}

#[tokio::test(start_paused = true)]
async fn in_bad_weather_nothing_is_lost_and_nothing_is_made_twice() {
    for seed in 0..3 {
        let simulator = world(Settings { seed, ..Settings::default() });
        let text = ready_made("web-service", &[]);
        let (dev, name) = (blueprint(&text, Some("dev")), "shop-dev");
        let stack = Stack::in_virtual_time(connect(&simulator).await, &dev);
        // Look-ups come first; weather is for what changes.
        let graph = stack.expand(&dev).await.graph;
        simulator.set_weather(storm());
        insist(&stack, Some(&dev)).await;
        simulator.set_weather(Vec::new());
        assert!(stack.plan(&dev).await.is_empty(), "seed {seed}");
        let owned = |thing: &Thing| thing.tags.get("pando:stack").is_some_and(|stack| stack == name);
        let made = simulator.inventory().unwrap().into_iter().filter(owned).count();
        assert!(made >= graph.len() / 2, "seed {seed}: {made} things of {} resources", graph.len());
        simulator.set_weather(storm());
        insist(&stack, None).await;
        simulator.set_weather(Vec::new());
        stack.destroyed().await;
        // What is still shown an hour after its end (instances, gateways) is gone after two.
        tokio::time::sleep(Duration::from_hours(2)).await;
        // A database's backups stay on purpose.
        let is_backup = |thing: &Thing| thing.kind.starts_with("rds/");
        let left: Vec<Thing> =
            simulator.inventory().unwrap().into_iter().filter(owned).filter(|it| !is_backup(it)).collect();
        assert_eq!(left, [], "seed {seed}");
    }
}

/// Nothing happens between the kill and the end of the process, however long that takes.
#[tokio::test]
async fn who_was_killed_over_http_is_not_heard_until_another_comes() {
    let (simulator, server) = served(Settings::default(), 1.0).await;
    let target = Target {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(server.url.clone()),
        emulator_account: Some(ACCOUNT.to_owned()),
        ..Target::default()
    };
    let ec2 = Aws::connect(&target, Access::Write).await.unwrap().api.ec2;
    let rule =
        Rule { service: None, action: Some("CreateVpc".to_owned()), fault: Fault::KillAfter, when: When::Nth(1) };
    simulator.set_weather(vec![rule]);
    let make = |range: &str| ec2.create_vpc().cidr_block(range).send();
    let mut death = simulator.death();
    tokio::select! {
        answer = make("10.1.0.0/16") => panic!("the killed heard {answer:?}"),
        died = death.wait_for(|died| *died) => drop(died.unwrap()),
    }
    let count = || simulator.counts().get(&("ec2".into(), "CreateVpc".to_owned())).copied();
    let unheard = tokio::time::timeout(Duration::from_millis(200), make("10.2.0.0/16")).await;
    assert!(unheard.is_err(), "{unheard:?}");
    assert_eq!(count(), Some(1), "the dead ask nothing");
    simulator.revive();
    make("10.3.0.0/16").await.unwrap();
    let vpcs = ec2.describe_vpcs().send().await.unwrap();
    let ranges: Vec<_> =
        vpcs.vpcs().iter().filter_map(|vpc| vpc.cidr_block()).filter(|it| it.starts_with("10.")).collect();
    assert_eq!(ranges, ["10.1.0.0/16", "10.3.0.0/16"], "what was asked before the kill was done");
}
