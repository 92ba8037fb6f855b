"""Tells of work per item: how many questions a loop asks, on which way, and what to ask instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks import loop_invariant_query, repeated_query, sequential_awaits
from asyncfix.checks.blocking_call import readable
from asyncfix.checks.work_per_item import helped
from asyncfix.explain.reading import Reading, clipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.explain.runs import Site
    from asyncfix.project.apart import Waiting
    from asyncfix.project.asked_again import AskedAgain
    from asyncfix.project.edges import Instance
    from asyncfix.project.reach import Way
    from asyncfix.project.work import PerItem

_THINGS = {"request": "requests", "insert": "inserts", "commit": "commits"}


class Items(Reading):
    """Tells of the calls of a place that ask a store per item."""

    def per_item(self, site: Site) -> Iterator[str]:
        """Yield what is to be said of a place in a loop, or of one that asks again."""
        for item in self.project.per_item:
            if self._is_at(item, site):
                things = _THINGS.get(item.way.kind, "queries")
                yield f"in a loop: {self._formula(item)} {things}, by this way:"
                yield from self._way(item.way)
                yield f"  instead: {helped(item)}"
        for item in self.project.unvaried:
            if self._is_at(item, site):
                yield f"in a loop: the same for each item, {self._formula(item)} queries:"
                yield from self._way(item.way)
                yield f"  instead: {loop_invariant_query.HELP}"
        for again in self.project.asked_again:
            if self._is_at(again, site):
                first = self._step(again.instance, again.first[0])
                yield f"asks what {first} has asked, if that runs before:"
                yield from self._way(again.way)
                yield f"  instead: {repeated_query.HELP}"
        for waiting in self.project.waiting:
            if self._is_at(waiting, site):
                first = self._step(waiting.instance, waiting.first[0])
                yield f"reads what does not share a connection with {first}, and comes after it:"
                yield from self._way(waiting.way)
                yield f"  instead, where it needs nothing of that: {sequential_awaits.HELP}"

    def _is_at(self, place: PerItem | AskedAgain | Waiting, site: Site) -> bool:
        fid = self.graph.instances[place.instance][0]
        return (fid, place.start, place.end) == (site.fid, site.start, site.end)

    def _way(self, way: Way) -> Iterator[str]:
        for edge in way.edges:
            callee = self._short(self.graph.instances[edge.callee][0])
            yield f"  {self._step(edge.caller, edge.start)}  calls `{callee}`"
        asked = way.asked
        yield f"  {self._step(asked.caller, asked.start)}  asks `{readable(asked.name)}`"
        if way.statement:
            yield f"  which sends `{clipped(way.statement)}`"

    def _step(self, caller: Instance, start: int) -> str:
        return self.at(self.graph.path(caller), start)

    def _formula(self, item: PerItem) -> str:
        """Write how many there are, such as `1 + 4·len(customers)`."""
        reach = self.project.work.reach
        sources = frozenset((item.loop.element,))
        each = 1
        if item.way.edges and item.way.kind != "commit":
            each = max(1, reach.count(item.way.edges[0], sources))
        times = f"{each}·" if each > 1 else ""
        return f"`{'1 + ' if self._is_asked(item) else ''}{times}len({self._over(item)})`"

    def _is_asked(self, item: PerItem) -> bool:
        """Tell whether what the loop runs over is asked of a store as well."""
        reach, number = self.project.work.reach, item.instance
        made_of = reach.values(self.graph.file_index(number)).below(item.loop.element)
        asked = {each.node for each in self.graph.asked[number]}
        leads = {e.node for e in reach.outgoing[number] if e.callee in reach.reaching}
        return not made_of.isdisjoint(asked | leads)

    def _over(self, item: PerItem) -> str:
        """Return the code of what the loop runs over."""
        end = item.loop.skip_end or item.loop.start
        head = self.text(self.graph.path(item.instance)).data[:end]
        return clipped(" ".join(head[head.rfind(b" in ") + 4 :].decode(errors="replace").split()))
