//! The engines that can be had, their versions, and the instance classes they run on.
//!
//! From the lists of supported versions (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html> and the
//! pages beside it) and of classes (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html>).

use crate::simulator::input::invalid;
use crate::simulator::refusal::Refusal;

use super::refusals::combination;

/// What all versions of an engine have in common.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) name: &'static str,
    /// What people call it.
    pub(super) title: &'static str,
    pub(super) license: &'static str,
    pub(super) port: i64,
    /// The logs that can go to CloudWatch.
    pub(super) logs: &'static [&'static str],
    /// The storage types it takes.
    pub(super) majors: &'static [Major],
    /// The version of who names none.
    default: &'static str,
    /// Names that its administrator may not have.
    pub(super) reserved: &'static [&'static str],
}

/// A major version: its number, the family of its parameter groups, its minor versions.
#[derive(Debug)]
pub(super) struct Major {
    pub(super) number: &'static str,
    pub(super) family: &'static str,
    pub(super) minors: &'static [&'static str],
}

/// A version that can be had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) engine: &'static Engine,
    pub(super) major: &'static Major,
    pub(super) number: &'static str,
}

/// The engines.
pub(super) const ENGINES: &[Engine] = &[
    Engine {
        name: "mariadb",
        title: "MariaDB Community Edition",
        license: "general-public-license",
        port: 3306,
        logs: &["audit", "error", "general", "iam-db-auth-error", "slowquery"],
        majors: &[
            Major { number: "10.6", family: "mariadb10.6", minors: &["10.6.22", "10.6.23", "10.6.24", "10.6.25"] },
            Major {
                number: "10.11",
                family: "mariadb10.11",
                minors: &["10.11.13", "10.11.14", "10.11.15", "10.11.16"],
            },
            Major { number: "11.4", family: "mariadb11.4", minors: &["11.4.7", "11.4.8", "11.4.9", "11.4.10"] },
            Major { number: "11.8", family: "mariadb11.8", minors: &["11.8.3", "11.8.5", "11.8.6"] },
        ],
        default: "11.4.10",
        reserved: &["rdsadmin"],
    },
    Engine {
        name: "mysql",
        title: "MySQL Community Edition",
        license: "general-public-license",
        port: 3306,
        logs: &["audit", "error", "general", "iam-db-auth-error", "slowquery"],
        majors: &[
            Major { number: "8.0", family: "mysql8.0", minors: &["8.0.42", "8.0.43", "8.0.44", "8.0.45"] },
            Major {
                number: "8.4",
                family: "mysql8.4",
                minors: &["8.4.3", "8.4.4", "8.4.5", "8.4.6", "8.4.7", "8.4.8"],
            },
        ],
        default: "8.0.45",
        reserved: &["rdsadmin"],
    },
    Engine {
        name: "postgres",
        title: "PostgreSQL",
        license: "postgresql-license",
        port: 5432,
        logs: &["iam-db-auth-error", "postgresql", "upgrade"],
        majors: &[
            Major { number: "13", family: "postgres13", minors: &["13.22", "13.23"] },
            Major { number: "14", family: "postgres14", minors: &["14.19", "14.20", "14.21"] },
            Major { number: "15", family: "postgres15", minors: &["15.14", "15.15", "15.16"] },
            Major { number: "16", family: "postgres16", minors: &["16.10", "16.11", "16.12"] },
            Major { number: "17", family: "postgres17", minors: &["17.2", "17.4", "17.5", "17.6", "17.7", "17.8"] },
            Major { number: "18", family: "postgres18", minors: &["18.1", "18.2"] },
        ],
        default: "17.8",
        reserved: &["admin", "rdsadmin"],
    },
];

impl Engine {
    /// Its versions, oldest first.
    pub(super) fn versions(&'static self) -> impl Iterator<Item = Version> {
        let of =
            move |major: &'static Major| major.minors.iter().map(move |number| Version { engine: self, major, number });
        self.majors.iter().flat_map(of)
    }

    /// The version meant by a whole number or by the number of a major version, which stands for its newest; without any, the default.
    pub(super) fn version(&'static self, wanted: Option<&str>) -> Result<Version, Refusal> {
        let wanted = wanted.unwrap_or(self.default);
        let fits = |version: &Version| version.number == wanted || version.major.number == wanted;
        let found = self.versions().filter(fits).last();
        found.ok_or_else(|| combination(format!("Cannot find version {wanted} for {}", self.name)))
    }
}

impl Version {
    /// Whether it is what one gets without naming a version.
    pub(super) fn is_default(self) -> bool {
        self.number == self.engine.default
    }

    /// The versions it can be upgraded to: all newer ones. From a major version to the next but one is possible for all engines but MySQL
    /// 5.7, which is not here.
    pub(super) fn targets(self) -> impl Iterator<Item = Version> {
        self.engine.versions().skip_while(move |version| version.number != self.number).skip(1)
    }

    /// The option group of whoever names none.
    pub(super) fn option_group(self) -> String {
        format!("default:{}-{}", self.engine.name, self.major.number.replace('.', "-"))
    }
}

/// The engine of this name.
pub(super) fn engine(name: &str) -> Result<&'static Engine, Refusal> {
    ENGINES.iter().find(|engine| engine.name == name).ok_or_else(|| invalid("Invalid DB engine"))
}

/// The families of parameter groups, with their engines.
pub(super) fn families() -> impl Iterator<Item = (&'static str, &'static Engine)> {
    ENGINES.iter().flat_map(|engine| engine.majors.iter().map(move |major| (major.family, engine)))
}

/// The families of instance classes and their sizes.
const CLASSES: &[(&str, &str)] = &[
    ("db.t3", "micro small medium large xlarge 2xlarge"),
    ("db.t4g", "micro small medium large xlarge 2xlarge"),
    ("db.m5", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge"),
    ("db.m6g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("db.m6i", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"),
    ("db.m7g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("db.m7i", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("db.m8g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("db.r5", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge"),
    ("db.r6g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("db.r6i", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"),
    ("db.r7g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
    ("db.r7i", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("db.r8g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    ("db.x2g", "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"),
];

/// All instance classes. Every engine here runs on all of them.
pub(super) fn classes() -> impl Iterator<Item = String> {
    CLASSES.iter().flat_map(|(family, sizes)| sizes.split(' ').map(move |size| format!("{family}.{size}")))
}

/// Refuses an instance class that does not exist.
pub(super) fn check_class(class: &str) -> Result<(), Refusal> {
    if classes().any(|known| known == class) {
        Ok(())
    } else {
        Err(invalid(format!("Invalid DB Instance class: {class}")))
    }
}

/// What each type of storage can be.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) name: &'static str,
    /// GiB, least and most (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html>).
    pub(super) size: (i64, i64),
    /// Operations in a second, where they can be chosen.
    pub(super) iops: Option<(i64, i64)>,
}

/// The types of storage.
pub(super) const STORAGE: &[Storage] = &[
    Storage { name: "gp2", size: (20, 65_536), iops: None },
    Storage { name: "gp3", size: (20, 65_536), iops: Some((3000, 64_000)) },
    Storage { name: "io1", size: (100, 65_536), iops: Some((1000, 256_000)) },
    Storage { name: "io2", size: (100, 65_536), iops: Some((1000, 256_000)) },
    Storage { name: "standard", size: (5, 3072), iops: None },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_version_stands_for_its_newest() {
        let mysql = engine("mysql").unwrap();
        assert_eq!(mysql.version(Some("8.4")).unwrap().number, "8.4.8");
        assert_eq!(mysql.version(Some("8.0.43")).unwrap().targets().next().unwrap().number, "8.0.44");
        assert!(mysql.version(Some("8.1")).is_err() && engine("oracle").is_err());
        assert_eq!(mysql.version(None).unwrap().option_group(), "default:mysql-8-0");
    }
}
