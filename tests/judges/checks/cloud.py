"""What a check gets to talk to: boto3 clients for an account of its own, fresh names, and polls with a deadline."""

import itertools
import secrets
import threading
import time
from datetime import datetime, timezone

import botocore.session
from botocore.config import Config

from .expect import Wrong

REGION = "eu-west-1"
_SESSION = botocore.session.Session()
_SESSION_LOCK = threading.Lock()
_ACCOUNTS = itertools.count(200_000_000_000 + secrets.randbelow(10**9) * 100)


def fresh_account():
    """An account that nothing else uses: the access key is the account."""
    return str(next(_ACCOUNTS))


class Cloud:
    """One check's view: account and region are fixed unless a check asks for another."""

    def __init__(self, endpoint, speed=1.0, patience=60.0, account=None, region=REGION):
        self.endpoint = endpoint
        self.speed = speed
        self.patience = patience
        self.account = account or fresh_account()
        self.region = region
        self._clients = {}

    def __getattr__(self, service):
        """`cloud.ec2` is the client of EC2."""
        if service.startswith("_"):
            raise AttributeError(service)
        return self.client(service)

    def elsewhere(self, account=None, region=None):
        """The same endpoint seen from another account or region."""
        return Cloud(self.endpoint, self.speed, self.patience, account or self.account, region or self.region)

    def client(self, service, validate=True, **config):
        """A client without retries; `validate=False` lets requests out that boto3 would refuse by itself."""
        key = (service, validate, tuple(sorted(config)))
        if key not in self._clients:
            with _SESSION_LOCK:
                self._clients[key] = _SESSION.create_client(
                    service,
                    region_name=self.region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=self.account,
                    aws_secret_access_key="emulator",
                    config=Config(
                        retries={"max_attempts": 0, "mode": "standard"},
                        parameter_validation=validate,
                        connect_timeout=5,
                        read_timeout=max(30, self.patience),
                        s3={"addressing_style": "path"},
                        **config,
                    ),
                )
        return self._clients[key]

    def unchecked(self, service):
        """The client that sends what boto3's own validation would hold back."""
        return self.client(service, validate=False)

    def name(self, prefix="check"):
        """A name that nothing else has: lower-case letters, digits and one hyphen."""
        return f"{prefix}-{secrets.token_hex(5)}"

    def wall(self, seconds):
        """How long so many seconds of AWS's time take on our clock."""
        return seconds / self.speed

    def lasting(self, wall_seconds, least=1, most=43_200):
        """Whole seconds of AWS's time that last at least so long on our clock."""
        return int(min(most, max(least, wall_seconds * self.speed)))

    def now(self):
        """What AWS's clock says: the moment at which it makes a queue."""
        url = self.sqs.create_queue(QueueName=self.name("clock"))["QueueUrl"]
        made = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])["Attributes"]
        return datetime.fromtimestamp(float(made["CreatedTimestamp"]), timezone.utc)

    def until(self, probe, seconds, what):
        """Poll until the probe returns something true, at most as long as AWS may take, and return it."""
        deadline = time.monotonic() + min(self.patience, self.wall(seconds) * 1.5 + 10)
        pause = 0.02
        while True:
            found = probe()
            if found:
                return found
            if time.monotonic() > deadline:
                raise Wrong(f"{what}: not so within the {seconds} s that AWS may take")
            time.sleep(pause)
            pause = min(0.5, pause * 1.3)

    def within(self, seconds, prepare, trial):
        """The outcome of a trial that took less than so much of AWS's time, because it is only valid then."""
        for _ in range(20):
            prepared = prepare()
            started = time.monotonic()
            outcome = trial(prepared)
            if (time.monotonic() - started) * self.speed < seconds:
                return outcome
        raise Wrong(f"no trial was quicker than {seconds} s of AWS's time at speed {self.speed:g}: run with less speed")

    def pages(self, call, result, token="NextToken", send=None, **parameters):
        """All pages of a listing, one list each, following the token."""
        pages, following = [], {}
        while len(pages) < 100:
            answer = call(**parameters, **following)
            pages.append(answer.get(result, []))
            if not answer.get(token):
                return pages
            following = {send or token: answer[token]}
        raise Wrong("more than 100 pages: the token never ends")
