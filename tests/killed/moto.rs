//! The same on moto, so that not only our own simulator says so: something in between stops at the n-th call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Filter;
use pando::simulator::weather::Fault;
use tokio::sync::watch;

use super::{Kill, ROOM, end, shop};
use crate::support::command::Sandbox;
use crate::support::moto;
use crate::support::scripted::{Call, Reply, Stub};

/// What stands in between. Once the caller is dead nobody is heard, until it is said that another lives.
struct Between {
    stub: Stub,
    died: watch::Sender<bool>,
    /// How many calls there are up to the last one, and how that goes; no number, if there is no last one.
    last: Arc<Mutex<Kill>>,
}

impl Between {
    async fn new() -> Self {
        let last = Arc::new(Mutex::new(Kill { number: 0, fault: Fault::KillBefore }));
        let died = watch::Sender::new(false);
        let (dying, kill) = (died.clone(), Arc::clone(&last));
        let stub = Stub::start(move |call| if *dying.borrow() { Reply::Silence } else { pass(call, &dying, &kill) });
        Self { stub: stub.await, died, last }
    }
}

/// Through to moto, or to MiniStack for the cache.
fn pass(call: &Call, dying: &watch::Sender<bool>, last: &Mutex<Kill>) -> Reply {
    let url = moto::url_of(&call.service).to_owned();
    let mut last = last.lock().unwrap();
    let is_last = last.number == 1;
    last.number = last.number.saturating_sub(1);
    match last.fault {
        _ if !is_last => Reply::Forward(url),
        Fault::KillBefore => Reply::Kill(None, dying.clone(), false),
        fault => Reply::Kill(Some(url), dying.clone(), fault == Fault::KillAnswered),
    }
}

/// Everything of a stack that EC2 has, by its kind and its address: how many of each there are.
async fn census(stack: &str) -> BTreeMap<(String, String), usize> {
    let client = Client::new(&moto::config().await);
    let tags = |key: &str| Filter::builder().name("key").values(key).build();
    let owned = client.describe_tags().filters(tags("pando:stack")).send().await.unwrap();
    let is_owned =
        |id: &str| owned.tags().iter().any(|tag| tag.resource_id() == Some(id) && tag.value() == Some(stack));
    let addresses = client.describe_tags().filters(tags("pando:address")).send().await.unwrap();
    let mut census = BTreeMap::new();
    for tag in addresses.tags() {
        let kind = tag.resource_type().unwrap().as_str().to_owned();
        // Clones and their disks come and go with their group.
        if is_owned(tag.resource_id().unwrap()) && !["instance", "volume"].contains(&kind.as_str()) {
            *census.entry((kind, tag.value().unwrap().to_owned())).or_default() += 1;
        }
    }
    census
}

/// What EC2 still has of a stack when all of it is destroyed. The tags of what is gone stay, here.
async fn left(stack: &str) -> Vec<String> {
    let client = Client::new(&moto::config().await);
    let ours = || Filter::builder().name("tag:pando:stack").values(stack).build();
    let vpcs = client.describe_vpcs().filters(ours()).send().await.unwrap();
    let subnets = client.describe_subnets().filters(ours()).send().await.unwrap();
    let groups = client.describe_security_groups().filters(ours()).send().await.unwrap();
    let tables = client.describe_route_tables().filters(ours()).send().await.unwrap();
    let gateways = client.describe_internet_gateways().filters(ours()).send().await.unwrap();
    let addresses = client.describe_addresses().filters(ours()).send().await.unwrap();
    let templates = client.describe_launch_templates().filters(ours()).send().await.unwrap();
    let ids = vpcs.vpcs().iter().map(|vpc| vpc.vpc_id());
    let ids = ids.chain(subnets.subnets().iter().map(|subnet| subnet.subnet_id()));
    let ids = ids.chain(groups.security_groups().iter().map(|group| group.group_id()));
    let ids = ids.chain(tables.route_tables().iter().map(|table| table.route_table_id()));
    let ids = ids.chain(gateways.internet_gateways().iter().map(|gateway| gateway.internet_gateway_id()));
    let ids = ids.chain(addresses.addresses().iter().map(|address| address.allocation_id()));
    let ids = ids.chain(templates.launch_templates().iter().map(|template| template.launch_template_id()));
    ids.map(|id| id.unwrap_or_default().to_owned()).collect()
}

/// A web service of this name is killed while it is made, or while it is destroyed.
async fn killed(name: &str, is_destroyed: bool, kill: Kill) {
    let _place = ROOM.acquire().await.unwrap();
    let between = Between::new().await;
    let sandbox = Sandbox::with(&shop().replace("stack: shop\n", &format!("stack: {name}\n")));
    let sandbox = sandbox.at(&between.stub.url).set("PANDO_ENV", "dev");
    let stack = format!("{name}-dev");
    let (apply, destroy) = (&["apply", "--yes"][..], &["destroy", "--confirm", stack.as_str()][..]);
    let verb = if is_destroyed { destroy } else { apply };
    if is_destroyed {
        sandbox.run(apply).await.expect(0, &[]);
    }
    *between.last.lock().unwrap() = kill;
    let was_hit = end(sandbox.start(verb), between.died.subscribe(), Duration::ZERO).await.unwrap();
    assert!(was_hit, "{name}: there is no call {}", kill.number);
    between.died.send_replace(false);
    sandbox.run(verb).await.expect(0, &[]);
    if !is_destroyed {
        sandbox.run(&["plan", "--detailed-exitcode"]).await.expect(0, &["Nothing to do."]);
        let census = census(&stack).await;
        let doubled: Vec<_> = census.iter().filter(|(_, count)| **count != 1).collect();
        assert!(doubled.is_empty() && census.len() > 20, "{name}: {doubled:?} of {census:?}");
        sandbox.an_hour_passes(&stack);
        sandbox.run(destroy).await.expect(0, &["found nothing left"]);
    }
    assert_eq!(left(&stack).await, Vec::<String>::new(), "{name}");
}

#[tokio::test]
async fn on_moto_an_apply_that_was_killed_is_finished_by_the_next() {
    killed("struck-before", false, Kill { number: 60, fault: Fault::KillBefore }).await;
    killed("struck-after", false, Kill { number: 25, fault: Fault::KillAfter }).await;
    killed("struck-answered", false, Kill { number: 90, fault: Fault::KillAnswered }).await;
}

#[tokio::test]
async fn on_moto_a_destroy_that_was_killed_is_finished_by_the_next() {
    killed("struck-down", true, Kill { number: 60, fault: Fault::KillAfter }).await;
}
