//! What a clone runs at its first boot.

use crate::blueprint::Stack;

/// The script, kept where image recipes find it too.
const SCRIPT: &str = include_str!("../../../ami/boot/pando-boot");

/// The user data of a clone: who it is, then the script. No secret is in it, and nothing that becomes known only after an apply: those things
/// the clone looks up itself, so that a new queue does not roll the fleet.
pub fn user_data(tier: &str, name: &str, stack: &Stack<'_>) -> String {
    let assignments = [("PANDO_STACK", stack.name.as_str()), ("PANDO_TIER", tier), ("PANDO_GROUP", name)];
    // Names are of small letters, digits and hyphens, so no quoting can go wrong.
    let header = assignments.map(|(key, value)| format!("export {key}='{value}'\n")).concat();
    let region = format!("export PANDO_REGION='{}'\n", stack.answers.site.region);
    match SCRIPT.split_once('\n') {
        Some((shebang, rest)) => format!("{shebang}\n{header}{region}{rest}"),
        None => format!("{header}{region}"),
    }
}
