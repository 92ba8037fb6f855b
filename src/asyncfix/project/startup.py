"""What runs only while an application starts or stops: its lifespan, and what precedes serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.places import Called

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from asyncfix.project.edges import Edge, Instance
    from asyncfix.project.graph import Graph
    from asyncfix.project.places import Local
    from asyncfix.project.roots import Entry


class Startup:
    """Tells it of places; `settled` are functions that run at no other time."""

    def __init__(
        self,
        graph: Graph,
        entries: Mapping[int, Entry],
        reached: Container[Instance],
        local: Local,
    ) -> None:
        self.graph = graph
        self.local = local
        self.reached = reached
        self.settled: set[Instance] = set()
        self.serving: dict[Instance, int] = {}
        for fid, entry in entries.items():
            number = graph.numbers.get((fid, -1))
            if number is not None and entry.startup:
                self.settled.add(number)
            elif number is not None and entry.kind == "main":
                self.serving[number] = self._serves(number)
        self._spread(entries)

    def holds(self, instance: Instance, start: int) -> bool:
        """Tell whether a place runs only while the application starts or stops."""
        return instance in self.settled or start < self.serving.get(instance, 0)

    def _spread(self, entries: Mapping[int, Entry]) -> None:
        """Add what is awaited only from where all is settled."""
        graph = self.graph
        queue = [*self.settled, *self.serving]
        for number in queue:  # grows while it is read
            for callee in {edge.callee for edge in graph.spawns[number]}:
                if callee in self.settled or graph.instances[callee][0] in entries:
                    continue
                callers = [edge for edge in graph.spawned[callee] if edge.caller in self.reached]
                early = [edge for edge in callers if self._is_early(edge)]
                # what a program that never serves awaits besides is no request
                if early and all(e in early or self.serving.get(e.caller) == 0 for e in callers):
                    self.settled.add(callee)
                    queue.append(callee)

    def _is_early(self, edge: Edge) -> bool:
        return edge.kind == "await" and self.holds(edge.caller, edge.start)

    def _serves(self, number: Instance) -> int:
        """Return where a program's main function begins to serve, or 0 if it does not say so."""
        file, fid = self.graph.file_index(number), self.graph.instances[number][0]
        index = fid - self.graph.typing.first_function[file]
        place = Called(file, index, 0, 0, 0, 0)
        return int(self.local.of("serves from", place, lambda: str(self._told(number))))

    def _told(self, number: Instance) -> int:
        file = self.graph.file_index(number)
        nodes, sites = self.graph.files[file].nodes, self.graph.function(number).sites
        typing = self.graph.typing
        for at in range(0, len(sites), facts.SITE):
            parts = nodes[sites[at + 1]]
            is_awaited = sites[at] == facts.AWAITS and parts[0] == facts.CALL
            if is_awaited and typing.names.last(file, parts[1]) in typing.library.serves:
                return sites[at + 2]
        return 0
