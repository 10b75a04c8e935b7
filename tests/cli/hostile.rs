//! Input that means harm: files that are too much, names that hide something, and a cloud whose words would steer the terminal.

#![expect(clippy::disallowed_methods, reason = "it makes files that hold nothing and are enormous")]

use std::fmt::Write as _;
use std::fs::File;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;

use super::{LEDGER, batch};
use crate::support::command::{Ended, Sandbox};
use crate::support::moto;
use crate::support::scripted::{Call, Reply, Stub, identity, zones};

/// What a terminal acts upon: colours, a title, a link, the clipboard, a cursor that moves, the same in one byte, letters that turn round or that
/// nobody sees.
const STEERING: &str = "red\u{1b}[31m title\u{1b}]0;x\u{7} link\u{1b}]8;;http://x\u{1b}\\ clip\u{1b}]52;c;eA==\u{7} back\r\u{8} eight\u{9b}2J\u{9d}x\u{9c} turned\u{202e}\u{2066} hidden\u{200b}\u{feff}\u{e0041}";

/// Verbs that read the blueprint, and what those that go to the cloud need.
const VERBS: [&[&str]; 5] =
    [&["validate"], &["plan"], &["apply", "--yes"], &["destroy", "--confirm", "shop"], &["output"]];

/// Nothing in it but line breaks can be anything but a visible letter.
#[track_caller]
fn is_plain(ended: &Ended) {
    let is_bad =
        |c: &char| c.is_control() && *c != '\n' || STEERING.chars().any(|other| other == *c && !other.is_ascii());
    for text in [&ended.out, &ended.err] {
        assert_eq!(text.chars().find(is_bad), None, "{ended}");
    }
}

/// Every verb refuses the file, says why, and goes nowhere with it.
async fn refused(content: impl AsRef<[u8]>, said: &[&str]) {
    let stub = Stub::strict().await;
    let sandbox = Sandbox::empty().at(&stub.url);
    sandbox.write("pando.yaml", content);
    for verb in VERBS {
        let ended = sandbox.run(verb).await;
        is_plain(ended.expect(1, said));
        assert!(ended.out.len() + ended.err.len() < 100_000, "{} bytes are said", ended.err.len());
    }
    assert_eq!((stub.calls(), sandbox.state().len()), (vec![], 0));
}

#[tokio::test]
async fn a_file_that_is_enormous_is_not_even_read() {
    let sandbox = Sandbox::empty();
    // A hundred gigabytes of nothing: whoever read them would not come back.
    for bytes in [100 << 20, 100 << 30] {
        File::create(sandbox.path("pando.yaml")).unwrap().set_len(bytes).unwrap();
        sandbox.run(&["validate"]).await.expect(1, &[bytes.to_string().as_str(), "at most a million"]);
    }
    sandbox.run(&["validate", "--file", "/dev/zero"]).await.expect(1, &["it is not a file"]);
}

#[tokio::test]
async fn a_million_keys_and_a_hundred_thousand_levels_are_refused() {
    let keys = (0..1_000_000).fold(String::new(), |mut text, number| {
        writeln!(text, "k{number}: 1").unwrap();
        text
    });
    refused(keys, &["a blueprint has at most 1048576"]).await;
    let keys = (0..100_000).fold(String::new(), |mut text, number| {
        writeln!(text, "k{number}:").unwrap();
        text
    });
    refused(keys, &["too much"]).await;
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let text = format!("tags: {}{}\n", open.repeat(100_000), close.repeat(100_000));
        refused(text, &["error"]).await;
    }
    let indented = (0..1_000).fold(String::new(), |mut text, level| {
        writeln!(text, "{}a:", " ".repeat(level)).unwrap();
        text
    });
    refused(indented, &["levels"]).await;
}

#[tokio::test]
async fn a_file_that_grows_when_its_aliases_are_written_out_is_refused() {
    let mut text = String::from("pando: 1\nstack: shop\ntags:\n  a0: &a0 [laugh]\n");
    for line in 1..10 {
        let aliases = vec![format!("*a{}", line - 1); 10].join(", ");
        writeln!(text, "  a{line}: &a{line} [{aliases}]").unwrap();
    }
    refused(text, &["too much"]).await;
}

#[tokio::test]
async fn what_is_not_text_is_refused_with_its_place() {
    refused(b"pando: 1\nstack: sh\xffop\n", &["byte 18 is not UTF-8"]).await;
    refused(b"pando: 1\nstack: sh\xed\xa0\x80op\n", &["byte 18 is not UTF-8"]).await;
    let wide: Vec<u8> = "pando: 1\nstack: shop\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused([&[0xff, 0xfe][..], &wide[..]].concat(), &["byte 0 is not UTF-8"]).await;
    refused(wide, &["error"]).await;
    refused("pando: 1\nstack: sh\0op\n", &["error"]).await;
}

#[tokio::test]
async fn names_that_hide_something_are_refused_and_shown_for_what_they_are() {
    // YAML has no such character, and the reader stops there.
    refused("pando: 1\nstack: \"sh\u{9b}op\"\n", &["this is not YAML", "\\u{9b}"]).await;
    for hidden in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200d}', '\u{feff}', '\u{ad}', '\u{e0041}', '\u{430}'] {
        // The last is a letter, of another alphabet.
        let shown = if hidden == '\u{430}' { "shаop".to_owned() } else { format!("\\u{{{:x}}}", u32::from(hidden)) };
        refused(format!("pando: 1\nstack: \"sh{hidden}op\"\n"), &[shown.as_str(), "small letters"]).await;
        refused(format!("pando: 1\nstack: shop\nworkers: {{ \"ma{hidden}il\": {{}} }}\n"), &["error"]).await;
    }
    let escaped = "pando: 1\nstack: \"sh\\e[31mop\\a\\r\\x9b\\u202e\"\n";
    refused(escaped, &["\\u{1b}[31m"]).await;
}

#[tokio::test]
async fn state_does_not_leave_the_folder_of_the_blueprint() {
    for path in
        ["../x", "..", ".", "/tmp/x", "a/../../x", "a//x", "~/x", "a\\..\\x", "", "a/", "$HOME", "file:///x", "a\\0b"]
    {
        refused(format!("pando: 1\nstack: shop\nregion: eu-west-1\nstate: \"{path}\"\n"), &["error", "state"]).await;
    }
    for name in ["../x", "..", ".", "a/b", "/x", ""] {
        refused(format!("pando: 1\nstack: \"{name}\"\nregion: eu-west-1\n"), &["error", "stack"]).await;
    }
}

/// A cloud that refuses everything in these words, as far as XML can say them.
async fn rude(may_say: fn(&char) -> bool) -> Stub {
    let words = STEERING.chars().filter(may_say).fold(String::new(), |text, c| format!("{text}&#{};", u32::from(c)));
    let words: &'static str = words.leak();
    let stub = Stub::start(move |call: &Call| match call.action.as_str() {
        "DescribeAvailabilityZones" => zones(),
        _ => identity(call).unwrap_or(Reply::Error(403, "UnauthorizedOperation", words)),
    });
    stub.await
}

#[tokio::test]
async fn what_the_cloud_says_steers_no_terminal() {
    let all = |_: &char| true;
    // XML has no escape character, and yet a parser may let one through.
    let legal = |c: &char| *c >= ' ' || *c == '\r';
    for may_say in [all as fn(&char) -> bool, legal] {
        let stub = rude(may_say).await;
        let sandbox = Sandbox::with(LEDGER).at(&stub.url);
        let verbs =
            [&["apply", "--yes"][..], &["apply", "--yes", "--json"], &["destroy", "--confirm", "ledger"], &["plan"]];
        for verb in verbs {
            let ended = sandbox.run(verb).await;
            assert!([0, 1, 3, 4].contains(&ended.code), "{ended}");
            is_plain(&ended);
        }
    }
    let stub = rude(legal).await;
    let sandbox = Sandbox::with(LEDGER).at(&stub.url);
    let ended = sandbox.run(&["apply", "--yes"]).await;
    assert!(ended.err.contains("\\u{9b}2J") && ended.err.contains("\\u{202e}"), "{ended}");
}

#[tokio::test]
async fn what_somebody_wrote_into_a_resource_steers_no_terminal() {
    let client = Client::new(&moto::config().await);
    let sandbox = moto::sandbox(&batch("hostile"));
    sandbox.run(&["apply", "--yes"]).await.expect(0, &[]);
    let (name, wrong) = ("/pando/hostile/queue/reports", "red\u{1b}[31m eight\u{9b}2J turned\u{202e} hidden\u{e0041}");
    let put = client.put_parameter().name(name).value(wrong).r#type(ParameterType::String).overwrite(true);
    put.send().await.unwrap();
    let ended = sandbox.run(&["plan"]).await;
    is_plain(ended.expect(0, &["someone changed it outside of Pando", "red\\u{1b}[31m", "\\u{9b}2J", "\\u{202e}"]));
    let ended = sandbox.run(&["plan", "--json"]).await;
    is_plain(ended.expect(0, &["red\\u001b[31m", "\\u009b2J", "\\u202e", "\\udb40\\udc41"]));
    // It means the same.
    let told = ended.json().iter().any(|line| line.to_string().contains(&serde_json::to_string(wrong).unwrap()));
    assert!(told, "{ended}");
    is_plain(&sandbox.run(&["status"]).await);
    is_plain(&sandbox.run(&["apply", "--yes"]).await);
    sandbox.run(&["destroy", "--confirm", "hostile"]).await.expect(0, &["found nothing left"]);
}
