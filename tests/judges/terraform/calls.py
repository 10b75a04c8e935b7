"""Which operations of AWS Terraform's provider called, read from its log."""

import re
from collections import Counter, defaultdict

# An entry begins with a time and a level, and goes on over lines that don't.
BEGINNING = re.compile(r"^\d{4}-\d\d-\d\dT\S+ \[")


def write_calls(log, target):
    """Writes a line for each operation: service, operation, how often, and the answers' status codes."""
    counts, statuses = Counter(), defaultdict(Counter)
    for entry in entries(log):
        call = (field(entry, "rpc.service"), field(entry, "rpc.method"))
        if ": HTTP Request Sent" in entry:
            counts[call] += 1
        elif ": HTTP Response Received" in entry:
            statuses[call][field(entry, "http.status_code")] += 1
    with target.open("w", encoding="utf-8") as file:
        for call in sorted(counts):
            codes = " ".join(f"{code}:{count}" for code, count in sorted(statuses[call].items()))
            file.write(f"{call[0]}\t{call[1]}\t{counts[call]}\t{codes}\n")


def entries(log):
    """The entries of a log, each with all of its lines."""
    lines = []
    with log.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if BEGINNING.match(line) and lines:
                yield "".join(lines)
                lines = []
            lines.append(line)
    yield "".join(lines)


def field(entry, name):
    """The value of a field, in quotation marks if there is a space in it; a question mark where it is missing."""
    found = re.search(rf'(?:^|\s){re.escape(name)}=(?:"([^"]*)"|(\S+))', entry)
    return (found[1] or found[2]) if found else "?"
