"""What the judges that talk to an endpoint share: boto3's clients for it, and lines of ok and WRONG with their
total."""

import argparse
import traceback

import boto3
from botocore.config import Config
from exchanges import Recorder

REGION = "eu-west-1"
ACCOUNT = "123456789012"


def command_line(description):
    """The options that these judges share."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--endpoint", required=True, metavar="URL", help="where the AWS to judge listens")
    parser.add_argument("--record", metavar="FILE", help="also records the exchanges, for shapes.py")
    return parser


class Clients:
    """boto3's clients for one endpoint, made when they are first asked for: `clients.ec2`, `clients.elbv2` …"""

    def __init__(self, endpoint, record=None, account=ACCOUNT):
        self.endpoint = endpoint
        self.session = boto3.Session(account, "emulator", region_name=REGION)
        if record:
            Recorder(record).attach(self.session.events)

    def __getattr__(self, service):
        # Nothing is tried again: a refusal that goes away by itself is one that the judge should see.
        settings = Config(retries={"total_max_attempts": 1}, read_timeout=30, s3={"addressing_style": "path"})
        client = self.session.client(service, endpoint_url=self.endpoint, config=settings)
        setattr(self, service, client)
        return client


class Verdicts:
    """Counts and prints what holds and what does not."""

    def __init__(self):
        self.held = 0
        self.wrong = 0

    def judge(self, title, check, *arguments):
        """Runs one check; it answers None, or what is wrong, and may raise."""
        try:
            problem = check(*arguments)
        except (
            Exception
        ) as error:  # pylint: disable=broad-except  # Whatever goes wrong is one WRONG line, and the others still run.
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            problem = f"{type(error).__name__} (line {line}): {error}"
        if problem is None:
            self.held += 1
            print(f"ok    {title}", flush=True)
        else:
            self.wrong += 1
            print(f"WRONG {title}: {problem}", flush=True)

    def exit_code(self):
        """Prints the total; 1 if anything is wrong, or nothing was judged."""
        print(f"{self.held} of {self.held + self.wrong} hold")
        return 1 if self.wrong or not self.held else 0
