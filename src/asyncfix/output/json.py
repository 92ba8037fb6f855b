"""JSON in the shape of Ruff's, with the chain; `SCHEMA_VERSION` grows when a key changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from asyncfix.output.encoding import encoded
from asyncfix.output.pages import address
from asyncfix.output.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit, Finding, Fix, Report, Step
    from asyncfix.output.places import Place, Texts
    from asyncfix.packs import Packs

SCHEMA_VERSION = 1


class Position(msgspec.Struct, frozen=True):
    """A row and a column, both from 1; columns count characters."""

    row: int
    column: int


class JsonEdit(msgspec.Struct, frozen=True):
    """The text to put between two positions of a file."""

    content: str
    filename: str
    location: Position
    end_location: Position


class JsonImport(msgspec.Struct, frozen=True):
    """A name that a fix needs bound in a file, by `import` or `from … import`."""

    filename: str
    module: str
    name: str
    alias: str


class JsonFix(msgspec.Struct, frozen=True):
    """Edits that go together, with the names that have to be imported and what to install."""

    message: str
    applicability: str
    edits: list[JsonEdit]
    strategy: str
    notes: list[str]
    imports: list[JsonImport]
    requires: list[str]


class JsonRoot(msgspec.Struct, frozen=True):
    """How the event loop comes to the finding."""

    kind: str
    name: str
    path: str
    method: str


class JsonStep(msgspec.Struct, frozen=True):
    """One hop of the chain."""

    symbol: str
    filename: str
    row: int
    column: int
    edge: str


class JsonSink(msgspec.Struct, frozen=True):
    """What blocks in the end."""

    qualname: str
    effect: str


class JsonFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding."""

    code: str
    name: str
    message: str
    severity: str
    filename: str
    location: Position
    end_location: Position
    url: str | None
    fix: JsonFix | None
    fingerprint: str
    confidence: str
    group: str
    root: JsonRoot
    chain: list[JsonStep]
    sink: JsonSink
    fixes: list[JsonFix]
    schema_version: int = SCHEMA_VERSION


def schema() -> dict[str, Any]:
    """Return the JSON schema of the output."""
    found = msgspec.json.schema(list[JsonFinding])
    identity = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": identity, "title": f"asyncfix findings, version {SCHEMA_VERSION}", **found}


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return a list of findings; colour and width mean nothing here."""
    del color, width
    found = records(report, Places(text, prefix, exact=True))
    return encoded(list(found), indent=2) + "\n"


def records(report: Report, places: Places) -> Iterator[JsonFinding]:
    """Yield the findings as JSON has them."""
    return (_finding(finding, places) for finding in report.findings)


def _finding(finding: Finding, places: Places) -> JsonFinding:
    place = places.at(finding.location)
    root = finding.root
    fixes = [_fix(fix, places) for fix in finding.fixes]
    return JsonFinding(
        code=finding.rule,
        name=finding.rule,
        message=finding.message,
        severity=finding.severity,
        filename=place.path,
        location=Position(place.row, place.column),
        end_location=Position(place.end_row, place.end_column),
        url=address(finding.rule),
        fix=fixes[0] if fixes else None,
        fingerprint=finding.fingerprint,
        confidence=finding.confidence,
        group=finding.group,
        root=JsonRoot(root.kind, root.name, root.path, root.method),
        chain=[_step(step, places.at(step.location)) for step in finding.trace],
        sink=JsonSink(finding.sink.qualname, finding.sink.effect),
        fixes=fixes,
    )


def _step(step: Step, place: Place) -> JsonStep:
    return JsonStep(step.symbol, place.path, place.row, place.column, step.edge)


def _fix(fix: Fix, places: Places) -> JsonFix:
    return JsonFix(
        message=fix.title,
        applicability=fix.applicability,
        edits=[_edit(edit, places) for edit in fix.edits],
        strategy=fix.strategy,
        notes=list(fix.notes),
        imports=[
            JsonImport(places.shown(each.path), each.module, each.name, each.alias)
            for each in fix.imports
        ],
        requires=list(fix.requires),
    )


def _edit(edit: Edit, places: Places) -> JsonEdit:
    place = places.at(edit.location)
    return JsonEdit(
        edit.text,
        place.path,
        Position(place.row, place.column),
        Position(place.end_row, place.end_column),
    )
