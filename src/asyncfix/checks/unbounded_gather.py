"""Requests that are all started at once, for a collection of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.work_per_item import finding
from asyncfix.project.loops import MANY
from asyncfix.project.work import TASKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.project.work import PerItem

_POOLED = frozenset(("thread", "thread task"))


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each request of a comprehension that is gathered without a limit."""
    for item in project.per_item:
        edges = item.way.edges
        starts = item.at_once and (not edges or edges[0].kind in TASKS)
        if item.way.kind == "request" and starts and item.extent >= MANY and _waits(item, project):
            places = [(edge.caller, edge.start) for edge in edges]
            places.append((item.way.asked.caller, item.way.asked.start))
            reach = project.work.reach
            if reach.gathers(item.instance, item.start) and not any(
                reach.limits(*place) for place in places
            ):
                yield finding(rule, item, project)


def _waits(item: PerItem, project: Project) -> bool:
    """Tell whether all requests wait at once, not in a pool's threads and not blocking the loop."""
    asked = item.way.asked
    if project.work.extent.is_chunk(project.graph.file_index(item.instance), item.loop):
        return False
    if any(edge.kind in _POOLED for edge in item.way.edges):
        return False
    blocks = project.typing.outside.target(asked.name.rpartition(".")[0], asked.name)
    return asked.awaited or blocks is None
