"""Every chain from a place, and what its arguments rule out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.explain.runs import Runs, Site
from asyncfix.project.guards import carried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.facts import Function
    from asyncfix.project.edges import Edge, Guards, Hit, Instance

_MOST_PATHS = 20_000
_LESSER = {
    facts.ONCE: "it was not done before",
    facts.DONE: "it is done already",
    facts.WINDOWS: "this is Windows",
    facts.IN_MEMORY: "the kernel makes the file up",
}


class Way(NamedTuple):
    """A chain from a place to a call that blocks; `guards` is None where arguments rule it out."""

    edges: tuple[Edge, ...]
    hit: Hit
    guards: Guards | None
    names: tuple[str, ...] = ()


class Ways(Runs):
    """Finds every chain, not only the worst of each place."""

    @cached_property
    def _leads(self) -> set[Instance]:
        """Return the functions that reach a call that blocks."""
        graph = self.graph
        found = {number for number, hits in enumerate(graph.hits) if hits}
        queue = list(found)
        while queue:
            callers = {edge.caller for edge in graph.into.get(queue.pop(), ())} - found
            found |= callers
            queue += callers
        return found

    def _ways(self, fid: int, site: Site | None = None) -> list[Way]:
        """Return every chain from a function, or from one place in it: worst and shortest first."""
        found: dict[object, list[Way]] = {}
        for number in self._instances(fid):
            for way in self._ways_from(number, site):
                steps = ((edge.start, edge.end, edge.callee) for edge in way.edges)
                key = (*steps, way.hit.start, way.hit.end, way.hit.target.rule)
                found.setdefault(key, []).append(way)
        severity = self.project.severity
        return sorted(
            map(_joined, found.values()),
            key=lambda way: (severity(way.hit.target).rank, len(way.edges)),
        )

    def _ways_from(self, number: Instance, site: Site | None) -> Iterator[Way]:
        graph, leads = self.graph, self._leads
        for hit in graph.hits[number]:
            if site is None or (hit.start, hit.end) == (site.start, site.end):
                yield Way((), hit, hit.guards)
        queue: list[tuple[Edge, ...]] = [
            (edge,)
            for edge in graph.edges[number]
            if edge.callee in leads
            and (site is None or (edge.start, edge.end) == (site.start, site.end))
        ]
        for path in queue:  # grows while it is read
            last = path[-1].callee
            yield from (Way(path, hit, self._guards(path, hit)) for hit in graph.hits[last])
            if len(queue) < _MOST_PATHS:
                seen = {number, *(edge.callee for edge in path)}
                onward = (e for e in graph.edges[last] if e.callee in leads - seen)
                queue += [(*path, edge) for edge in onward]

    def _guards(self, path: Sequence[Edge], hit: Hit) -> Guards | None:
        """Return what must hold in the caller for a chain to run; None if its arguments forbid."""
        guards: Guards | None = hit.guards
        for edge in reversed(path):
            if guards is None:
                return None
            guards = carried(self.graph, edge, guards)
        return guards

    def _only(self, way: Way) -> str:
        first = way.edges[0].caller if way.edges else way.hit.caller
        guards = [each for each in way.guards or () if each[1] != facts.CAUGHT]  # no condition
        told = [self._condition(self.graph.function(first), guard) for guard in guards]
        return f", only if {' and '.join(told)}" if told else ""

    def _condition(self, function: Function, guard: tuple[int, str, bool]) -> str:
        """Write what must hold for a guarded call to run."""
        param, test, wanted = guard
        if param < 0:
            return _LESSER.get(test, test)
        kind, _, operand = test.partition(":")
        name = function.params[param].name if param < len(function.params) else "?"
        if test.startswith(facts.OF):
            attribute, _, test = operand.partition(":")
            name = f"{name}.{attribute}"
            kind, _, operand = test.partition(":")
        values = [told.partition(" ")[2] for told in operand.split("\x1f") if told]
        yes, no = {
            "true": ("is true", "is false"),
            "none": ("is None", "is not None"),
            "one of": (f"is {' or '.join(values)}", f"is not {' or '.join(values)}"),
            "starts": (f"starts with {operand!r}", f"does not start with {operand!r}"),
            "kind": (f"is a `{operand}`", f"is no `{operand}`"),
            "is a": ("is of the type that is tested for", "is not of the type that is tested for"),
        }.get(kind, ("passes a test", "does not pass a test"))
        return f"`{name}` {yes if wanted else no}"

    def _contradiction(self, way: Way) -> str:
        """Say which call passes an argument that keeps a chain from running."""
        name = way.hit.name.removeprefix("builtins.")
        guards: Guards | None = way.hit.guards
        for edge in reversed(way.edges):
            outer = carried(self.graph, edge, guards or ())
            if outer is None:
                callee = self.graph.function(edge.callee)
                told = " and ".join(self._condition(callee, guard) for guard in guards or ())
                where = self.at(self.graph.file(edge.caller).path, edge.start)
                return (
                    f"`{name}` runs only if {told} in `{callee.qualname}`, "
                    f"and the call at {where} says otherwise"
                )
            guards = outer
        return f"the arguments rule `{name}` out"


def _joined(ways: Sequence[Way]) -> Way:
    """Make one of the ways that end in one call, whose receiver may be of several types."""
    first = next((way for way in ways if way.guards is not None), ways[0])
    names = (way.hit.name.removeprefix("builtins.").removesuffix(".__init__") for way in ways)
    return first._replace(names=tuple(dict.fromkeys(names)))
