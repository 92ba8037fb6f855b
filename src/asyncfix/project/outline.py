"""What other files can see of a file: everything but the places and order of what its functions do.

When a file has changed but its outline has not, what was found out about the rest of the project
still holds, and only the changed file needs to be looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.facts import FileFacts, Function

Shapes = dict[tuple[Any, ...], int]


class Gain(NamedTuple):
    """What a file has got besides what it had: functions, and calls that pass something."""

    functions: list[str]
    calls: list[int]


def gained(old: FileFacts, new: FileFacts, asked: frozenset[str]) -> Gain | None:
    """Return what a file has gained, or None if others can see more than that.

    `asked` holds the names of callables whose callers were asked what they pass.
    """
    if old.error or new.error or old.imports != new.imports or old.stars != new.stars:
        return None
    shapes: Shapes = {}
    before, after = _Outline(old, shapes), _Outline(new, shapes)
    count = len(old.functions)
    if before.classes() != after.classes() or before.functions(count) != after.functions(count):
        return None
    if before.puts() != after.puts() or before.sets() != after.sets():
        return None
    calls = after.new_calls(before, asked)
    if calls is None:
        return None
    names, more = before.names(), after.names()
    functions = [function.name for function in new.functions[count:]]
    if any(function.parent or function.owner >= 0 for function in new.functions[count:]):
        return None
    if any(more.get(name) != shape for name, shape in names.items()):
        return None
    if set(more) - set(names) - set(functions):
        return None
    return Gain(functions, calls)


def mentions(files: Iterable[FileFacts], names: Iterable[str]) -> bool:
    """Tell whether any file says one of these names."""
    wanted = set(names)
    if not wanted:
        return False
    for file in files:
        if not wanted.isdisjoint(file.names) or not wanted.isdisjoint(file.calls):
            return True
        for node in file.nodes:
            if node[0] in (facts.ATTR, facts.IMPORT, facts.GLOBAL):
                name = node[2] if node[0] == facts.ATTR else node[1]
                if name in wanted or (
                    node[0] == facts.IMPORT and name.rpartition(".")[2] in wanted
                ):
                    return True
    return False


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
        return self.numbers[part] if at in children and part > 0 else part

    def _all(self, nodes: Iterable[int]) -> tuple[int, ...]:
        return tuple(self.numbers[node] for node in nodes)

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
            self._called_params(function.sites),
        )

    def _called_params(self, sites: Sequence[int]) -> set[int]:
        nodes = self.file.nodes
        found = set()
        for at in range(1, len(sites), facts.SITE):
            parts = nodes[sites[at]]
            if parts[0] == facts.CALL and nodes[parts[1]][0] in (facts.PARAM, facts.OUTER):
                found.add(self.numbers[parts[1]])
        return found

    def classes(self) -> list[tuple[Any, ...]]:
        return [
            (
                each[:3],
                self._all(each.bases),
                self._all(each.decorators),
                each.methods,
                {name: self._all(values) for name, values in each.attributes.items()},
            )
            for each in self.file.classes
        ]

    def names(self) -> dict[str, tuple[int, ...]]:
        return {name: self._all(values) for name, values in self.file.names.items()}

    def puts(self) -> set[tuple[int, ...]]:
        return {self._all(each) for each in self.file.puts}

    def sets(self) -> set[tuple[Any, ...]]:
        return {(self.numbers[a], name, self.numbers[b]) for a, name, b, _ in self.file.sets}

    def new_calls(self, before: _Outline, asked: frozenset[str]) -> list[int] | None:
        """Return the calls of asked names that were not there before; None if one is gone."""
        found: list[int] = []
        for name in asked & (self.file.calls.keys() | before.file.calls.keys()):
            old = set(before._all(before.file.calls.get(name, ())))
            new = {self.numbers[node]: node for node in self.file.calls.get(name, ())}
            if old - new.keys():
                return None
            found += [node for shape, node in new.items() if shape not in old]
        return found


# which operands of an operator are nodes of the pool, counted from 0
_CHILDREN = {
    facts.ATTR: (0,),
    facts.CALL: (0,),
    facts.ITEM: (0, 1),
    facts.AWAIT: (0,),
    facts.BINARY: (0, 1),
    facts.ELEMENT: (0,),
    facts.ENTERED: (0,),
    facts.UNPACKED: (0,),
    facts.ANNOTATED: (0, 1),
    facts.AELEMENT: (0,),
    facts.AENTERED: (0,),
    facts.PREFIX: (0,),
}
