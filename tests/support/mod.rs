//! What the tests share.

pub mod bucket;
pub mod command;
pub mod disk;
pub mod documents;
pub mod emulator;
pub mod mirror;
pub mod moto;
pub mod recording;
pub mod scripted;
pub mod simulated;
pub mod stack;
pub mod stub;
pub mod time;
pub mod tools;
pub mod toy;
