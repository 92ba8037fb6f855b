"""What an annotation admits: names, aliases and generic types, as values of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.given import AWAITABLES
from asyncfix.project.trace import Memo
from asyncfix.project.types import SCALARS, is_lazy, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types

_SEQUENCES = (
    *("list", "List", "set", "Set", "frozenset", "FrozenSet", "deque", "Deque", "Collection"),
    *("Sequence", "MutableSequence", "Iterable", "Iterator", "Generator", "KeysView", "ValuesView"),
    *("AsyncGenerator", "AsyncIterator", "AsyncIterable"),
)
_MAPPINGS = (
    *("dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"),
    *("TTLCache", "LRUCache", "WeakValueDictionary", "ChainMap"),
)
_TRANSPARENT = frozenset(("Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired"))
_NOT_CLASSES = ("typing.", "builtins.", "collections.abc.")


class Annotations:
    """Reads annotations; `owner` is the index of the class that one stands in, for `Self`."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self._known = Memo(typing.trace, self._defined, lambda _: ())

    def annotated(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what a variable with an annotation and a value is."""
        declared = self.of(file, parts[1])
        value = self.typing.of(file, parts[2], self_class)
        if not declared:
            return value
        if value and (self.typing.hierarchy.is_abstract(declared) or is_lazy(declared)):
            return declared if set(value) == {("S", ())} else value
        return declared

    def of(self, file: int, node: int, self_class: int = -1, owner: int = -1) -> Types:
        """Return the types of values that an annotation admits."""
        if not node:
            return ()
        parts = self.typing.files[file].nodes[node]
        operator = parts[0]
        if operator == facts.GLOBAL:
            return self._named(file, parts[1], self_class, owner)
        if operator == facts.UNION:
            return self._any(file, parts[1], self_class, owner)
        if operator == facts.ITEM:
            return self._generic(file, parts, self_class, owner)
        if operator == facts.CLASS:
            return (("I", self.typing.first_class[file] + parts[1]),)
        if operator == facts.CONST and str(parts[1]).isidentifier():
            return self._named(file, str(parts[1]), self_class, owner) if parts[1] else ()
        if operator in (facts.ATTR, facts.IMPORT, facts.OUTER):
            return self._instances(self.typing.of(file, node))
        return self.of(file, parts[2], self_class, owner) if operator == facts.ANNOTATED else ()

    def _any(self, file: int, nodes: Sequence[int], self_class: int, owner: int) -> Types:
        return unique(each for n in nodes for each in self.of(file, n, self_class, owner))

    def _named(self, file: int, name: str, self_class: int, owner: int) -> Types:
        if name == "Self" and (self_class >= 0 or owner >= 0):
            return (
                ("I", self_class if self_class >= 0 else self.typing.first_class[file] + owner),
            )
        return self._known((file, name))

    def _defined(self, key: tuple[int, str]) -> Types:
        file, name = key
        found: list[Type] = []
        definitions = self.typing.modules.lookup(file, name)
        if not definitions and name in SCALARS:
            found.append(("E", name))
        for each in definitions:
            if each[0] == "N":
                found += self._alias(int(str(each[1])), int(str(each[2])))
            elif each[0] == "X":
                full = self.typing.outside.canonical(str(each[1]))
                found += self._instances((("X", full, ""),))
        return unique(found)

    def _alias(self, file: int, node: int) -> Types:
        """Return what a name means that is bound to a type, or made by `NewType` or `TypeVar`."""
        parts = self.typing.files[file].nodes[node]
        if parts[0] != facts.CALL:
            return self.of(file, node)
        made = self.typing.of(file, parts[1])
        if not any(each[0] == "X" and each[1].endswith((".NewType", ".TypeVar")) for each in made):
            return self._instances(self.typing.of(file, node))
        if len(parts[2]) > 1:
            return self.of(file, parts[2][1])
        return self.of(file, dict(zip(parts[3], parts[4], strict=True)).get("bound", 0))

    def _generic(self, file: int, parts: Node, self_class: int, owner: int) -> Types:
        typing = self.typing
        base, index = parts[1], parts[2]
        arguments = typing.files[file].nodes[index]
        nodes: Sequence[int] = arguments[1] if arguments[0] == facts.TUPLE else (index,)
        name = typing.names.last(file, base)
        if name in _TRANSPARENT:
            found = self.of(file, nodes[0], self_class, owner)
            is_silent = name == "Annotated" and not found
            return typing.parameters.provided(file, nodes[1:]) if is_silent else found
        if name == "Union":
            return self._any(file, nodes, self_class, owner)
        inner = [self.of(file, node, self_class, owner) for node in nodes]
        if name in ("tuple", "Tuple"):
            variadic = len(nodes) == 2 and typing.files[file].nodes[nodes[1]][0] == facts.LITERAL
            return (("S", inner[0]),) if variadic else (("T", tuple(inner)),)
        make = _GENERIC.get(name)
        return make(inner) if make else self.of(file, base, self_class, owner)

    def _instances(self, types: Types) -> Types:
        """Return values of what an annotation names; a function is named for what it gives."""
        found: list[Type] = []
        for each in types:
            if each[0] == "C":
                found.append(("I", each[1]))
            elif each[0] == "X":
                name = each[1].removeprefix("builtins.")
                given = self.typing.outside.result("", each[1])
                if name in SCALARS:
                    found.append(("E", name))
                elif given and name.rpartition(".")[2].islower():
                    found += self.typing.given.spelled(given, "")
                elif not each[1].startswith(_NOT_CLASSES):
                    found.append(("E", each[1]))
        return unique(found)


def _classes(inner: Sequence[Types]) -> Types:
    """Return what `type[X]` admits."""
    return tuple(
        ("C", each[1]) if each[0] == "I" else ("X", each[1], "")
        for each in inner[0]
        if each[0] in "IE"
    )


_GENERIC: dict[str, Callable[[Sequence[Types]], Types]] = {
    **dict.fromkeys(_SEQUENCES, lambda inner: (("S", inner[0]),)),
    **dict.fromkeys(_MAPPINGS, lambda inner: (("S", inner[-1]),)),
    **dict.fromkeys(AWAITABLES, lambda inner: (("W", inner[-1]),)),
    **dict.fromkeys(("type", "Type"), _classes),
    **dict.fromkeys(("Callable", "Literal"), lambda _: ()),
}
