"""One line per finding, for editors, scripts and small screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.output.chains import hops, short
from asyncfix.output.palette import palette
from asyncfix.output.places import Places, printable

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return `path:row:column: severity rule message [via a → b]` for each finding."""
    del width
    paint = palette(color=color)
    places = Places(text, prefix)
    lines = [
        f"{places.at(finding.location)}: {paint(finding.severity, finding.severity)} "
        f"{paint('rule', finding.rule)} {printable(finding.message)}{_via(finding)}\n"
        for finding in report.findings
    ]
    return "".join(lines)


def _via(finding: Finding) -> str:
    symbols = dict.fromkeys(short(step.symbol) for step in finding.trace[:-1] if step.symbol)
    if not hops(finding) or not symbols:
        return ""
    return printable(f" [via {' → '.join(symbols)}]")
