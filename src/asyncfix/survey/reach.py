"""What the loop comes to from a function: by calls, awaits and tasks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.wanted import last

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.edges import Edge, Instance
    from asyncfix.project.program import Project


class Reach:
    """Follows the call graph of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.graph = project.graph
        _ = project.chains  # which makes the graph grow

    @cached_property
    def _spawned(self) -> dict[Instance, list[Edge]]:
        found: dict[Instance, list[Edge]] = {}
        for edges in self.graph.spawned.values():
            for edge in edges:
                found.setdefault(edge.caller, []).append(edge)
        return found

    def onward(self, number: Instance) -> list[Edge]:
        """Return the calls, awaits and starts of tasks in a function, in order."""
        edges = [*self.graph.edges[number], *self._spawned.get(number, ())]
        return sorted(edges, key=lambda edge: (edge.start, edge.end))

    def functions(self, fid: int) -> set[int]:
        """Return the functions that run on the loop because this one does, itself included."""
        start = self.graph.numbers.get((fid, -1))
        queue = [] if start is None else [start]
        seen = set(queue)
        while queue:
            fresh = {edge.callee for edge in self.onward(queue.pop())} - seen
            seen |= fresh
            queue += fresh
        return {self.graph.instances[number][0] for number in seen}

    @cached_property
    def _offloads(self) -> frozenset[str]:
        return frozenset(map(last, self.project.typing.library.offloads))

    def thread_hops(self, fid: int) -> int:
        """Count the places of a function that hand work to a thread or a process."""
        return sum(1 for _ in self._handing(fid))

    def _handing(self, fid: int) -> Iterator[int]:
        typing = self.project.typing
        file, function = typing.functions[fid]
        nodes = self.project.files[file].nodes
        for at in range(0, len(function.sites), facts.SITE):
            kind, node = function.sites[at : at + 2]
            if kind > facts.AWAITS:
                continue
            callee = nodes[node][1]
            name = nodes[callee][-1] if nodes[callee][0] == facts.ATTR else nodes[callee][1]
            if isinstance(name, str) and last(name) not in self._offloads:
                continue
            offloads = typing.library.offloads
            if any(each[0] == "X" and each[1] in offloads for each in typing.of(file, callee)):
                yield node
