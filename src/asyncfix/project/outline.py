"""What other files can see of a file: everything but the places and order of what its functions do.

When a file has changed but its outline has not, what was found out about the rest of the project
still holds, and only the changed file needs to be looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.heads import Head, head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.facts import FileFacts, Function

Shapes = dict[tuple[Any, ...], int]


class Difference(NamedTuple):
    """What has changed about a file that others can see.

    `seen` is whether anything has that they read of it; besides, the functions that the module
    gained, what is defined now or no longer, with its decorators, the names that are called or
    set otherwise, and whether containers are filled otherwise.
    """

    seen: bool
    gained: frozenset[str]
    defined: frozenset[tuple[str, str]]
    called: frozenset[str]
    set: frozenset[str]
    puts: bool


def difference(old: FileFacts, new: FileFacts, promised: Iterable[str]) -> Difference | None:
    """Return how two states of a file differ for others; None if the project's structure does.

    `promised` are the names of methods by which classes may fit a protocol.
    """
    if old.error or new.error or old.stars != new.stars:
        return None
    shapes: Shapes = {}
    before, after = _Outline(old, shapes), _Outline(new, shapes)
    if before.structure(promised) != after.structure(promised):
        return None
    heads = head(old), head(new)
    called, more = before.calls(), after.calls()
    sets, new_sets = before.sets(), after.sets()
    names, more_names = before.names(), after.names()
    count = len(old.functions)
    gained = {f.name for f in new.functions[count:]} & (more_names.keys() - names.keys())
    seen = (
        before.classes() != after.classes()
        or before.functions(count) != after.functions(count)
        or names != {name: more_names[name] for name in more_names.keys() - gained}
    )
    return Difference(
        seen,
        frozenset(gained),
        frozenset(_defined(heads[0]) ^ _defined(heads[1])),
        frozenset(name for name in {*called, *more} if called.get(name) != more.get(name)),
        frozenset(name for each in sets ^ new_sets for name in (f".{each[0]}", each[1])),
        before.puts() != after.puts(),
    )


def _defined(file: Head) -> set[tuple[str, str]]:
    """Return what a file defines, and how its functions are decorated."""
    decorated = {(name, decorator) for decorator, _, name in file.decorated}
    return decorated | {(name, "") for name in file.defines}


class _Outline:
    """Compares by shape: equal expressions have equal numbers, wherever they stand in a pool."""

    def __init__(self, file: FileFacts, shapes: Shapes) -> None:
        self.file = file
        self.numbers: list[int] = []
        for node in file.nodes:
            key = (node[0], *(self._part(node[0], at, part) for at, part in enumerate(node[1:])))
            self.numbers.append(shapes.setdefault(key, len(shapes)))

    def _part(self, operator: int, at: int, part: Any) -> Any:  # noqa: ANN401 - as nodes hold
        if isinstance(part, list | tuple):
            if operator == facts.CALL and at == 2:
                return tuple(part)
            return tuple(self.numbers[each] if each > 0 else each for each in part)
        children = _CHILDREN.get(operator, ())
        return self.numbers[part] if at in children and part > 0 else (part, type(part))

    def _all(self, nodes: Iterable[int]) -> tuple[int, ...]:
        return tuple(self.numbers[node] for node in nodes)

    def structure(self, promised: Iterable[str]) -> list[tuple[Any, ...]]:
        """Return what the hierarchy of classes follows from."""
        wanted, functions = {*promised}, self.file.functions
        return [
            (
                each[:3],
                self._all(each.bases),
                {
                    (name, functions[at].flags & facts.ASYNC)
                    for name, at in each.methods.items()
                    if name in wanted
                },
            )
            for each in self.file.classes
        ]

    def functions(self, count: int) -> list[tuple[Any, ...]]:
        return [self._function(each) for each in self.file.functions[:count]]

    def _function(self, function: Function) -> tuple[Any, ...]:
        params = [
            (p.name, self.numbers[p.annotation], self.numbers[p.default], p.kind)
            for p in function.params
        ]
        captured = {name: self._all(nodes) for name, nodes in function.captured.items()}
        return (
            function[:5],
            params,
            self.numbers[function.returns],
            self._all(function.decorators),
            self._all(function.results),
            self._all(function.yields),
            captured,
            function.contract,
            self._all(function.holds[:: facts.HOLD]),
        )

    def classes(self) -> list[tuple[Any, ...]]:
        return [
            (
                self._all(each.decorators),
                each.methods,
                {name: self._all(values) for name, values in each.attributes.items()},
            )
            for each in self.file.classes
        ]

    def names(self) -> dict[str, tuple[int, ...]]:
        return {name: self._all(values) for name, values in self.file.names.items()}

    def puts(self) -> list[tuple[int, ...]]:
        return [self._all(each) for each in self.file.puts]

    def sets(self) -> set[tuple[Any, ...]]:
        return {
            (name, f"{last}.{name}", self.numbers[owner], self.numbers[value])
            for owner, name, value, last in self.file.sets
        }

    def calls(self) -> dict[str, list[int]]:
        return {
            name: sorted(self.numbers[node] for node in nodes)
            for name, nodes in self.file.calls.items()
        }


# which operands of an operator are nodes of the pool, counted from 0
_CHILDREN = {
    facts.ATTR: (0,),
    facts.CALL: (0,),
    facts.ITEM: (0, 1),
    facts.AWAIT: (0,),
    facts.LEFT: (0, 1),
    facts.BINARY: (0, 1),
    facts.MADE: (1,),
    facts.ELEMENT: (0,),
    facts.ENTERED: (0,),
    facts.UNPACKED: (0,),
    facts.ANNOTATED: (0, 1),
    facts.AELEMENT: (0,),
    facts.AENTERED: (0,),
    facts.PREFIX: (0,),
}
