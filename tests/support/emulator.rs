//! Emulators for tests: started on free ports, kept apart, ended with the test.
//!
//! They are installed once, in the folder that `pando local start` uses too (`PANDO_CACHE`, or the user's cache folder). A test that needs one
//! runs it; there is no way to skip.

use std::collections::BTreeMap;
use std::io;

use pando::aws::clients::{Access, Aws, Target};
use pando::cli::local_aws::{ACCOUNT, cache_folder, python};
use pando::emulators::{self, Emulator, LOCALSTACK, MINISTACK, MOTO, Place, Recipe};
use pando::simulator::doors::http::Server;
use pando::simulator::settings::Settings;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};

pub use super::simulated::REGION;
use super::simulated::served;

/// Emulators take a quarter of a gigabyte and most of a core each, so few run at once.
static ROOM: Semaphore = Semaphore::const_new(2);

/// Waits until emulators may run, and keeps the place until it is dropped.
pub async fn room() -> SemaphorePermit<'static> {
    ROOM.acquire().await.expect("the semaphore is never closed")
}

/// Running emulators that together stand in for AWS. They end when this is dropped, or with the test process, however that ends.
pub struct Emulators {
    base: String,
    /// Services that another emulator does better, by their SDK id and by their part of `AWS_ENDPOINT_URL_…`.
    elsewhere: Vec<(&'static str, &'static str, String)>,
    _running: Vec<Emulator>,
    _server: Option<Server>,
    _room: Option<SemaphorePermit<'static>>,
}

/// How much faster than on AWS time passes in the simulator while the real binary waits for it.
const SPEED: f64 = 600.0;

impl Emulators {
    /// moto for everything but ElastiCache, and MiniStack for that. What `pando local start` and `pando demo` use.
    pub async fn pair() -> Self {
        let room = room().await;
        let moto = start(&MOTO, None).await;
        let ministack = start(&MINISTACK, Some(&moto.url)).await;
        let elsewhere = vec![("ElastiCache", "ELASTICACHE", ministack.url.clone())];
        Self { base: moto.url.clone(), elsewhere, _running: vec![moto, ministack], _server: None, _room: Some(room) }
    }

    /// Pando's own simulator, over HTTP.
    pub async fn simulator() -> Self {
        let (_, server) = served(Settings::default(), SPEED).await;
        let base = server.url.clone();
        Self { base, elsewhere: Vec::new(), _running: Vec::new(), _server: Some(server), _room: None }
    }

    /// LocalStack alone: no load balancers, groups, databases or caches.
    pub async fn localstack() -> Self {
        Self::alone(&LOCALSTACK).await
    }

    /// MiniStack alone: its Auto Scaling starts nothing that EC2 would know.
    pub async fn ministack() -> Self {
        Self::alone(&MINISTACK).await
    }

    async fn alone(recipe: &'static Recipe) -> Self {
        let room = room().await;
        let emulator = start(recipe, None).await;
        Self {
            base: emulator.url.clone(),
            elsewhere: Vec::new(),
            _running: vec![emulator],
            _server: None,
            _room: Some(room),
        }
    }

    /// Where they are, for clients in this process.
    pub fn target(&self, region: &str) -> Target {
        let urls = self.elsewhere.iter().map(|(id, _, url)| (*id, url.clone()));
        Target {
            region: Some(region.to_owned()),
            endpoint_url: Some(self.base.clone()),
            endpoint_urls: urls.collect(),
            emulator_account: Some(ACCOUNT.to_owned()),
            ..Target::default()
        }
    }

    /// Clients that may write.
    pub async fn connect(&self, region: &str) -> Aws {
        self.connect_for(region, Access::Write).await
    }

    /// Clients that may do what is said.
    pub async fn connect_for(&self, region: &str, access: Access) -> Aws {
        Aws::connect(&self.target(region), access).await.expect("a running emulator takes any credentials")
    }

    /// Where they are, for a process of its own: the environment that `pando local start` prints.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::from([
            ("AWS_ENDPOINT_URL".to_owned(), self.base.clone()),
            ("AWS_ACCESS_KEY_ID".to_owned(), ACCOUNT.to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "emulator".to_owned()),
            ("AWS_REGION".to_owned(), REGION.to_owned()),
        ]);
        let urls = self.elsewhere.iter().map(|(_, name, url)| (format!("AWS_ENDPOINT_URL_{name}"), url.clone()));
        variables.extend(urls);
        variables
    }

    /// The ARN of a new certificate, as a user brings it along. By hand, because Pando has no client of ACM.
    pub async fn certificate(&self, region: &str, domain: &str) -> String {
        let body = serde_json::json!({ "DomainName": domain }).to_string();
        let scope = format!("{ACCOUNT}/20260101/{region}/acm/aws4_request");
        let head = [
            "POST / HTTP/1.1".to_owned(),
            "Host: 127.0.0.1".to_owned(),
            "Connection: close".to_owned(),
            "Content-Type: application/x-amz-json-1.1".to_owned(),
            "X-Amz-Target: CertificateManager.RequestCertificate".to_owned(),
            format!("Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            format!("Content-Length: {}", body.len()),
        ];
        let answer = exchange(&self.base, &format!("{}\r\n\r\n{body}", head.join("\r\n"))).await.expect("an answer");
        let value = answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
        let arn = value.and_then(|value| value["CertificateArn"].as_str().map(str::to_owned));
        arn.unwrap_or_else(|| panic!("no certificate: {answer}"))
    }
}

async fn exchange(url: &str, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Starts one emulator, which ends when this is dropped or with the process. `neighbour` is the address of the one that has the network.
pub async fn start(recipe: &'static Recipe, neighbour: Option<&str>) -> Emulator {
    let (cache, python) = (cache_folder().expect("a cache folder"), python());
    let place = Place { cache: &cache, python: &python, neighbour };
    let started = emulators::start(recipe, &place, &mut |text| println!("{text}")).await;
    started.unwrap_or_else(|e| panic!("{} did not start: {e}", recipe.name))
}
