//! The objects of the mirror, and what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use pando::engine::address::{Incarnation, Key};
use pando::engine::cloud_error::{CloudError, CloudResult};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::rules::{Properties, conflict};

/// How long an object is on its way up, and on its way out.
const WHILE: Duration = Duration::from_secs(7);

#[derive(Clone, Debug)]
pub struct Object {
    pub life: Incarnation,
    pub key: Key,
    pub properties: Properties,
    /// The lives it refers to.
    pub holds: BTreeSet<Incarnation>,
    ready: Instant,
    gone: Option<Instant>,
}

/// What is there, by id.
#[derive(Default)]
pub struct MirrorCloud(Mutex<BTreeMap<String, Object>>);

impl MirrorCloud {
    /// Everything that is there, also what is on its way out.
    pub fn present(&self) -> BTreeMap<String, Object> {
        let mut objects = self.0.lock().unwrap();
        objects.retain(|_, object| object.gone.is_none_or(|at| at > Instant::now()));
        objects.clone()
    }

    /// The observation of an object.
    pub fn observe(&self, id: &str) -> Option<Value> {
        let object = self.present().remove(id)?;
        let stage = match object.gone {
            Some(_) => "leaving",
            None if object.ready > Instant::now() => "pending",
            None => "ready",
        };
        Some(json!({ "properties": object.properties, "stage": stage }))
    }

    pub fn create(
        &self,
        life: &Incarnation,
        key: &Key,
        properties: Properties,
        holds: BTreeSet<Incarnation>,
    ) -> CloudResult<String> {
        self.check(life, &properties, &holds)?;
        let id = format!("{}-{}", life.address.kind.replace('_', "-"), key.short());
        let ready = Instant::now() + WHILE;
        let object = Object { life: life.clone(), key: key.clone(), properties, holds, ready, gone: None };
        match self.0.lock().unwrap().insert(id.clone(), object) {
            None => Ok(id),
            Some(_) => Err(CloudError::Exists(id)),
        }
    }

    pub fn update(&self, id: &str, properties: Properties, holds: BTreeSet<Incarnation>) -> CloudResult<()> {
        let Some(object) = self.present().remove(id) else { return Err(CloudError::Missing(id.into())) };
        self.check(&object.life, &properties, &holds)?;
        let changed = Object { properties, holds, ready: Instant::now() + WHILE, ..object };
        self.0.lock().unwrap().insert(id.into(), changed);
        Ok(())
    }

    /// Refused while something holds it. The planner has to see to it that nothing does, so this is no "not yet".
    pub fn delete(&self, id: &str) -> CloudResult<()> {
        let present = self.present();
        let Some(object) = present.get(id) else { return Err(CloudError::Missing(id.into())) };
        let holders = present.iter().filter(|(_, other)| other.holds.contains(&object.life));
        // The default security group goes with its network.
        let (parts, holders): (Vec<_>, Vec<_>) =
            holders.partition(|(_, other)| other.life.address.kind == "default_security_group");
        if let Some((holder, _)) = holders.first() {
            return Err(CloudError::Refused(format!("DependencyViolation: {holder} holds {id}")));
        }
        let mut objects = self.0.lock().unwrap();
        for id in parts.into_iter().map(|(id, _)| id.as_str()).chain([id]) {
            if let Some(object) = objects.get_mut(id) {
                object.gone.get_or_insert(Instant::now() + WHILE);
            }
        }
        Ok(())
    }

    /// Its targets have to be there to stay, and nothing may stand in its way.
    fn check(&self, life: &Incarnation, properties: &Properties, holds: &BTreeSet<Incarnation>) -> CloudResult<()> {
        let present = self.present();
        let there: BTreeSet<_> = present.values().filter(|o| o.gone.is_none()).map(|o| &o.life).collect();
        if let Some(missing) = holds.iter().find(|target| !there.contains(target)) {
            return Err(CloudError::Refused(format!("{life} needs {missing}, which is not there")));
        }
        let others = present.values().filter(|o| o.life.address.kind == life.address.kind && o.life != *life);
        for other in others {
            if let Some(why) = conflict(&life.address.kind, properties, &other.properties) {
                return Err(CloudError::Refused(format!("{why}: {life} and {}", other.life)));
            }
        }
        Ok(())
    }
}
