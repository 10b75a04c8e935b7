//! Caches in a world of their own, with the clock in hand.

use std::time::Duration;

use serde_json::{Value, json};

use super::{SERVICE, State};
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::refusal::Refusal;
use crate::simulator::settings::Settings;
use crate::simulator::world::{Caller, Place, World};

struct Stage {
    world: World,
    now: Moment,
    place: Place,
}

impl Stage {
    /// A world with an available replication group `group` of two members, or more in several shards.
    fn with_group(more: &Value) -> Self {
        let place = Place { account: "123456789012".to_owned(), region: "eu-west-1".to_owned() };
        let mut stage = Self { world: World::new(Settings::default()), now: Moment::BEGINNING, place };
        stage.create(more);
        stage.pass(Duration::from_mins(30));
        stage
    }

    fn create(&mut self, more: &Value) {
        let mut parameters = json!({
            "ReplicationGroupId": "group", "ReplicationGroupDescription": "a test", "Engine": "valkey",
            "CacheNodeType": "cache.t4g.micro", "AutomaticFailoverEnabled": true,
        });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call("CreateReplicationGroup", parameters).unwrap();
    }

    fn call(&mut self, action: &str, parameters: Value) -> Result<String, Refusal> {
        let run = SERVICE.action(action).unwrap().run;
        let caller = Caller::root(&self.place.account);
        let input = Input::from(parameters);
        let answer = self.world.enter(self.now, &self.place, &caller, |scene| run(scene, &input));
        answer.map(|tree| format!("{tree:?}"))
    }

    fn change(&mut self, action: &str, more: &Value) -> Result<String, Refusal> {
        let mut parameters = json!({ "ReplicationGroupId": "group" });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call(action, parameters)
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        self.world.advance(self.now);
    }

    fn look<R>(&mut self, at: impl FnOnce(&State) -> R) -> R {
        let caller = Caller::root(&self.place.account);
        self.world.enter(self.now, &self.place, &caller, |scene| at(&scene.here.elasticache))
    }

    fn node_type(&mut self) -> String {
        self.look(|caches| caches.clusters.get("group-001").unwrap().node.clone())
    }
}

fn two() -> Value {
    json!({ "NumCacheClusters": 2, "PreferredMaintenanceWindow": "sun:05:00-sun:06:00" })
}

#[test]
fn a_change_that_may_wait_waits_for_the_window_and_its_members_say_so() {
    let mut stage = Stage::with_group(&two());
    stage.change("ModifyReplicationGroup", &json!({ "CacheNodeType": "cache.t4g.small" })).unwrap();
    stage.pass(Duration::from_mins(30));
    assert_eq!(stage.node_type(), "cache.t4g.micro");
    let member = stage.call("DescribeCacheClusters", json!({ "CacheClusterId": "group-001" })).unwrap();
    assert!(member.contains("cache.t4g.small"), "{member}");
    stage.pass(Duration::from_hours(8 * 24));
    assert_eq!(stage.node_type(), "cache.t4g.small");
}

#[test]
fn what_was_to_come_of_a_group_does_not_come_of_its_successor() {
    let mut stage = Stage::with_group(&two());
    stage.change("DeleteReplicationGroup", &json!({})).unwrap();
    stage.pass(Duration::from_mins(10));
    assert!(stage.look(|caches| !caches.replication_groups.has("group") && !caches.clusters.has("group-001")));
    stage.create(&two());
    stage.pass(Duration::from_mins(30));
    stage
        .change("ModifyReplicationGroup", &json!({ "CacheNodeType": "cache.t4g.small", "ApplyImmediately": true }))
        .unwrap();
    stage.change("DeleteReplicationGroup", &json!({})).unwrap_err();
    stage.pass(Duration::from_mins(10));
    stage.change("DeleteReplicationGroup", &json!({ "RetainPrimaryCluster": true })).unwrap();
    stage.pass(Duration::from_mins(10));
    assert!(stage.look(|caches| caches.clusters.get("group-001").is_some_and(|kept| kept.status == "available")));
    assert!(stage.look(|caches| !caches.clusters.has("group-002")));
}

#[test]
fn resharding_shares_all_slots_out_anew_and_the_clusters_of_lost_shards_go() {
    let mut stage = Stage::with_group(&json!({ "NumNodeGroups": 3, "ReplicasPerNodeGroup": 1 }));
    let change = json!({ "NodeGroupCount": 2, "NodeGroupsToRemove": ["0002"], "ApplyImmediately": true });
    stage.change("ModifyReplicationGroupShardConfiguration", &change).unwrap();
    assert!(stage.look(|caches| caches.clusters.get("group-0002-001").unwrap().status == "deleting"));
    stage.pass(Duration::from_mins(30));
    let slots = stage.look(|caches| {
        let shards = &caches.replication_groups.get("group").unwrap().shards;
        shards.iter().map(|shard| (shard.id.clone(), shard.slots.clone().unwrap())).collect::<Vec<_>>()
    });
    let expected = [("0001", "0-8191"), ("0003", "8192-16383")].map(|(id, slots)| (id.to_owned(), slots.to_owned()));
    assert_eq!(slots, expected);
    assert_eq!(stage.look(|caches| caches.clusters.len()), 4);
}

#[test]
fn some_parameters_wait_for_a_restart() {
    let mut stage = Stage::with_group(&two());
    let group = json!({ "CacheParameterGroupName": "own", "CacheParameterGroupFamily": "valkey9", "Description": "d" });
    stage.call("CreateCacheParameterGroup", group).unwrap();
    let change = json!({ "CacheParameterGroupName": "own", "ApplyImmediately": true });
    stage.change("ModifyReplicationGroup", &change).unwrap();
    stage.pass(Duration::from_mins(30));
    for (name, value, expected) in [("timeout", "30", "in-sync"), ("databases", "4", "pending-reboot")] {
        let set = json!([{ "ParameterName": name, "ParameterValue": value }]);
        let change = json!({ "CacheParameterGroupName": "own", "ParameterNameValues": set });
        stage.call("ModifyCacheParameterGroup", change).unwrap();
        assert_eq!(stage.look(|caches| caches.clusters.get("group-001").unwrap().parameters), expected, "{name}");
    }
    stage
        .call("RebootCacheCluster", json!({ "CacheClusterId": "group-001", "CacheNodeIdsToReboot": ["0001"] }))
        .unwrap();
    stage.pass(Duration::from_mins(10));
    assert_eq!(stage.look(|caches| caches.clusters.get("group-001").unwrap().parameters), "in-sync");
}

#[test]
fn a_change_of_nothing_is_refused() {
    let mut stage = Stage::with_group(&two());
    for same in [json!({}), json!({ "AutoMinorVersionUpgrade": true }), json!({ "CacheNodeType": "cache.t4g.micro" })] {
        let refusal = stage.change("ModifyReplicationGroup", &same).unwrap_err();
        assert_eq!(refusal.message, "No modifications were requested", "{same}");
    }
}

#[test]
fn a_replica_may_come_and_go_by_itself_but_not_the_last_one() {
    let mut stage = Stage::with_group(&two());
    stage.call("DeleteCacheCluster", json!({ "CacheClusterId": "group-001" })).unwrap_err();
    stage.call("DeleteCacheCluster", json!({ "CacheClusterId": "group-002" })).unwrap_err();
    let join = json!({ "CacheClusterId": "third", "ReplicationGroupId": "group" });
    stage.call("CreateCacheCluster", join).unwrap();
    stage.call("DeleteCacheCluster", json!({ "CacheClusterId": "group-002" })).unwrap_err();
    stage.pass(Duration::from_mins(10));
    stage.call("DeleteCacheCluster", json!({ "CacheClusterId": "group-002" })).unwrap();
    stage.pass(Duration::from_mins(10));
    let members = stage.look(|caches| caches.replication_groups.get("group").unwrap().members());
    assert_eq!(members, ["group-001", "third"]);
    assert!(stage.look(|caches| !caches.clusters.has("group-002")));
}

#[test]
fn what_is_not_available_shows_no_tags() {
    let mut stage = Stage::with_group(&two());
    let cluster = json!({ "CacheClusterId": "plain", "CacheNodeType": "cache.t4g.micro", "NumCacheNodes": 1 });
    stage.call("CreateCacheCluster", cluster).unwrap();
    let tags = |stage: &mut Stage| {
        let arn = "arn:aws:elasticache:eu-west-1:123456789012:cluster:plain";
        stage.call("ListTagsForResource", json!({ "ResourceName": arn })).map_err(|refusal| refusal.code)
    };
    assert_eq!(tags(&mut stage).unwrap_err(), "CacheClusterNotFound");
    stage.pass(Duration::from_mins(30));
    tags(&mut stage).unwrap();
    let change = json!({ "CacheClusterId": "plain", "NumCacheNodes": 2, "ApplyImmediately": true });
    stage.call("ModifyCacheCluster", change).unwrap();
    assert_eq!(tags(&mut stage).unwrap_err(), "InvalidCacheClusterState");
}
