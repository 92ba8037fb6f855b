"""Comments that silence findings, written where the findings are."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.comments import directives, scanned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.comments import Scan
    from asyncfix.facts import Directive

_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=]")


class Place(NamedTuple):
    """Where a rule is to be silenced; without a place, in the whole file."""

    rule: str
    start: int = -1
    end: int = -1


def silenced(data: bytes, places: Iterable[Place], reason: str, newline: str) -> bytes:
    """Return a file's text with a comment at each place, or with more rules in the one there.

    Nothing else changes. A comment goes to the end of the row on which the code ends, or where that
    is within a string, to the end of the statement.
    """
    scan = scanned(data)
    found = directives(data)
    rows: dict[int, list[str]] = {}
    everywhere: list[str] = []
    for rule, start, end in places:
        names = everywhere if start < 0 else rows.setdefault(_row_end(data, scan, end), [])
        if rule not in names:
            names.append(rule)
    edits = [_comment(data, at, names, found, reason) for at, names in rows.items()]
    if everywhere:
        top = _top(data)
        line = f"# asyncfix: file-ignore[{_listed(everywhere)}]{_told(reason)}{newline}"
        edits.append((top, top, line.encode()))
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text + data[end:]
    return data


def _row_end(data: bytes, scan: Scan, end: int) -> int:
    """Return the end of a row to which a comment can be added."""
    match = re.compile(rb"[^\r\n]*").match(data, end)
    here = match.end() if match else len(data)
    breaks = [*scan.breaks, *([] if here < len(data) else [len(data)])]
    number = bisect_left(breaks, here)
    if number < len(breaks) and breaks[number] == here:
        return here
    return next((at for at in breaks[number:] if at not in scan.nested), len(data))


def _comment(
    data: bytes, at: int, names: list[str], found: tuple[Directive, ...], reason: str
) -> tuple[int, int, bytes]:
    """Return the edit that adds names at the end of a row."""
    row = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
    for directive in found:
        own = (directive.owner, directive.kind) == ("asyncfix", "ignore") and directive.names
        if own and row <= directive.start < at:
            close = data.index(b"]", directive.start)
            more = [name for name in names if name not in directive.names]
            return close, close, f", {_listed(more)}".encode() if more else b""
    end = row + len(data[row:at].rstrip())
    return end, end, f"  # asyncfix: ignore[{_listed(names)}]{_told(reason)}".encode()


def _top(data: bytes) -> int:
    """Return where a file's own comments may begin: below what must stand in its first two rows."""
    top = 0
    for _ in range(2):
        line = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?").match(data, top)
        if line is None or not (line[0].startswith(b"#!") or _CODING.match(line[0])):
            break
        top = line.end()
    return top


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _told(reason: str) -> str:
    return f" {reason}" if reason else ""
