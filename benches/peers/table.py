"""The results as people read them: medians, and how much more of everything the other tool takes."""

import statistics

from tools import PHASES

MEASURES = {"wall": "wall", "calls": "calls", "cpu": "CPU", "memory": "peak memory"}
NAMES = {"apply": "apply", "plan": "empty plan", "change": "one change", "destroy": "destroy"}


def table(results):
    """A table in Markdown with a row for each number of copies, phase and tool, and one for the ratio of the two."""
    lines = ["| copies | phase | tool | wall | calls | CPU | peak memory |", "|---|---|---|---|---|---|---|"]
    for copies in sorted({result["copies"] for result in results}):
        for phase in PHASES:
            lines += rows(results, copies, phase)
    return "\n".join(lines)


def rows(results, copies, phase):
    """The rows of a phase."""
    medians = {}
    for result in results:
        if result["copies"] == copies:
            medians.setdefault(result["tool"], []).append(result["phases"][phase])
    medians = {tool: {measure: statistics.median(run[measure] for run in runs) for measure in MEASURES} for tool, runs in medians.items()}
    for tool, taken in medians.items():
        cells = f"{taken['wall']:.2f} s | {taken['calls']:.0f} | {taken['cpu']:.2f} s | {taken['memory']:.0f} MiB"
        yield f"| {copies} | {NAMES[phase]} | {tool} | {cells} |"
    if {"Pando", "Terraform"} <= set(medians):
        ratios = " | ".join(f"**{medians['Terraform'][measure] / medians['Pando'][measure]:.1f}**" for measure in MEASURES)
        yield f"| {copies} | {NAMES[phase]} | **Terraform : Pando** | {ratios} |"
