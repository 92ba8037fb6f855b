"""Statements that go, and expressions that are evaluated earlier than they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node


def remove(move: Move, code: Code, statement: Node) -> None:
    """Take a statement out with its rows; raise RefusedError if its block would be empty."""
    if statement.kind == "SimpleStatementLine" and len(statement.all("body")) != 1:
        raise RefusedError(f"several statements share a row ({code.path}:{code.row(statement)})")
    start, end = rows_of(code, statement)
    move.patches.instead(code.path, start, end, "")


def rows_of(code: Code, node: Node) -> tuple[int, int]:
    """Return the bytes of all rows that a statement takes, the newline included."""
    start = code.data.rfind(b"\n", 0, node.start) + 1
    end = node.end
    if code.data[end - 1 : end] != b"\n":
        found = code.data.find(b"\n", end)
        end = found + 1 if found >= 0 else len(code.data)
    return start, end


def refuse_moved(to: Node, value: Node, but: str = "") -> None:
    """Raise RefusedError where an expression may mean something else at an earlier place.

    `to` is the code that it moves to, in the same function.
    """
    scope = to.function
    used = {each.text for each in scopes.names(value)} - {but}
    around = scope["body"].own() if scope is not None else to.tree.root.own()
    for each in around:
        if not to.start < each.start < value.start:
            continue
        changed = scopes.bound_by(each) & used
        if changed:
            raise RefusedError(f"`{min(changed)}` is set after the session is made")
    if any(each.kind in ("Await", "NamedExpr", "Yield") for each in value.walk()):
        raise RefusedError("what the session is set up with cannot be told earlier")
