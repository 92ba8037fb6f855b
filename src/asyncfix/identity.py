"""What tells a finding from others of its kind, run after run: stable code, and a number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.findings import ordered
from asyncfix.fingerprints import bound, stable
from asyncfix.project.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asyncfix.facts import FileFacts
    from asyncfix.findings import Finding
    from asyncfix.project.files import Files
    from asyncfix.source import Text


def identified(
    findings: Iterable[Finding], files: Files, texts: Callable[[str], Text]
) -> tuple[Finding, ...]:
    """Give findings their code and its shape, put them in order, and number equal ones."""
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.location.path, []).append(finding)
    named: list[Finding] = []
    for at, path in enumerate(files.paths):
        if path in by_path:
            named += _named(by_path[path], files[at], texts(path).data)
    return ordered(named)


def _named(findings: Iterable[Finding], file: FileFacts, data: bytes) -> Iterator[Finding]:
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
        yield replace(finding, code=code, shape=stable(code, local[outermost]))


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace")
