"""What was fixed, for machines; `SCHEMA_VERSION` grows when a key changes."""

from __future__ import annotations

from posixpath import normpath
from typing import TYPE_CHECKING, Any

import msgspec

from asyncfix.changes.diffs import unified
from asyncfix.output.json import Position
from asyncfix.output.places import Places

if TYPE_CHECKING:
    from asyncfix.changes.outcome import Changes, Made, Unfixed
    from asyncfix.output.places import Texts

SCHEMA_VERSION = 1


class JsonFile(msgspec.Struct, frozen=True):
    """A file that changes, and how."""

    filename: str
    diff: str


class JsonFixed(msgspec.Struct, frozen=True, kw_only=True):
    """A fix, and the finding that it is for, with the place where that stood when it was made."""

    code: str
    message: str
    filename: str
    location: Position
    fingerprint: str
    strategy: str
    title: str
    applicability: str
    notes: list[str]
    files: list[str]
    requires: list[str]


class JsonReason(msgspec.Struct, frozen=True):
    """Why a strategy was not taken; an empty one stands for all of them."""

    strategy: str
    message: str


class JsonUnfixed(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that stays, with its place in the new texts."""

    code: str
    message: str
    filename: str
    location: Position
    fingerprint: str
    reasons: list[JsonReason]


class JsonChanges(msgspec.Struct, frozen=True, kw_only=True):
    """A run of `asyncfix fix`."""

    written: bool
    files: list[JsonFile]
    fixed: list[JsonFixed]
    not_fixed: list[JsonUnfixed]
    requires: list[str]
    commands: list[str]
    schema_version: int = SCHEMA_VERSION


def schema() -> dict[str, Any]:
    """Return the JSON schema of the output."""
    identity = "https://json-schema.org/draft/2020-12/schema"
    title = f"asyncfix fixes, version {SCHEMA_VERSION}"
    return {"$schema": identity, "title": title, **msgspec.json.schema(JsonChanges)}


def render(changes: Changes, texts: Texts, prefix: str, *, written: bool) -> str:
    """Return one JSON object; paths are relative to the working directory."""
    places = Places(texts, prefix)
    told = JsonChanges(
        written=written,
        files=[
            JsonFile(name := normpath(prefix + before.path), unified(before, after, name))
            for before, after in changes.everything
        ],
        fixed=[_fixed(made, prefix) for made in changes.made],
        not_fixed=[_unfixed(each, places) for each in changes.unfixed],
        requires=list(changes.requires),
        commands=list(changes.commands),
    )
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"


def _fixed(made: Made, prefix: str) -> JsonFixed:
    finding, fix = made.finding, made.fix
    return JsonFixed(
        code=finding.rule,
        message=finding.message,
        filename=normpath(prefix + finding.location.path),
        location=Position(*made.place),
        fingerprint=finding.fingerprint,
        strategy=fix.strategy,
        title=fix.title,
        applicability=str(fix.applicability),
        notes=list(fix.notes),
        files=[normpath(prefix + path) for path in made.paths],
        requires=list(fix.requires),
    )


def _unfixed(each: Unfixed, places: Places) -> JsonUnfixed:
    place = places.at(each.finding.location)
    return JsonUnfixed(
        code=each.finding.rule,
        message=each.finding.message,
        filename=place.path,
        location=Position(place.row, place.column),
        fingerprint=each.finding.fingerprint,
        reasons=[JsonReason(refusal.strategy, refusal.reason) for refusal in each.refusals],
    )
