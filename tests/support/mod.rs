//! What the tests share.

pub mod command;
pub mod moto;
pub mod stub;
pub mod tools;
pub mod toy;
