//! One verb, one file: arguments, load, call the engine, hand to the view.

pub mod apply;
pub mod demo;
pub mod destroy;
pub mod init;
pub mod local;
pub mod output;
pub mod plan;
pub mod protect;
pub mod schema;
pub mod state;
pub mod status;
pub mod validate;
