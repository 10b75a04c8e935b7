//! Starts and stops emulators.

#![expect(clippy::disallowed_methods, reason = "a running emulator leaves a file that says where it is")]

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::install::{InstallError, install};
use super::recipe::Recipe;

/// An emulator that ends with this process, or when dropped.
#[derive(Debug)]
pub struct Emulator {
    /// Where it listens.
    pub url: String,
    // Its standard input is a pipe from here; when that closes, it ends, even if this process is killed.
    _child: Child,
}

/// An emulator that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detached {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// Where it logs.
    pub log: PathBuf,
}

/// The emulator could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its environment could not be made.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The system said no.
    #[error("could not start {0}")]
    Io(&'static str, #[source] io::Error),
    /// It ended at once, several times.
    #[error("{name} ended before it answered; its log is {}", log.display())]
    Ended {
        /// Which.
        name: &'static str,
        /// Its log.
        log: PathBuf,
    },
    /// It runs and says nothing.
    #[error("{name} did not answer within {} seconds; its log is {}", PATIENCE.as_secs(), log.display())]
    Silent {
        /// Which.
        name: &'static str,
        /// Its log.
        log: PathBuf,
    },
    /// One that was told to stop goes on.
    #[error("{0} did not stop")]
    DidNotStop(String),
}

const PATIENCE: Duration = Duration::from_secs(90);
const WATCH: &str = include_str!("watch.py");

/// Where things are kept, which Python is used, and who holds the network.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// A folder that can be kept from run to run.
    pub cache: &'a Path,
    /// The Python that environments are made with.
    pub python: &'a str,
    /// The address of the emulator that has the subnets, if this one has not.
    pub neighbour: Option<&'a str>,
}

/// Something that can be started: a name, and the command that runs it on a port, in a folder. With a note it runs until that file is gone,
/// without one until its standard input closes.
pub struct Program<'a> {
    /// Its name.
    pub name: &'static str,
    /// The command.
    pub command: &'a (dyn Fn(u16, &Path, Option<&Path>) -> Command + Sync),
}

/// Starts an emulator that ends with this process.
pub async fn start(
    recipe: &'static Recipe,
    place: &Place<'_>,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Emulator, StartError> {
    let inner = install(&recipe.packages(), place.cache, place.python, tell).await?.join("python");
    let place = Place { python: inner.to_str().unwrap_or(place.python), ..*place };
    let command = |port, folder: &Path, note: Option<&Path>| python_command(recipe, &place, folder, note, port);
    let (child, url, _) = launch(&Program { name: recipe.name, command: &command }, place.cache, None, None).await?;
    Ok(Emulator { url, _child: child })
}

/// Starts an emulator that stays until [`stop_detached`]. One that runs already is left as it is.
pub async fn start_detached(
    recipe: &'static Recipe,
    place: &Place<'_>,
    port: Option<u16>,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<Detached, StartError> {
    if let Some(running) = detached(recipe.name, place.cache).await {
        return Ok(running);
    }
    let inner = install(&recipe.packages(), place.cache, place.python, tell).await?.join("python");
    let place = Place { python: inner.to_str().unwrap_or(place.python), ..*place };
    let command = |port, folder: &Path, note: Option<&Path>| python_command(recipe, &place, folder, note, port);
    start_program_detached(&Program { name: recipe.name, command: &command }, place.cache, port).await
}

/// The same for any program.
pub async fn start_program_detached(
    program: &Program<'_>,
    cache: &Path,
    port: Option<u16>,
) -> Result<Detached, StartError> {
    if let Some(running) = detached(program.name, cache).await {
        return Ok(running);
    }
    let io = |e| StartError::Io(program.name, e);
    fs::create_dir_all(cache).map_err(io)?;
    let note = note(program.name, cache);
    File::create(&note).map_err(io)?;
    let started = launch(program, cache, Some(&note), port).await;
    let (mut child, url, log) = match started {
        Ok(started) => started,
        Err(e) => {
            fs::remove_file(&note).map_err(io)?;
            return Err(e);
        }
    };
    let running = Detached { name: program.name.into(), url, log };
    let written = serde_json::to_vec(&running).map_err(io::Error::other).and_then(|text| fs::write(&note, text));
    if let Err(e) = written {
        // Nobody could find it again.
        child.start_kill().map_err(io)?;
        return Err(io(e));
    }
    Ok(running)
}

/// The emulator of this name that was started to stay, if it still answers.
pub async fn detached(name: &str, cache: &Path) -> Option<Detached> {
    let text = fs::read(note(name, cache)).ok()?;
    let running: Detached = serde_json::from_slice(&text).ok()?;
    answers(&running.url).await.then_some(running)
}

/// Stops the emulator of this name that was started to stay. `false`: there was none.
pub async fn stop_detached(name: &str, cache: &Path) -> Result<bool, StartError> {
    let running = detached(name, cache).await;
    match fs::remove_file(note(name, cache)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(StartError::Io("the emulator's end", e)),
        _ => {}
    }
    let Some(running) = running else { return Ok(false) };
    let began = Instant::now();
    while answers(&running.url).await {
        if began.elapsed() > Duration::from_secs(10) {
            return Err(StartError::DidNotStop(running.name));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(true)
}

/// The file that says where a lasting emulator is. It ends when the file goes.
fn note(name: &str, cache: &Path) -> PathBuf {
    cache.join(format!("{name}.running"))
}

/// A free port can be taken by another before the emulator has it; then it ends at once and the next port is tried.
async fn launch(
    program: &Program<'_>,
    cache: &Path,
    note: Option<&Path>,
    port: Option<u16>,
) -> Result<(Child, String, PathBuf), StartError> {
    let io = |e| StartError::Io(program.name, e);
    for attempt in 1.. {
        let port = match port {
            Some(port) => port,
            None => TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(io)?.port(),
        };
        let folder = cache.join("run").join(format!("{}-{port}", program.name));
        fs::create_dir_all(&folder).map_err(io)?;
        let log = folder.join("log");
        let mut child = spawn(program, &folder, note, port).map_err(io)?;
        let url = format!("http://127.0.0.1:{port}");
        let began = Instant::now();
        loop {
            if child.try_wait().map_err(io)?.is_some() {
                if attempt >= 3 {
                    return Err(StartError::Ended { name: program.name, log });
                }
                break;
            }
            if answers(&url).await {
                return Ok((child, url, log));
            }
            if began.elapsed() > PATIENCE {
                return Err(StartError::Silent { name: program.name, log });
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    unreachable!("the third attempt returns")
}

fn spawn(program: &Program<'_>, folder: &Path, note: Option<&Path>, port: u16) -> io::Result<Child> {
    let log = File::create(folder.join("log"))?;
    let mut command = (program.command)(port, folder, note);
    command.current_dir(folder).stdout(log.try_clone()?).stderr(log);
    // In a group of its own, so that Ctrl-C in the terminal reaches Pando only, whose calls are still under way.
    command.process_group(0);
    match note {
        Some(_) => command.stdin(Stdio::null()),
        None => command.stdin(Stdio::piped()).kill_on_drop(true),
    };
    command.spawn()
}

fn python_command(recipe: &Recipe, place: &Place<'_>, folder: &Path, note: Option<&Path>, port: u16) -> Command {
    let fill = |text: &str| text.replace("{port}", &port.to_string()).replace("{folder}", &folder.to_string_lossy());
    let mut command = Command::new(place.python);
    command.arg("-c").arg(WATCH).arg(note.unwrap_or(Path::new("-"))).arg(recipe.prelude).arg(recipe.module);
    command.args(recipe.arguments.iter().map(|argument| fill(argument)));
    command.envs(recipe.environment.iter().map(|(key, value)| (*key, fill(value))));
    command.envs(place.neighbour.map(|url| ("PANDO_NEIGHBOUR", url)));
    command
}

/// Whether something speaks HTTP there.
async fn answers(url: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await?;
        let mut begin = [0; 5];
        stream.read_exact(&mut begin).await?;
        Ok::<bool, io::Error>(&begin == b"HTTP/")
    };
    matches!(timeout(Duration::from_secs(5), ask).await, Ok(Ok(true)))
}
