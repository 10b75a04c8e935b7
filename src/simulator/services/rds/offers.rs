//! What RDS offers: engine versions, classes, certificates.

use super::engines::{self, ENGINES, STORAGE, Version};
use super::listing;
use crate::simulator::clock::Moment;
use crate::simulator::input::Input;
use crate::simulator::output::{Tree, members, named, object};
use crate::simulator::refusal::Refusal;
use crate::simulator::scene::Scene;
use crate::simulator::service::{Action, Answer, action};
use crate::simulator::services::ec2::zones;

use super::create::AUTHORITY;

/// Offers.
pub(super) const ACTIONS: &[Action] = &[
    action("DescribeCertificates", certificates),
    action("DescribeDBEngineVersions", versions),
    action("DescribeOrderableDBInstanceOptions", options),
];

fn versions(_: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    input.pass_over("ListSupportedCharacterSets");
    input.pass_over("ListSupportedTimezones");
    input.pass_over("IncludeAll");
    let (engine, wanted, family) =
        (input.text("Engine"), input.text("EngineVersion"), input.text("DBParameterGroupFamily"));
    let default_only = input.flag("DefaultOnly") == Some(true);
    let engines = ENGINES.iter().filter(|known| engine.is_none_or(|engine| engine == known.name));
    let found = engines.flat_map(|engine| engine.versions()).filter(|version| {
        wanted.is_none_or(|wanted| wanted == version.number || wanted == version.major.number)
            && family.is_none_or(|family| family == version.major.family)
    });
    // The default of a major version is its newest.
    let is_default = |version: &Version| match wanted {
        Some(_) => version.major.minors.last() == Some(&version.number),
        None => version.is_default(),
    };
    let found = found.filter(|version| !default_only || is_default(version));
    let all = found.map(|version| (sortable(version), show_version(version)));
    let mut all: Vec<(String, Tree)> = all.collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(page.list("DBEngineVersions", "DBEngineVersion", all))
}

/// A key that sorts versions by their numbers.
fn sortable(version: Version) -> String {
    let numbers = version.number.split('.').map(|part| format!("{part:0>4}"));
    format!("{} {}", version.engine.name, numbers.collect::<Vec<_>>().join("."))
}

fn show_version(version: Version) -> Tree {
    let engine = version.engine;
    let targets = version.targets().map(|target| {
        object! {
            "Engine" => engine.name,
            "EngineVersion" => target.number,
            "Description" => format!("{} {}", engine.title, target.number),
            "AutoUpgrade" => false,
            "IsMajorVersionUpgrade" => target.major.number != version.major.number,
        }
    });
    object! {
        "Engine" => engine.name,
        "EngineVersion" => version.number,
        "MajorEngineVersion" => version.major.number,
        "DBParameterGroupFamily" => version.major.family,
        "DBEngineDescription" => engine.title,
        "DBEngineVersionDescription" => format!("{} {}", engine.title, version.number),
        "ValidUpgradeTarget" => named("UpgradeTarget", targets),
        "ExportableLogTypes" => members(engine.logs.iter().copied()),
        "SupportsLogExportsToCloudwatchLogs" => true,
        "SupportsReadReplica" => true,
        "SupportedFeatureNames" => Tree::List("member", Vec::new()),
        "SupportedCACertificateIdentifiers" => members(AUTHORITIES.iter().map(|authority| authority.0)),
        "SupportsCertificateRotationWithoutRestart" => true,
        "SupportsParallelQuery" => false,
        "SupportsGlobalDatabases" => false,
        "SupportsBabelfish" => false,
        "SupportsLimitlessDatabase" => false,
        "SupportsLocalWriteForwarding" => false,
        "SupportsIntegrations" => engine.name != "mariadb",
        "Status" => "available",
    }
}

fn options(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let engine = engines::engine(input.need("Engine")?)?;
    let (wanted, class, license) =
        (input.text("EngineVersion"), input.text("DBInstanceClass"), input.text("LicenseModel"));
    let is_offered = license.is_none_or(|license| license == engine.license) && input.flag("Vpc") != Some(false);
    let versions: Vec<Version> = engine
        .versions()
        .filter(|version| is_offered && wanted.is_none_or(|w| w == version.number || w == version.major.number))
        .collect();
    let classes: Vec<String> = engines::classes().filter(|known| class.is_none_or(|class| class == known)).collect();
    let zones: Vec<String> = zones::of(&scene.place.region).into_iter().map(|zone| zone.name).collect();
    let mut all = Vec::new();
    for version in versions {
        for class in &classes {
            for kind in STORAGE {
                let key = format!("{} {class} {}", sortable(version), kind.name);
                all.push((key, (version, class, kind)));
            }
        }
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let shown = all.into_iter().map(|(key, (version, class, kind))| (key, show_option(version, class, kind, &zones)));
    Ok(page.list("OrderableDBInstanceOptions", "OrderableDBInstanceOption", shown))
}

fn show_option(version: Version, class: &str, kind: &engines::Storage, zones: &[String]) -> Tree {
    let zones = zones.iter().map(|zone| object! { "Name" => zone });
    object! {
        "Engine" => version.engine.name,
        "EngineVersion" => version.number,
        "DBInstanceClass" => class.to_owned(),
        "LicenseModel" => version.engine.license,
        "AvailabilityZones" => named("AvailabilityZone", zones),
        "MultiAZCapable" => true,
        "ReadReplicaCapable" => true,
        "Vpc" => true,
        "SupportsStorageEncryption" => true,
        "StorageType" => kind.name,
        "MinStorageSize" => kind.size.0,
        "MaxStorageSize" => kind.size.1,
        "SupportsIops" => kind.iops.is_some(),
        "MinIopsPerDbInstance" => kind.iops.map(|range| range.0),
        "MaxIopsPerDbInstance" => kind.iops.map(|range| range.1),
        "SupportsStorageThroughput" => kind.name == "gp3",
        "SupportsStorageAutoscaling" => kind.name != "standard",
        "SupportsIAMDatabaseAuthentication" => true,
        "SupportsPerformanceInsights" => true,
        "SupportsEnhancedMonitoring" => true,
        "SupportsKerberosAuthentication" => true,
        "SupportsGlobalDatabases" => false,
        "SupportsClusters" => false,
        "SupportsDedicatedLogVolume" => matches!(kind.name, "io1" | "io2"),
        "OutpostCapable" => false,
        "SupportedNetworkTypes" => members(["IPV4", "DUAL"]),
        "SupportedEngineModes" => members(["provisioned"]),
    }
}

/// The certificate authorities, with their thumbprints and ends
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html>).
const AUTHORITIES: &[(&str, &str, u64)] = &[
    (AUTHORITY, "7d5a5bd0c7bb8c8ee0e6e8a2b0d4b3d87d1c3d4e", 2_873_836_800_000),
    ("rds-ca-rsa4096-g1", "5d8a2b8a0de1a1d9cf5b1f6b1e43ad9c2b0b1c7f", 4_767_379_200_000),
    ("rds-ca-ecc384-g1", "8e3f0d11fca4d8d2cd4f2c6b1e0aa8d5f2b3c9a1", 4_767_379_200_000),
];

fn certificates(scene: &mut Scene<'_>, input: &Input) -> Answer {
    let page = listing::page(input)?;
    input.pass_over("Filters");
    let wanted = input.text("CertificateIdentifier");
    let found = AUTHORITIES.iter().filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name));
    let all = found.map(|(name, thumbprint, ends)| {
        let shown = object! {
            "CertificateIdentifier" => *name,
            "CertificateType" => "CA",
            "Thumbprint" => *thumbprint,
            "ValidFrom" => Moment(1_621_555_200_000),
            "ValidTill" => Moment(*ends),
            "CertificateArn" => format!("arn:aws:rds:{}::cert:{name}", scene.place.region),
            "CustomerOverride" => false,
        };
        ((*name).to_owned(), shown)
    });
    let answer = page.list("Certificates", "Certificate", all);
    match wanted.filter(|wanted| !AUTHORITIES.iter().any(|(name, ..)| name == wanted)) {
        Some(odd) => {
            let words = format!("Certificate not found: {odd}");
            Err(Refusal::new("CertificateNotFound", words).status(404))
        }
        None => Ok(answer.with("DefaultCertificateForNewLaunches", AUTHORITY)),
    }
}
