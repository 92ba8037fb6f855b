"""Adds a parameter to a signature, before those that have defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node


def with_parameter(workspace: Workspace, path: str, node: Node, told: str) -> Edit:
    """Return the edit that adds a parameter before those that have defaults."""
    data = node.tree.data
    tokens = workspace.imports(path).tokens
    opening, closing = pieces.parentheses(tokens, node["name"].end)
    known = pieces.parameters(tokens, opening, closing)
    if any(data[each.start : each.start + 1] == b"/" for each in known):
        raise RefusedError("the signature is unusual")
    before = next(
        (at for at, each in enumerate(known) if each.has_default or each.is_star), len(known)
    )
    if b"\n" in data[opening:closing] and known:
        return _own_row(path, data, told, known, before)
    texts = [data[each.start : each.end].decode() for each in known]
    within = Location(path, opening + 1, closing)
    return _in_row(workspace, data, within, [*texts[:before], told, *texts[before:]])


def _in_row(workspace: Workspace, data: bytes, within: Location, texts: Sequence[str]) -> Edit:
    """Return the edit that writes parameters, one a row if one row cannot hold them."""
    start, end = within.start, within.end
    row = data[pieces.row_start(data, start) : start].decode()
    rest = data[end : pieces.row_end(data, end)].decode().rstrip()
    flat = ", ".join(texts)
    if len(row + flat + rest) <= workspace.width(within.path):
        return Edit(within, flat)
    indent = pieces.indent_of(data, start)
    step = "\t" if "\t" in indent else "    "
    rows = "".join(f"\n{indent}{step}{each}," for each in texts)
    return Edit(within, f"{rows}\n{indent}")


def _own_row(
    path: str, data: bytes, told: str, known: Sequence[pieces.Parameter], before: int
) -> Edit:
    """Return the edit that adds a parameter to a signature of several rows."""
    start = known[0].start
    row = data[pieces.row_start(data, start) : start].decode()
    gap = "\n" + row if not row.strip() else " "
    if before:
        at = known[before - 1].end
        return Edit(Location(path, at, at), f",{gap}{told}")
    return Edit(Location(path, start, start), f"{told},{gap}")
