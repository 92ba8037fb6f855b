"""Asynchronous clients that an object or an application keeps, and that nothing closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import nomination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.keeping import Kept
    from asyncfix.project.program import Project

_HELP = {
    "self": "give the class an `async def aclose` that awaits `{}`, and await that when the "
    "application stops",
    "state": "await `{}` behind the `yield` of the lifespan",
}


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each place that makes such a client."""
    if not project.lifetimes.serves:
        return
    for kept in project.keeping.unclosed:
        if kept.scope in _HELP:
            yield _finding(rule, kept, project)


def _finding(rule: Rule, kept: Kept, project: Project) -> Finding:
    making = kept.making
    held = f"{kept.scope}.{kept.name}"
    return nomination(
        rule,
        project,
        making.at,
        subject=making.name,
        message=rule.message.format(name=making.name, replacement=held),
        effect="lifecycle",
        help=_HELP[kept.scope].format(f"{held}.{making.client.close}()"),
    )
