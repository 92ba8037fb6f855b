"""The loop around a place: its items as something that can be gone through more than once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.code import indent_of, indented, plural, row_start
from asyncfix.rewrites.batch.frame import Frame, Once, assigned
from asyncfix.rewrites.batch.under import is_mutated
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.project.edges import Instance
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_DISPLAYS = ("List", "Tuple", "Set", "Dict", "ListComp", "SetComp", "DictComp", "SimpleString")
_MAKERS = frozenset("list sorted set dict tuple frozenset".split())  # noqa: SIM905 - a list has a line for each
_VIEWS = frozenset("all fetchall fetch split splitlines keys values items copy".split())  # noqa: SIM905 - as above
_AGAIN = frozenset(("enumerate", "zip", "reversed"))
_ANNOTATED = re.compile(
    r"(?:typing\.|collections\.abc\.)?"
    r"(list|List|Sequence|tuple|Tuple|set|Set|frozenset|dict|Dict|Collection|Mapping)\b"
)


@dataclass
class Looped:
    """A loop of the code, and the frame of what runs per item."""

    node: Node  # For, or a comprehension
    frame: Frame
    before: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    @property
    def statement(self) -> Node:
        """Return the statement before which something can run once."""
        return self.node if self.node.kind == "For" else self.node.statement

    def made(self, once: Once) -> list[Edit]:
        """Return all edits of the file by which the loop asks once."""
        statement, path = self.statement, self.frame.path
        indent = indent_of(statement)
        at = row_start(statement)
        rows = indented([*self.before, *once.before], indent)
        found = [Edit(Location(path, at, at), rows), *once.edits]
        return [*found, *(self._zipped(*once.zipped) if once.zipped else self.edits)]

    def _zipped(self, name: str, values: str) -> list[Edit]:
        """Return the edits of the head by which each item comes with its answer."""
        if self.frame.test:
            raise RefusedError("the comprehension leaves items out")
        head = self.node if self.node.kind == "For" else self.node["for_in"]
        target, over = head["target"], head["iter"]
        text = f"({target.text})" if target.kind == "Tuple" else target.text
        path = self.frame.path
        return [
            Edit(Location(path, *target.whole), f"{text}, {name}"),
            Edit(Location(path, *over.whole), f"zip({self.frame.items}, {values})"),
        ]


def loop_around(
    workspace: Workspace, path: str, instance: Instance, node: Node, scope: Node
) -> Looped:
    """Return the loop that runs a place per item; raise RefusedError where it is no plain one."""
    loop = _nearest(node, scope)
    head = loop if loop.kind == "For" else loop["for_in"]
    if head.is_async:
        raise RefusedError("the loop is asynchronous: its items come one by one")
    if loop.kind == "For" and loop.has("orelse"):
        raise RefusedError("the loop has an `else`")
    if loop.kind != "For" and head.has("inner_for_in"):
        raise RefusedError("the comprehension has two loops")
    test = "" if loop.kind == "For" else "".join(f" {each.text}" for each in head.all("ifs"))
    body = tuple(scopes.block(loop)) if loop.kind == "For" else tuple(_results(loop))
    target, names = head["target"], scopes.targets(head["target"])
    if not names or len(names) < len([e for e in target.walk() if e.kind == "Name"]):
        raise RefusedError("the loop assigns to something else than variables")
    frame = Frame(workspace, path, instance, scope, target.text, frozenset(names), "", test, body)
    frame.annotation = _annotation(scope, head["iter"]) if target.kind == "Name" else ""
    looped = Looped(loop, frame)
    _refuse_place(looped)
    _bind_items(looped, head["iter"])
    return looped


def _annotation(scope: Node, items: Node) -> str:
    """Return what the items are, where a parameter that holds them is annotated with that."""
    for each in scope["params"].walk():
        if each.kind == "Param" and each["name"].text == items.text and each.has("annotation"):
            text = each["annotation"]["annotation"].text
            found = re.fullmatch(rf"{_ANNOTATED.pattern}\[([\w.]+)\]", text)
            return found[2] if found else ""
    return ""


def _nearest(node: Node, scope: Node) -> Node:
    comprehension = node.comprehension
    below = node
    for each in node.parents:
        if comprehension is not None and each.raw is comprehension.raw:
            return each
        if each.kind == "For" and below.raw is each["body"].raw:
            return each
        if each.kind == "While":
            raise RefusedError("the loop goes on for as long as a test holds")
        if each.raw is scope.raw or each.kind == "Lambda":
            break
        below = each
    raise RefusedError("no loop of this function stands around the place")


def _results(comprehension: Node) -> list[Node]:
    if comprehension.kind == "DictComp":
        return [comprehension["key"], comprehension["value"]]
    return [comprehension["elt"]]


def _refuse_place(looped: Looped) -> None:
    statement = looped.statement
    if indent_of(statement).strip():
        raise RefusedError("the statement shares its row with another, or is an `elif`")
    if statement.kind == "While":
        raise RefusedError("the comprehension is the test of a loop")
    for each in looped.node.parents:
        if each.raw is statement.raw:
            break
        if each.kind == "Lambda" or (each.comprehension is not None and each.kind == "Call"):
            raise RefusedError("the loop stands in another one, or in a lambda")
    if looped.node.kind == "GeneratorExp" and _is_kept(looped.node):
        raise RefusedError("the generator may be asked later, or not to its end")


def refuse_again(looped: Looped) -> None:
    """Refuse a loop within another one: what asks before it would ask for each item of that."""
    statement = looped.statement
    if any(_runs_again(each, looped.frame.scope) for each in (statement, *statement.parents)):
        raise RefusedError("the loop stands in another one, which would ask for each of its items")


def _runs_again(node: Node, scope: Node) -> bool:
    """Tell whether a node stands in the body of a loop of a function over who knows how much."""
    above = node.parent
    if above is None or above.kind != "For" or node.raw is not above["body"].raw:
        return False
    return above.start > scope.start and above["iter"].kind not in ("List", "Tuple")


def _is_kept(generator: Node) -> bool:
    """Tell whether a generator is not used up at once by what it is passed to."""
    above = generator.parent
    call = above.parent if above is not None and above.kind == "Arg" else None
    if call is None or call.kind != "Call":
        return True
    name = call["func"].text.rpartition(".")[2]
    return name not in (
        *_MAKERS,
        "sum",
        "max",
        "min",
        "join",
        "gather",
        "fromkeys",
        "update",
        "extend",
    )


def _bind_items(looped: Looped, over: Node) -> None:
    """Find code that gives the items again, or bind them to a variable."""
    frame = looped.frame
    if _is_again(frame, over):
        frame.items = over.text
        return
    if over.kind == "Name" and not _rebound(looped, over.text):
        frame.items = over.text
        looped.before.append(f"{over.text} = list({over.text})")
        return
    wanted = plural(frame.target) if re.fullmatch(r"\w+", frame.target) else "items"
    name = frame.items = frame.free(wanted)
    code = over.text if is_collection(frame, over) else f"list({over.text})"
    looped.before.append(f"{name} = {code}")
    looped.edits.append(Edit(Location(frame.path, *over.whole), name))


def _rebound(looped: Looped, name: str) -> bool:
    """Tell whether a variable is no local one, or changes while the loop runs."""
    own = scopes.bound_by_function(looped.frame.scope)
    return name not in own or name in looped.frame.bound


def _is_again(frame: Frame, node: Node) -> bool:
    """Tell whether an expression gives the same items each time, at no cost."""
    if node.kind == "Name":
        is_changed = node.text in frame.bound or is_mutated(frame.body, node.text)
        return not is_changed and is_collection(frame, node)
    if node.kind == "Call":
        func, args = node["func"], node.all("args")
        if func.kind == "Name" and func.text in _AGAIN:
            return bool(args) and all(
                _is_again(frame, each["value"]) for each in args if not each.has("keyword")
            )
        if func.kind == "Attribute" and func["attr"].text in ("items", "keys", "values"):
            return func["value"].kind == "Name" and not is_mutated(frame.body, func["value"].text)
    return False


def is_collection(frame: Frame, node: Node, deep: int = 0) -> bool:
    """Tell whether an expression gives something that can be gone through more than once."""
    if node.kind in _DISPLAYS:
        return True
    if node.kind == "Await":
        return is_collection(frame, node["expression"], deep)
    if node.kind == "Call":
        func = node["func"]
        if func.kind == "Name" and func.text in _MAKERS:
            return True
        if func.kind == "Attribute" and func["attr"].text in _VIEWS:
            return True
        return bool(_ANNOTATED.match(_returned(frame, node)))
    if node.kind == "Name" and deep < 3:
        return _is_collection_variable(frame, node.text, deep)
    return False


def _is_collection_variable(frame: Frame, name: str, deep: int) -> bool:
    for each in frame.scope["params"].walk():
        if each.kind == "Param" and each["name"].text == name and each.has("annotation"):
            return bool(_ANNOTATED.match(each["annotation"]["annotation"].text))
    found = [
        each
        for each in frame.scope["body"].own()
        if (each.kind == "Assign" and name in assigned(each))
        or (
            each.kind in ("AnnAssign", "For", "NamedExpr", "AugAssign")
            and name in scopes.bound_by(each)
        )
    ]
    if not found:
        return False
    return all(
        (each.kind == "Assign" and is_collection(frame, each["value"], deep + 1))
        or (
            each.kind == "AnnAssign"
            and bool(_ANNOTATED.match(each["annotation"]["annotation"].text))
        )
        for each in found
    )


def _returned(frame: Frame, call: Node) -> str:
    """Return the annotation of what a call of the project's own function gives."""
    graph, workspace = frame.workspace.project.graph, frame.workspace
    callees = {
        edge.callee
        for edge in workspace.project.work.reach.outgoing[frame.instance]
        if (edge.start, edge.end) == (call.start, call.end)
    }
    texts = set()
    for number in callees:
        function = graph.function(number)
        tree = workspace.tree(Location(graph.path(number), function.start, function.end))
        node = tree.function(function.start) if tree else None
        if node is None or not node.has("returns"):
            return ""
        texts.add(node["returns"]["annotation"].text)
    return texts.pop() if len(texts) == 1 else ""
