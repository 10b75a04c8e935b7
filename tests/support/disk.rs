//! A disk in memory that fills up, fails or loses its power at the n-th thing that is done to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use pando::store::Holder;
use pando::store::disk::Disk;
use tokio::sync::watch;

/// Names, and the number of the content each stands for.
type Names = BTreeMap<PathBuf, usize>;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accident {
    /// This once, nothing is done and an error is returned.
    Error(ErrorKind),
    /// From now on nothing that writes succeeds any more.
    ForEver(ErrorKind),
    /// Half is written, and an error is returned: the disk is full.
    Torn,
    /// The process is killed before it is done.
    KilledBefore,
    /// The process is killed in the middle of it; half is written.
    KilledAmidst,
    /// The process is killed after it is done.
    KilledAfter,
    /// The machine loses its power after it is done: only names that are durable are there afterwards.
    PowerLost,
}

/// Each of them, with the errors of a full and a read-only disk.
pub const ACCIDENTS: [Accident; 7] = [
    Accident::KilledBefore,
    Accident::KilledAmidst,
    Accident::KilledAfter,
    Accident::PowerLost,
    Accident::Torn,
    Accident::Error(ErrorKind::StorageFull),
    Accident::ForEver(ErrorKind::ReadOnlyFilesystem),
];

#[derive(Debug, Default)]
struct State {
    contents: Vec<Vec<u8>>,
    names: Names,
    durable_names: Names,
    locked: BTreeSet<PathBuf>,
    /// How many things that write were done.
    done: usize,
    accident: Option<(usize, Accident)>,
    happened: bool,
    dead: bool,
}

/// See the module. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    died: watch::Sender<bool>,
}

/// A lock on a file, until it is dropped.
pub struct MemoryLock {
    disk: MemoryDisk,
    path: PathBuf,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.disk.state().locked.remove(&self.path);
    }
}

/// What is done to the disk.
enum Write<'a> {
    Whole(&'a Path, &'a [u8]),
    Append(&'a Path, &'a [u8]),
    Rename(&'a Path, &'a Path),
    Link(&'a Path, &'a Path),
    Remove(&'a Path),
    Sync,
}

impl MemoryDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The same content on another disk, for a world that was the same until now.
    pub fn fork(&self) -> Self {
        let state = self.state();
        let (contents, names) = (state.contents.clone(), state.names.clone());
        let durable_names = state.durable_names.clone();
        let state = State { contents, names, durable_names, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), died: watch::Sender::new(false) }
    }

    /// How many things that write were done so far.
    pub fn done(&self) -> usize {
        self.state().done
    }

    /// Has something go wrong at the n-th thing that writes from now on, counted from 1; what it returns becomes true when the process is
    /// dead.
    pub fn has(&self, accident: Option<(usize, Accident)>) -> watch::Receiver<bool> {
        let mut state = self.state();
        let done = state.done;
        state.accident = accident.map(|(number, accident)| (done + number, accident));
        (state.happened, state.dead) = (false, false);
        drop(state);
        self.died.send_replace(false);
        self.died.subscribe()
    }

    /// Whether the process is dead.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Whether what was to go wrong did.
    pub fn happened(&self) -> bool {
        self.state().happened
    }

    /// A file as it is, for tests that look or spoil.
    pub fn get(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(path).map(|number| state.contents[*number].clone())
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, content: &[u8]) {
        let mut state = self.state();
        let number = state.fresh(content);
        state.names.insert(path.to_owned(), number);
        state.durable_names.insert(path.to_owned(), number);
    }

    /// All names.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    fn write(&self, write: &Write<'_>) -> io::Result<()> {
        let mut state = self.state();
        if state.dead {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.done += 1;
        let due = state.accident.filter(|(number, accident)| {
            *number == state.done || (*number < state.done && matches!(accident, Accident::ForEver(_)))
        });
        let Some((_, accident)) = due else { return state.carry_out(write, false) };
        state.happened = true;
        match accident {
            Accident::Error(kind) | Accident::ForEver(kind) => return Err(kind.into()),
            Accident::Torn => {
                state.carry_out(write, true)?;
                return Err(ErrorKind::StorageFull.into());
            }
            Accident::KilledBefore => {}
            Accident::KilledAmidst => state.carry_out(write, true)?,
            Accident::KilledAfter => state.carry_out(write, false)?,
            Accident::PowerLost => {
                state.carry_out(write, false)?;
                state.names = state.durable_names.clone();
            }
        }
        state.dead = true;
        drop(state);
        self.died.send_replace(true);
        Err(ErrorKind::BrokenPipe.into())
    }
}

impl State {
    fn fresh(&mut self, content: &[u8]) -> usize {
        self.contents.push(content.to_vec());
        self.contents.len() - 1
    }

    fn number(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Does it, or half of it where there is a half.
    fn carry_out(&mut self, write: &Write<'_>, half: bool) -> io::Result<()> {
        let part = |content: &[u8]| content[..if half { content.len() / 2 } else { content.len() }].to_vec();
        match *write {
            Write::Whole(path, content) => {
                let number = match self.names.get(path) {
                    Some(number) => *number,
                    None => self.fresh(b""),
                };
                self.names.insert(path.to_owned(), number);
                self.contents[number] = part(content);
            }
            Write::Append(path, content) => {
                let number = self.number(path)?;
                self.contents[number].extend(part(content));
            }
            Write::Rename(..) | Write::Link(..) | Write::Remove(_) | Write::Sync if half => {}
            Write::Rename(from, to) => {
                // A folder goes with everything in it.
                let names = self.names.keys().filter(|name| name.starts_with(from));
                let moved: Vec<PathBuf> = names.cloned().collect();
                if moved.is_empty() {
                    return Err(ErrorKind::NotFound.into());
                }
                for name in moved {
                    let below = name.strip_prefix(from).unwrap();
                    let new = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
                    let number = self.number(&name)?;
                    self.names.remove(&name);
                    self.names.insert(new, number);
                }
            }
            Write::Link(from, to) => {
                let number = self.number(from)?;
                if self.names.contains_key(to) {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                self.names.insert(to.to_owned(), number);
            }
            Write::Remove(path) => {
                self.number(path)?;
                self.names.remove(path);
            }
            Write::Sync => self.durable_names = self.names.clone(),
        }
        Ok(())
    }
}

impl Disk for MemoryDisk {
    type Lock = MemoryLock;

    fn lock(&self, path: &Path, _: &Holder) -> io::Result<Result<MemoryLock, Holder>> {
        if self.state().locked.insert(path.to_owned()) {
            Ok(Ok(MemoryLock { disk: self.clone(), path: path.to_owned() }))
        } else {
            Ok(Err(Holder::default()))
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.get(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let names = self.names();
        let inside = names.iter().filter_map(|name| name.strip_prefix(folder).ok()?.components().next());
        Ok(inside.map(|first| folder.join(first)).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.write(&Write::Whole(path, content))
    }

    fn append(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.write(&Write::Append(path, content))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.write(&Write::Rename(from, to))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.write(&Write::Link(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.write(&Write::Remove(path))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.write(&Write::Sync)
    }
}
