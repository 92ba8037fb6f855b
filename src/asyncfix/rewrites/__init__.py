"""Rewrites: what can be written in place of code that stops the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites import nested
from asyncfix.rewrites.batch import REWRITES as _BATCH
from asyncfix.rewrites.bounded import bounded
from asyncfix.rewrites.cascade import cascade
from asyncfix.rewrites.lifecycle import REWRITES as _LIFECYCLE
from asyncfix.rewrites.moving import STRATEGY, keeps_session, moved
from asyncfix.rewrites.packed import packed
from asyncfix.rewrites.patience import patient
from asyncfix.rewrites.place import place_of
from asyncfix.rewrites.plain import entry_of, plain_function
from asyncfix.rewrites.pools import pooled
from asyncfix.rewrites.pragmas import logged
from asyncfix.rewrites.slow_queries import watched
from asyncfix.rewrites.strategies import strategies
from asyncfix.rewrites.timeouts import shorter
from asyncfix.rewrites.workspace import Plan, Refusal, RefusedError, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding, Fix
    from asyncfix.packs import Rule
    from asyncfix.rewrites.place import Place

_CHECKS = ("blocking-call", nested.CHECK)
_AT_ONE_PLACE = {
    "long-database-timeout": shorter,
    "missing-timeout": patient,
    "missing-slow-query-log": watched,
    "pickle-cache": packed,
    "pool-settings": pooled,
    "sqlite-pragmas": logged,
    "unbounded-cache": bounded,
}
_PLANNED = {**_LIFECYCLE, **_BATCH}

__all__ = ["Plan", "Refusal", "Workspace", "fixes"]


def fixes(rule: Rule, finding: Finding, workspace: Workspace) -> Plan:
    """Return what can be done about a finding, the best first, and why not more.

    Nothing is said of findings of checks that have no rewrite.
    """
    if rule.check in _AT_ONE_PLACE:
        return _at_one_place(_AT_ONE_PLACE[rule.check], finding, workspace)
    if rule.check in _PLANNED:
        return _planned(_PLANNED[rule.check](workspace, finding))
    if rule.check not in _CHECKS:
        return Plan()
    try:
        place = place_of(rule, finding, workspace)
    except RefusedError as error:
        return Plan(refusals=(Refusal("all", str(error)),))
    found: list[Fix] = []
    refused: list[Refusal] = []
    for strategy, rewrite in _all(place):
        try:
            found.append(rewrite(place))
        except RefusedError as error:
            refused.append(Refusal(strategy, str(error)))
    return Plan(tuple(found), tuple(refused))


def _at_one_place(
    rewrite: Callable[[Finding, Workspace], Fix], finding: Finding, workspace: Workspace
) -> Plan:
    try:
        return Plan((rewrite(finding, workspace),))
    except RefusedError as error:
        return Plan(refusals=(Refusal("native", str(error)),))


def _planned(rewrites: Iterator[tuple[str, Callable[[], Fix]]]) -> Plan:
    """Try rewrites in their order."""
    found: list[Fix] = []
    refused: list[Refusal] = []
    for strategy, rewrite in rewrites:
        try:
            found.append(rewrite())
        except RefusedError as error:
            refused.append(Refusal(strategy, str(error)))
    return Plan(tuple(found), tuple(refused))


def _all(place: Place) -> Iterator[tuple[str, Callable[[Place], Fix]]]:
    """Yield the rewrites that may serve at a place, the best first."""
    if keeps_session(place):
        yield STRATEGY, moved
    is_entry = entry_of(place) is not None
    for strategy, rewrite, is_sure in strategies(place):
        if is_entry and not is_sure:
            yield "sync", plain_function
            is_entry = False
        yield strategy, rewrite
    if not place.is_direct:
        yield "cascade", cascade
