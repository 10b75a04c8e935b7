"""Makes answers of different emulators comparable, and says where they differ."""

import datetime
import json
import re

ABSENT = "<absent>"
HEX = "[0-9a-f]"
# What must differ from run to run, and what stands in its place. The first kinds keep their identity by where they
# first appeared.
IDENTITIES = re.compile(
    "|".join(
        [
            rf"\b{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}\b",
            rf"\b[a-z]+(?:-[a-z]+)*-(?:{HEX}{{17}}|{HEX}{{8}})\b",
            r"(?<=/)[0-9a-z]{16,17}(?=/|$)",
            r"\b(?:AROA|AIPA|ANPA|AIDA|ASIA)[A-Z0-9]{12,17}\b",
        ]
    )
)
KINDS = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT"), "<time>"),
    (re.compile(r"(https?://)?(127\.0\.0\.1|localhost(\.localstack\.cloud)?)(:\d+)?"), "<host>"),
    (re.compile(r"(https?://)?[a-z0-9.<>-]+\.amazonaws\.com(?=[/:]|$)"), "<host>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?!/)"), "<address>"),
    (re.compile(r"(?<=:secret:)(\w+)-\w{6}$"), r"\1-<suffix>"),
    (re.compile(r"\bip-\d+-\d+-\d+-\d+\b"), "<name>"),
    (re.compile(rf"\b{HEX}{{2}}(:{HEX}{{2}}){{5}}\b"), "<mac>"),
]
OPAQUE = {
    "ReceiptHandle",
    "NextToken",
    "Marker",
    "NextMarker",
    "SecretAccessKey",
    "SessionToken",
    "RequestId",
    "VersionId",
    "OwnerId",
    "ID",
    "DisplayName",
    "Message",
    "DbiResourceId",
    "HostId",
    "SequenceNumber",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
}


class Normaliser:
    """Replaces what must differ in the answers of one run."""

    def __init__(self):
        self.names = {}

    def value(self, value, path):
        """A value whose own parts are replaced; lists are in an order that does not hang on ids."""
        if isinstance(value, dict) and any(IDENTITIES.fullmatch(key) for key in value):
            # A map by ids, such as a secret's versions: which id has what hangs on the run.
            return self.value(list(value.values()), path)
        if isinstance(value, dict):
            return {key: self.value(value[key], f"{path}.{key}") for key in sorted(value)}
        if isinstance(value, list):
            return [self.value(item, path + "[]") for item in sorted(value, key=blanked)]
        if isinstance(value, datetime.datetime):
            return "<time>"
        if isinstance(value, str):
            return self.text(value, path)
        return value

    def text(self, text, path):
        """A text; policies and the like are compared as the JSON that they hold."""
        if path.rpartition(".")[2] in OPAQUE:
            return "<opaque>"
        if text[:1] == "{" and text[-1:] == "}":
            try:
                return self.value(json.loads(text), path)
            except ValueError:
                pass
        text = IDENTITIES.sub(lambda found: self.names.setdefault(found[0], f"<{path}>"), text)
        for pattern, name in KINDS:
            text = pattern.sub(name, text)
        return text


def renamed(value, old, new):
    """A value with another text in place of one."""
    if isinstance(value, dict):
        return {key: renamed(below, old, new) for key, below in value.items()}
    if isinstance(value, list):
        return [renamed(below, old, new) for below in value]
    return value.replace(old, new) if isinstance(value, str) else value


def blanked(value):
    """A value as text without what must differ, to sort by."""
    text = IDENTITIES.sub("<id>", json.dumps(value, sort_keys=True, default=lambda _: "<time>"))
    for pattern, name in KINDS:
        text = pattern.sub(name, text)
    return text


def differences(own_steps, other_steps):
    """Where two runs of a sequence differ: (path, ours, theirs), each path once."""
    own_normaliser, other_normaliser = Normaliser(), Normaliser()
    found = {}
    for (step, own), (other_step, other) in zip(own_steps, other_steps):
        if step != other_step:
            found.setdefault(step, (step, other_step))
            break
        operation = step.partition(" ")[2]
        own, other = own_normaliser.value(own, operation), other_normaliser.value(other, operation)
        for path, ours, theirs in compared(own, other, ""):
            found.setdefault(f"{step}/{path}", (ours, theirs))
        if ("Refused" in own) != ("Refused" in other):
            # From here on the worlds differ, so that all else would only repeat this.
            break
    return [(path, *values) for path, values in found.items()]


def compared(own, other, path):
    """The differences between two values."""
    if isinstance(own, dict) and isinstance(other, dict):
        if ("Refused" in own) != ("Refused" in other):
            yield "Refused", own.get("Refused"), other.get("Refused")
            return
        for key in sorted(own.keys() | other.keys()):
            below = f"{path}.{key}" if path else key
            if key not in own or key not in other:
                yield below, own.get(key, ABSENT), other.get(key, ABSENT)
            else:
                yield from compared(own[key], other[key], below)
    elif isinstance(own, list) and isinstance(other, list):
        if len(own) != len(other):
            yield path + "[]", f"{len(own)} items", f"{len(other)} items"
            return
        for ours, theirs in zip(own, other):
            yield from compared(ours, theirs, path + "[]")
    elif own != other:
        yield path, own, other
