"""What tells a finding from others of its kind, run after run: stable code, and a number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from asyncfix.findings import ordered
from asyncfix.fingerprints import bound, stable
from asyncfix.project.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asyncfix.cache import Cache
    from asyncfix.facts import FileFacts
    from asyncfix.findings import Finding
    from asyncfix.project.files import Files
    from asyncfix.source import Text


class Named(msgspec.Struct, frozen=True, array_like=True):
    """Code and shape at places of a file in the state of a digest."""

    digest: str
    places: dict[str, tuple[str, str]]


class Names(msgspec.Struct, frozen=True, array_like=True):
    """What was named in the last run, by file."""

    files: dict[str, Named]


def identified(
    findings: Iterable[Finding],
    files: Files,
    texts: Callable[[str], Text],
    store: Cache | None = None,
) -> tuple[Finding, ...]:
    """Give findings their code and its shape, put them in order, and number equal ones."""
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.location.path, []).append(finding)
    known = store.load("names", Names) if store else None
    last = known.files if known else {}
    names: dict[str, Named] = {}
    for at, path in enumerate(files.paths):
        if path in by_path:
            old, here = last.get(path), {_place(each): each for each in by_path[path]}
            if old is None or not old.digest or old.digest != files.digests[at]:
                old = Named(files.digests[at], {})
            if here.keys() - old.places.keys():
                made = _named(here.values(), files[at], texts(path).data)
                old = Named(old.digest, dict(zip(here, made, strict=True)))
            names[path] = old
    if store and names != last:
        store.store("names", Names(names))
    return ordered([_with(each, names[path]) for path in names for each in by_path[path]])


def _place(finding: Finding) -> str:
    return f"{finding.location.start} {finding.location.end} {finding.code}"


def _with(finding: Finding, named: Named) -> Finding:
    code, shape = named.places[_place(finding)]
    return replace(finding, code=code, shape=shape)


def _named(findings: Iterable[Finding], file: FileFacts, data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the code of each finding, and its shape."""
    functions = Functions(file)
    local: dict[tuple[int, int], frozenset[str]] = {}
    for finding in findings:
        where = finding.location
        outermost = (0, 0)
        for function in functions.outward(functions.around(where.start)):
            outermost = function.start, function.end
        if outermost not in local:
            local[outermost] = bound(_text(data, *outermost)) if outermost[1] else frozenset()
        code = finding.code or _text(data, where.start, where.end)
        yield code, stable(code, local[outermost])


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace")
