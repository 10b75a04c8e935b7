//! Updates that nobody saw the end of: both what there was and what was asked for may be the case.

use pando::engine::address::Incarnation;
use pando::engine::journal::{Entry, Fact};
use pando::engine::state::Status;

use crate::support::toy::world::{BASE, Look, applied, block_on, graph, lines};

/// While nobody knows whether an update happened, what it was to move to is held too: it goes only after another update has let go of it.
#[test]
fn what_an_unanswered_update_may_have_moved_to_goes_after_it_has_moved_back() {
    let mut seen = 0;
    for n in 0.. {
        let fired = block_on(async {
            let world = applied(BASE).await;
            let has_ended = world.apply_until(n, &graph(Look { image: "image-2", ..BASE })).await;
            let state = world.process().state;
            let fleet: Incarnation = "fleet/web@1".to_owned().try_into().unwrap();
            if matches!(&state.records[&fleet].status, Status::Updating { at: Some(_), .. }) {
                seen += 1;
                let plan = world.plan(&graph(BASE)).await;
                let new: Incarnation = "template/web@2".to_owned().try_into().unwrap();
                assert!(plan.steps[&new].after.contains(&fleet), "{n}: {}", lines(&plan));
            }
            !has_ended
        });
        if !fired {
            break;
        }
    }
    assert!(seen > 0);
}

/// Two updates that nobody saw the end of: whatever the first may have moved to is held by the second, too.
#[test]
fn what_an_update_may_have_moved_to_stays_held_when_another_update_is_sent_after_it() {
    block_on(async {
        let world = applied(BASE).await;
        let of = |life: &str| -> Incarnation { life.to_owned().try_into().unwrap() };
        let (fleet, new) = (of("fleet/web@1"), of("template/web@2"));
        let made =
            |entries: &[Entry]| entries.iter().any(|entry| matches!(entry, Entry::Happened { of, .. } if *of == new));
        for n in 0.. {
            world.apply_until(n, &graph(Look { image: "image-2", ..BASE })).await;
            if matches!(world.process().state.records[&fleet].status, Status::Updating { .. }) {
                break;
            }
        }
        assert!(made(&world.entries.lock().unwrap()));
        let back = world.process().state.records[&fleet].request.clone();
        let sent = Entry::Happened { of: fleet.clone(), fact: Fact::UpdateSent { request: back, at: 0 } };
        world.entries.lock().unwrap().push(sent);
        let plan = world.plan(&graph(BASE)).await;
        assert!(plan.steps[&new].after.contains(&fleet), "{}", lines(&plan));
        world.applied(&graph(BASE)).await;
        world.check(&graph(BASE), "twice").await;
    });
}

/// What the cloud does not tell back may have been changed by an update that nobody saw the end of, and is set again.
#[test]
fn what_an_unanswered_update_may_have_set_is_set_back() {
    block_on(async {
        let world = applied(BASE).await;
        let other = graph(Look { secret: 2, ..BASE });
        let group: Incarnation = "group/db@1".to_owned().try_into().unwrap();
        let secrets = || -> Vec<serde_json::Value> {
            let world = world.cloud.world.lock().unwrap();
            let groups = world.objects.values().filter(|object| object.kind == "group");
            groups.map(|group| group.body["secret"].clone()).collect()
        };
        for n in 0.. {
            world.apply_until(n, &other).await;
            let is_updating = matches!(world.process().state.records[&group].status, Status::Updating { .. });
            if is_updating && secrets().contains(&serde_json::json!(2)) {
                break;
            }
        }
        world.applied(&graph(BASE)).await;
        assert!(secrets().iter().all(|secret| *secret == 1), "{:?}", secrets());
    });
}
