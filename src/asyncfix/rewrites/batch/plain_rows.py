"""Rows that a method gives as dicts: which columns of the statement come through as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Location
from asyncfix.rewrites.batch.asking import asking
from asyncfix.rewrites.batch.frame import Frame
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.project.edges import Instance
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_SQLITE = ("sqlite3", "aiosqlite")
_MADE = re.compile(r"\[(dict|self\.\w+)\((\w+)\) for \2 in (\w+)\]")
_COPIED = re.compile(r"dict\((\w+)\)")
_TEXTS = re.compile(r"['\"](\w*)['\"]")


@dataclass(frozen=True)
class Method:
    """A method of the project; `number` is how the graph knows it."""

    number: Instance
    path: str
    node: Node
    qualname: str

    @property
    def name(self) -> str:
        """Return the name of the method."""
        return self.qualname.rpartition(".")[2]

    def frame(self, workspace: Workspace) -> Frame:
        """Return a frame of the whole body, in which nothing is an item."""
        body = tuple(scopes.block(self.node))
        return Frame(workspace, self.path, self.number, self.node, "", frozenset(), "", "", body)


def method_at(workspace: Workspace, number: Instance) -> Method:
    """Return a method of a class with nothing around its code that could change what it does."""
    graph = workspace.project.graph
    function, path = graph.function(number), graph.path(number)
    tree = workspace.tree(Location(path, function.start, function.end))
    node = tree.function(function.start) if tree else None
    if node is None or node.all("decorators") or not function.qualname.count(".") == 1:
        raise RefusedError("the rows come from no plain method of a class")
    return Method(number, path, node, function.qualname)


def sent_in(workspace: Workspace, method: Method) -> Node:
    """Return the one call of SQLite that a method makes."""
    asked = [
        each
        for each in workspace.project.graph.asked[method.number]
        if each.name.partition(".")[0] in _SQLITE and each.name.endswith(".execute")
    ]
    call = method.node.tree.at(asked[0].start, asked[0].end) if len(asked) == 1 else None
    if call is None or call.kind != "Call":
        raise RefusedError(f"`{method.name}` does not send one statement to SQLite")
    return call


def opened_by(call: Node) -> str:
    """Return the code that gives the connection of a call, in terms of `self`."""
    receiver = call["func"]["value"]
    if receiver.text.startswith("self."):
        return receiver.text
    for each in call.parents:
        for item in each.all("items") if each.kind == "With" else ():
            if item.has("asname") and item["asname"]["name"].text == receiver.text:
                return item["item"].text
    raise RefusedError("where the connection comes from is not told")


def refuse_changed(workspace: Workspace, method: Method, *columns: str) -> None:
    """Refuse a method unless the rows it returns are dicts that hold some columns as they are."""
    call = sent_in(workspace, method)
    ask = asking(method.frame(workspace), call)
    returns = [each for each in method.node["body"].own() if each.kind == "Return"]
    code = " ".join(returns[0]["value"].text.split()) if len(returns) == 1 else ""
    made = _MADE.fullmatch(code)
    if made is None or ask.names[-1:] != ["fetchall"] or ask.variable != made[3]:
        raise RefusedError(f"what `{method.name}` makes of its rows is not told")
    if made[1] != "dict":
        _refuse_maker(workspace, method, made[1].removeprefix("self."), set(columns))


def _refuse_maker(workspace: Workspace, method: Method, name: str, columns: set[str]) -> None:
    """Refuse a method that makes a dict of a row, unless it changes other columns alone."""
    found = [
        edge.callee
        for edge in workspace.project.graph.edges[method.number]
        if workspace.project.graph.function(edge.callee).name == name
    ]
    if len(set(found)) != 1:
        raise RefusedError(f"`{name}` is not known")
    maker = method_at(workspace, found[0])
    nodes = list(maker.node["body"].own())
    copies = [e for e in nodes if e.kind == "Assign" and _COPIED.fullmatch(e["value"].text)]
    target = copies[0].all("targets")[0]["target"] if len(copies) == 1 else None
    returns = [each["value"].text for each in nodes if each.kind == "Return" and each.has("value")]
    if target is None or target.kind != "Name" or set(returns) != {target.text}:
        raise RefusedError(f"`{name}` makes more of a row than a dict")
    for each in scopes.names(maker.node["body"]):
        if each.text == target.text and not _is_kept(workspace, method, each, columns):
            raise RefusedError(f"`{name}` makes more of a row than a dict")


def _is_kept(workspace: Workspace, method: Method, use: Node, columns: set[str]) -> bool:
    """Tell whether a use of the dict of a row leaves some columns as they are."""
    above = use.parent
    outer = above.parent if above is not None else None
    if above is None or outer is None or above.kind in ("Return", "AssignTarget"):
        return True
    if above.kind == "Attribute":
        return above["attr"].text == "get"
    if above.kind != "Subscript":
        return False
    if outer.kind not in ("AssignTarget", "AugAssign", "Del"):
        return True
    key = above.text.removeprefix(use.text).strip("[]")
    if _TEXTS.fullmatch(key):
        return key.strip("'\"") not in columns
    loops = [e for e in use.parents if e.kind == "For" and e["target"].text == key]
    over = loops[0]["iter"].text if loops else ""
    if not over.startswith("self."):
        return False
    return not columns & set(constants(workspace, method, over.removeprefix("self.")))


def constants(workspace: Workspace, method: Method, attribute: str) -> list[str]:
    """Return the texts that an attribute holds by the class that a method is called on."""
    typing, cls = workspace.project.typing, workspace.project.graph.instances[method.number][1]
    if cls < 0 or typing.hierarchy.subclasses.get(cls):
        raise RefusedError("other classes extend the one that gives the rows")
    row = re.compile(rf"^\s+{re.escape(attribute)}\s*(?::[^=\n]+)?=(.*)$", re.MULTILINE)
    for each in typing.hierarchy.order(cls)[0]:
        file, told = typing.classes[each]
        if attribute not in told.attributes:
            continue
        data = workspace.text(typing.files.paths[file]).data[told.start : told.end]
        made = row.findall(data.decode("utf-8", "replace"))
        known = len(told.attributes[attribute]) == len(made) == 1
        if known and not re.sub(r"['\"]\w*['\"]|[\s,()\[\]]", "", made[0]):
            return _TEXTS.findall(made[0])
        break
    raise RefusedError(f"what `{attribute}` is, is not told by the class")
