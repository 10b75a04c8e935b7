//! No secret is written down: not in a file, not in output, not in the environment or the arguments of a process, not in user data, tags or
//! parameters, however much is logged. The real binary on the simulator, which knows what the secrets are.

#![expect(clippy::disallowed_methods, reason = "it reads every file that a run leaves behind")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use pando::simulator::Simulator;
use pando::simulator::doors::in_process::Door;
use pando::simulator::settings::Settings;
use pando::simulator::weather::{Fault, Rule, When};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::command::{Ended, Running, Sandbox, start};
use crate::support::simulated::{connect_through, served, world};
use crate::support::stack::{Stack, blueprint};

/// Everything that has a secret or could hand one on.
const BLUEPRINT: &str = "\
pando: 1
stack: canary
region: eu-west-1
profile: dev
image: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 }
web: { clones: { min: 1, max: 2 } }
database: { engine: postgres 17, user: ada }
cache: { engine: valkey 8 }
workers: { reports: { clones: { min: 0, max: 2 } } }
";

/// Text that was seen somewhere, and where.
#[derive(Default)]
struct Seen(Mutex<Vec<(String, String)>>);

impl Seen {
    fn note(&self, place: &str, bytes: &[u8]) {
        // The parts of arguments and environments are separated by zeros.
        let text = String::from_utf8_lossy(bytes).replace('\0', "\n");
        self.0.lock().unwrap().push((place.to_owned(), text));
    }

    /// Every file in a folder and below.
    fn files(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files(&path);
            } else {
                self.note(&path.display().to_string(), &fs::read(&path).unwrap());
            }
        }
    }

    /// The arguments and the environment of a process, as long as it runs.
    fn process(&self, id: u32) {
        for name in ["cmdline", "environ", "limits"] {
            if let Ok(bytes) = fs::read(format!("/proc/{id}/{name}")) {
                self.note(&format!("/proc/{id}/{name}"), &bytes);
            }
        }
    }

    /// Where any of these texts was seen.
    fn places(&self, texts: &BTreeSet<String>) -> BTreeSet<String> {
        let seen = self.0.lock().unwrap();
        let has = |(_, text): &&(String, String)| texts.iter().any(|secret| text.contains(secret.as_str()));
        seen.iter().filter(has).map(|(place, _)| place.clone()).collect()
    }

    fn has(&self, text: &str) -> bool {
        self.0.lock().unwrap().iter().any(|(_, seen)| seen.contains(text))
    }
}

/// Every password in the world, and what else there is in it. Where a password is asked for or kept, by AWS itself, it is left out.
fn passwords_and_the_rest(simulator: &Simulator) -> (BTreeSet<String>, String) {
    let mut world = simulator.dump().unwrap();
    let mut found = BTreeSet::new();
    for (_, regions) in world["accounts"].as_object_mut().unwrap() {
        for (_, services) in regions.as_object_mut().unwrap() {
            let kept = services.as_object_mut().unwrap().remove("secrets").expect("Secrets Manager");
            collect(&kept, &mut found);
        }
    }
    (found, world.to_string())
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| collect(member, found)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::String(text) => {
            let content: BTreeMap<String, String> = serde_json::from_str(text).unwrap_or_default();
            found.extend(content.get("password").cloned());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

struct Watched {
    sandbox: Sandbox,
    simulator: Simulator,
    seen: Seen,
    passwords: Mutex<BTreeSet<String>>,
}

impl Watched {
    /// Looks at a process until it ends, and at the world after it.
    async fn watch(&self, running: Running) -> Ended {
        let (id, mut end) = (running.pid(), Box::pin(running.end()));
        let ended = loop {
            self.seen.process(id);
            tokio::select! {
                ended = &mut end => break ended,
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        };
        self.seen.note("standard output", ended.out.as_bytes());
        self.seen.note("standard error", ended.err.as_bytes());
        self.look();
        ended
    }

    /// At the files, and at what others in AWS could read.
    fn look(&self) {
        self.seen.files(&self.sandbox.path(""));
        let (passwords, rest) = passwords_and_the_rest(&self.simulator);
        self.seen.note("the world", rest.as_bytes());
        self.passwords.lock().unwrap().extend(passwords);
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        self.watch(self.sandbox.start(arguments)).await
    }
}

#[tokio::test]
async fn no_secret_is_written_down_anywhere() {
    let (simulator, server) = served(Settings::default(), 600.0).await;
    let sandbox = Sandbox::with(BLUEPRINT).at(&server.url).set("RUST_LOG", "trace").set("AWS_LOG_LEVEL", "debug");
    fs::create_dir(sandbox.path("temporary")).unwrap();
    let folder = sandbox.path("temporary").display().to_string();
    let sandbox = sandbox.set("TMPDIR", &folder).set("RUST_BACKTRACE", "full");
    let watched = Watched { sandbox, simulator, seen: Seen::default(), passwords: Mutex::default() };

    watched.run(&["plan", "--out", "first.plan"]).await.expect(0, &["to create"]);
    // Killed when the request with the password has been carried out.
    let rule = Rule {
        service: None,
        action: Some("CreateReplicationGroup".into()),
        fault: Fault::KillAfter,
        when: When::Nth(1),
    };
    watched.simulator.set_weather(vec![rule]);
    let running = watched.sandbox.start(&["apply", "first.plan", "--json"]);
    let mut death = watched.simulator.death();
    death.wait_for(|died| *died).await.unwrap();
    watched.seen.process(running.pid());
    running.signal(Signal::KILL);
    watched.watch(running).await.expect(137, &[]);
    watched.simulator.set_weather(Vec::new());
    watched.simulator.revive();
    watched.run(&["apply", "--yes"]).await.expect(0, &["Done: "]);
    // Another user is another secret and another database.
    watched.sandbox.write("pando.yaml", BLUEPRINT.replace("user: ada", "user: grace"));
    watched.run(&["plan", "--json", "--out", "second.plan"]).await.expect(0, &[]);
    watched.run(&["apply", "second.plan", "--json", "--confirm", "canary"]).await.expect(0, &[]);
    for verb in [&["output"][..], &["output", "--json"], &["status"], &["status", "--json"], &["protect"]] {
        watched.run(verb).await.expect(0, &[]);
    }
    watched.run(&["destroy", "--confirm", "canary"]).await.expect(0, &["found nothing left"]);

    let passwords = watched.passwords.lock().unwrap().clone();
    assert_eq!(passwords.len(), 3, "one of each database, one of the cache");
    assert!(passwords.iter().all(|password| password.len() == 40));
    assert_eq!(watched.seen.places(&passwords), BTreeSet::new(), "a password was written down");
    for text in ["canary-primary-", "AWS_ENDPOINT_URL=http://127.0.0.1:", "apply\nfirst.plan", "/pando/canary/"] {
        assert!(watched.seen.has(text), "{text} should have been seen: the search sees nothing");
    }
    // Nothing is left behind by a crash either.
    assert!(watched.seen.has("Max core file size        0                    0"));
    found_if_it_is_there(&watched, &passwords).await;
}

/// The same search finds a password wherever it is put.
async fn found_if_it_is_there(watched: &Watched, passwords: &BTreeSet<String>) {
    let password = passwords.first().unwrap();
    watched.sandbox.write("home/.cache/deep", format!("{{\"password\":\"{password}\"}}"));
    let mut command = Command::new("sh");
    command.args(["-c", "echo \"$CANARY\"; echo \"$CANARY\" >&2; sleep 1", password]).env("CANARY", password);
    watched.watch(start(command)).await.expect(0, &[]);
    let places = watched.seen.places(passwords);
    let ends = ["cmdline", "environ", "home/.cache/deep", "standard output", "standard error"];
    for end in ends {
        assert!(places.iter().any(|place| place.ends_with(end)), "not found in {end}: {places:?}");
    }
    assert_eq!(places.len(), ends.len(), "{places:?}");
}

// what others quote

/// Refuses every request that carries a secret, and quotes it.
#[derive(Clone, Debug)]
struct Quoting {
    client: SharedHttpClient,
    /// Which requests.
    mark: &'static str,
    /// What they said.
    heard: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Quoted {
    inner: SharedHttpConnector,
    to: Quoting,
}

impl HttpClient for Quoting {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Quoted { inner: self.client.http_connector(settings, parts), to: self.clone() })
    }
}

impl HttpConnector for Quoted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        if !body.contains(self.to.mark) {
            return self.inner.call(request);
        }
        self.to.heard.lock().unwrap().push(body.clone());
        let answer = if body.starts_with('{') {
            json!({ "__type": "InvalidRequestException", "message": body }).to_string()
        } else {
            let quoted = body.replace('&', "&amp;");
            format!(
                "<ErrorResponse><Error><Code>InvalidParameterValue</Code><Message>{quoted}</Message></Error></ErrorResponse>"
            )
        };
        let response = http::Response::builder().status(400).body(SdkBody::from(answer)).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(response).unwrap()))
    }
}

/// The passwords in a text: nothing else in it is so long.
fn passwords_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 40).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn an_error_that_quotes_a_secret_is_passed_on_without_it() {
    let text = "pando: 1\nstack: quoted\nregion: eu-west-1\nprofile: dev\n\
                database: { engine: postgres 17 }\ncache: { engine: valkey 8 }\n";
    for (mark, requests) in [("MasterUserPassword=", 1), ("AuthToken=", 1), ("SecretString", 2)] {
        let simulator = world(Settings::default());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let quoting = Quoting { client: Door::new(&simulator).client(), mark, heard: Arc::clone(&heard) };
        let cloud = connect_through(&simulator, SharedHttpClient::new(quoting)).await;
        let blueprint = blueprint(text, None);
        let stack = Stack::new(cloud, &blueprint);
        let (_, report) = stack.apply(&blueprint).await;
        let heard = heard.lock().unwrap().join("\n");
        let passwords = passwords_in(&heard);
        assert_eq!(passwords.len(), requests, "{mark}");
        let told = format!("{report:?}\n{:?}", stack.events());
        assert!(told.contains("[secret]"), "{mark}: {told}");
        for password in passwords {
            assert!(!told.contains(&password), "{mark}: {told}");
        }
    }
}

// panics

#[test]
#[ignore = "the child of the test below"]
fn panics_with_a_secret() {
    pando::cli::discretion::keep();
    let secret = "correcthorse";
    panic!("the password is {secret}");
}

#[test]
fn a_panic_says_where_it_was_and_not_with_what() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "canary::panics_with_a_secret", "--ignored", "--nocapture"]);
    let output = command.env("RUST_BACKTRACE", "full").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!output.status.success() && said.contains("fault in Pando at tests/canary.rs:"), "{said}");
    assert!(!said.contains("correcthorse"), "{said}");
}
