"""Queries that the same function has asked before, and whose answer is at hand."""

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

HELP = "keep the first answer, and use it here"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each query that an equal one of its function comes before."""
    graph = project.graph
    for again in project.asked_again:
        path = graph.path(again.instance)
        if project.is_beside(path):
            continue  # a test looks twice to see whether something has changed
        symbol = graph.qualname(graph.instances[again.instance][0])
        where = Location(path, *again.first)
        first = Step(where, f"`{symbol}` asks the same here, before", symbol, "asks")
        confidence = work_per_item.confidence_of(again.way)
        yield work_per_item.told(rule, again, project, confidence, HELP, before=(first,))


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Dismiss what is not surely asked before, in the same words."""
    del rule
    first, second = syntax.node(finding.trace[0].location), syntax.node(finding.location)
    if first is None or second is None or first.tree is not second.tree:
        return None
    if flow.varies(second) or flow.is_dropped(second):
        return None
    is_same = "".join(first.text.split()) == "".join(second.text.split())
    return finding if is_same and flow.precedes(first, second) else None
