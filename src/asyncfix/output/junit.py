"""JUnit's XML: a suite per file, a failed test per finding, an error per file not checked."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from asyncfix.output.account import account
from asyncfix.output.chains import short
from asyncfix.output.places import Places, printable

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_FORBIDDEN = re.compile("[\ufffe\uffff]")
_QUOTES = {'"': "&quot;"}
_PASSED = '    <testcase name="every file" classname="asyncfix"/>\n'


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return the XML; a test keeps its name while its finding keeps its fingerprint."""
    del color, width
    places = Places(text, prefix)
    suites = [
        _suite(places.shown(path), [_failure(finding, places) for finding in found], "failures")
        for path, found in groupby(report.findings, key=lambda finding: finding.location.path)
    ]
    if report.errors:
        suites.append(_suite("asyncfix", list(map(_error, report.errors)), "errors"))
    if not suites:  # build servers take a report without tests for a broken one
        suites.append(_suite("asyncfix", [_PASSED], ""))
    failures, errors = len(report.findings), len(report.errors)
    counts = f'tests="{failures + errors or 1}" failures="{failures}" errors="{errors}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="asyncfix" {counts}>\n{"".join(suites)}</testsuites>\n'
    )


def _suite(name: str, cases: list[str], outcome: str) -> str:
    """Write a suite whose cases all have one outcome: failures, errors, or none."""
    bad = {outcome: len(cases)}
    counts = " ".join(f'{kind}="{bad.get(kind, 0)}"' for kind in ("failures", "errors"))
    head = f'  <testsuite name="{_xml(name)}" tests="{len(cases)}" {counts}>\n'
    return f"{head}{''.join(cases)}  </testsuite>\n"


def _failure(finding: Finding, places: Places) -> str:
    place = places.at(finding.location)
    module = place.path.removesuffix(".py").strip("./").replace("/", ".")
    name = f"{finding.rule} in {short(finding.symbol)} [{finding.fingerprint}]"
    told = "\n".join([f"{place}: {finding.severity}", *account(finding, places)])
    return (
        f'    <testcase name="{_xml(name)}" classname="{_xml(module)}">\n'
        f'      <failure type="{_xml(finding.severity)}" message="{_xml(finding.message)}">'
        f"{_xml(told)}</failure>\n    </testcase>\n"
    )


def _error(message: str) -> str:
    return (
        f'    <testcase name="{_xml(message)}" classname="asyncfix">\n'
        f'      <error type="error" message="{_xml(message)}"/>\n    </testcase>\n'
    )


def _xml(text: str) -> str:
    """Write a text so that XML can hold it, in an attribute or between tags."""
    lines = map(printable, text.split("\n"))
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", escape("\n".join(lines), _QUOTES))
