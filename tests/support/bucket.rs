//! A bucket in memory, and machines that call it: they lose answers, die, and fall asleep.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pando::store::objects::{If, Object, Objects, Refusal, Tag};
use tokio::sync::watch;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request never arrives.
    LostRequest,
    /// It is carried out, and its answer never arrives.
    LostAnswer,
    /// It is carried out twice, as by a proxy that repeats it; the second answer is the one that arrives.
    Twice,
    /// Another write of this object is under way: 409, and nothing was done.
    Busy,
    /// Too many calls: 503, and nothing was done.
    SlowDown,
    /// The machine dies before the request leaves it.
    DiesBefore,
    /// It dies when the request was carried out, before it has the answer.
    DiesAfter,
    /// The machine falls asleep, and the request leaves it when somebody wakes it.
    Sleeps,
}

/// The bucket. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Bucket(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    objects: BTreeMap<String, Object>,
    /// Every write, in order.
    history: Vec<(String, Vec<u8>)>,
    versions: u64,
}

/// One machine's way to the bucket. Clones are the same machine.
#[derive(Clone, Debug)]
pub struct Machine {
    bucket: Bucket,
    calls: Arc<Mutex<Calls>>,
    asleep: watch::Sender<bool>,
    died: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Calls {
    made: Vec<String>,
    troubles: BTreeMap<usize, Trouble>,
}

impl Bucket {
    /// A machine that can reach it.
    pub fn machine(&self) -> Machine {
        let (asleep, died) = (watch::Sender::new(false), watch::Sender::new(false));
        Machine { bucket: self.clone(), calls: Arc::default(), asleep, died }
    }

    /// Another bucket that has the same in it.
    #[must_use]
    pub fn fork(&self) -> Self {
        let content = self.0.lock().unwrap();
        let (objects, history, versions) = (content.objects.clone(), content.history.clone(), content.versions);
        Self(Arc::new(Mutex::new(Content { objects, history, versions })))
    }

    /// What an object says, if it is there.
    pub fn text(&self, key: &str) -> Option<String> {
        let content = self.0.lock().unwrap();
        content.objects.get(key).map(|object| String::from_utf8(object.body.clone()).unwrap())
    }

    /// Everything that was ever written to an object, oldest first.
    pub fn history(&self, key: &str) -> Vec<String> {
        let content = self.0.lock().unwrap();
        let written = content.history.iter().filter(|(of, _)| of == key);
        written.map(|(_, body)| String::from_utf8(body.clone()).unwrap()).collect()
    }

    /// Everything as it is now, to be put back with [`Self::restore`].
    pub fn backup(&self) -> BTreeMap<String, Object> {
        self.0.lock().unwrap().objects.clone()
    }

    /// Makes the bucket what it was.
    pub fn restore(&self, backup: BTreeMap<String, Object>) {
        self.0.lock().unwrap().objects = backup;
    }

    fn put(&self, key: &str, body: &[u8], only: &If) -> Result<Tag, Refusal> {
        let mut content = self.0.lock().unwrap();
        if If::unchanged(content.objects.get(key)) != *only {
            return Err(Refusal::Changed);
        }
        content.versions += 1;
        let tag = Tag(format!("v{}", content.versions));
        content.objects.insert(key.to_owned(), Object { tag: tag.clone(), body: body.to_vec() });
        content.history.push((key.to_owned(), body.to_vec()));
        Ok(tag)
    }

    fn delete(&self, key: &str, only: &Tag) -> Result<(), Refusal> {
        let mut content = self.0.lock().unwrap();
        if content.objects.get(key).is_none_or(|object| object.tag != *only) {
            return Err(Refusal::Changed);
        }
        content.objects.remove(key);
        Ok(())
    }
}

impl Machine {
    /// The calls so far: `get lock`, `put shop/state.json`.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().made.clone()
    }

    /// Has something go wrong with the call of this number, counted from 1 and from now on.
    pub fn trouble(&self, number: usize, trouble: Trouble) {
        let mut calls = self.calls.lock().unwrap();
        let number = calls.made.len() + number;
        calls.troubles.insert(number, trouble);
    }

    /// Falls asleep, or wakes up. Calls that it makes while it sleeps are made when it wakes.
    pub fn sleep(&self, asleep: bool) {
        self.asleep.send_replace(asleep);
    }

    /// Becomes true when it dies.
    pub fn death(&self) -> watch::Receiver<bool> {
        self.died.subscribe()
    }

    /// Is true while it sleeps.
    pub fn slumber(&self) -> watch::Receiver<bool> {
        self.asleep.subscribe()
    }

    /// Does something, until it is done or the machine dies of it.
    pub async fn until_death<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut died = self.died.subscribe();
        tokio::select! {
            biased;
            _ = died.wait_for(|died| *died) => None,
            result = work => Some(result),
        }
    }

    async fn call<T>(&self, name: String, carry_out: impl Fn() -> Result<T, Refusal>) -> Result<T, Refusal> {
        let trouble = {
            let mut calls = self.calls.lock().unwrap();
            calls.made.push(name);
            let number = calls.made.len();
            calls.troubles.get(&number).copied()
        };
        if trouble == Some(Trouble::Sleeps) {
            self.sleep(true);
        }
        let mut asleep = self.asleep.subscribe();
        asleep.wait_for(|asleep| !*asleep).await.expect("the machine is there");
        let no_answer = || Err(Refusal::Unclear("no answer".into()));
        match trouble {
            None | Some(Trouble::Sleeps) => carry_out(),
            Some(Trouble::LostRequest) => no_answer(),
            Some(Trouble::LostAnswer) => {
                drop(carry_out());
                no_answer()
            }
            Some(Trouble::Twice) => {
                drop(carry_out());
                carry_out()
            }
            Some(Trouble::Busy | Trouble::SlowDown) => Err(Refusal::Unclear("ask again".into())),
            Some(death @ (Trouble::DiesBefore | Trouble::DiesAfter)) => {
                if death == Trouble::DiesAfter {
                    drop(carry_out());
                }
                self.died.send_replace(true);
                std::future::pending().await
            }
        }
    }
}

impl Objects for Machine {
    async fn get(&self, key: &str) -> Result<Option<Object>, Refusal> {
        let look = || Ok(self.bucket.0.lock().unwrap().objects.get(key).cloned());
        self.call(format!("get {key}"), look).await
    }

    async fn put(&self, key: &str, body: Vec<u8>, only: &If) -> Result<Tag, Refusal> {
        self.call(format!("put {key}"), || self.bucket.put(key, &body, only)).await
    }

    async fn delete(&self, key: &str, only: &Tag) -> Result<(), Refusal> {
        self.call(format!("delete {key}"), || self.bucket.delete(key, only)).await
    }

    fn place(&self, key: &str) -> String {
        format!("s3://memory/{key}")
    }
}
