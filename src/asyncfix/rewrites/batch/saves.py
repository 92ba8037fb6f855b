"""Rows that are written, and transactions that are committed, one by one: together instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.bulk import created
from asyncfix.rewrites.batch.code import (
    STEP,
    dedented,
    indent_of,
    indented,
    row_end,
    row_start,
    shifted,
)
from asyncfix.rewrites.batch.frame import Once, Step
from asyncfix.rewrites.batch.raw import driver_of
from asyncfix.rewrites.batch.sql import SQLITE
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.loop import Looped
    from asyncfix.syntax.tree import Node

_WIDTH = 88
_BLOCKS = frozenset(("If", "For", "While", "With", "Try", "TryStar", "Match", "Yield"))
_ONE_BY_ONE = "a row that fails now undoes those before it, too, where each was committed alone"
_ROWS = (
    "the rows are written before the rest of the loop is done, "
    "and a transaction begins even where there are none"
)
_ADDS = re.compile(r"sqlalchemy\..*Session\.add")
_TOGETHER = (
    "a failure now undoes all items of the loop, none can be seen before the last, "
    "and what waits in the session is committed even where there are no items"
)
_UNDONE = "a failure now undoes all items of the loop, and none is committed before the last"


def written_together(looped: Looped, call: Node, step: Step) -> Once:
    """Write the rows of all items by `executemany`, and leave the rest of the loop as it is."""
    frame = looped.frame
    if step.asked and step.asked.name.startswith("django.db."):
        return _created_together(looped, call, step)
    if step.asked and _ADDS.fullmatch(step.asked.name):
        return committed_once(looped, _commit_of(looped))
    driver = driver_of(step.asked.name) if step.asked else None
    func = call["func"]
    if driver is None or func.kind != "Attribute" or func["attr"].text != "execute":
        raise RefusedError("no form of this call that takes many rows is known")
    statement = _statement(looped, call)
    others = [each for each in frame.steps if each != step]
    commits = [each for each in others if each.asked and each.asked.query.kind == "commit"]
    if len(commits) < len(others) or frame.is_tried(call):
        raise RefusedError("the loop asks something else beside, or goes on after an error")
    args = [each["value"] for each in call.all("args")]
    if any(each.word("star") or each.has("keyword") for each in call.all("args")) or not args:
        raise RefusedError("the parameters are not written one by one")
    if frame.varies(args[0]) or frame.varies(func["value"]):
        raise RefusedError("the statement is another one for each item")
    used = {each.text for arg in args[1:] for each in scopes.names(arg)}
    if used & frame.bound - frame.names:
        raise RefusedError("the row is made of what the loop finds out")
    if not driver.apart and len(args) != 2:
        raise RefusedError("the statement has no parameters")
    if driver.apart:
        rows = ", ".join(each.text for each in args[1:])
        row = f"({rows},)" if len(args) == 2 else f"({rows})"
    else:
        row = _whole(args[1])
    brackets = "()" if driver.dialect is SQLITE else "[]"
    await_ = "await " if statement.children[0]["value"].kind == "Await" else ""
    over = f"for {frame.target} in {frame.items}"
    head = f"{await_}{func['value'].text}.executemany"
    once = Once([_many(head, args[0].text, row, over, brackets)])
    once.edits.append(_without(frame.path, statement))
    (once.doubts if commits else once.notes).append(_UNDONE if commits else _ONE_BY_ONE)
    if driver.dialect is SQLITE and not commits:
        once.notes = [_ROWS]
    for commit in commits:
        _moved(looped, commit, once)
    return _alone(looped, once)


def _commit_of(looped: Looped) -> Node:
    """Return the one commit of a loop."""
    found = [e for e in looped.frame.steps if e.asked and e.asked.query.kind == "commit"]
    call = looped.frame.scope.tree.at(found[0].start, found[0].end) if len(found) == 1 else None
    if call is None or call.kind != "Call":
        raise RefusedError("no form of this call that takes many rows is known")
    return call


def _created_together(looped: Looped, call: Node, step: Step) -> Once:
    """Make the rows of all items by `bulk_create`, and leave the rest of the loop as it is."""
    frame, statement = looped.frame, _statement(looped, call)
    if [each for each in frame.steps if each != step] or frame.is_tried(call):
        raise RefusedError("the loop asks something else beside, or goes on after an error")
    once = Once([created(frame, call, statement)], notes=[_ONE_BY_ONE])
    once.edits.append(_without(frame.path, statement))
    return _alone(looped, once)


def committed_once(looped: Looped, call: Node) -> Once:
    """Commit behind a loop; within it a flush stands where later code needs what it gives."""
    frame = looped.frame
    statement = _statement(looped, call)
    if frame.is_tried(call) or any(p.kind in ("Try", "TryStar") for p in _within(looped, call)):
        raise RefusedError("the loop goes on after an error, with what is committed already")
    if call.all("args") or call["func"].kind != "Attribute":
        raise RefusedError("this is no plain commit")
    last = statement.raw is frame.body[-1].raw
    once = Once(notes=[_TOGETHER]) if last and _only_adds(looped, call) else Once(doubts=[_UNDONE])
    code = spliced_row(statement)
    if not last:
        name = call["func"]["attr"]
        if not frame.names_library("sqlalchemy", "sqlmodel"):
            raise RefusedError("something in the loop comes after the commit")
        once.edits.append(Edit(Location(frame.path, name.start, name.end), "flush"))
    elif len(frame.body) == 1:
        raise RefusedError("the loop does nothing but commit")
    else:
        once.edits.append(_without(frame.path, statement))
    _after(looped, code, once)
    return once


def _only_adds(looped: Looped, commit: Node) -> bool:
    """Tell whether a loop makes rows and adds them, and does nothing that needs them committed."""
    frame = looped.frame
    places = {(each.start, each.end): each.asked for each in frame.steps}
    kinds = {each.kind for part in frame.body for each in (part, *part.own())}
    session = commit["func"]["value"].text
    if kinds & _BLOCKS or len(places) < 2 or frame.varies(commit["func"]["value"]):
        return False
    for part in frame.body:
        for each in part.own():
            asked = places.get((each.start, each.end))
            if each.kind != "Call" or (each.start, each.end) == (commit.start, commit.end):
                continue
            if asked is not None and _ADDS.fullmatch(asked.name):
                if each["func"]["value"].text != session:
                    return False
            elif not re.fullmatch(r"(\w+\.)*[A-Z]\w*|int|str|float", each["func"].text):
                return False
    return True


def _whole(node: Node) -> str:
    """Return an expression with its parentheses, its rows moved to where it begins."""
    start, end = node.whole
    data = node.tree.data
    begin = data.rfind(b"\n", 0, start) + 1
    row = data[begin:start].decode()
    indent = row[: len(row) - len(row.lstrip())]
    return dedented(data[start:end].decode(), indent)


def _many(head: str, statement: str, row: str, over: str, brackets: str) -> str:
    """Return a call with a statement and the rows of all items, on one row if it is short."""
    opening, closing = brackets[0], brackets[1]
    code = f"{head}({statement}, {opening}{row} {over}{closing})"
    if len(code) <= _WIDTH and "\n" not in code:
        return code
    inner = shifted(row, STEP * 2)
    rows = [opening, f"{STEP}{inner}", f"{STEP}{over}", f"{closing},"]
    text = "\n".join(f"{STEP}{each}" for each in (f"{statement},", *rows))
    return f"{head}(\n{text}\n)"


def spliced_row(statement: Node) -> str:
    """Return the code of a statement."""
    return dedented(statement.text.strip(), indent_of(statement))


def _statement(looped: Looped, call: Node) -> Node:
    """Return the statement that a call is, right in the body of the loop."""
    above = call.parent
    top = above if above is not None and above.kind == "Await" else call
    line = top.parent
    statement = call.statement
    tops = [each.raw for each in looped.frame.body]
    if looped.node.kind != "For" or line is None or line.kind != "Expr":
        raise RefusedError("something becomes of what the call gives")
    if statement.raw not in tops or len(statement.children) != 1:
        raise RefusedError("not every item does this, or it shares its row")
    if scopes.leaves(looped.frame.body):
        raise RefusedError("the loop may go on, or end, before this is done")
    return statement


def _within(looped: Looped, call: Node) -> list[Node]:
    """Return the blocks of the function around a loop, up to the function."""
    found = []
    for each in call.parents:
        if each.raw is looped.frame.scope.raw:
            break
        found.append(each)
    return [each for each in found if each.start >= looped.node.start]


def _without(path: str, statement: Node) -> Edit:
    return Edit(Location(path, row_start(statement), row_end(statement)), "")


def _moved(looped: Looped, commit: Step, once: Once) -> None:
    """Move a commit behind the loop."""
    call = looped.frame.scope.tree.at(commit.start, commit.end)
    if call is None:
        raise RefusedError("the commit is no call")
    statement = _statement(looped, call)
    once.edits.append(_without(looped.frame.path, statement))
    once.before.append(spliced_row(statement))


def _after(looped: Looped, code: str, once: Once) -> None:
    at = row_end(looped.node)
    text = indented([code], indent_of(looped.node))
    bare = "" if looped.node.tree.data[:at].endswith(b"\n") else "\n"
    once.edits.append(Edit(Location(looped.frame.path, at, at), bare + text))


def _alone(looped: Looped, once: Once) -> Once:
    """Take the loop away where nothing is left in it."""
    path, frame = looped.frame.path, looped.frame
    gone = {each.location for each in once.edits}
    if len(gone) == len(frame.body) and not once.zipped:
        start, end = row_start(looped.node), row_end(looped.node)
        text = indented([*looped.before, *once.before], indent_of(looped.node))
        once.edits = [Edit(Location(path, start, end), text)]
        once.before, looped.before, looped.edits = [], [], []
    return once
