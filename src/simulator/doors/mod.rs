//! The two doors: in process, as an HTTP client for the SDK; and over HTTP, for everybody. What becomes of a request is the same in both.

mod control;
pub mod http;
pub mod in_process;

use ::http::{Request, Response};
use bytes::Bytes;

use super::{Outcome, Simulator};

/// What a door hands to the caller.
enum Delivery {
    /// An answer.
    Answer(Response<Bytes>),
    /// The connection breaks.
    Cut,
}

/// Has a request answered, however long that takes in the simulated world; for ever, if no answer comes. Who was killed neither asks nor hears
/// anything more: nothing happens between the kill and the end of the process, however long that takes.
async fn deliver(simulator: &Simulator, request: &Request<Bytes>) -> Delivery {
    if *simulator.death().borrow() {
        return std::future::pending().await;
    }
    let clock = simulator.clock();
    let mut held = None;
    loop {
        match simulator.answer(request, held) {
            Outcome::Answer(response, after) => {
                if !after.is_zero() {
                    tokio::time::sleep(clock.outside(after)).await;
                }
                return Delivery::Answer(response);
            }
            Outcome::Again(again) => {
                held = Some(again);
                tokio::time::sleep(clock.outside(again.at.since(clock.now()))).await;
            }
            Outcome::Silence => std::future::pending().await,
            Outcome::Reset => return Delivery::Cut,
            Outcome::Kill(answer) => {
                simulator.die();
                match answer {
                    Some(answer) => return Delivery::Answer(answer),
                    None => std::future::pending().await,
                }
            }
        }
    }
}
