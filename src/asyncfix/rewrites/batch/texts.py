"""Literal texts in the code, to be edited where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.syntax.tree import Node


class Text(NamedTuple):
    """A text in the code: its content, and where each part of that stands in the file."""

    content: str
    parts: tuple[tuple[int, int], ...]

    def place(self, offset: int) -> int:
        """Return where a character of the content stands in the file; the end of a part counts."""
        for start, end in self.parts:
            if offset <= end - start:
                return start + offset
            offset -= end - start
        return self.parts[-1][1]

    def edits(self, path: str, changes: Sequence[tuple[int, int, str]]) -> list[Edit]:
        """Return the edits of the file that change stretches of the content."""
        found = []
        for start, end, text in changes:
            fresh, at = text, 0
            for first, last in self.parts:
                size = last - first
                low, high = max(start, at), min(end, at + size)
                if low < high or (start == end and at <= start <= at + size and fresh):
                    low, high = (start, start) if start == end else (low, high)
                    found.append(Edit(Location(path, first + low - at, first + high - at), fresh))
                    fresh = ""
                at += size
        return found


def text_of(node: Node) -> Text:
    """Return a literal text; parts of an f-string that are computed stand in it as code."""
    parts, codes = [], []
    for each in _pieces(node):
        code = each.text
        head = re.match(r"[A-Za-z]*('''|\"\"\"|'|\")", code)
        if head is None or "b" in head[0].lower() or not code.isascii():
            raise RefusedError("the statement is not written as a plain text")
        if "\\" in code and "r" not in head[0].lower():
            raise RefusedError("the statement has escaped characters")
        start, end = each.start + len(head[0]), each.end - len(head[1])
        parts.append((start, end))
        codes.append(code[len(head[0]) : len(code) - len(head[1])])
    if not parts or node.kind not in ("SimpleString", "FormattedString", "ConcatenatedString"):
        raise RefusedError("the statement is not written where it is sent")
    return Text("".join(codes), tuple(parts))


def _pieces(node: Node) -> Iterator[Node]:
    """Yield the literals that stand side by side, but not those within the braces of one."""
    if node.kind in ("SimpleString", "FormattedString"):
        yield node
    elif node.kind == "ConcatenatedString":
        for each in node.children:
            yield from _pieces(each)
