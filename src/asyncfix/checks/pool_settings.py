"""Pools of connections whose size is fixed in code, or that hand out dead connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import nomination
from asyncfix.project.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate sizes where they are written, and calls that leave them out."""
    if not project.lifetimes.serves:
        return
    pools = Pools(project)
    for fixed in pools.fixed():
        yield nomination(
            rule,
            project,
            fixed,
            subject=fixed.key,
            message=rule.message.format(
                name=fixed.key, replacement="fixed in code, for every machine and every load"
            ),
            effect="settings",
            help="read it from the environment, with this number to fall back on",
        )
    for lack in pools.lacking():
        place = lack.place
        told = " and ".join(f"`{key}`" for key in lack.keys)
        yield nomination(
            rule,
            project,
            place,
            subject=lack.name,
            message=f"`{lack.name}` without {told}: {_WHY[lack.keys[0]]}",
            effect="settings",
            help="pass what suits the load, read from the environment",
        )


_WHY = {
    "pool_pre_ping": "a connection that the server has closed fails the request that is given it",
    "pool_size": "five connections serve all requests at once",
}
