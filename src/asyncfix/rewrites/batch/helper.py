"""Calls of the project's own functions in a loop: one call of their twins before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.code import indent_of, plural, spliced
from asyncfix.rewrites.batch.frame import Called
from asyncfix.rewrites.batch.twin import Twin
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncfix.project.edges import Edge
    from asyncfix.rewrites.batch.frame import Frame, Once, Step
    from asyncfix.syntax.tree import Node

    Ask = Callable[[Frame, Step, int], tuple[Once, str]]

_DEEPEST = 4


def called(frame: Frame, call: Node, edges: Sequence[Edge]) -> Called:
    """Return which function a call leads to, and the parameter that gets what is the item's."""
    graph, workspace = frame.workspace.project.graph, frame.workspace
    if len({graph.instances[edge.callee][0] for edge in edges}) != 1:
        raise RefusedError("the call may lead to several functions")
    edge = edges[0]
    if edge.kind not in ("call", "await") or call.kind != "Call":
        raise RefusedError("the helper is not simply called")
    function, path = graph.function(edge.callee), graph.path(edge.callee)
    tree = workspace.tree(Location(path, function.start, function.end))
    node = tree.function(function.start) if tree else None
    if node is None or node.function is not None:
        raise RefusedError("the helper is no function or method of its own")
    param, given = _item(frame, call, node, function.flags)
    return Called(edge, path, node, param, given, function.flags)


def _item(frame: Frame, call: Node, function: Node, flags: int) -> tuple[Node, Node]:
    """Return the one parameter that gets what varies, and what it gets."""
    if call["func"].kind == "Attribute" and frame.varies(call["func"]["value"]):
        raise RefusedError("the helper is a method of the item")
    params = function["params"].all("params")
    plain = params[1:] if flags & (facts.METHOD | facts.CLASSMETHOD) else params
    keywords = {
        each["name"].text: each for each in (*plain, *function["params"].all("kwonly_params"))
    }
    varying: list[tuple[Node | None, Node]] = []
    for index, arg in enumerate(call.all("args")):
        if not frame.varies(arg["value"]):
            continue
        if arg.word("star"):
            raise RefusedError("the arguments of the helper are unpacked")
        if arg.has("keyword"):
            varying.append((keywords.get(arg["keyword"].text), arg["value"]))
        else:
            varying.append((plain[index] if index < len(plain) else None, arg["value"]))
    if len(varying) != 1 or varying[0][0] is None:
        raise RefusedError("the helper gets more than one value of the item")
    return varying[0][0], varying[0][1]


def twin_once(frame: Frame, call: Node, to: Called, ask: Ask, deep: int) -> tuple[Once, str]:
    """Return what calls the helper's twin once, and the code that gives one item's answer."""
    if deep > _DEEPEST:
        raise RefusedError("the query is too many helpers away")
    twin = Twin(frame, to, ask, deep)
    once, answer = twin.written()
    frame.refuse_made([call], to.given, ())
    key = frame.key(to.given)
    keys, rows = frame.keys_of(key, call)
    once.before += rows
    path = frame.path
    if call["func"].kind == "Name":
        frame.taken.add(twin.name)
    edits = [
        _passed(path, to, twin.many, keys),
        *_renamed(frame, call, to, twin.name, once),
    ]
    above = call.parent
    top = above if above is not None and above.kind == "Await" else call
    if (top.kind == "Await") != to.node.is_async:
        raise RefusedError("the helper is started, not awaited")
    code = spliced(call.tree.data, top.start, top.end, edits)
    indent = indent_of(top.statement)
    code = "\n".join(row.removeprefix(indent) for row in code.split("\n"))
    outer = top.parent
    assigns = outer is not None and outer.kind == "Assign" and len(outer.all("targets")) == 1
    wanted = outer.all("targets")[0]["target"].text if outer is not None and assigns else ""
    wanted = wanted if re.fullmatch(r"\w+", wanted) else to.node["name"].text.strip("_")
    by_name, many = f"{wanted}_by_{to.name}", plural(wanted)
    found = frame.free(*([by_name, many] if many.startswith("all_") else [many, by_name]))
    once.before.append(f"{found} = {code}")
    if twin.kind == "list":
        name = frame.free(_single(wanted, assigns=assigns))
        once.zipped = (name, found)
        text = name
    elif twin.kind == "mapping":
        text = re.sub(rf"\b{twin.by}\b", found, answer)
        text = re.sub(rf"\b{to.name}\b", lambda _: key, text)
    else:
        text = f"{found}[{key}]"
    once.edits.append(Edit(Location(path, *top.whole), text))
    return once, text


def _passed(path: str, to: Called, name: str, keys: str) -> Edit:
    """Return the edit that passes all keys in the place of one."""
    start, end = to.given.whole
    given = to.given.parent
    if given is not None and given.kind == "Arg" and given.has("keyword"):
        return Edit(Location(path, given.start, end), f"{name}={keys}")
    return Edit(Location(path, start, end), keys)


def _single(wanted: str, *, assigns: bool) -> str:
    return f"one_{wanted}" if assigns else wanted


def _renamed(frame: Frame, call: Node, to: Called, name: str, once: Once) -> list[Edit]:
    """Return the edit that names the twin in a call."""
    func, path = call["func"], frame.path
    if func.kind == "Attribute":
        return [Edit(Location(path, func["attr"].start, func["attr"].end), name)]
    spelled = name
    if to.path != path:
        project = frame.workspace.project
        module = project.typing.modules.name(frame.workspace.files[to.path])
        spelled, imports = bound(frame.workspace, path, frame.scope, module, name)
        once.imports += imports
    return [Edit(Location(path, func.start, func.end), spelled)]
