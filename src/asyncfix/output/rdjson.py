"""Reviewdog's diagnostics, which it posts as comments, with suggestions to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix.findings import Applicability
from asyncfix.output.account import account, known_as
from asyncfix.output.chains import hops
from asyncfix.output.encoding import encoded
from asyncfix.output.pages import address
from asyncfix.output.places import Places, columns

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Fix, Location, Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return one object with every diagnostic; columns count bytes of UTF-8."""
    del color, width
    places = Places(text, prefix, exact=True)
    diagnostics = [_diagnostic(finding, places) for finding in report.findings]
    return encoded({"source": {"name": "asyncfix"}, "diagnostics": diagnostics}, indent=2) + "\n"


def _diagnostic(finding: Finding, places: Places) -> dict[str, Any]:
    code = {"value": finding.rule}
    if url := address(finding.rule):
        code["url"] = url
    return {
        "message": "\n".join([*account(finding, places), known_as(finding)]),
        "location": _location(finding.location, places),
        "severity": finding.severity.upper(),
        "code": code,
        "suggestions": [
            {"range": _range(edit.location, places), "text": edit.text}
            for fix in finding.fixes[:1]
            if _stands_alone(fix, finding)
            for edit in fix.edits
        ],
        "related_locations": [
            {"message": step.text, "location": _location(step.location, places)}
            for step in hops(finding)
        ],
    }


def _stands_alone(fix: Fix, finding: Finding) -> bool:
    """Tell whether a suggestion is the whole fix: one edit of this file, and nothing to import."""
    return (
        len(fix.edits) == 1
        and not fix.imports
        and fix.applicability is not Applicability.DISPLAY_ONLY
        and fix.edits[0].location.path == finding.location.path
    )


def _location(location: Location, places: Places) -> dict[str, Any]:
    return {"path": places.at(location).path, "range": _range(location, places)}


def _range(location: Location, places: Places) -> dict[str, Any]:
    place = places.at(location)
    begin, end = columns(place, "utf-8")
    return {
        "start": {"line": place.row, "column": begin},
        "end": {"line": place.end_row, "column": end},
    }
