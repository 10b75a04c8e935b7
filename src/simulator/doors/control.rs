//! Beside AWS: paths below `/_simulator/` by which people and tests look at a world that is served over HTTP, and change it.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_simulator/calls` | all calls, a line of JSON each, with whole exchanges if the world records them |
//! | `GET /_simulator/counts` | how often each action was called |
//! | `GET /_simulator/world` | all there is |
//! | `PUT /_simulator/weather` | has faults happen: a list of rules ([`crate::simulator::weather::Rule`]) |
//! | `POST /_simulator/mishaps` | has something happen: `{"account": …, "region": …, "mishap": …}` ([`crate::simulator::mishaps::Mishap`]) |
//! | `GET /_simulator/death` | whether the weather has killed the caller: `{"dead": true}`. Then nobody is heard or answered any more |
//! | `POST /_simulator/revive` | hears callers again, after whoever was killed is gone |
//! | `POST /_simulator/reset` | begins anew |

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::Simulator;
use crate::simulator::mishaps::Mishap;
use crate::simulator::weather::Rule;

/// A mishap, and where.
#[derive(Deserialize)]
struct Happening {
    account: String,
    region: String,
    mishap: Mishap,
}

/// The answer, if the request is not for AWS.
pub(super) fn answer(simulator: &Simulator, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let path = request.uri().path().strip_prefix("/_simulator/")?;
    Some(match (request.method(), path) {
        (&Method::GET, "calls") => respond(StatusCode::OK, lines(simulator)),
        (&Method::GET, "counts") => respond(StatusCode::OK, counts(simulator).to_string()),
        (&Method::GET, "world") => match simulator.dump() {
            Ok(world) => respond(StatusCode::OK, world.to_string()),
            Err(e) => respond(StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": e.to_string() }).to_string()),
        },
        (&Method::PUT, "weather") => match serde_json::from_slice::<Vec<Rule>>(request.body()) {
            Ok(rules) => {
                simulator.set_weather(rules);
                respond(StatusCode::OK, "{}".to_owned())
            }
            Err(e) => respond(StatusCode::BAD_REQUEST, json!({ "error": e.to_string() }).to_string()),
        },
        (&Method::POST, "mishaps") => match serde_json::from_slice::<Happening>(request.body()) {
            Ok(Happening { account, region, mishap }) => {
                simulator.happen(&account, &region, &mishap);
                respond(StatusCode::OK, "{}".to_owned())
            }
            Err(e) => respond(StatusCode::BAD_REQUEST, json!({ "error": e.to_string() }).to_string()),
        },
        (&Method::GET, "death") => respond(StatusCode::OK, json!({ "dead": *simulator.death().borrow() }).to_string()),
        (&Method::POST, "revive") => {
            simulator.revive();
            respond(StatusCode::OK, "{}".to_owned())
        }
        (&Method::POST, "reset") => {
            simulator.reset();
            respond(StatusCode::OK, "{}".to_owned())
        }
        _ => respond(StatusCode::NOT_FOUND, json!({ "error": "there is nothing at this path" }).to_string()),
    })
}

fn respond(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response
}

fn lines(simulator: &Simulator) -> String {
    let calls = simulator.calls();
    let lines = calls.iter().filter_map(|call| serde_json::to_string(call).ok());
    lines.map(|line| line + "\n").collect()
}

fn counts(simulator: &Simulator) -> Value {
    let mut services: BTreeMap<Cow<'static, str>, BTreeMap<String, u64>> = BTreeMap::new();
    for ((service, action), count) in simulator.counts() {
        services.entry(service).or_default().insert(action, count);
    }
    json!(services)
}
