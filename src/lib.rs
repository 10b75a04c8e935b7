//! Pando.
pub mod engine;
