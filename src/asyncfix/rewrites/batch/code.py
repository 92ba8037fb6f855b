"""Code as text: stretches with edits made, rows moved to another depth, names in the plural."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.findings import Edit
    from asyncfix.syntax.tree import Node

STEP = "    "
# comments and literals; of these only such as span rows matter
_TEXT = re.compile(
    r"""\#[^\n]*
    |(?P<triple>\"{3}|'{3})(?:\\.|(?!(?P=triple)).)*(?P=triple)
    |"(?:\\.|[^"\\\n])*"
    |'(?:\\.|[^'\\\n])*'""",
    re.DOTALL | re.VERBOSE,
)
_VOWELS = "aeiou"


def spliced(data: bytes, start: int, end: int, edits: Iterable[Edit]) -> str:
    """Return a stretch of a text with some edits made, of which none crosses its ends."""
    inside = sorted(
        {e for e in edits if start <= e.location.start and e.location.end <= end},
        key=lambda e: (e.location.start, e.location.end),
    )
    parts, at = [], start
    for each in inside:
        parts += [data[at : each.location.start].decode(), each.text]
        at = max(at, each.location.end)
    return "".join([*parts, data[at:end].decode()])


def indented(lines: Iterable[str], indent: str) -> str:
    """Return rows of code at a depth; what spans rows keeps its own steps."""
    rows = (each for line in lines for each in _rows(line))
    return "".join(
        f"{row}\n" if is_inside else f"{indent}{row}\n" if row.strip() else "\n"
        for row, is_inside in rows
    )


def dedented(text: str, indent: str) -> str:
    """Return code without the indent that its rows from the second on have."""
    rows = [row if is_inside else row.removeprefix(indent) for row, is_inside in _rows(text)]
    return "\n".join([text.partition("\n")[0], *rows[1:]])


def shifted(text: str, step: str) -> str:
    """Return code whose rows from the second on stand deeper."""
    first, *rest = _rows(text)
    return "\n".join([first[0], *(row if is_inside else step + row for row, is_inside in rest)])


def _rows(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the rows of some code, and whether each begins within a text, which must not move."""
    texts = [found.span() for found in _TEXT.finditer(text) if "\n" in found[0]]
    at = 0
    for row in text.split("\n"):
        yield row, any(start < at < end for start, end in texts)
        at += len(row) + 1


def indent_of(node: Node) -> str:
    """Return what stands before a statement in its row, and nothing if it is not only space."""
    data = node.tree.data
    begin = data.rfind(b"\n", 0, node.start) + 1
    return data[begin : node.start].decode()


def row_start(node: Node) -> int:
    """Return where the row begins in which a node does."""
    return node.tree.data.rfind(b"\n", 0, node.start) + 1


def row_end(node: Node) -> int:
    """Return where the row ends in which a node does, with its newline."""
    data = node.tree.data
    at = data.find(b"\n", node.end)
    return len(data) if at < 0 else at + 1


def inner_rows(nodes: Iterable[Node], end: int) -> Iterator[int]:
    """Yield where the rows of some code begin, the first too, but not within texts."""
    for node in nodes:
        data = node.tree.data
        texts = [
            (each.start, each.end)
            for each in node.walk()
            if each.kind in ("SimpleString", "FormattedString")
        ]
        at = row_start(node)
        while at < min(row_end(node), end):
            newline = data.find(b"\n", at)
            stop = len(data) if newline < 0 else newline + 1
            if data[at:stop].strip() and not any(start < at < last for start, last in texts):
                yield at
            at = stop


def plural(name: str) -> str:
    """Return the name of many: `lead_count` gives `lead_counts`, `get_city` `get_cities`."""
    match = re.fullmatch(r"(.*?)(_*)", name)
    stem, tail = match.groups() if match else (name, "")
    if re.search(r"(s|x|z|ch|sh)$", stem) and not stem.endswith("ss"):
        return f"{stem}es{tail}" if not stem.endswith("s") else f"all_{stem}{tail}"
    if stem.endswith("ss"):
        return f"{stem}es{tail}"
    if stem.endswith("y") and stem[-2:-1] not in _VOWELS:
        return f"{stem[:-1]}ies{tail}"
    return f"{stem}s{tail}"
