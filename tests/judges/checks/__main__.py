"""Run the checks: one line each, totals per file, exit code 1 if any fails."""

import argparse
import importlib
import json
import pkgutil
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from . import __path__ as package_path
from .cloud import Cloud
from .expect import Wrong
from .registry import CHECKS

SUPPORT = {"__main__", "cloud", "databases", "expect", "fleets", "queues", "registry", "worlds"}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m checks", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="where the AWS to judge listens")
    parser.add_argument("--only", action="append", default=[], metavar="FILE", help="only files that start so, as ec2")
    parser.add_argument("--match", default="", metavar="TEXT", help="only checks whose title contains this")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than ours its clock runs")
    parser.add_argument("--patience", type=float, default=60.0, help="longest wait for one state, in our seconds")
    parser.add_argument("--account", help="one account for all checks, for an emulator that knows only one")
    parser.add_argument("--threads", type=int, default=8, help="checks at a time")
    parser.add_argument("--json", action="store_true", help="one JSON object per check")
    parser.add_argument("--quiet", action="store_true", help="only what is wrong, and the totals")
    return parser.parse_args()


def selected(only, text):
    """The checks of all files of this package, or of those asked for, file by file in the order they are written."""
    for module in pkgutil.iter_modules(package_path):
        if module.name not in SUPPORT:
            importlib.import_module(f"{__package__}.{module.name}")
    return [
        check
        for check in sorted(CHECKS, key=lambda check: check.service)
        if text in check.title and (not only or any(check.service.startswith(prefix) for prefix in only))
    ]


def verdict(check, options):
    """None if the fact holds, otherwise what came instead."""
    cloud = Cloud(options.endpoint, options.speed, options.patience, options.account)
    try:
        check.function(cloud)
    except Wrong as wrong:
        return str(wrong)
    except ClientError as error:
        return f"{error.operation_name} was refused: {error.response['Error'].get('Code')}: " + str(
            error.response["Error"].get("Message")
        )
    except Exception as error:  # pylint: disable=broad-except
        # An answer that boto3 cannot read, or one that lacks a member that AWS always sends; the line says where.
        line = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in line if frame.filename.startswith(package_path[0])][-1]
        place = f"{ours.filename.rsplit('/', 1)[-1]}:{ours.lineno}"
        return f"the answer cannot be used: {type(error).__name__}: {str(error)[:200]} ({place})"
    return None


def report(check, wrong, seconds, options):
    """One line for one check."""
    if options.json:
        facts = {"service": check.service, "check": check.title, "wrong": wrong, "seconds": round(seconds, 2)}
        print(json.dumps(facts))
    elif wrong is not None:
        print(f"WRONG  {check.service}: {check.title}\n       {wrong}")
    elif not options.quiet:
        print(f"ok     {check.service}: {check.title}")
    sys.stdout.flush()


def totals(verdicts):
    """How many of each file hold."""
    counts = {}
    for check, wrong in verdicts:
        held, all_of_them = counts.get(check.service, (0, 0))
        counts[check.service] = (held + (wrong is None), all_of_them + 1)
    for service, (held, all_of_them) in sorted(counts.items()):
        print(f"{service:<28} {held:>4} of {all_of_them}")
    print(f"{'all':<28} {sum(h for h, _ in counts.values()):>4} of {sum(a for _, a in counts.values())}")


def main():
    """Run what was asked for, in parallel as far as it may, and report in the order of the files."""
    options = arguments()
    checks = selected(options.only, options.match)
    if not checks:
        sys.exit("no check is selected")

    def run(check):
        started = time.monotonic()
        return verdict(check, options), time.monotonic() - started

    verdicts = []
    for threads, alone in ((options.threads, False), (1, True)):
        group = [check for check in checks if check.alone is alone]
        with ThreadPoolExecutor(threads) as pool:
            for check, (wrong, seconds) in zip(group, pool.map(run, group)):
                verdicts.append((check, wrong))
                report(check, wrong, seconds, options)
    if not options.json:
        totals(verdicts)
    sys.exit(any(wrong is not None for _, wrong in verdicts))


if __name__ == "__main__":
    main()
