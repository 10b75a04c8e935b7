"""Kills Terraform, and Pando, in the middle of an apply, and counts what they lose.

    python3 tests/judges/terraform/crashes.py --pando target/debug/pando --tool terraform --results terraform.jsonl
    python3 tests/judges/terraform/crashes.py --pando target/debug/pando --tool pando --results pando.jsonl
    python3 tests/judges/terraform/crashes.py --summary terraform.jsonl pando.jsonl

Both make the same network and web tier (`crashes/`) on a simulator of Pando's. It kills its caller at the first call of each action that makes
something: before the call is carried out, after it, or when it has answered. Then nobody is heard any more, and the tool and all its helpers are
killed with SIGKILL. After that a user does what users do: the same apply again, and once more if it is refused; then a plan, and destroy.

Counted is what the simulator has, by the same rule for both:
  orphan     somebody made it, and after the apply the tool's state does not know its id
  duplicate  there are more of that kind and name than an undisturbed apply makes
  stuck      the apply is refused again and again, until somebody removes or imports something by hand
  drift      the plan after the apply that succeeded would change something
  left       still there after destroy

A line of JSON for each run is added to `--results`, and what is there already is not run again. `--minutes` ends it early.
Terraform 1.11 and its AWS provider 5.100 must be there (`--mirror`); a run takes it about three minutes, most of which it sleeps.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crash_tools import Pando, Terraform, kill
from crash_world import World
from judge import what_is_missing

FAULTS = ["kill_before", "kill_after", "kill_answered"]
WRITING = threading.Lock()
MAKING = ("Create", "Allocate", "Authorize", "Put", "Associate", "Attach", "Add")


def main():
    """Runs what is asked for, and returns the exit code."""
    arguments = read_arguments()
    if arguments.summary:
        for file in arguments.summary:
            summarise(read_results(file))
        return 0
    missing = what_is_missing(arguments.mirror) if arguments.tool == "terraform" else None
    if missing:
        print(f"skipped: {missing}")
        return 0
    end = time.monotonic() + arguments.minutes * 60
    results = read_results(arguments.results)
    usual = next((result for result in results if result["fault"] is None), None) or keep(arguments, undisturbed(arguments))
    done = {(result["action"], result["fault"]) for result in results}
    wanted = [(*call, fault) for call in spread(usual["making"]) for fault in FAULTS if (call[1], fault) not in done]

    def run(service, action, fault):
        if time.monotonic() < end:
            keep(arguments, killed(arguments, usual, service, action, fault))

    with ThreadPoolExecutor(arguments.jobs) as jobs:
        for job in [jobs.submit(run, *kill) for kill in wanted]:
            job.result()
    summarise(read_results(arguments.results))
    return 0


def read_arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pando", type=Path, default=Path("target/debug/pando"), help="the binary, which has the simulator too")
    parser.add_argument("--tool", choices=["terraform", "pando"], default="terraform", help="who is killed")
    parser.add_argument("--results", type=Path, default=Path("crashes.jsonl"), help="file that gets a line for each run")
    parser.add_argument("--speed", type=float, default=300, help="how much faster than on AWS time passes")
    parser.add_argument("--minutes", type=float, default=600, help="no run begins after that")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at a time; most of the time they sleep")
    parser.add_argument("--mirror", type=Path, default=Path("/opt/tf-plugins"), help="where Terraform's provider lies")
    parser.add_argument("--summary", type=Path, nargs="+", help="only print what these files of results say")
    arguments = parser.parse_args()
    arguments.pando = arguments.pando.resolve()
    return arguments


def read_results(file):
    """The runs that were made already."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def keep(arguments, result):
    """Adds a run to the results."""
    with WRITING, arguments.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")
    brief = {key: value for key, value in result.items() if key not in ("making", "census", "said")}
    print(json.dumps(brief), flush=True)
    return result


def spread(making):
    """Every third first, so that a run that ends early has seen the beginning, the middle and the end."""
    first = list(dict.fromkeys(tuple(call) for call in making))
    return [call for start in range(3) for call in first[start::3]]


def tool_in(arguments, folder, url):
    """The tool that is asked for, in a folder."""
    if arguments.tool == "terraform":
        return Terraform(folder, url, arguments.mirror)
    return Pando(folder, url, arguments.pando)


def undisturbed(arguments):
    """What an apply makes that nobody kills, with which calls; and that nothing is left after it."""
    with tempfile.TemporaryDirectory(prefix="pando-crashes-") as path, World(arguments.pando, Path(path), arguments.speed) as world:
        tool = tool_in(arguments, Path(path), world.url)
        said = must(tool, tool.apply)
        making = [call for call in world.calls() if call[1].startswith(MAKING)]
        must(tool, tool.plan)
        world.settle()
        things = world.things()
        unknown = unknown_to(tool, things)
        if unknown:
            raise SystemExit(f"an undisturbed apply leaves things that its state does not know: {unknown}")
        must(tool, tool.destroy)
        world.settle()
        if world.things():
            raise SystemExit(f"an undisturbed destroy leaves {world.things()}")
    census = [[kind, name] for kind, _, name in things]
    return {"tool": arguments.tool, "action": None, "fault": None, "making": making, "census": census, "said": said[-300:]}


def must(tool, arguments):
    """Runs what has to succeed; what it says."""
    code, said = tool.run(arguments)
    if code != 0:
        raise SystemExit(f"{tool.name} fails undisturbed, exit code {code}\n{said}")
    return said


def killed(arguments, usual, service, action, fault):
    """One apply that is killed, and what comes after it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pando-crashes-") as path, World(arguments.pando, Path(path), arguments.speed) as world:
        tool = tool_in(arguments, Path(path), world.url)
        world.kill_at(service, action, 1, fault)
        result = {"tool": tool.name, "service": service, "action": action, "fault": fault}
        result["was_killed"] = die(tool, world)
        world.revive()
        made = world.things()
        result["made_before"], result["unknown_before"] = len(made), len(unknown_to(tool, made))
        result |= go_on(tool, world, usual)
        result |= give_up(tool, world)
    result["seconds"] = round(time.monotonic() - began)
    return result


def die(tool, world):
    """Runs the apply until the world kills it."""
    with (tool.folder / "said").open("wb") as output:
        process = tool.start(tool.apply, output)
        while process.poll() is None:
            if world.has_killed():
                kill(process)
                return True
            time.sleep(0.005)
    return False


def go_on(tool, world, usual):
    """The same apply again, twice if the first is refused, and a plan."""
    codes, refusals, forced = [], [], 0
    while len(codes) < 2 and codes[-1:] != [0]:
        code, said = tool.run(tool.apply)
        forced += tool.locked in said
        codes.append(code)
        if code != 0:
            refusals = what_matters(said)
    is_stuck = codes[-1] != 0
    drift = None if is_stuck else tool.run(tool.plan)[0] != 0
    world.settle()
    things = world.things()
    surplus = Counter((kind, name) for kind, _, name in things) - Counter(map(tuple, usual["census"]))
    return {
        "applies": codes,
        "locked": forced,
        "stuck": is_stuck,
        "drift": drift,
        "orphans": sorted(kind for kind, _ in unknown_to(tool, things)),
        "duplicates": sorted(kind for kind in surplus.elements()),
        "said": refusals,
    }


def give_up(tool, world):
    """Destroys, twice if the first is refused, and looks what is left."""
    codes, refusals = [], []
    while len(codes) < 2 and codes[-1:] != [0]:
        code, said = tool.run(tool.destroy)
        codes.append(code)
        if code != 0:
            refusals = what_matters(said)
    world.settle()
    return {"destroys": codes, "said_at_last": refusals, "left": sorted(kind for kind, _, _ in world.things())}


def unknown_to(tool, things):
    """Things that were made and that the tool's state does not name."""
    return [(kind, key) for kind, key, _ in things if not tool.knows(kind, key)]


def what_matters(said):
    """The errors among all that was said."""
    lines = [line.strip("│╷╵ ") for line in said.splitlines()]
    return [line for line in lines if line.startswith(("Error:", "error:", "hint:")) or "FAILED" in line][:6]


def summarise(results):
    """Prints a line for each run, and the sums."""
    runs = [result for result in results if result["fault"] is not None and result["was_killed"]]
    for run in runs:
        print(f"{run['tool']} {run['action']} {run['fault']}: applies {run['applies']}, orphans {len(run['orphans'])}, "
              f"duplicates {len(run['duplicates'])}, drift {run['drift']}, left {len(run['left'])} {run['said'] or ''}")
    if not runs:
        return
    for fault in [*FAULTS, None]:
        some = [run for run in runs if fault in (None, run["fault"])]
        if not some:
            continue
        count = {key: sum(1 for run in some if run[key]) for key in ("orphans", "duplicates", "stuck", "drift", "locked", "left")}
        things = {key: sum(len(run[key]) for run in some) for key in ("orphans", "duplicates", "left")}
        print(f"{some[0]['tool']}, {fault or 'all'}: {len(some)} runs; runs with {count}; things {things}")


if __name__ == "__main__":
    sys.exit(main())
