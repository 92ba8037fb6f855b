"""Statements of SQLAlchemy that are built by calls: what they select, and what they compare."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.frame import assigned
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_FILTERS = frozenset(("filter", "where"))
_LINKS = frozenset(
    """filter where filter_by order_by limit options join outerjoin select_from
    execution_options""".split()  # noqa: SIM905 - a list has a line for each
)
_DEEPEST = 3  # bases of bases in which a primary key is looked for


class Chain(NamedTuple):
    """A statement that is built by calls: `base` is `query(…)` or `select(…)`, `links` the rest.

    `model` is what the base selects where another function of the project calls it.
    """

    base: Node
    links: tuple[Node, ...]
    dropped: tuple[Node, ...]
    model: str = ""

    def named(self, name: str) -> list[Node]:
        """Return the calls of a method."""
        return [each for each in self.links if each["func"]["attr"].text == name]

    @property
    def last(self) -> Node:
        """Return the call with which the statement ends."""
        return self.links[-1] if self.links else self.base

    @property
    def selected(self) -> list[Node]:
        """Return what is selected."""
        args = self.base.all("args")
        if any(each.word("star") or each.has("keyword") for each in args):
            raise RefusedError("what the query selects is not plain")
        return [each["value"] for each in args]

    @property
    def entity(self) -> str:
        """Return the code of the one thing that is selected; empty if there are several."""
        if self.model:
            return self.model
        return self.selected[0].text if len(self.selected) == 1 else ""


class Key(NamedTuple):
    """Where a statement asks for one item: the edit that makes it ask for all of some keys.

    `text` has `{}` for the condition, `value` is what the item is asked by.
    """

    start: int
    end: int
    text: str
    column: str
    value: Node

    @property
    def model(self) -> str:
        """Return the code of the model whose column is compared."""
        return self.column.rpartition(".")[0]

    @property
    def attribute(self) -> str:
        """Return the name of the column."""
        return self.column.rpartition(".")[2]

    def edit(self, path: str, keys: str, *, nulls: bool) -> Edit:
        """Return the edit that asks for keys; with `nulls`, None is one: it was `IS NULL`."""
        text = f"{self.column}.in_({keys})"
        if nulls:
            text = f"{text} if None not in {keys} else {text} | {self.column}.is_(None)"
        return Edit(Location(path, self.start, self.end), self.text.format(text))


def unrolled(frame: Frame, node: Node, *, legacy: bool) -> Chain:
    """Take a statement apart, through a variable that only holds it."""
    links: list[Node] = []
    dropped: list[Node] = []
    model = ""
    while True:
        if node.kind == "Name":
            statement = _held(frame, node)
            dropped.insert(0, statement.statement)
            node = statement["value"]
            continue
        if node.kind != "Call":
            raise RefusedError("how the query is built is not told here")
        name = node["func"].text.rpartition(".")[2]
        if legacy and name == "query":
            model = "" if node.all("args") else _model_of(frame, node)
            break
        if name == "select" and not legacy:
            break
        if node["func"].kind != "Attribute":
            raise RefusedError("how the query is built is not told here")
        if name not in _LINKS:
            raise RefusedError(f"`{name}` may mean another thing for many items")
        links.insert(0, node)
        node = node["func"]["value"]
    return Chain(node, tuple(links), tuple(dropped), model)


def _held(frame: Frame, name: Node) -> Node:
    """Return the assignment of a variable that is used only once."""
    parts = [each for part in frame.body for each in (part, *part.own())]
    found = [each for each in parts if each.kind == "Assign" and name.text in assigned(each)]
    uses = [
        each
        for part in frame.body
        for each in scopes.names(part)
        if each.text == name.text and not scopes.is_target(each)
    ]
    if len(found) != 1 or len(uses) != 1 or found[0].all("targets")[0]["target"].kind != "Name":
        raise RefusedError(f"`{name.text}` is built in several steps")
    return found[0]


def _model_of(frame: Frame, call: Node) -> str:
    """Return what a function of the project called `query` selects, if it tells."""
    graph, workspace = frame.workspace.project.graph, frame.workspace
    callees = {
        edge.callee
        for edge in graph.edges[frame.instance]
        if (edge.start, edge.end) == (call.start, call.end)
    }
    for number in callees:
        function = graph.function(number)
        tree = workspace.tree(Location(graph.path(number), function.start, function.end))
        node = tree.function(function.start) if tree else None
        code = node["body"].text if node is not None else ""
        found = re.findall(r"\.query\(([\w.]+)\)", code)
        if len(found) == len(callees) == 1 and code.count("query(") == 1:
            return str(found[0])
    raise RefusedError("what the query selects is not plain")


def key_of(frame: Frame, chain: Chain, *, legacy: bool) -> Key:
    """Find the one condition that is about the item."""
    varying = [
        (link, arg)
        for link in (chain.base, *chain.links)
        for arg in link.all("args")
        if frame.varies(arg)
    ]
    if len(varying) != 1:
        raise RefusedError("more than one condition is about the item, or none")
    link, arg = varying[0]
    name = link["func"]["attr"].text if link["func"].kind == "Attribute" else ""
    if name == "filter_by" and arg.has("keyword"):
        return _by_keyword(chain, link, arg, method="filter" if legacy else "where")
    value = arg["value"]
    if name not in _FILTERS or value.kind != "Comparison" or len(value.all("comparisons")) != 1:
        raise RefusedError("the item is not simply compared with a column")
    comparison = value.all("comparisons")[0]
    sides = [value["left"], comparison["comparator"]]
    columns = [each for each in sides if not frame.varies(each)]
    is_plain = len(columns) == 1 and columns[0].kind == "Attribute"
    if comparison["operator"].kind != "Equal" or not is_plain:
        raise RefusedError("the item is not simply compared with a column")
    other = sides[1] if columns[0].raw is sides[0].raw else sides[0]
    column = columns[0].text
    return Key(value.start, value.end, "{}", column, other)


def _by_keyword(chain: Chain, link: Node, arg: Node, *, method: str) -> Key:
    model = re.sub(r"\.[a-z_]\w*\Z", "", chain.entity)  # of `select(Model.column)`
    if not re.fullmatch(r"[\w.]+", model):
        raise RefusedError("`filter_by` is about something else than a model")
    column = f"{model}.{arg['keyword'].text}"
    others = [each.text for each in link.all("args") if each.raw is not arg.raw]
    rest = f".filter_by({', '.join(each.rstrip(', ') for each in others)})" if others else ""
    text = f"{method}({{}}){rest}"
    return Key(link["func"]["attr"].start, link.end, text, column, arg["value"])


def primary_key(frame: Frame, model: str) -> str:
    """Return the attribute that is the primary key of a model."""
    name = model.rpartition(".")[2]
    workspace = frame.workspace
    found = workspace.kept(f"keys of {name}", 0, lambda: set(_primary_keys(workspace, name, 0)))
    if len(found) != 1:
        raise RefusedError(f"the primary key of `{model}` is not known")
    return next(iter(found))


def is_primary(frame: Frame, key: Key) -> bool:
    """Tell whether a column is the primary key of its model, and so has one row for a key."""
    name, workspace = key.model.rpartition(".")[2], frame.workspace
    return set(_primary_keys(workspace, name, 0)) == {key.attribute}


def may_be_null(frame: Frame, key: Key) -> bool:
    """Tell whether a column may hold NULL: unless its model says that it does not."""
    column = re.compile(
        rf"\s+{re.escape(key.attribute)}\s*(?::(?P<type>[^=]+?))?\s*(?:=(?P<made>.*))?", re.DOTALL
    )
    for rows, _ in classes(frame.workspace, key.model.rpartition(".")[2]):
        found = next(filter(None, map(column.fullmatch, rows)), None)
        if found:
            made, kind = found["made"] or "", found["type"] or ""
            if re.search(r"nullable\s*=\s*False|primary_key\s*=\s*True", made):
                return False
            return not kind or "None" in kind or "Optional" in kind or "nullable" in made
    return True


def _primary_keys(workspace: Workspace, name: str, deep: int) -> Iterator[str]:
    """Yield the attributes that the code of a class, or of its bases, makes primary keys."""
    for rows, bases in classes(workspace, name):
        keys = list(_keys_in(rows))
        yield from keys
        for base in re.findall(r"[\w.]+", bases) if not keys else ():
            if deep < _DEEPEST:
                yield from _primary_keys(workspace, base.rpartition(".")[2], deep + 1)


def classes(workspace: Workspace, name: str) -> Iterator[tuple[list[str], str]]:
    """Yield the rows of the bodies of classes of a name, and their bases."""
    head = re.compile(
        rf"^([ \t]*)class {re.escape(name)}\b(?:\(([^)]*)\))?.*:[ \t]*(?:#.*)?$", re.MULTILINE
    )
    for path in workspace.project.files.paths:
        text = workspace.text(path).text
        for found in head.finditer(text) if f"class {name}" in text else ():
            rest = text[found.end() + 1 :].split("\n")
            inner = takewhile(lambda row: _depth(row) > len(found[1]) or not row.strip(), rest)  # noqa: B023 - used at once
            yield list(inner), found[2] or ""


def _depth(row: str) -> int:
    return len(row) - len(row.lstrip())


def _keys_in(rows: list[str]) -> Iterator[str]:
    """Yield the attributes of a class that are made with `primary_key=True`."""
    name = ""
    for row in rows:
        made = re.match(r"\s+(\w+)\s*(?::[^=]*)?=(?!=)", row)
        if made and not row.strip().startswith("primary_key"):
            name = made[1]
        if name and re.search(r"\bprimary_key\s*=\s*True", row):
            yield name
