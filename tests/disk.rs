//! State on a disk that fills up, fails, is killed or loses its power at anything that is done to it; and files that are damaged.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use pando::engine::address::{Incarnation, Key, Owner};
use pando::engine::journal::{Entry, Fact, Journal as _};
use pando::engine::state::{Request, Site, State};
use pando::store::disk::Disk;
use pando::store::{FileStore, Holder, StoreError};
use serde_json::json;

use crate::support::disk::{ACCIDENTS, Accident, MemoryDisk, MemoryLock};
use crate::support::toy::world::block_on;

pub(crate) const STATE: &str = "/pando/shop/state.json";
pub(crate) const JOURNAL: &str = "/pando/shop/journal";

pub(crate) fn owner() -> Owner {
    Owner { lineage: "lineage-1".into(), stack: "shop".into() }
}

pub(crate) fn store<D: Disk>(disk: &D) -> FileStore<D> {
    FileStore::on(disk.clone(), Path::new("/pando"), "shop")
}

/// What happens to a stack, append by append.
pub(crate) fn story() -> Vec<Vec<Entry>> {
    let site = Site { account: "123456789012".into(), region: "eu-west-1".into(), endpoint: "aws".into() };
    let pinned = Entry::Pinned { query: "zones".into(), answer: json!(["a", "b"]) };
    let mut story = vec![vec![Entry::Placed(site), pinned]];
    for name in ["vpc/main@1", "subnet/a@1", "subnet/b@1", "subnet/b@2"] {
        let of: Incarnation = name.to_owned().try_into().unwrap();
        let (key, request) =
            (Key::derive("lineage-1", &of), Request { properties: json!({ "cidr": "ä" }), ..Request::default() });
        let happened = |fact| Entry::Happened { of: of.clone(), fact };
        story.push(vec![happened(Fact::Planned { key: key.clone(), request: request.clone() })]);
        story.push(vec![happened(Fact::CreateSent { key, request, expected: None, at: 7 })]);
        story.push(vec![
            happened(Fact::Created { id: json!(format!("id-{name}")), at: 8 }),
            happened(Fact::Ready { outputs: json!({ "name": name }) }),
        ]);
    }
    story
}

/// The state after the first appends of the story.
pub(crate) fn after(appends: usize) -> State {
    State::new(owner()).fold(&story()[..appends].concat()).unwrap()
}

/// A process that goes on with the story where the state is, saves now and then, and stops where something fails. How many appends are known
/// to be durable.
async fn live(disk: &MemoryDisk) -> usize {
    let Ok((mut open, mut state)) = store(disk).open(owner, &Holder::default()) else { return 0 };
    let done = (0..=story().len()).find(|appends| after(*appends).serial == state.serial).expect("whole appends only");
    assert_eq!(state, after(done), "what is there is what was written");
    for (number, entries) in story().iter().enumerate().skip(done) {
        if open.append(entries).await.is_err() {
            assert!(disk.is_dead() || open.append(entries).await.is_err(), "nothing follows what may be torn");
            return number;
        }
        for entry in entries {
            state.apply(entry).unwrap();
        }
        if number % 4 == 3 && open.save(&state).is_err() {
            return number + 1;
        }
    }
    drop(open.save(&state));
    story().len()
}

#[test]
fn whatever_fails_or_dies_what_was_durable_is_there_and_nothing_else() {
    let mut cases = 0;
    for accident in ACCIDENTS.into_iter().chain([Accident::Error(ErrorKind::Other)]) {
        for number in 1.. {
            let disk = MemoryDisk::default();
            drop(disk.has(Some((number, accident))));
            let durable = block_on(live(&disk));
            if !disk.happened() {
                break;
            }
            cases += 1;
            drop(disk.has(None));
            let case = format!("{accident:?} at {number}");
            let known = store(&disk).read().unwrap_or_else(|why| panic!("{case}: {why}"));
            let serial = known.as_ref().map_or(0, |state| state.serial);
            assert!(serial >= after(durable).serial, "{case}: an append that was durable is gone");
            assert_eq!(block_on(live(&disk)), story().len(), "{case}: the next process can go on");
            assert_eq!(store(&disk).read().unwrap(), Some(after(story().len())), "{case}");
        }
    }
    assert!(cases > 300, "the accidents must happen: {cases}");
}

/// A folder with older snapshots and journals, a snapshot, and a journal since.
fn folder() -> MemoryDisk {
    let disk = MemoryDisk::default();
    for (from, to) in [(0, 5), (5, 9), (9, 13)] {
        let (mut open, state) = store(&disk).open(owner, &Holder::default()).unwrap();
        assert_eq!(state, after(from));
        for entries in &story()[from..to] {
            block_on(open.append(entries)).unwrap();
        }
        if to < 13 {
            open.save(&after(to)).unwrap();
        }
    }
    disk
}

/// What may have become of a file.
fn spoilt(content: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> {
    let cut = (0..content.len()).map(|length| (format!("cut to {length}"), content[..length].to_vec()));
    let flipped = (0..content.len() * 8).map(|bit| {
        let mut content = content.to_vec();
        content[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit} flipped"), content)
    });
    let noise = (0..2000).map(|seed| {
        let (mut random, mut content) = (Rng::with_seed(seed), content.to_vec());
        for _ in 0..random.usize(1..20) {
            let at = random.usize(..content.len());
            content[at] = random.u8(..);
        }
        (format!("noise {seed}"), content)
    });
    cut.chain(flipped).chain(noise).collect::<Vec<_>>().into_iter()
}

#[test]
fn a_damaged_state_is_never_taken_for_a_sound_one() {
    let disk = folder();
    let (whole, path) = (disk.get(Path::new(STATE)).unwrap(), Path::new(STATE));
    for (how, content) in spoilt(&whole).filter(|(_, content)| *content != whole) {
        disk.put(path, &content);
        match store(&disk).read() {
            // White space and the writing of an escape mean nothing; whatever loads means the same.
            Ok(state) => assert_eq!(state, Some(after(13)), "{how}"),
            Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {}
            Err(other) => panic!("{how}: {other}"),
        }
    }
}

#[test]
fn of_a_damaged_journal_nothing_is_believed_but_what_stands_before_a_torn_end() {
    let disk = folder();
    let (whole, path) = (disk.get(Path::new(JOURNAL)).unwrap(), Path::new(JOURNAL));
    for (how, content) in spoilt(&whole).filter(|(_, content)| *content != whole) {
        disk.put(path, &content);
        match store(&disk).read() {
            Ok(Some(state)) => {
                let appends = (9..=13).find(|appends| after(*appends) == state);
                assert!(appends.is_some(), "{how}: a state that never was");
                // What is lost was at the end, and had no end.
                let kept =
                    whole.split_inclusive(|byte| *byte == b'\n').take(appends.unwrap() - 9).map(<[u8]>::len).sum();
                assert!(
                    content.eq_ignore_ascii_case(&whole) || content[..kept].eq_ignore_ascii_case(&whole[..kept]),
                    "{how}"
                );
            }
            Ok(None) => panic!("{how}: begun anew"),
            Err(StoreError::Damaged { .. }) => {}
            Err(other) => panic!("{how}: {other}"),
        }
    }
}

#[test]
fn a_state_that_is_gone_or_damaged_is_rebuilt_from_what_was_there_before() {
    for content in [None, Some(&b"{"[..])] {
        let disk = folder();
        match content {
            Some(content) => disk.put(Path::new(STATE), content),
            None => disk.remove(Path::new(STATE)).unwrap(),
        }
        assert!(matches!(store(&disk).read(), Err(StoreError::Damaged { .. })));
        let rebuilt = store(&disk).rebuild(&Holder::default()).unwrap().unwrap();
        assert_eq!(rebuilt.state, after(13));
        assert_eq!(rebuilt.lost.len(), usize::from(content.is_some()), "{:?}", rebuilt.lost);
        drop(rebuilt);
        assert_eq!(store(&disk).read().unwrap(), Some(after(13)));
        let aside = disk.get(Path::new("/pando/shop/state.json.damaged"));
        assert_eq!(aside.as_deref(), content);
    }
}

#[test]
fn what_follows_a_damaged_line_is_lost_and_said_to_be_and_what_was_planned_may_have_been_sent() {
    let disk = folder();
    let mut journal = disk.get(Path::new(JOURNAL)).unwrap();
    // The third line of the last journal is the answer about `subnet/b@2`; its second, that it was sent.
    let second = journal.split_inclusive(|byte| *byte == b'\n').take(2).map(<[u8]>::len).sum::<usize>();
    journal[second - 20] ^= 1;
    disk.put(Path::new(JOURNAL), &journal);
    let rebuilt = store(&disk).rebuild(&Holder::default()).unwrap().unwrap();
    assert_eq!(rebuilt.state, after(10), "up to the line before");
    assert!(rebuilt.lost.len() == 1 && rebuilt.lost[0].contains("line 2"), "{:?}", rebuilt.lost);
}

#[test]
fn where_no_snapshot_loads_nothing_is_rebuilt() {
    let disk = MemoryDisk::default();
    assert!(store(&disk).rebuild(&Holder::default()).unwrap().is_none());
    disk.put(Path::new(STATE), b"");
    assert!(store(&disk).rebuild(&Holder::default()).unwrap().is_none());
    assert_eq!(disk.get(Path::new(STATE)).as_deref(), Some(&b""[..]), "nothing was touched");
}

#[test]
fn old_snapshots_and_journals_do_not_pile_up() {
    let disk = MemoryDisk::default();
    let (mut open, mut state) = store(&disk).open(owner, &Holder::default()).unwrap();
    for number in 0..40 {
        let entry = Entry::Pinned { query: "zones".into(), answer: json!(number) };
        block_on(open.append(std::slice::from_ref(&entry))).unwrap();
        state.apply(&entry).unwrap();
        open.save(&state).unwrap();
    }
    let kept = |what: &str| disk.names().iter().filter(|path| path.display().to_string().contains(what)).count();
    assert_eq!((kept("state.0"), kept("journal.0"), disk.names().len()), (10, 10, 23));
}

/// A disk on which somebody saves while somebody else reads.
#[derive(Clone)]
struct Busy {
    disk: MemoryDisk,
    /// What is done before the next read of the journal.
    meanwhile: Arc<Mutex<Vec<MemoryDisk>>>,
}

impl Disk for Busy {
    type Lock = MemoryLock;

    fn lock(&self, path: &Path, holder: &Holder) -> io::Result<Result<MemoryLock, Holder>> {
        self.disk.lock(path, holder)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        if path == Path::new(JOURNAL)
            && let Some(next) = self.meanwhile.lock().unwrap().pop()
        {
            for name in [STATE, JOURNAL].map(Path::new) {
                self.disk.put(name, &next.get(name).unwrap());
            }
        }
        Disk::read(&self.disk, path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.disk.list(folder)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.make_folder(path)
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        Disk::write(&self.disk, path, content)
    }

    fn append(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.disk.append(path, content)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_folder(path)
    }
}

#[test]
fn who_reads_while_another_saves_sees_one_of_the_two_states() {
    let later = folder();
    {
        let (mut open, state) = store(&later).open(owner, &Holder::default()).unwrap();
        open.save(&state).unwrap();
    }
    let busy = Busy { disk: folder(), meanwhile: Arc::new(Mutex::new(vec![later])) };
    busy.disk.put(Path::new(JOURNAL), b"");
    assert_eq!(store(&busy).read().unwrap(), Some(after(13)), "and not the old snapshot with the new journal");
}
