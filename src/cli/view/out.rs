//! Standard output and error. A reader that went away (`pando plan | head`) must not end a deployment, so nobody looks at whether it was heard.

use std::io::Write as _;

/// A line of results.
pub fn line(text: &str) {
    drop(writeln!(anstream::stdout(), "{text}"));
}

/// A line of everything else.
pub fn error_line(text: &str) {
    drop(writeln!(anstream::stderr(), "{text}"));
}
