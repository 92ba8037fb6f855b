"""The endpoints of a project: where each runs, and what blocks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.findings import Location
from asyncfix.output.chains import short
from asyncfix.survey.dependencies import Dependencies
from asyncfix.survey.reach import Reach

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Report
    from asyncfix.project.program import Project
    from asyncfix.project.roots import Entry

_BACKSTAGE = frozenset(("test", "main", "command line"))


class Route(NamedTuple):
    """An entry of the application; `findings` are those that block it, the worst first.

    What runs before it because of `Depends` counts as well; `thread_hops` counts the places that
    hand work to a thread.
    """

    kind: str
    method: str
    path: str
    symbol: str
    location: Location
    is_async: bool
    on_loop: bool
    thread_hops: int
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Return method and path, or else what kind of entry it is, and of which function."""
        kind = f"{self.kind} {short(self.symbol)}"
        return f"{self.method} {self.path}".strip() if self.path else kind

    @property
    def runs(self) -> str:
        """Say where it runs: async, sync on the loop, or in a thread."""
        if not self.on_loop:
            return "thread"
        return "async" if self.is_async else "loop"


def routes(project: Project, report: Report, *, everything: bool = False) -> list[Route]:
    """Return the routes by path and method; with `everything` also what else frameworks run."""
    survey = _Survey(project, report)
    found = [
        survey.route(entry)
        for entry in project.entries.values()
        if entry.path or (everything and entry.kind not in _BACKSTAGE)
    ]
    return sorted(found, key=lambda each: (not each.path, each.path, each.name, each.location))


class _Survey:
    """What is asked for every route."""

    def __init__(self, project: Project, report: Report) -> None:
        self._project = project
        self._reach = Reach(project)
        self._dependencies = Dependencies(project.typing)
        self._findings: dict[str, list[Finding]] = {}
        for finding in report.findings:
            if finding.trace:  # what has no chain does not block by itself
                self._findings.setdefault(finding.symbol, []).append(finding)

    def route(self, entry: Entry) -> Route:
        """Return an entry with what blocks it."""
        project = self._project
        file, function = project.typing.functions[entry.fid]
        before = self._dependencies.all(entry.fid)
        inside, threads = self._inside({entry.fid, *before})
        found = [
            finding
            for fid in inside
            for finding in self._findings.get(project.graph.qualname(fid), ())
        ]
        return Route(
            kind=entry.kind,
            method=entry.method,
            path=entry.path,
            symbol=project.graph.qualname(entry.fid),
            location=Location(project.files[file].path, function.start, function.end),
            is_async=bool(function.flags & facts.ASYNC),
            on_loop=entry.on_loop,
            thread_hops=threads + sum(map(self._reach.thread_hops, inside)),
            findings=tuple(sorted(found, key=lambda each: (each.severity.rank, each.location))),
        )

    def _inside(self, starts: set[int]) -> tuple[set[int], int]:
        """Return what runs on the loop because of some functions, and how many go to a thread."""
        inside: set[int] = set()
        threads = 0
        for fid in starts:
            entry = self._project.entries.get(fid)
            if entry is None or entry.on_loop:
                inside |= self._reach.functions(fid)
            else:
                threads += 1
        return inside, threads
