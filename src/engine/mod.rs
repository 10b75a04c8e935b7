//! The engine: what a plan is, how it is made and how it is carried out.
//!
//! Nothing here knows a cloud, a file or a terminal: it imports nothing of ours. Clients come in as a type parameter, the journal as a
//! trait, the clock as a function. `tests/tidy.rs` keeps it so.
//!
//! - vocabulary: [`address`], [`resource`], [`mod@reference`], [`graph`], [`change`], [`kind`], [`cloud_error`]
//! - what would change, and why: [`plan`], [`planner`]
//! - making it so: [`deployment`], with `resolve`, `observe` and [`execute`] as its parts, telling its [`event`]s
//! - what is known to be true: [`journal`], [`state`], [`verify`], [`sweep`]

pub mod address;
pub mod change;
pub mod cloud_error;
pub mod deployment;
pub mod event;
pub mod execute;
pub mod graph;
pub mod journal;
pub mod kind;
mod observe;
pub mod plan;
pub mod planner;
pub mod reference;
mod resolve;
pub mod resource;
pub mod state;
mod surplus;
pub mod sweep;
mod transition;
pub mod verify;
