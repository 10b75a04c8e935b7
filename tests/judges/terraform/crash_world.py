"""A simulator that kills its caller, and what there is in it that somebody made on purpose."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

# What a tool asks for by a call of its own. The rest comes and goes with these: instances and volumes with their group, interfaces with the
# load balancer, alarms with the policy.
COUNTED = {
    "autoscaling/groups", "ec2/addresses", "ec2/endpoints", "ec2/internet_gateways", "ec2/launch_templates", "ec2/nat_gateways",
    "ec2/route_tables", "ec2/security_group_rules", "ec2/security_groups", "ec2/subnets", "ec2/vpcs", "elb/balancers", "elb/groups",
    "elb/listeners", "iam/profiles", "iam/roles", "ssm/parameters",
}


class World:
    """A simulator of its own, which ends with the `with`."""

    def __init__(self, pando, folder, speed):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.speed = speed
        self.note = folder / "simulator.note"
        self.note.touch()
        command = [pando, "local", "serve", "--port", str(port), "--speed", str(speed), "--note", str(self.note)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.wait_until_it_answers()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait_until_it_answers(self):
        """It answers within milliseconds."""
        for _ in range(500):
            try:
                return self.ask("GET", "death")
            except urllib.error.URLError:
                time.sleep(0.02)
        raise SystemExit(f"the simulator does not answer at {self.url}")

    def ask(self, method, path, body=None):
        """What it says beside AWS."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_simulator/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def kill_at(self, service, action, number, fault):
        """Its caller dies at this call."""
        rule = {"service": service, "action": action, "fault": fault, "when": {"nth": number}}
        self.ask("PUT", "weather", [rule])

    def has_killed(self):
        """Whether its caller is to be dead."""
        return json.loads(self.ask("GET", "death"))["dead"]

    def revive(self):
        """Fair weather for the next caller."""
        self.ask("PUT", "weather", [])
        self.ask("POST", "revive")

    def calls(self):
        """Every call so far: service and action."""
        lines = (json.loads(line) for line in self.ask("GET", "calls").splitlines())
        return [(line["service"], line["action"]) for line in lines]

    def settle(self):
        """Waits until what has ended is no longer shown: EC2 tells of it for an hour."""
        time.sleep(75 * 60 / self.speed)

    def things(self):
        """What was made on purpose: kind, id, and the name that people know it by."""
        world = json.loads(self.ask("GET", "world"))
        return sorted(counted(list(shelves(world))))


def shelves(world):
    """Every thing in a dump of the world: kind, id, and what is known of it."""
    for regions in world["accounts"].values():
        for services in regions.values():
            yield from search(services, [])
    for services in world["iam"].values():
        yield from search(services, ["iam"])


def search(value, path):
    """The things on each shelf below."""
    if not isinstance(value, dict):
        return
    for name, below in value.items():
        if isinstance(below, dict) and set(below) == {"things"}:
            for key, kept in below["things"].items():
                yield "/".join([*path, name]), key, kept["thing"]
        else:
            yield from search(below, [*path, name])


def counted(things):
    """Those that somebody asked for: not the account's own network, and not what AWS makes along with a network."""
    default = {key for kind, key, thing in things if kind == "ec2/vpcs" and thing["is_default"]}
    default |= {key for kind, key, thing in things if kind == "ec2/security_groups" and thing["name"] == "default"}
    for kind, key, thing in things:
        is_default = key in default or thing.get("vpc") in default or thing.get("group") in default
        is_main = kind == "ec2/route_tables" and any(one["of"] is None for one in thing["associations"])
        is_of_aws = kind == "iam/roles" and key.startswith("AWSServiceRole")
        if kind in COUNTED and not (is_default or is_main or is_of_aws):
            yield kind, key, name(kind, key, thing)


def name(kind, key, thing):
    """What people call it; ids differ from world to world."""
    # A group's tags say whether clones get them too.
    tags = {tag: value["value"] if isinstance(value, dict) else value for tag, value in (thing.get("tags") or {}).items()}
    if "pando:address" in tags:
        return tags["pando:address"]
    if kind == "ec2/security_group_rules":
        return f"{'to' if thing['is_egress'] else 'from'} {thing['description']} {thing['what']} {tags.get('Name')}"
    if kind == "elb/listeners":
        return f"port {thing['port']}"
    return tags.get("Name") or thing.get("name") or key
