//! The script that clones run at their first boot, run for real with something that stands in for the AWS command line.

#![expect(clippy::disallowed_methods, reason = "the script writes files, and is given some")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use aws_sdk_ssm::types::ParameterType;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::command::{ACCOUNT, Ended, start};
use crate::support::moto;
use crate::support::tools::{aws_command, shellcheck};

const SHELLS: [&str; 2] = ["dash", "bash"];

/// A machine: its root, and the programs that stand in for others.
struct Machine {
    folder: TempDir,
    shell: &'static str,
    settings: Vec<(&'static str, String)>,
}

/// What stands in for `aws`: fails as often as it is told, checks what it is asked, and prints what it was given.
const AWS: &str = r#"#!/bin/sh
asked=$(cat "$FAKE/asked" 2>/dev/null || echo 0)
echo $((asked + 1)) >"$FAKE/asked"
if [ "$asked" -lt "$(cat "$FAKE/failures")" ]; then
    echo "Unable to locate credentials" >&2
    printf 'False\t/pando/shop/half\tan answer'
    exit 253
fi
printf '%s\n' "$@" >"$FAKE/arguments"
cat "$FAKE/answer"
"#;

impl Machine {
    fn new(shell: &'static str) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap(), shell, settings: Vec::new() };
        fs::create_dir(machine.path("bin")).unwrap();
        machine.program("aws", AWS);
        machine.answer(&[]);
        machine.fail(0);
        machine
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the parameters are from now on.
    fn answer(&self, parameters: &[(&str, &str)]) {
        let line = |(name, value): &(&str, &str)| {
            let broken = value.contains('\n');
            if broken { format!("True\t{name}\tFalse\n") } else { format!("False\t{name}\t{value}\n") }
        };
        fs::write(self.path("answer"), parameters.iter().map(line).collect::<String>()).unwrap();
    }

    /// How many of the next questions fail.
    fn fail(&self, times: u32) {
        fs::write(self.path("failures"), times.to_string()).unwrap();
        fs::write(self.path("asked"), "0").unwrap();
    }

    /// Runs the script as a clone of this tier and group.
    async fn boot(&self, tier: &str, group: &str) -> Ended {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = std::process::Command::new(self.shell);
        command.arg(script()).env_clear().env("PATH", path).env("FAKE", self.folder.path());
        command.envs([
            ("PANDO_STACK", "shop"),
            ("PANDO_TIER", tier),
            ("PANDO_GROUP", group),
            ("PANDO_REGION", "eu-west-1"),
        ]);
        command.env("PANDO_ROOT", self.folder.path()).env("PANDO_PAUSE", "0").envs(self.settings.iter().cloned());
        start(command).end().await
    }

    /// The file that the script writes.
    fn environment(&self) -> String {
        fs::read_to_string(self.path("etc/pando/environment")).unwrap()
    }

    /// What a shell makes of the file: the value of one variable.
    async fn loaded(&self, variable: &str) -> String {
        let text = format!(". {}/etc/pando/environment; printf %s \"${{{variable}-}}\"", self.folder.path().display());
        let output = Command::new(self.shell).args(["-euc", &text]).env_clear().output().await.unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The files in the folder of the environment.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("etc/pando")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ami/boot/pando-boot")
}

/// What systemd makes of a line of an environment file, if it is of the form that the script writes: within double quotes a backslash
/// stands before what would be special, and nothing else is.
fn as_systemd_reads(line: &str) -> (String, String) {
    let (key, value) = line.split_once('=').unwrap();
    assert!(key.starts_with(|c: char| c.is_ascii_uppercase()), "{line}");
    assert!(key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'), "{line}");
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    let (mut plain, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, '"' | '$' | '`') => panic!("{line}"),
            (true, '"' | '\\' | '$' | '`') | (false, _) => {
                plain.push(c);
                escaped = false;
            }
            (true, _) => panic!("{line}"),
        }
    }
    assert!(!escaped, "{line}");
    (key.to_owned(), plain)
}

#[tokio::test]
async fn shellcheck_has_nothing_to_say_about_the_script() {
    assert_eq!(shellcheck(&script()).await, "");
}

#[tokio::test]
async fn a_web_clone_finds_its_surroundings() {
    for shell in SHELLS {
        let machine = Machine::new(shell);
        machine.answer(&[
            ("/pando/shop/queue/thumb-nails", "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-thumb-nails-1a2b"),
            ("/pando/shop/database/host", "shop.abc.eu-west-1.rds.amazonaws.com"),
            ("/pando/shop/database/readers", "one.example,two.example"),
        ]);
        machine.boot("web", "web").await.expect(0, &["wrote"]);
        insta::assert_snapshot!("the_environment_of_a_web_clone", machine.environment());
        let asked = fs::read_to_string(machine.path("arguments")).unwrap();
        insta::assert_snapshot!("what_the_parameter_store_is_asked", asked);
    }
}

#[tokio::test]
async fn a_worker_finds_its_own_queue_under_a_name_that_is_the_same_in_every_group() {
    for shell in SHELLS {
        let machine = Machine::new(shell);
        machine
            .answer(&[("/pando/shop/queue/thumb-nails", "https://own"), ("/pando/shop/queue/thumb", "https://other")]);
        machine.boot("worker", "thumb-nails").await.expect(0, &[]);
        assert_eq!(machine.loaded("PANDO_QUEUE").await, "https://own");
        assert_eq!(machine.loaded("QUEUE_THUMB").await, "https://other");
        assert_eq!(machine.loaded("PANDO_TIER").await, "worker");
    }
}

#[tokio::test]
async fn shells_and_systemd_read_back_what_the_parameter_says() {
    let values = [
        "plain",
        "two words",
        "it's",
        r#"say "hello""#,
        "$HOME",
        "${HOME}",
        "`id`",
        "$(id)",
        r"back\slash",
        r"\",
        r"\n",
        "#no comment",
        "a=b",
        "a;b&c|d",
        "*",
        "~",
        "ünïcode 漢字",
        "'",
        "\"",
        " leading and trailing ",
        "%h",
        "!",
        "None",
    ];
    for shell in SHELLS {
        let machine = Machine::new(shell);
        let names: Vec<String> = (0..values.len()).map(|number| format!("/pando/shop/value/{number}")).collect();
        machine.answer(&names.iter().map(String::as_str).zip(values).collect::<Vec<_>>());
        machine.boot("web", "web").await.expect(0, &[]);
        let text = machine.environment();
        for (number, value) in values.iter().enumerate() {
            let key = format!("VALUE_{number}");
            assert_eq!(machine.loaded(&key).await, *value, "{shell}");
            let line = text.lines().find(|line| line.starts_with(&format!("{key}="))).unwrap();
            assert_eq!(as_systemd_reads(line), (key, (*value).to_owned()));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_line_or_is_not_a_stacks_to_set_is_left_out_by_name() {
    let left_out = [
        ("/pando/shop/two/lines", "one\nFalse\t/pando/shop/forged\tvalue"),
        ("/pando/shop/a/tab", "one\ttwo"),
        ("/pando/shop/a/bell", "ding\u{7}"),
        ("/pando/shop/pando/stack", "another"),
        ("/pando/shop/aws/region", "elsewhere"),
        ("/pando/shop/path", "/tmp"),
        ("/pando/shop/ld/preload", "/tmp/evil.so"),
        ("/pando/shop/2fa", "digits come first"),
    ];
    for shell in SHELLS {
        let machine = Machine::new(shell);
        machine.answer(
            &[&left_out[..], &[("/pando/shop/odd.name-x", "kept"), ("/pando/other/name", "not ours")]].concat(),
        );
        let ended = machine.boot("web", "web").await;
        ended.expect(0, &left_out.map(|(name, _)| name));
        let text = machine.environment();
        let keys: Vec<String> =
            text.lines().filter(|line| !line.is_empty()).map(|line| as_systemd_reads(line).0).collect();
        assert_eq!(keys, ["PANDO_STACK", "PANDO_TIER", "PANDO_GROUP", "AWS_REGION", "ODD_NAME_X"]);
        assert_eq!(machine.loaded("PANDO_STACK").await, "shop");
    }
}

#[tokio::test]
async fn a_stack_without_parameters_gives_a_file_that_says_who_the_clone_is() {
    for (shell, answer) in SHELLS.into_iter().zip(["", "None\n"]) {
        let machine = Machine::new(shell);
        fs::write(machine.path("answer"), answer).unwrap();
        machine.boot("web", "web").await.expect(0, &[]);
        assert_eq!(machine.environment().lines().filter(|line| !line.is_empty()).count(), 4);
    }
}

#[tokio::test]
async fn it_asks_again_when_the_answer_does_not_come_and_writes_only_a_whole_one() {
    for shell in SHELLS {
        let machine = Machine::new(shell).set("PANDO_ATTEMPTS", "4");
        machine.answer(&[("/pando/shop/cache/host", "cache.example")]);
        machine.fail(3);
        machine.boot("web", "web").await.expect(0, &["attempt 1 of 4", "attempt 3 of 4"]);
        assert_eq!(machine.loaded("CACHE_HOST").await, "cache.example");
        assert_eq!(machine.loaded("HALF").await, "");
    }
}

#[tokio::test]
async fn when_it_gives_up_the_old_file_stays_as_it_was() {
    for shell in SHELLS {
        let machine = Machine::new(shell).set("PANDO_ATTEMPTS", "2");
        machine.answer(&[("/pando/shop/cache/host", "old.example")]);
        machine.boot("web", "web").await.expect(0, &[]);
        let before = machine.environment();
        machine.fail(9);
        machine.boot("web", "web").await.expect(1, &["/pando/shop/", "after 2 attempts"]);
        assert_eq!((machine.environment(), machine.files()), (before, vec!["environment".to_owned()]));
    }
}

#[tokio::test]
async fn running_it_again_refreshes_the_file_which_everybody_may_read_and_nobody_else_write() {
    for shell in SHELLS {
        let machine = Machine::new(shell);
        machine.answer(&[("/pando/shop/cache/host", "old.example"), ("/pando/shop/cache/reader", "gone.example")]);
        machine.boot("web", "web").await.expect(0, &[]);
        machine.answer(&[("/pando/shop/cache/host", "new.example")]);
        machine.boot("web", "web").await.expect(0, &[]);
        assert_eq!(machine.loaded("CACHE_HOST").await, "new.example");
        assert_eq!(machine.loaded("CACHE_READER").await, "");
        assert_eq!(machine.files(), ["environment"]);
        let mode = fs::metadata(machine.path("etc/pando/environment")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_file_and_no_half_one() {
    let machine = Machine::new("bash");
    machine.boot("web", "web").await.expect(0, &[]);
    let before = machine.environment();
    // Whatever is written to the new file fails, as on a full disk.
    machine.program("mktemp", "#!/bin/sh\nln -s /dev/full \"${1%XXXXXX}new\" && echo \"${1%XXXXXX}new\"\n");
    machine.program("chmod", "#!/bin/sh\nexit 0\n");
    let ended = machine.boot("web", "web").await;
    assert_ne!(ended.code, 0, "{ended}");
    assert_eq!((machine.environment(), machine.files()), (before, vec!["environment".to_owned()]));
}

#[tokio::test]
async fn an_image_without_the_aws_command_line_says_so_at_once() {
    let machine = Machine::new("dash");
    fs::remove_file(machine.path("bin/aws")).unwrap();
    // Only what is here, for there may be a real one on the way.
    let text = format!("PATH={}; . {}", machine.path("bin").display(), script().display());
    let mut command = std::process::Command::new("dash");
    command.args(["-c", &text]).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs([
        ("PANDO_STACK", "shop"),
        ("PANDO_TIER", "web"),
        ("PANDO_GROUP", "web"),
        ("PANDO_REGION", "eu-west-1"),
    ]);
    start(command).end().await.expect(1, &["the AWS command line is not there"]);
}

#[tokio::test]
async fn the_real_command_line_reads_a_list_of_many_pages_from_the_emulator() {
    let client = aws_sdk_ssm::Client::new(&moto::config().await);
    let put = |name: String, value: &str| client.put_parameter().name(name).value(value).r#type(ParameterType::String);
    for number in 0..25 {
        put(format!("/pando/shop/value/{number}"), &format!("number {number}, it's $HOME")).send().await.unwrap();
    }
    put("/pando/shop/two/lines".into(), "one\nFalse\t/pando/shop/forged\tvalue").send().await.unwrap();
    let machine = Machine::new("dash").set("AWS_ENDPOINT_URL", moto::url()).set("AWS_ACCESS_KEY_ID", ACCOUNT);
    let machine = machine.set("AWS_SECRET_ACCESS_KEY", "secret");
    fs::remove_file(machine.path("bin/aws")).unwrap();
    std::os::unix::fs::symlink(aws_command().await.join("aws"), machine.path("bin/aws")).unwrap();
    machine.boot("web", "web").await.expect(0, &["/pando/shop/two/lines has a line break"]);
    let text = machine.environment();
    let values: Vec<_> = text.lines().map(as_systemd_reads).filter(|(key, _)| key.starts_with("VALUE_")).collect();
    assert_eq!(values.len(), 25);
    assert!(values.contains(&("VALUE_17".into(), "number 17, it's $HOME".into())), "{text}");
    assert!(!text.contains("FORGED"), "{text}");
}
