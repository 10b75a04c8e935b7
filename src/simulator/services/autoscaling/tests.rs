//! A group in a world of its own, with the clock in hand.

use std::time::Duration;

use serde_json::{Value, json};

use super::SERVICE;
use super::group::Group;
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::Tree;
use crate::simulator::service::Service;
use crate::simulator::services::ec2::{self, instances};
use crate::simulator::settings::Settings;
use crate::simulator::world::{Caller, Place, World};

struct Stage {
    world: World,
    now: Moment,
    place: Place,
}

impl Stage {
    /// A world with a launch template `template` and a group `group` of so many instances in one subnet.
    fn with_group(size: i64) -> Self {
        let place = Place { account: "123456789012".to_owned(), region: "eu-west-1".to_owned() };
        let mut stage = Self { world: World::new(Settings::default()), now: Moment::BEGINNING, place };
        let image = stage.made(
            "ami-",
            "DescribeImages",
            json!({ "Filter": [{ "Name": "architecture", "Value": ["x86_64"] }] }),
        );
        let vpc = stage.made("vpc-", "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "eu-west-1a" });
        let subnet = stage.made("subnet-", "CreateSubnet", subnet);
        let data = json!({ "ImageId": image, "InstanceType": "t3.micro" });
        stage.call(
            &ec2::SERVICE,
            "CreateLaunchTemplate",
            json!({ "LaunchTemplateName": "template", "LaunchTemplateData": data }),
        );
        let template = json!({ "LaunchTemplateName": "template", "Version": "1" });
        stage.call(
            &SERVICE,
            "CreateAutoScalingGroup",
            json!({
                "AutoScalingGroupName": "group", "LaunchTemplate": template, "MinSize": "0", "MaxSize": "9",
                "DesiredCapacity": size.to_string(), "VPCZoneIdentifier": subnet,
            }),
        );
        stage
    }

    fn call(&mut self, service: &Service, action: &str, parameters: Value) -> Tree {
        let run = service.action(action).unwrap().run;
        let caller = Caller::root(&self.place.account);
        let input = Input::from(parameters);
        self.world.enter(self.now, &self.place, &caller, |scene| run(scene, &input)).unwrap()
    }

    /// The first id of a kind in the answer to a call of EC2.
    fn made(&mut self, kind: &str, action: &str, parameters: Value) -> String {
        let answer = format!("{:?}", self.call(&ec2::SERVICE, action, parameters));
        answer.split('"').find(|part| part.starts_with(kind)).unwrap().to_owned()
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        self.world.advance(self.now);
    }

    fn look<R>(&mut self, at: impl FnOnce(&Group) -> R) -> R {
        let caller = Caller::root(&self.place.account);
        self.world
            .enter(self.now, &self.place, &caller, |scene| at(scene.here.autoscaling.groups.get("group").unwrap()))
    }

    fn set_capacity(&mut self, is_there: bool) {
        let caller = Caller::root(&self.place.account);
        self.world.enter(self.now, &self.place, &caller, |scene| instances::set_capacity(scene, is_there));
    }
}

#[test]
fn without_capacity_launches_fail_visibly_and_are_tried_again_ever_more_rarely() {
    let mut stage = Stage::with_group(1);
    stage.set_capacity(false);
    stage.pass(Duration::from_hours(2));
    let failed = stage.look(|group| group.activities.iter().filter(|activity| activity.message.is_some()).count());
    assert!((5..20).contains(&failed), "{failed} launches failed");
    stage.set_capacity(true);
    stage.pass(Duration::from_mins(30));
    assert_eq!(stage.look(|group| group.members.values().filter(|member| member.in_service.is_some()).count()), 1);
}

#[test]
fn a_group_that_has_all_it_wants_looks_once_a_minute_and_an_empty_one_never() {
    let mut stage = Stage::with_group(2);
    stage.pass(Duration::from_mins(5));
    let next = stage.look(|group| group.next_look).unwrap();
    assert!(next.since(stage.now) > Duration::from_secs(10), "{next:?}");
    let mut stage = Stage::with_group(0);
    stage.pass(Duration::from_mins(5));
    assert_eq!(stage.look(|group| group.next_look), None);
}
