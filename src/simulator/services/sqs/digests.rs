//! Digests of messages, as senders and receivers check them
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::queue::Attribute;

/// The MD5 digest of a body.
pub(super) fn of_body(body: &str) -> String {
    hexadecimal(&Md5::digest(body))
}

/// The MD5 digest of attributes, unless there are none: name, type and value of each, in the order of the names, each with its length before it.
pub(super) fn of_attributes(attributes: &BTreeMap<String, Attribute>) -> Option<String> {
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        let value = if attribute.is_binary {
            STANDARD.decode(&attribute.value).unwrap_or_default()
        } else {
            attribute.value.clone().into_bytes()
        };
        let transport = if attribute.is_binary { 2 } else { 1 };
        for (part, mark) in [(name.as_bytes(), None), (attribute.kind.as_bytes(), None), (&value, Some(transport))] {
            digest.update(mark.as_slice());
            digest.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            digest.update(part);
        }
    }
    (!attributes.is_empty()).then(|| hexadecimal(&digest.finalize()))
}

/// The deduplication id of a message that has none, by its content.
pub(super) fn of_content(body: &str) -> String {
    hexadecimal(&Sha256::digest(body))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_aws_computes() {
        assert_eq!(of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
        let attribute =
            |kind: &str, value: &str, is_binary| Attribute { kind: kind.into(), value: value.into(), is_binary };
        let text = BTreeMap::from([("timestamp".to_owned(), attribute("Number", "1493147359900", false))]);
        assert_eq!(of_attributes(&text).as_deref(), Some("235c5c510d26fb653d073faed50ae77c"));
        let binary = BTreeMap::from([("b".to_owned(), attribute("Binary", "AQI=", true))]);
        assert_ne!(
            of_attributes(&binary),
            of_attributes(&BTreeMap::from([("b".to_owned(), attribute("Binary", "AQI=", false))]))
        );
        assert_eq!(of_attributes(&BTreeMap::new()), None);
    }
}
