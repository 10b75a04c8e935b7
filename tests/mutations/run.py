#!/usr/bin/env python3
"""Puts each fault of `list.txt` into a copy of the work tree and runs the tests that must catch it.

    python3 tests/mutations/run.py            all of them, each with a build
    python3 tests/mutations/run.py 3 7 12     some, by number from 1

Ends with 1 if a fault was not caught. The copy lies in `target/mutations`; it has only the tests that are asked, and shares what is built of
dependencies with the work tree, so that nothing else should be built meanwhile. The quick tests are asked first, the crash runs only if those pass.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / "target/mutations"
MODULES = ["crash", "crashes", "disk", "disturbances", "engine", "faults", "plans", "remote", "support"]
QUICK = ["crash::", "disk::", "disturbances::", "engine::", "faults::a_change", "plans::", "remote::handover", "remote::killed", "remote::locks", "remote::real"]
CRASHES = ["crashes::"]
LIMIT = 30 * 60


def faults():
    """Name, file, what is taken out, what is put in."""
    text = (ROOT / "tests/mutations/list.txt").read_text()
    for block in text.split("\n== ")[1:]:
        name, path, *lines = [line for line in block.split("\n") if line]
        before = [line[1:] for line in lines if line[0] in "- "]
        after = [line[1:] for line in lines if line[0] in "+ "]
        yield name, path, "\n".join(before), "\n".join(after)


def sync():
    """The work tree as it is, committed or not."""
    TREE.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    for name in listed.stdout.decode().splitlines():
        source, copy = ROOT / name, TREE / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file() and (not copy.exists() or copy.read_bytes() != source.read_bytes()):
            copy.write_bytes(source.read_bytes())


def trim():
    """Leaves out the tests that are not asked: less to build."""
    main = TREE / "tests/main.rs"
    lines = main.read_text().splitlines()
    main.write_text("\n".join(line for line in lines if not line.startswith("mod ") or line[4:-1] in MODULES) + "\n")


def caught():
    """Which test failed, or that it does not end; nothing, if all passed."""
    return asked(QUICK) or asked(CRASHES)


def asked(tests):
    """Which of these tests failed."""
    # The code under test is built in no time, and the dependencies are as they are in the work tree.
    command = ["cargo", "test", "--quiet", "--config", "profile.test.opt-level=0", "--test", "tests", "--", *tests]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target"), "RUST_BACKTRACE": "0"}
    try:
        run = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "does not end"
    if run.returncode == 0:
        return None
    failed = re.findall(r"^    (\S+::\S+)$", run.stdout, re.MULTILINE)
    if not failed:
        sys.exit(f"it does not build:\n{run.stderr[-3000:]}")
    return ", ".join(dict.fromkeys(failed))


def main():
    wanted = {int(number) for number in sys.argv[1:]}
    survived = []
    for number, (name, path, before, after) in enumerate(faults(), 1):
        if wanted and number not in wanted:
            continue
        sync()
        text = (TREE / path).read_text()
        if text.count(before) != 1:
            sys.exit(f"{name}: {path} has its lines {text.count(before)} times")
        (TREE / path).write_text(text.replace(before, after))
        trim()
        began = time.monotonic()
        by = caught()
        took = round(time.monotonic() - began)
        print(f"{number:2} {'caught' if by else 'SURVIVED'}  {name}  ({took} s)  {by or ''}", flush=True)
        survived += [] if by else [name]
    sync()
    print(f"{len(survived)} survived")
    sys.exit(1 if survived else 0)


main()
