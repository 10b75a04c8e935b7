//! The real binary, as users meet it: what it says, which exit code it ends with, and what it leaves behind.

mod access;
mod blueprints;
mod demo;
mod disturbed;
mod help;
mod hostile;
mod interrupted;
mod local;
mod machine;
mod protected;
mod recovered;
mod saved_plan;
mod state;
mod terminal;

use pando::engine::address::{Address, Incarnation, Key};
use pando::engine::journal::{Entry, Fact};
use pando::engine::state::{Request, Site};
use serde_json::json;

use crate::support::command::ACCOUNT;

/// A database alone: the least that is asked of AWS before there is a plan.
const LEDGER: &str = "pando: 1\nstack: ledger\nregion: eu-west-1\nprofile: dev\ndatabase: { engine: postgres 17 }\n";

/// A group of workers, which the emulator makes within seconds.
fn batch(stack: &str) -> String {
    format!(
        "pando: 1\nstack: {stack}\nregion: eu-west-1\nprofile: dev\n\
         image: {{ ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 }}\n\
         workers:\n  reports: {{ instance: c7g.large, clones: {{ min: 0, max: 2 }} }}\n"
    )
}

/// What is known of [`LEDGER`] once its network has been made there.
fn ledger_made(endpoint: &str) -> Vec<Entry> {
    let of = Incarnation { address: Address::new("vpc", "main"), generation: 1 };
    let happened = |fact| Entry::Happened { of: of.clone(), fact };
    let site = Site { account: ACCOUNT.into(), region: "eu-west-1".into(), endpoint: endpoint.into() };
    let properties = json!({ "cidr": "10.0.0.0/16", "dns_hostnames": true, "tags": {} });
    let request = Request { properties, ..Request::default() };
    let key = Key::derive("00000000-0000-4000-8000-000000000000", &of);
    vec![
        Entry::Placed(site),
        Entry::Pinned { query: "zones".into(), answer: json!(["eu-west-1a", "eu-west-1b"]) },
        happened(Fact::CreateSent { key, request, expected: None, at: 1 }),
        happened(Fact::Created { id: json!("vpc-1"), at: 1 }),
        happened(Fact::Ready { outputs: json!({ "id": "vpc-1" }) }),
    ]
}
