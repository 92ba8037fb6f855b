"""Rows of Django that are made one by one: `bulk_create` of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.batch.chains import classes
from asyncfix.rewrites.batch.code import STEP, dedented, indent_of, shifted
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_SIGNALS = re.compile(r"\b(pre_save|post_save|pre_init|post_init)\b")
_OWN = re.compile(r"\s+(?:def (?:save|__init__)\b|objects\s*=)")
_WIDTH = 88


def created(frame: Frame, call: Node, statement: Node) -> str:
    """Return the row that makes the rows of all items, where each `create` stood alone."""
    found = re.fullmatch(r"((?:\w+\.)*([A-Z]\w*))\.objects\.(a?)create", call["func"].text)
    if found is None or any(not each.has("keyword") for each in call.all("args")):
        raise RefusedError("no form of this call that takes many rows is known")
    used = {name.text for each in call.all("args") for name in scopes.names(each["value"])}
    if used & frame.bound - frame.names:
        raise RefusedError("the row is made of what the loop finds out")
    _refuse_more(frame.workspace, found[2])
    given = call.tree.data[call["func"].end : call.end].decode()
    row = f"{found[1]}{dedented(given, indent_of(statement))}"
    await_ = "await " if found[3] else ""
    head = f"{await_}{found[1]}.objects.{found[3]}bulk_create"
    over = f"for {frame.target} in {frame.items}"
    code = f"{head}([{row} {over}])"
    if len(code) <= _WIDTH and "\n" not in code:
        return code
    inner = shifted(row, STEP)
    return f"{head}([\n{STEP}{inner}\n{STEP}{over}\n])"


def _refuse_more(workspace: Workspace, model: str) -> None:
    """Refuse a model for which saving a row is more than to write it."""
    known = list(classes(workspace, model))
    if len(known) != 1 or not re.fullmatch(r"(\w+\.)*Model", known[0][1].strip()):
        raise RefusedError(f"`{model}` may be more than one table")
    if any(_OWN.match(row) for row in known[0][0]):
        raise RefusedError(f"`{model}` has its own way of saving rows")
    for path in workspace.files:
        if _SIGNALS.search(workspace.text(path).text):
            raise RefusedError("signals tell others of each row that is saved")
