"""What a function asks of stores, itself or in what it calls, and what of its input decides it."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.project.arguments import slot
from asyncfix.project.decorators import CACHES
from asyncfix.project.dependence import Values
from asyncfix.project.guards import carried
from asyncfix.project.loops import Repeats, looked_in
from asyncfix.project.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.facts import FileFacts
    from asyncfix.project.edges import Asked, Edge, Guards, Instance
    from asyncfix.project.graph import Graph
    from asyncfix.project.loops import Loop

Question = tuple[int, frozenset[int]]  # a function, and the parameters that are looked at
NO_WORK = frozenset(("pause", "limit", "none"))
SAVES = frozenset(("commit", "flush"))
RANK = {"read": 0, "write": 0, "execute": 0, "insert": 1, "add": 1, "flush": 2, "commit": 3}
_DEEPEST = 8
_MOST = 6  # ways that are kept for one call
_MOST_TIMES = 6  # that a question is answered anew: in a large circle there is no end otherwise
_ONCE = (-1, facts.ONCE, True)
_QUERIES = ("read", "write", "execute")
_COUNTED = frozenset(("read", "write", "execute", "insert", "request"))
_JOBS = frozenset(("asyncio.create_task", "asyncio.ensure_future"))
_LIMITERS = ("sem", "limit", "throttle", "slot")


class Way(NamedTuple):
    """A way from a function to what it asks, under guards as that function sees them."""

    guards: Guards
    edges: tuple[Edge, ...]
    asked: Asked
    kind: str
    statement: str


class Known(NamedTuple):
    """The ways from a function, what they rest on, and open questions that are `left` out."""

    ways: list[Way]
    mask: int
    visited: frozenset[Instance]
    left: frozenset[Question]


class Reach:
    """Answers from a graph that has grown."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing
        self.visited: set[Instance] = set()
        self._values: dict[int, Values] = {}
        self._repeats: dict[Instance, Repeats] = {}
        self._looked: dict[tuple[Instance, Loop | None], frozenset[int]] = {}
        self._param_nodes: dict[int, dict[tuple[int, int], int]] = {}
        self._ways: dict[Question, Known] = {}
        self._open: set[Question] = set()
        self._times: Counter[tuple[int, frozenset[int]]] = Counter()  # how often each was answered
        self._partly: dict[Question, list[Question]] = {}

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
            if any(each.query.kind not in NO_WORK for each in asked)
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
        trace = self.typing.trace
        trace.mask |= trace.bits[file]
        found = self._values.get(file)
        if found is None:
            found = self._values[file] = Values(self.graph.files[file])
        return found

    def repeats(self, number: Instance) -> Repeats:
        """Return the loops of a function."""
        values = self.values(self.graph.file_index(number))
        found = self._repeats.get(number)
        if found is None:
            found = self._repeats[number] = Repeats(values, self.graph.function(number))
        return found

    def runs(self, number: Instance, step: Asked | Edge) -> bool:
        """Tell whether a step runs again and again, and not only after an exception."""
        failed = self.repeats(number).after_failure(step.start, step.end)
        return not failed and _ONCE not in step.guards

    def gathers(self, number: Instance, at: int) -> bool:
        """Tell whether what is started at a place is waited for together with others like it."""
        repeats, file = self.repeats(number), self.graph.file_index(number)
        for node, start, end in repeats.calls((facts.AWAITS,)):
            callee = repeats.file.nodes[node][1]
            if "*" in repeats.file.nodes[node][3] and (start <= at < end or at < start):
                types = self.typing.of(file, callee)
                if any(each[:2] == ("X", "asyncio.gather") for each in types):
                    return True
        return False

    def limits(self, number: Instance, at: int) -> bool:
        """Tell whether a place stands within a semaphore or its like."""
        function, file = self.graph.function(number), self.graph.file_index(number)
        queries = self.typing.library.queries
        for index in range(0, len(function.entered), 3):
            node, start, end = function.entered[index : index + 3]
            if not start <= at < end:
                continue
            types = self.typing.of(file, node, self.graph.instances[number][1])
            name = self.typing.names.last(file, node).lower()
            if any(word in name for word in _LIMITERS) and not types:
                return True
            told = (queries.get(each[1]) for each in types if each[0] == "E")
            if any(query is not None and query.kind == "limit" for query in told):
                return True
        return False

    def is_let_go(self, number: Instance, edge: Edge) -> bool:
        """Tell whether a task of its own is started that nobody waits for: a job, no question."""
        file, repeats = self.graph.file_index(number), self.repeats(number)
        called = repeats.dropped_around(edge.node, edge.start, edge.end)
        types = self.typing.of(file, called) if called and edge.kind == "task" else ()
        return any(each[0] == "X" and each[1] in _JOBS for each in types)

    def kind(self, edges: Sequence[Edge], asked: Asked) -> tuple[str, str]:
        """Return what a call does, told by the packs or by the statement that it sends."""
        kind = asked.query.kind
        if kind not in ("execute", "read", "write"):
            return kind, ""
        said, text = statement(self.graph, self.values, edges, asked)
        return (said or kind) if kind == "execute" else kind, text

    def remembers(self, number: Instance, node: int, loop: Loop | None) -> bool:
        """Tell whether what a call gives is kept, and looked for before it is asked again."""
        file, function = self.graph.file(number), self.graph.function(number)
        key = (number, loop)
        if key not in self._looked:
            self._looked[key] = frozenset(looked_in(file.nodes, function, loop))
        asked = self._looked[key]
        if not asked:
            return False
        depends = self.values(self.graph.file_index(number)).depends
        return any(container in asked and depends(value, {node}) for container, value in file.puts)

    def ways_of(self, edge: Edge, sources: frozenset[int]) -> Iterator[Way]:
        """Yield the ways through one call, whose arguments are made of the sources."""
        graph = self.graph
        if self.typing.decorators.names(graph.instances[edge.callee][0]) & CACHES:
            return
        inner = self._given(edge, sources)
        if not inner:
            return
        for way in self._from(edge.callee, inner):
            guards = carried(graph, edge, way.guards)
            if guards is None or _ONCE in guards or len(way.edges) >= _DEEPEST:
                continue
            if self._is_anothers(edge, way):
                continue
            edges = (edge, *way.edges)
            kind, text = way.kind, way.statement
            if not text and way.asked.query.kind in _QUERIES:
                kind, text = self.kind(edges, way.asked)
            yield Way(guards, edges, way.asked, kind, text)

    def _is_anothers(self, edge: Edge, way: Way) -> bool:
        """Tell whether a way through a decorator's wrapper leads to what it wraps elsewhere."""
        inner = {each[1] for each in edge.inner if edge.kind in ("call", "await")}
        if not inner or not way.edges:
            return False
        instances = self.graph.instances
        wrapper, fid = instances[edge.callee][0], instances[way.edges[0].callee][0]
        bound = () if fid in inner else self.typing.decorators.bound(fid)
        return any(each[0] == "V" and each[1] == wrapper for each in bound)

    def count(self, edge: Edge, sources: frozenset[int], depth: int = 0) -> int:
        """Return how many questions one call leads to that are about the sources."""
        inner, number = self._given(edge, sources), edge.callee
        if not inner or depth > _DEEPEST:
            return 0
        values = self.values(self.graph.file_index(number))
        objects = _objects(values.file, inner)
        own = sum(
            each.query.kind in _COUNTED
            and self.runs(number, each)
            and values.asks_of(each.node, inner, objects)
            for each in self.graph.asked[number]
        )
        return own + sum(
            self.count(each, inner, depth + 1)
            for each in self.outgoing[number]
            if each.callee in self.reaching and self.runs(number, each) and each.callee != number
        )

    def _given(self, edge: Edge, sources: frozenset[int]) -> frozenset[int]:
        """Return the parameters of a callee that are made of the sources."""
        graph = self.graph
        file, function = graph.file(edge.caller), graph.function(edge.callee)
        home = graph.file_index(edge.callee)
        at = graph.instances[edge.callee][0] - graph.typing.first_function[home]
        parts = file.nodes[edge.node]
        if edge.kind in ("thread", "thread task"):
            parts = edge.inner[0][1]
        if parts[0] != facts.CALL:
            parts = (facts.CALL, edge.node, (), (), ())
        passed = self._passed(edge, parts, sources)
        nodes = self._params(home)
        inner = {nodes[at, each] for each in passed if (at, each) in nodes}
        is_nested = function.flags & facts.LAMBDA or function.parent
        if graph.file(edge.callee) is file and is_nested:
            inner |= sources
        return frozenset(inner)

    def _passed(self, edge: Edge, parts: Sequence[Any], sources: frozenset[int]) -> Iterator[int]:
        """Yield the indices of the parameters that get what is made of the sources."""
        values = self.values(self.graph.file_index(edge.caller))
        function, depends = self.graph.function(edge.callee), values.depends
        skip = 1 if edge.bound and not function.flags & facts.STATIC else 0
        params, nodes = function.params, values.file.nodes
        objects = _objects(values.file, sources)
        receiver = nodes[parts[1]][1] if nodes[parts[1]][0] == facts.ATTR else parts[1]
        if skip and (receiver in objects or depends(parts[1], sources - objects)):
            yield 0
        for index, given in enumerate(parts[2], skip):
            if given > 0 and depends(given, sources):
                yield slot(index, params)
        names = [param.name for param in params]
        rest = [at for at, param in enumerate(params) if param.kind == "**"]
        for name, given in zip(parts[3], parts[4], strict=True):
            if depends(given, sources):
                others = rest if rest and name != "**" else range(skip, len(names))
                yield from (names.index(name),) if name in names else others

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

    def _from(self, number: Instance, sources: frozenset[int]) -> list[Way]:
        """Return the ways from a function to what it asks that depends on the sources.

        An answer without the ways through an open question is forgotten once that is answered, so
        that it does not matter what was asked before.
        """
        question, trace = (number, sources), self.typing.trace
        known = self._ways.get(question)
        if known is None:
            self._ways[question] = Known([], 0, frozenset(), frozenset((question,)))
            outer = self.visited, self._open, trace.mask
            self.visited, self._open, trace.mask = {number}, set(), 0
            ways = self._kept(self._all_within(number, sources))
            left = frozenset(self._open - {question})
            known = Known(ways, trace.shared(), frozenset(self.visited), left)
            self.visited, self._open, trace.mask = outer
            self._times[question] += 1
            for other in self._partly.pop(question, ()):
                if self._times[other] < _MOST_TIMES:
                    self._ways.pop(other, None)
            self._ways[question] = known
            for other in left:
                self._partly.setdefault(other, []).append(question)
        self.visited |= known.visited
        self._open |= known.left
        trace.mask |= known.mask
        return known.ways

    def _kept(self, ways: Iterator[Way]) -> list[Way]:
        """Leave one way for each kind of thing and each guards: the worst, then the shortest."""
        kept: dict[tuple[bool, Guards], Way] = {}
        for way in sorted(ways, key=_way_order):
            kept.setdefault((way.kind == "request", way.guards), way)
        return list(kept.values())[:_MOST]

    def _all_within(self, number: Instance, sources: frozenset[int]) -> Iterator[Way]:
        values = self.values(self.graph.file_index(number))
        objects = _objects(values.file, sources)
        saves = [each for each in self.graph.asked[number] if each.query.kind in SAVES]
        for asked in self.graph.asked[number]:
            kind = asked.query.kind
            if kind in NO_WORK or kind in SAVES or not self.runs(number, asked):
                continue
            is_about = values.asks_of(asked.node, sources, objects)
            is_about = is_about and not values.changes_table(asked.node, sources)
            if is_about and not self.remembers(number, asked.node, None):
                does, text = self.kind((), asked)
                for save in saves if does == "add" else ():
                    yield Way((*asked.guards, *save.guards), (), asked, "insert", text)
                if does != "add":
                    yield Way(asked.guards, (), asked, does, text)
        for edge in self.outgoing[number]:
            leads = edge.callee in self.reaching and not self.is_let_go(number, edge)
            if leads and self.runs(number, edge) and not self.remembers(number, edge.node, None):
                for way in self.ways_of(edge, sources):
                    callers = (way.asked.caller, *(each.caller for each in way.edges[1:]))
                    if number not in callers:  # else there is a shorter one
                        yield way


def _objects(file: FileFacts, sources: Iterable[int]) -> frozenset[int]:
    """Return the sources that are the `self` of a method."""
    nodes, functions = file.nodes, file.functions
    return frozenset(
        node
        for node in sources
        if nodes[node][0] == facts.PARAM
        and nodes[node][2] == 0
        and functions[nodes[node][1]].flags & (facts.METHOD | facts.CLASSMETHOD)
    )


def _way_order(way: Way) -> tuple[int, int]:
    return (RANK.get(way.kind, 0), len(way.edges))
