"""Workflow commands that GitHub Actions shows as annotations of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Severity
from asyncfix.output.account import account, known_as
from asyncfix.output.closing import number
from asyncfix.output.places import Places, printable

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_SHOWN = 10  # of each kind, in one step
_KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return a command for each finding, errors first; a notice counts those not shown.

    `prefix` leads from the root of the repository to the project.
    """
    del color, width
    places = Places(text, prefix)
    kinds = {
        kind: [finding for finding in report.findings if finding.severity is severity]
        for severity, kind in _KINDS.items()
    }
    lines = {kind: [_command(kind, each, places) for each in kinds[kind]] for kind in kinds}
    return "".join([*lines["error"], *lines["warning"], *_rest(lines), *lines["notice"]])


def _rest(lines: dict[str, list[str]]) -> list[str]:
    """Return a notice of the commands above the number that GitHub shows."""
    # The notice itself takes one of the places of its kind.
    shown = {"error": _SHOWN, "warning": _SHOWN, "notice": _SHOWN - 1}
    more = sum(max(0, len(lines[kind]) - most) for kind, most in shown.items())
    if not more:
        return []
    told = f"{number(more, 'more problem')} in the log of this step; GitHub annotates {_SHOWN}"
    return [f"::notice title=asyncfix::{told} of each severity\n"]


def _command(kind: str, finding: Finding, places: Places) -> str:
    place = places.at(finding.location)
    properties = {"file": place.path, "line": place.row, "endLine": place.end_row}
    if place.row == place.end_row and place.end_column > place.column:
        properties |= {"col": place.column, "endColumn": place.end_column}
    properties["title"] = f"asyncfix: {printable(finding.rule)}"
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    message = chr(10).join([*account(finding, places), known_as(finding)])
    return f"::{kind} {told}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
