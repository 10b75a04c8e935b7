//! Text from the cloud or from a file must not steer the terminal.

/// The text with everything that is not plain text written as `\u{…}`: control characters, and those that turn the direction of writing or
/// are invisible.
pub fn escape(text: &str) -> String {
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    text.chars().fold(String::new(), |mut escaped, c| {
        if is_plain(c) {
            escaped.push(c);
        } else {
            escaped.extend(c.escape_unicode());
        }
        escaped
    })
}

/// JSON over several lines, with everything that is not plain text written as `\uXXXX`, which means the same to whoever reads it as JSON.
pub fn escape_json(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c == '\n' || is_plain(c) {
            escaped.push(c);
        } else {
            escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
        escaped
    })
}

fn is_plain(c: char) -> bool {
    !c.is_control() && !is_invisible(c)
}

/// Unicode's bidirectional controls, zero-width characters, line separators, fillers, tags, soft hyphen and byte-order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(escape("plain ünïcode 漢字"), "plain ünïcode 漢字");
        assert_eq!(escape("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escape("a\u{9b}2Jb\r\u{7}"), "a\\u{9b}2Jb\\u{d}\\u{7}");
        assert_eq!(escape("x\u{202e}y\u{200b}"), "x\\u{202e}y\\u{200b}");
    }

    #[test]
    fn escaped_json_says_the_same() {
        let value =
            serde_json::json!({ "a": "\u{1b}[31m\u{9b}\u{7f}\u{202e}\u{e0041}\u{feff} ünïcode 漢字", "b": ["\n"] });
        let shown = escape_json(&format!("{value:#}"));
        assert!(shown.chars().all(|c| c == '\n' || is_plain(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
