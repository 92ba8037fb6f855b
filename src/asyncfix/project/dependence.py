"""What a value depends on: whether an expression is made, on any way, of one of some others."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from asyncfix.facts import FileFacts

_MOST = 4_000  # nodes that are looked at for one answer


class Values:
    """Answers for the expressions of one file."""

    def __init__(self, file: FileFacts) -> None:
        self.file = file
        self._below: dict[int, frozenset[int]] = {}

    @cached_property
    def _put(self) -> dict[int, list[int]]:
        """Return what is put into the containers that the file makes."""
        table: dict[int, list[int]] = {}
        for container, value in self.file.puts:
            for each in self._containers(container):
                table.setdefault(each, []).append(value)
        return table

    def _containers(self, node: int) -> Iterator[int]:
        """Yield the containers that a name may stand for."""
        parts = self.file.nodes[node]
        if parts[0] in _CONTAINERS:
            yield node
        elif parts[0] == facts.ANNOTATED:
            yield from self._containers(parts[2])
        elif parts[0] == facts.UNION:
            for each in parts[1]:
                yield from self._containers(each)

    def depends(self, node: int, sources: AbstractSet[int]) -> bool:
        """Tell whether a value is made of one of the sources, as far as the file says."""
        return node in sources or not self.below(node).isdisjoint(sources)

    def below(self, node: int) -> frozenset[int]:
        """Return the nodes that a value is made of."""
        found = self._below.get(node)
        if found is None:
            found = self._below[node] = frozenset(self._reached(node))
        return found

    def _reached(self, node: int) -> set[int]:
        nodes, functions, put = self.file.nodes, self.file.functions, self._put
        queue, seen = [node], set[int]()
        while queue and len(seen) < _MOST:
            at = queue.pop()
            known = self._below.get(at)
            if known is not None:
                seen |= known
                continue
            for each in (*_parts(nodes[at], functions), *put.get(at, ())):
                if each > 0 and each not in seen:
                    seen.add(each)
                    queue.append(each)
        return seen


def _parts(parts: Sequence[Any], functions: Sequence[facts.Function]) -> Iterator[int]:
    """Yield the nodes that a node is made of."""
    kind = parts[0]
    if kind == facts.CALL:
        yield parts[1]
        yield from parts[2]
        yield from parts[4]
    elif kind in _LISTS:
        yield from parts[1]
    elif kind in _FIRST:
        yield parts[1]
    elif kind in _BOTH:
        yield parts[1]
        yield parts[2]
    elif kind == facts.LITERAL:
        yield from parts[2] if len(parts) > 2 else ()
    elif kind == facts.PREFIX:
        yield parts[1]
        yield from parts[3] if len(parts) > 3 else ()
    elif kind == facts.OUTER:
        yield from functions[parts[1]].captured.get(parts[2], ())
    elif kind == facts.FUNCTION:
        yield from functions[parts[1]].results


_CONTAINERS = frozenset((facts.EMPTY, facts.DICT, facts.SEQUENCE))
_LISTS = frozenset((facts.UNION, facts.SEQUENCE, facts.TUPLE, facts.DICT, facts.MADE))
_FIRST = frozenset(
    (
        *(facts.ATTR, facts.AWAIT, facts.ELEMENT, facts.AELEMENT),
        *(facts.ENTERED, facts.AENTERED, facts.UNPACKED),
    )
)
_BOTH = frozenset((facts.ITEM, facts.BINARY, facts.ANNOTATED))
