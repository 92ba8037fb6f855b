"""Which of a finding's fixes are wanted: by applicability, strategy, reach and configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix.findings import Applicability

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncfix.config import Config
    from asyncfix.findings import Finding, Fix

STRATEGIES = ("native", "offload", "sync", "cascade", "cached", "lifespan", "batch")
REACHES = ("none", "file", "callers", "full")


class Refusal(NamedTuple):
    """Why a finding was not fixed by one of the strategies."""

    strategy: str
    reason: str


@dataclass(frozen=True)
class Wishes:
    """What the user asks of a run; `strategies` holds the wanted one by rule, group or ALL."""

    unsafe: bool = False
    strategies: Mapping[str, str] = field(default_factory=dict)
    cascade: str = "full"
    max_files: int | None = None


class Choices(NamedTuple):
    """The fixes to try, in order of preference, and why the others are left."""

    fixes: tuple[Fix, ...]
    refusals: tuple[Refusal, ...]


def choices(finding: Finding, fixes: Iterable[Fix], wishes: Wishes, config: Config) -> Choices:
    """Divide the fixes of a finding into those that are wanted and those that are not."""
    kept, refusals = [], []
    for fix in fixes:
        graded = replace(fix, applicability=_grade(finding, fix, config))
        reason = _unwanted(finding, graded, wishes, config)
        if reason:
            refusals.append(Refusal(fix.strategy, reason))
        else:
            kept.append(graded)
    return Choices(tuple(kept), tuple(refusals))


def _grade(finding: Finding, fix: Fix, config: Config) -> Applicability:
    """Return how far a fix may be trusted, as the configuration sees it."""
    grade = fix.applicability
    if grade is Applicability.UNSAFE and _named(finding, config.extend_safe_fixes):
        return Applicability.SAFE
    if grade is Applicability.SAFE and _named(finding, config.extend_unsafe_fixes):
        return Applicability.UNSAFE
    return grade


def _unwanted(finding: Finding, fix: Fix, wishes: Wishes, config: Config) -> str:
    if not fixable(finding, config):
        return "the configuration makes the rule unfixable"
    wanted = _nearest(finding, wishes.strategies)
    if wanted and fix.strategy != wanted:
        return f"the strategy {wanted} is asked for"
    if fix.applicability is Applicability.DISPLAY_ONLY:
        return "is only a suggestion, to be made by hand"
    if fix.applicability is Applicability.UNSAFE and not wishes.unsafe:
        return "needs --unsafe-fixes"
    if fix.strategy == "cascade":
        return _too_far(finding, fix, wishes.cascade)
    return ""


def _too_far(finding: Finding, fix: Fix, reach: str) -> str:
    """Say why a fix changes more than its callers may be asked to; empty if it does not."""
    here = finding.location.path
    near = {
        "none": set[str](),
        "file": {here},
        "callers": {here, *(step.location.path for step in finding.trace)},
    }.get(reach)
    paths = {edit.location.path for edit in fix.edits}
    if near is None or paths <= near:
        return ""
    return f"changes {len(paths)} files, but --cascade is {reach}"


def fixable(finding: Finding, config: Config) -> bool:
    """Tell whether the configuration lets findings of this rule be fixed; the nearer name wins."""
    wanted = 1 if config.fixable is None else _nearness(finding, config.fixable)
    return wanted > _nearness(finding, config.unfixable)


def _named(finding: Finding, names: Iterable[str]) -> bool:
    return _nearness(finding, names) > 0


def _nearness(finding: Finding, names: Iterable[str]) -> int:
    given = set(names)
    tries = ((finding.rule, 3), (finding.group, 2), ("ALL", 1))
    return next((rank for name, rank in tries if name in given), 0)


def _nearest(finding: Finding, table: Mapping[str, Any]) -> str:
    found = (table.get(name) for name in (finding.rule, finding.group, "ALL"))
    return next((str(each) for each in found if each), "")
