"""Where a project means one name of one module: by import, through a module, or in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.project.modules import Definition
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node, Tree

_DOTTED = re.compile(r"[A-Za-z_][\w.]*")


class Use(NamedTuple):
    """A use of a name: the code that means it, or the text that names it."""

    path: str
    node: Node
    is_text: bool = False

    @property
    def scope(self) -> Node | None:
        """Return the function or lambda that the use stands in."""
        return self.node.function

    @property
    def call(self) -> Node | None:
        """Return the call of what is meant, if it is called here."""
        above = self.node.parent
        is_called = above is not None and above.kind == "Call"
        return above if is_called and above["func"].raw is self.node.raw else None  # type: ignore[index]


def module_tree(workspace: Workspace, path: str) -> Tree:
    """Return the syntax of a whole file; it is parsed once."""
    return workspace.whole(path)


def uses(workspace: Workspace, home: str, name: str) -> Sequence[Use]:
    """Return every use of a name of a module, in all files; imports and its definition aside."""
    return workspace.kept(
        f"uses of {name}", workspace.files[home], lambda: tuple(_uses(workspace, home, name))
    )


def _uses(workspace: Workspace, home: str, name: str) -> Iterator[Use]:
    wanted = _Wanted(workspace, home, name)
    bare = name.encode()
    word = re.compile(rb"\b" + re.escape(bare) + rb"\b")
    for path in workspace.files:
        data = workspace.text(path).data
        if bare in data and word.search(data):  # the first test is much faster
            yield from wanted.uses_in(path)


@dataclass(frozen=True)
class _Wanted:
    workspace: Workspace
    home: str
    name: str

    @cached_property
    def definitions(self) -> frozenset[Definition]:
        modules = self.workspace.project.typing.modules
        return frozenset(modules.lookup(self.workspace.files[self.home], self.name))

    def uses_in(self, path: str) -> Iterator[Use]:
        bindings = Bindings(self.workspace, path)
        named = {
            bound
            for bound, (dotted, _) in bindings.all.items()
            if dotted.rpartition(".")[2] == self.name and self._is_meant(bindings.meant(bound))
        }
        if path == self.home:
            named.add(self.name)
        tree = module_tree(self.workspace, path)
        for node in tree.root.walk():
            if node.kind == "Name" and node.text in named and _is_variable(node, bindings):
                yield Use(path, node)
            elif node.kind == "Attribute" and node["attr"].text == self.name:
                if _DOTTED.fullmatch(node.text) and self._is_meant(bindings.meant(node.text)):
                    yield Use(path, node)
            elif node.kind == "SimpleString" and self._is_named(node, bindings):
                yield Use(path, node, is_text=True)

    def _is_meant(self, found: frozenset[Definition]) -> bool:
        return bool(found & self.definitions)

    def _is_named(self, node: Node, bindings: Bindings) -> bool:
        """Tell whether a text names it: in full, or as an attribute of the module beside it."""
        text = node.text.strip("\"'")
        if text.rpartition(".")[2] != self.name or not _DOTTED.fullmatch(text):
            return False
        if "." in text:
            return self._is_meant(bindings.outside(text))
        argument = node.parent
        call = argument.parent if argument is not None and argument.kind == "Arg" else None
        if call is None or call.kind != "Call" or len(call.all("args")) < 2:
            return False
        owner = call.all("args")[0]["value"].text
        return self._is_meant(bindings.meant(f"{owner}.{text}"))


def _is_variable(node: Node, bindings: Bindings) -> bool:
    """Tell whether a bare name is a variable of the module, and not of a function around it."""
    above = node.parent
    if above is None or above.kind in ("ImportAlias", "ImportFrom", "AsName"):
        return False
    if above.kind == "Attribute" and above["attr"].raw is node.raw:
        return False
    if above.kind in ("Arg", "Param", "FunctionDef", "ClassDef"):
        field = "keyword" if above.kind == "Arg" else "name"
        if above.has(field) and above[field].raw is node.raw:
            return False
    if above.kind == "NameItem":
        return above.parent is not None and above.parent.kind == "Global"
    for each in node.parents:
        if each.kind not in ("FunctionDef", "Lambda"):
            continue
        if _is_own(each, node) and node.text not in bindings.inner:
            return False
    return True


def _is_own(function: Node, node: Node) -> bool:
    """Tell whether a function has a variable of its own of a name that stands in its body."""
    inside = function["body"].start <= node.start
    name = node.text
    return inside and name in scopes.bound_by_function(function) - scopes.declared(function)


class Bindings:
    """What the imports of a file bind, and where dotted names in it lead to."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self.modules = workspace.project.typing.modules
        self.file = workspace.files[path]
        self.all: dict[str, tuple[str, int]] = {}
        self.plain: set[str] = set()
        self.inner: set[str] = set()
        for statement in workspace.imports(path).statements:
            level = len(statement.module) - len(statement.module.lstrip("."))
            base = statement.module.lstrip(".")
            for each, _ in statement.bindings():
                name = each.name if statement.is_from else each.module
                dotted = f"{base}.{name}" if base else name
                if not statement.is_from and not each.alias:
                    self.plain.add(name.partition(".")[0])
                else:
                    self.all[each.alias or name] = (dotted, level)
                if "def" in statement.within or "async" in statement.within:
                    self.inner.add(each.bound)

    def meant(self, dotted: str) -> frozenset[Definition]:
        """Return what a dotted name of the file leads to."""
        first, *rest = dotted.split(".")
        if first in self.all:
            found = self.modules.imported(self.file, *self.all[first])
        elif first in self.plain:
            return self.outside(dotted)
        else:
            found = self.modules.lookup(self.file, first)
        for part in rest:
            found = tuple(
                m for each in found if each[0] in ("P", "D", "X") for m in self._member(each, part)
            )
        return frozenset(found)

    def _member(self, each: Definition, part: str) -> tuple[Definition, ...]:
        return self.modules.member(each, part)

    def outside(self, dotted: str) -> frozenset[Definition]:
        """Return what a full name leads to, as an absolute import would find it."""
        return frozenset(self.modules.imported(self.file, dotted, 0))
