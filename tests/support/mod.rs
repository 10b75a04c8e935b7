//! What the tests share.

pub mod emulator;
pub mod stack;
pub mod toy;
