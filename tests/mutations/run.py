#!/usr/bin/env python3
"""Puts each fault of `list.txt` into a copy of the work tree and runs the tests that must catch it.

    python3 tests/mutations/run.py            all of them, each with a build: several hours on two cores
    python3 tests/mutations/run.py 3 7 12     some, by number from 1

Ends with 1 if a fault was not caught. The copy and its build lie in `target/mutations`.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / "target/mutations/tree"
BUILD = ROOT / "target/mutations/build"
TESTS = ["crash::", "crashes::", "disk::", "disturbances::", "engine::", "faults::a_change", "plans::"]
LIMIT = 45 * 60


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


def caught():
    """Which test failed, or what the compiler said; nothing, if all passed."""
    command = ["cargo", "test", "--test", "tests", "--", *TESTS]
    environment = {**__import__("os").environ, "CARGO_TARGET_DIR": str(BUILD), "RUST_BACKTRACE": "0"}
    try:
        run = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "does not end"
    if run.returncode == 0:
        return None
    failed = re.findall(r"^test (\S+) \.\.\. FAILED", run.stdout, re.MULTILINE)
    if not failed:
        sys.exit(f"it does not build:\n{run.stderr[-3000:]}")
    return ", ".join(failed)


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
        by = caught()
        print(f"{number:2} {'caught' if by else 'SURVIVED'}  {name}  {by or ''}", flush=True)
        survived += [] if by else [name]
    sync()
    print(f"{len(survived)} survived")
    sys.exit(1 if survived else 0)


main()
