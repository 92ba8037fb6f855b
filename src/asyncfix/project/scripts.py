"""Programs that run one thing after another, so that nobody waits while one of them blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asyncfix.project.edges import Edge, Instance
    from asyncfix.project.graph import Graph
    from asyncfix.project.roots import Entry


def alone(graph: Graph, entries: Mapping[int, Entry]) -> set[Instance]:
    """Return what only such programs run: files outside any package that ask for `__name__`."""
    folders = {
        path.rpartition("/")[0] for path in graph.files.paths if path.endswith("__init__.py")
    }
    numbers = {fid: graph.numbers.get((fid, -1)) for fid in entries}
    mains = {
        number
        for fid, number in numbers.items()
        if number is not None
        and entries[fid].kind == "main"
        and graph.path(number).rpartition("/")[0] not in folders
        and (facts.GLOBAL, "__name__") in graph.file(number).nodes
    }
    if not mains:
        return mains
    reached = _Reached(graph)
    taken = {graph.typing.functions.file(fid) for fid, e in entries.items() if e.kind != "main"}
    found: set[Instance] = set()
    others = [number for number in numbers.values() if number is not None and number not in mains]
    for number in mains:
        below = reached.by([number])
        files = {graph.file_index(each) for each in below}
        if files & taken or reached.is_concurrent(below, files):
            others.append(number)
        else:
            found |= {each for each in below if graph.path(each).rpartition("/")[0] not in folders}
    return found - reached.by(others)


class _Reached:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def by(self, starts: Iterable[Instance]) -> set[Instance]:
        """Return what some functions run, themselves included."""
        queue = list(starts)
        found = set(queue)
        while queue:
            for edge in self._edges(queue.pop()):
                if edge.callee not in found:
                    found.add(edge.callee)
                    queue.append(edge.callee)
        return found

    def _edges(self, number: Instance) -> Iterator[Edge]:
        yield from self.graph.edges[number]
        yield from self.graph.spawns[number]

    def is_concurrent(self, instances: set[Instance], files: set[int]) -> bool:
        """Tell whether any of some functions starts what runs beside it, or serves others."""
        names = self.graph.typing.library.concurrent
        if any(not names.isdisjoint(self.graph.files[each].calls) for each in files):
            return True
        return any(
            any(edge.kind == "task" for edge in self.graph.spawns[each]) or self._serves(each)
            for each in instances
        )

    def _serves(self, number: Instance) -> bool:
        """Tell whether a function awaits what may serve others, and is none of the project's."""
        typing, names = self.graph.typing, self.graph.typing.library.concurrent
        file = self.graph.file_index(number)
        nodes, sites = self.graph.files[file].nodes, self.graph.function(number).sites
        awaited = (
            nodes[sites[at + 1]]
            for at in range(0, len(sites), facts.SITE)
            if sites[at] == facts.AWAITS
        )
        calls = (parts for parts in awaited if parts[0] == facts.CALL)
        return any(
            f"await {typing.names.last(file, parts[1])}" in names
            and not any(each[0] in "FMV" for each in typing.of(file, parts[1]))
            for parts in calls
        )
