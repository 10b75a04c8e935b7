//! Pando.
pub mod aws;
pub mod engine;
