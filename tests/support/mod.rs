//! What the tests share.

pub mod toy;
