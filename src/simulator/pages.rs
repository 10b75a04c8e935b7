//! Long answers in pages, with a token for the next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::input::Input;
use super::output::{Tree, named, object};
use super::refusal::Refusal;

/// What of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    size: usize,
    after: Option<String>,
}

impl Page {
    /// Reads how many are wanted at most, and where to go on.
    ///
    /// # Errors
    /// With this code, if the size is outside the range or the token is not one of ours.
    pub(crate) fn read(
        input: &Input,
        size: &str,
        token: &str,
        (low, high): (i64, i64),
        code: &'static str,
    ) -> Result<Self, Refusal> {
        let wanted = input.whole(size)?;
        if let Some(wanted) = wanted.filter(|wanted| !(low..=high).contains(wanted)) {
            let words =
                format!("Value ( {wanted} ) for parameter {size} is invalid. Expecting a value from {low} to {high}.");
            return Err(Refusal::new(code, words));
        }
        let after = match input.text(token).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let words = || Refusal::new(code, format!("Invalid value '{text}' for {token}."));
                Some(bytes.ok_or_else(words)?)
            }
        };
        Ok(Self { size: usize::try_from(wanted.unwrap_or(high)).unwrap_or(usize::MAX), after })
    }

    /// The page of a list in the order of its keys, and the token of the next page if there is one.
    pub(crate) fn cut(&self, all: impl IntoIterator<Item = (String, Tree)>) -> (Vec<Tree>, Option<String>) {
        let after = self.after.as_deref();
        let mut rest = all.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after)).peekable();
        let mut page = Vec::new();
        let mut last = String::new();
        while let Some((key, tree)) = rest.next_if(|_| page.len() < self.size) {
            page.push(tree);
            last = key;
        }
        let more = rest.peek().is_some().then(|| URL_SAFE_NO_PAD.encode(last));
        (page, more)
    }

    /// The answer to a request for a list, in the manner of RDS and ElastiCache: the wanted page of it and the marker of the next.
    pub(crate) fn list(
        &self,
        list: &'static str,
        member: &'static str,
        all: impl IntoIterator<Item = (String, Tree)>,
    ) -> Tree {
        let (found, marker) = self.cut(all);
        object! { list => named(member, found), "Marker" => marker }
    }
}
