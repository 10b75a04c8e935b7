//! The same with the state in a bucket: calls to it go wrong too, and whoever goes on does so on the same machine or on another. The first may only
//! have been asleep, and wakes up while the other is at work.

use std::time::Duration;

use fastrand::Rng;
use pando::blueprint::Blueprint;
use pando::engine::graph::Graph;
use pando::simulator::Simulator;
use pando::simulator::weather::Fault;
use pando::store::lease::DEAD;
use tokio::time::sleep;

use super::blows::{Blow, Usual, disturbed, killed, written};
use super::scenarios::{BATCH, CLIMATES, STORE, Scenario, Story};
use super::{Kept, Known, Told, Undisturbed, come_to_rest, converge, is_true, live, many, undisturbed};
use crate::support::bucket::Trouble;
use crate::support::stack::Stack;

/// An accident, and who goes on.
#[derive(Clone, Copy, Debug)]
struct Accident {
    what: What,
    /// Whether another machine does, which knows only what is in the bucket.
    elsewhere: bool,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// To what goes to AWS or to the disk.
    Blow(Blow),
    /// To the call to the bucket of this number.
    Bucket(usize, Trouble),
    /// At this call the machine falls asleep for so long.
    Sleep(usize, Duration),
}

#[tokio::test(start_paused = true)]
async fn team() {
    let scenarios: Vec<&Scenario> = STORE.iter().chain(BATCH).collect();
    let mut known = Known::default();
    many("team", 300, async |seed| {
        let mut random = Rng::with_seed(seed);
        let place = (random.usize(..scenarios.len()), random.u64(..CLIMATES));
        let story = Story::from(scenarios[place.0]);
        let undisturbed = known.of(place, &story, Kept::ByTeam).await;
        let accidents: Vec<Accident> =
            (0..random.usize(1..=2)).map(|_| draw(&mut random, &undisturbed.usual)).collect();
        let case = format!("{} in climate {} with {accidents:?}", story.name, place.1);
        let told = Told(format!("{case}\n  repeat: PANDO_CRASH={seed} cargo test crashes::team"));
        told.of(one(&story, undisturbed, &accidents, seed).await)
    })
    .await;
}

fn draw(random: &mut Rng, usual: &Usual) -> Accident {
    let call = random.usize(1..=usual.stored);
    let what = match random.u8(..10) {
        0..=3 => What::Bucket(call, TROUBLES[random.usize(..TROUBLES.len())]),
        4 | 5 => What::Blow(killed(random, usual)),
        6 => What::Blow(disturbed(random, usual)),
        7 => What::Blow(written(random, usual)),
        _ => What::Sleep(call, Duration::from_secs(random.u64(1..600))),
    };
    Accident { what, elsewhere: random.bool() }
}

const TROUBLES: [Trouble; 7] = [
    Trouble::LostRequest,
    Trouble::LostAnswer,
    Trouble::Twice,
    Trouble::Busy,
    Trouble::SlowDown,
    Trouble::DiesBefore,
    Trouble::DiesAfter,
];

impl Accident {
    /// Whether something may arrive when everything seems done.
    fn is_late(&self) -> bool {
        matches!(self.what, What::Blow(blow) if blow.is_late())
    }
}

/// Whoever takes over knows of everything that may have been made, also where it is no longer wanted and nobody would come across it.
#[tokio::test(start_paused = true)]
async fn what_another_machine_was_making_is_found_by_whoever_destroys_it() {
    let story = Story::from(&BATCH[3]);
    let undisturbed = undisturbed(&story, 0, Kept::ByTeam).await;
    for number in 1..=undisturbed.usual.calls {
        let accident = Accident { what: What::Blow(Blow::Call(number, Fault::KillAfter)), elsewhere: true };
        let result = one(&story, &undisturbed, &[accident], number).await;
        assert!(result.is_ok(), "killed at call {number}: {result:?}");
    }
}

async fn one(story: &Story, undisturbed: &Undisturbed, accidents: &[Accident], seed: u64) -> Result<(), String> {
    let (simulator, mut stack) = undisturbed.begin(seed).await;
    let mut target = story.to.as_ref();
    for accident in accidents {
        stack = befall(&simulator, stack, target, accident).await?;
        target = story.last.as_ref();
    }
    let is_late = accidents.iter().any(Accident::is_late);
    come_to_rest(story, undisturbed, &simulator, &stack, is_late, seed).await
}

/// A process to which something happens. The stack as whoever goes on has it.
async fn befall(
    simulator: &Simulator,
    mut stack: Stack,
    target: Option<&Blueprint>,
    accident: &Accident,
) -> Result<Stack, String> {
    let graph = stack.graph(target).await;
    match accident.what {
        What::Blow(blow) => drop(live(simulator, &stack, &graph, Some(&blow)).await),
        What::Bucket(number, trouble) => {
            stack.trouble(number, trouble);
            live(simulator, &stack, &graph, None).await;
        }
        What::Sleep(number, time) => {
            stack.trouble(number, Trouble::Sleeps);
            return slept(simulator, stack, &graph, time).await;
        }
    }
    if accident.elsewhere {
        return Ok(stack.elsewhere());
    }
    stack.restart();
    Ok(stack)
}

/// A process whose machine falls asleep. Another does its work meanwhile, and nothing that the first does when it wakes up undoes that.
async fn slept(simulator: &Simulator, stack: Stack, graph: &Graph, time: Duration) -> Result<Stack, String> {
    let other = stack.elsewhere();
    let first = stack.attempt(graph);
    tokio::pin!(first);
    tokio::select! {
        biased;
        _ = &mut first => {}
        () = is_true(stack.slumber()) => {
            let woken = async {
                sleep(time).await;
                stack.wake();
            };
            let (there, (), _) = tokio::join!(converge(simulator, &other, graph), woken, first);
            // Whoever wakes up in time still has the lock, and the other has to wait for its end.
            if time > DEAD + Duration::from_secs(20) {
                there.map_err(|why| format!("while another slept: {why}"))?;
            }
        }
    }
    Ok(other)
}
