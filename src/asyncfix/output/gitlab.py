"""GitLab's code quality report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix.findings import Severity
from asyncfix.output.encoding import encoded
from asyncfix.output.places import Places

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_GRADES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return a list of issues; `prefix` leads from the root of the repository to the project."""
    del color, width
    places = Places(text, prefix, exact=True)
    return encoded([_issue(finding, places) for finding in report.findings], indent=2) + "\n"


def _issue(finding: Finding, places: Places) -> dict[str, Any]:
    place = places.at(finding.location)
    return {
        "type": "issue",
        "check_name": finding.rule,
        "description": finding.message,
        "categories": ["Performance"],
        "severity": _GRADES[finding.severity],
        "fingerprint": finding.fingerprint,
        "location": {
            "path": place.path,
            "positions": {
                "begin": {"line": place.row, "column": place.column},
                "end": {"line": place.end_row, "column": place.end_column},
            },
        },
    }
