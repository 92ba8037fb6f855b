"""Work per item: what a loop asks of a store again and again, itself or through what it calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from asyncfix import facts
from asyncfix.project.edges import Asked, Edge, Guards
from asyncfix.project.loops import Extent, Loop
from asyncfix.project.reach import NO_WORK, RANK, SAVES, Reach, Way
from asyncfix.project.readings import SavedAsked, SavedEdge, edge_of, saved_edge
from asyncfix.project.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asyncfix.project.edges import Instance
    from asyncfix.project.graph import Graph

FEW = 3
TASKS = frozenset(("task", "thread task"))
_SENDS = re.compile(r"\.exec\w*$")


class PerItem(NamedTuple):
    """A place in a loop that asks a store once per item: the same each time, unless it varies."""

    instance: Instance
    loop: Loop
    extent: int
    start: int
    end: int
    way: Way
    at_once: bool
    varies: bool = True

    @property
    def rank(self) -> tuple[int, int]:
        """Order what is found at one place: queries before commits, then the shortest."""
        return (RANK.get(self.way.kind, 0), len(self.way.edges))


class Found(NamedTuple):
    """What one function does per item, on which files that rests, and which functions it saw."""

    items: list[PerItem]
    mask: int
    visited: list[Instance]
    sign: int


class SavedItem(NamedTuple):
    """Work per item in a form that lasts; callers are functions and what `self` is there."""

    loop: Loop
    extent: int
    start: int
    end: int
    guards: Guards
    callers: list[tuple[int, int]]
    edges: list[SavedEdge]
    asked: SavedAsked
    kind: str
    statement: str
    at_once: bool
    varies: bool


class SavedFound(NamedTuple):
    """What one function does per item, as it is kept; `mask` is a number."""

    fid: int
    self_class: int
    mask: int
    visited: list[tuple[int, int]]
    sign: int
    items: list[SavedItem]


class Work:
    """Finds what loops ask per item, in a graph that has grown."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing
        self.reach = Reach(graph)
        self.standing = Standing(self.reach)
        self.extent = Extent(graph.typing, self.reach.values)
        self.kept: dict[Instance, Found] = {}

    def items(self, known: Mapping[tuple[int, int], SavedFound]) -> Iterator[PerItem]:
        """Yield every place that asks a store per item, each of its kinds once.

        `known` has what an earlier run has found, by function and what `self` is there.
        """
        best: dict[tuple[int, int, int, bool, bool], PerItem] = {}
        instances, repeating = self.graph.instances, self.typing.repeating
        for number in sorted(self.reach.reaching):
            if instances[number][0] not in repeating:
                continue
            kept = self.kept[number] = self._recalled(number, known) or self._found(number)
            for found in kept.items:
                key = (
                    self.graph.file_index(number),
                    found.start,
                    found.end,
                    found.way.kind == "request",
                    found.varies,
                )
                other = best.get(key)
                if other is None or found.rank < other.rank:
                    best[key] = found
        yield from best.values()

    def _found(self, number: Instance) -> Found:
        """Return what a function does per item, and what that rests on."""
        trace, reach = self.typing.trace, self.reach
        trace.mask, reach.visited = 0, {number}
        items = list(self._in_function(number))
        visited = sorted(reach.visited)
        return Found(items, trace.number(trace.mask), visited, self._sign(visited))

    def _recalled(
        self, number: Instance, known: Mapping[tuple[int, int], SavedFound]
    ) -> Found | None:
        """Return what an earlier run has found, if all functions that it saw call the same."""
        saved = known.get(self.graph.instances[number])
        if saved is None:
            return None
        numbers = self.graph.numbers
        visited = [numbers.get((fid, cls), -1) for fid, cls in saved.visited]
        if -1 in visited or self._sign(sorted(visited)) != saved.sign:
            return None
        items = [recalled(self.graph, number, each) for each in saved.items]
        return Found(items, saved.mask, sorted(visited), saved.sign)

    def _sign(self, visited: Iterable[Instance]) -> int:
        """Return a number for what some functions ask, and which calls lead on from them."""
        graph, reach = self.graph, self.reach
        told = [
            (
                graph.instances[number],
                [(asked.name, asked.start) for asked in graph.asked[number]],
                [
                    (graph.instances[edge.callee], edge.kind, edge.start)
                    for edge in reach.outgoing[number]
                    if edge.callee in reach.reaching
                ],
            )
            for number in visited
        ]
        return crc32(repr(sorted(told)).encode("utf-8", "surrogatepass"))

    def _in_function(self, number: Instance) -> Iterator[PerItem]:
        for asked in self.graph.asked[number]:
            if asked.query.kind not in NO_WORK:
                found = self._placed(number, asked) or self._unvaried(number, asked)
                if found is not None:
                    yield found
        for edge in self.reach.outgoing[number]:
            if edge.callee in self.reach.reaching and self.reach.runs(number, edge):
                called = list(self._called(number, edge))
                unvaried = None if called else self._unvaried(number, edge)
                yield from called if unvaried is None else (unvaried,)

    # In the loop itself

    def _placed(self, number: Instance, asked: Asked) -> PerItem | None:
        repeats = self.reach.repeats(number)
        if not repeats.around(asked.start, asked.end) or not self.reach.runs(number, asked):
            return None
        kind, text = self.reach.kind((), asked)
        loop = self._loop(number, asked, free=kind in SAVES)
        if loop is None or (kind == "add" and not self._saves(number, loop)):
            return None
        at_once = not asked.awaited and self._is_spawned(number, asked)
        way = Way((), (), asked, "insert" if kind in ("add", "flush") else kind, text)
        extent = self.extent.of(self.graph.file_index(number), loop)
        return PerItem(number, loop, extent, asked.start, asked.end, way, at_once)

    def _loop(self, number: Instance, step: Asked | Edge, *, free: bool = False) -> Loop | None:
        """Return the loop that a call is run per item of; none if that is so on purpose."""
        repeats, file = self.reach.repeats(number), self.graph.file_index(number)
        for loop in repeats.around(step.start, step.end):
            if self.extent.of(file, loop) <= FEW or repeats.runs_once(loop, step.start, step.end):
                continue
            sources = {loop.element}
            if not free and not repeats.values.depends(step.node, sources):
                continue
            if isinstance(step, Asked) and (
                repeats.values.changes_table(step.node, sources)
                or (_SENDS.search(step.name) and repeats.sends_item(loop, step.node))
            ):
                continue
            if (
                repeats.searches(loop, step.node, step.start, step.end)
                or repeats.counts(loop, step.start, step.end)
                or repeats.is_second_try(loop, step.node, step.start, step.end)
                or self._paced(number, loop)
                or self.reach.remembers(number, step.node, loop)
            ):
                return None
            return loop
        return None

    def _unvaried(self, number: Instance, step: Asked | Edge) -> PerItem | None:
        """Return a question that is the same for each item of the innermost loop around it."""
        repeats, file = self.reach.repeats(number), self.graph.file_index(number)
        around, place = repeats.around(step.start, step.end), (step.start, step.end)
        if not around or not self.reach.runs(number, step):
            return None
        loop, extent = around[0], self.extent.of(file, around[0])
        if (
            extent <= FEW
            or repeats.values.depends(step.node, {loop.element})
            or repeats.runs_once(loop, *place)
            or repeats.searches(loop, step.node, *place)
            or repeats.counts(loop, *place)
            or self._paced(number, loop)
            or self.reach.remembers(number, step.node, loop)
        ):
            return None
        way = self.standing.way(step)
        return way and PerItem(number, loop, extent, *place, way, at_once=False, varies=False)

    def is_unchanged_by_loop(self, item: PerItem) -> bool:
        """Tell whether nothing that a loop does may change the answer to a question in it."""
        step = item.way.edges[0] if item.way.edges else item.way.asked
        return self.standing.keeps(item.instance, step.node, [(item.loop.start, item.loop.end)])

    def _saves(self, number: Instance, loop: Loop) -> bool:
        """Tell whether a loop sends what it adds to a session, item by item."""
        repeats = self.reach.repeats(number)
        return any(
            each.query.kind in SAVES
            and loop in repeats.around(each.start, each.end)
            and not repeats.counts(loop, each.start, each.end)
            for each in self.graph.asked[number]
        )

    def _paced(self, number: Instance, loop: Loop) -> bool:
        """Tell whether a loop rests on purpose between its items."""
        around = self.reach.repeats(number).around
        for asked in self.graph.asked[number]:
            if asked.query.kind == "pause" and around(asked.start, asked.end)[:1] == [loop]:
                return True
        return any(
            self._rests(edge.callee, 1) and around(edge.start, edge.end)[:1] == [loop]
            for edge in self.reach.outgoing[number]
        )

    def _rests(self, number: Instance, deeper: int) -> bool:
        """Tell whether a function pauses each time that it runs, not only when it tries again."""
        around = self.reach.repeats(number).around
        for asked in self.graph.asked[number]:
            if asked.query.kind == "pause" and not around(asked.start, asked.end):
                return True
        return deeper > 0 and any(
            self._rests(edge.callee, deeper - 1)
            for edge in self.reach.outgoing[number]
            if not around(edge.start, edge.end)
        )

    def _is_spawned(self, number: Instance, asked: Asked) -> bool:
        """Tell whether a call only makes a coroutine here, to be run beside others."""
        if self.typing.outside.target(asked.name.rpartition(".")[0], asked.name) is not None:
            return False
        repeats = self.reach.repeats(number)
        return not any(
            start <= asked.start < end and asked.node in repeats.file.nodes[node][2]
            for node, start, end in repeats.calls((facts.AWAITS,))
        )

    # Through what the loop calls

    def _called(self, number: Instance, edge: Edge) -> Iterator[PerItem]:
        repeats = self.reach.repeats(number)
        if not repeats.around(edge.start, edge.end) or self.reach.is_let_go(number, edge):
            return
        loop = self._loop(number, edge)
        if loop is None:
            return
        file = self.graph.file_index(number)
        extent = self.extent.of(file, loop)
        for way in self.reach.ways_of(edge, frozenset((loop.element,))):
            at_once = any(each.kind in TASKS for each in way.edges)
            yield PerItem(number, loop, extent, edge.start, edge.end, way, at_once)


def saved(graph: Graph, found: Mapping[Instance, Found]) -> list[Any]:
    """Return what functions do per item, to be kept."""
    instances = graph.instances
    return [
        SavedFound(
            *instances[at],
            each.mask,
            [instances[one] for one in each.visited],
            each.sign,
            [_saved(graph, item) for item in each.items],
        )
        for at, each in found.items()
    ]


def _saved(graph: Graph, item: PerItem) -> SavedItem:
    way, instances = item.way, graph.instances
    return SavedItem(
        *item[1:5],
        way.guards,
        [*(instances[edge.caller] for edge in way.edges), instances[way.asked.caller]],
        [saved_edge(edge, instances) for edge in way.edges],
        SavedAsked(*way.asked[1:]),
        way.kind,
        way.statement,
        item.at_once,
        item.varies,
    )


def recalled(graph: Graph, number: Instance, item: SavedItem) -> PerItem:
    """Return work per item as an earlier run has found it."""
    callers = [graph.instance(*each) for each in item.callers]
    edges = tuple(
        edge_of(graph, caller, each) for caller, each in zip(callers, item.edges, strict=False)
    )
    asked = Asked(callers[-1], *item.asked)
    way = Way(item.guards, edges, asked, item.kind, item.statement)
    return PerItem(number, *item[:4], way, item.at_once, item.varies)
