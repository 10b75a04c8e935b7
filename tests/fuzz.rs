//! Spoilt files by the thousand: a blueprint, a state or a journal is answered with an error that says where, never with a panic, and never taken
//! for what it is not.
//!
//! It begins from the ready-made blueprints, from what the store itself writes, and from `tests/corpus/`: a file each for everything that was
//! ever found, and for what is likely to be trouble. The drawing is the same in every run. `PANDO_FUZZ_SECONDS=600 cargo test fuzz` goes on for
//! longer than the few seconds of every `cargo test`; `PANDO_FUZZ_SEED` draws otherwise.

#![expect(clippy::disallowed_methods, reason = "it reads the corpus, and for how long it is to go on")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use pando::engine::journal::Journal as _;
use pando::engine::state::State;
use pando::store::{Holder, StoreError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::blueprint::robustness;
use crate::disk::{JOURNAL, STATE, after, owner, store, story};
use crate::support::disk::MemoryDisk;
use crate::support::documents::READY_MADE;
use crate::support::toy::world::block_on;

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
    let framed = |text: String, line: &str| format!("{text}{:08x} {line}\n", crc32fast::hash(line.as_bytes()));
    let journal = lines.fold(String::new(), framed);
    let disk = MemoryDisk::default();
    disk.put(Path::new(STATE), state.to_string().as_bytes());
    disk.put(Path::new(JOURNAL), journal.as_bytes());
    let read = store(&disk).read();
    if let Ok(Some(state)) = &read {
        // Nothing is believed that could not be written again.
        let text = serde_json::to_string(state).unwrap();
        assert_eq!(&serde_json::from_str::<State>(&text).unwrap(), state);
    }
    Some(read)
}
