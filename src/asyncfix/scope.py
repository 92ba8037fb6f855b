"""Which findings a run is asked for: by file, by what a pattern ignores, by severity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.source import matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from asyncfix.baseline import Baseline
    from asyncfix.config import Config
    from asyncfix.findings import Finding, Location


class Touched(NamedTuple):
    """Some files, and a test of the places in them."""

    paths: Container[str]
    test: Callable[[Location], bool]


@dataclass(frozen=True)
class Asked:
    """What a run leaves out: what comments silence, and what a baseline accepts.

    With `by_hops` a finding belongs to every file that a chain of its leads through; `touched`
    asks which places lead to those that a change touches.
    """

    suppressions: bool = True
    baseline: Baseline | None = None
    by_hops: bool = False
    touched: Touched | None = None

    @property
    def salt(self) -> str:
        """Return what tells one such wish from another."""
        accepted = self.baseline.digest if self.baseline else "none"
        return f"{self.suppressions} {accepted} {self.by_hops}"


def ignored(config: Config) -> Callable[[Finding], bool]:
    """Return a test of findings against `per-file-ignores`."""
    ignores = [(matcher([glob]), names) for glob, names in config.per_file_ignores.items()]

    def test(finding: Finding) -> bool:
        return any(
            (finding.rule in names or finding.group in names or "ALL" in names)
            and matches(finding.location.path)
            for matches, names in ignores
        )

    return test


def within(
    findings: Iterable[Finding],
    reported: frozenset[str] | None,
    carried: frozenset[Location],
    *,
    by_hops: bool,
) -> list[Finding]:
    """Return the findings in some files; `by_hops` also those with a chain that leads through one.

    `carried` holds the places that have such a chain besides the one that is shown.
    """
    if reported is None:
        return list(findings)
    return [
        finding
        for finding in findings
        if finding.location.path in reported
        or finding.location in carried
        or (by_hops and any(step.location.path in reported for step in finding.trace))
        or (by_hops and finding.root.location.path in reported)
    ]


def severe(findings: Iterable[Finding], config: Config) -> list[Finding]:
    """Return the findings that are bad and sure enough to be shown."""
    return [
        finding
        for finding in findings
        if finding.severity.rank <= config.min_severity.rank
        and finding.confidence.rank <= config.min_confidence.rank
    ]
