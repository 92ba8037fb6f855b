"""Functions of the project that pass a statement on to a driver, for one row and for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Location
from asyncfix.rewrites.batch.raw import Sent, sent
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.project.edges import Edge, Instance
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node

_DICT = re.compile(r"dict\((\w+)\) if \1(?: is not None)? else None")
_DICTS = re.compile(r"\[dict\((\w+)\) for \1 in (\w+|_)\]")
_DEEPEST = 5


def wrapped(frame: Frame, edges: Sequence[Edge]) -> Sent | None:
    """Return what a function of the project does with a statement that it only passes on."""
    if len(edges) != 1:
        return None
    try:
        return _passed(frame, edges[0].callee, 0)
    except RefusedError:
        return None


def _passed(frame: Frame, number: Instance, deep: int) -> Sent | None:
    """Return how a function sends what it is given, with the sibling that gives all rows."""
    node = _node(frame, number)
    inner = _forwarded(node) if node is not None else None
    if node is None or inner is None or deep > _DEEPEST:
        return None
    graph, reach = frame.workspace.project.graph, frame.workspace.project.work.reach
    place = (inner.start, inner.end)
    asked = [each for each in graph.asked[number] if (each.start, each.end) == place]
    callees = {e.callee for e in reach.outgoing[number] if (e.start, e.end) == place}
    if asked:
        below: Sent | None = sent(asked[0].name)
    elif len(callees) == 1:
        below = _passed(frame, callees.pop(), deep + 1)
    else:
        below = None
    if below is None or below.gives not in ("row", "rows") or not below.driver.apart:
        return _value(node, inner, below)
    shape = _shape(node, inner)
    if shape is None:
        return None
    rows = _sibling(frame, number, node, inner, below, dicts=shape == "dict" or below.dicts)
    return Sent(below.driver, below.gives, rows, below.dicts or shape == "dict") if rows else None


def _value(node: Node, inner: Node, below: Sent | None) -> Sent | None:
    del node, inner, below
    return None


def _node(frame: Frame, number: Instance) -> Node | None:
    graph = frame.workspace.project.graph
    function = graph.function(number)
    tree = frame.workspace.tree(Location(graph.path(number), function.start, function.end))
    return tree.function(function.start) if tree else None


def _forwarded(function: Node) -> Node | None:
    """Return the call that gets the function's own statement and parameters, as they are."""
    params = function["params"]
    if not params.has("star_arg") or params["star_arg"].kind != "Param":
        return None
    plain = [each["name"].text for each in params.all("params")]
    rest = f"*{params['star_arg']['name'].text}"
    for each in function["body"].own():
        if each.kind == "Call":
            given = [f"{arg.word('star')}{arg['value'].text}" for arg in each.all("args")]
            if len(given) == 2 and given[1] == rest and given[0] in plain[-1:]:
                return each
    return None


def _shape(function: Node, call: Node) -> str | None:
    """Return what becomes of the answer: handed on as it `is`, or made a `dict`."""
    above = call.parent
    top = above if above is not None and above.kind == "Await" else call
    returns = [each for each in function["body"].own() if each.kind == "Return"]
    if len(returns) != 1 or not returns[0].has("value"):
        return None
    value = returns[0]["value"]
    if value.raw is top.raw:
        return "is"
    outer = top.parent
    code = " ".join(value.text.split())
    if outer is not None and outer.kind == "Assign":
        name = outer.all("targets")[0]["target"].text
        if code == name:
            return "is"
        one, many = _DICT.fullmatch(code), _DICTS.fullmatch(code)
        fits = (one and one[1] == name) or (many and many[2] == name)
        return "dict" if fits else None
    whole = value.start <= top.start and top.end <= value.end
    if whole:
        begin = top.start - value.start
        raw = value.text.encode()
        code = (raw[:begin] + b"_" + raw[begin + top.end - top.start :]).decode()
        return "dict" if _DICTS.fullmatch(" ".join(code.split())) else None
    return None


def _sibling(
    frame: Frame, number: Instance, node: Node, inner: Node, below: Sent, *, dicts: bool
) -> str:
    """Return the name of the function beside one that does the same for all rows."""
    if below.gives == "rows":
        return str(node["name"].text)
    graph = frame.workspace.project.graph
    path, function = graph.path(number), graph.function(number)
    home = function.qualname.rpartition(".")[0]
    receiver = inner["func"]["value"].text if inner["func"].kind == "Attribute" else ""
    wanted = f"{receiver}.{below.rows}" if receiver else below.rows
    for each in frame.workspace.facts(path).functions[1:]:
        if each.qualname.rpartition(".")[0] != home or each.qualname == function.qualname:
            continue
        tree = frame.workspace.tree(Location(path, each.start, each.end))
        other = tree.function(each.start) if tree else None
        call = _forwarded(other) if other is not None else None
        if other is None or call is None or call["func"].text != wanted:
            continue
        shape = _shape(other, call)
        if shape is not None and (shape == "dict" or below.dicts) == dicts:
            return str(other["name"].text)
    return ""
