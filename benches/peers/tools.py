"""The two tools, each with a folder of its own: how they are given the same architecture, and how each phase is run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from census import MORE_WEB, MOST_WEB, MOST_WORKERS
from crash_tools import CONFIGURATION, PATIENCE, Tool, kill
from worlds import ACCOUNT

HERE = Path(__file__).resolve().parent
BLUEPRINT = HERE.parents[1] / "blueprints" / "web-service.yaml"
STACK = "shop"
PHASES = ["apply", "plan", "change", "destroy"]
# The provider's block, which begins and ends at the left margin.
PROVIDER = re.compile(r'^provider "aws" \{$.*?^\}$', re.MULTILINE | re.DOTALL)


class Failed(Exception):
    """A tool ended with an error."""


class Peer(Tool):
    """One that is measured."""

    def phase(self, name):
        """Runs all commands of a phase, one after the other: time is added up, memory is that of the largest."""
        taken = [self.measure(command) for command in self.commands(name)]
        return {
            "wall": sum(one["wall"] for one in taken),
            "cpu": sum(one["cpu"] for one in taken),
            "memory": max(one["memory"] for one in taken),
        }

    def commands(self, phase):
        """What a phase is in its words."""
        raise NotImplementedError

    def measure(self, command):
        """Runs a command that has to succeed."""
        taken, said = self.folder / "taken.json", self.folder / "said"
        with said.open("wb") as output:
            process = self.start([sys.executable, "-I", "-S", HERE / "measure.py", taken, *command], output)
            try:
                code = process.wait(PATIENCE)
            except BaseException:
                kill(process)
                raise
        if code != 0:
            words = said.read_text(encoding="utf-8", errors="replace")
            raise Failed(f"{' '.join(map(str, command))} ended with an error\n{words[-20000:]}")
        return json.loads(taken.read_text(encoding="utf-8"))


class Pando(Peer):
    """Pando. Copies are stacks with a file and a state each."""

    name = "Pando"

    def __init__(self, folder, world, copies, groups, pando):
        super().__init__(folder, world.url)
        self.pando, self.replicas, self.groups = pando, world.replicas, groups
        self.environment |= {"AWS_ENDPOINT_URL": world.url, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "emulator"}
        self.stacks = [f"{STACK}-{number}" for number in range(copies)]

    def commands(self, phase):
        """A command for each stack."""
        self.write(MOST_WEB if phase in ("apply", "plan") else MORE_WEB)
        arguments = {"plan": ["plan", "--detailed-exitcode"], "destroy": ["destroy"]}.get(phase, ["apply", "--yes"])
        for stack in self.stacks:
            confirm = ["--confirm", stack] if phase == "destroy" else []
            yield [self.pando, *arguments, "--file", f"{stack}.yaml", *confirm]

    def write(self, most):
        """The blueprint that comes with Pando, of which nothing is protected, since it is to be destroyed."""
        text = BLUEPRINT.read_text(encoding="utf-8")
        text = edited(text, f"max: {MOST_WEB} }}", f"max: {most} }}")
        text = edited(text, "\n  replicas: 2\n", f"\n  replicas: {self.replicas}\n")
        more = [f"  more-{number}: {{ clones: {{ min: 0, max: {MOST_WORKERS} }} }}\n" for number in range(1, self.groups)]
        text = edited(text, "\nworkers:\n", "\nworkers:\n" + "".join(more))
        for stack in self.stacks:
            named = edited(text, f"stack: {STACK}\n", f"stack: {stack}\nprotect: []\n")
            (self.folder / f"{stack}.yaml").write_text(named, encoding="utf-8")


class Terraform(Peer):
    """Terraform. Copies are modules in one state, in a file beside it."""

    name = "Terraform"

    def __init__(self, folder, world, copies, _, mirror):
        super().__init__(folder, world.url)
        self.environment |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self.variables = {"endpoint": world.url, "account": ACCOUNT, "stack": STACK, "copies": copies, "replicas": world.replicas}
        self.write(world.name)
        code, said = self.run(["terraform", "init", "-input=false", "-no-color", f"-plugin-dir={mirror}"])
        if code != 0:
            raise Failed(f"terraform init failed\n{said}")

    def write(self, judge):
        """The configuration as a module, without its provider and with what the judge makes necessary; and around it the root that has one."""
        module = self.folder / "stack"
        module.mkdir()
        for file in CONFIGURATION.glob("*.tf"):
            shutil.copy(file, module)
        for file in ("replicas.tf", "same_override.tf", f"{judge}_override.tf"):
            if (HERE / "terraform" / file).exists():
                shutil.copy(HERE / "terraform" / file, module)
        shutil.copy(HERE / "terraform" / "root.tf", self.folder)
        main = (module / "main.tf").read_text(encoding="utf-8")
        (self.folder / "provider.tf").write_text(PROVIDER.search(main)[0], encoding="utf-8")
        (module / "main.tf").write_text(PROVIDER.sub("", main), encoding="utf-8")

    def commands(self, phase):
        """One command for all copies."""
        most = MOST_WEB if phase in ("apply", "plan") else MORE_WEB
        variables = [f"-var={name}={value}" for name, value in (self.variables | {"most_clones": most}).items()]
        verbs = {"plan": ["plan", "-detailed-exitcode"], "destroy": ["destroy", "-auto-approve"]}
        yield ["terraform", *verbs.get(phase, ["apply", "-auto-approve"]), "-input=false", "-no-color", *variables]


def edited(text, before, after):
    """A text in which something stands once, and now something else does."""
    if text.count(before) != 1:
        raise SystemExit(f"{BLUEPRINT} should have {before!r} once")
    return text.replace(before, after)


def versions(pando, has_terraform):
    """What the tools call themselves."""
    said = [subprocess.run([pando, "--version"], capture_output=True, text=True, check=True).stdout.strip()]
    if has_terraform:
        told = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=True)
        said.append(f"Terraform {json.loads(told.stdout)['terraform_version']} with its AWS provider 5.100.0")
    return said
