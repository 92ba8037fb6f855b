"""Reads the function that builds a shared service on first use: what it builds, by which tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.rewrites.lifecycle.building import refuse_build
from asyncfix.rewrites.lifecycle.configurers import is_configured
from asyncfix.rewrites.lifecycle.reading import Reader, targets_of
from asyncfix.rewrites.lifecycle.registry import key_of, refuse_key
from asyncfix.rewrites.lifecycle.symbols import module_tree
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import Function, Lazy
    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_METHODS = frozenset(("classmethod", "staticmethod"))


@dataclass(frozen=True)
class Held:
    """The variable that keeps a service: of a module, a class, the accessor, or a dict's key."""

    scope: str
    name: str
    owners: frozenset[str] = frozenset()
    key: str = ""

    @property
    def tests(self) -> tuple[str, ...]:
        """Return how code asks whether a dict lacks the key, and then whether it has it."""
        return f"{self.key} not in {self.name}", f"{self.key} in {self.name}"

    def is_at(self, node: Node) -> bool:
        """Tell whether an expression is this variable."""
        if self.scope == "module":
            return node.kind == "Name" and node.text == self.name
        if self.scope == "registry":
            return node.text in (f"{self.name}[{self.key}]", f"{self.name}.get({self.key})")
        is_member = node.kind == "Attribute" and node["attr"].text == self.name
        return is_member and node["value"].text in self.owners

    def places(self, node: Node) -> Iterator[Node]:
        """Yield where some code reads or sets the variable."""
        if self.is_at(node):
            yield node
            return
        for child in node.children:
            yield from self.places(child)


@dataclass
class Accessor:
    """An accessor and what it does: `build` are the statements that make the service, in order.

    `flags` are variables that tell whether it is there, `locks` what is held meanwhile, `before`
    what runs at each call; others set the variable where it `is_configured`.
    """

    workspace: Workspace
    path: str
    lazy: Lazy
    function: Function
    node: Node
    held: Held
    flags: set[str] = field(default_factory=set)
    locks: set[str] = field(default_factory=set)
    before: list[Node] = field(default_factory=list)
    build: list[Node] = field(default_factory=list)
    is_configured: bool = False

    @property
    def name(self) -> str:
        """Return the name of the function."""
        return self.function.name

    @property
    def is_async(self) -> bool:
        """Tell whether it has to be awaited."""
        return bool(self.function.flags & facts.ASYNC)

    @property
    def awaits(self) -> bool:
        """Tell whether building the service awaits."""
        return bool(scopes.awaits(self.build))

    @property
    def is_apart(self) -> bool:
        """Tell whether it awaits nothing to build: a plain function then keeps the service."""
        return self.is_async and not self.awaits and self.held.scope == "module"

    @property
    def fid(self) -> int:
        """Return the number of the function."""
        typing = self.workspace.project.typing
        return typing.first_function[self.workspace.files[self.path]] + self.lazy.function

    @property
    def params(self) -> tuple[facts.Param, ...]:
        """Return the parameters, without `cls`."""
        has_class = self.function.owner >= 0 and not self.function.flags & facts.STATIC
        return self.function.params[1 if has_class else 0 :]

    @cached_property
    def assigned(self) -> list[Node]:
        """Return the statements that set the variable to what is built."""
        found = (each for part in self.build for each in (part, *part.walk()))
        kinds = ("Assign", "AnnAssign")
        unique = {each.start: each for each in found if each.kind in kinds}
        return [each for each in unique.values() if any(map(self.held.is_at, targets_of(each)))]

    @cached_property
    def value(self) -> Node:
        """Return what the variable is set to in the end."""
        return self.assigned[-1]["value"]


def accessor_of(workspace: Workspace, finding: Finding) -> Accessor:
    """Read the accessor of a finding; raise RefusedError where it does more than build once."""
    at = finding.location
    file = workspace.facts(at.path)
    lazy = next((e for e in file.lazies if (e.start, e.end) == (at.start, at.end)), None)
    if lazy is None:
        raise RefusedError("the test is not known any more")
    function = file.functions[lazy.function]
    node = module_tree(workspace, at.path).function(function.start)
    if node is None:
        raise RefusedError("the test stands outside of a function")
    held = _held(workspace, at.path, lazy, node)
    accessor = Accessor(workspace, at.path, lazy, function, node, held)
    _refuse_kind(accessor)
    Reader(accessor).read(scopes.block(node))
    refuse_build(accessor)
    if held.scope == "registry":
        refuse_key(accessor)
    accessor.is_configured = is_configured(accessor)
    return accessor


def _held(workspace: Workspace, path: str, lazy: Lazy, node: Node) -> Held:
    file = workspace.facts(path)
    function = file.functions[lazy.function]
    if lazy.scope == "module":
        return Held("module", lazy.name)
    if lazy.scope == "registry" and lazy.name.isidentifier():
        return Held("registry", lazy.name, key=key_of(node, lazy.name))
    owner, _, name = lazy.name.rpartition(".")
    if lazy.scope == "function" and owner == function.name:
        return Held("function", name, frozenset((owner,)))
    if lazy.scope == "class" and function.owner >= 0 and owner.isidentifier():
        cls = file.classes[function.owner]
        receiver = {function.params[0].name} if function.flags & facts.CLASSMETHOD else set()
        return Held("class", name, frozenset(receiver | {cls.name}))
    held = "a dict" if lazy.scope == "registry" else f"`{lazy.name}`"
    raise RefusedError(f"what is kept in {held} is no single service of one accessor")


def _refuse_kind(accessor: Accessor) -> None:
    function, node, name = accessor.function, accessor.node, accessor.name
    if function.flags & facts.GENERATOR:
        raise RefusedError(f"`{name}` is a generator")
    if name.startswith("__"):
        raise RefusedError(f"`{name}` makes the service, wherever its class is called")
    if function.parent > 0 and accessor.held.scope != "class":
        raise RefusedError(f"`{name}` stands within another function")
    strange = [each["decorator"].text for each in node.all("decorators")]
    strange = [each for each in strange if each not in _METHODS]
    if strange:
        raise RefusedError(f"`{name}` has the decorator `{strange[0]}`")
    if function.owner >= 0 and not function.flags & (facts.CLASSMETHOD | facts.STATIC):
        raise RefusedError(f"`{name}` is called on an instance")
