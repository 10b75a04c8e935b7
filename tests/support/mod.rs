//! What the tests share.

pub mod command;
pub mod emulator;
pub mod moto;
pub mod recording;
pub mod scripted;
pub mod stack;
pub mod stub;
pub mod tools;
pub mod toy;
