//! Pacing: a big stack is made about as fast as AWS's token buckets let it be, and Pando seldom finds one of them empty.
//!
//! In virtual time, in a world where nothing takes any time, so that all that goes by is what Pando waits.

use std::collections::BTreeMap;
use std::time::Duration;

use pando::simulator::log::Call;
use pando::simulator::settings::{Durations, Settings, Throttling};
use tokio::time::Instant;

use crate::support::documents::ready_made;
use crate::support::simulated::{connect, world};
use crate::support::stack::{Stack, blueprint};

/// What services say when there are too many calls.
const TOO_MANY: [&str; 4] = ["RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException"];

/// A bucket's name, how many calls it takes at once, and how many each second.
type Limit<'a> = (&'a str, f64, f64);

/// An apply from nothing.
struct Run {
    resources: usize,
    calls: Vec<Call>,
    took: Duration,
}

impl Run {
    /// How many calls were throttled.
    fn throttled(&self) -> usize {
        self.calls.iter().filter(|call| is_throttled(call)).count()
    }

    /// The least time in which its calls pass buckets that are full and this share of what AWS documents, and the bucket that takes longest.
    fn least(&self, share: f64) -> (Duration, String) {
        let mut buckets: BTreeMap<String, f64> = BTreeMap::new();
        for call in self.calls.iter().filter(|call| !is_throttled(call)) {
            for (name, burst, refill) in documented(&call.service, &call.action) {
                // A token is there at once, or one refill later than the one before.
                let wait = buckets.entry(format!("{}:{name}", call.service)).or_insert(-burst / refill);
                *wait += 1.0 / (refill * share);
            }
        }
        let longest = buckets.into_iter().max_by(|(_, one), (_, other)| one.total_cmp(other));
        let (name, wait) = longest.expect("some calls");
        (Duration::from_secs_f64(wait.max(0.0)), name)
    }
}

fn is_throttled(call: &Call) -> bool {
    call.error.as_deref().is_some_and(|code| TOO_MANY.contains(&code))
}

/// The buckets that AWS documents for an action.
fn documented<'a>(service: &str, action: &'a str) -> Vec<Limit<'a>> {
    let is_read = action.starts_with("Describe") || action.starts_with("Get");
    match service {
        "ec2" => vec![match action {
            "CreateNatGateway" => (action, 10.0, 1.0),
            "CreateVpcEndpoint" => (action, 4.0, 0.3),
            "CreateTags" => (action, 100.0, 10.0),
            "CreateLaunchTemplateVersion" | "ModifyLaunchTemplate" => (action, 100.0, 5.0),
            _ if is_read => (action, 100.0, 20.0),
            _ => (action, 50.0, 5.0),
        }],
        "elasticloadbalancing" => {
            let own = match action {
                "CreateLoadBalancer" | "SetSubnets" => (action, 10.0, 0.2),
                _ if is_read => ("describe", 40.0, 10.0),
                _ => ("change", 20.0, 3.0),
            };
            vec![("all", 40.0, 10.0), own]
        }
        "rds" => vec![("all", 300.0, 12.0)],
        _ => Vec::new(),
    }
}

/// Makes the web service that comes with Pando, with so many more groups of workers.
async fn made(groups: usize, throttling: Throttling) -> Run {
    let workers: Vec<String> =
        (0..groups).map(|number| format!("  job{number:02}: {{ clones: {{ min: 1, max: 2 }} }}\n")).collect();
    let text = ready_made("web-service", &[("\nworkers:\n", &format!("\nworkers:\n{}", workers.concat()))]);
    let wanted = blueprint(&text, Some("dev"));
    let simulator = world(Settings { durations: Durations::none(), throttling, ..Settings::default() });
    let stack = Stack::in_virtual_time(connect(&simulator).await, &wanted);
    let graph = stack.graph(Some(&wanted)).await;
    let (before, began) = (simulator.calls().len(), Instant::now());
    let report = stack.attempt(&graph).await;
    let took = began.elapsed();
    assert!(report.is_some_and(|report| report.is_complete()), "{:#?}", stack.events());
    Run { resources: graph.len(), calls: simulator.calls().split_off(before), took }
}

/// What the kinds wait by their own declaration: pauses between two looks, and second looks where reads go back and forth. It is what the plain
/// web service takes, which is too small to be paced; more groups of workers stand beside one another, and do not make it longer.
async fn declared_waits() -> Duration {
    let plain = made(0, Throttling::Off).await;
    assert_eq!((plain.throttled(), plain.least(0.8).0), (0, Duration::ZERO));
    plain.took
}

#[tokio::test(start_paused = true)]
async fn a_big_stack_gets_what_others_leave_of_an_account_and_seldom_asks_too_often() {
    let declared = declared_waits().await;
    let run = made(40, Throttling::Half).await;
    let ((least, bucket), throttled, calls) = (run.least(0.5), run.throttled(), run.calls.len());
    println!(
        "{} resources: {throttled} of {calls} calls throttled, {:?}; at least {least:?} for {bucket}, and {declared:?} of waits",
        run.resources, run.took
    );
    assert!(run.resources >= 300, "{}", run.resources);
    assert!(least > Duration::from_secs(5), "{bucket} is large enough: {least:?}");
    assert!(throttled * 100 <= calls, "{throttled} of {calls} calls throttled");
    assert!(run.took <= least.mul_f64(1.15) + declared, "{:?}", run.took);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_throttles_calls_wait_for_pandos_own_share_and_no_longer() {
    let declared = declared_waits().await;
    let run = made(60, Throttling::Off).await;
    // Pando takes four fifths of what AWS documents.
    let (least, bucket) = run.least(0.8);
    println!("{} resources: {:?}; at least {least:?} for {bucket}, and {declared:?} of waits", run.resources, run.took);
    assert_eq!(run.throttled(), 0);
    assert!(run.took >= least, "{:?} and not {least:?}: {bucket} was not paced", run.took);
    // A look that comes a moment too early is followed by one a quarter of a second later, and by one half a second after that.
    assert!(run.took <= least + declared + Duration::from_secs(1), "{:?}", run.took);
}
