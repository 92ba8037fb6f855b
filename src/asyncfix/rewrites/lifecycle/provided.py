"""Variables of a module become functions of their name, which make once what these held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.owned import cached_by
from asyncfix.rewrites.lifecycle.porting import defines
from asyncfix.rewrites.lifecycle.symbols import uses
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.findings import Import
    from asyncfix.rewrites.lifecycle.symbols import Use
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_SETS = frozenset(("AssignTarget", "AnnAssign", "AugAssign", "Del", "NameItem"))
_TEXTS = frozenset(("SimpleString", "FormattedString", "ConcatenatedString"))


def provided(workspace: Workspace, path: str, name: str) -> tuple[list[Edit], tuple[Import, ...]]:
    """Return the edits after which a function gives what a variable of a module held.

    Raise RefusedError where somebody needs it while modules are imported, or sets it.
    """
    found = list(uses(workspace, path, name))
    definition = [each.node for each in found if each.path == path and defines(each.node)]
    if len(definition) != 1:
        raise RefusedError(f"`{name}` is not defined in one place")
    cache, imports = cached_by(workspace, path, None)
    edits = [_function(workspace, path, definition[0], cache)]
    edits += [
        _called(workspace, use)
        for use in found
        if use.path != path or use.node.start != definition[0].start
    ]
    return edits, imports


def _function(workspace: Workspace, path: str, target: Node, cache: str) -> Edit:
    """Return the edit that puts a function in the place of the assignment."""
    name, above, statement = target.text, target.parent, target.statement
    assign = above if above is None or above.kind == "AnnAssign" else above.parent
    if assign is None or not assign.has("value") or len(statement.all("body")) != 1:
        raise RefusedError(f"`{name}` is set in the row of something else")
    value, data = assign["value"], workspace.text(path).data
    if value.kind != "Call" or statement.parent is None or statement.parent.kind != "Module":
        raise RefusedError(f"`{name}` is more than what one call makes")
    if any(each.kind in _TEXTS and "\n" in each.text for each in value.walk()):
        raise RefusedError(f"`{name}` is made of a text of several rows")
    start = pieces.row_start(data, assign.start)
    lead, end = pieces.lead_comment(data, start), pieces.row_end(data, assign.end)
    body = f"return {data[value.whole[0] : end].decode()}"
    rows = "".join(f"    {row}" if row.strip() else row for row in body.splitlines(keepends=True))
    comment = data[lead:start].decode()
    head = f"{comment}@{cache}\ndef {name}(){_type(assign, value)}:\n"
    text = f"{_above(data[:lead])}{head}{rows}{_below(data[end:])}"
    return Edit(Location(path, lead, end), text)


def _above(data: bytes) -> str:
    """Return the line ends that are missing above, for two blank rows."""
    told = data.replace(b"\r", b"")
    return "\n" * max(3 - (len(told) - len(told.rstrip(b"\n"))), 0) if told.strip() else ""


def _below(data: bytes) -> str:
    told = data.replace(b"\r", b"")
    return "\n" * max(2 - (len(told) - len(told.lstrip(b"\n"))), 0) if told.strip() else ""


def _type(assign: Node, value: Node) -> str:
    if assign.kind == "AnnAssign":
        return f" -> {assign['annotation']['annotation'].text}"
    callee = value["func"].text
    return f" -> {callee}" if callee.rpartition(".")[2][:1].isupper() else ""


def _called(workspace: Workspace, use: Use) -> Edit:
    """Return the edit of one use; raise RefusedError where it is none of a function that runs."""
    node, above = use.node, use.node.parent
    where = f"{use.path}:{workspace.text(use.path).position(node.start)[0]}"
    if use.is_text:
        raise RefusedError(f"{node.text} is replaced in {where}")
    if above is None or above.kind in _SETS:
        raise RefusedError(f"`{node.text}` is set in {where}")
    if not any(_runs_later(each, node) for each in node.parents):
        raise RefusedError(f"`{node.text}` is needed while {where} is imported")
    return Edit(Location(use.path, node.start, node.end), f"{node.text}()")


def _runs_later(around: Node, node: Node) -> bool:
    """Tell whether a node stands in the body of a function, not in what defines it."""
    return around.kind in ("FunctionDef", "Lambda") and around["body"].start <= node.start
