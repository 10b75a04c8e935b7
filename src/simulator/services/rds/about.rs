//! What can be asked about RDS besides its things: option groups, maintenance, quotas, what a database can become, its logs.

use super::engines::{ENGINES, Engine, Major, STORAGE};
use super::instance::find;
use super::{engines, listing};
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};

/// Questions.
pub(super) const ACTIONS: &[Action] = &[
    action("ApplyPendingMaintenanceAction", no_maintenance),
    action("DescribeAccountAttributes", quotas),
    action("DescribeDBLogFiles", logs),
    action("DescribeDBMajorEngineVersions", majors),
    action("DescribeOptionGroupOptions", no_options),
    action("DescribeOptionGroups", option_groups),
    action("DescribePendingMaintenanceActions", maintenance),
    action("DescribeValidDBInstanceModifications", modifications),
];

/// The option groups that are there by themselves, one for each major version; there are no others.
fn option_groups(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let (name, engine, major) =
        (input.text("OptionGroupName"), input.text("EngineName"), input.text("MajorEngineVersion"));
    let all = ENGINES.iter().flat_map(|engine| engine.majors.iter().map(move |major| (engine, major)));
    let title = |engine: &Engine, major: &Major| format!("default:{}-{}", engine.name, major.number.replace('.', "-"));
    let mut found: Vec<(String, Tree)> = all
        .filter(|(known, number)| {
            name.is_none_or(|name| name.eq_ignore_ascii_case(&title(known, number)))
                && engine.is_none_or(|engine| engine == known.name)
                && major.is_none_or(|major| major == number.number)
        })
        .map(|(engine, major)| (title(engine, major), option_group(scene, &title(engine, major), engine, major)))
        .collect();
    if let Some(name) = name.filter(|_| found.is_empty()) {
        let words = format!("Specified OptionGroupName: {name} not found.");
        return Err(Refusal::new("OptionGroupNotFoundFault", words).status(404));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(page.list("OptionGroupsList", "OptionGroup", found))
}

fn option_group(scene: &Scene<'_>, name: &str, engine: &Engine, major: &Major) -> Tree {
    object! {
        "OptionGroupName" => name.to_owned(),
        "OptionGroupDescription" => format!("Default option group for {} {}", engine.name, major.number),
        "EngineName" => engine.name,
        "MajorEngineVersion" => major.number,
        "Options" => Tree::List("Option", Vec::new()),
        "AllowsVpcAndNonVpcInstanceMemberships" => true,
        "OptionGroupArn" => scene.arn("rds", &format!("og:{name}")),
    }
}

fn no_options(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    input.pass_over("MajorEngineVersion");
    engines::engine(input.need("EngineName")?)?;
    Ok(page.list("OptionGroupOptions", "OptionGroupOption", []))
}

/// Nothing is ever due.
fn maintenance(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    if let Some(arn) = input.text("ResourceIdentifier") {
        find(scene, arn).map_err(|_| no_resource(arn))?;
    }
    Ok(page.list("PendingMaintenanceActions", "ResourcePendingMaintenanceActions", []))
}

fn no_maintenance(_: &mut Scene<'_>, input: &Input) -> Answer {
    input.pass_over("ApplyAction");
    input.pass_over("OptInType");
    Err(no_resource(input.need("ResourceIdentifier")?))
}

fn no_resource(arn: &str) -> Refusal {
    let words = format!("There is no pending maintenance action for the resource {arn}.");
    Refusal::new("ResourceNotFoundFault", words).status(404)
}

/// What an account may have (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html>).
fn quotas(scene: &mut Scene<'_>, _: &Input) -> Answer {
    let rds = &scene.here.rds;
    let storage: i64 = rds.instances.values().map(|instance| instance.storage.size).sum();
    let manual = rds.snapshots.values().filter(|snapshot| snapshot.kind == "manual").count();
    let most_subnets = rds.subnet_groups.values().map(|group| group.subnets.len()).max();
    let most_replicas = rds.instances.iter().map(|(id, _)| super::instance::replicas(scene, id).len()).max();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let all = [
        ("DBInstances", count(rds.instances.len()), 40),
        ("ReservedDBInstances", 0, 40),
        ("AllocatedStorage", storage, 100_000),
        ("DBSecurityGroups", 0, 25),
        ("AuthorizationsPerDBSecurityGroup", 0, 20),
        ("DBParameterGroups", count(rds.parameter_groups.len()), 50),
        ("ManualSnapshots", count(manual), 100),
        ("EventSubscriptions", 0, 20),
        ("DBSubnetGroups", count(rds.subnet_groups.len()), 50),
        ("OptionGroups", 0, 20),
        ("SubnetsPerDBSubnetGroup", count(most_subnets.unwrap_or(0)), 20),
        ("ReadReplicasPerMaster", count(most_replicas.unwrap_or(0)), 15),
    ];
    let all = all.map(|(name, used, most)| object! { "AccountQuotaName" => name, "Used" => used, "Max" => most });
    Ok(object! { "AccountQuotas" => named("AccountQuota", all) })
}

fn modifications(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    let range = |(from, to): (i64, i64)| named("Range", [object! { "From" => from, "To" => to, "Step" => 1 }]);
    let storage = STORAGE.iter().map(|kind| {
        object! {
            "StorageType" => kind.name,
            "StorageSize" => range((kind.size.0.max(instance.storage.size), kind.size.1)),
            "ProvisionedIops" => kind.iops.map(range),
            "SupportsStorageAutoscaling" => kind.name != "standard",
        }
    });
    let message = object! {
        "Storage" => named("ValidStorageOptions", storage),
        "ValidProcessorFeatures" => Tree::List("AvailableProcessorFeature", Vec::new()),
        "SupportsDedicatedLogVolume" => matches!(instance.storage.kind.as_str(), "io1" | "io2"),
    };
    Ok(object! { "ValidDBInstanceModificationsMessage" => message })
}

/// A database that nobody uses has one log, with nothing in it.
fn logs(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let (_, instance) = find(scene, input.need("DBInstanceIdentifier")?)?;
    for filter in ["Filters", "FileLastWritten", "FileSize", "MaxRecords", "Marker"] {
        input.pass_over(filter);
    }
    let name = match instance.settings.engine.as_str() {
        "postgres" => "error/postgres.log",
        _ => "error/mysql-error.log",
    };
    let is_wanted = input.text("FilenameContains").is_none_or(|part| name.contains(part));
    let written = instance.created.filter(|_| is_wanted);
    let files = written.map(|at| object! { "LogFileName" => name, "LastWritten" => at.0, "Size" => 0 });
    Ok(object! { "DescribeDBLogFiles" => named("DescribeDBLogFilesDetails", files) })
}

fn majors(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    let (engine, major) = (input.text("Engine"), input.text("MajorEngineVersion"));
    let all = ENGINES.iter().flat_map(|engine| engine.majors.iter().map(move |major| (engine, major)));
    let found = all.filter(|(known, number)| {
        engine.is_none_or(|engine| engine == known.name) && major.is_none_or(|major| major == number.number)
    });
    let mut shown: Vec<(String, Tree)> = found
        .map(|(engine, major)| {
            let tree = object! {
                "Engine" => engine.name,
                "MajorEngineVersion" => major.number,
                "SupportedEngineLifecycles" => Tree::List("SupportedEngineLifecycle", Vec::new()),
            };
            (format!("{} {:>8}", engine.name, major.number), tree)
        })
        .collect();
    shown.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(page.list("DBMajorEngineVersions", "DBMajorEngineVersion", shown))
}
