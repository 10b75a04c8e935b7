//! Names in the cloud: readable, unique, and within each service's limit.

use crate::engine::resource::Call;

/// `<stack>-<name>-<key>`, at most `limit` characters. What is too long is cut in the middle, never the key.
///
/// The key makes the name unique for this incarnation, so a replacement can stand beside what it replaces, and a stranger's resource of the
/// same name is as good as impossible.
pub(super) fn name<C>(call: &Call<'_, C>, limit: usize) -> String {
    with_suffix(call, "", limit)
}

/// The same, with a word between name and key.
pub(super) fn with_suffix<C>(call: &Call<'_, C>, word: &str, limit: usize) -> String {
    let key = call.key.short();
    let readable = format!("{}-{}{word}", call.owner.stack, call.of.address.name);
    let room = limit.saturating_sub(key.len() + 1);
    let readable: String = readable.chars().take(room).collect();
    format!("{}-{key}", readable.trim_end_matches('-'))
}
