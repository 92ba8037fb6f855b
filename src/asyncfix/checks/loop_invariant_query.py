"""Queries in a loop that ask the same for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks import work_per_item
from asyncfix.syntax import flow, scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.syntax import Syntax
    from asyncfix.syntax.tree import Node

HELP = "ask once, before the loop or at the first item, and keep the answer"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each query whose answer no item of its loop changes."""
    for item in project.unvaried:
        yield work_per_item.finding(rule, item, project, HELP)


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Dismiss what the loop does change, or asks only until it is known."""
    del rule
    node = syntax.node(finding.location)
    loop = flow.loop_around(node) if node else None
    if node is None or loop is None or flow.varies(node):
        return None
    if flow.is_first_use(node) or flow.decides_end(node) or flow.is_dropped(node):
        return None
    own = _bound(loop)
    return None if any(each.text in own for each in scopes.names(node)) else finding


def _bound(loop: Node) -> set[str]:
    """Return the names that a loop binds."""
    if loop.kind == "For":
        return scopes.bound_in([loop["target"], loop["body"]]) | set(scopes.targets(loop["target"]))
    heads = (each for each in loop.own() if each.kind == "CompFor")
    return {name for each in heads for name in scopes.targets(each["target"])}
