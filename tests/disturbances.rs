//! The engine on a fake cloud that is in the way, busy, slow or short-sighted, and on a disk that is full.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pando::engine::cloud_error::CloudError;
use pando::engine::deployment::RunError;
use pando::engine::event::Event;
use pando::engine::execute::Failure;
use tokio::time::Instant;

use crate::support::toy::cloud::Fault;
use crate::support::toy::world::{BASE, Look, World, applied, block_on, graph, lines};

#[test]
fn a_foreign_thing_in_the_way_is_never_adopted_and_the_rest_goes_on() {
    block_on(async {
        let world = applied(Look { second_subnet: false, ..BASE }).await;
        let network = {
            let cloud = world.cloud.world.lock().unwrap();
            cloud.objects.iter().find(|(_, o)| o.kind == "network").unwrap().0.clone()
        };
        let body = serde_json::json!({"network": network, "cidr": "10.0.2.0/24", "zone": "z", "tags": {}});
        let foreign = world.cloud.world.lock().unwrap().make("subnet", None, None, body, 0);
        let report = world.apply(&graph(Look { image: "image-2", ..BASE })).await.unwrap().unwrap();
        let failed: Vec<_> = report.failed.iter().map(|(at, why)| format!("{at}: {why}")).collect();
        assert_eq!(failed, ["subnet/b@1: already there, and not of this stack: 10.0.2.0/24"]);
        assert!(matches!(report.failed.values().next(), Some(Failure::Cloud(CloudError::Foreign(_)))));
        let left: Vec<_> = report.left.iter().map(ToString::to_string).collect();
        assert_eq!(left, ["fleet/web@1", "group/web@1", "template/web@1"], "what stands on it, and nothing else");
        assert_eq!(report.done.iter().map(ToString::to_string).collect::<Vec<_>>(), ["template/web@2"]);
        assert!(world.cloud.world.lock().unwrap().objects.contains_key(&foreign));
    });
}

#[test]
fn a_foreign_thing_that_is_what_was_asked_for_is_not_adopted_either() {
    block_on(async {
        let world = applied(Look { ruled: false, ..BASE }).await;
        let foreign = {
            let mut cloud = world.cloud.world.lock().unwrap();
            let group = |has_network: bool| {
                let mut groups = cloud.objects.iter().filter(|(_, object)| object.kind == "group");
                groups.find(|(_, group)| group.body["network"].is_null() != has_network).unwrap().0.clone()
            };
            let (web, db) = (group(true), group(false));
            let body = serde_json::json!({"from": web, "to": db, "port": 5432, "note": "theirs"});
            cloud.make("rule", None, Some(format!("{web}>{db}:5432")), body, 0)
        };
        // What does not show yet could be our own, delivered twice.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let report = world.apply(&graph(BASE)).await.unwrap().unwrap();
        let failed: Vec<_> = report.failed.keys().map(ToString::to_string).collect();
        assert_eq!(failed, ["rule/web-to-db@1"], "{report:?}");
        assert!(matches!(report.failed.values().next(), Some(Failure::Cloud(CloudError::Foreign(_)))), "{report:?}");
        assert_eq!(world.cloud.world.lock().unwrap().objects[&foreign].body["note"], "theirs");
    });
}

#[test]
fn a_busy_cloud_is_asked_again_with_growing_pauses() {
    block_on(async {
        let world = World::new(1);
        world.cloud.world.lock().unwrap().busy = 12;
        world.applied(&graph(BASE)).await;
        world.check(&graph(BASE), "busy").await;
        let postponed = world.events().iter().filter(|e| matches!(e, Event::StepPostponed { .. })).count();
        assert_eq!(postponed, 12);
    });
}

#[test]
fn what_was_just_made_and_is_not_known_everywhere_is_changed_a_little_later() {
    block_on(async {
        let mut missed = 0;
        for n in 0.. {
            let world = World::new(1);
            world.cloud.faults.arm(n, Fault::Forgotten);
            let report = world.apply(&graph(Look { keep: true, ..BASE })).await.unwrap().unwrap();
            if !world.cloud.faults.fired.load(Ordering::SeqCst) {
                break;
            }
            let failed: Vec<_> = report.failed.keys().map(ToString::to_string).collect();
            let is_there = world.cloud.world.lock().unwrap().present().values().any(|object| object.kind == "network");
            assert!(!is_there || !failed.contains(&"network/main@1".to_owned()), "{n}: {report:?}");
            missed += usize::from(!report.is_complete());
        }
        assert!(missed > 3, "{missed}");
    });
}

#[test]
fn what_the_cloud_never_shows_is_not_forgotten_when_it_was_busy() {
    block_on(async {
        let world = applied(BASE).await;
        world.cloud.world.lock().unwrap().busy = 2;
        let changed = Look { secret: 2, ..BASE };
        world.applied(&graph(changed)).await;
        world.check(&graph(changed), "busy").await;
        let mut cloud = world.cloud.world.lock().unwrap();
        let secrets: Vec<_> = cloud.present().values().map(|object| object.body["secret"].clone()).collect();
        assert_eq!(secrets.iter().filter(|secret| **secret == 2).count(), 2, "{secrets:?}");
        assert!(!secrets.contains(&1.into()), "{secrets:?}");
    });
}

#[test]
fn a_cloud_that_stays_busy_fails_the_step_and_the_next_run_finishes() {
    block_on(async {
        let world = World::new(1);
        world.cloud.world.lock().unwrap().busy = u32::MAX;
        let report = world.apply(&graph(BASE)).await.unwrap().unwrap();
        assert!(!report.failed.is_empty() && report.failed.values().all(|f| matches!(f, Failure::Postponed(..))));
        assert!(!report.left.is_empty());
        world.cloud.world.lock().unwrap().busy = 0;
        world.applied(&graph(BASE)).await;
        world.check(&graph(BASE), "busy").await;
    });
}

#[test]
fn calls_under_way_are_bounded() {
    block_on(async {
        let world = World::new(1);
        let (base, mut process) = (graph(BASE), world.process());
        process.parallel = 2;
        let (plan, seen) = process.plan(&base).await.unwrap();
        assert!(process.apply(&base, &plan, &seen).await.unwrap().is_complete());
        assert_eq!(world.cloud.world.lock().unwrap().most_at_once, 2);
    });
}

#[test]
fn a_stop_lets_calls_under_way_return_and_starts_no_more() {
    block_on(async {
        let world = World::new(1);
        let (base, started) = (graph(BASE), Instant::now());
        let stop = async {
            tokio::time::sleep(Duration::from_secs(100)).await;
            world.stop.send_replace(true);
        };
        let (report, ()) = tokio::join!(world.apply(&base), stop);
        let report = report.unwrap().unwrap();
        assert!(report.stopped && !report.left.is_empty() && report.failed.is_empty(), "{report:?}");
        assert!(started.elapsed() < Duration::from_secs(105), "the groups take ten minutes");
        world.stop.send_replace(false);
        world.applied(&base).await;
        world.check(&base, "stopped").await;
    });
}

#[test]
fn a_stop_does_not_wait_for_those_who_do_not_answer_and_the_next_run_looks_them_up() {
    block_on(async {
        let world = World::new(1);
        world.cloud.world.lock().unwrap().slow = Duration::from_mins(1);
        let (base, started) = (graph(BASE), Instant::now());
        let stop = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            world.stop.send_replace(true);
        };
        let (report, ()) = tokio::join!(world.apply(&base), stop);
        let report = report.unwrap().unwrap();
        assert!(report.stopped && !report.unproved.is_empty() && report.failed.is_empty(), "{report:?}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        world.cloud.world.lock().unwrap().slow = Duration::ZERO;
        world.stop.send_replace(false);
        world.applied(&base).await;
        world.check(&base, "stopped").await;
    });
}

#[test]
fn expired_credentials_end_a_run_at_once_and_with_new_ones_the_next_goes_on() {
    block_on(async {
        let mut cases = 0;
        for n in 0.. {
            let world = World::new(1);
            world.cloud.faults.arm(n, Fault::Expired);
            let started = Instant::now();
            let result = world.apply(&graph(BASE)).await.unwrap();
            if !world.cloud.faults.fired.load(Ordering::SeqCst) {
                break;
            }
            cases += 1;
            match result {
                // They expired after the last call was answered.
                Ok(report) if report.is_complete() => {}
                Ok(report) => {
                    assert!(report.expired.is_some() && report.failed.is_empty(), "{n}: {report:?}");
                    assert!(!report.left.is_empty() || !report.unproved.is_empty(), "{n}: {report:?}");
                }
                Err(RunError::Read(_, CloudError::Expired(_))) => {}
                Err(other) => panic!("{n}: {other}"),
            }
            assert!(started.elapsed() < Duration::from_mins(15), "nobody waits for what cannot come");
            world.cloud.faults.disarm();
            world.applied(&graph(BASE)).await;
            world.check(&graph(BASE), &format!("expired at {n}")).await;
        }
        assert!(cases > 30, "{cases}");
    });
}

#[test]
fn when_the_disk_is_full_nothing_is_sent_and_nothing_is_lost() {
    block_on(async {
        for room in 0..30 {
            let mut world = World::new(1);
            world.room = room;
            let result = world.apply(&graph(BASE)).await.unwrap();
            assert!(matches!(result, Err(RunError::Journal(_))), "{room}: {result:?}");
            world.room = usize::MAX;
            world.applied(&graph(BASE)).await;
            world.check(&graph(BASE), &format!("room for {room}")).await;
        }
    });
}

#[test]
fn one_blind_read_makes_nothing_vanish() {
    block_on(async {
        let world = applied(BASE).await;
        for n in 0..7 {
            world.cloud.faults.arm(n, Fault::Blind);
            assert_eq!(lines(&world.plan(&graph(BASE)).await), "", "read {n}");
            assert!(world.cloud.faults.fired.load(Ordering::SeqCst));
        }
        world.cloud.faults.disarm();
    });
}

#[test]
fn events_tell_the_story_of_a_run() {
    block_on(async {
        let world = applied(BASE).await;
        let events = world.events();
        let started = events.iter().filter(|e| matches!(e, Event::StepStarted { .. })).count();
        let finished = events.iter().filter(|e| matches!(e, Event::StepFinished { .. })).count();
        assert_eq!((started, finished), (10, 10));
        assert!(events.iter().any(|e| matches!(e, Event::StillWaiting { why, .. } if why == "pending")));
        for event in events {
            let text = serde_json::to_string(&event).unwrap();
            let back: Event = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), text);
        }
    });
}

// types
