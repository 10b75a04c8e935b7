//! Spoilt files by the thousand: a blueprint, a state, a journal or a saved plan is answered with an error that says where, never with a panic, and
//! never taken for what it is not.
//!
//! It begins from the ready-made blueprints, from what the store itself writes, and from `tests/corpus/`: a file each for everything that was
//! ever found, and for what is likely to be trouble. The drawing is the same in every run. `PANDO_FUZZ_SECONDS=600 cargo test fuzz` goes on for
//! longer than the few seconds of every `cargo test`; `PANDO_FUZZ_SEED` draws otherwise.

#![expect(clippy::disallowed_methods, reason = "it reads the corpus, and for how long it is to go on")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use fastrand::Rng;
use pando::engine::journal::{Entry, Journal as _};
use pando::engine::state::{Site, State};
use pando::store::{Holder, SavedPlan, StoreError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::blueprint::robustness;
use crate::disk::{JOURNAL, STATE, after, owner, store, story};
use crate::support::disk::MemoryDisk;
use crate::support::documents::READY_MADE;
use crate::support::toy::world::{BASE, Look, applied, block_on, graph};

/// What is put into a file: what means something to YAML, to JSON or to a terminal, and what often goes wrong.
const PIECES: [&[u8]; 40] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"&a ",
    b"*a",
    b"!!str ",
    b"<<: ",
    b"|\n",
    b">-\n",
    b"---\n",
    b"...\n",
    b"# ",
    b"? ",
    b"%YAML 1.1\n",
    b"0",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b"true",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xc2\x9b",
    b"@0",
    b"@18446744073709551615",
];

/// Files of one sort, and how one is looked at.
struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    look: fn(&[u8]),
}

#[test]
fn a_spoilt_blueprint_is_answered_with_mistakes_that_lie_in_it() {
    let seeds = READY_MADE.map(|(_, text)| text.as_bytes().to_vec()).into();
    fuzz(&Target { name: "blueprint", seeds, look: look_at_blueprint });
}

#[test]
fn a_spoilt_state_is_never_taken_for_a_sound_one() {
    fuzz(&Target { name: "state", seeds: vec![written(STATE)], look: look_at_state });
}

#[test]
fn a_spoilt_journal_is_believed_up_to_where_it_is_spoilt_at_most() {
    fuzz(&Target { name: "journal", seeds: vec![written(JOURNAL)], look: look_at_journal });
}

/// Whoever can write a checksum can write anything; it is read without a panic all the same.
#[test]
fn a_state_and_a_journal_with_the_right_checksums_may_say_anything() {
    let state: Value = serde_json::from_slice(&written(STATE)).unwrap();
    let journal = String::from_utf8(written(JOURNAL)).unwrap();
    let lines: Vec<&str> = journal.lines().map(|line| &line[9..]).collect();
    let both = json!({ "state": state["state"], "journal": lines }).to_string();
    assert!(
        matches!(read_sealed(both.as_bytes()), Some(Ok(Some(_)))),
        "what was written is read if it is sealed as the store does it"
    );
    fuzz(&Target { name: "sealed", seeds: vec![both.into_bytes()], look: |content| drop(read_sealed(content)) });
}

#[test]
fn a_spoilt_plan_is_never_taken_for_a_sound_one() {
    fuzz(&Target { name: "plan", seeds: vec![PLAN.1.clone()], look: look_at_plan });
}

/// Only the answers that a plan rests on are taken from it; that it says what became of something is refused, whatever its checksum.
#[test]
fn a_plan_with_the_right_checksum_may_say_anything() {
    let line = PLAN.1[9..].trim_ascii_end().to_vec();
    assert_eq!(
        read_plan(&sealed(&line)).unwrap(),
        PLAN.0,
        "what was written is read if it is sealed as the store does it"
    );
    fuzz(&Target { name: "sealed-plan", seeds: vec![line], look: look_at_sealed_plan });
}

/// Looks at one spoilt file after the other, until the time is over.
fn fuzz(target: &Target) {
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let end = Instant::now() + Duration::from_secs(number("PANDO_FUZZ_SECONDS").unwrap_or(3));
    let mut random = Rng::with_seed(number("PANDO_FUZZ_SEED").unwrap_or(7));
    let corpus = [target.seeds.clone(), corpus(target.name)].concat();
    for content in &corpus {
        look(target, content);
    }
    let mut looks = 0;
    while Instant::now() < end {
        let mut content = random.choice(&corpus).unwrap().clone();
        for _ in 0..random.usize(1..8) {
            spoil(&mut content, &corpus, &mut random);
        }
        look(target, &content);
        looks += 1;
    }
    println!("{}: {looks} spoilt files after {} of the corpus", target.name, corpus.len());
    assert!(looks > 100, "only {looks} files in all that time");
}

/// A file that is not answered is kept, so that it can become part of the corpus.
fn look(target: &Target, content: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| (target.look)(content))).is_err() {
        let (_, path) = tempfile::Builder::new().prefix(target.name).tempfile().unwrap().keep().unwrap();
        std::fs::write(&path, content).unwrap();
        panic!(
            "{} is not answered as it should be; when it is, put it into tests/corpus/{}/",
            path.display(),
            target.name
        );
    }
}

/// What is kept of this sort.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// One thing that befalls a file.
fn spoil(content: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Rng) {
    let at = random.usize(..=content.len());
    let end = content.len().min(at + random.usize(1..40));
    match random.u8(..7) {
        0 if at < content.len() => content[at] ^= 1 << random.u8(..8),
        1 if at < content.len() => content[at] = random.u8(..),
        2 => drop(content.drain(at..end)),
        3 => {
            let part = content[at..end].to_vec();
            drop(content.splice(at..at, part));
        }
        4 => content.truncate(at),
        5 => {
            let other = random.choice(corpus).unwrap();
            let from = random.usize(..=other.len());
            let part = other[from..other.len().min(from + random.usize(1..200))].to_vec();
            drop(content.splice(at..end, part));
        }
        _ => drop(content.splice(at..at, random.choice(PIECES).unwrap().iter().copied())),
    }
}

/// As `pando validate` reads it; what is not UTF-8 is refused before.
fn look_at_blueprint(content: &[u8]) {
    if let Ok(text) = std::str::from_utf8(content) {
        robustness::check(text);
    }
}

/// What is in a file that the store wrote.
fn written(path: &str) -> Vec<u8> {
    folder().get(Path::new(path)).unwrap()
}

/// The first half of the story is in the snapshot, the rest in the journal.
fn folder() -> MemoryDisk {
    let disk = MemoryDisk::default();
    block_on(async {
        let half = story().len() / 2;
        let (mut open, _) = store(&disk).open(owner, &Holder::default()).unwrap();
        for (number, entries) in story().iter().enumerate() {
            if number == half {
                open.save(&after(half)).unwrap();
            }
            open.append(entries).await.unwrap();
        }
    });
    disk
}

/// What a store makes of a folder that is the same but for one file.
fn read_with(path: &str, content: &[u8]) -> Result<Option<State>, StoreError> {
    let disk = folder();
    disk.put(Path::new(path), content);
    store(&disk).read()
}

fn look_at_state(content: &[u8]) {
    match read_with(STATE, content) {
        Ok(Some(state)) => assert_eq!(state, after(story().len()), "a spoilt state was believed"),
        Ok(None) => panic!("a spoilt state was taken for none"),
        // There is something to say about it.
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}

fn look_at_journal(content: &[u8]) {
    match read_with(JOURNAL, content) {
        Ok(Some(state)) => {
            let half = story().len() / 2;
            let is_prefix = (half..=story().len()).any(|appends| state == after(appends));
            assert!(is_prefix, "a spoilt journal was believed");
        }
        Ok(None) => panic!("a state was taken for none"),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}

/// Puts the right checksums over whatever the state and the lines of the journal say, and reads them. Nothing, if it is not even JSON.
fn read_sealed(content: &[u8]) -> Option<Result<Option<State>, StoreError>> {
    let both: Value = serde_json::from_slice(content).ok()?;
    let format = 2;
    let digest = Sha256::digest(format!("{format} {}", both["state"]).as_bytes());
    let checksum = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let state = json!({ "format": format, "checksum": checksum, "state": both["state"] });
    let lines = both["journal"].as_array()?.iter().filter_map(Value::as_str);
    let journal: Vec<u8> = lines.flat_map(|line| sealed(line.as_bytes())).collect();
    let disk = MemoryDisk::default();
    disk.put(Path::new(STATE), state.to_string().as_bytes());
    disk.put(Path::new(JOURNAL), &journal);
    let read = store(&disk).read();
    if let Ok(Some(state)) = &read {
        // Nothing is believed that could not be written again.
        let text = serde_json::to_string(state).unwrap();
        assert_eq!(&serde_json::from_str::<State>(&text).unwrap(), state);
    }
    Some(read)
}

/// A line with its checksum.
fn sealed(line: &[u8]) -> Vec<u8> {
    [format!("{:08x} ", crc32fast::hash(line)).as_bytes(), line, b"\n"].concat()
}

/// A plan that changes something, makes something and removes something; and what is in its file.
static PLAN: LazyLock<(SavedPlan, Vec<u8>)> = LazyLock::new(|| {
    let plan = block_on(async { applied(BASE).await.plan(&graph(Look { image: "image-2", ..BASE })).await });
    let saved = SavedPlan {
        format: SavedPlan::FORMAT,
        id: "0b8bcd5e-8d54-4ed2-b4d1-3d6e2a7f8f0e".into(),
        stack: "shop".into(),
        lineage: Some(owner().lineage),
        serial: 7,
        blueprint: "blueprint".into(),
        site: Site { account: "123456789012".into(), region: "eu-west-1".into(), endpoint: "aws".into() },
        version: "1".into(),
        entries: vec![Entry::Pinned { query: "image".into(), answer: json!("ami-1") }],
        plan,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan");
    saved.write(&path).unwrap();
    (saved, std::fs::read(path).unwrap())
});

/// As `pando apply FILE` reads it.
fn read_plan(content: &[u8]) -> Result<SavedPlan, StoreError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    SavedPlan::read(file.path())
}

fn look_at_plan(content: &[u8]) {
    match read_plan(content) {
        Ok(plan) => assert_eq!(plan, PLAN.0, "a spoilt plan was believed"),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}

fn look_at_sealed_plan(content: &[u8]) {
    match read_plan(&sealed(content)) {
        Ok(plan) => {
            let happened = plan.entries.iter().filter(|entry| matches!(entry, Entry::Happened { .. }));
            assert_eq!(happened.count(), 0, "a plan told of what happened");
        }
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}
