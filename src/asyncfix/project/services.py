"""What an expression makes: a client or service, which is to be shared, or just a value."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.heads import decorators

if TYPE_CHECKING:
    from asyncfix.packs import Client
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type

_DEEPEST = 5
_PLAIN = frozenset(("dataclass", "dataclasses", "define", "frozen", "attrs"))
_BUILT = frozenset(("create", "connect", "build", "open", "new", "make", "get_instance"))


class Made(NamedTuple):
    """What is made: its name, what the packs say of it, and its class in the project or -1."""

    name: str
    client: Client | None
    cls: int = -1


class Services:
    """Answers what expressions make."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.clients = typing.library.clients
        self.services = typing.library.services

    def made(self, file: int, node: int, self_class: int = -1, depth: int = 0) -> Made | None:
        """Return the service that evaluating an expression makes, or None."""
        if depth > _DEEPEST or node <= 0:
            return None
        parts = self.typing.files[file].nodes[node]
        kind = parts[0]
        if kind == facts.CALL:
            return self._called(file, node, parts, self_class, depth)
        inner: tuple[int, ...] = ()
        if kind == facts.UNION:
            inner = tuple(parts[1])
        elif kind in (facts.AWAIT, facts.ITEM, facts.ATTR):
            inner = (parts[1],)
        elif kind == facts.ANNOTATED:
            inner = (parts[2],)
        found = (self.made(file, each, self_class, depth + 1) for each in inner)
        return next((each for each in found if each), None)

    def given(self, file: int, node: int) -> Made | None:
        """Return the service of the project that a call gives, whoever has made it."""
        parts = self.typing.files[file].nodes[node]
        if parts[0] != facts.CALL:
            return None
        types = self.typing.of(file, node)
        known = [self.of_class(each[1]) for each in types if each[0] == "I"]
        return known[0] if known and len(known) == len(types) else None

    def _called(
        self, file: int, node: int, parts: Node, self_class: int, depth: int
    ) -> Made | None:
        for callee in self.typing.of(file, parts[1], self_class):
            found = self._by(callee, depth)
            if found:
                return found
        base = self.typing.files[file].nodes[parts[1]]
        if base[0] == facts.ATTR:
            # `Service().started()` gives, as far as is known, what it is called of
            below = self.typing.files[file].nodes[base[1]]
            if below[0] == facts.CALL and not self.typing.of(file, node, self_class):
                return self.made(file, base[1], self_class, depth + 1)
        return None

    def _by(self, callee: Type, depth: int) -> Made | None:
        """Return what a call of something makes."""
        if callee[0] == "X":
            return self._outside(str(callee[1]))
        if callee[0] == "C":
            return self.of_class(callee[1])
        if callee[0] in "FM":
            return self._returned(callee, depth)
        if callee[0] == "R":
            found = (self._by(each, depth + 1) for each in callee[1])
            return next((each for each in found if each), None)
        return None

    def _outside(self, name: str) -> Made | None:
        client = self.client(name)
        if client is not None:
            return Made(name, client)
        if name in self.services:
            return Made(name, None)
        parts = name.split(".")
        if parts[0] in sys.stdlib_module_names or self.typing.outside.is_value(name):
            return None
        at = next((at for at, part in enumerate(parts) if at and _is_class(part)), 0)
        if not at or (parts[at + 1 :] and not _makes(parts[-1])):
            return None
        return Made(".".join(parts[: at + 1]), None)

    def client(self, name: str) -> Client | None:
        """Return what the packs say of the client that calling something of this name makes."""
        found = self.clients.get(name)
        return found or self.clients.get(self.typing.outside.canonical(name))

    def of_class(self, cls: int) -> Made | None:
        """Return an instance of a class of the project, unless such instances are values."""
        typing = self.typing
        inside, outside = typing.hierarchy.order(cls)
        if any(self.typing.outside.is_value(each) for each in outside):
            return None
        if any(self._is_plain(each) for each in inside):
            return None
        known = any(self._acts(each) for each in inside)
        if not known and not any(each != "builtins.object" for each in outside):
            return None
        return Made(typing.classes[cls][1].name, None, cls)

    def _is_plain(self, cls: int) -> bool:
        file, facts_of = self.typing.classes[cls]
        nodes = self.typing.files[file].nodes
        for decorator in facts_of.decorators:
            parts = nodes[decorator]
            parts = nodes[parts[1]] if parts[0] == facts.CALL else parts
            if parts[0] in (facts.ATTR, facts.GLOBAL, facts.IMPORT):
                last = str(parts[2] if parts[0] == facts.ATTR else parts[1])
                if last.rpartition(".")[2] in _PLAIN:
                    return True
        return False

    def _acts(self, cls: int) -> bool:
        """Tell whether a class has methods that do something."""
        file, facts_of = self.typing.classes[cls]
        each = self.typing.files[file]
        for name, index in facts_of.methods.items():
            function = each.functions[index]
            is_own = not (name.startswith("__") and name != "__call__")
            is_value = "property" in decorators(each, function) and not function.sites
            if is_own and not is_value:
                return True
        return False

    def _returned(self, callee: Type, depth: int) -> Made | None:
        typing = self.typing
        file, function = typing.functions[callee[1]]
        typing.read(callee[1])
        context = typing.hierarchy.context(callee) if callee[0] == "M" else -1
        for node in (*function.results, *function.yields):
            found = self.made(file, node, context, depth + 1)
            if found:
                return found
        return None


def _is_class(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def _makes(method: str) -> bool:
    """Tell whether a method of a class is named like one that makes an instance."""
    return method in _BUILT or method.startswith(("from_", "create_", "connect_"))
