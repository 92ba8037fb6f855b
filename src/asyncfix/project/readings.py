"""What reading one function found, in a form that lasts: to be kept, and to be put back."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix.packs import Query, Target
from asyncfix.project.edges import Asked, CalledParam, Edge, Guards, Hit

if TYPE_CHECKING:
    from asyncfix.packs import Library
    from asyncfix.project.edges import Instance
    from asyncfix.project.graph import Graph


_made = tuple.__new__  # a third of the time of a call of the class, for what is made by 100,000


class SavedEdge(NamedTuple):
    """An edge of a known caller; the callee is a function and what `self` is there."""

    fid: int
    self_class: int
    node: int
    start: int
    end: int
    guards: Guards
    bound: bool
    kind: str
    inner: list[Any]


class SavedHit(NamedTuple):
    """A hit of a known caller; `key` is a name of the target in the packs."""

    key: str
    name: str
    node: int
    start: int
    end: int
    guards: Guards
    origins: tuple[int, ...]


class SavedAsked(NamedTuple):
    """What a known caller asks of a store."""

    query: Query
    name: str
    node: int
    start: int
    end: int
    guards: Guards
    awaited: bool


class Reading(NamedTuple):
    """All that one function does, seen from one class; `mask` numbers what this rests on."""

    fid: int
    self_class: int
    mask: int
    calls: list[SavedEdge]
    spawns: list[SavedEdge]
    hits: list[SavedHit]
    passed: list[CalledParam]
    unresolved: list[tuple[int, int]]
    asked: list[SavedAsked]
    aside: list[SavedEdge]


class Extent(NamedTuple):
    """How much of what a graph knows of a function comes from reading it, and on what it rests.

    The rest was added later, by those who pass functions to it.
    """

    mask: int
    calls: int
    spawns: int
    hits: int
    passed: int
    unresolved: list[tuple[int, int]]
    asked: int
    aside: int


class Keys:
    """Names the targets of the packs, so that they can be found again."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        library = graph.typing.library
        self.targets, self.reads = library.targets, library.reads
        self.names = _names(library)

    def key(self, hit: Hit) -> str:
        """Return the name of a hit's target."""
        known = self.names.get(id(hit.target))
        return f"promised {hit.target.rule} {hit.target.effect}" if known is None else known

    def target(self, key: str) -> Target:
        """Return the target of a name."""
        if key.startswith("reads "):
            return self.reads[key[6:]]
        if key.startswith("promised "):
            _, rule, effect = key.split()
            made = Target(rule=rule, effect=effect)  # type: ignore[arg-type]
            return self.graph.promised.setdefault(effect, made)
        return self.targets[key]


@lru_cache(maxsize=2)
def _names(library: Library) -> dict[int, str]:
    """Return the names of all targets, by their ids."""
    names = {id(target): f"reads {name}" for name, target in library.reads.items()}
    return names | {id(target): name for name, target in library.targets.items()}


def saved(graph: Graph, number: Instance, extent: Extent) -> Reading:
    """Return what reading a function found."""
    edges, instances = graph.edges[number], graph.instances
    return Reading(
        *instances[number],
        extent.mask,
        [saved_edge(edge, instances) for edge in edges[: extent.calls]],
        [saved_edge(edge, instances) for edge in graph.spawns[number][: extent.spawns]],
        [SavedHit(graph.keys.key(hit), *hit[2:]) for hit in graph.hits[number][: extent.hits]],
        graph.called_params[number][: extent.passed] if extent.passed else [],
        extent.unresolved,
        [SavedAsked(*each[1:]) for each in graph.asked[number][: extent.asked]],
        [saved_edge(edge, instances) for edge in graph.aside[number][: extent.aside]],
    )


def saved_edge(edge: Edge, instances: list[tuple[int, int]]) -> SavedEdge:
    """Return an edge in a form that lasts."""
    fid, self_class = instances[edge.callee]
    return SavedEdge(fid, self_class, *edge[2:8], list(edge.inner))


def recall(graph: Graph, number: Instance, reading: Reading) -> None:
    """Put back what reading a function found."""
    if reading.calls:
        into, edges = graph.into, graph.edges[number]
        for saved in reading.calls:
            edge = edge_of(graph, number, saved)
            edges.append(edge)
            known = into.get(edge[1])
            if known is None:
                into[edge[1]] = [edge]
            else:
                known.append(edge)
    if reading.spawns:
        spawned, edges = graph.spawned, graph.spawns[number]
        for saved in reading.spawns:
            edge = edge_of(graph, number, saved)
            edges.append(edge)
            spawned.setdefault(edge[1], []).append(edge)
    if reading.aside:
        graph.aside[number] += [edge_of(graph, number, saved) for saved in reading.aside]
    if reading.asked:
        graph.asked[number] += [Asked(number, *each) for each in reading.asked]
    if reading.hits:
        graph.hits[number] += [
            Hit(number, graph.keys.target(hit.key), *hit[1:]) for hit in reading.hits
        ]
    if reading.passed:
        graph.called_params[number] += reading.passed
    if reading.unresolved:
        graph.unresolved += [(number, *place) for place in reading.unresolved]


def edge_of(graph: Graph, caller: Instance, saved: SavedEdge) -> Edge:
    """Return an edge that was kept."""
    fid, self_class, node, start, end, guards, bound, kind, inner = saved
    callee = graph.numbers.get((fid, self_class))
    if callee is None:
        callee = graph.instance(fid, self_class)
    mine = types(inner) if inner else ()
    return _made(Edge, (caller, callee, node, start, end, guards, bound, kind, mine))


def types(value: Any) -> Any:  # noqa: ANN401 - types are nested tuples
    """Return types as they were before they were kept."""
    return tuple(map(types, value)) if isinstance(value, list) else value
