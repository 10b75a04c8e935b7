//! Makes Python environments, each once: those that emulators run in, and those of tools that come as Python packages.

#![expect(clippy::disallowed_methods, reason = "emulators are installed on the disk")]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest as _, Sha256};
use tokio::process::Command;

/// Packages that belong together, all pinned.
#[derive(Clone, Copy, Debug)]
pub struct Packages<'a> {
    /// What they are for.
    pub name: &'a str,
    /// The version of the most important one.
    pub version: &'a str,
    /// Everything to install, one a line, as pip reads it.
    pub requirements: &'a str,
}

/// The environment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The file system said no.
    #[error("could not prepare {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// There is no Python.
    #[error("could not run `{0}`; Python 3.11 or newer is needed")]
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

/// The folder of programs of an environment that has these packages. Makes it in `cache` if that has not been done; two processes that want
/// the same wait for each other.
pub async fn install(
    packages: &Packages<'_>,
    cache: &Path,
    python: &str,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<PathBuf, InstallError> {
    let Packages { name, version, requirements } = packages;
    let digest = Sha256::digest(requirements.as_bytes());
    let mark = format!("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    let folder = cache.join(format!("{name}-{version}-{mark}"));
    let (done, programs) = (folder.join("installed"), folder.join("bin"));
    if done.exists() {
        return Ok(programs);
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |e| InstallError::Io(path, e)
    };
    fs::create_dir_all(cache).map_err(failed(cache))?;
    let lock_path = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(failed(&lock_path))?;
    // Whoever comes second waits here and finds the work done.
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await;
    let _lock = lock.map_err(io::Error::other).and_then(|lock| lock).map_err(failed(&lock_path))?;
    if done.exists() {
        return Ok(programs);
    }
    tell(&format!("installing {name} {version} (once, takes a minute)"));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed(&folder))?;
    }
    let mut make = Command::new(python);
    make.arg("-m").arg("venv").arg(&folder);
    let hint = "making a Python environment (on Debian and Ubuntu it needs the package python3-venv)";
    run(make, hint, python).await?;
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, requirements).map_err(failed(&wanted))?;
    let mut install = Command::new(programs.join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r"]).arg(&wanted);
    run(install, &format!("installing {name} {version}"), python).await?;
    File::create(&done).and_then(|file| file.sync_all()).map_err(failed(&done))?;
    Ok(programs)
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
