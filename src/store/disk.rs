//! What the store does with files. A trait, so that tests have a disk that fills up, fails and dies at any of these.

#![expect(clippy::disallowed_methods, reason = "the store is where files are touched")]

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::lock::{self, Holder, Lock};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A disk. Every method is one thing that happens or fails; what it says is durable when it returns, is.
pub trait Disk: Clone + Send + Sync + 'static {
    /// Held by whoever is at work, and let go of when it is dropped.
    type Lock: Send;

    /// Takes the lock, or tells who has it.
    fn lock(&self, path: &Path, holder: &Holder) -> io::Result<Result<Self::Lock, Holder>>;
    /// The content. Nothing, if there is no such file. [`io::ErrorKind::InvalidData`], if it is none that a store writes.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// The files of a folder, by name. None, if there is no such folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    /// Makes a folder that only its owner can look into, and those above it.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Writes a file that only its owner can read, instead of what it had. The content is durable, the name is not.
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Writes at the end of a file that is there. Durable.
    fn append(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Gives a file another name, and takes it from whoever has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file one more name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a name away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisMachine;

impl Disk for ThisMachine {
    type Lock = Lock;

    fn lock(&self, path: &Path, holder: &Holder) -> io::Result<Result<Lock, Holder>> {
        lock::take(path, holder)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let odd = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        match fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
            Ok(file) if !file.is_file() => Err(odd("it is not a file".into())),
            Ok(file) if file.len() > LARGEST => Err(odd(format!("it has {} bytes", file.len()))),
            Ok(_) => fs::read(path).map(Some),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let listed = match fs::read_dir(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed?,
        };
        let mut paths = listed.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
        paths.sort();
        Ok(paths)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn append(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(content)?;
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}
