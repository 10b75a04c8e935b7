//! What Pando itself takes, without any cloud: starting, parsing, expanding, planning, and writing the journal.
//!
//! `cargo bench --bench micro`. Bounds stand beside what they are for; they are those of a release build on a machine with two cores.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has no result")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ipnet::Ipv4Net;
use pando::aws::lookups::{Answers, Image};
use pando::aws::resources::registry;
use pando::aws::resources::security_group::{self, SecurityGroup, SecurityGroupId};
use pando::aws::resources::subnet::{self, Subnet, SubnetId};
use pando::aws::resources::vpc::{self, Vpc, VpcId};
use pando::aws::tags::Tags;
use pando::blueprint::Blueprint;
use pando::blueprint::diagnostic::Source;
use pando::engine::address::{Address, Incarnation, Key, Owner};
use pando::engine::graph::Graph;
use pando::engine::journal::{Entry, Fact, Journal as _};
use pando::engine::plan::Observations;
use pando::engine::planner;
use pando::engine::state::{Record, Request, Site, State, Status};
use pando::store::{FileStore, Holder};
use serde_json::{Value, json};

const WEB_SERVICE: &str = include_str!("../blueprints/web-service.yaml");

/// How many subnets, and how many security groups, there are in each VPC of a large graph. With the VPC they are a hundred.
const SUBNETS: u8 = 66;
const GROUPS: u8 = 33;
const IN_A_VPC: usize = 1 + SUBNETS as usize + GROUPS as usize;

fn main() {
    divan::main();
}

// the whole process

/// At most 10 ms: no client is built, and no thread started.
#[divan::bench]
fn process_version(bencher: Bencher<'_, '_>) {
    process(bencher, &["--version"]);
}

/// At most 20 ms.
#[divan::bench]
fn process_validate_web_service(bencher: Bencher<'_, '_>) {
    process(bencher, &["validate", "--file", concat!(env!("CARGO_MANIFEST_DIR"), "/blueprints/web-service.yaml")]);
}

fn process(bencher: Bencher<'_, '_>, arguments: &[&str]) {
    bencher.bench_local(|| {
        let ended = Command::new(env!("CARGO_BIN_EXE_pando")).args(arguments).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    });
}

// blueprint

/// No bound of its own: `validate` as a whole has 20 ms, most of which is the start of a process.
#[divan::bench]
fn parse_web_service(bencher: Bencher<'_, '_>) {
    let source = source(WEB_SERVICE.to_owned());
    bencher.bench_local(|| parsed(black_box(&source)));
}

#[divan::bench]
fn expand_web_service(bencher: Bencher<'_, '_>) {
    expand(bencher, &parsed(&source(WEB_SERVICE.to_owned())));
}

/// At most 50 ms for 200.
#[divan::bench(args = [20, 200])]
fn expand_worker_groups(bencher: Bencher<'_, '_>, groups: u32) {
    let (before, _) = WEB_SERVICE.split_once("workers:\n").unwrap();
    let workers: Vec<String> = (0..groups).map(|number| format!("  group-{number}: {{}}")).collect();
    expand(bencher, &parsed(&source(format!("{before}workers:\n{}\n", workers.join("\n")))));
}

fn expand(bencher: Bencher<'_, '_>, blueprint: &Blueprint) {
    let answers = answers();
    assert_eq!(blueprint.check_answers(&answers), []);
    bencher.bench_local(|| blueprint.expand(black_box(&answers)).unwrap());
}

fn source(text: String) -> Source {
    Source { name: "pando.yaml".into(), text }
}

fn parsed(source: &Source) -> Blueprint {
    Blueprint::parse(source, None).unwrap().0
}

fn answers() -> Answers {
    let site = Site { account: "123456789012".into(), region: "eu-west-1".into(), endpoint: "aws".into() };
    let image = Image {
        id: "ami-0d27e0fb3bac4d724".into(),
        architecture: "arm64".into(),
        root_device: "/dev/xvda".into(),
        root_size: 8,
    };
    let zones = ["a", "b", "c"].map(|letter| format!("eu-west-1{letter}"));
    Answers { site, partition: "aws".into(), zones: zones.into(), image: Some(image) }
}

// planner

/// At most 100 ms for 10,000 resources and 1.5 s for 100,000: nothing is there, and everything is to be made.
#[divan::bench(args = [10_000, 100_000], sample_count = 10, sample_size = 1)]
fn plan_first(bencher: Bencher<'_, '_>, resources: usize) {
    let (graph, rules, state) = (graph(resources), registry().rules(), State::new(owner()));
    assert_eq!(graph.len(), resources);
    bencher.counter(ItemsCount::new(resources)).bench_local(|| {
        let plan = planner::plan(black_box(&graph), &state, &Observations::new(), &rules).unwrap();
        assert_eq!(plan.steps.len(), resources);
        plan
    });
}

/// The same bounds: everything is there and as it should be, so that each resource is compared.
#[divan::bench(args = [10_000, 100_000], sample_count = 10, sample_size = 1)]
fn plan_empty(bencher: Bencher<'_, '_>, resources: usize) {
    let (graph, rules) = (graph(resources), registry().rules());
    let (state, seen) = applied(&graph);
    assert_eq!(seen.len(), resources);
    bencher.counter(ItemsCount::new(resources)).bench_local(|| {
        let plan = planner::plan(black_box(&graph), &state, &seen, &rules).unwrap();
        assert!(plan.is_empty());
        plan
    });
}

/// The same bounds: everything goes, in an order in which nothing loses what it stands on.
#[divan::bench(args = [10_000, 100_000], sample_count = 10, sample_size = 1)]
fn plan_destroy(bencher: Bencher<'_, '_>, resources: usize) {
    let rules = registry().rules();
    let (state, seen) = applied(&graph(resources));
    bencher.counter(ItemsCount::new(resources)).bench_local(|| {
        let plan = planner::plan(black_box(&Graph::default()), &state, &seen, &rules).unwrap();
        assert_eq!(plan.steps.len(), resources);
        plan
    });
}

/// VPCs with subnets and security groups, by the hundred.
fn graph(resources: usize) -> Graph {
    let mut graph = Graph::default();
    for number in 0..resources / IN_A_VPC {
        let network = Vpc { cidr: range(0, 16), dns_hostnames: true, tags: Tags::default() };
        let network = graph.add(&format!("network-{number}"), &network).unwrap();
        for part in 0..SUBNETS {
            let subnet = Subnet {
                vpc: network.clone(),
                cidr: range(part, 24),
                zone: "eu-west-1a".into(),
                public_addresses: false,
                tags: Tags::default(),
            };
            graph.add(&format!("network-{number}-{part}"), &subnet).unwrap();
        }
        for part in 0..GROUPS {
            let group =
                SecurityGroup { vpc: network.clone(), description: "one of many".into(), tags: Tags::default() };
            graph.add(&format!("network-{number}-{part}"), &group).unwrap();
        }
    }
    graph
}

fn range(part: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new([10, 20, part, 0].into(), length).unwrap()
}

/// What is known and seen of a graph when all of it has been made.
fn applied(graph: &Graph) -> (State, Observations) {
    let (mut state, mut seen) = (State::new(owner()), Observations::new());
    for address in graph.addresses() {
        let (node, life) = (graph.get(address).unwrap(), Incarnation::first(address));
        let depends_on: BTreeSet<Incarnation> = node.targets.iter().map(Incarnation::first).collect();
        let vpc = VpcId(depends_on.first().map_or_else(String::new, |vpc| id(&vpc.address)));
        seen.insert(life.clone(), observed(address, &node.properties, vpc));
        let id = json!(id(address));
        let record = Record {
            key: Key::derive(&state.owner.lineage, &life),
            expected: None,
            made: None,
            unseen: false,
            ghost: None,
            request: Request { properties: node.properties.clone(), depends_on, keep: false },
            status: Status::Ready { outputs: outputs(address), id },
        };
        state.generations.insert(address.clone(), life.generation);
        state.records.insert(life, record);
    }
    (state, seen)
}

/// An id that is as long as AWS's.
fn id(of: &Address) -> String {
    format!("{}-{:0>17}", of.kind.replace('_', "-"), of.name)
}

fn observed(of: &Address, properties: &Value, vpc: VpcId) -> Value {
    let tags = Tags(BTreeMap::from([("pando:address".into(), of.to_string())]));
    let cidr = || properties["cidr"].as_str().unwrap().parse::<Ipv4Net>().unwrap();
    let seen = match of.kind.as_str() {
        "vpc" => serde_json::to_value(vpc::Observed { cidr: cidr(), dns_hostnames: Some(true), tags, available: true }),
        "subnet" => serde_json::to_value(subnet::Observed {
            vpc,
            cidr: cidr(),
            zone: "eu-west-1a".into(),
            public_addresses: false,
            tags,
            available: true,
        }),
        _ => serde_json::to_value(security_group::Observed {
            vpc,
            description: "one of many".into(),
            open_egress: false,
            tags,
        }),
    };
    seen.unwrap()
}

fn outputs(of: &Address) -> Value {
    let outputs = match of.kind.as_str() {
        "vpc" => serde_json::to_value(vpc::Outputs { id: VpcId(id(of)) }),
        "subnet" => serde_json::to_value(subnet::Outputs { id: SubnetId(id(of)) }),
        _ => serde_json::to_value(security_group::Outputs { id: SecurityGroupId(id(of)) }),
    };
    outputs.unwrap()
}

fn owner() -> Owner {
    Owner { lineage: "lineage-1".into(), stack: "shop".into() }
}

// journal

/// At most 10 ms for an operation, and at most 2 % of the wall time with 50 at a time. An operation waits for three of these: its create is sent,
/// has an id, is ready. What happens to several at a time is made durable together, so the argument is how many there are in one append.
#[divan::bench(args = [1, 50], sample_count = 200, sample_size = 1)]
fn append_to_journal(bencher: Bencher<'_, '_>, parallel: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Where builds are: what is temporary may be in memory, where nothing has to be made durable.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (mut journal, _) = FileStore::new(folder.path(), "shop").open(owner, &Holder::default()).unwrap();
    let entries: Vec<Entry> = (0..parallel).map(sent).collect();
    bencher
        .counter(ItemsCount::new(parallel))
        .bench_local(|| runtime.block_on(journal.append(black_box(&entries))).unwrap());
}

/// A create of a subnet is about to be sent.
fn sent(number: usize) -> Entry {
    let of = Incarnation::first(&Address::new("subnet", &format!("private-{number}")));
    let vpc = Address::new("vpc", "main");
    let properties = json!({
        "vpc": { "$ref": vpc }, "cidr": "10.20.0.0/24", "zone": "eu-west-1a", "public_addresses": false,
        "tags": { "Name": "shop-private", "team": "shop" },
    });
    let request = Request { properties, depends_on: BTreeSet::from([Incarnation::first(&vpc)]), keep: false };
    let key = Key::derive("lineage-1", &of);
    Entry::Happened { of, fact: Fact::CreateSent { key, request, expected: None, at: 1_767_225_600 } }
}
