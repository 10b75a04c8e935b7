//! Makes an emulator's environment, once.

#![expect(clippy::disallowed_methods, reason = "emulators are installed on the disk")]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::recipe::Recipe;

/// The environment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The file system said no.
    #[error("could not prepare {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// There is no Python.
    #[error("could not run `{0}`; the emulators need Python 3.11 or newer")]
    NoPython(String, #[source] io::Error),
    /// A step failed.
    #[error("{doing} failed: {output}")]
    Step {
        /// What was tried.
        doing: String,
        /// The end of what it said.
        output: String,
    },
}

/// The Python of an installed environment. Installs it if that has not been done; two processes that want the same wait for each other.
pub(super) async fn python(
    recipe: &Recipe,
    cache: &Path,
    python: &str,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<PathBuf, InstallError> {
    let digest = Sha256::digest(recipe.requirements.as_bytes());
    let mark = format!("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    let folder = cache.join(format!("{}-{}-{mark}", recipe.name, recipe.version));
    let (done, inner) = (folder.join("installed"), folder.join("bin").join("python"));
    if done.exists() {
        return Ok(inner);
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |e| InstallError::Io(path, e)
    };
    fs::create_dir_all(cache).map_err(failed(cache))?;
    let lock_path = cache.join(format!("{}.lock", recipe.name));
    let lock = File::create(&lock_path).map_err(failed(&lock_path))?;
    // Whoever comes second waits here and finds the work done.
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await;
    let _lock = lock.map_err(io::Error::other).and_then(|lock| lock).map_err(failed(&lock_path))?;
    if done.exists() {
        return Ok(inner);
    }
    tell(&format!("installing {} {} (once, takes a minute)", recipe.name, recipe.version));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed(&folder))?;
    }
    let mut make = Command::new(python);
    make.arg("-m").arg("venv").arg(&folder);
    let hint = "making a Python environment (on Debian and Ubuntu it needs the package python3-venv)";
    run(make, hint, python).await?;
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, recipe.requirements).map_err(failed(&wanted))?;
    let mut install = Command::new(&inner);
    install.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r"]).arg(&wanted);
    run(install, &format!("installing {} {}", recipe.name, recipe.version), python).await?;
    File::create(&done).and_then(|file| file.sync_all()).map_err(failed(&done))?;
    Ok(inner)
}

async fn run(mut command: Command, doing: &str, python: &str) -> Result<(), InstallError> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|e| InstallError::NoPython(python.to_owned(), e))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let tail: Vec<&str> = said.trim().lines().rev().take(8).collect();
    let output = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(InstallError::Step { doing: doing.to_owned(), output })
}
