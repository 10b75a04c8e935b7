//! Pando.
pub mod aws;
pub mod blueprint;
pub mod cli;
pub mod emulators;
pub mod engine;
pub mod store;
