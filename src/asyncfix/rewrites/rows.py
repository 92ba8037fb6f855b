"""Keeps rows as short as their file has them: what grows too long is broken at a bracket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.findings import Edit
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

_BRACKETS = frozenset(("Call", "List", "Set", "Dict", "Tuple"))
_OPEN, _CLOSE = b"([{", b")]}"


def broken(place: Place, node: Node, edits: Sequence[Edit]) -> list[Edit]:
    """Return edits of a node with breaks at the brackets that end its row, if it is in such.

    What stands between these gets a row of its own, as formatters have it; there are no edits
    where the node's own brackets are the last.
    """
    around = _last_bracket(place, node)
    return _with_breaks(place, list(edits), around) if around else []


def is_too_long(place: Place, node: Node, edits: Sequence[Edit]) -> bool:
    """Tell whether the edits make the one row of a node reach beyond what the file allows."""
    data = place.workspace.text(place.path).data
    start, end = _row(data, node.start)
    if b"\n" in data[node.start : node.end] or b"#" in data[node.end : end]:
        return False
    size = len(data[start:end].decode("utf-8", "replace"))
    more = sum(len(each.text) - (each.location.end - each.location.start) for each in edits)
    return size + more > place.workspace.width(place.path)


def is_followed(place: Place, node: Node) -> bool:
    """Tell whether more items follow on the row of a node: a break within it would part them."""
    data = place.workspace.text(place.path).data
    rest = data[node.end : _row(data, node.start)[1]].strip()
    return rest.startswith(b",") and rest != b","


def indents(place: Place, offset: int) -> tuple[str, str]:
    """Return the newline and indent of the row at an offset, and those of one within it."""
    text = place.workspace.text(place.path)
    start, end = _row(text.data, offset)
    row = text.data[start:end].decode("utf-8", "replace")
    indent = row[: len(row) - len(row.lstrip())]
    step = "\t" if "\t" in indent else "    "
    return text.newline + indent, text.newline + indent + step


def _row(data: bytes, offset: int) -> tuple[int, int]:
    start = data.rfind(b"\n", 0, offset) + 1
    end = data.find(b"\n", offset)
    return start, len(data) if end < 0 else end


def _last_bracket(place: Place, node: Node) -> tuple[int, int] | None:
    """Return what is between the brackets that end the row of a node and that it stands in."""
    data = place.workspace.text(place.path).data
    start, end = _row(data, node.start)
    found = None
    for each in _within(node, start, end):
        opened = _opened(each, data)
        rest = data[each.end : end].strip(b" \t\r,:" + _CLOSE)
        is_tight = data[each.end - 1] in _CLOSE and not data[each.end - 2 : each.end - 1].isspace()
        if (
            opened <= node.start
            and not rest
            and is_tight
            and not data[opened : opened + 1].isspace()
        ):
            found = opened, each.end - 1
    return found


def _within(node: Node, start: int, end: int) -> Iterator[Node]:
    """Yield the expressions in brackets around a node that stand on one row, the inner first."""
    for each in node.parents:
        if each.start < start or each.end > end:
            return
        if each.kind in _BRACKETS:
            yield each


def _opened(node: Node, data: bytes) -> int:
    """Return where the content of an expression in brackets begins."""
    at = node["func"].whole[1] if node.kind == "Call" else node.start
    return at + 1 if data[at] in _OPEN else node.end


def _with_breaks(place: Place, edits: list[Edit], around: tuple[int, int]) -> list[Edit]:
    outer, inner = indents(place, around[0])
    for at, text in zip(around, (inner, outer), strict=True):
        for index, each in enumerate(edits):
            if (each.location.start, each.location.end) == (at, at):
                joined = text + each.text if text is inner else each.text + text
                edits[index] = replace(each, text=joined)
                break
        else:
            edits.append(place.replaced(at, at, text))
    return edits
