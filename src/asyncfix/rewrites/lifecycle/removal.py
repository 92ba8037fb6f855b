"""Takes rows away, with the blank rows that only they have parted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.lifecycle import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asyncfix.syntax.tree import Node

_DEFINITION = re.compile(rb"\w+(?: *:[^=\n]+)? *= *(?:None|False)\b[^\n]*\r?\n")


def without(path: str, statements: Sequence[Node]) -> Iterator[Edit]:
    """Yield the edits that take rows away, with the blank rows that only they have parted.

    At the top of a module an edit covers the definitions beside a row as far as blank rows, so
    that two fixes that take some of them away are not made at once.
    """
    rows: dict[int, int] = {}
    for each in statements:
        data = each.tree.data
        rows[pieces.row_start(data, each.start)] = pieces.row_end(data, each.end)
    done = 0
    for start, end in sorted(rows.items()):
        if pieces.indent_of(data, start):
            opens = data[:start].rstrip().endswith(b":")
            yield Edit(Location(path, start, _below_blank(data, end) if opens else end), "")
        elif start >= done:
            group = _Group(data, rows, start)
            done = group.end
            yield Edit(Location(path, group.start, group.end), group.text)


def _below_blank(data: bytes, end: int) -> int:
    """Return where the blank rows from a byte on end."""
    while end < len(data) and not data[end : pieces.row_end(data, end)].strip():
        end = pieces.row_end(data, end)
    return end


class _Group:
    """Definitions at the top of a module, some of which are to go, and blank rows around."""

    def __init__(self, data: bytes, rows: Mapping[int, int], at: int) -> None:
        ends = {end: start for start, end in rows.items()}
        first = last = at
        while first > 0 and (first in ends or _is_definition(data, first)):
            first = ends.get(first, pieces.row_start(data, first - 1))
        while last in rows or _DEFINITION.match(data, last):
            last = rows.get(last, pieces.row_end(data, last))
        kept, at = b"", first
        while at < last:
            end = rows.get(at) or pieces.row_end(data, at)
            kept += b"" if at in rows else data[at:end]
            at = end
        self.start, self.end, self.text = first, last, kept.decode()
        if not kept:
            self._close(data)

    def _close(self, data: bytes) -> None:
        """Take the blank rows around into the edit, and leave the larger gap of the two."""
        first, last = self.start, self.end
        while first > 0 and not data[pieces.row_start(data, first - 1) : first].strip():
            first = pieces.row_start(data, first - 1)
        last = _below_blank(data, last)
        gap = max(data[first : self.start].count(b"\n"), data[self.end : last].count(b"\n"))
        self.start, self.end = first, last
        self.text = "\n" * gap if first and last < len(data) else ""


def _is_definition(data: bytes, end: int) -> bool:
    """Tell whether the row that ends at a byte defines a variable that is not set yet."""
    return _DEFINITION.match(data, pieces.row_start(data, end - 1)) is not None
