"""The lines of Pylint's `parseable` format, which build servers and editors know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Severity
from asyncfix.output.chains import short
from asyncfix.output.places import Places, printable

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_LETTERS = {Severity.ERROR: "E", Severity.WARNING: "W", Severity.INFO: "R"}


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return `path:row: [letter(rule), function] message` for each finding."""
    del color, width
    places = Places(text, prefix)
    lines = []
    for finding in report.findings:
        place = places.at(finding.location)
        code = f"{_LETTERS[finding.severity]}({finding.rule}), {short(finding.symbol)}"
        told = printable(f"[{code}] {finding.message}")
        lines.append(f"{place.path}:{place.row}: {told} [{finding.fingerprint}]\n")
    return "".join(lines)
