"""Which ways through the call graph comments silence: at a sink, at an edge, from an entry."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix.findings import Location
from asyncfix.project.functions import Functions
from asyncfix.suppress.spans import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.project.edges import Edge, Hit, Instance
    from asyncfix.project.program import Project
    from asyncfix.suppress.spans import Span, Spans


class Ways:
    """The steps of a project's call graph that spans cover, and the spans that cover any.

    A span covers a step that stands in it, and every step of a function whose head it is on.
    """

    def __init__(self, project: Project, spans: Spans) -> None:
        self.quiet: dict[tuple[Instance, int, int], frozenset[str]] = {}
        self.used: set[Span] = set()
        self.cuts_awaits = False
        self._project = project
        self._spans = spans
        self._functions: dict[str, Functions] = {}
        told = {at for at, path in enumerate(project.files.paths) if path in spans.by_path}
        home = project.typing.functions.file
        inside = {at for at, (fid, _) in enumerate(project.graph.instances) if home(fid) in told}
        for number in sorted(inside):
            self._cover(number)
        self._cover_awaits(inside)

    def entries(self, rule: str) -> frozenset[int]:
        """Return the entries of the project that are silenced for a rule."""
        typing = self._project.typing
        found = set()
        for fid in self._project.entries:
            path = typing.files.paths[typing.functions.file(fid)]
            if path not in self._spans.by_path:
                continue
            function = typing.functions[fid][1]
            head = Location(path, function.start, function.start)
            if function.start and self.on_head(head, rule):
                found.add(fid)
        return frozenset(found)

    def on_head(self, head: Location, rule: str) -> Span | None:
        """Return what silences a rule for the function that begins at a place."""
        spans = self._spans.all_at(head, rule)
        return next((span for span in spans if span.breadth == LINE and not span.here), None)

    def around(self, where: Location, rule: str) -> Span | None:
        """Return what silences a rule for a function that a place is in."""
        if where.path not in self._spans.by_path:
            return None
        functions = self.functions(where.path)
        for function in functions.outward(functions.around(where.start)):
            span = self.on_head(Location(where.path, function.start, function.start), rule)
            if span is not None:
                return span
        return None

    def functions(self, path: str) -> Functions:
        """Return the functions of a file, by place."""
        if path not in self._functions:
            files = self._project.files
            self._functions[path] = Functions(files[files.paths.index(path)])
        return self._functions[path]

    def reached(self, fid: int) -> bool:
        """Tell whether the event loop is known to reach a function."""
        return fid in self._known

    @cached_property
    def _known(self) -> frozenset[int]:
        return frozenset(fid for fid, _ in self._project.graph.instances)

    def _cover(self, number: Instance) -> None:
        graph = self._project.graph
        for hit in graph.hits[number]:
            self._silence(hit, (hit.target.rule,))
        for edge in graph.edges[number]:
            self._silence(edge, self._reach.get(edge.callee, ()))

    def _cover_awaits(self, inside: set[Instance]) -> None:
        graph, before = self._project.graph, len(self.quiet)
        for edges in graph.spawned.values():
            for edge in edges:
                if edge.caller in inside:
                    self._silence(edge, self._reach_awaited.get(edge.callee, ()))
        self.cuts_awaits = len(self.quiet) > before

    def _silence(self, step: Hit | Edge, rules: Iterable[str]) -> None:
        where = Location(self._project.graph.path(step.caller), step.start, step.end)
        for rule in rules:
            spans = (span for span in self._spans.all_at(where, rule) if not span.here)
            span = next(spans, None) or self.around(where, rule)
            if span is not None:
                self.used.add(span)
                key = (step.caller, step.start, step.end)
                self.quiet[key] = self.quiet.get(key, frozenset()) | {rule}

    @cached_property
    def _reach(self) -> dict[Instance, set[str]]:
        """Return, by function, the rules whose targets it reaches by calls."""
        return self._spread(())

    @cached_property
    def _reach_awaited(self) -> dict[Instance, set[str]]:
        """Return, by function, the rules whose targets it reaches by calls and by awaiting."""
        return self._spread(
            (edge.caller, edge.callee)
            for edges in self._project.graph.spawned.values()
            for edge in edges
        )

    def _spread(self, awaits: Iterable[tuple[Instance, Instance]]) -> dict[Instance, set[str]]:
        graph = self._project.graph
        above: dict[Instance, list[Instance]] = {}
        for caller, callee in awaits:
            above.setdefault(callee, []).append(caller)
        found = {
            number: {hit.target.rule for hit in hits}
            for number, hits in enumerate(graph.hits)
            if hits
        }
        queue = list(found)
        while queue:
            number = queue.pop()
            callers: Iterator[Instance] = (edge.caller for edge in graph.into.get(number, ()))
            for caller in (*callers, *above.get(number, ())):
                rules = found.setdefault(caller, set())
                if not found[number] <= rules:
                    rules |= found[number]
                    queue.append(caller)
        return found
