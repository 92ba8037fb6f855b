"""Relationships that a loop reads, asked for with the rows: `.options(selectinload(…))`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.batch.frame import assigned
from asyncfix.rewrites.batch.orm import begins_with_query, gap_before
from asyncfix.rewrites.batch.querysets import loaded_with
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.project.edges import Instance
    from asyncfix.project.lazy import LazyLoad
    from asyncfix.project.program import Project
    from asyncfix.project.responses import LazyAnswer
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_SAME = frozenset(("list", "tuple", "sorted", "reversed", "set", "enumerate"))
_GIVES = frozenset(("all", "scalars", "unique"))
_SENDS = frozenset(("execute", "exec", "scalars", "stream", "stream_scalars"))
_DEEPEST = 6
_MOST = 5  # callers that give rows to one function
_NOTE = "the relationships are read with the rows, in one more query for each"
Way = tuple[tuple[int, str], ...]


class Spot(NamedTuple):
    """Where a statement gives its rows: options go behind `node`, in a function of a file."""

    path: str
    scope: Node
    node: Node


class Code(NamedTuple):
    """A function of a file."""

    path: str
    scope: Node
    instance: Instance


def eager(workspace: Workspace, finding: Finding) -> Fix:
    """Return the fix that loads what a loop or an answer reads of its rows with them."""
    tree = workspace.tree(finding.location)
    node = tree.at(finding.location.start, finding.location.end) if tree else None
    if node is None or node.function is None:
        raise RefusedError("the loop that reads is not known any more")
    code, rows, ways = _read(workspace, finding, node, node.function)
    finder = _Finder(workspace)
    spots = list(dict.fromkeys(spot for each in rows for spot in finder.spots(code, each, 0)))
    edits: list[Edit] = []
    imports: list[Import] = []
    for spot in spots:
        text, more = _options(workspace, spot, ways)
        edits.append(Edit(Location(spot.path, spot.node.whole[1], spot.node.whole[1]), text))
        imports += more
    return Fix(
        title="Load the relationships with the rows",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(_NOTE,),
        strategy="batch",
        imports=tuple(dict.fromkeys(imports)),
    )


def _read(
    workspace: Workspace, finding: Finding, node: Node, scope: Node
) -> tuple[Code, list[Node], list[Way]]:
    """Return where rows are read, what gives them, and what is read of them."""
    where, project = finding.location, workspace.project
    loads = project.lazy_loads
    load = next((each for each in loads if _is_at(project, each, where)), None)
    if load is not None:
        ways = _ways([e for e in loads if e.instance == load.instance and e.loop == load.loop])
        return Code(where.path, scope, load.instance), [_items(node, scope)], ways
    answers = [each for each in project.lazy_answers if _is_at(project, each, where)]
    if not answers:
        raise RefusedError("the loop that reads is not known any more")
    returns = [e["value"] for e in scope["body"].own() if e.kind == "Return" and e.has("value")]
    shown: list[Way] = [((each.cls, each.name),) for each in answers]
    return Code(where.path, scope, answers[0].instance), returns, shown


def _is_at(project: Project, place: LazyLoad | LazyAnswer, where: Location) -> bool:
    same = (place.start, place.end) == (where.start, where.end)
    return same and project.graph.path(place.instance) == where.path


def _ways(loads: list[LazyLoad]) -> list[Way]:
    """Return the longest ways that a loop goes from its items, without those that others hold."""
    found = sorted({each.path for each in loads}, key=lambda way: (-len(way), str(way)))
    kept: list[Way] = []
    for way in found:
        if not any(other[: len(way)] == way for other in kept):
            kept.append(way)
    return sorted(kept, key=str)


def _items(node: Node, scope: Node) -> Node:
    """Return what the loop runs over that gives the item of an attribute."""
    root = node
    while root.kind == "Attribute":
        root = root["value"]
    for each in node.parents:
        heads = [each] if each.kind in ("For", "CompFor") else []
        if each.has("for_in"):
            heads = [each["for_in"]]
        for head in heads:
            if root.text in scopes.targets(head["target"]):
                return head["iter"]
        if each.raw is scope.raw:
            break
    raise RefusedError("what the loop runs over is not told in the function")


def _options(workspace: Workspace, spot: Spot, ways: list[Way]) -> tuple[str, list[Import]]:
    typing = workspace.project.typing
    if _is_queryset(spot.node):
        fields = [[(typing.classes[cls][1].name, name) for cls, name in way] for way in ways]
        return loaded_with(workspace, spot.node, fields), []
    load, imports = bound(workspace, spot.path, spot.scope, "sqlalchemy.orm", "selectinload")
    found = list(imports)
    texts = []
    for way in ways:
        text = ""
        for cls, name in way:
            home, told = typing.classes[cls]
            known = typing.modules.lookup(workspace.files[spot.path], told.name)
            places = [(int(str(e[1])), int(str(e[2]))) for e in known if e[0] == "N"]
            types = [t[:2] for place in places for t in typing.of(*place)]
            spelled, more = told.name, tuple[Import, ...]()
            if ("C", cls) not in types:
                module = typing.modules.name(home)
                spelled, more = bound(workspace, spot.path, spot.scope, module, told.name)
            found += more
            link = f"{load}({spelled}.{name})"
            text = f"{text}.{link.rpartition('.')[2] if '.' in load else link}" if text else link
        texts.append(text)
    gap = gap_before(spot.node) if spot.node.kind == "Call" else ""
    return f"{gap}.options({', '.join(texts)})", found


class _Finder:
    """Follows rows back to the statements that gave them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.graph = workspace.project.graph

    def spots(self, code: Code, node: Node, deep: int) -> Iterator[Spot]:
        """Yield where the statements end whose rows an expression gives."""
        if deep > _DEEPEST:
            raise RefusedError("the rows come from too far away")
        if node.kind == "Await":
            yield from self.spots(code, node["expression"], deep)
        elif node.kind == "Name":
            yield from self._named(code, node, deep)
        elif node.kind == "Call":
            yield from self._called(code, node, deep)
        else:
            raise RefusedError("where the rows come from is not told")

    def _called(self, code: Code, call: Node, deep: int) -> Iterator[Spot]:
        func, args = call["func"], call.all("args")
        name = func["attr"].text if func.kind == "Attribute" else func.text
        if _is_queryset(call):
            yield Spot(code.path, code.scope, call)
        elif func.kind == "Name" and name in _SAME and args:
            yield from self.spots(code, args[0]["value"], deep)
        elif func.kind == "Attribute" and name in _SENDS and args:
            yield Spot(code.path, code.scope, args[0]["value"])
        elif func.kind == "Attribute" and name in _GIVES:
            yield from self._given(code, func["value"], deep)
        elif begins_with_query(call):
            yield Spot(code.path, code.scope, call)
        else:
            yield from self._returned(code, call, deep)

    def _given(self, code: Code, receiver: Node, deep: int) -> Iterator[Spot]:
        """Yield the statement before `.all()`: a query, or what a result was asked with."""
        values = self._values(code, receiver) if receiver.kind == "Name" else [receiver]
        sent = [each for each in values if _is_sent(each)]
        if sent:
            for each in sent:
                yield from self.spots(code, each, deep + 1)
        elif receiver.kind == "Call" and receiver["func"].text.rpartition(".")[2] in _GIVES:
            yield from self.spots(code, receiver, deep + 1)
        elif receiver.kind in ("Name", "Call"):
            yield Spot(code.path, code.scope, receiver)
        else:
            raise RefusedError("where the rows come from is not told")

    def _named(self, code: Code, name: Node, deep: int) -> Iterator[Spot]:
        params = [each["name"].text for each in code.scope["params"].all("params")]
        values = self._values(code, name)
        if values and all(_is_built(each) or _is_query_of(each, name) for each in values):
            yield Spot(code.path, code.scope, name)
        elif len(values) == 1:
            yield from self.spots(code, values[0], deep + 1)
        elif not values and name.text in params:
            yield from self._passed(code, params.index(name.text), name.text, deep)
        else:
            raise RefusedError(f"`{name.text}` comes from several places")

    def _values(self, code: Code, name: Node) -> list[Node]:
        """Return what a variable of the function is set to."""
        nodes = list(code.scope["body"].own())
        found = [e for e in nodes if e.kind == "Assign" and name.text in assigned(e)]
        others = [e for e in nodes if e.kind in ("For", "CompFor", "AsName", "AnnAssign")]
        if any(name.text in scopes.bound_by(each) for each in others if each.kind != "CompFor"):
            raise RefusedError(f"`{name.text}` is set in another way than by `=`")
        return [each["value"] for each in found]

    def _returned(self, code: Code, call: Node, deep: int) -> Iterator[Spot]:
        """Yield the statements whose rows a function of the project returns."""
        callees = {
            edge.callee
            for edge in self.workspace.project.work.reach.outgoing[code.instance]
            if (edge.start, edge.end) == (call.start, call.end)
        }
        if len(callees) != 1:
            raise RefusedError("where the rows come from is not told")
        number = callees.pop()
        inner = self._code(number)
        returns = [e for e in inner.scope["body"].own() if e.kind == "Return" and e.has("value")]
        if not returns:
            raise RefusedError("where the rows come from is not told")
        for each in returns:
            yield from self.spots(inner, each["value"], deep + 1)

    def _passed(self, code: Code, index: int, name: str, deep: int) -> Iterator[Spot]:
        """Yield the statements whose rows callers pass for a parameter."""
        fid = self.graph.instances[code.instance][0]
        outgoing = self.workspace.project.work.reach.outgoing
        edges = {
            (self.graph.path(edge.caller), edge.start, edge.end): edge
            for calls in outgoing
            for edge in calls
            if self.graph.instances[edge.callee][0] == fid
            and not is_test(self.graph.path(edge.caller))
        }
        if not 0 < len(edges) <= _MOST:
            raise RefusedError(f"who passes `{name}` is not known, or too many do")
        for edge in edges.values():
            outer = self._code(edge.caller)
            call = outer.scope.tree.at(edge.start, edge.end)
            if call is None or call.kind != "Call":
                raise RefusedError(f"who passes `{name}` is not known")
            given = [each for each in call.all("args") if not each.has("keyword")]
            named = [e for e in call.all("args") if e.has("keyword") and e["keyword"].text == name]
            at = index - (1 if edge.bound else 0)
            if not named and not 0 <= at < len(given):
                raise RefusedError(f"`{name}` is not passed everywhere")
            yield from self.spots(outer, (named or given[at:])[0]["value"], deep + 1)

    def _code(self, number: Instance) -> Code:
        function, path = self.graph.function(number), self.graph.path(number)
        tree = self.workspace.tree(Location(path, function.start, function.end))
        node = tree.function(function.start) if tree else None
        if node is None:
            raise RefusedError("where the rows come from is no plain function")
        return Code(path, node, number)


def _is_sent(node: Node) -> bool:
    """Tell whether an expression is what a session gives for a statement."""
    while node.kind == "Await":
        node = node["expression"]
    if node.kind != "Call" or node["func"].kind != "Attribute":
        return False
    return node["func"]["attr"].text in _SENDS and bool(node.all("args"))


def _is_queryset(node: Node) -> bool:
    """Tell whether an expression is a queryset of Django, built of a model."""
    while node.kind == "Call" and node["func"].kind == "Attribute":
        node = node["func"]["value"]
    return bool(re.fullmatch(r"(?:\w+\.)*[A-Z]\w*\.objects", node.text))


def _is_built(node: Node) -> bool:
    """Tell whether an expression is a query that has not been sent."""
    is_call = node.kind == "Call" and node["func"].kind == "Attribute"
    return is_call and begins_with_query(node) and node["func"]["attr"].text not in _GIVES


def _is_query_of(node: Node, name: Node) -> bool:
    """Tell whether a variable is set to a query made of itself: `q = q.filter(…)`."""
    while node.kind == "Call" and node["func"].kind == "Attribute":
        if node["func"]["attr"].text in _GIVES | _SENDS:
            return False
        node = node["func"]["value"]
    return node.kind == "Name" and node.text == name.text
