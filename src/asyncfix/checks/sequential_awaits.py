"""Reads that wait for one another although neither needs the other's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks import work_per_item
from asyncfix.findings import Location, Step
from asyncfix.syntax import flow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.syntax import Syntax

HELP = "wait for both at once: `await asyncio.gather(…)`"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each read that comes after another one."""
    graph = project.graph
    for waiting in project.waiting:
        path = graph.path(waiting.instance)
        if project.is_beside(path):
            continue
        symbol = graph.qualname(graph.instances[waiting.instance][0])
        where = Location(path, *waiting.first)
        first = Step(where, f"`{symbol}` waits for this first", symbol, "asks")
        confidence = work_per_item.confidence_of(waiting.way)
        yield work_per_item.told(rule, waiting, project, confidence, HELP, before=(first,))


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Dismiss what needs the answer before it, or does not follow it at once."""
    del rule
    first, second = syntax.node(finding.trace[0].location), syntax.node(finding.location)
    if first is None or second is None or first.tree is not second.tree:
        return None
    return finding if flow.waits_in_vain(first, second) else None
