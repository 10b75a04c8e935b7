"""The tools that are killed, each with a folder of its own, and what a user of them does next."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parent
STACK = "judge"
ACCOUNT = "123456789012"
# Terraform's types for a kind.
TYPES = {
    "autoscaling/groups": "aws_autoscaling_group", "ec2/addresses": "aws_eip", "ec2/endpoints": "aws_vpc_endpoint",
    "ec2/internet_gateways": "aws_internet_gateway", "ec2/launch_templates": "aws_launch_template", "ec2/nat_gateways": "aws_nat_gateway",
    "ec2/route_tables": "aws_route_table", "ec2/security_group_rules": r"aws_vpc_security_group_\w+_rule", "ec2/security_groups": r"aws_(default_)?security_group",
    "ec2/subnets": "aws_subnet", "ec2/vpcs": "aws_vpc", "elb/balancers": "aws_lb", "elb/groups": "aws_lb_target_group",
    "elb/listeners": "aws_lb_listener", "iam/profiles": "aws_iam_instance_profile", "iam/roles": "aws_iam_role", "ssm/parameters": "aws_ssm_parameter",
}
# Longer than anything takes here; a run that hangs is one that its user would have to end.
PATIENCE = 900


class Tool:
    """One of them in a folder, against a world."""

    name = "?"
    # How it is run.
    apply, plan, destroy = [], [], []
    # What it says when somebody else seems to be at work.
    locked = "?"

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        # Whatever the user's own AWS is, it has no part in this.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_", "PANDO_"))}

    def start(self, arguments, output):
        """Starts it in a process group of its own, so that its helpers die with it."""
        return subprocess.Popen(
            arguments,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, arguments):
        """Runs it to its end; its exit code and all that it says."""
        output = self.folder / "said"
        with output.open("wb") as file:
            process = self.start(arguments, file)
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                kill(process)
                code = -1
        return code, output.read_text(encoding="utf-8", errors="replace")

    def version(self):
        """Its name and version."""
        raise NotImplementedError

    def knows(self, kind, key):
        """Whether its state tells of a thing of this kind and id."""
        raise NotImplementedError


class Terraform(Tool):
    """Terraform with its state in a file beside it."""

    name = "terraform"
    locked = "Error acquiring the state lock"

    def __init__(self, folder, url, mirror):
        super().__init__(folder, url)
        self.environment |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        for file in ["main", "network", "security", "clones", "surroundings", "web"]:
            shutil.copy(CONFIGURATION / f"{file}.tf", folder)
        for file in (CONFIGURATION / "crashes").glob("*.tf"):
            shutil.copy(file, folder)
        variables = [f"-var=endpoint={url}", f"-var=account={ACCOUNT}", f"-var=stack={STACK}"]
        common = ["-input=false", "-no-color", *variables]
        self.apply = ["terraform", "apply", "-auto-approve", *common]
        self.plan = ["terraform", "plan", "-detailed-exitcode", *common]
        self.destroy = ["terraform", "destroy", "-auto-approve", *common]
        code, said = self.run(["terraform", "init", "-no-color", f"-plugin-dir={mirror}"])
        if code != 0:
            raise SystemExit(f"terraform init failed\n{said}")

    def knows(self, kind, key):
        """Whether a resource of that type has it among its attributes; many things have the same name."""
        state = self.folder / "terraform.tfstate"
        if not state.exists():
            return False
        resources = json.loads(state.read_text(encoding="utf-8"))["resources"]
        managed = [one for one in resources if one["mode"] == "managed" and re.fullmatch(TYPES[kind], one["type"])]
        known = [json.dumps(one["instances"]) for one in managed]
        return any(json.dumps(key) in instances for instances in known)


class Pando(Tool):
    """Pando with its state in a folder beside it."""

    name = "pando"
    locked = "another run is at work"

    def __init__(self, folder, url, pando):
        super().__init__(folder, url)
        self.environment |= {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "emulator"}
        shutil.copy(CONFIGURATION / "crashes" / "pando.yaml", folder)
        self.apply = [pando, "apply", "--yes"]
        self.plan = [pando, "plan", "--detailed-exitcode"]
        self.destroy = [pando, "destroy", "--confirm", STACK]

    def knows(self, kind, key):
        """Whether the id is in the state or in what has happened since; names of Pando's are no other's."""
        files = [self.folder / ".pando" / STACK / name for name in ("state.json", "journal")]
        return any(json.dumps(key) in file.read_text(encoding="utf-8") for file in files if file.exists())


def kill(process):
    """Ends it and its helpers at once, as a machine does that loses power."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
