"""What a name is bound to: variables of modules and functions, imports, definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.modules import BUILTINS
from asyncfix.project.types import unique

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types


class Names:
    """Evaluates expressions that consist of a name or a constant."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing

    def variable(self, file: int, parts: Node, _self: int) -> Types:
        """Return what a global or a builtin is."""
        name = parts[1]
        definitions = self.typing.modules.lookup(file, name)
        if not definitions:
            return (("X", f"builtins.{name}", ""),) if name in BUILTINS else ()
        types = self.defined(definitions)
        put = self.typing.put((file, name))
        return unique((*types, *put)) if put else types

    def defined(self, definitions: Iterable[tuple[object, ...]]) -> Types:
        """Return the types of what a name is defined to be."""
        typing = self.typing
        found: list[Type] = []
        for each in definitions:
            if each[0] == "N":
                at = (int(str(each[1])), int(str(each[2])))
                found += typing.of(*at)
                if at in typing.index.puts:
                    found += typing.put(at)
            elif each[0] == "X":
                found.append(("X", typing.outside.canonical(str(each[1])), ""))
            else:
                found.append(each)
        return unique(found)

    def imported(self, file: int, parts: Node, _self: int) -> Types:
        """Return what an import within a function binds."""
        return self.defined(self.typing.modules.imported(file, parts[1], parts[2]))

    def outer(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what a variable of an enclosing function is."""
        of = self.typing.of
        captured = self.typing.files[file].functions[parts[1]].captured.get(parts[2], ())
        return unique(each for node in captured for each in of(file, node, self_class))

    def function(self, file: int, parts: Node, _self: int) -> Types:
        """Return what a `def` binds, decorators included."""
        return self.typing.decorators.bound(self.typing.first_function[file] + parts[1])

    def class_(self, file: int, parts: Node, _self: int) -> Types:
        """Return what a `class` binds."""
        return (("C", self.typing.first_class[file] + parts[1]),)

    def literal(self, _file: int, parts: Node, _self: int) -> Types:
        """Return the builtin type of a literal."""
        return (("E", parts[1]),)

    def text(self, _file: int, _parts: Node, _self: int) -> Types:
        """Return the type of a text whose beginning is known."""
        return (("E", "str"),)

    def constant(self, _file: int, parts: Node, _self: int) -> Types:
        """Return the builtin type of a constant; None is taken for not given yet."""
        return () if parts[1] is None else (("E", parts[2]),)

    def super_(self, file: int, parts: Node, self_class: int) -> Types:
        """Return the class that `super()` stands in, and the one that `self` is of."""
        owner = self.typing.first_class[file] + parts[1]
        return (("Q", owner, self_class if self_class >= 0 else owner),)

    def last(self, file: int, node: int) -> str:
        """Return the last name of an expression, by which `x.state` and `y.state` are the same."""
        parts = self.typing.files[file].nodes[node]
        if parts[0] == facts.LEFT:
            return self.last(file, parts[1])
        if parts[0] in (facts.ATTR, facts.OUTER):
            return str(parts[2])
        if parts[0] == facts.GLOBAL:
            return str(parts[1])
        if parts[0] == facts.PARAM:
            return str(self.typing.files[file].functions[parts[1]].params[parts[2]].name)
        return ""
