"""Asynchronous clients that are made while a module is imported, and that nothing closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import nomination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each variable of a module that is such a client."""
    if not project.lifetimes.serves:
        return
    for making, scope, name in project.keeping.unclosed:
        if scope == "module":
            at = making.at
            yield nomination(
                rule,
                project,
                at,
                subject=making.name,
                message=rule.message.format(name=making.name, replacement=name),
                effect="lifecycle",
                help=f"make it in the lifespan, and await `{name}.{making.client.close}()` there",
            )
