"""Work per item: what a loop asks of a store again and again, itself or through what it calls."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.dependence import Values
from asyncfix.project.guards import carried
from asyncfix.project.loops import Extent, Repeats
from asyncfix.project.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.project.edges import Asked, Edge, Guards, Instance
    from asyncfix.project.graph import Graph
    from asyncfix.project.loops import Loop

FEW = 3
_DEEPEST = 8
_MOST = 6  # ways that are kept for one call
_ONCE = (-1, facts.ONCE, True)
_CACHES = frozenset(
    "cache lru_cache cached cached_property alru_cache async_lru memoize memoized ttl_cache".split()  # noqa: SIM905 - a list has a line for each
)
_TASKS = frozenset(("task", "thread task"))
_QUERIES = ("read", "write", "execute")
_RANK = {"read": 0, "write": 0, "execute": 0, "insert": 1, "add": 1, "flush": 2, "commit": 3}
_SAVES = frozenset(("commit", "flush"))
_NO_WORK = frozenset(("pause", "limit", "none"))


class Way(NamedTuple):
    """A way from a function to what it asks, under guards as that function sees them."""

    guards: Guards
    edges: tuple[Edge, ...]
    asked: Asked
    kind: str
    statement: str


class PerItem(NamedTuple):
    """A place in a loop that asks a store once per item."""

    instance: Instance
    loop: Loop
    extent: int
    start: int
    end: int
    way: Way
    at_once: bool

    @property
    def rank(self) -> tuple[int, int]:
        """Order what is found at one place: queries before commits, then the shortest."""
        return (_RANK.get(self.way.kind, 0), len(self.way.edges))


class Work:
    """Finds what loops ask per item, in a graph that has grown."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing
        self._values: dict[int, Values] = {}
        self.extent = Extent(graph.typing, self.values)
        self._repeats: dict[Instance, Repeats] = {}
        self._looked: dict[tuple[Instance, Loop | None], frozenset[int]] = {}
        self._param_nodes: dict[int, dict[tuple[int, int], int]] = {}
        self._ways: dict[tuple[Instance, frozenset[int]], list[Way]] = {}

    @cached_property
    def outgoing(self) -> list[list[Edge]]:
        """Return the calls of every function: plain, awaited, spawned, and handed to threads."""
        graph = self.graph
        found = [[*graph.edges[n], *graph.aside[n]] for n in range(len(graph.instances))]
        for edges in graph.spawned.values():
            for edge in edges:
                found[edge.caller].append(edge)
        return found

    @cached_property
    def reaching(self) -> set[Instance]:
        """Return the functions that ask a store, or call one that does."""
        into: dict[Instance, list[Instance]] = defaultdict(list)
        for edges in self.outgoing:
            for edge in edges:
                into[edge.callee].append(edge.caller)
        queue = [
            number
            for number, asked in enumerate(self.graph.asked)
            if any(each.query.kind not in _NO_WORK for each in asked)
        ]
        found = set(queue)
        while queue:
            for caller in into[queue.pop()]:
                if caller not in found:
                    found.add(caller)
                    queue.append(caller)
        return found

    def values(self, file: int) -> Values:
        """Return what answers for the expressions of a file."""
        found = self._values.get(file)
        if found is None:
            found = self._values[file] = Values(self.graph.files[file])
        return found

    def repeats(self, number: Instance) -> Repeats:
        """Return the loops of a function."""
        found = self._repeats.get(number)
        if found is None:
            graph = self.graph
            found = self._repeats[number] = Repeats(
                self.values(graph.file_index(number)), graph.function(number)
            )
        return found

    def items(self) -> Iterator[PerItem]:
        """Yield every place that asks a store per item, each of its kinds once."""
        best: dict[tuple[int, int, int, bool], PerItem] = {}
        for number in sorted(self.reaching):
            if self.graph.function(number).loops:
                for found in self._in_function(number):
                    file = self.graph.file_index(number)
                    is_request = found.way.kind == "request"
                    key = (file, found.start, found.end, is_request)
                    known = best.get(key)
                    if known is None or found.rank < known.rank:
                        best[key] = found
        yield from best.values()

    def _in_function(self, number: Instance) -> Iterator[PerItem]:
        for asked in self.graph.asked[number]:
            if asked.query.kind not in _NO_WORK:
                found = self._placed(number, asked)
                if found is not None:
                    yield found
        for edge in self.outgoing[number]:
            if edge.callee in self.reaching and self._runs(number, edge):
                yield from self._called(number, edge)

    def _runs(self, number: Instance, step: Asked | Edge) -> bool:
        """Tell whether a step runs again and again, and not only after an exception."""
        failed = self.repeats(number).after_failure(step.start, step.end)
        return not failed and _ONCE not in step.guards

    # In the loop itself

    def _placed(self, number: Instance, asked: Asked) -> PerItem | None:
        repeats = self.repeats(number)
        if not repeats.around(asked.start, asked.end) or not self._runs(number, asked):
            return None
        kind, text = self._kind((), asked)
        loop = self._loop(number, asked, free=kind in _SAVES)
        if loop is None or (kind == "add" and not self._saves(number, loop)):
            return None
        at_once = not asked.awaited and self._is_spawned(number, asked)
        way = Way((), (), asked, "insert" if kind in ("add", "flush") else kind, text)
        extent = self.extent.of(self.graph.file_index(number), loop)
        return PerItem(number, loop, extent, asked.start, asked.end, way, at_once)

    def _kind(self, edges: Sequence[Edge], asked: Asked) -> tuple[str, str]:
        """Return what a call does, told by the packs or by the statement that it sends."""
        kind = asked.query.kind
        if kind not in ("execute", "read", "write"):
            return kind, ""
        said, text = statement(self.graph, self.values, edges, asked)
        return (said or kind) if kind == "execute" else kind, text

    def _loop(self, number: Instance, step: Asked | Edge, *, free: bool = False) -> Loop | None:
        """Return the loop that a call is run per item of; none if that is so on purpose."""
        repeats, file = self.repeats(number), self.graph.file_index(number)
        for loop in repeats.around(step.start, step.end):
            if self.extent.of(file, loop) <= FEW or repeats.runs_once(loop, step.start, step.end):
                continue
            if not free and not repeats.values.depends(step.node, {loop.element}):
                continue
            if (
                repeats.searches(loop, step.node, step.start, step.end)
                or repeats.counts(loop, step.start, step.end)
                or self._paced(number, loop)
                or self._remembers(number, step.node, loop)
            ):
                return None
            return loop
        return None

    def _saves(self, number: Instance, loop: Loop) -> bool:
        """Tell whether a loop sends what it adds to a session, item by item."""
        repeats = self.repeats(number)
        return any(
            each.query.kind in _SAVES
            and loop in repeats.around(each.start, each.end)
            and not repeats.counts(loop, each.start, each.end)
            for each in self.graph.asked[number]
        )

    def _paced(self, number: Instance, loop: Loop) -> bool:
        """Tell whether a loop rests on purpose between its items."""
        around = self.repeats(number).around
        for asked in self.graph.asked[number]:
            if asked.query.kind == "pause" and around(asked.start, asked.end)[:1] == [loop]:
                return True
        return any(
            self._rests(edge.callee, 1) and around(edge.start, edge.end)[:1] == [loop]
            for edge in self.outgoing[number]
        )

    def _rests(self, number: Instance, deeper: int) -> bool:
        """Tell whether a function pauses each time that it runs, not only when it tries again."""
        around = self.repeats(number).around
        for asked in self.graph.asked[number]:
            if asked.query.kind == "pause" and not around(asked.start, asked.end):
                return True
        return deeper > 0 and any(
            self._rests(edge.callee, deeper - 1)
            for edge in self.outgoing[number]
            if not around(edge.start, edge.end)
        )

    def _remembers(self, number: Instance, node: int, loop: Loop | None) -> bool:
        """Tell whether what a call gives is kept, and looked for before it is asked again."""
        file, function = self.graph.file(number), self.graph.function(number)
        key = (number, loop)
        if key not in self._looked:
            self._looked[key] = frozenset(_looked_in(file.nodes, function, loop))
        asked = self._looked[key]
        if not asked:
            return False
        depends = self.values(self.graph.file_index(number)).depends
        return any(container in asked and depends(value, {node}) for container, value in file.puts)

    def _is_spawned(self, number: Instance, asked: Asked) -> bool:
        """Tell whether a call only makes a coroutine here, to be run beside others."""
        if self.typing.outside.target(asked.name.rpartition(".")[0], asked.name) is not None:
            return False
        repeats = self.repeats(number)
        return not any(
            start <= asked.start < end and asked.node in repeats.file.nodes[node][2]
            for node, start, end in repeats.calls((facts.AWAITS,))
        )

    # Through what the loop calls

    def _called(self, number: Instance, edge: Edge) -> Iterator[PerItem]:
        repeats = self.repeats(number)
        if not repeats.around(edge.start, edge.end):
            return
        loop = self._loop(number, edge)
        if loop is None:
            return
        file = self.graph.file_index(number)
        extent = self.extent.of(file, loop)
        for way in self._ways_of(edge, frozenset((loop.element,))):
            at_once = any(each.kind in _TASKS for each in way.edges)
            yield PerItem(number, loop, extent, edge.start, edge.end, way, at_once)

    def _ways_of(self, edge: Edge, sources: frozenset[int], depth: int = 0) -> Iterator[Way]:
        """Yield the ways through one call, whose arguments are made of the sources."""
        graph = self.graph
        if self.typing.decorators.names(graph.instances[edge.callee][0]) & _CACHES:
            return
        inner = self._given(edge, sources)
        if not inner:
            return
        for way in self._within(edge.callee, inner, depth + 1):
            guards = carried(graph, edge, way.guards)
            if guards is not None and _ONCE not in guards:
                edges = (edge, *way.edges)
                kind, text = way.kind, way.statement
                if not text and way.asked.query.kind in _QUERIES:
                    kind, text = self._kind(edges, way.asked)
                yield Way(guards, edges, way.asked, kind, text)

    def _given(self, edge: Edge, sources: frozenset[int]) -> frozenset[int]:
        """Return the parameters of a callee that are made of the sources."""
        graph = self.graph
        file, function = graph.file(edge.caller), graph.function(edge.callee)
        home = graph.file(edge.callee)
        at = (
            graph.instances[edge.callee][0]
            - graph.typing.first_function[graph.file_index(edge.callee)]
        )
        depends = self.values(graph.file_index(edge.caller)).depends
        parts = file.nodes[edge.node]
        if edge.kind in ("thread", "thread task"):
            parts = edge.inner[0][1]
        if parts[0] != facts.CALL:
            parts = (facts.CALL, edge.node, (), (), ())
        skip = 1 if edge.bound and not function.flags & facts.STATIC else 0
        dependent = set()
        if skip and depends(parts[1], sources):
            dependent.add(0)
        for index, given in enumerate(parts[2]):
            if given > 0 and depends(given, sources):
                dependent.add(index + skip)
        names = [param.name for param in function.params]
        for name, given in zip(parts[3], parts[4], strict=True):
            if depends(given, sources):
                if name in names:
                    dependent.add(names.index(name))
                else:
                    dependent |= {i for i, p in enumerate(function.params) if i >= skip}
        kinds = [param.kind for param in function.params]
        last = len(function.params) - 1
        dependent = {self._slot(each, kinds, last) for each in dependent}
        nodes = self._params(graph.file_index(edge.callee))
        inner = {nodes[at, each] for each in dependent if (at, each) in nodes}
        if home is file and (function.flags & facts.LAMBDA or function.parent):
            inner |= sources
        return frozenset(inner)

    def _params(self, file: int) -> dict[tuple[int, int], int]:
        """Return the nodes of all parameters of a file, by function and index."""
        found = self._param_nodes.get(file)
        if found is None:
            nodes = self.graph.files[file].nodes
            found = self._param_nodes[file] = {
                (parts[1], parts[2]): node
                for node, parts in enumerate(nodes)
                if parts[0] == facts.PARAM
            }
        return found

    def _slot(self, index: int, kinds: Sequence[str], last: int) -> int:
        """Return the parameter that takes what is passed at an index, `*args` for what is over."""
        if index <= last and not kinds[index]:
            return index
        return kinds.index("*") if "*" in kinds else min(index, last)

    def _within(self, number: Instance, sources: frozenset[int], depth: int) -> list[Way]:
        """Return the ways from a function to what it asks that depends on the sources."""
        key = (number, sources)
        found = self._ways.get(key)
        if found is not None or depth > _DEEPEST:
            return found or []
        self._ways[key] = []
        ways = sorted(self._all_within(number, sources, depth), key=_way_order)
        kept: dict[tuple[bool, Guards], Way] = {}
        for way in ways:
            kept.setdefault((way.kind == "request", way.guards), way)
        self._ways[key] = list(kept.values())[:_MOST]
        return self._ways[key]

    def _all_within(self, number: Instance, sources: frozenset[int], depth: int) -> Iterator[Way]:
        depends = self.values(self.graph.file_index(number)).depends
        saves = any(each.query.kind in _SAVES for each in self.graph.asked[number])
        for asked in self.graph.asked[number]:
            kind = asked.query.kind
            if kind in _NO_WORK or kind in _SAVES or not self._runs(number, asked):
                continue
            if kind == "add" and not saves:
                continue
            if depends(asked.node, sources) and not self._remembers(number, asked.node, None):
                does, text = self._kind((), asked)
                yield Way(asked.guards, (), asked, "insert" if does == "add" else does, text)
        for edge in self.outgoing[number]:
            leads = edge.callee in self.reaching and self._runs(number, edge)
            if leads and not self._remembers(number, edge.node, None):
                yield from self._ways_of(edge, sources, depth)


def _way_order(way: Way) -> tuple[int, int]:
    return (_RANK.get(way.kind, 0), len(way.edges))


def _looked_in(
    nodes: Sequence[Sequence[object]], function: facts.Function, loop: Loop | None
) -> Iterator[int]:
    """Yield the containers in which a function looks something up."""
    for flat in (function.reads, function.sites):
        for at in range(0, len(flat), facts.SITE):
            kind, node, start, end = flat[at : at + 4]
            if loop is not None and not loop.holds(start, end):
                continue
            if kind == facts.CONTAINS:
                yield node
            elif kind == facts.CALLS and nodes[node][0] == facts.CALL:
                callee = nodes[int(str(nodes[node][1]))]
                if callee[0] == facts.ATTR and callee[2] == "get":
                    yield int(str(callee[1]))
