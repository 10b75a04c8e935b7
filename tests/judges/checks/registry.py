"""The list of checks: every function under `@check("…")` is one, grouped by the file it stands in."""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Check:
    """One fact about AWS and the function that finds out whether it holds."""

    service: str
    title: str
    function: Callable
    alone: bool


CHECKS: list[Check] = []


def check(title, alone=False):
    """Register the decorated function; it gets a `Cloud` and raises when the fact does not hold.

    What must be quick at a high speed runs `alone`, when nothing else keeps the machine busy.
    """

    def register(function):
        service = function.__module__.rsplit(".", 1)[-1]
        CHECKS.append(Check(service, title, function, alone))
        return function

    return register
