"""Puts rows of code behind a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node


def behind(statement: Node, path: str, workspace: Workspace, rows: Sequence[str]) -> Edit:
    """Return the edit that puts rows behind a statement; each may begin with more indentation."""
    data = workspace.text(path).data
    begin = data.rfind(b"\n", 0, statement.start) + 1
    indent = data[begin : statement.start].decode()
    end = data.find(b"\n", statement.end)
    if indent.strip() or end < 0 or b";" in data[statement.end : end]:
        raise RefusedError("the statement stands on a row with others")
    text = "".join(f"\n{indent}{row}" for row in rows)
    return Edit(Location(path, end, end), text)
