"""A world for each run: an AWS that is new, sixty milliseconds away, counts calls, and ends with the `with`."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from census import empty
from crash_world import World
from leftovers import Endpoint

ACCOUNT = "123456789012"
HERE = Path(__file__).resolve().parent
# How much faster than on AWS time passes in the simulator: what takes AWS eight minutes takes it a tenth of a second, so that what is measured is
# the tool. Much faster, and what groups do by themselves every ten seconds keeps it from answering. `pando local` has no switch yet that lets things
# take no time at all.
SPEED = 5_000


class Simulated(World):
    """Pando's own simulator. Its latency is its own too, and its log says what was called."""

    name = "simulator"
    replicas = 2

    def __init__(self, pando, folder, delay):
        super().__init__(pando, folder, SPEED)
        try:
            self.endpoint = Endpoint(self.url, ACCOUNT)
            empty(self.endpoint)
            # The simulator's milliseconds pass as quickly as the rest of its time.
            self.ask("PUT", "weather", [{"fault": {"latency": round(delay * SPEED)}, "when": "always"}])
        except BaseException:
            self.__exit__()
            raise

    def called(self):
        """How many calls there were."""
        return total(json.loads(self.ask("GET", "counts")))


class Moto:
    """moto, with MiniStack for the cache, behind a proxy. They are those of `pando local start`, of its own versions, and installed by it."""

    name = "moto"
    # Terraform looks for a replica by a resource id, by which moto does not find any.
    replicas = 0

    def __init__(self, pando, folder, delay):
        self.command = [pando, "local"]
        self.environment = os.environ | {"PANDO_CACHE": str(separate_cache(folder))}
        self.proxy = None
        try:
            self.start(delay)
        except BaseException:
            self.stop()
            raise

    def start(self, delay):
        """Starts both, and the proxy before them."""
        said = self.run("start", "--emulator", "moto")
        exports = dict(word.split("=", 1) for word in said.split() if word.startswith("AWS_ENDPOINT_URL"))
        direct = Endpoint(exports["AWS_ENDPOINT_URL"], ACCOUNT)
        cache = exports["AWS_ENDPOINT_URL_ELASTICACHE"]
        empty(direct)
        command = [sys.executable, HERE / "proxy.py", "--delay", str(delay), "--to", direct.url, "--service", f"elasticache={cache}"]
        self.proxy = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.proxy.stdout.readline().strip()
        self.endpoint = Endpoint(self.url, ACCOUNT)

    def run(self, *arguments):
        """Runs `pando local`; what it prints."""
        done = subprocess.run([*self.command, *arguments], env=self.environment, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends all three."""
        if self.proxy is not None:
            self.proxy.kill()
            self.proxy.wait()
        self.run("stop")

    def called(self):
        """How many calls there were."""
        with urllib.request.urlopen(f"{self.url}/_proxy/counts", timeout=60) as answer:
            return total(json.load(answer))


JUDGES = {judge.name: judge for judge in (Simulated, Moto)}


def total(counts):
    """All calls of all services."""
    return sum(sum(actions.values()) for actions in counts.values())


def separate_cache(folder):
    """A cache in which what is installed is the user's, and what runs is this runner's alone."""
    cache, users = folder / "cache", Path(os.environ.get("PANDO_CACHE") or user_cache())
    cache.mkdir()
    users.mkdir(parents=True, exist_ok=True)
    for installed in users.glob("*/installed"):
        (cache / installed.parent.name).symlink_to(installed.parent)
    return cache


def user_cache():
    """Where Pando installs emulators unless it is told otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pando" / "emulators"
