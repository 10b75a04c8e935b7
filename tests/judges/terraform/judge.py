"""Has Terraform and its AWS provider judge a simulated AWS: they have met the real one for ten years.

    python3 tests/judges/terraform/judge.py --endpoint http://127.0.0.1:4566 [--calls FILE] [--folder FOLDER]

A copy of the configuration beside this file is applied, planned again (nothing may be left to do), changed a little,
rolled over and destroyed; then the endpoint is asked whether anything of the stack is left. What fails is printed in
Terraform's words, and the exit code is 1. Without Terraform 1.11, or without the provider in the mirror (`--mirror`,
/opt/tf-plugins), nothing is judged: "skipped", exit code 0.

`--calls FILE` writes which operations the provider called: service, operation, how often, and with which status codes.
`--folder FOLDER` works in a folder that stays, with Terraform's state and the provider's log.
The account is the access key, and nothing in it may be called `judge-…` before. Where this file itself asks, its
signatures are not real.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from calls import write_calls
from leftovers import find_leftovers

CONFIGURATION = Path(__file__).resolve().parent
PROVIDER = "registry.terraform.io/hashicorp/aws/5.100.0"
STACK = "judge"
# Each step is applied and must leave an empty plan.
STEPS = [
    ("apply", {}),
    ("change", {"most_clones": "14", "visibility": "360"}),
    ("roll", {"most_clones": "14", "visibility": "360", "revision": "2"}),
]

# What Terraform says while it works.
PROGRESS = re.compile(r": [A-Z]\w+( \w+)?\.\.\.|: \w+ complete")


class Terraform:
    """Terraform in a folder, against an endpoint."""

    def __init__(self, folder, endpoint, account):
        self.folder = folder
        self.variables = {"endpoint": endpoint, "account": account, "stack": STACK}
        # Whatever the user's own AWS is, it has no part in this.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        log = {"TF_LOG_PROVIDER": "DEBUG", "TF_LOG_PATH": str(folder / "provider.log")}
        self.environment = environment | log | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def run(self, *arguments):
        """Runs it; returns its exit code and all that it says."""
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def with_variables(self, changes):
        """The variables as arguments."""
        return [f"-var={name}={value}" for name, value in (self.variables | changes).items()]


def main():
    """Judges, prints the verdict, and returns the exit code."""
    arguments = read_arguments()
    missing = what_is_missing(arguments.mirror)
    if missing:
        print(f"skipped: {missing}")
        return 0
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        return judge(arguments, arguments.folder.resolve())
    with tempfile.TemporaryDirectory(prefix="pando-judge-") as folder:
        return judge(arguments, Path(folder))


def read_arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True, help="where the AWS to be judged answers")
    parser.add_argument("--account", default="123456789012", help="the account, which is the access key")
    parser.add_argument("--mirror", type=Path, default=Path("/opt/tf-plugins"), help="where the provider lies")
    parser.add_argument("--calls", type=Path, help="file for the operations that the provider called")
    parser.add_argument("--folder", type=Path, help="work here, and leave everything there")
    return parser.parse_args()


def what_is_missing(mirror):
    """Why nothing can be judged, or None."""
    if shutil.which("terraform") is None:
        return "no `terraform` on the PATH"
    if not list(mirror.glob(f"{PROVIDER}/*/terraform-provider-aws*")):
        return f"no provider {PROVIDER} in {mirror}"
    version = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=False)
    try:
        found = json.loads(version.stdout)["terraform_version"]
    except (json.JSONDecodeError, KeyError):
        return f"`terraform version` does not answer: {version.stderr.strip()}"
    if tuple(int(part) for part in found.split("-")[0].split(".")[:2]) < (1, 11):
        return f"Terraform is {found}, and the configuration needs 1.11"
    return None


def judge(arguments, folder):
    """All the steps, and what they leave."""
    for file in CONFIGURATION.glob("*.tf"):
        shutil.copy(file, folder)
    terraform = Terraform(folder, arguments.endpoint, arguments.account)
    code, said = terraform.run("init", f"-plugin-dir={arguments.mirror}")
    if code != 0:
        print(f"FAILED init\n{said}")
        return 1
    failures = apply_steps(terraform) + destroy(terraform)
    for leftover in find_leftovers(arguments.endpoint, arguments.account, STACK):
        failures += 1
        print(f"FAILED nothing is left: {leftover}")
    if arguments.calls:
        write_calls(folder / "provider.log", arguments.calls)
    print(f"{failures} failures" if failures else "judged: no failure")
    return 1 if failures else 0


def apply_steps(terraform):
    """Applies one step after the other, as long as they succeed, each followed by a plan. Returns how many failed."""
    failures = 0
    for name, changes in STEPS:
        variables = terraform.with_variables(changes)
        if not succeeds(name, terraform, ["apply", "-auto-approve", "-input=false", *variables]):
            return failures + 1
        plan = ["plan", "-detailed-exitcode", "-input=false", *variables]
        failures += 0 if succeeds(f"{name}, then an empty plan", terraform, plan) else 1
    return failures


def destroy(terraform):
    """Destroys what was applied, however far that came."""
    changes = STEPS[-1][1]
    arguments = ["destroy", "-auto-approve", "-input=false", *terraform.with_variables(changes)]
    return 0 if succeeds("destroy", terraform, arguments) else 1


def succeeds(name, terraform, arguments):
    """Runs one step, and says how it went."""
    began = time.monotonic()
    code, said = terraform.run(*arguments)
    seconds = time.monotonic() - began
    print(f"{'ok' if code == 0 else 'FAILED'} {name} ({seconds:.0f} s)", flush=True)
    if code != 0:
        print(what_matters(said), flush=True)
    return code == 0


def what_matters(said):
    """Terraform's words without its reports of progress."""
    lines = [line for line in said.splitlines() if not PROGRESS.search(line)]
    # An error, or else what a plan that should be empty would do.
    for beginning in ("Error:", "Terraform will perform"):
        places = [number for number, line in enumerate(lines) if beginning in line]
        if places:
            return "\n".join(lines[places[0] :])
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
