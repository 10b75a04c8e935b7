"""The differential judge: the same calls to several emulators, their answers compared.

    python differential.py --endpoint http://127.0.0.1:PORT --against moto=URL --against ministack=URL

Each sequence begins in an emptied world (the emulators are reset, so point it at nothing that anybody needs). What must
differ from run to run is replaced: ids by the place of their first appearance, times, addresses and hosts by their
kind. The wording of refusals is not compared, their code and status are. Every difference must be listed in
differential_known.md with the documentation that decides it.

An emulator that cannot be reset, as LocalStack's community edition, has to know accounts: each sequence has one of its
own there. Where an emulator lacks a service, a sequence ends at the first call to it, and is reported."""

import fnmatch
import itertools
import pathlib
import secrets
import sys
import urllib.error
import urllib.request

from answers import ABSENT, differences, renamed
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from judging import ACCOUNT, Clients, command_line
from sequences import SEQUENCES

KNOWN = pathlib.Path(__file__).with_name("differential_known.md")
RESETS = ("/_simulator/reset", "/moto-api/reset", "/_ministack/reset")


class Refused(Exception):
    """A sequence needs an answer that was refused, and ends there."""


class Lacking(Exception):
    """The emulator has no such service, or not this operation of it, and the sequence ends there."""


class Call:
    """Makes the calls of a sequence and keeps the answers."""

    def __init__(self, clients):
        self.clients = clients
        self.steps = []

    def __call__(self, service, operation, **parameters):
        """Makes a call and answers it, also when it is refused."""
        answer = self.attempt(service, operation, parameters)
        self.steps.append((f"{len(self.steps) + 1} {operation}", answer))
        return answer

    def needed(self, service, operation, member, **parameters):
        """Makes a call and answers what stands at `member` (`Vpc.VpcId`), without which the sequence cannot go on."""
        answer = self(service, operation, **parameters)
        for step in member.split("."):
            try:
                answer = answer[int(step) if step.isdigit() else step]
            except (KeyError, IndexError) as error:
                raise Refused(member) from error
        return answer

    def attempt(self, service, operation, parameters):
        """The answer, or the refusal's code and status."""
        try:
            answer = getattr(getattr(self.clients, service), operation)(**parameters)
        except ClientError as error:
            code, status = error.response["Error"].get("Code"), error.response["ResponseMetadata"].get("HTTPStatusCode")
            # LocalStack's "either not included in your current license plan or has not yet been emulated".
            if (code, status) == ("InternalFailure", 501):
                raise Lacking(f"{service} {operation}") from error
            return {"Refused": code, "Status": status}
        except (BotoCoreError, ResponseParserError) as error:
            return {"Refused": f"unreadable: {type(error).__name__}"}
        body = answer.get("Body")
        if hasattr(body, "read"):
            answer["Body"] = body.read().decode()
        return answer | {"ResponseMetadata": {"HTTPStatusCode": answer["ResponseMetadata"]["HTTPStatusCode"]}}

    def settle(self, service, waiter, **parameters):
        """Waits without comparing how often it had to ask."""
        pace = {"Delay": 0.1, "MaxAttempts": 300}
        try:
            getattr(self.clients, service).get_waiter(waiter).wait(WaiterConfig=pace, **parameters)
        except (BotoCoreError, ResponseParserError) as error:
            self.steps.append((f"{len(self.steps) + 1} {waiter}", {"Refused": str(error)[:60]}))


class Emulator:
    """One endpoint and how it is emptied."""

    def __init__(self, name, url, record=None):
        self.name = name
        self.url = url.rstrip("/")
        self.record = record
        self.reset_path = next((path for path in RESETS if self.posts(path)), None)
        strangers = itertools.count(200_000_000_000 + secrets.randbelow(10**9) * 100)
        self.accounts = itertools.repeat(ACCOUNT) if self.reset_path else map(str, strangers)
        self.lacking = {}

    def posts(self, path):
        """Whether a POST is answered with something. What is no path of theirs MiniStack takes for S3 and refuses, and
        LocalStack answers with nothing."""
        request = urllib.request.Request(self.url + path, data=b"", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read() != b""
        except urllib.error.HTTPError:
            return False

    def remove_buckets(self, clients):
        """Frees the names of an account's buckets, which no other account could take."""
        for bucket in clients.session.resource("s3", endpoint_url=self.url).buckets.all():
            bucket.object_versions.delete()
            bucket.delete()

    def run(self, name, sequence):
        """The steps of one sequence in an empty world, and their answers."""
        if self.reset_path:
            self.posts(self.reset_path)
        account = next(self.accounts)
        clients = Clients(self.url, self.record, account)
        call = Call(clients)
        try:
            sequence(call)
        except Refused as missing:
            call.steps.append((f"{len(call.steps) + 1} end", {"Refused": f"cannot go on without {missing}"}))
        except Lacking as operation:
            self.lacking.setdefault(str(operation), []).append(name)
        if not self.reset_path:
            self.remove_buckets(clients)
        return [(step, renamed(answer, account, ACCOUNT)) for step, answer in call.steps]


def known_differences(text):
    """The rows of the table: where (a pattern), who, what they do, what ours does. What decides it must be there, and
    is for readers."""
    rows = [
        [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    for row in rows:
        if len(row) != 5 or not all(row):
            sys.exit(f"differential_known.md: not five filled cells: {row}")
    return [(where, who, theirs, ours) for where, names, theirs, ours, _ in rows for who in names.split(", ")]


def matches(row, path, their_value, our_value):
    """Whether a difference is of a row. The pattern's brackets are meant literally; `absent` and `empty` in the table
    are compared, any other text on what somebody does is for readers."""
    where, _, theirs, ours = row
    return (
        fnmatch.fnmatchcase(path, where.replace("[", "[[]")) and is_of(theirs, their_value) and is_of(ours, our_value)
    )


def is_of(cell, value):
    """Whether a value is what a cell of the table says."""
    if cell == "absent":
        return value == ABSENT
    return cell != "empty" or value in ("", [], {})


def main():
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--against", action="append", required=True, metavar="NAME=URL", help="an emulator to compare with"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only sequences whose name contains this")
    options = parser.parse_args()
    ours = Emulator("ours", options.endpoint, options.record)
    others = [Emulator(*pair.split("=", 1)) for pair in options.against]
    known = [
        row
        for row in known_differences(KNOWN.read_text(encoding="utf-8"))
        if row[1] in {other.name for other in others}
    ]
    occurred, unlisted, listed = set(), {}, 0
    for name, sequence in SEQUENCES.items():
        if options.only not in name:
            continue
        own = ours.run(name, sequence)
        for other in others:
            for path, our_value, their_value in differences(own, other.run(name, sequence)):
                path = f"{name}/{path}"
                hits = {row for row in known if row[1] == other.name and matches(row, path, their_value, our_value)}
                occurred |= hits
                listed += bool(hits)
                if not hits:
                    kind = path.partition("/")[2].partition(" ")[2], other.name, repr(our_value), repr(their_value)
                    unlisted.setdefault(kind, []).append(path)
    gone = [row for row in known if row not in occurred] if not options.only else []
    for (_, who, our_value, their_value), paths in unlisted.items():
        print(f"DIFFERS {paths[0]} ({len(paths)} times): ours {our_value}, {who} {their_value}")
    for other in (ours, *others):
        for operation, names in other.lacking.items():
            print(f"LACKS   {other.name} has no {operation}: {len(names)} sequences end there: {', '.join(names)}")
    for where, who, theirs, ours_does in gone:
        print(f"GONE    {where} of {who} ({theirs}, ours {ours_does}) no longer differs")
    print(
        f"{len(SEQUENCES)} sequences, {listed} listed differences, {len(unlisted)} kinds unlisted, "
        f"{len(gone)} listed ones gone"
    )
    return 1 if unlisted or gone or ours.lacking else 0


if __name__ == "__main__":
    sys.exit(main())
