"""Statements that give a list of rows, and those that give a number for one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.asking import asking
from asyncfix.rewrites.batch.plain_rows import (
    Method,
    constants,
    method_at,
    opened_by,
    refuse_changed,
    sent_in,
)
from asyncfix.rewrites.batch.sql import parameters, scalar, tables
from asyncfix.rewrites.batch.texts import text_of
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.texts import Text
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_HOLE = re.compile(r"\{([^{}]*)\}")
_ALL = re.compile(
    r"\s*SELECT\s+(\*)\s+FROM\s+(\w+|\{self\.\w+\})\s+(WHERE|ORDER|LIMIT)\b", re.IGNORECASE
)
_MORE = re.compile(
    r"\b(union|intersect|except|group|having|join|window|distinct)\b|--|/\*|;", re.IGNORECASE
)
_MADE_OTHERWISE = re.compile(r"detect_types|register_converter|text_factory")
_ROWS = "columns"  # the parameter that a method gets which sends statements of others


@dataclass(frozen=True)
class Asked:
    """A method that gives one number for a key: its statement, and where the key goes in."""

    method: Method
    sql: str
    param: int
    opened: str

    @property
    def column(self) -> str:
        """Return the name that the number has as a column."""
        return self.method.name.strip("_")


@dataclass(frozen=True)
class Listing:
    """A method that sends the statement of a list; `call` is that of `method` by the one around."""

    asked: Asked
    method: Method
    text: Text
    table: str
    star: int
    key: str
    call: Node | None
    path: str  # of `call`

    def edits(self) -> list[Edit]:
        """Return the edits by which the statement has the number as a column more."""
        value = scalar(self.asked.sql, self.asked.param, f"+{self.table}.{self.key}")
        value = re.sub(r"\s*\n\s*", " ", value.strip())
        column = f"*, ({value}) AS {self.asked.column}"
        if self.call is None:
            return self.text.edits(self.method.path, [(self.star, self.star + 1, column)])
        if '"' in column:
            raise RefusedError("the statement cannot be written as a text")
        given = self.call.all("args")[-1]["value"].whole[1]
        prefix = "f" if "{" in self.table else ""
        return [
            *self.text.edits(self.method.path, [(self.star, self.star + 1, f"{{{_ROWS}}}")]),
            self._parameter(),
            Edit(Location(self.path, given, given), f', {_ROWS}={prefix}"{column}"'),
        ]

    def _parameter(self) -> Edit:
        """Return the edit that gives the method which sends a parameter for its columns."""
        params = self.method.node["params"]
        known = {each["name"].text for each in params.walk() if each.kind == "Param"}
        names = {each.text for each in scopes.names(self.method.node["body"])}
        stars = any(params.has(each) for each in ("star_arg", "star_kwarg"))
        if stars or params.all("kwonly_params") or _ROWS in known | names:
            raise RefusedError(f"`{self.method.name}` cannot take its columns")
        last = params.all("params")[-1]
        data = last.tree.data
        row = data[data.rfind(b"\n", 0, last.start) + 1 : last.start].decode()
        gap = f",\n{row}" if not row.strip() else ", "
        end = last["default"].whole[1] if last.has("default") else last.end
        told = ": str = " if last.has("annotation") else "="
        return Edit(Location(self.method.path, end, end), f'{gap}{_ROWS}{told}"*"')


def value_of(workspace: Workspace, method: Method, param: str) -> Asked:
    """Return the statement of a method that does nothing but give one number for a parameter."""
    call = sent_in(workspace, method)
    args = call.all("args")
    frame = method.frame(workspace)
    given = args[1]["value"] if len(args) == 2 else call
    elements = given.all("elements") if given.kind in ("Tuple", "List") else []
    if [each["value"].text for each in elements] != [param]:
        raise RefusedError("more than the key goes into the query")
    sql = text_of(frame.literal(args[0]["value"])).content
    holes = parameters(sql)
    if len(holes) != 1 or "{" in sql or "}" in sql:
        raise RefusedError("more than the key goes into the query")
    ask = asking(frame, call)
    name, returned = ask.variable, _returned(method)
    is_value = ask.subscript is not None and ask.subscript.raw == returned.raw
    if ask.names[-1:] != ["fetchone"] or not (is_value or returned.text == f"{name}[0]"):
        raise RefusedError("the method gives more than one number")
    if len(_statements(method)) - len(ask.dropped) > (1 if is_value else 2):
        raise RefusedError("the method does more than to ask")
    return Asked(method, sql, holes[0].start, opened_by(call))


def listing_of(workspace: Workspace, outer: Method, asked: Asked, key: str) -> Listing:
    """Return the statement by which a method gives rows; it may pass it on to another one."""
    method, call = outer, None
    if not any(e.name.endswith(".execute") for e in workspace.project.graph.asked[outer.number]):
        call = _returned(outer)
        call = call["expression"] if call.kind == "Await" else call
        method = _passed_on(workspace, outer, call)
    sending = sent_in(workspace, method)
    literal = method.frame(workspace).literal(sending.all("args")[0]["value"])
    text = text_of(literal)
    sql = _HOLE.sub(lambda hole: _filled(workspace, method, call, hole[1]), text.content)
    found, whole = _ALL.match(text.content), _ALL.match(sql)
    if found is None or whole is None or _MORE.search(sql):
        raise RefusedError("the statement of the list is more than a list of rows")
    if call is not None and literal.kind != "FormattedString":
        raise RefusedError("the statement of the list cannot take columns")
    if whole[2].lower() in tables(asked.sql) or opened_by(sending) != asked.opened:
        raise RefusedError("the list comes from another place")
    refuse_changed(workspace, method, key, asked.column)
    _refuse_known(workspace, asked.column)
    table = found[2]
    return Listing(asked, method, text, table, found.start(1), key, call, outer.path)


def _passed_on(workspace: Workspace, outer: Method, call: Node) -> Method:
    """Return the method that another one does nothing but call."""
    found = {
        edge.callee
        for edge in workspace.project.graph.edges[outer.number]
        if (edge.start, edge.end) == (call.start, call.end)
    }
    is_own = call.kind == "Call" and call["func"].text.startswith("self.")
    if not is_own or len(found) != 1 or len(_statements(outer)) != 1 or not call.all("args"):
        raise RefusedError("the rows come from too far away")
    return method_at(workspace, found.pop())


def _filled(workspace: Workspace, method: Method, call: Node | None, hole: str) -> str:
    """Return the text that stands in a statement for `{…}`."""
    if hole.startswith("self."):
        texts = constants(workspace, method, hole.removeprefix("self."))
        return texts[0] if len(texts) == 1 else "?"
    params = method.node["params"].all("params")[1:]
    names = [each["name"].text for each in params]
    if call is None or hole not in names:
        raise RefusedError("the statement of the list is made in too many steps")
    param = params[names.index(hole)]
    given = param["default"] if param.has("default") else None
    for index, each in enumerate(call.all("args")):
        if (each.has("keyword") and each["keyword"].text == hole) or (
            not each.has("keyword") and index == names.index(hole)
        ):
            given = each["value"]
    if given is None or given.kind != "SimpleString":
        raise RefusedError("the statement of the list is made in too many steps")
    return text_of(given).content


def _refuse_known(workspace: Workspace, column: str) -> None:
    """Refuse a name that a table may have, and values that are more than what SQLite gives."""
    known = re.compile(rf"[\"'\s,.(]{column}[\"'\s,)]")
    for path in workspace.files:
        text = workspace.text(path).text
        if known.search(text):
            raise RefusedError(f"`{column}` may be a column already")
        if "sqlite" in text and _MADE_OTHERWISE.search(text):
            raise RefusedError("values of SQLite become something else in Python")


def _returned(method: Method) -> Node:
    """Return what a method gives, which it does in one place."""
    found = [each for each in method.node["body"].own() if each.kind == "Return"]
    if len(found) != 1 or not found[0].has("value"):
        raise RefusedError(f"`{method.name}` gives its answer in several places")
    return found[0]["value"]


def _statements(method: Method) -> list[Node]:
    """Return the statements of a method, those in its `with` blocks in their place, no text."""
    found: list[Node] = []
    queue = scopes.block(method.node)
    while queue:
        first = queue.pop(0)
        if first.kind == "With":
            queue = [*scopes.block(first), *queue]
        elif first.children[0].kind != "Expr" or first.children[0]["value"].kind == "Call":
            found.append(first)
    return found
