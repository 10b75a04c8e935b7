//! The journal's copy in the bucket: written after a few seconds or a few entries, and at once where the engine may not go on without.
//!
//! It is not what makes a run safe: every entry is on this machine's disk before anything is sent. It is what another machine knows if this one
//! never comes back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::document::{Header, Log, line};
use crate::engine::journal::Entry;
use crate::store::objects::{If, Objects, Refusal, Tag, Written, write};
use crate::store::snapshot::FORMAT;

/// How long an entry waits at most before it is copied, while the bucket answers.
const EVERY: Duration = Duration::from_secs(5);
/// This many entries are not waited with.
const AT_ONCE: usize = 20;

/// The journal that is written, and how much of it is in the bucket.
#[derive(Debug)]
pub(super) struct Mirror<O> {
    objects: O,
    key: String,
    lineage: String,
    epoch: u64,
    now: fn() -> u64,
    lines: Mutex<Lines>,
    /// The version that is there. Held while one is written, so that there is one writer.
    tag: tokio::sync::Mutex<Tag>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    follows: String,
    text: String,
    /// How many bytes of the text are in the bucket.
    there: usize,
    /// How many entries are not.
    missing: usize,
    /// Somebody of a later epoch has written it.
    lost: bool,
}

impl<O: Objects> Mirror<O> {
    pub(super) fn new(objects: O, key: String, lineage: String, epoch: u64, now: fn() -> u64) -> Self {
        let (lines, tag) = (Mutex::default(), tokio::sync::Mutex::new(Tag(String::new())));
        Self { objects, key, lineage, epoch, now, lines, tag, more: Notify::new() }
    }

    /// The journal as it is about to be written.
    pub(super) fn log(&self, follows: &str, lines: String) -> Log {
        let header = Header {
            format: FORMAT,
            lineage: self.lineage.clone(),
            epoch: self.epoch,
            follows: follows.to_owned(),
            write_id: uuid::Uuid::new_v4().to_string(),
            at: (self.now)(),
        };
        Log { header, lines }
    }

    /// From now on it follows this write of the state, and is empty.
    pub(super) async fn follow(&self, write_id: &str, tag: Option<Tag>) {
        let mut held = self.tag.lock().await;
        if let Some(tag) = tag {
            *held = tag;
        }
        self.with(|lines| *lines = Lines { follows: write_id.to_owned(), lost: lines.lost, ..Lines::default() });
    }

    /// Takes entries in. Whether they are the first since the last write of the state: until those are in the bucket, nobody can see there that
    /// anything is being done.
    pub(super) fn push(&self, serial: u64, entries: &[Entry]) -> serde_json::Result<bool> {
        let line = line(serial, entries)?;
        Ok(self.with(|lines| {
            let is_first = lines.there == 0;
            lines.text.push_str(&line);
            lines.missing += entries.len();
            if lines.missing >= AT_ONCE {
                self.more.notify_one();
            }
            is_first
        }))
    }

    pub(super) fn is_lost(&self) -> bool {
        self.with(|lines| lines.lost)
    }

    /// Writes what is missing.
    pub(super) async fn checkpoint(&self) -> Result<(), Refusal> {
        let mut tag = self.tag.lock().await;
        loop {
            let (follows, text, missing) =
                self.with(|lines| (lines.follows.clone(), lines.text.clone(), lines.missing));
            if self.with(|lines| lines.lost) {
                return Err(Refusal::Changed);
            }
            if missing == 0 {
                return Ok(());
            }
            let length = text.len();
            let body = self.log(&follows, text).write().map_err(|e| Refusal::Refused(e.to_string()))?;
            match write(&self.objects, &self.key, &body, &If::Is(tag.clone())).await? {
                Written::Ours(written) => {
                    *tag = written;
                    self.with(|lines| {
                        lines.there = length;
                        lines.missing = lines.missing.saturating_sub(missing);
                    });
                    return Ok(());
                }
                Written::Theirs(seen) => {
                    match seen.and_then(|object| Some((Log::read(&object.body).ok()?, object.tag))) {
                        // One of ours that was given up and arrived after all.
                        Some((log, seen)) if log.header.epoch == self.epoch && log.header.lineage == self.lineage => {
                            *tag = seen;
                        }
                        _ => self.with(|lines| lines.lost = true),
                    }
                }
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Lines) -> T) -> T {
        work(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Copies for as long as it is let. What fails is tried again with the next.
pub(super) async fn keep_up<O: Objects>(mirror: Arc<Mirror<O>>) {
    while !mirror.is_lost() {
        tokio::select! {
            () = sleep(EVERY) => {}
            () = mirror.more.notified() => {}
        }
        drop(mirror.checkpoint().await);
    }
}
