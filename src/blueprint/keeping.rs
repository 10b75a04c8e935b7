//! Where the state of a stack is kept, taken apart.

use super::values::StatePlace;

/// A place of state, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping<'a> {
    /// A folder beside the blueprint.
    Folder(&'a str),
    /// A bucket in S3.
    Bucket {
        /// Its name.
        bucket: &'a str,
        /// What keys begin with, without a slash at the end; may be empty.
        prefix: &'a str,
    },
}

impl StatePlace {
    /// Its parts.
    pub fn keeping(&self) -> Keeping<'_> {
        match self.0.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                Keeping::Bucket { bucket, prefix }
            }
            None => Keeping::Folder(&self.0),
        }
    }
}
