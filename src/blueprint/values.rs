//! The values of a blueprint as people write them: sizes, durations, percentages, versions, ranges, names.
//!
//! Each has one pattern, which both the reader and the JSON Schema use, so an editor and Pando accept the same.

use std::fmt;
use std::sync::LazyLock;

use ipnet::Ipv4Net;
use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, mismatch};
use super::diagnostic::{Diagnostic, Report};
use super::syntax::{Node, Value};

/// A value that is written as text of a certain pattern.
macro_rules! text_value {
    (
        $(#[$doc:meta])*
        $name:ident($inner:ty), $what:literal, $pattern:literal, $examples:expr,
        $read:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl $name {
            /// Reads it. The error says what was expected.
            pub fn read(text: &str) -> Result<Self, String> {
                static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
                let fits = PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(text));
                let read: fn(&str) -> Option<$inner> = $read;
                // Only text that fits is read, so reading need not mind what else there may be.
                match Some(text).filter(|_| fits).and_then(read) {
                    Some(inner) => Ok(Self(inner)),
                    None => Err(format!("expected {}, as in {}", $what, examples(&$examples))),
                }
            }
        }

        impl Decode for $name {
            fn decode(node: &Node, report: &mut Report) -> Option<Self> {
                let read = match &node.value {
                    Value::Scalar { text, .. } => Self::read(text).ok(),
                    Value::List(_) | Value::Map(_) => None,
                };
                if read.is_none() {
                    report.add(mismatch(node, $what).hint(format!("as in {}", examples(&$examples))));
                } else if let Some(word) = node.other_than_text() {
                    report.add(unquoted(node, word));
                    return None;
                }
                read
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": $examples })
            }
        }
    };
}

/// A whole number within bounds.
macro_rules! bounded_value {
    ($(#[$doc:meta])* $name:ident($inner:ty), $what:literal, $min:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl Decode for $name {
            fn decode(node: &Node, report: &mut Report) -> Option<Self> {
                let number = u32::decode(node, report)?;
                if !($min..=$max).contains(&number) {
                    let message = format!("{number} is out of bounds: {} is from {} to {}", $what, $min, $max);
                    report.add(Diagnostic::error(node.span, message));
                    return None;
                }
                <$inner>::try_from(number).ok().map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": $min, "maximum": $max })
            }
        }
    };
}

fn examples(examples: &[&str]) -> String {
    examples.iter().map(|example| format!("`{example}`")).collect::<Vec<_>>().join(" or ")
}

fn unquoted(node: &Node, word: &str) -> Diagnostic {
    let message = format!("without quotes, `{word}` is not text in YAML");
    Diagnostic::error(node.span, message).hint("in quotes it is").replacement(format!("\"{word}\""))
}

#[expect(clippy::unnecessary_wraps, reason = "the readers of other values may find something wrong")]
fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

text_value! {
    /// A name of the author's: small letters, digits and single hyphens, beginning with a letter.
    Name(String), "a name of small letters, digits and single hyphens", r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", ["shop", "thumbnails-2"],
    owned
}

text_value! {
    /// An AWS region.
    Region(String), "an AWS region", r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$", ["eu-west-1", "us-gov-east-1"],
    owned
}

text_value! {
    /// A range of IPv4 addresses, /16 to /24.
    Cidr(Ipv4Net), "a range of private addresses, /16 to /24",
    r"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])/(1[6-9]|2[0-4])$",
    ["10.20.0.0/16"],
    |text| text.parse().ok()
}

text_value! {
    /// A size, in GiB.
    Size(u32), "a size", r"^[1-9][0-9]{0,4} ?(GiB|TiB)$", ["100 GiB", "2 TiB"],
    |text| {
        let (number, unit) = text.split_at(text.len().checked_sub(3)?);
        let factor = if unit == "TiB" { 1024 } else { 1 };
        number.trim().parse::<u32>().ok()?.checked_mul(factor)
    }
}

text_value! {
    /// A length of time, in seconds. Units fall, and none but the first has more than the next larger one holds, so what is printed can be read.
    Duration(u32), "a duration",
    r"^([0-9]{1,4}d( (1?[0-9]|2[0-3])h)?( [1-5]?[0-9]m)?( [1-5]?[0-9]s)?|[0-9]{1,4}h( [1-5]?[0-9]m)?( [1-5]?[0-9]s)?|[0-9]{1,4}m( [1-5]?[0-9]s)?|[0-9]{1,4}s)$",
    ["30s", "5m", "1h 30m", "7d"],
    |text| {
        let part = |part: &str| {
            let (number, unit) = part.split_at(part.len().checked_sub(1)?);
            let factor = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return None,
            };
            number.parse::<u32>().ok()?.checked_mul(factor)
        };
        text.split(' ').try_fold(0_u32, |sum, text| sum.checked_add(part(text)?))
    }
}

text_value! {
    /// A share of a hundred.
    Percent(u8), "a percentage from 1 to 100", r"^([1-9][0-9]?|100) ?%$", ["50%"],
    |text| text.trim_end_matches('%').trim().parse().ok()
}

text_value! {
    /// An EC2 instance type.
    InstanceType(String), "an instance type", r"^[a-z][a-z0-9-]*\.((([1-9][0-9]*)?x)?large|metal(-[0-9]+xl)?|nano|micro|small|medium)$",
    ["t4g.small", "c7i.2xlarge"],
    owned
}

text_value! {
    /// An RDS instance class.
    DbClass(String), "an instance class of RDS", r"^db\.[a-z][a-z0-9-]*\.((([1-9][0-9]*)?x)?large|micro|small|medium)$",
    ["db.t4g.medium", "db.r7g.large"],
    owned
}

text_value! {
    /// An ElastiCache node type.
    CacheNode(String), "a node type of ElastiCache", r"^cache\.[a-z][a-z0-9-]*\.((([1-9][0-9]*)?x)?large|micro|small|medium)$",
    ["cache.t4g.small", "cache.r7g.large"],
    owned
}

text_value! {
    /// The path of a URL.
    UrlPath(String), "a path that begins with a slash", r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$", ["/healthz"],
    owned
}

text_value! {
    /// The ARN of a certificate.
    CertificateArn(String), "the ARN of a certificate in ACM",
    r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$",
    ["arn:aws:acm:eu-west-1:123456789012:certificate/8d6e0a4b"],
    owned
}

text_value! {
    /// The id of an image.
    ImageId(String), "the id of an image", r"^ami-[0-9a-f]{8,17}$", ["ami-0d27e0fb3bac4d724"],
    owned
}

text_value! {
    /// The name of a parameter of SSM.
    ParameterPath(String), "the name of an SSM parameter", r"^/[A-Za-z0-9_./-]+$",
    ["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"],
    owned
}

text_value! {
    /// Who an image belongs to.
    ImageOwner(String), "an account, `self` or `amazon`", r"^([0-9]{12}|self|amazon|aws-marketplace)$", ["self", "123456789012"],
    owned
}

text_value! {
    /// The name of an image, with `*` for any text.
    ImageName(String), "the name of an image", r"^[A-Za-z0-9()\[\] ./'@_*?-]{3,128}$", ["al2023-ami-2023.*-arm64"],
    owned
}

text_value! {
    /// The name of a database or of its administrator.
    SqlName(String), "a name of letters, digits and underscores", r"^[a-z][a-z0-9_]{0,15}$", ["app", "shop_admin"],
    owned
}

text_value! {
    /// Where state is kept: a folder, relative to the blueprint, or a bucket in S3 and what keys begin with there.
    StatePlace(String), "a folder beside the blueprint, or a place in a bucket",
    r"^(s3://[a-z0-9][a-z0-9-]{1,61}[a-z0-9](/\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)*|\.?[A-Za-z0-9_-][A-Za-z0-9._-]*(/\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)*)$",
    [".pando", "s3://shop-state/pando"],
    owned
}

text_value! {
    /// The key of a tag of the user's.
    TagKey(String), "the key of a tag", r"^[A-Za-z0-9 _.:/=+@-]{1,128}$", ["team"],
    owned
}

bounded_value! {
    /// A TCP port.
    Port(u16), "a TCP port", 1, 65535
}

bounded_value! {
    /// The port of a database. RDS leaves the lower ones to the system.
    DbPort(u16), "a port of a database", 1150, 65535
}

bounded_value! {
    /// A number of availability zones.
    Zones(u8), "a number of zones", 2, 4
}

bounded_value! {
    /// A number of clones.
    Count(u32), "a number of clones", 0, 10000
}

bounded_value! {
    /// A number of read replicas of a database. RDS allows 15 of one source.
    DbReplicas(u32), "a number of replicas", 0, 15
}

bounded_value! {
    /// A number of replicas of a cache. ElastiCache allows 5.
    CacheReplicas(u32), "a number of replicas", 0, 5
}

bounded_value! {
    /// A number of Memcached nodes.
    CacheNodes(u32), "a number of nodes", 1, 40
}

bounded_value! {
    /// How often something is tried. SQS allows 1 to 1000.
    Attempts(u32), "a number of attempts", 1, 1000
}

bounded_value! {
    /// A number of requests.
    Requests(u32), "a number of requests", 1, 10_000_000
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1024 && self.0.is_multiple_of(1024) {
            write!(f, "{} TiB", self.0 / 1024)
        } else {
            write!(f, "{} GiB", self.0)
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut parts = Vec::new();
        for (unit, seconds) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
            if rest >= seconds {
                parts.push(format!("{}{unit}", rest / seconds));
                rest %= seconds;
            }
        }
        f.write_str(&if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_read_what_people_write_and_print_it_back() {
        for text in ["1 GiB", "100 GiB", "2 TiB"] {
            assert_eq!(Size::read(text).map(|size| size.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Size::read("100GiB"), Ok(Size(100)));
        for text in ["30s", "5m", "1h 30m", "7d", "0s"] {
            assert_eq!(Duration::read(text).map(|time| time.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Duration::read("90s"), Ok(Duration(90)));
        assert_eq!(Percent::read("50%").map(|p| p.to_string()).as_deref(), Ok("50%"));
    }

    #[test]
    fn what_is_nearly_right_is_refused_with_an_example() {
        for text in ["100", "100 GB", "0 GiB", "-1 GiB", "1.5 GiB"] {
            assert!(Size::read(text).unwrap_err().contains("`100 GiB`"), "{text}");
        }
        for text in ["5", "5 min", "m", "-5m", "1h 90m", "5m 1h", "1h 1h", "10000d"] {
            assert!(Duration::read(text).is_err(), "{text}");
        }
        for text in ["0%", "101%", "50", "%"] {
            assert!(Percent::read(text).is_err(), "{text}");
        }
        for text in ["10.0.0.0/8", "10.0.0.0/25", "300.0.0.0/16", "10.0.0.0"] {
            assert!(Cidr::read(text).is_err(), "{text}");
        }
        for text in ["Shop", "-shop", "shop-", "shop--x", "2shop", ""] {
            assert!(Name::read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_sizes_and_durations_read_back(number in 1_u32..10_000) {
            prop_assert_eq!(Duration::read(&Duration(number).to_string()), Ok(Duration(number)));
            prop_assert_eq!(Size::read(&Size(number).to_string()), Ok(Size(number)));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            drop((Size::read(&text), Duration::read(&text), Percent::read(&text), Cidr::read(&text), Name::read(&text)));
            drop(InstanceType::read(&text));
        }
    }
}
