"""Code that is run per item: what varies in it, and by which key an item asks."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.reach import NO_WORK
from asyncfix.rewrites.batch.code import plural
from asyncfix.rewrites.batch.under import is_grown, is_mutated, made_before, reached_under
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.findings import Edit, Import
    from asyncfix.project.edges import Asked, Edge, Instance
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_PURE = frozenset(
    """Name Attribute Subscript SubscriptElement Index SimpleString Integer Comparison
    ComparisonTarget BooleanOperation UnaryOperation Tuple Element""".split()  # noqa: SIM905 - a list has a line for each
)
_KEYWORDS = frozenset((*keyword.kwlist, *dir(builtins)))
_CASTS = frozenset(("str", "int"))
_PLAIN = re.compile(
    r"\w+(\.\w+)?"
)  # every item has such a key, whatever tests stand before its use
_TOTAL = re.compile(r"\w+\.get\(['\"]\w+['\"]\)")


@dataclass(frozen=True)
class Step:
    """A place in the code that asks a store: itself, or through what it calls."""

    start: int
    end: int
    asked: Asked | None
    edges: tuple[Edge, ...]


@dataclass
class Once:
    """What is done once for all items: rows of code before the loop, and edits in it.

    `notes` say what is assumed, `doubts` why only a human can tell that it is right. `raises` is
    the error that the loop raises where it did before.
    """

    before: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    zipped: tuple[str, str] | None = None  # a variable, and the list that it runs over
    raises: str = ""

    def add(self, other: Once) -> None:
        """Do what another one does as well."""
        self.before += other.before
        self.edits += [each for each in other.edits if each not in self.edits]
        self.imports += other.imports
        self.notes += [each for each in other.notes if each not in self.notes]
        self.doubts += [each for each in other.doubts if each not in self.doubts]
        self.zipped = self.zipped or other.zipped


@dataclass
class Frame:
    """The body of a loop, or of a function that is to be done for many values of a parameter.

    `target` is written in the head of the loop, `items` gives the items again and again.
    """

    workspace: Workspace
    path: str
    instance: Instance
    scope: Node
    target: str
    names: frozenset[str]
    items: str
    test: str
    body: tuple[Node, ...]
    annotation: str = ""  # of the parameter that is the item
    taken: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def bound(self) -> set[str]:
        """Return the names that are bound anew for each item."""
        return scopes.bound_in(self.body)

    @property
    def steps(self) -> list[Step]:
        """Return the places of the body that ask a store."""
        graph, reach = self.workspace.project.graph, self.workspace.project.work.reach
        spans = [(each.start, each.end) for each in self.body]

        def inside(start: int, end: int) -> bool:
            return any(begin <= start and end <= last for begin, last in spans)

        found = [
            Step(each.start, each.end, each, ())
            for each in graph.asked[self.instance]
            if each.query.kind not in NO_WORK and inside(each.start, each.end)
        ]
        calls: dict[tuple[int, int], list[Edge]] = {}
        for edge in reach.outgoing[self.instance]:
            if edge.callee in reach.reaching and inside(edge.start, edge.end):
                calls.setdefault((edge.start, edge.end), []).append(edge)
        found += [Step(*place, None, tuple(edges)) for place, edges in calls.items()]
        return sorted(found, key=lambda step: step.start)

    def varies(self, node: Node) -> bool:
        """Tell whether some code may give something else for each item."""
        changing = self.names | self.bound
        if any(each.text in changing for each in scopes.names(node)):
            return True
        written = {
            target["target"].text
            for part in self.body
            for each in (part, *part.own())
            if each.kind in ("Assign", "AugAssign", "AnnAssign")
            for target in (each.all("targets") or [each])
        }
        return any(each.kind == "Attribute" and each.text in written for each in node.walk())

    def names_library(self, *names: str) -> bool:
        """Tell whether the file imports one of some libraries."""
        imports = self.workspace.facts(self.path).imports
        return any(each.partition(".")[0] in names for each in imports)

    def varies_by_item(self, node: Node) -> bool:
        """Tell whether some code names the item, or what is made of it."""
        return any(each.text in self.names for each in scopes.names(node))

    def key(self, node: Node) -> str:
        """Return the code of an expression in terms of the item alone."""
        return self._key(node, 0)

    def _key(self, node: Node, deep: int) -> str:
        if deep > 3:
            raise RefusedError(f"`{node.text}` is made in too many steps")
        text = node.text
        for each in (node, *node.walk()):
            is_cast = each.kind == "Call" and each["func"].text in _CASTS
            is_field = each.kind == "Call" and _TOTAL.fullmatch(each.text)
            if each.kind not in _PURE and not is_cast and not is_field and each.kind != "Arg":
                raise RefusedError(f"`{text}` is more than a value of the item")
        own = self.bound
        for name in sorted(scopes.names(node), key=lambda each: -each.start):
            if name.text in own and name.text not in self.names:
                value = self._assigned(name)
                inner = self._key(value, deep + 1)
                at = name.start - node.start
                data = text.encode()
                text = (data[:at] + inner.encode() + data[at + len(name.text.encode()) :]).decode()
        return text

    def _assigned(self, name: Node) -> Node:
        """Return the one value that a variable of the body has."""
        assigns = [
            each
            for part in self.body
            for each in (part, *part.own())
            if each.kind == "Assign" and name.text in assigned(each)
        ]
        bindings = [
            each
            for part in self.body
            for each in (part, *part.own())
            if name.text in scopes.bound_by(each)
        ]
        if len(assigns) != 1 or len(bindings) != 1 or assigns[0].start > name.start:
            raise RefusedError(f"`{name.text}` depends on what the loop has found out before")
        if assigns[0].all("targets")[0]["target"].kind != "Name":
            raise RefusedError(f"`{name.text}` is unpacked in the loop")
        return assigns[0]["value"]

    def refuse_made(self, nodes: Iterable[Node], item: Node, dropped: Sequence[Node]) -> None:
        """Refuse code that uses what is bound anew for each item, but for the item's own key."""
        own = (self.bound | self.names) - scopes.bound_in(dropped)
        for node in (*nodes, *dropped):
            for each in scopes.names(node):
                inside = item.start <= each.start and each.end <= item.end
                if not inside and (each.text in own or is_grown(self.body, each.text)):
                    raise RefusedError(f"the query is made of `{each.text}`, as the item is")

    def is_tried(self, node: Node) -> bool:
        """Tell whether an error at a place is caught before the next item."""
        tops = [part.raw for part in self.body]
        below = node
        for each in (node, *node.parents):
            caught = each.kind in ("Try", "TryStar") and each.all("handlers")
            if caught and below.raw is each["body"].raw:
                return True
            if each.kind == "With" and "suppress" in each.text.partition(":")[0]:
                return True
            if each.raw in tops:
                return False
            below = each
        return False

    def keys_of(self, key: str, at: Node) -> tuple[str, list[str]]:
        """Return the variable that holds a key of every item, and the rows that make it."""
        if key in self.keys:
            return self.keys[key], []
        test = self.test
        if not _PLAIN.fullmatch(key):
            total = bool(_TOTAL.fullmatch(key))
            test += "".join(f" if {each}" for each in self._tests(at, total=total))
        if key == self.target and not test and re.fullmatch(r"\w+", self.items):
            self.keys[key] = self.items
            return self.items, []
        code = f"[{key} for {self.target} in {self.items}{test}]"
        known = made_before(code, self.items, self.scope, self.body[0])
        if known:
            self.keys[key] = known
            return known, []
        name = self.keys[key] = self.free(plural(_called(key)))
        return name, [f"{name} = {code}"]

    def _tests(self, at: Node, *, total: bool) -> list[str]:
        """Return the tests under which a place of the body is reached, outermost first.

        Where every item has a key (`total`), tests that must wait for the loop are left out.
        """
        found: list[str] = []
        for test, holds in reached_under(at, self.body):
            try:
                code = self._early(test)
            except RefusedError:
                if not total:
                    raise
            else:
                found.append(code if holds else f"not ({code})")
        return found[::-1]

    def _early(self, test: Node | None) -> str:
        """Return the code of a test that tells the same before the loop as in it."""
        if test is None or any(is_mutated(self.body, each.text) for each in scopes.names(test)):
            raise RefusedError("not every item asks, and the others may have no such key")
        code = self.key(test)
        return f"({code})" if test.kind == "IfExp" else code

    def free(self, *wanted: str) -> str:
        """Return the first name that nothing else in the function has, and reserve it."""
        names = [each if not each[:1].isdigit() else f"_{each}" for each in wanted]
        numbered = (f"{names[0]}_{number}" for number in count(2))
        name = next(each for each in chain(names, numbered) if each not in self._used)
        self.taken.add(name)
        return name

    @property
    def _used(self) -> set[str]:
        around = (each for each in self.scope.parents if each.kind == "FunctionDef")
        outermost = [self.scope, *around][-1]
        variables = {e.text for node in (outermost, self.scope) for e in scopes.names(node)}
        params = {each["name"].text for each in outermost.walk() if each.kind == "Param"}
        module = set(self.workspace.facts(self.path).names)
        return variables | params | module | self.taken | _KEYWORDS

    def literal(self, node: Node) -> Node:
        """Return the text that an expression is, also where a variable of the function holds it."""
        if node.kind != "Name":
            return node
        found = [each for each in self.scope["body"].own() if node.text in scopes.bound_by(each)]
        above = found[0].parent if len(found) == 1 else None
        return above["value"] if above is not None and above.kind == "Assign" else node


def _called(key: str) -> str:
    """Return a name for a key: `contact["id"]` is a `contact_id`."""
    words = re.findall(r"[A-Za-z_]\w*", key)
    words = [each for each in words if each not in ("self", "str", "int")]
    if len(words) > 1 and words[-1].startswith(words[-2]):
        words = words[-1:]
    name = "_".join(words[-2:]).strip("_")
    return re.sub(r"__+", "_", name) or "key"


def assigned(statement: Node) -> set[str]:
    """Return the variables to which an assignment gives its value."""
    return {n for each in statement.all("targets") for n in scopes.targets(each["target"])}


@dataclass(frozen=True)
class Called:
    """A call of a function of the project: where that is, and which argument is the item's."""

    edge: Edge
    path: str
    node: Node  # the function's
    param: Node
    given: Node
    flags: int

    @property
    def name(self) -> str:
        """Return the name of the parameter that is the item."""
        return self.param["name"].text

    @property
    def annotation(self) -> str:
        """Return the annotation of the parameter."""
        has = self.param.has("annotation")
        return self.param["annotation"]["annotation"].text if has else ""


def called_at(frame: Frame, start: int, end: int) -> Node:
    """Return the call at a place of the frame's function."""
    node = frame.scope.tree.at(start, end)
    if node is None or node.kind != "Call":
        raise RefusedError("what asks is no call")
    return node


def site_names(frame: Frame, node: Node) -> set[str]:
    """Return the full names of what a call of the frame's function calls outside the project."""
    workspace = frame.workspace
    project, file = workspace.project, workspace.files[frame.path]
    sites = project.graph.function(frame.instance).sites
    self_class = project.graph.instances[frame.instance][1]
    found: set[str] = set()
    for at in range(0, len(sites), facts.SITE):
        if (sites[at + 2], sites[at + 3]) == (node.start, node.end):
            parts = project.files[file].nodes[sites[at + 1]]
            if parts[0] == facts.CALL:
                types = project.typing.of(file, parts[1], self_class)
                found |= {project.typing.outside.canonical(t[1]) for t in types if t[0] == "X"}
    return found
