//! Runs the real binary: in a folder of its own, with an environment of its own, and not for ever.

#![expect(clippy::disallowed_methods, reason = "tests write the files that the binary reads")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use pando::engine::address::Owner;
use pando::engine::journal::{Entry, Journal as _};
use pando::engine::state::{State, Status};
use pando::store::{FileStore, Holder};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The account of everybody's tests.
pub const ACCOUNT: &str = "123456789012";
/// Nothing a test does may take longer.
const DEADLINE: Duration = Duration::from_mins(5);

/// A folder to run in, and the environment that commands get: no variable of whoever runs the tests.
pub struct Sandbox {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// A command that runs.
pub struct Running(Child);

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; what a shell says of one that a signal ended.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Sandbox {
    /// An empty folder, without credentials.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let home = folder.path().join("home").display().to_string();
        let path = std::env::var("PATH").unwrap();
        let environment =
            [("PATH", path.as_str()), ("HOME", home.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")].map(owned);
        Self { folder, environment: environment.into() }
    }

    /// A folder with this blueprint.
    pub fn with(blueprint: &str) -> Self {
        let sandbox = Self::empty();
        sandbox.write("pando.yaml", blueprint);
        sandbox
    }

    /// Another folder with the same files and the same environment.
    pub fn twin(&self) -> Self {
        let mut twin = Self::empty();
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        for (path, content) in files {
            twin.write(path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap(), content);
        }
        let home = twin.environment["HOME"].clone();
        twin.environment = self.environment.clone();
        twin.environment.insert("HOME".to_owned(), home);
        twin
    }

    /// The same with a variable more.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.extend([owned((name, value))]);
        self
    }

    /// The same with credentials, and an endpoint that stands for AWS.
    #[must_use]
    pub fn at(self, endpoint: &str) -> Self {
        self.set("AWS_ACCESS_KEY_ID", ACCOUNT).set("AWS_SECRET_ACCESS_KEY", "secret").set("AWS_ENDPOINT_URL", endpoint)
    }

    /// A file in the folder, or where it would be.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// What a file says.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Every file of the state with its content, but for the lock, which says who had it last.
    pub fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(".pando"), &mut files);
        files.retain(|path, _| !path.ends_with("lock"));
        files
    }

    /// Makes the state of a stack what it is after these entries. They stay in the journal, as after a killed run.
    pub async fn remember(&self, stack: &str, entries: &[Entry]) {
        let owner = || Owner { lineage: "00000000-0000-4000-8000-000000000000".into(), stack: stack.into() };
        let store = FileStore::new(&self.path(".pando"), stack);
        let (mut open, _) = store.open(owner, &Holder::default()).unwrap();
        for entry in entries {
            open.append(std::slice::from_ref(entry)).await.unwrap();
        }
    }

    /// An hour passes for what was sent and never answered: nobody has to wait any more for it to arrive.
    pub fn an_hour_passes(&self, stack: &str) {
        let store = FileStore::new(&self.path(".pando"), stack);
        let (mut open, mut state) = store.open(|| unreachable!("there is a state"), &Holder::default()).unwrap();
        add_an_hour(&mut state);
        open.save(&state).unwrap();
    }

    /// The command, with its folder and its environment.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        self.within(env!("CARGO_BIN_EXE_pando"), &[], arguments)
    }

    /// The same, started by another program that is given these arguments first.
    pub fn within(&self, program: &str, first: &[&str], arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        let pando = (!first.is_empty()).then_some(env!("CARGO_BIN_EXE_pando"));
        command.args(first).args(pando).args(arguments);
        command.env_clear().envs(&self.environment).current_dir(self.folder.path());
        command
    }

    /// Starts `pando` with these arguments.
    pub fn start(&self, arguments: &[&str]) -> Running {
        start(self.command(arguments))
    }

    /// Runs `pando` with these arguments to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end().await
    }
}

/// Makes a state an hour older, as far as it tells what was sent and never answered.
pub fn add_an_hour(state: &mut State) {
    for record in state.records.values_mut() {
        if let Status::Unproved { at } = &mut record.status {
            *at -= 3600;
        }
    }
    state.serial += 1;
}

/// Starts a command that ends with the test at the latest. Nobody types anything into it, and what it says is kept.
pub fn start(command: std::process::Command) -> Running {
    let mut command = Command::from(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running(command.kill_on_drop(true).spawn().unwrap())
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.0.id().unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub async fn end(self) -> Ended {
        let output = timeout(DEADLINE, self.0.wait_with_output()).await.expect("it should have ended by now").unwrap();
        let code = output.status.code().or_else(|| Some(128 + output.status.signal()?));
        Ended {
            code: code.unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// Asserts the exit code, and that each of these texts is in what was said.
    #[track_caller]
    pub fn expect(&self, code: i32, said: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self}");
        let all = format!("{}{}", self.out, self.err);
        for text in said {
            assert!(all.contains(text), "`{text}` is not in\n{self}");
        }
        self
    }

    /// The lines of JSON on standard output. Everything there must be one.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, out, err } = self;
        write!(f, "exit code {code}\n--- standard output\n{out}\n--- standard error\n{err}")
    }
}

/// Waits until something is so. Looks often, for there is nobody to tell.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < DEADLINE, "still waiting until {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn collect(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else {
            into.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// How often each of many processes takes a lock, if `PANDO_LOCKS` does not say otherwise. They inherit it.
pub fn rounds(usual: usize) -> usize {
    std::env::var("PANDO_LOCKS").map_or(usual, |number| number.parse().unwrap())
}
