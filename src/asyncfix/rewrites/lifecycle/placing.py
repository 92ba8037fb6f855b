"""Where new definitions go in a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.lifecycle import pieces
from asyncfix.syntax.statements import beginnings

if TYPE_CHECKING:
    from asyncfix.rewrites.workspace import Workspace


def top_statement(workspace: Workspace, path: str, at: int) -> int:
    """Return where the top-level statement around a place begins, with decorators and comments."""
    data = workspace.text(path).data
    starts = [each for each in beginnings(workspace.imports(path).tokens) if each <= at]
    while len(starts) > 1 and data[starts[-2] : starts[-2] + 1] == b"@":
        starts.pop()
    return pieces.lead_comment(data, starts[-1])
