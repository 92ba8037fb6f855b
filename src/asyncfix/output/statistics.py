"""A table of how often each rule was broken."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from asyncfix.output.palette import palette

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs


def render(
    report: Report, _text: Texts, packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return count, severity, rule and what the rule says, most frequent first."""
    del width, prefix
    paint = palette(color=color)
    counts = Counter((finding.rule, finding.severity) for finding in report.findings)
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0][0], item[0][1].rank))
    size = max((len(rule) for (rule, _), _ in rows), default=0)
    digits = max((len(f"{count:,}") for _, count in rows), default=0)
    lines = []
    for (rule, severity), count in rows:
        summary = packs.rules[rule].summary if rule in packs.rules else ""
        line = f"{count:>{digits},}  {paint(severity, f'{severity:<7}')}  {rule:<{size}}  {summary}"
        lines.append(line.rstrip() + "\n")
    return "".join(lines)
