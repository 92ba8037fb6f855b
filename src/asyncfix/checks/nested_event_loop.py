"""Loops that are started where one runs already, in async code or further down its calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.blocking_call import examine, readable, reported
from asyncfix.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.chains import Chain
    from asyncfix.project.program import Project

__all__ = ["examine", "find"]

_CAUGHT = (-2, facts.CAUGHT, True)  # the code expects the refusal
_AWAITABLE = (-2, facts.AWAITABLE, True)
_PATCH = "nest_asyncio"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each first step from code on the loop towards what starts another one."""
    is_patched = _PATCH in project.files.imports
    for chain in project.loop_chains:
        if chain.hit.target.rule == rule.name and not _has(chain, _CAUGHT):
            finding = replace(reported(rule, chain, project), help=_help(chain, project))
            if _has(chain, _AWAITABLE):
                message = f"{finding.message} (if it gets a coroutine)"
                finding = replace(finding, message=message, severity=Severity.INFO)
            yield _patched(finding, chain) if is_patched else finding


def _has(chain: Chain, guard: tuple[int, str, bool]) -> bool:
    """Tell whether a step of a chain runs under a guard."""
    guards = [chain.hit.guards, *(edge.guards for edge in chain.edges)]
    return any(guard in each for each in guards)


def _patched(finding: Finding, chain: Chain) -> Finding:
    """Say less of a project that lets loops be nested."""
    name = readable(chain.hit.name)
    message = f"`{name}` nests a loop in the running one, which only {_PATCH} lets it do"
    worst = min(Severity.WARNING, finding.severity, key=lambda each: -each.rank)
    return replace(finding, message=message, severity=worst)


def _help(chain: Chain, project: Project) -> str:
    thread = project.thread_call
    if not chain.edges:
        instead = chain.hit.target.replacement
        return f"await `{instead}` instead" if instead else "await it: a loop runs already"
    name = project.graph.function(chain.edges[-1].callee).name
    if chain.edges[0].kind == "call":
        return (
            f"let `{name}` be a coroutine that its callers await, "
            f"or run it in a thread: `await {thread}{{call}})`"
        )
    return f"let `{name}` be a coroutine that its callers await"
