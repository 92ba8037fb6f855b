"""The call graph from the loop's entries, or around one function, down to what blocks."""

from __future__ import annotations

from collections import deque
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.findings import AsyncfixError, Location
from asyncfix.output.chains import short
from asyncfix.survey.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.project.program import Project


class Node(NamedTuple):
    """A function of the project, or a callable that blocks, which has no location."""

    symbol: str
    name: str
    kind: str  # async, sync or sink
    entry: str
    location: Location | None


class Link(NamedTuple):
    """One function calls another, or what blocks, at a place."""

    source: str
    target: str
    kind: str
    location: Location


class Callgraph(NamedTuple):
    """Nodes by symbol, links in the order of the text, and where to begin reading."""

    nodes: dict[str, Node]
    links: tuple[Link, ...]
    starts: tuple[str, ...]
    backwards: bool


def callgraph(
    project: Project,
    symbol: str = "",
    *,
    depth: int | None = None,
    callers: bool = False,
    everything: bool = False,
) -> Callgraph:
    """Return the part of the graph that a symbol, or else every entry, reaches in `depth` steps.

    `callers` follows the calls backwards; without `everything` only ways to what blocks are
    kept. Raise AsyncfixError if no function on the loop has that name.
    """
    whole = _Whole(project)
    starts = whole.named(symbol) if symbol else whole.entries()
    links = set(whole.links if everything or callers else whole.blocking())
    near = _near(starts, links, depth, backwards=callers)
    kept = [link for link in whole.links if link in links and {link.source, link.target} <= near]
    used = {each for link in kept for each in (link.source, link.target)}
    used |= set(starts) if symbol else set()
    nodes = {name: node for name, node in whole.nodes.items() if name in used}
    shown = tuple(start for start in starts if start in used)
    return Callgraph(nodes, tuple(kept), shown, callers)


class _Whole:
    """Everything that the loop reaches; a function seen from several classes is one node."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._reach = Reach(project)
        self.nodes: dict[str, Node] = {}
        found: dict[Link, None] = {}
        for number, (fid, _) in enumerate(self._reach.graph.instances):
            self._add(fid)
            found |= dict.fromkeys(self._links(number))
        self.links = sorted(found, key=lambda link: (link.location, link.target))

    def _add(self, fid: int) -> None:
        project = self._project
        file, function = project.typing.functions[fid]
        symbol, entry = project.graph.qualname(fid), project.entries.get(fid)
        told = f"{entry.method} {entry.path}".strip() or entry.kind if entry else ""
        kind = "async" if function.flags & facts.ASYNC else "sync"
        location = Location(project.files[file].path, function.start, function.end)
        self.nodes[symbol] = Node(symbol, short(symbol), kind, told, location)

    def _links(self, number: int) -> Iterable[Link]:
        graph = self._reach.graph
        path = graph.file(number).path
        symbol = graph.qualname(graph.instances[number][0])
        for edge in self._reach.onward(number):
            target = graph.qualname(graph.instances[edge.callee][0])
            yield Link(symbol, target, edge.kind, Location(path, edge.start, edge.end))
        for hit in graph.hits[number]:
            name = hit.name.removeprefix("builtins.").removesuffix(".__init__")
            self.nodes.setdefault(name, Node(name, name, "sink", "", None))
            yield Link(symbol, name, "blocks", Location(path, hit.start, hit.end))

    def entries(self) -> list[str]:
        """Return what frameworks enter by, and the coroutines that nothing known starts."""
        project, graph = self._project, self._reach.graph
        called = {link.target for link in self.links}
        entered = {graph.qualname(fid) for fid, each in project.entries.items() if each.on_loop}
        return [
            symbol
            for symbol, node in self.nodes.items()
            if symbol in entered or (node.kind == "async" and symbol not in called)
        ]

    def named(self, symbol: str) -> list[str]:
        """Return the nodes that a full name, or the end of one, means."""
        wanted = symbol.removesuffix("()")
        if wanted in self.nodes:
            return [wanted]
        found = [name for name in self.nodes if name.endswith(f".{wanted}")]
        if not found:
            close = get_close_matches(wanted, [*self.nodes, *map(short, self.nodes)], 1, 0.6)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            raise AsyncfixError(f"nothing on the event loop is called `{symbol}`{hint}")
        return found

    def blocking(self) -> list[Link]:
        """Return the links that lead to something that blocks."""
        above: dict[str, list[Link]] = {}
        for link in self.links:
            above.setdefault(link.target, []).append(link)
        queue = [symbol for symbol, node in self.nodes.items() if node.kind == "sink"]
        seen = set(queue)
        found = []
        while queue:
            for link in above.get(queue.pop(), ()):
                found.append(link)
                if link.source not in seen:
                    seen.add(link.source)
                    queue.append(link.source)
        return found


def _near(
    starts: Iterable[str], links: Iterable[Link], depth: int | None, *, backwards: bool
) -> set[str]:
    """Return what is within some steps of the starts."""
    onward: dict[str, list[str]] = {}
    for link in links:
        here, there = (link.target, link.source) if backwards else (link.source, link.target)
        onward.setdefault(here, []).append(there)
    steps = dict.fromkeys(starts, 0)
    queue = deque(steps)
    while queue:
        here = queue.popleft()
        if depth is not None and steps[here] >= depth:
            continue
        for there in onward.get(here, ()):
            if there not in steps:
                steps[there] = steps[here] + 1
                queue.append(there)
    return set(steps)
