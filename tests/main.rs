//! One test binary: it links once, and `tidy` checks that no file is forgotten.
#![expect(clippy::unwrap_used, reason = "a test that unwraps nothing has failed, and says where")]
#![expect(clippy::print_stdout, reason = "what a loop covered is shown with --nocapture")]
#![expect(unreachable_pub, reason = "support is written like a library")]

mod blueprint;
mod boot;
mod calls;
mod canary;
mod cli;
mod conformance;
mod crash;
mod crashes;
mod disk;
mod disturbances;
mod emulators;
mod engine;
mod farewell;
mod faults;
mod fuzz;
mod generated;
mod judged;
mod killed;
mod lifecycle;
mod locks;
mod pacing;
mod plans;
mod recover;
mod release;
mod remote;
mod replace_rules;
mod schema;
mod sequences;
mod simulator;
mod support;
mod tidy;
mod updates;
mod vouched;
