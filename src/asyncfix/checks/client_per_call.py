"""Clients and connections that are made for one call or request and then dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import nomination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Client, Rule
    from asyncfix.project.clients import Making
    from asyncfix.project.program import Project

_COST = {
    "http": "no connection is used twice, and each client sets up TLS anew",
    "database": "no connection is used twice",
    "cache": "no connection is used twice",
    "queue": "no connection is used twice",
    "sdk": "no connection is used twice, and each client sets up TLS anew",
}


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each call that makes a client for one use."""
    if not project.lifetimes.serves:
        return
    for making in project.clients.dropped:
        if not project.clients.depends_on_caller(making):
            finding = _finding(rule, making, project)
            if finding.root.kind != "websocket":  # whose client lives as long as its connection
                yield finding


def _finding(rule: Rule, making: Making, project: Project) -> Finding:
    message = rule.message.format(name=making.name, replacement=_COST[making.client.kind])
    if making.client.at_once:
        message = f"each `{making.name}` in a loop makes a client: {_COST[making.client.kind]}"
    if making.by:
        message = f"`{making.by[0]}` makes {message}"
    return nomination(
        rule,
        project,
        making.at,
        subject=making.name,
        message=message,
        effect="lifecycle",
        help=_help(making.client),
    )


def _help(client: Client) -> str:
    if not client.pooled:
        return "keep one connection, or a pool, for as long as the application runs"
    return "make one for as long as the application runs, in its lifespan, and close it there"
