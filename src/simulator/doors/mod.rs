//! The two doors: in process, as an HTTP client for the SDK; and over HTTP, for everybody.

mod control;
pub mod http;
pub mod in_process;
