"""The tools that are killed, each with a folder of its own, and what a user of them does next."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parent
STACK = "judge"
ACCOUNT = "123456789012"
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
            ["nice", "-n", "10", *arguments],
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

    def known(self):
        """All that its state says, as text: a thing whose id is not in it is unknown to the tool."""
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

    def known(self):
        """Its state."""
        state = self.folder / "terraform.tfstate"
        return state.read_text(encoding="utf-8") if state.exists() else ""


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

    def known(self):
        """Its state and what has happened since."""
        files = [self.folder / ".pando" / STACK / name for name in ("state.json", "journal")]
        return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())


def kill(process):
    """Ends it and its helpers at once, as a machine does that loses power."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
