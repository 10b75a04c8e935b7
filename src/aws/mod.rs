//! Everything that knows Amazon: clients, what their errors mean, tags, look-ups, and one file for each kind of resource.
//!
//! Nothing here prints, reads the environment (the SDK does, in [`clients`]) or touches the disk, and nothing outside names an SDK type.

mod at_once;
pub mod clients;
mod ec2;
mod elasticache;
mod elb;
pub(crate) mod failure;
mod iam;
mod interceptors;
pub mod lookups;
pub mod lost;
mod naming;
mod pace;
mod patience;
mod present;
mod rates;
mod rds;
pub mod resources;
pub mod rollout;
mod secret_text;
mod sightings;
pub mod status;
pub mod tags;
mod together;
mod token_bucket;
mod upgrades;
mod versions;
