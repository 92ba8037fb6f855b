"""Reads that wait for one another although each has a connection of its own."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.edges import Asked, Edge
from asyncfix.project.reach import NO_WORK, Way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.edges import Instance
    from asyncfix.project.work import Work

Span = tuple[int, int]
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_SHARED = frozenset(("http", "database"))
_ASKS = frozenset(("get", "head", "options"))  # requests that change nothing
_DEEPEST = 4


class Waiting(NamedTuple):
    """A place that waits for an answer only once the `first` one is there."""

    instance: Instance
    first: Span
    start: int
    end: int
    way: Way


class Apart:
    """Finds them in coroutines, as far as the facts tell."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.graph = work.graph

    def found(self) -> Iterator[Waiting]:
        """Yield each read that follows another one; whether it needs it, the syntax tells."""
        seen = set()
        for number in range(len(self.graph.instances)):
            for found in self._in_function(number) if self.graph.is_async(number) else ():
                key = (self.graph.file_index(number), found.start, found.end)
                if key not in seen:
                    seen.add(key)
                    yield found

    def _in_function(self, number: Instance) -> Iterator[Waiting]:
        asked = [each for each in self.graph.asked[number] if each.query.kind not in NO_WORK]
        reaching = self.work.reach.reaching
        edges = [e for e in self.work.reach.outgoing[number] if e.callee in reaching]
        if len(asked) + len(edges) < 2:
            return
        steps: list[Asked | Edge] = sorted((*asked, *edges), key=lambda step: step.start)
        for first, second in pairwise(steps):
            if first.end <= second.start and self._way(first) is not None:
                way = self._way(second)
                if way is not None:
                    span = (first.start, first.end)
                    yield Waiting(number, span, second.start, second.end, way)

    def _way(self, step: Asked | Edge) -> Way | None:
        """Return the way to a read on a pool's own connection, if a step does nothing else."""
        if isinstance(step, Asked):
            return self._read(step)
        return self._within(step, 1) if step.kind == "await" else None

    def _within(self, edge: Edge, depth: int) -> Way | None:
        number, graph = edge.callee, self.graph
        function = graph.function(number)
        changes = function.flags & facts.GENERATOR or self.work.standing.changes(number)
        if depth > _DEEPEST or number == edge.caller or changes:
            return None
        ways = [self._read(each) for each in graph.asked[number]]
        reaching = self.work.reach.reaching
        inner = (each for each in self.work.reach.outgoing[number] if each.callee in reaching)
        ways += [self._within(each, depth + 1) for each in inner]
        if not ways or None in ways:
            return None
        way = ways[0]
        return way and way._replace(edges=(edge, *way.edges))

    def _read(self, asked: Asked) -> Way | None:
        owner, _, member = asked.name.rpartition(".")
        if not asked.awaited or owner not in self._pools:
            return None
        kind, text = self.work.reach.kind((), asked)
        if kind == "request" and member in _ASKS:
            return Way((), (), asked, kind, text)
        return Way((), (), asked, kind, text) if kind == "read" else None

    @cached_property
    def _pools(self) -> frozenset[str]:
        """Return the classes whose calls each take a connection of their own."""
        library = self.work.typing.library
        names = {
            name
            for name, client in library.clients.items()
            if client.awaits and client.pooled and client.kind in _SHARED and not client.at_once
        }
        made = (library.returns.get(name, "") for name in names)
        return frozenset(names.union(*(_NAME.findall(text) for text in made)) - {"awaitable"})
