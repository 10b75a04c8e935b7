//! How fast the simulator is: alone, through the SDK, and over HTTP; how long a whole life of a stack takes in virtual time, and what memory it holds.
//!
//! `cargo test --bench simulator` measures the profile that tests run in, `cargo bench --bench simulator` that of releases.

#![expect(clippy::print_stdout, reason = "results are for people")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has no result")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure the time outside")]

#[path = "../tests/support/bucket.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is written like a library, and tests use the rest of it")]
mod bucket;

#[path = "../tests/support/disk.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is written like a library, and tests use the rest of it")]
mod disk;

#[path = "../tests/support/stack.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is written like a library, and tests use the rest of it")]
mod stack;

#[path = "../tests/support/simulated.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is written like a library, and tests use the rest of it")]
mod simulated;

#[path = "../tests/support/time.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is written like a library, and tests use the rest of it")]
mod time;

use std::time::Instant;

use aws_sdk_ec2::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Request;
use pando::blueprint::Blueprint;
use pando::engine::graph::Graph;
use pando::simulator::clock::Clock;
use pando::simulator::doors::http::Server;
use pando::simulator::doors::in_process::{Door, WorldTime};
use pando::simulator::settings::Settings;
use pando::simulator::{Outcome, Simulator};
use simulated::{connect, connect_as};
use stack::{Stack, blueprint};

const ROUNDS: u32 = 20_000;
const SCOPE: &str = "123456789012/20260101/eu-west-1/ec2/aws4_request";

/// Stacks of `web-service.yaml` that together are 1,000 resources and more.
const STACKS: u32 = 13;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread;
    runtime().enable_all().start_paused(true).build().unwrap().block_on(async {
        memory().await;
        whole_life().await;
    });
    runtime().enable_all().build().unwrap().block_on(async {
        ready();
        alone();
        the_sdk_alone().await;
        through_the_sdk().await;
        over_http().await;
    });
}

/// The median of five runs, in calls a second.
fn report(what: &str, mut seconds: Vec<f64>, calls: u32) {
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!("{what:<40} {:>10.0} calls/s {:>8.1} µs each", f64::from(calls) / median, median * 1e6 / f64::from(calls));
}

fn request(body: &'static str) -> Request<Bytes> {
    let authorization = format!("AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0");
    Request::post("/").header("authorization", authorization).body(Bytes::from_static(body.as_bytes())).unwrap()
}

fn answer(simulator: &Simulator, request: &Request<Bytes>) {
    match simulator.answer(request, None) {
        Outcome::Answer(response, _) => assert_eq!(response.status(), 200),
        other => panic!("{other:?}"),
    }
}

fn ready() {
    let began = Instant::now();
    let simulator = Simulator::new(Settings::default(), Clock::virtual_time());
    answer(&simulator, &request("Action=DescribeVpcs&Version=2016-11-15"));
    println!("{:<40} {:>10.2} ms", "ready, with the first answer", began.elapsed().as_secs_f64() * 1000.0);
}

fn alone() {
    let simulator = Simulator::new(Settings::default(), Clock::virtual_time());
    let request = request("Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag:pando:stack&Filter.1.Value.1=x");
    let seconds = (0..5).map(|_| {
        let began = Instant::now();
        (0..ROUNDS).for_each(|_| answer(&simulator, &request));
        began.elapsed().as_secs_f64()
    });
    report("the simulator alone", seconds.collect(), ROUNDS);
}

fn client(url: &str) -> aws_sdk_ec2::config::Builder {
    aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(url)
        .credentials_provider(Credentials::new("123456789012", "emulator", None, None, "benchmark"))
}

/// Answers each request with the same, so that what is left is the SDK's own time.
#[derive(Clone, Debug)]
struct Canned(Bytes);

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let response = http::Response::new(SdkBody::from(self.0.clone()));
        HttpConnectorFuture::ready(HttpResponse::try_from(response).map_err(|e| ConnectorError::other(e.into(), None)))
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.clone().into_shared()
    }
}

/// What the SDK takes by itself, with the answer that the simulator gives.
async fn the_sdk_alone() {
    let simulator = Simulator::new(Settings::default(), Clock::virtual_time());
    let Outcome::Answer(answer, _) = simulator.answer(&request("Action=DescribeVpcs&Version=2016-11-15"), None) else {
        panic!("no answer");
    };
    let config = client("http://simulator.invalid").http_client(SharedHttpClient::new(Canned(answer.into_body())));
    measure("the SDK alone, with a canned answer", &aws_sdk_ec2::Client::from_conf(config.build()), ROUNDS / 4).await;
}

async fn through_the_sdk() {
    let simulator = Simulator::new(Settings::default(), Clock::virtual_time());
    let config = client("http://simulator.invalid")
        .http_client(Door::new(&simulator).client())
        .time_source(SharedTimeSource::new(WorldTime(simulator.clock().clone())));
    measure("through the SDK, in process", &aws_sdk_ec2::Client::from_conf(config.build()), ROUNDS / 4).await;
}

fn web_service() -> Blueprint {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/blueprints/web-service.yaml");
    blueprint(&std::fs::read_to_string(path).unwrap(), Some("dev"))
}

/// Applies and destroys, without another look.
async fn whole_life() {
    let mut seconds = Vec::new();
    let mut calls = 0;
    for _ in 0..5 {
        let (simulator, blueprint) = (Simulator::new(Settings::default(), Clock::virtual_time()), web_service());
        let stack = Stack::new(connect(&simulator).await, &blueprint);
        let began = Instant::now();
        let graph = stack.expand(&blueprint).await.graph;
        assert!(stack.attempt(&graph).await.unwrap().is_complete());
        assert!(stack.attempt(&Graph::default()).await.unwrap().is_complete());
        seconds.push(began.elapsed().as_secs_f64());
        calls = simulator.calls().len();
    }
    seconds.sort_by(f64::total_cmp);
    println!("{:<40} {:>10.1} ms, {calls} calls", "web-service.yaml applied and destroyed", seconds[2] * 1000.0);
}

/// What a world with stacks in it holds: how much more this process has with copies of it.
async fn memory() {
    let (simulator, blueprint) = (Simulator::new(Settings::default(), Clock::virtual_time()), web_service());
    let mut resources = 0;
    for number in 0..STACKS {
        let stack = Stack::new(connect_as(&simulator, &format!("{number:012}")).await, &blueprint);
        let graph = stack.expand(&blueprint).await.graph;
        assert!(stack.attempt(&graph).await.unwrap().is_complete());
        resources += graph.len();
    }
    // What was used before is used again first.
    let mut copies = vec![simulator.fork(), simulator.fork()];
    let before = resident();
    copies.extend((0..4).map(|_| simulator.fork()));
    let each = (resident() - before) / 4.0;
    println!("{:<40} {each:>10.1} MiB, {resources} resources", "memory of a world");
    drop(copies);
}

/// The memory of this process, in MiB. Only Linux tells.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

async fn over_http() {
    let simulator = Simulator::new(Settings::default(), Clock::virtual_time());
    let server = Server::start(simulator, 0).await.unwrap();
    measure(
        "through the SDK, over HTTP, one at a time",
        &aws_sdk_ec2::Client::from_conf(client(&server.url).build()),
        ROUNDS / 8,
    )
    .await;
}

async fn measure(what: &str, client: &aws_sdk_ec2::Client, rounds: u32) {
    let mut seconds = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..rounds {
            client.describe_vpcs().send().await.unwrap();
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    report(what, seconds, rounds);
}
