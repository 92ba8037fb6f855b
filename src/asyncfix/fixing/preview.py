"""What single fixes look like: their differences, and their edits with all imports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.changes.outcome import Changed
from asyncfix.changes.trial import Candidate, tried

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.changes.outcome import Changes
    from asyncfix.changes.trial import Trial
    from asyncfix.findings import Edit, Finding, Fix, Import
    from asyncfix.fixing.bench import Bench
    from asyncfix.fixing.rounds import Rewrites
    from asyncfix.source import Text


def preview(finding: Finding, fix: Fix, bench: Bench, rewrites: Rewrites) -> tuple[Changed, ...]:
    """Return the files that one fix changes, by itself."""
    trial = _alone(finding, fix, bench, rewrites)
    return tuple(Changed(trial.before[path], trial.after[path]) for path in sorted(trial.after))


def with_fixes(
    findings: Iterable[Finding], changes: Changes, bench: Bench, rewrites: Rewrites
) -> tuple[Finding, ...]:
    """Give findings the fix that is made for them; `bench` is the project before any change.

    Fixes that became possible only after others are left out, because their edits are of texts
    that nobody has seen.
    """
    made = {each.finding: each.fix for each in changes.made}
    return tuple(
        replace(finding, fixes=(_complete(finding, made[finding], bench, rewrites),))
        if finding in made
        else finding
        for finding in findings
    )


def _complete(finding: Finding, fix: Fix, bench: Bench, rewrites: Rewrites) -> Fix:
    trial = _alone(finding, fix, bench, rewrites)
    return replace(fix, edits=tuple(edit for edits in trial.edits.values() for edit in edits))


def _alone(finding: Finding, fix: Fix, bench: Bench, rewrites: Rewrites) -> Trial:
    def importer(text: Text, adds: Iterable[Import], changes: Sequence[Edit]) -> Iterable[Edit]:
        return rewrites.imports(bench, text, adds, changes)

    return tried([Candidate(finding, fix)], bench.texts, importer)
