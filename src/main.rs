//! The `pando` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(pando::cli::run())
}
