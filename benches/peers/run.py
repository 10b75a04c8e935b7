"""Deploys the same architecture with Pando and with Terraform, and measures what each takes.

    python3 benches/peers/run.py --pando target/release/pando [--runs 5] [--copies 1 5] [--groups 20] [--judge simulator|moto] [--json FILE]

The architecture is `blueprints/web-service.yaml`; Terraform gets it from `tests/judges/terraform`, less what that has beyond it. The tools take turns,
and each run has a world of its own: apply from nothing, a plan that has to be empty, one change (the most web clones), destroy. Every call takes 60
milliseconds more than the judge itself does. What takes AWS minutes takes the simulator a tenth of a second and moto nothing, so what is measured is
the tool.

After each phase the emulator is asked what there is. If that is not what the tool was to make, or if a tool fails, the runner says so and ends with
exit code 1.

Several copies are modules in one state for Terraform, and for Pando stacks with a state each, one after the other. Without Terraform 1.11 or its
AWS provider in a mirror on the disk, Pando is measured alone; and so it is with more groups of workers than one, which the configuration lacks.
"""

import argparse
import datetime
import json
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "judges" / "terraform"))

# These are found by the path above.
from census import MORE_WEB, MOST_WEB, Wrong, verify_gone, verify_made  # noqa: E402
from judge import what_is_missing  # noqa: E402
from table import table  # noqa: E402
from tools import PHASES, Failed, Pando, Terraform, versions  # noqa: E402
from worlds import JUDGES  # noqa: E402

# Where mirrors of providers lie: registry/namespace/name/version/platform/terraform-provider-aws….
MIRRORS = [
    Path("/opt/tf-plugins"),
    Path.home() / ".terraform.d/plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
]


def main():
    """Runs everything, prints the table, and returns the exit code."""
    arguments = read_arguments()
    signal.signal(signal.SIGTERM, end)
    peers = {Pando: arguments.pando}
    mirror = find_mirror(arguments.mirror)
    missing = what_is_missing(mirror) if mirror else "no terraform-provider-aws in any mirror (--mirror)"
    if arguments.groups > 1:
        missing = "its configuration has one group of workers"
    if missing:
        tell(f"Terraform is not measured: {missing}")
    else:
        peers[Terraform] = mirror
    results = []
    try:
        for copies in arguments.copies:
            for number in range(1, arguments.runs + 1):
                for peer, program in peers.items():
                    tell(f"{peer.name}, {copies} copies, run {number} of {arguments.runs}")
                    results.append(live(arguments, peer, program, copies))
                    keep(arguments, results)
    except (Failed, Wrong) as failure:
        tell(f"FAILED: {failure}")
        return 1
    finally:
        if results:
            print(heading(arguments, not missing))
            print(table(results))
    return 0


def read_arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pando", type=Path, default=Path("target/release/pando"), help="the binary, which has the simulator too")
    parser.add_argument("--runs", type=int, default=5, help="how often each tool goes through all phases")
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 5], help="how many copies of the architecture; AWS's quotas allow five")
    parser.add_argument("--groups", type=int, default=1, help="how many groups of workers each copy has; with more than one, Pando alone is measured")
    parser.add_argument("--judge", choices=sorted(JUDGES), default="simulator", help="the emulator of AWS")
    parser.add_argument("--delay", type=float, default=60, help="milliseconds that every call takes more")
    parser.add_argument("--mirror", type=Path, help="where Terraform's provider lies")
    parser.add_argument("--json", type=Path, help="file for every single result")
    arguments = parser.parse_args()
    arguments.pando = arguments.pando.resolve()
    if not arguments.pando.exists():
        parser.error(f"{arguments.pando} is not there: cargo build --release")
    return arguments


def find_mirror(given):
    """The mirror that has the provider, whichever version that is."""
    for mirror in [given] if given else MIRRORS:
        for provider in mirror.rglob("terraform-provider-aws*"):
            return provider.parents[5]
    return None


def live(arguments, peer, program, copies):
    """A whole life in a world of its own: what each phase took."""
    with tempfile.TemporaryDirectory(prefix="pando-peers-") as path:
        folder = Path(path)
        with JUDGES[arguments.judge](arguments.pando, folder, arguments.delay) as world:
            work = folder / "work"
            work.mkdir()
            tool = peer(work, world, copies, arguments.groups, program)
            phases = {}
            for phase in PHASES:
                before = world.called()
                taken = tool.phase(phase)
                phases[phase] = taken | {"calls": world.called() - before}
                tell(f"  {phase}: " + ", ".join(f"{name} {value:.2f}" for name, value in phases[phase].items()))
                verify(world, phase, copies, arguments.groups)
    return {"tool": peer.name, "judge": arguments.judge, "copies": copies, "phases": phases}


def verify(world, phase, copies, groups):
    """That the emulator tells of what this phase has to leave."""
    if phase == "destroy":
        verify_gone(world.endpoint, copies)
    else:
        verify_made(world, copies, groups, MORE_WEB if phase == "change" else MOST_WEB)


def keep(arguments, results):
    """Writes what there is so far: a run takes minutes."""
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def heading(arguments, has_terraform):
    """What was measured, where and when."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}"
    groups = f", {arguments.groups} groups of workers" if arguments.groups > 1 else ""
    what = f"{arguments.judge}{groups}, {arguments.delay:g} ms added to every call, medians of {arguments.runs}"
    return f"{datetime.date.today()}; {machine}; {', '.join(versions(arguments.pando, has_terraform))}; {what}\n"


def end(*_):
    """Whoever ends the runner ends all that it started; asking twice does not keep it from that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def tell(text):
    """Says something beside the table."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
