//! Lines that can tell whether they are whole: eight hexadecimal digits of CRC-32, a space, and JSON.

use serde::{Serialize, de::DeserializeOwned};

/// A line that is not what was written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("it has no checksum")]
    Shape,
    #[error("its checksum does not fit")]
    Checksum,
    #[error("it is not what Pando writes there: {0}")]
    Content(String),
}

/// The line for a value, with its line break.
pub(super) fn write<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(value)?;
    Ok(format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())))
}

/// The value of a line, without its line break.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, FrameError> {
    let (checksum, json) = line.split_at_checked(9).ok_or(FrameError::Shape)?;
    let checksum = checksum.strip_suffix(b" ").and_then(|digits| std::str::from_utf8(digits).ok());
    let checksum = checksum.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(FrameError::Shape)?;
    if checksum != crc32fast::hash(json) {
        return Err(FrameError::Checksum);
    }
    serde_json::from_slice(json).map_err(|e| FrameError::Content(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let line = write(&serde_json::json!({"a": [1, 2, 3], "b": "text"})).unwrap();
        let line = line.trim_end().as_bytes();
        assert!(read::<serde_json::Value>(line).is_ok());
        for at in 0..line.len() {
            assert!(read::<serde_json::Value>(&line[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut changed = line.to_vec();
                changed[at] ^= 1 << bit;
                // The digits of the checksum may be written in capitals; that is the one change that changes nothing.
                let same = changed.eq_ignore_ascii_case(line) && at < 8;
                assert!(same || read::<serde_json::Value>(&changed).is_err(), "bit {bit} of byte {at}");
            }
        }
    }
}
