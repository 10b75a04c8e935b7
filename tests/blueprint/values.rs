//! Values read what they print, and no text upsets them.

use std::fmt::Display;

use pando::blueprint::sections::{cache, database};
use pando::blueprint::tag_value::TagValue;
use pando::blueprint::values::{
    CacheNode, CertificateArn, Cidr, DbClass, Duration, ImageId, ImageName, ImageOwner, InstanceType, Name,
    ParameterPath, Percent, Region, Size, SqlName, StatePlace, TagKey, UrlPath,
};
use proptest::prelude::*;
use proptest::string::string_regex;

fn printed_reads_back<T: Display + PartialEq + std::fmt::Debug>(text: &str, read: impl Fn(&str) -> Option<T>) {
    let value = read(text).unwrap_or_else(|| panic!("`{text}` should be read"));
    assert_eq!(read(&value.to_string()).as_ref(), Some(&value), "`{text}` prints as `{value}`");
}

/// Text that fits a pattern.
fn like(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).expect("a pattern")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sizes_durations_and_shares_read_what_they_print(
        size in like("[1-9][0-9]{0,4} ?(GiB|TiB)"),
        duration in like("[0-9]{1,4}[smhd]|[0-9]{1,4}d 2[0-3]h [1-5]?[0-9]m 59s|[0-9]{1,4}h [1-5][0-9]s|[0-9]{1,4}m [0-9]s"),
        share in like("([1-9][0-9]?|100) ?%"),
    ) {
        printed_reads_back(&size, |text| Size::read(text).ok());
        printed_reads_back(&duration, |text| Duration::read(text).ok());
        printed_reads_back(&share, |text| Percent::read(text).ok());
    }

    #[test]
    fn engines_read_what_they_print(
        database in like("(mysql|mariadb) (5|8|9|1[0-2])\\.[0-9]{1,2}(\\.[0-9]{1,2})?|postgres (9|[12][0-9])(\\.[0-9]{1,2})?"),
        cache in like("valkey [789](\\.[0-9]{1,2})?|redis [67](\\.[0-9]{1,2})?|memcached 1\\.6(\\.[0-9]{1,2})?"),
    ) {
        printed_reads_back(&database, database::Engine::read);
        printed_reads_back(&cache, cache::Engine::read);
    }

    #[test]
    fn ranges_and_names_read_what_they_print(
        range in like("([1-9]?[0-9]|1[0-9]{2}|2[0-4][0-9])(\\.([1-9]?[0-9]|25[0-5])){3}/(1[6-9]|2[0-4])"),
        name in like("[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}"),
    ) {
        printed_reads_back(&range, |text| Cidr::read(text).ok());
        printed_reads_back(&name, |text| Name::read(text).ok());
    }

    #[test]
    fn no_text_upsets_a_value(text in prop_oneof![".{0,40}", "[0-9 .:/GiTBsmhd%ü-]{0,12}", "(mysql|valkey|db|cache|/|ami-)[ .0-9a-z-]{0,9}"]) {
        let texts = [
            Name::read(&text).map(|value| value.0), Region::read(&text).map(|value| value.0), DbClass::read(&text).map(|value| value.0),
            CacheNode::read(&text).map(|value| value.0), UrlPath::read(&text).map(|value| value.0), ImageId::read(&text).map(|value| value.0),
            CertificateArn::read(&text).map(|value| value.0), ParameterPath::read(&text).map(|value| value.0),
            ImageOwner::read(&text).map(|value| value.0), ImageName::read(&text).map(|value| value.0), SqlName::read(&text).map(|value| value.0),
            StatePlace::read(&text).map(|value| value.0), TagKey::read(&text).map(|value| value.0),
            InstanceType::read(&text).map(|value| { value.architecture(); value.0 }),
        ];
        // Whoever reads it keeps it as it is.
        for read in texts.into_iter().flatten().chain(TagValue::read(&text).map(|value| value.0)) {
            prop_assert_eq!(&read, &text);
        }
        for printed in [database::Engine::read(&text).map(|e| e.to_string()), cache::Engine::read(&text).map(|e| e.to_string())] {
            prop_assert!(printed.is_none_or(|printed| printed == text));
        }
        drop((Size::read(&text), Duration::read(&text), Percent::read(&text), Cidr::read(&text)));
    }
}

#[test]
fn near_misses_are_refused() {
    for text in
        ["10.0.0/16", "10/0.0.0/16", "10.0.0.0/16 ", "010.0.0.0/16", "10.0.0.256/16", "10.0.0.0/15", "10.0.0.0/25"]
    {
        assert!(Cidr::read(text).is_err(), "{text}");
    }
    for text in ["t4g.0large", "t4g.2large", "t4g.02xlarge", "t4g", "t4g.", ".large", "T4g.large"] {
        assert!(InstanceType::read(text).is_err(), "{text}");
    }
    for text in ["..", ".", "a/../b", "/a", "a//b", "a/", ""] {
        assert!(StatePlace::read(text).is_err(), "{text}");
    }
    for text in [
        "s3://",
        "s3://ab",
        "s3://Shop",
        "s3://shop_state",
        "s3://-shop",
        "s3://shop-",
        "s3://shop/",
        "s3://shop//a",
        "s3://shop/../a",
        "s3://shop/a b",
        "s3:/shop",
        "S3://shop",
        "s3://shop/a/",
        "https://shop/a",
    ] {
        assert!(StatePlace::read(text).is_err(), "{text}");
    }
    for text in ["a,b", "(a)", "a\tb", "a\"b", "[a]", "a`b", "a\u{85}b", "a\\b", "a^b"] {
        assert!(TagValue::read(text).is_none(), "{text:?}");
    }
    for text in ["", "Ärger 5%=ü".trim_end_matches("%=ü"), "a_b.c:d/e=f+g-h@i", "012345678901", "漢字"] {
        assert!(TagValue::read(text).is_some(), "{text:?}");
    }
}
