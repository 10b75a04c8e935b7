//! What the tests share.

pub mod documents;
pub mod mirror;
pub mod toy;
