"""Which calls surely give a coroutine: of an `async def` that nothing replaces."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import binds
from asyncfix.project.trace import Memo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.modules import Definition
    from asyncfix.project.types import Node, Type

_DEEPEST = 8


class Coroutines:
    """Answers for calls; where anything about one is not known, it gives none."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self._kept: Memo[int, bool] = Memo(typing.trace, self._stays, lambda _: False)

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of the project's coroutine functions."""
        return frozenset(name for head in self.typing.files.heads for name in head.coroutines)

    def made(self, file: int, node: int) -> int:
        """Return the async function whose coroutine, or generator, a call surely gives, or -1."""
        parts = self.typing.files[file].nodes[node]
        if parts[0] != facts.CALL or not self._is_definite(file, parts[1], _DEEPEST):
            return -1
        types = self.typing.of(file, parts[1])
        found = [self.function(each) for each in types]
        if not found or min(found) < 0:
            return -1
        is_bound = types[0][0] == "M"
        called = self.typing.functions[found[0]][1]
        fits = types[0][0] not in "FM" or binds(parts, called, bound=is_bound)
        return found[0] if fits else -1

    def function(self, each: Type) -> int:
        """Return the async function that calling a thing of this type surely starts, or -1."""
        if each[0] == "V":
            return self.function(each[2][0]) if len(each[2]) == 1 else -1
        if each[0] not in "FM" or not self.stays(each[1]):
            return -1
        return int(each[1]) if each[0] == "F" or self._is_final(each[1], each[2]) else -1

    def stays(self, fid: int) -> bool:
        """Tell whether a function is async, and still is when its decorators have run."""
        return self._kept(fid)

    def _stays(self, fid: int) -> bool:
        file, function = self.typing.functions[fid]
        self._rests_on(file)
        return bool(function.flags & facts.ASYNC) and all(
            self.is_transparent(file, each) for each in function.decorators
        )

    def _rests_on(self, file: int) -> None:
        self.typing.trace.mask |= self.typing.trace.bits[file]

    # Decorators

    def is_transparent(self, file: int, decorator: int) -> bool:
        """Tell whether a coroutine function stays one under a decorator."""
        typing = self.typing
        parts = typing.files[file].nodes[decorator]
        makers = typing.of(file, parts[1]) if parts[0] == facts.CALL else ()
        types = typing.of(file, decorator)
        if any(each[0] == "X" and self._is_told(each) for each in (*makers, *types)):
            return True
        own = [each[1] for each in types if each[0] == "F"]
        return bool(own) and all(map(self._hands_back, own))

    def _is_told(self, each: Type) -> bool:
        outside, told = self.typing.outside, self.typing.library.transparent
        owners = outside.order(each[2]) if each[2] else (each[1].rpartition(".")[0],)
        return each[1] in told or any(f"{owner}.*" in told for owner in owners)

    def _hands_back(self, decorator: int) -> bool:
        """Tell whether a decorator of the project returns its function, or an async wrapper."""
        file, function = self.typing.functions[decorator]
        self._rests_on(file)
        index = decorator - self.typing.first_function[file]
        for node in function.results:
            parts = self.typing.files[file].nodes[node]
            if parts[0] == facts.PARAM and parts[1:] == (index, 0):
                return True
            if any(each[0] == "F" and self.stays(each[1]) for each in self.typing.of(file, node)):
                return True
        return False

    # Methods

    def _is_final(self, fid: int, cls: int) -> bool:
        """Tell whether a method is async in every class that may be meant, and no attribute."""
        typing = self.typing
        function = typing.functions[fid][1]
        below = typing.hierarchy.subclasses.get(cls, ())
        for each in (*typing.hierarchy.order(cls)[0], *below):
            file, facts_of = typing.classes[each]
            self._rests_on(file)
            nodes = typing.files[file].nodes
            values = facts_of.attributes.get(function.name, ())
            if any(nodes[value][0] != facts.FUNCTION for value in values):
                return False
        kinds = facts.ASYNC | facts.GENERATOR
        others = [typing.hierarchy.own_method(sub, function.name) for sub in below]
        return all(
            self.stays(other) and typing.functions[other][1].flags & kinds == function.flags & kinds
            for other in others
            if other >= 0
        )

    # Where all values of an expression are known

    def _is_definite(self, file: int, node: int, depth: int) -> bool:
        """Tell whether a callee can be nothing else than the functions that it is known to be."""
        parts = self.typing.files[file].nodes[node]
        kind = parts[0]
        if kind == facts.FUNCTION:
            return True
        if kind in (facts.GLOBAL, facts.IMPORT):
            return self._are_functions(self._definitions(file, parts), depth)
        if kind == facts.OUTER:
            captured = self.typing.files[file].functions[parts[1]].captured.get(parts[2], ())
            return bool(captured) and all(self._is_definite(file, n, 0) for n in captured)
        if kind != facts.ATTR:
            return False
        bases = self.typing.of(file, parts[1])
        return (
            bool(bases)
            and all(
                each[0] in "ICQ" or (each[0] == "P" and self._is_function_of(each, parts[2]))
                for each in bases
            )
            and self._is_known(file, parts[1], depth)
        )

    def _is_function_of(self, module: Type, name: str) -> bool:
        return self._are_functions(self.typing.modules.member(module, name), _DEEPEST)

    def _definitions(self, file: int, parts: Node) -> tuple[Definition, ...]:
        modules = self.typing.modules
        if parts[0] == facts.GLOBAL:
            return modules.lookup(file, parts[1])
        return modules.imported(file, parts[1], parts[2])

    def _are_functions(self, definitions: Iterable[Definition], depth: int) -> bool:
        found = list(definitions)
        return (
            bool(found)
            and depth > 0
            and all(
                each[0] == "N"
                and self._is_definite(int(str(each[1])), int(str(each[2])), depth - 1)
                for each in found
            )
        )

    def _is_known(self, file: int, node: int, depth: int) -> bool:
        """Tell whether the types of an expression are all that it can have, None apart."""
        parts = self.typing.files[file].nodes[node]
        kind = parts[0]
        if depth <= 0:
            return False
        if kind == facts.CONST:
            return parts[1] is None
        if kind in (facts.SUPER, facts.CLASS):
            return True
        if kind == facts.ANNOTATED:
            return bool(parts[1])
        if kind == facts.UNION:
            return all(self._is_known(file, each, depth - 1) for each in parts[1])
        if kind in (facts.AWAIT, facts.ENTERED, facts.AENTERED, facts.LEFT):
            return self._is_known(file, parts[1], depth - 1)
        if kind == facts.PARAM:
            return self._is_declared(file, parts)
        if kind in (facts.GLOBAL, facts.IMPORT):
            return self._are_known(self._definitions(file, parts), depth)
        if kind == facts.OUTER:
            captured = self.typing.files[file].functions[parts[1]].captured.get(parts[2], ())
            return bool(captured) and all(self._is_known(file, n, depth - 1) for n in captured)
        if kind == facts.CALL:
            return self._gives_known(file, parts[1], depth)
        return kind == facts.ATTR and self._holds_known(file, parts, depth)

    def _is_declared(self, file: int, parts: Node) -> bool:
        function = self.typing.files[file].functions[parts[1]]
        is_self = parts[2] == 0 and function.owner >= 0 and function.flags & facts.METHOD
        return bool(is_self or function.params[parts[2]].annotation)

    def _are_known(self, definitions: Iterable[Definition], depth: int) -> bool:
        return all(
            str(each[0]) in "PD"
            or (each[0] == "N" and self._is_known(int(str(each[1])), int(str(each[2])), depth - 1))
            for each in definitions
        )

    def _gives_known(self, file: int, callee: int, depth: int) -> bool:
        """Tell whether a call makes an instance, or is of a function that says what it returns."""
        for each in self.typing.of(file, callee):
            if each[0] in "FM":
                at, function = self.typing.functions[each[1]]
                self._rests_on(at)
                results = function.results
                if not function.returns and not (
                    results and all(self._is_known(at, node, depth - 1) for node in results)
                ):
                    return False
            elif each[0] != "C":
                return False
        return True

    def _holds_known(self, file: int, parts: Node, depth: int) -> bool:
        """Tell whether all that an attribute is given is known; a property counts as a call."""
        base, name = parts[1], parts[2]
        for each in self.typing.of(file, base):
            if each[0] == "P":
                if not self._are_known(self.typing.modules.member(each, name), depth):
                    return False
                continue
            if each[0] not in "IC":
                return False
            for cls in self.typing.hierarchy.order(each[1])[0]:
                at, facts_of = self.typing.classes[cls]
                self._rests_on(at)
                nodes = self.typing.files[at].nodes
                for value in facts_of.attributes.get(name, ()):
                    if nodes[value][0] == facts.FUNCTION:
                        function = self.typing.files[at].functions[nodes[value][1]]
                        if not function.returns:
                            return False
                    elif not self._is_known(at, value, depth - 1):
                        return False
        return self._is_known(file, base, depth - 1)
