//! The rules of the architecture that no compiler checks.

#![expect(clippy::disallowed_methods, reason = "it reads the sources")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

/// What each module may import, besides itself. The arrows go one way.
const ARROWS: [(&str, &[&str]); 7] = [
    ("cli", &["blueprint", "aws", "engine", "store", "emulators", "simulator"]),
    ("blueprint", &["aws", "engine"]),
    // Of `aws` only what a client is built from, in `store/s3`: the state is where it is kept, and not among what is deployed.
    ("store", &["aws", "engine"]),
    ("emulators", &[]),
    ("simulator", &[]),
    ("aws", &["engine"]),
    ("engine", &[]),
];

/// Names that say nothing.
const EMPTY_NAMES: [&str; 9] = ["util", "utils", "common", "helper", "helpers", "manager", "core", "misc", "shared"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file with this ending below a folder, by its path from the repository's root.
fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(!found.is_empty(), "no .{ending} in {folder}");
    found
}

/// A file without its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// A file without tests and comments.
fn code(text: &str) -> String {
    let lines = without_tests(text).lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The module a path belongs to: `engine` of `src/engine/plan.rs`.
fn module(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default().trim_end_matches(".rs")
}

#[test]
fn modules_import_only_what_the_arrows_allow() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for (path, text) in files("src", "rs") {
        let from = module(&path);
        if from == "lib" || from == "main" {
            continue;
        }
        let code = code(&text);
        for part in code.split("crate::").skip(1) {
            let to = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            let fine = to == from || to.is_empty() || allowed[from].contains(&to);
            assert!(fine, "{path} imports crate::{to}");
        }
    }
}

#[test]
fn amazon_the_terminal_and_the_disk_stay_behind_their_doors() {
    let doors: [(&str, &[&str]); 11] = [
        // The bucket of the state is not a kind of resource.
        ("aws_sdk_", &["src/aws/", "src/store/s3/"]),
        ("crate::aws", &["src/aws/", "src/blueprint/", "src/cli/", "src/store/s3/", "src/store/remote/error.rs"]),
        ("aws_config", &["src/aws/clients.rs", "src/aws/interceptors.rs"]),
        ("println!", &[]),
        // Nothing gathers what dependencies log: it would hold whatever they hold, passwords too.
        ("tracing_", &[]),
        ("_logger", &[]),
        ("dbg!", &[]),
        (".expose()", &["src/aws/resources/", "src/aws/secret_text.rs"]),
        ("panic::set_hook", &["src/cli/discretion.rs"]),
        ("anstream::", &["src/cli/view/"]),
        ("clippy::disallowed_methods", &["src/cli/", "src/store/", "src/emulators/"]),
    ];
    for (path, text) in files("src", "rs") {
        for (word, allowed) in doors {
            let fine = allowed.iter().any(|door| path.starts_with(door)) || !code(&text).contains(word);
            assert!(fine, "{path} names {word}");
        }
    }
}

#[test]
fn nothing_that_gathers_logs_is_depended_on() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("\n[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names: Vec<&str> = dependencies.lines().filter_map(|line| line.split([' ', '.']).next()).collect();
    assert!(names.contains(&"rustix"), "the names are read: {names:?}");
    let sinks = ["log", "tracing", "env_logger", "fern", "slog", "simplelog", "flexi_logger", "log4rs"];
    for name in names {
        let is_sink = sinks.contains(&name) || name.starts_with("tracing-") || name.ends_with("-subscriber");
        assert!(!is_sink, "Cargo.toml: {name} would write down what dependencies hold");
    }
}

#[test]
fn files_are_short_and_names_say_something() {
    for (path, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let lines = without_tests(&text).lines().count();
        assert!(lines <= 400, "{path} has {lines} lines without its tests; the limit is 400");
        for part in path.trim_end_matches(".rs").split('/') {
            assert!(!EMPTY_NAMES.contains(&part), "{path}: `{part}` says nothing");
        }
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 12, "{path} does not begin with what it is for");
    }
}

#[test]
fn every_module_says_what_never_happens_in_it() {
    for (name, _) in ARROWS {
        let text = fs::read_to_string(root().join(format!("src/{name}/mod.rs"))).unwrap();
        let doc: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let doc = doc.join(" ").to_lowercase();
        let says = ["nothing here", "the only code", "never"].iter().any(|words| doc.contains(words));
        assert!(says, "src/{name}/mod.rs does not say what never happens there");
    }
}

#[test]
fn the_map_names_every_module_and_the_readme_every_verb_and_section() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for (name, _) in ARROWS {
        assert!(map.contains(&format!("- [`{name}`]")), "src/lib.rs does not map {name}");
        assert!(map.contains(&format!("pub mod {name};")));
    }
    let declared = map.lines().filter(|line| line.starts_with("pub mod")).count();
    assert_eq!(declared, ARROWS.len(), "a module of src/lib.rs has no arrows");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for verb in pando::cli::args::Arguments::command().get_subcommands() {
        assert!(readme.contains(&format!("`pando {}", verb.get_name())), "README.md lacks `pando {}`", verb.get_name());
    }
    let schema = pando::blueprint::schema::schema();
    for section in schema["properties"].as_object().unwrap().keys() {
        assert!(readme.contains(&format!("`{section}`")), "README.md does not explain `{section}`");
    }
}

#[test]
fn every_kind_is_registered_and_reads_in_the_same_order() {
    let kinds: BTreeSet<&str> = pando::aws::resources::registry().kinds().map(|kind| kind.kind()).collect();
    let mut seen = BTreeSet::new();
    for (path, text) in files("src/aws/resources", "rs") {
        if path.ends_with("mod.rs") {
            continue;
        }
        let name = text.split("const KIND: &'static str = \"").nth(1).and_then(|rest| rest.split('"').next());
        let name = name.unwrap_or_else(|| panic!("{path} has no KIND"));
        assert!(kinds.contains(name), "{path}: {name} is not registered");
        assert_eq!(path, format!("src/aws/resources/{name}.rs"), "a kind's file has its name");
        seen.insert(name.to_owned());
        let marks = ["// properties", "// identity, observation, outputs", "// rules", "// cloud calls"];
        let places: Vec<Option<usize>> = marks.iter().map(|mark| text.find(&format!("\n{mark}\n"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{path}: parts missing or out of order");
        // A new field must not compile until someone decides what a change of it means.
        let compare = text.split("fn compare(").nth(1).unwrap_or_default();
        let pattern = compare.split("} = self;").next().unwrap_or_default();
        assert!(pattern.contains("let Self {") && !pattern.contains(".."), "{path}: compare is not exhaustive");
    }
    assert_eq!(seen.len(), kinds.len());
}

#[test]
fn every_test_file_is_part_of_the_one_test_binary() {
    let text = fs::read_to_string(root().join("tests/main.rs")).unwrap();
    let all: Vec<String> = files("tests", "rs").into_values().collect();
    for path in files("tests", "rs").into_keys().filter(|path| path != "tests/main.rs") {
        let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap().to_owned();
        let name = if stem == "mod" {
            Path::new(&path).parent().unwrap().file_name().unwrap().to_str().unwrap()
        } else {
            &stem
        };
        let declared = all.iter().any(|text| {
            let forms = ["", "pub ", "pub(crate) "].map(|public| format!("{public}mod {name};"));
            text.lines().map(str::trim).any(|line| forms.iter().any(|form| form == line))
        });
        assert!(declared, "{path} is declared nowhere");
    }
    assert!(text.contains("mod tidy;"));
}

#[test]
fn every_fault_of_the_mutation_check_still_finds_its_lines() {
    let list = fs::read_to_string(root().join("tests/mutations/list.txt")).unwrap();
    let mut faults = 0;
    for fault in list.split("\n== ").skip(1) {
        let mut lines = fault.lines().filter(|line| !line.is_empty());
        let (name, path) = (lines.next().unwrap(), lines.next().unwrap());
        let taken: Vec<&str> = lines.filter(|line| !line.starts_with('+')).map(|line| &line[1..]).collect();
        let found = fs::read_to_string(root().join(path)).unwrap().matches(&taken.join("\n")).count();
        assert_eq!(found, 1, "{name}: {path}");
        faults += 1;
    }
    assert!(faults >= 16, "{faults}");
}
