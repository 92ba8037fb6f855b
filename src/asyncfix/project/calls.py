"""What calls give: functions by what they say or return, classes, wrappers, containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import argument
from asyncfix.project.trace import Memo
from asyncfix.project.types import is_lazy, is_vague, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types

_MANAGERS = frozenset(("contextmanager", "asynccontextmanager"))
_ELEMENT_OF = frozenset(
    ("get", "pop", "setdefault", "popleft", "get_nowait", "popitem", "__getitem__")
)
_CONTAINER_OF = frozenset(("values", "copy", "keys", "union", "difference"))


class Calls:
    """Evaluates calls; a call is told by its file, its node, and what `self` is there."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self._results = Memo(typing.trace, self._result, lambda _: ())
        self.by_kind: dict[str, Callable[[Type, int, Node, int], Types]] = {
            "F": self._of_function,
            "M": lambda callee, *_: self.result(callee[1], typing.hierarchy.context(callee)),
            "C": lambda callee, *_: (("I", callee[1]),),
            "X": self._of_outside,
            "V": self._of_wrapper,
            "R": self._of_partial,
            "I": lambda callee, *_: typing.members.called(callee, "__call__"),
            "E": lambda callee, *_: typing.given.by_method(callee[1], "__call__"),
            "B": _of_container,
        }

    def call(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what a call gives."""
        found: list[Type] = []
        for callee in self.typing.of(file, parts[1], self_class):
            found += self.of(callee, file, parts, self_class)
        return unique(found)

    def of(self, callee: Type, file: int, parts: Node, self_class: int) -> Types:
        """Return what calling a thing of this type gives."""
        give = self.by_kind.get(callee[0])
        return give(callee, file, parts, self_class) if give else ()

    def reaches(self, callee: Type, fid: int) -> bool | None:
        """Tell whether calling this runs a function: None if not, else whether `self` is bound."""
        kind = callee[0]
        if kind in "FM" and callee[1] == fid:
            return bool(kind == "M")
        if kind == "C" and self.typing.hierarchy.method(callee[1], "__init__") == fid:
            return True
        if kind == "V":
            inner = (self.reaches(each, fid) for each in callee[2])
            return next((each for each in inner if each is not None), None)
        return None

    # Functions

    def result(self, fid: int, self_class: int) -> Types:
        """Return what a call of a function gives."""
        return self._results((fid, self_class))

    def _result(self, key: tuple[int, int]) -> Types:
        fid, self_class = key
        self.typing.read(fid)
        is_async = self.typing.functions[fid][1].flags & facts.ASYNC
        if self.typing.decorators.names(fid) & _MANAGERS:
            return (("K", fid, self_class),)
        if self.typing.functions[fid][1].flags & facts.GENERATOR:
            return (("A" if is_async else "G", fid, self_class),)
        types = self._returned(fid, self_class)
        return (("W", types),) if is_async else types

    def _returned(self, fid: int, self_class: int) -> Types:
        typing = self.typing
        file, function = typing.functions[fid]
        declared = typing.annotations.of(file, function.returns, self_class, function.owner)
        lazy = is_lazy(declared)
        is_open = lazy or typing.hierarchy.is_abstract(declared) or is_vague(declared)
        if not is_open:
            return declared
        of = typing.of
        inferred = unique(t for node in function.results for t in of(file, node, self_class))
        if declared and lazy:
            # `-> Iterator[X]` may hide a generator, whose body runs where it is iterated
            return unique((*declared, *(each for each in inferred if each[0] in "GE")))
        return inferred or declared

    def _of_function(self, callee: Type, file: int, parts: Node, self_class: int) -> Types:
        result = self.result(callee[1], -1)
        return result or self._passed_through(callee[1], file, parts, self_class)

    def _passed_through(self, fid: int, file: int, parts: Node, self_class: int) -> Types:
        """Return what is passed for a parameter that a function returns."""
        at, function = self.typing.functions[fid]
        for node in function.results:
            result = self.typing.files[at].nodes[node]
            if result[0] == facts.PARAM and result[1] == fid - self.typing.first_function[at]:
                given = argument(parts, function, result[2], bound=False)
                return self.typing.of(file, given, self_class) if given > 0 else ()
        return ()

    # Other things

    def _of_wrapper(self, callee: Type, file: int, parts: Node, self_class: int) -> Types:
        inner = unique(t for each in callee[2] for t in self.of(each, file, parts, self_class))
        is_async = self.typing.functions[callee[1]][1].flags & facts.ASYNC
        if is_async and not any(each[0] == "W" for each in inner):
            return (("W", inner),)
        return inner

    def _of_partial(self, callee: Type, *_: object) -> Types:
        types, file, parts = callee[1:]
        return unique(t for each in types for t in self.of(each, file, parts, -1))

    def _of_outside(self, callee: Type, file: int, parts: Node, self_class: int) -> Types:
        name, given = callee[1], parts[2]
        if name == "functools.partial" and given:
            return (("R", self.typing.of(file, given[0], self_class), file, _bound_call(parts)),)
        if name == "builtins.type" and len(given) == 1:
            types = self.typing.of(file, given[0], self_class)
            return tuple(("C", each[1]) for each in types if each[0] == "I")
        return self.typing.given.by_call(callee, file, parts, self_class)


def _bound_call(parts: Node) -> Node:
    """Return the call that a `partial` amounts to, as far as it says."""
    return (parts[0], parts[2][0], tuple(parts[2][1:]), tuple(parts[3]), tuple(parts[4]))


def _of_container(callee: Type, *_: object) -> Types:
    name, elements = callee[1], callee[2]
    if name in _ELEMENT_OF:
        return tuple(elements)
    if name in _CONTAINER_OF:
        return (("S", elements),)
    if name == "items":
        return (("S", (("T", ((), elements)),)),)
    return ()
