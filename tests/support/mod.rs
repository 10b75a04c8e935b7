//! What the tests share.

pub mod emulator;
pub mod recording;
pub mod stack;
pub mod stub;
pub mod toy;
