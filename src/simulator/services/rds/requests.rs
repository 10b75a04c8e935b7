//! What several calls take, and when RDS refuses it.

use std::collections::BTreeSet;

use super::engines::{Engine, STORAGE, Version};
use super::instance::Storage;
use super::refusals::{combination, no_parameter_group};
use super::{parameter_groups, windows};
use crate::simulator::input::{Input, invalid};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;

/// From how many GiB on a gp3 disk is made of several, which are faster together, and can be made faster still
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage>).
const STRIPED: i64 = 400;

/// The disks that a call asks for.
pub(super) fn storage(scene: &Scene<'_>, input: &Input, engine: &Engine) -> Result<Storage, Refusal> {
    let iops = input.whole("Iops")?;
    let kind = input.text_or("StorageType", if iops.is_some() { "io1" } else { "gp2" });
    let size = input.whole("AllocatedStorage")?;
    let size = size.ok_or_else(|| invalid("The parameter AllocatedStorage must be provided and must not be blank."))?;
    let storage = Storage {
        kind,
        size,
        iops,
        throughput: input.whole("StorageThroughput")?,
        most: input.whole("MaxAllocatedStorage")?,
        key: key(scene, input)?,
        grown: None,
    };
    checked(storage, engine)
}

/// The key that disks are encrypted with.
fn key(scene: &Scene<'_>, input: &Input) -> Result<Option<String>, Refusal> {
    let key = input.text("KmsKeyId").filter(|key| !key.is_empty());
    if input.flag("StorageEncrypted") != Some(true) {
        let words = "You can't specify a KMS key ID when storage encryption is disabled.";
        return if key.is_some() { Err(combination(words)) } else { Ok(None) };
    }
    Ok(Some(key.map_or_else(|| own_key(scene), |key| whole_key(scene, key))))
}

/// The key that the account has for RDS, `aws/rds`.
pub(super) fn own_key(scene: &Scene<'_>) -> String {
    scene.arn("kms", "key/00000000-0000-4000-8000-000000000001")
}

/// A key's ARN, whichever way it was named.
pub(super) fn whole_key(scene: &Scene<'_>, key: &str) -> String {
    if key.starts_with("arn:") { key.to_owned() } else { scene.arn("kms", &format!("key/{key}")) }
}

/// Checks the size and speed of disks, and says how fast they are that nobody chose to be faster.
pub(super) fn checked(mut storage: Storage, engine: &Engine) -> Result<Storage, Refusal> {
    let kind = STORAGE.iter().find(|kind| kind.name == storage.kind);
    let Some(kind) = kind else { return Err(invalid(format!("Invalid storage type: {}", storage.kind))) };
    let (least, most) = kind.size;
    if !(least..=most).contains(&storage.size) {
        let words = format!(
            "Invalid storage size for engine name {} and storage type {}: {}",
            engine.name, kind.name, storage.size
        );
        return Err(invalid(words));
    }
    if let Some(growth) = storage.most {
        // "at least 10% more than the current allocated storage"
        // (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html>).
        if growth * 10 < storage.size * 11 {
            return Err(combination("Max storage size must be at least 10% greater than the allocated storage size."));
        }
        if growth > most {
            return Err(invalid(format!("Invalid max storage size for engine name {}: {growth}", engine.name)));
        }
    }
    match kind.iops {
        None if storage.iops.is_some() => {
            let words = format!("Iops can't be specified for storage type {}.", kind.name);
            return Err(combination(words));
        }
        Some(_) if kind.name == "gp3" => return speed(storage, engine),
        Some((slowest, fastest)) => {
            let iops =
                storage.iops.ok_or_else(|| combination("The Iops parameter is required for this storage type."))?;
            if !(slowest..=fastest).contains(&iops) {
                return Err(combination(format!("Invalid iops value for engine name {}: {iops}", engine.name)));
            }
        }
        None => {}
    }
    storage.throughput = None;
    Ok(storage)
}

/// The speed of gp3.
fn speed(mut storage: Storage, engine: &Engine) -> Result<Storage, Refusal> {
    if storage.size < STRIPED {
        let is_base = storage.iops.is_none_or(|iops| iops == 3000) && storage.throughput.is_none_or(|rate| rate == 125);
        if !is_base {
            return Err(combination(format!(
                "You can't specify IOPS or storage throughput for engine {} and a storage size less than {STRIPED}.",
                engine.name
            )));
        }
        (storage.iops, storage.throughput) = (Some(3000), Some(125));
        return Ok(storage);
    }
    let (iops, throughput) = (storage.iops.unwrap_or(12_000).max(12_000), storage.throughput.unwrap_or(500).max(500));
    if iops > 64_000 || throughput > 4000 {
        return Err(combination(format!("Invalid iops or throughput value for engine name {}", engine.name)));
    }
    (storage.iops, storage.throughput) = (Some(iops), Some(throughput));
    Ok(storage)
}

/// Checks an administrator's password
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>).
pub(super) fn password(password: &str, engine: &Engine) -> Result<(), Refusal> {
    let most = if engine.name == "postgres" { 128 } else { 41 };
    let words = "The parameter MasterUserPassword is not a valid password";
    if password.len() < 8 {
        return Err(invalid(format!("{words} because it is shorter than 8 characters.")));
    }
    if password.len() > most {
        return Err(invalid(format!("{words} because it is longer than {most} characters.")));
    }
    if !password.chars().all(|sign| sign.is_ascii_graphic() && !"/@\"".contains(sign)) {
        return Err(invalid(format!(
            "{words}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used."
        )));
    }
    Ok(())
}

/// The parameter group that a call asks for, or the default one; it has to fit the version.
pub(super) fn parameter_group(scene: &Scene<'_>, input: &Input, version: Version) -> Result<String, Refusal> {
    let wanted = version.major.family;
    let Some(name) = input.text("DBParameterGroupName") else { return Ok(format!("default.{wanted}")) };
    let name = name.to_ascii_lowercase();
    let family = parameter_groups::family(scene, &name).ok_or_else(|| no_parameter_group(&name))?;
    if family == wanted {
        return Ok(name);
    }
    Err(combination(format!(
        "The Parameter Group {name} with DBParameterGroupFamily {family} can't be used for this instance. Please use a Parameter Group with \
         DBParameterGroupFamily {wanted}"
    )))
}

/// The logs in a list, which the engine has to write.
pub(super) fn logs(input: &Input, name: &str, version: Version) -> Result<BTreeSet<String>, Refusal> {
    let wanted: BTreeSet<String> = input.texts(name).into_iter().map(str::to_owned).collect();
    match wanted.iter().find(|log| !version.engine.logs.contains(&log.as_str())) {
        None => Ok(wanted),
        Some(odd) => Err(combination(format!(
            "You cannot use the log types '{odd}' with engine version {} {}. For supported log types, see the documentation.",
            version.engine.name, version.number
        ))),
    }
}

/// The daily window that a call asks for.
pub(super) fn backup_window(input: &Input) -> Result<Option<String>, Refusal> {
    let window = input.text("PreferredBackupWindow");
    match window.filter(|window| !windows::is_daily(window)) {
        None => Ok(window.map(str::to_owned)),
        Some(odd) => Err(invalid(format!("Invalid backup window format: {odd}"))),
    }
}
