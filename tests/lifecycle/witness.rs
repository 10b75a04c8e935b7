//! Asks the emulators themselves, through the SDK and not through Pando's state.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_ec2::types::{Filter, InstanceStateName, SecurityGroupRule};
use pando::aws::clients::{Aws, Services};

use crate::support::command::Sandbox;

/// Somebody who looks for himself.
pub struct Witness {
    cloud: Aws,
    stack: String,
}

impl Witness {
    /// Of one stack.
    pub fn new(cloud: Aws, stack: &str) -> Self {
        Self { cloud, stack: stack.to_owned() }
    }

    fn ask(&self) -> &Services {
        &self.cloud.api
    }

    fn ours(&self) -> Filter {
        Filter::builder().name("tag:pando:stack").values(&self.stack).build()
    }

    async fn group(&self, name: &str) -> AutoScalingGroup {
        let all = self.ask().autoscaling.describe_auto_scaling_groups().send().await.unwrap();
        let prefix = format!("{}-{name}-", self.stack);
        let mut found =
            all.auto_scaling_groups().iter().filter(|g| g.auto_scaling_group_name().unwrap().starts_with(&prefix));
        found.next().unwrap_or_else(|| panic!("no group {prefix}")).clone()
    }

    /// The clones exist in EC2, are registered in the target group, and their group spans a private subnet in each zone.
    pub async fn clones_are_in_service(&self, count: usize) {
        let group = self.group("web").await;
        let clones: BTreeSet<String> = group.instances().iter().map(|i| i.instance_id().unwrap().to_owned()).collect();
        assert_eq!(clones.len(), count);
        let ids = clones.iter().cloned().collect();
        let described = self.ask().ec2.describe_instances().set_instance_ids(Some(ids)).send().await.unwrap();
        let instances: Vec<_> = described.reservations().iter().flat_map(|r| r.instances()).collect();
        assert_eq!(instances.len(), count);
        for instance in &instances {
            assert_eq!(instance.state().unwrap().name(), Some(&InstanceStateName::Running));
            assert!(instance.key_name().is_none(), "nobody needs a key to a clone");
        }
        let arn = group.target_group_arns().first().unwrap();
        let health = self.ask().elb.describe_target_health().target_group_arn(arn).send().await.unwrap();
        let targets = health.target_health_descriptions().iter();
        let targets: BTreeSet<String> = targets.map(|t| t.target().unwrap().id().unwrap().to_owned()).collect();
        assert_eq!(targets, clones);
        let subnets = group.vpc_zone_identifier().unwrap().split(',').map(str::to_owned).collect::<Vec<_>>();
        let described = self.ask().ec2.describe_subnets().set_subnet_ids(Some(subnets)).send().await.unwrap();
        let zones: BTreeSet<_> = described.subnets().iter().map(|s| s.availability_zone().unwrap()).collect();
        assert_eq!(zones.len(), 3, "one subnet in each zone");
        for subnet in described.subnets() {
            let name = subnet.tags().iter().find(|tag| tag.key() == Some("Name")).unwrap().value().unwrap();
            assert!(name.contains("-private-") && subnet.map_public_ip_on_launch() == Some(false), "{name}");
        }
    }

    /// Clones answer for their metadata only with a token and only to themselves, their volumes are encrypted, and nobody has a key.
    pub async fn templates_are_hardened(&self) {
        let answer = self.ask().ec2.describe_launch_template_versions().versions("$Latest").send().await.unwrap();
        assert!(!answer.launch_template_versions().is_empty());
        for version in answer.launch_template_versions() {
            let data = version.launch_template_data().unwrap();
            let metadata = data.metadata_options().unwrap();
            assert_eq!(metadata.http_tokens().map(|tokens| tokens.as_str()), Some("required"));
            assert_eq!(metadata.http_put_response_hop_limit(), Some(1));
            assert!(data.key_name().is_none() && !data.block_device_mappings().is_empty());
            for volume in data.block_device_mappings() {
                assert_eq!(volume.ebs().and_then(|ebs| ebs.encrypted()), Some(true));
            }
        }
    }

    /// Each replica names the primary as its source, and all of them are private and encrypted.
    pub async fn replicas_copy_the_primary(&self, count: usize) {
        let all = self.ask().rds.describe_db_instances().send().await.unwrap();
        let source =
            |db: &aws_sdk_rds::types::DbInstance| db.read_replica_source_db_instance_identifier().map(str::to_owned);
        let (replicas, primaries): (Vec<_>, Vec<_>) = all.db_instances().iter().partition(|db| source(db).is_some());
        assert_eq!((replicas.len(), primaries.len()), (count, 1));
        for replica in replicas {
            assert_eq!(source(replica).as_deref(), primaries[0].db_instance_identifier());
        }
        for db in all.db_instances() {
            assert_eq!((db.publicly_accessible(), db.storage_encrypted()), (Some(false), Some(true)));
        }
    }

    /// Who is let in where: group to group, and the world only to the load balancer.
    pub async fn rules_let_in_whom_they_should(&self) {
        let groups = self.ask().ec2.describe_security_groups().filters(self.ours()).send().await.unwrap();
        let name = |group: &aws_sdk_ec2::types::SecurityGroup| {
            let tag = group.tags().iter().find(|tag| tag.key() == Some("Name")).unwrap();
            tag.value().unwrap().trim_start_matches(&format!("{}-", self.stack)).to_owned()
        };
        let names: BTreeMap<String, String> =
            groups.security_groups().iter().map(|g| (g.group_id().unwrap().to_owned(), name(g))).collect();
        let answer = self.ask().ec2.describe_security_group_rules().filters(self.ours()).send().await.unwrap();
        let way_in = |rule: &&SecurityGroupRule| rule.is_egress() == Some(false);
        let read = |rule: &SecurityGroupRule| {
            let peer = rule.referenced_group_info().and_then(|info| info.group_id()).map(|id| names[id].clone());
            let peer = peer.or(rule.cidr_ipv4().map(str::to_owned)).unwrap();
            format!("{peer} to {}:{}", names[rule.group_id().unwrap()], rule.to_port().unwrap())
        };
        let ways: BTreeSet<String> = answer.security_group_rules().iter().filter(way_in).map(read).collect();
        let expected = [
            "0.0.0.0/0 to load-balancer:80",
            "load-balancer to web:8080",
            "web to database:3306",
            "web to cache:6379",
            "worker to database:3306",
            "worker to cache:6379",
        ];
        assert_eq!(ways, expected.iter().map(ToString::to_string).collect());
    }

    /// The alarms about a group of workers read its own queue.
    pub async fn alarms_read_the_right_queue(&self, group: &str) {
        let prefix = format!("{}-worker-{group}_", self.stack);
        let alarms = self.ask().cloudwatch.describe_alarms().alarm_name_prefix(prefix).send().await.unwrap();
        let url =
            self.ask().sqs.list_queues().queue_name_prefix(format!("{}-{group}-", self.stack)).send().await.unwrap();
        let mut names = url.queue_urls().iter().map(|url| url.rsplit('/').next().unwrap().to_owned());
        let queue = names.find(|name| !name.contains("_dead-")).unwrap();
        assert!(!alarms.metric_alarms().is_empty());
        for alarm in alarms.metric_alarms() {
            let of_queries = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
            let dimensions = alarm.dimensions().iter().chain(of_queries.flat_map(|metric| metric.dimensions()));
            let read: BTreeSet<_> =
                dimensions.filter(|d| d.name() == Some("QueueName")).map(|d| d.value().unwrap()).collect();
            assert_eq!(read, BTreeSet::from([queue.as_str()]), "{:?}", alarm.alarm_name());
        }
    }

    /// The passwords are in Secrets Manager, and in no file, no output and no user data.
    pub async fn no_password_was_written_down(&self, sandbox: &Sandbox) {
        let mut texts: Vec<String> =
            sandbox.state().into_values().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
        for verb in ["output", "status"] {
            texts.push(sandbox.run(&[verb, "--json"]).await.expect(0, &[]).to_string());
        }
        let templates = self.ask().ec2.describe_launch_template_versions().versions("$Latest").send().await.unwrap();
        let data = templates.launch_template_versions().iter().filter_map(|version| version.launch_template_data());
        for encoded in data.filter_map(|data| data.user_data()) {
            texts.push(String::from_utf8(aws_smithy_types::base64::decode(encoded).unwrap()).unwrap());
        }
        let listed = self.ask().secrets.list_secrets().send().await.unwrap();
        let mut passwords = 0;
        for secret in listed.secret_list() {
            let value = self.ask().secrets.get_secret_value().secret_id(secret.arn().unwrap()).send().await.unwrap();
            let value: serde_json::Value = serde_json::from_str(value.secret_string().unwrap()).unwrap();
            let password = value["password"].as_str().unwrap();
            assert_eq!(password.len(), 40);
            assert!(texts.iter().all(|text| !text.contains(password)), "a password was written down");
            passwords += 1;
        }
        assert!(passwords >= 2 && texts.len() > 4);
    }

    /// Whatever of the stack can still be found, by tag or by name.
    pub async fn leftovers(&self) -> Vec<String> {
        let (ask, prefix) = (self.ask(), format!("{}-", self.stack));
        let mut left = Vec::new();
        let vpcs = ask.ec2.describe_vpcs().filters(self.ours()).send().await.unwrap();
        left.extend(vpcs.vpcs().iter().filter_map(|vpc| vpc.vpc_id()).map(str::to_owned));
        let addresses = ask.ec2.describe_addresses().filters(self.ours()).send().await.unwrap();
        left.extend(addresses.addresses().iter().filter_map(|address| address.allocation_id()).map(str::to_owned));
        let instances = ask.ec2.describe_instances().filters(self.ours()).send().await.unwrap();
        let instances = instances.reservations().iter().flat_map(|r| r.instances());
        let running = instances.filter(|i| i.state().and_then(|s| s.name()) != Some(&InstanceStateName::Terminated));
        left.extend(running.filter_map(|instance| instance.instance_id()).map(str::to_owned));
        let databases = ask.rds.describe_db_instances().send().await.unwrap();
        left.extend(databases.db_instances().iter().filter_map(|db| db.db_instance_identifier()).map(str::to_owned));
        let caches = ask.elasticache.describe_replication_groups().send().await.unwrap();
        left.extend(caches.replication_groups().iter().filter_map(|g| g.replication_group_id()).map(str::to_owned));
        let queues = ask.sqs.list_queues().queue_name_prefix(&prefix).send().await.unwrap();
        left.extend(queues.queue_urls().iter().cloned());
        let alarms = ask.cloudwatch.describe_alarms().alarm_name_prefix(&prefix).send().await.unwrap();
        left.extend(alarms.metric_alarms().iter().filter_map(|alarm| alarm.alarm_name()).map(str::to_owned));
        let path = format!("/pando/{}/", self.stack);
        let parameters = ask.ssm.get_parameters_by_path().path(&path).recursive(true).send().await.unwrap();
        left.extend(parameters.parameters().iter().filter_map(|parameter| parameter.name()).map(str::to_owned));
        let roles = ask.iam.list_roles().path_prefix(path).send().await.unwrap();
        left.extend(roles.roles().iter().map(|role| role.role_name().to_owned()));
        left
    }
}
