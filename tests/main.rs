//! One test binary: it links once, and `tidy` checks that no file is forgotten.
#![expect(clippy::unwrap_used, reason = "a test that unwraps nothing has failed, and says where")]
#![expect(clippy::print_stdout, reason = "what a loop covered is shown with --nocapture")]
#![expect(unreachable_pub, reason = "support is written like a library")]

mod blueprint;
mod crash;
mod engine;
mod generated;
mod plans;
mod schema;
mod support;
