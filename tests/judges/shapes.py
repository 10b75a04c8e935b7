"""The shape judge: checks recorded exchanges with an AWS against the service models of botocore.

    python shapes.py RECORDING...       each a JSON-lines file, `-` for standard input; exit code 1 for findings
    python shapes.py --answers-only RECORDING...    for recordings of callers that send what is to be refused
    python shapes.py --self-test        proves the judge on good exchanges and on spoilt ones

botocore's own parsers ignore what they do not know, so everything is read anew from the wire: parameters, elements and
keys that no shape has, missing required members, wrong types, enums, limits, wrappers, namespaces, request ids and the
form of errors. exchanges.py says what a recording looks like and records boto3's clients."""

import argparse
import sys

import botocore.exceptions
import botocore.model
import botocore.session
from exchanges import read_exchanges
from shape_requests import judge_request
from shape_responses import judge_response

MODELS_BY_SIGNING_NAME = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
UNKNOWN_ACTION_CODES = (b"InvalidAction", b"UnknownOperationException", b"MethodNotAllowed", b"NotImplemented")


class Findings:
    """Each kind of finding once, with its count and its first example."""

    def __init__(self):
        self.kinds = {}

    def add(self, kind, example):
        """Counts one finding."""
        count, first = self.kinds.get(kind, (0, example))
        self.kinds[kind] = (count + 1, first)

    def lines(self):
        """The findings in order, as text."""
        for (service, action, side, path, what), (count, example) in sorted(self.kinds.items()):
            yield f"{service} {action} {side} {path}: {what} ({count} times, first {str(example)[:160]!r})"


class Judge:
    """Checks exchanges; service models are loaded once."""

    def __init__(self, judges_requests=True):
        self.findings = Findings()
        self.judges_requests = judges_requests
        self.session = botocore.session.get_session()
        self.models = {}
        self.paginators = {}

    def model(self, service):
        """The service model for a signing name."""
        if service not in self.models:
            name = MODELS_BY_SIGNING_NAME.get(service, service)
            self.models[service] = self.session.get_service_model(name)
            self.paginators[service] = self.session.get_paginator_model(name)
        return self.models[service]

    def result_keys(self, service, action):
        """The top-level members that the action's paginator collects."""
        try:
            keys = self.paginators[service].get_paginator(action)["result_key"]
        except ValueError:
            return []
        return [keys] if isinstance(keys, str) else keys

    def judge(self, exchange):
        """Checks one exchange."""
        service, action = exchange["service"], exchange["action"]
        try:
            operation = self.model(service).operation_model(action)
        except botocore.exceptions.UnknownServiceError:
            self.findings.add((service, action, "request", "service", "unknown to botocore"), service)
            return
        except botocore.model.OperationNotFoundError:
            if not any(code in exchange["response"]["body"] for code in UNKNOWN_ACTION_CODES):
                self.findings.add(
                    (service, action, "response", "action", "no such action, but it is not refused"),
                    exchange["response"]["body"][:80],
                )
            return

        def complain_about(side):
            if side == "request" and not self.judges_requests:
                return lambda *_: None
            return lambda path, what, value: self.findings.add((service, action, side, path, what), value)

        protocol = judge_request(operation, exchange["request"], complain_about("request"))
        judge_response(
            operation, protocol, exchange["response"], self.result_keys(service, action), complain_about("response")
        )


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recordings", nargs="*", metavar="RECORDING")
    parser.add_argument("--answers-only", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        from shapes_self_test import self_test

        return self_test(Judge)
    if not options.recordings:
        parser.error("a recording or --self-test")
    judge, count = Judge(judges_requests=not options.answers_only), 0
    for path in options.recordings:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as lines:
            for exchange in read_exchanges(lines):
                judge.judge(exchange)
                count += 1
    for line in judge.findings.lines():
        print(line)
    print(f"{count} exchanges, {len(judge.findings.kinds)} kinds of findings")
    # A recording without exchanges proves nothing.
    return 1 if judge.findings.kinds or not count else 0


if __name__ == "__main__":
    sys.exit(main())
