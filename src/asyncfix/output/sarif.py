"""SARIF 2.1.0, fit for GitHub code scanning."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from asyncfix import __version__
from asyncfix.findings import Applicability, Severity
from asyncfix.output.chains import entry, hops
from asyncfix.output.closing import number
from asyncfix.output.encoding import encoded
from asyncfix.output.pages import SITE, address, page
from asyncfix.output.places import Places, columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.findings import Finding, Fix, Location, Report
    from asyncfix.output.places import Place, Texts
    from asyncfix.packs import Packs, Rule

Json = dict[str, Any]
MOST = 25_000  # results that GitHub takes in one run
_LONGEST = 1024  # characters that GitHub shows of a description
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GRADES = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "recommendation",
}


def render(
    report: Report, text: Texts, packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return one run; `prefix` leads from the root of the repository to the project.

    Columns count units of UTF-16, which is what readers assume that know no `columnKind`.
    """
    del color, width
    places = Places(text, prefix)
    rules = sorted(packs.rules.values(), key=lambda rule: rule.name)
    indices = {rule.name: index for index, rule in enumerate(rules)}
    shown = _worst(report.findings)
    driver: Json = {
        "name": "asyncfix",
        "version": __version__,
        "semanticVersion": __version__,
        **({"informationUri": SITE} if SITE else {}),
        "rules": [_rule(rule) for rule in rules],
    }
    run: Json = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, len(shown))],
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The root of the repository."}}
        },
        "columnKind": "utf16CodeUnits",
        "results": [_Result(finding, places, prefix).json(indices) for finding in shown],
    }
    return encoded({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _worst(findings: Sequence[Finding]) -> list[Finding]:
    """Return as many findings as GitHub takes, in their order; of more, the worst."""
    if len(findings) <= MOST:
        return list(findings)
    ranked = sorted(range(len(findings)), key=lambda at: (findings[at].severity.rank, at))
    return [findings[at] for at in sorted(ranked[:MOST])]


def _invocation(report: Report, shown: int) -> Json:
    notes = [{"level": "error", "message": {"text": error}} for error in report.errors]
    if more := len(report.findings) - shown:
        told = f"{number(more, 'finding')} left out: code scanning takes {MOST:,} in one run."
        notes.append({"level": "warning", "message": {"text": told}})
    return {"executionSuccessful": not report.errors, "toolExecutionNotifications": notes}


# Rules


def _rule(rule: Rule) -> Json:
    words = page(rule)
    url = address(rule.name)
    return {
        "id": rule.name,
        "name": "".join(part.title() for part in rule.name.split("-")),
        "shortDescription": {"text": _sentence(rule.summary)},
        "fullDescription": {"text": _clipped(_plain(rule.why) or _sentence(rule.summary))},
        **({"helpUri": url} if url else {}),
        "help": {"text": words, "markdown": words},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["asyncio", "performance", rule.group],
            "precision": "high",
            "problem.severity": _GRADES[rule.severity],
        },
    }


def _sentence(words: str) -> str:
    return _clipped(words.rstrip(".")) + "."


def _plain(markdown: str) -> str:
    return " ".join(markdown.split()).replace("`", "'")


def _clipped(words: str) -> str:
    """Cut a text to what GitHub shows, between two words."""
    if len(words) < _LONGEST:
        return words
    return words[: _LONGEST - 2].rpartition(" ")[0] + "…"


# Results


class _Result:
    """One finding on its way to a result; related locations are numbered as they come up."""

    def __init__(self, finding: Finding, places: Places, prefix: str) -> None:
        self._finding = finding
        self._places = places
        self._prefix = prefix

    def json(self, rules: dict[str, int]) -> Json:
        """Return the result; `rules` tells at which index a rule stands."""
        finding = self._finding
        related = self._related()
        code_flows = {"codeFlows": self._code_flows()} if hops(finding) else {}
        fixes = [made for fix in finding.fixes if (made := self._fix(fix))]
        index = {"ruleIndex": rules[finding.rule]} if finding.rule in rules else {}
        return {
            "ruleId": finding.rule,
            **index,
            "level": _LEVELS[finding.severity],
            "message": {"text": self._message(related)},
            "locations": [self._location(finding.location, symbol=finding.symbol)],
            "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
            **({"relatedLocations": related} if related else {}),
            **code_flows,
            **({"fixes": fixes} if fixes else {}),
            "properties": {
                "confidence": finding.confidence,
                "group": finding.group,
                "sink": finding.sink.qualname,
                "effect": finding.sink.effect,
            },
        }

    def _message(self, related: Sequence[Json]) -> str:
        """Say what is wrong, with links to the related locations, which GitHub shows."""
        told = [_escaped(self._finding.message.rstrip("."))]
        told += [
            f"{each['properties']['as']} [{each['message']['text']}]({each['id']})"
            for each in related
        ]
        if self._finding.help:
            told.append(f"Help: {_escaped(self._finding.help.rstrip('.'))}")
        return ". ".join(told) + "."

    def _related(self) -> list[Json]:
        """Return the entry and the call that blocks, where they are elsewhere."""
        found = []
        if name := entry(self._finding):
            found.append(("Reached from", self._entry(name)))
        if steps := hops(self._finding):
            end = self._places.at(steps[-1].location)
            where = self._location(steps[-1].location, told=f"{end.path}:{end.row}")
            found.append(("Blocks at", where))
        return [
            {"id": index, **where, "properties": {"as": how}}
            for index, (how, where) in enumerate(found, start=1)
        ]

    def _code_flows(self) -> list[Json]:
        steps = self._finding.trace
        flow = [{"location": self._location(step.location, told=step.text)} for step in steps]
        if name := entry(self._finding):
            flow.insert(0, {"location": self._entry(name)})
        return [{"threadFlows": [{"locations": flow}]}]

    def _entry(self, name: str) -> Json:
        """Return the row where the function begins that the loop enters."""
        location = self._finding.root.location
        return {
            "physicalLocation": {
                "artifactLocation": self._artifact(location.path),
                "region": {"startLine": self._places.at(location).row},
            },
            "message": {"text": _escaped(name)},
        }

    def _location(self, location: Location, *, told: str = "", symbol: str = "") -> Json:
        logical = {"fullyQualifiedName": symbol, "kind": "function"}
        return {
            "physicalLocation": {
                "artifactLocation": self._artifact(location.path),
                "region": self._region(location, snippet=bool(symbol)),
            },
            **({"logicalLocations": [logical]} if symbol else {}),
            **({"message": {"text": _escaped(told)}} if told else {}),
        }

    def _artifact(self, path: str) -> Json:
        whole = os.path.normpath(self._prefix + path).replace(os.sep, "/")
        return {"uri": quote(os.fsencode(whole)), "uriBaseId": "%SRCROOT%"}

    def _region(self, location: Location, *, snippet: bool = False) -> Json:
        place = self._places.at(location)
        begin, end = columns(place, "utf-16-le")
        return {
            "startLine": place.row,
            "startColumn": begin,
            "endLine": place.end_row,
            "endColumn": end,
            **({"snippet": {"text": _code(place, location)}} if snippet else {}),
        }

    def _fix(self, fix: Fix) -> Json | None:
        """Return a fix that can be made as it stands: whole, and with nothing to import."""
        if fix.applicability is Applicability.DISPLAY_ONLY or fix.imports or not fix.edits:
            return None
        changes: dict[str, list[Json]] = {}
        for edit in fix.edits:
            replacement = {
                "deletedRegion": self._region(edit.location),
                "insertedContent": {"text": edit.text},
            }
            changes.setdefault(edit.location.path, []).append(replacement)
        return {
            "description": {"text": f"{fix.title} ({fix.applicability})"},
            "artifactChanges": [
                {"artifactLocation": self._artifact(path), "replacements": replacements}
                for path, replacements in changes.items()
            ],
        }


def _code(place: Place, location: Location) -> str:
    data = place.text.data if place.text else b""
    return data[location.start : location.end].decode(errors="replace")


def _escaped(words: str) -> str:
    r"""Write brackets so that no link begins there: `\[` stands for a bracket."""
    return re.sub(r"([\\\[\]])", r"\\\1", words)
