#!/usr/bin/env python3
"""Puts the faults of `list.txt` into a copy of the work tree and runs, for one fault after the other, the tests that must catch it.

    python3 tests/mutations/run.py            all of them
    python3 tests/mutations/run.py 3 7 12     some, by number from 1

Ends with 1 if a fault was not caught. All faults are built into one test binary, and each process has one of them on: one build instead of
dozens. Only tests that run Pando in their own process are asked: the real binary may be the work tree's. The copy lies in `target/mutations`, and
shares what is built of dependencies with the work tree.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / "target/mutations"
MODULES = ["crash", "crashes", "disk", "disturbances", "engine", "faults", "plans", "remote", "support", "updates"]
# Asked in this order, until one fails: what takes longest comes last.
TESTS = [
    ["disk::", "engine::", "plans::", "updates::"],
    ["crash::"],
    ["disturbances::", "faults::a_change", "remote::handover", "remote::killed", "remote::locks", "remote::real"],
    ["crashes::no_call", "crashes::team::what"],
    ["crashes::store"],
    ["crashes::batch"],
    ["crashes::team::team"],
    ["crashes::site"],
    ["crashes::any", "crashes::shop"],
]
LIMIT = 30 * 60
SWITCH = """
/// Whether this fault is on.
pub(crate) fn fault(number: u32) -> bool {
    static ON: std::sync::LazyLock<Option<u32>> =
        std::sync::LazyLock::new(|| std::env::var("PANDO_FAULT").ok().and_then(|number| number.parse().ok()));
    *ON == Some(number)
}
"""


def faults():
    """Number, name, file, what is taken out, what is put in."""
    text = (ROOT / "tests/mutations/list.txt").read_text()
    for number, block in enumerate(text.split("\n== ")[1:], 1):
        name, path, *lines = [line for line in block.split("\n") if line]
        before = "\n".join(line[1:] for line in lines if line[0] == "-")
        after = "\n".join(line[1:] for line in lines if line[0] == "+")
        yield number, name, path, before, after.replace("FAULT", f"crate::fault({number})")


def sync():
    """The work tree as it is, committed or not, with every fault, and without the tests that are not asked."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    texts = {name: (ROOT / name).read_bytes() for name in listed.stdout.decode().splitlines() if (ROOT / name).is_file()}
    for number, name, path, before, after in faults():
        text = texts[path].decode()
        if text.count(before) != 1:
            sys.exit(f"{number} {name}: {path} has its lines {text.count(before)} times")
        texts[path] = text.replace(before, after).encode()
    texts["src/lib.rs"] += SWITCH.encode()
    # Under its own version, what is built of it does not take the place of what is built of the work tree.
    for file in ["Cargo.toml", "Cargo.lock"]:
        texts[file] = re.sub(r'(name = "pando"\nversion = ")[^"]+', r"\g<1>0.0.0-faults", texts[file].decode()).encode()
    tests = texts["tests/main.rs"].decode().splitlines()
    tests = [line for line in tests if not line.startswith("mod ") or line[4:-1] in MODULES]
    texts["tests/main.rs"] = "\n".join([*tests, ""]).encode()
    for name, text in texts.items():
        copy = TREE / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        # What is as it was is not built again.
        if not copy.exists() or copy.read_bytes() != text:
            copy.write_bytes(text)


def build():
    """The test binary."""
    command = ["cargo", "test", "--no-run", "--test", "tests", "--message-format", "json-render-diagnostics"]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")}
    built = subprocess.run(command, cwd=TREE, env=environment, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit("the faults do not build")
    messages = (json.loads(line) for line in built.stdout.splitlines())
    return next(found for message in messages if (found := message.get("executable")) and message["target"]["kind"] == ["test"])


def caught(binary, number):
    """Which test failed, or that it does not end; nothing, if all passed."""
    environment = {**os.environ, "CARGO_MANIFEST_DIR": str(TREE), "RUST_BACKTRACE": "0", "PANDO_FAULT": str(number)}
    for tests in TESTS:
        command = [binary, "--test-threads", "2", *tests]
        try:
            run = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return f"{tests[0]}, which does not end"
        if run.returncode != 0:
            failed = re.findall(r"^    (\S+::\S+)$", run.stdout, re.MULTILINE)
            return ", ".join(dict.fromkeys(failed)) or f"{tests[0]}, which dies"
    return None


def main():
    wanted = {int(number) for number in sys.argv[1:]}
    sync()
    binary = build()
    names = {number: name for number, name, *_ in faults() if not wanted or number in wanted}
    # What the tests catch without a fault says nothing about the others.
    trials = {0: "no fault", **names}
    wrong = 0

    def tried(number):
        began = time.monotonic()
        return number, caught(binary, number), round(time.monotonic() - began)

    # Tests of real processes mostly wait.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1) as pool:
        for trial in concurrent.futures.as_completed([pool.submit(tried, number) for number in trials]):
            number, by, took = trial.result()
            is_right = bool(by) == (number != 0)
            wrong += not is_right
            print(f"{'  ' if is_right else '! '}{number:2} {'caught' if by else 'passed'}  {trials[number]}  ({took} s)  {by or ''}", flush=True)
    print(f"{wrong} of {len(trials)} are not as they should be")
    sys.exit(1 if wrong else 0)


main()
