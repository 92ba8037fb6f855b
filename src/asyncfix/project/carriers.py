"""Which places lead to some others by calls, whatever chain a finding shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from asyncfix.project.edges import Edge, Hit, Instance
    from asyncfix.project.graph import Graph


def carriers(
    graph: Graph, paths: Container[str], touches: Callable[[Location], bool]
) -> frozenset[Location]:
    """Return the calls that lead to what blocks by way of a place in `paths` that is touched.

    Tests of parameters are not weighed, so that rather too many places are given.
    """
    blocking = _above(graph, (number for number, hits in enumerate(graph.hits) if hits))
    seeds = {
        number
        for number in blocking
        if graph.path(number) in paths and any(map(touches, _steps(graph, number, blocking)))
    }
    led = _above(graph, seeds)
    return frozenset(
        _place(graph, edge) for edges in graph.edges for edge in edges if edge.callee in led
    )


def _steps(graph: Graph, number: Instance, blocking: Container[Instance]) -> Iterable[Location]:
    """Yield where a function calls what blocks, in the end."""
    yield from (_place(graph, hit) for hit in graph.hits[number])
    yield from (_place(graph, edge) for edge in graph.edges[number] if edge.callee in blocking)


def _above(graph: Graph, numbers: Iterable[Instance]) -> set[Instance]:
    """Return some functions, and all that call them without awaiting."""
    found = set(numbers)
    queue = list(found)
    while queue:
        for edge in graph.into.get(queue.pop(), ()):
            if edge.caller not in found:
                found.add(edge.caller)
                queue.append(edge.caller)
    return found


def _place(graph: Graph, step: Edge | Hit) -> Location:
    return Location(graph.path(step.caller), step.start, step.end)
