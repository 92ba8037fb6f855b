"""Questions to a database that are asked twice in one function, with nothing changed in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.edges import Asked, Edge, Instance
    from asyncfix.project.reach import Way
    from asyncfix.project.work import Work

_KINDS = frozenset(("read", "execute"))
_STEPS = frozenset(("call", "await"))
Span = tuple[int, int]


class AskedAgain(NamedTuple):
    """A place that asks what an earlier `first` one of the same function has asked."""

    instance: Instance
    first: Span
    start: int
    end: int
    way: Way


def asked_again(work: Work) -> Iterator[AskedAgain]:
    """Yield every question that an earlier one has had answered, as far as the facts tell.

    Equal expressions whose variables have the same values are one node, so that a node at two
    places is a question asked twice; which ways lead from one to the other, the syntax tells.
    """
    seen = set()
    for number in range(len(work.graph.instances)):
        for steps in _equal(work, number):
            for found in _again(work, number, steps):
                key = (work.graph.file_index(number), found.start, found.end)
                if key not in seen:
                    seen.add(key)
                    yield found


def _is_inner(work: Work, way: Way) -> bool:
    """Tell whether a function asks by one that is written in it, to be called again and again."""
    return bool(way.edges) and work.graph.function(way.edges[0].callee).parent > 0


def _equal(work: Work, number: Instance) -> Iterator[dict[Span, Asked | Edge]]:
    """Yield the places of a function that ask the same, by where they stand."""
    steps: dict[int, dict[Span, Asked | Edge]] = {}
    reaching = work.reach.reaching
    for asked in work.graph.asked[number]:
        if asked.query.kind in _KINDS:
            steps.setdefault(asked.node, {})[asked.start, asked.end] = asked
    for edge in work.reach.outgoing[number]:
        if edge.kind in _STEPS and edge.callee in reaching:
            steps.setdefault(edge.node, {}).setdefault((edge.start, edge.end), edge)
    yield from (each for each in steps.values() if len(each) > 1)


def _again(work: Work, number: Instance, steps: dict[Span, Asked | Edge]) -> Iterator[AskedAgain]:
    places = sorted(steps)
    for at, (start, end) in enumerate(places):
        for first in places[:at]:
            step = steps[start, end]
            if first[1] > start or not work.reach.runs(number, step):
                continue
            way = work.standing.way(step)
            if way is None or _is_inner(work, way):
                return
            if work.standing.keeps(number, step.node, [(first[1], start)]):
                yield AskedAgain(number, first, start, end, way)
                break
