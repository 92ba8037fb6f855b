"""Programs that run one thing after another, so that nobody waits while one of them blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.index import is_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from asyncfix.project.edges import Edge, Instance
    from asyncfix.project.graph import Graph
    from asyncfix.project.roots import Entry


def alone(graph: Graph, entries: Mapping[int, Entry]) -> set[Instance]:
    """Return what only such programs run, and what has a loop of its own within a server.

    Programs are files outside any package that ask for `__name__`. Within a package a loop is its
    own where a coroutine is handed to `asyncio.run` that nobody else can want: of an application,
    which is no library, or one that is private or nested.
    """
    numbers = {fid: graph.numbers.get((fid, -1)) for fid in entries}
    started = {
        number: fid
        for fid, number in numbers.items()
        if number is not None and entries[fid].kind == "main"
    }
    mains = _programs(graph, started)
    serves = any(each.kind in _SERVING for each in entries.values())
    own = {number for number, fid in started.items() if serves or _is_private(graph, fid)} - mains
    if not mains and not own:
        return mains
    reached = _Reached(graph)
    taken = {graph.typing.functions.file(fid) for fid, e in entries.items() if e.kind != "main"}
    folders = _folders(graph)
    found: set[Instance] = set()
    apart: set[Instance] = set()
    tests = {numbers[fid] for fid, each in entries.items() if each.kind == "test"}
    others = {number for number in numbers.values() if number is not None} - mains - own - tests
    for number in mains | own:
        below = reached.by([number])
        files = {graph.file_index(each) for each in below}
        if (number in mains and files & taken) or reached.is_concurrent(below):
            others.add(number)
        else:
            found |= {each for each in below if graph.path(each).rpartition("/")[0] not in folders}
            apart |= below if number in own else set()
    taken_up = reached.by(others)
    return (found - taken_up) | (apart - taken_up - reached.by(_wanted(graph, own)))


def commanded(
    graph: Graph, entries: Mapping[int, Entry], is_command: Callable[[int], bool]
) -> set[Instance]:
    """Return what only coroutines run that commands start, tests aside."""
    numbers = {fid: graph.numbers.get((fid, -1)) for fid in entries}
    known = {number: fid for fid, number in numbers.items() if number is not None}
    starts = {n for n, fid in known.items() if entries[fid].kind == "main" and is_command(fid)}
    if not starts:
        return starts
    reached = _Reached(graph)
    others = {n for n, fid in known.items() if entries[fid].kind not in _BESIDE} - starts
    return reached.by(starts) - reached.by(others | _wanted(graph, starts))


_BESIDE = frozenset(("test", "command line"))
_SERVING = frozenset(("endpoint", "websocket", "view", "handler", "command", "event", "consumer"))


def _folders(graph: Graph) -> set[str]:
    """Return the folders that are packages."""
    paths = graph.files.paths
    return {path.rpartition("/")[0] for path in paths if path.endswith("__init__.py")}


def _programs(graph: Graph, started: Iterable[Instance]) -> set[Instance]:
    folders = _folders(graph)
    return {
        number
        for number in started
        if graph.path(number).rpartition("/")[0] not in folders
        and (facts.GLOBAL, "__name__") in graph.file(number).nodes
    }


def _is_private(graph: Graph, fid: int) -> bool:
    function = graph.typing.functions[fid][1]
    return function.parent > 0 or function.name.startswith("_")


def _wanted(graph: Graph, own: set[Instance]) -> set[Instance]:
    """Return the coroutines that nothing here calls: who imports them may, beside other things."""
    called = {edge.callee for edges in graph.edges for edge in edges} | graph.spawned.keys()
    return {
        number
        for number in range(len(graph.instances))
        if graph.is_async(number)
        and number not in called
        and number not in own
        and not is_test(graph.path(number))
    }


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

    def is_concurrent(self, instances: set[Instance]) -> bool:
        """Tell whether any of some functions starts what runs beside it, or serves others."""
        return any(
            any(edge.kind == "task" for edge in self.graph.spawns[each]) or self._starts(each)
            for each in instances
        )

    def _starts(self, number: Instance) -> bool:
        """Tell whether a function, or one within it, calls what may run others, of no project."""
        typing, names = self.graph.typing, self.graph.typing.library.concurrent
        file, functions = self.graph.file_index(number), self.graph.file(number).functions
        at = self.graph.instances[number][0] - typing.first_function[file]
        nodes = self.graph.files[file].nodes
        for function in (functions[at], *(each for each in functions if each.parent == at)):
            sites = function.sites
            for place in range(0, len(sites), facts.SITE):
                parts = nodes[sites[place + 1]]
                if parts[0] != facts.CALL:
                    continue
                last = typing.names.last(file, parts[1])
                awaits = sites[place] == facts.AWAITS and f"await {last}" in names
                if (last in names or awaits) and not self._is_own(file, parts[1]):
                    return True
        return False

    def _is_own(self, file: int, callee: int) -> bool:
        return any(each[0] in "FMV" for each in self.graph.typing.of(file, callee))
