//! Answers in XML, and the few requests that come in it.

use std::fmt::Write as _;

use bytes::Bytes;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::simulator::input::{Input, Value};
use crate::simulator::output::Tree;
use crate::simulator::refusal::Refusal;
use crate::simulator::service::Reply;

fn reply(status: u16, body: String) -> Reply {
    let headers = vec![("content-type".into(), "text/xml;charset=UTF-8".to_owned())];
    Reply { status, headers, body: Bytes::from(body) }
}

/// An answer of EC2: `<ActionResponse xmlns=…><requestId/>…`.
pub(super) fn ec2(action: &str, namespace: &str, tree: &Tree, id: &str) -> Reply {
    let mut text = opening(action, namespace);
    text.push_str("<requestId>");
    text.push_str(id);
    text.push_str("</requestId>");
    content(&mut text, "", tree);
    closing(&mut text, action);
    reply(200, text)
}

/// An answer of the query protocol: `<ActionResponse xmlns=…><ActionResult>…</ActionResult><ResponseMetadata>…`.
pub(super) fn query(action: &str, namespace: &str, tree: &Tree, id: &str) -> Reply {
    let mut text = opening(action, namespace);
    write(&mut text, &format!("{action}Result"), tree);
    text.push_str("<ResponseMetadata><RequestId>");
    text.push_str(id);
    text.push_str("</RequestId></ResponseMetadata>");
    closing(&mut text, action);
    reply(200, text)
}

fn opening(action: &str, namespace: &str) -> String {
    let mut text = String::with_capacity(1024);
    text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    for part in [action, "Response xmlns=\"", namespace, "\">"] {
        text.push_str(part);
    }
    text
}

fn closing(text: &mut String, action: &str) {
    for part in ["</", action, "Response>"] {
        text.push_str(part);
    }
}

/// An error of EC2.
pub(super) fn ec2_error(refusal: &Refusal, id: &str) -> Reply {
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    let error = format!("<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>");
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>";
    reply(refusal.status, format!("{head}{error}<RequestID>{id}</RequestID></Response>"))
}

/// An error of the query protocol.
pub(super) fn query_error(namespace: &str, refusal: &Refusal, id: &str) -> Reply {
    let (code, message) = (escape(refusal.query_code.unwrap_or(&refusal.code)), escape(&refusal.message));
    let side = if refusal.status >= 500 { "Receiver" } else { "Sender" };
    let error = format!("<Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    let text = format!("<ErrorResponse xmlns=\"{namespace}\">{error}<RequestId>{id}</RequestId></ErrorResponse>");
    reply(refusal.status, text)
}

/// An error of S3.
pub(super) fn rest_error(refusal: &Refusal, id: &str) -> Reply {
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>";
    let error = format!("<Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId>");
    let host = super::host_id(id);
    let mut reply = reply(refusal.status, format!("{head}{error}<HostId>{host}</HostId></Error>"));
    reply.headers.extend(super::rest_ids(id));
    reply
}

/// Text as it may stand in XML.
fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// Writes a tree as an element of this name.
pub(crate) fn write(text: &mut String, name: &str, tree: &Tree) {
    if let Tree::List("", members) = tree {
        for member in members {
            write(text, name, member);
        }
        return;
    }
    text.push('<');
    text.push_str(name);
    text.push('>');
    content(text, name, tree);
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

fn content(text: &mut String, name: &str, tree: &Tree) {
    match tree {
        Tree::Text(value) => text.push_str(&quick_xml::escape::escape(value.as_ref())),
        Tree::Whole(number) => text.push_str(&number.to_string()),
        Tree::Real(number) => drop(write!(text, "{number:?}")),
        Tree::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Tree::Time(at) => text.push_str(&at.iso()),
        Tree::List(member, members) => {
            let member = if member.is_empty() { name } else { member };
            for tree in members {
                write(text, member, tree);
            }
        }
        Tree::Object(fields) => {
            for (name, tree) in fields {
                write(text, name, tree);
            }
        }
    }
}

/// Elements within elements that a request may have at most.
const DEPTH: usize = 32;

/// Reads an XML body: elements become fields, those that repeat become lists, attributes are passed over. Answers the root's content.
pub(crate) fn read(body: &[u8]) -> Result<Input, Refusal> {
    let malformed = || {
        let words = "The XML you provided was not well-formed or did not validate against our published schema";
        Refusal::new("MalformedXML", words)
    };
    let mut reader = Reader::from_str(std::str::from_utf8(body).map_err(|_| malformed())?);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(tag) if open.len() < DEPTH => {
                open.push(Element::named(tag.local_name().as_ref()));
            }
            Event::Empty(tag) => {
                let element = Element::named(tag.local_name().as_ref());
                open.last_mut().ok_or_else(malformed)?.children.push(element);
            }
            Event::Text(words) => {
                open.last_mut().ok_or_else(malformed)?.text.push_str(&words);
            }
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                let words = quick_xml::escape::unescape(&entity).map_err(|_| malformed())?.into_owned();
                open.last_mut().ok_or_else(malformed)?.text.push_str(&words);
            }
            Event::CData(words) => {
                open.last_mut().ok_or_else(malformed)?.text.push_str(&words);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(malformed)?;
                open.last_mut().ok_or_else(malformed)?.children.push(element);
            }
            Event::Eof => break,
            Event::Start(_) => return Err(malformed()),
            _ => {}
        }
    }
    let mut root = open.pop().filter(|_| open.is_empty()).ok_or_else(malformed)?;
    root.children.pop().map(Element::into_input).ok_or_else(malformed)
}

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Self>,
}

impl Element {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn into_input(self) -> Input {
        if self.children.is_empty() {
            return Input::new(Value::Text(self.text));
        }
        let mut fields: Vec<(String, Vec<Input>)> = Vec::new();
        for child in self.children {
            let name = child.name.clone();
            let input = child.into_input();
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, inputs)) => inputs.push(input),
                None => fields.push((name, vec![input])),
            }
        }
        let single = |mut inputs: Vec<Input>| match inputs.len() {
            1 => inputs.remove(0),
            _ => Input::new(Value::List(inputs)),
        };
        Input::new(Value::Map(fields.into_iter().map(|(name, inputs)| (name, single(inputs))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::output::{items, object};

    #[test]
    fn what_is_written_is_escaped_and_in_order() {
        let tree = object! { "name" => "a<b&\"c\"".to_owned(), "none" => None::<bool>, "set" => items(["x", "y"]) };
        let mut text = String::new();
        write(&mut text, "t", &tree);
        assert_eq!(text, "<t><name>a&lt;b&amp;&quot;c&quot;</name><set><item>x</item><item>y</item></set></t>");
    }

    #[test]
    fn what_is_read_has_lists_where_elements_repeat() {
        let input = read(b"<T xmlns='n'><A>1 &lt; 2</A><S><G><K>k</K></G><G><K>l</K></G></S></T>").unwrap();
        assert_eq!(input.text("A"), Some("1 < 2"));
        assert_eq!(input.at("S").unwrap().list("G")[1].text("K"), Some("l"));
        assert!(read(b"<a><b></a>").is_err() && read(b"").is_err());
    }
}
