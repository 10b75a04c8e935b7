//! What a process that goes wrong gives away: not what was in its memory.

use std::panic::Location;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::view::out;

/// From now on a crash writes no image of the memory to the disk, and a panic says where it was and not with what.
pub fn keep() {
    // Where this is not allowed the limit is as low already, or nobody can help it.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    std::panic::set_hook(Box::new(|panic| out::error_line(&panicked(panic.location()))));
}

fn panicked(place: Option<&Location<'_>>) -> String {
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    format!(
        "This is a fault in Pando{place}; please report it.\n\
         Everything that was done is recorded; run the same command again to go on."
    )
}
