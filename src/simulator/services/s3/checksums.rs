//! Checksums of objects: callers say one or AWS reckons its own, and readers who want it get it back
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::Serialize;
use sha2::{Sha256, Sha512};

use super::super::super::output::{Tree, named};
use super::super::super::refusal::Refusal;
use super::Asked;

/// A checksum of an object or of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Checksum {
    /// As lists name it, `CRC32`.
    pub(super) algorithm: &'static str,
    /// In Base64; if it is one of parts, with their number after a hyphen.
    pub(super) value: String,
    /// Whether it is of the checksums of the parts, instead of the whole content.
    is_composite: bool,
}

/// All algorithms of AWS, and how many bytes a checksum of each has. Those that are not reckoned here, `SHA1` and those of `XXHASH`, are kept as they
/// are said.
const ALGORITHMS: [(&str, usize); 10] = [
    ("CRC32", 4),
    ("CRC32C", 4),
    ("CRC64NVME", 8),
    ("MD5", 16),
    ("SHA1", 20),
    ("SHA256", 32),
    ("SHA512", 64),
    ("XXHASH128", 16),
    ("XXHASH3", 8),
    ("XXHASH64", 8),
];

/// What AWS reckons by itself where nobody says another.
pub(super) const OWN: &str = "CRC64NVME";

/// The algorithm of this name.
pub(super) fn algorithm(name: &str) -> Result<&'static str, Refusal> {
    let found = ALGORITHMS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known);
    let words = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, \
                 CRC64NVME, SHA1, SHA256]";
    found.ok_or_else(|| Refusal::new("InvalidRequest", words))
}

/// The bytes of a checksum; none, if the algorithm is not reckoned here.
fn reckon(algorithm: &str, content: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        "CRC32" => crc32fast::hash(content).to_be_bytes().to_vec(),
        // CRC-32C of RFC 3720, and CRC-64/NVME of the NVM Command Set Specification, both with their bits mirrored.
        "CRC32C" => {
            let bytes = cyclic(content, 0x82f6_3b78, u64::from(u32::MAX)).to_be_bytes();
            bytes[4..].to_vec()
        }
        "CRC64NVME" => cyclic(content, 0x9a6c_9329_ac4b_c9b5, u64::MAX).to_be_bytes().to_vec(),
        "MD5" => Md5::digest(content).to_vec(),
        "SHA256" => Sha256::digest(content).to_vec(),
        "SHA512" => Sha512::digest(content).to_vec(),
        _ => return None,
    })
}

/// A cyclic redundancy check by a mirrored polynomial. The mask has as many ones as the check has bits.
fn cyclic(content: &[u8], polynomial: u64, mask: u64) -> u64 {
    let mut table = [0_u64; 256];
    for (entry, byte) in table.iter_mut().zip(0_u64..) {
        *entry = (0..8).fold(byte, |rest, _| if rest & 1 == 1 { rest >> 1 ^ polynomial } else { rest >> 1 });
    }
    let step = |rest: u64, byte: &u8| {
        let [low, ..] = rest.to_le_bytes();
        table[usize::from(low ^ byte)] ^ rest >> 8
    };
    content.iter().fold(mask, step) ^ mask
}

impl Checksum {
    /// Of a whole content; none, if the algorithm is not reckoned here.
    pub(super) fn of(algorithm: &'static str, content: &[u8]) -> Option<Self> {
        let value = STANDARD.encode(reckon(algorithm, content)?);
        Some(Self { algorithm, value, is_composite: false })
    }

    /// Of the checksums of parts.
    pub(super) fn of_parts(algorithm: &'static str, parts: &[&Self]) -> Option<Self> {
        let bytes: Vec<Vec<u8>> = parts.iter().filter_map(|part| STANDARD.decode(&part.value).ok()).collect();
        let value = format!("{}-{}", STANDARD.encode(reckon(algorithm, &bytes.concat())?), parts.len());
        Some(Self { algorithm, value, is_composite: true })
    }

    /// Its type, as answers name it.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_composite { "COMPOSITE" } else { "FULL_OBJECT" }
    }

    /// The header that it stands in.
    pub(super) fn header(&self) -> (Cow<'static, str>, String) {
        (header(self.algorithm).into(), self.value.clone())
    }

    /// The headers of an answer about a whole object.
    pub(super) fn headers(&self) -> [(Cow<'static, str>, String); 2] {
        [self.header(), ("x-amz-checksum-type".into(), self.kind().to_owned())]
    }

    /// Adds its field to an answer in XML.
    pub(super) fn show(&self, tree: Tree) -> Tree {
        tree.with(format!("Checksum{}", self.algorithm), self.value.clone())
    }

    /// Adds to a list what it is, without its value.
    pub(super) fn mention(&self, tree: Tree) -> Tree {
        tree.with("ChecksumAlgorithm", named("", [self.algorithm])).with("ChecksumType", self.kind())
    }
}

fn header(algorithm: &str) -> String {
    format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase())
}

/// The checksum that comes with a request, in a header or after the body.
fn said(asked: &Asked<'_>) -> Result<Option<Checksum>, Refusal> {
    let all = ALGORITHMS.iter().filter_map(|(name, length)| Some((*name, *length, asked.promise(&header(name))?)));
    let all: Vec<_> = all.collect();
    match all[..] {
        [] => Ok(None),
        [(algorithm, length, value)] => {
            if STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == length) {
                Ok(Some(Checksum { algorithm, value: value.to_owned(), is_composite: false }))
            } else {
                let words = format!("Value for {} header is invalid.", header(algorithm));
                Err(Refusal::new("InvalidRequest", words))
            }
        }
        _ => {
            let words = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
            Err(Refusal::new("InvalidRequest", words))
        }
    }
}

/// Refuses a body that is not the one that was sent. Answers the checksum that was said, if one was.
pub(super) fn check(asked: &Asked<'_>) -> Result<Option<Checksum>, Refusal> {
    if asked.header("content-md5").is_some_and(|said| said != STANDARD.encode(Md5::digest(&asked.body))) {
        let words = "The Content-MD5 you specified did not match what we received.";
        return Err(Refusal::new("BadDigest", words));
    }
    let said = said(asked)?;
    if let Some(said) = &said {
        agree(said, Checksum::of(said.algorithm, &asked.body).as_ref())?;
    }
    Ok(said)
}

/// Refuses a checksum that is not the reckoned one.
fn agree(said: &Checksum, reckoned: Option<&Checksum>) -> Result<(), Refusal> {
    if reckoned.is_some_and(|reckoned| reckoned.value != said.value) {
        let words = format!("The {} you specified did not match the calculated checksum.", said.algorithm);
        return Err(Refusal::new("BadDigest", words));
    }
    Ok(())
}

/// Refuses a checksum of a whole object, in the header of a request without its content, that is not the reckoned one.
pub(super) fn check_whole(asked: &Asked<'_>, reckoned: &Checksum) -> Result<(), Refusal> {
    match asked.header(&header(reckoned.algorithm)) {
        Some(value) => agree(&Checksum { value: value.to_owned(), ..reckoned.clone() }, Some(reckoned)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms (<https://reveng.sourceforge.io/crc-catalogue/all.htm>).
    #[test]
    fn checks_are_those_of_the_catalogue() {
        let of = |algorithm: &'static str| reckon(algorithm, b"123456789").unwrap();
        assert_eq!(of("CRC32"), 0xcbf4_3926_u32.to_be_bytes());
        assert_eq!(of("CRC32C"), 0xe306_9283_u32.to_be_bytes());
        assert_eq!(of("CRC64NVME"), 0xae8b_1486_0a79_9888_u64.to_be_bytes());
    }
}
