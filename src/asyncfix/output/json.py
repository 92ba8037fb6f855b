"""JSON in the shape of Ruff's, with the chain; `SCHEMA_VERSION` grows when a key changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from asyncfix.output.places import Places

if TYPE_CHECKING:
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


class JsonFix(msgspec.Struct, frozen=True):
    """Edits that go together."""

    message: str
    applicability: str
    edits: list[JsonEdit]


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
    places = Places(text, prefix)
    records = [_finding(finding, places) for finding in report.findings]
    return msgspec.json.format(msgspec.json.encode(records), indent=2).decode() + "\n"


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
        url=None,
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
    return JsonFix(fix.title, fix.applicability, [_edit(edit, places) for edit in fix.edits])


def _edit(edit: Edit, places: Places) -> JsonEdit:
    place = places.at(edit.location)
    return JsonEdit(
        edit.text,
        place.path,
        Position(place.row, place.column),
        Position(place.end_row, place.end_column),
    )
