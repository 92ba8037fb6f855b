"""Statements before a query that give the same for every item, and can run once for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.batch.asking import ANSWERS
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.project.edges import Instance
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node

_LIBRARIES = ("sqlalchemy", "sqlmodel")
_UNFIT = frozenset(
    """Return Raise Break Continue Yield Global Nonlocal Del AugAssign AnnAssign With For
    NamedExpr""".split()  # noqa: SIM905 - a list has a line for each
)
_BLOCKS = frozenset(("If", "SimpleStatementLine"))
_OPERATORS = frozenset(
    """in_ not_in notin_ is_ is_not like ilike asc desc label contains startswith endswith
    between""".split()  # noqa: SIM905 - as above
)
_PLAIN = frozenset(
    """all any bool dict enumerate float frozenset int isinstance len list max min range set sorted
    str sum tuple zip""".split()  # noqa: SIM905 - as above
)
_GROWS = frozenset(("append", "add", "extend", "update"))
_WRITES = re.compile(r"\b(insert|update|delete|text)\(|\b(INSERT|UPDATE|DELETE|REPLACE)\b")


def prepared(frame: Frame, statements: Sequence[Node]) -> int:
    """Return how many of some statements, from the first on, may run once for all items.

    They only read, and what they bind or change are variables that only queries use then.
    """
    places = [(step.start, step.end) for step in frame.steps]
    own: set[str] = set()
    most = 0
    for index, statement in enumerate(statements[:-1]):
        own |= scopes.bound_in([statement])
        if frame.varies_by_item(statement) or not _only_reads(frame, statement, own):
            break
        later = statements[index + 1 :]
        used = [each for part in later for each in scopes.names(part) if each.text in own]
        inside = all(any(s <= e.start and e.end <= end for s, end in places) for e in used)
        if inside and not scopes.bound_in(later) & own:
            most = index + 1
    return most


def _only_reads(frame: Frame, statement: Node, own: set[str]) -> bool:
    """Tell whether a statement changes nothing but variables among `own`."""
    nodes = (statement, *statement.own())
    if statement.kind not in _BLOCKS or any(each.kind in _UNFIT for each in nodes):
        return False
    targets = {t["target"].kind for e in nodes if e.kind == "Assign" for t in e.all("targets")}
    calls = [each for each in nodes if each.kind == "Call"]
    return targets <= {"Name"} and all(_reads(frame, each, own) for each in calls)


def _reads(frame: Frame, call: Node, own: set[str]) -> bool:
    """Tell whether a call changes nothing but variables of the function itself."""
    for step in frame.steps:
        if (step.start, step.end) == (call.start, call.end):
            if step.asked is not None:
                return step.asked.query.kind == "read" or _selects(call.text)
            return _asks_only(frame, [edge.callee for edge in step.edges])
    func = call["func"]
    if func.kind == "Name":
        return func.text in _PLAIN or _is_from_library(frame, func.text)
    if func.kind != "Attribute":
        return False
    method, root = func["attr"].text, func["value"]
    if method in _GROWS:
        return root.kind == "Name" and root.text in own
    while root.kind in ("Attribute", "Call"):
        root = root["value" if root.kind == "Attribute" else "func"]
    if method in _OPERATORS | ANSWERS:
        return True
    return root.kind == "Name" and _is_from_library(frame, root.text)


def _is_from_library(frame: Frame, name: str) -> bool:
    """Tell whether a name is imported from a library whose functions only build statements."""
    typing, file = frame.workspace.project.typing, frame.workspace.files[frame.path]
    known = typing.modules.lookup(file, name)
    return any(str(part).partition(".")[0] in _LIBRARIES for each in known for part in each[1:])


def _asks_only(frame: Frame, callees: Sequence[Instance]) -> bool:
    """Tell whether functions, and what they call, ask stores for nothing but rows."""
    graph, reach = frame.workspace.project.graph, frame.workspace.project.work.reach
    queue, seen = list(callees), set[int]()
    while queue:
        number = queue.pop()
        if number in seen:
            continue
        seen.add(number)
        kinds = {each.query.kind for each in graph.asked[number]} - {"read"}
        function = graph.function(number)
        data = frame.workspace.text(graph.path(number)).data
        if kinds and not _selects(data[function.start : function.end].decode("utf-8", "replace")):
            return False
        if kinds - {"execute"}:
            return False
        queue += [edge.callee for edge in reach.outgoing[number]]
    return True


def _selects(code: str) -> bool:
    """Tell whether all statements in some code are made by `select`."""
    return "select(" in code and not _WRITES.search(code)
