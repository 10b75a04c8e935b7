//! The sections of a blueprint: what each may say, what is wrong with it, and the resources it becomes.
//!
//! A new section is a file here, and its field and its line in `expand` of the blueprint.

pub mod boot;
pub mod cache;
pub mod clones;
pub mod database;
pub mod image;
pub mod network;
pub mod surroundings;
pub mod web;
pub mod workers;

use super::Profile;
use super::diagnostic::Report;

/// Where a section puts its mistakes, and what it has to know to find them.
pub struct Problems<'a> {
    /// The mistakes.
    pub report: &'a mut Report,
    /// How careful the blueprint is.
    pub profile: Profile,
}
