//! Emulators of AWS that others wrote, started on this machine: to try Pando without an account, and to test it.
//!
//! Each is a Python package with everything it stands on pinned, in an environment of its own that is made once and kept in the user's cache. They
//! listen on 127.0.0.1 only. Nothing here knows what is deployed to them. One that Pando started for itself ends with Pando, however that ends.

mod install;
mod process;
mod recipe;

pub use install::{InstallError, Packages, install};
pub use process::{
    Detached, Emulator, Place, Program, StartError, detached, start, start_detached, start_program_detached,
    stop_detached,
};
pub use recipe::{LOCALSTACK, MINISTACK, MOTO, RECIPES, Recipe};
