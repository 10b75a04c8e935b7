//! Parameters as a form: `Filter.1.Value.2=…`, read into lists and structures.

use bytes::Bytes;
use http::Request;

use super::Asked;
use crate::simulator::input::{Input, Value};
use crate::simulator::refusal::Refusal;

/// How lists are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// `SubnetId.1`, as EC2 does.
    Plain,
    /// `Subnets.member.1`, as the query protocol does; RDS says `Subnets.SubnetIdentifier.1`.
    Wrapped,
}

/// Names within names that a request may have at most.
const DEPTH: usize = 24;

/// Reads a form in the body, in the query, or in both.
pub(super) fn read(request: &Request<Bytes>, lists: Lists) -> Result<Asked, Refusal> {
    let mut root = Branch::default();
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(request.body())) {
        let parts: Vec<&str> = name.split('.').collect();
        if parts.len() > DEPTH {
            return Err(Refusal::new("MalformedInput", format!("{name} is nested too deeply")));
        }
        root.insert(&parts, value.into_owned());
    }
    let action = root.leaf("Action").ok_or_else(|| Refusal::new("MissingAction", "The request must contain Action"))?;
    root.below.retain(|(name, _)| !matches!(name.as_str(), "Action" | "Version") && !name.starts_with("X-Amz-"));
    // A call without parameters has an empty structure, not an empty text.
    let input = if root.below.is_empty() { Input::new(Value::Map(Vec::new())) } else { root.into_input(lists) };
    Ok(Asked { action, input, resource: None })
}

/// Part of a form: text, or what comes after the next dot.
#[derive(Default)]
struct Branch {
    text: Option<String>,
    below: Vec<(String, Self)>,
}

impl Branch {
    fn insert(&mut self, parts: &[&str], value: String) {
        let [first, rest @ ..] = parts else {
            self.text = Some(value);
            return;
        };
        let at = self.below.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.below.push(((*first).to_owned(), Self::default()));
            self.below.len() - 1
        });
        self.below[at].1.insert(rest, value);
    }

    fn leaf(&self, name: &str) -> Option<String> {
        self.below.iter().find(|(key, _)| key == name)?.1.text.clone()
    }

    fn is_list(&self) -> bool {
        !self.below.is_empty() && self.below.iter().all(|(name, _)| name.parse::<u32>().is_ok())
    }

    fn into_input(mut self, lists: Lists) -> Input {
        if self.below.is_empty() {
            return Input::new(Value::Text(self.text.unwrap_or_default()));
        }
        if self.is_list() {
            let mut members: Vec<(u32, Self)> =
                self.below.into_iter().filter_map(|(name, branch)| Some((name.parse().ok()?, branch))).collect();
            members.sort_by_key(|(number, _)| *number);
            return Input::new(Value::List(members.into_iter().map(|(_, branch)| branch.into_input(lists)).collect()));
        }
        if lists == Lists::Wrapped && self.below.len() == 1 && self.below[0].1.is_list() {
            return self.below.remove(0).1.into_input(lists);
        }
        let fields = self.below.into_iter().map(|(name, branch)| (name, branch.into_input(lists)));
        Input::new(Value::Map(fields.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str, lists: Lists) -> Input {
        read(&Request::new(Bytes::from(body.to_owned())), lists).unwrap().input
    }

    #[test]
    fn lists_are_read_in_the_order_of_their_numbers() {
        let input = parsed("Action=A&Filter.1.Name=vpc-id&Filter.1.Value.2=b&Filter.1.Value.1=a", Lists::Plain);
        assert_eq!(input.list("Filter")[0].texts("Value"), ["a", "b"]);
        let input = parsed("Action=A&Tags.Tag.10.Key=z&Tags.Tag.9.Key=y&Names.member.1=n", Lists::Wrapped);
        assert_eq!(input.list("Tags").iter().map(|tag| tag.text("Key").unwrap()).collect::<Vec<_>>(), ["y", "z"]);
        assert_eq!(input.texts("Names"), ["n"]);
    }

    #[test]
    fn what_nobody_looks_at_is_known() {
        let input = parsed("Action=A&VpcId=vpc-1&Ipv6Pool=p&Tag.1.Key=k", Lists::Plain);
        assert_eq!(input.text("VpcId"), Some("vpc-1"));
        assert_eq!(input.unread(), ["Ipv6Pool", "Tag.N.Key"]);
    }
}
