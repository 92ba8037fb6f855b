"""Which distributions the new code needs, and which nothing imports any more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.changes.manifests import updated
from asyncfix.changes.manifests.names import normal

if TYPE_CHECKING:
    from asyncfix.changes.outcome import Changes
    from asyncfix.fixing.bench import Bench
    from asyncfix.fixing.rounds import Fixed


def with_manifests(fixed: Fixed) -> Changes:
    """Return the changes of a run with the manifests that follow from them."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for made in fixed.changes.made:
        needing = {each.path for each in made.fix.imports} or {made.finding.location.path}
        for path in needing:
            wanted[path].update(made.fix.requires)
    kept = {normal(each) for requirements in wanted.values() for each in requirements}
    gone = _imported(fixed.before) - _imported(fixed.after) - kept
    if not fixed.before.found.whole:
        gone = set()
    if not gone and not any(wanted.values()):
        return fixed.changes
    found = updated(fixed.before.found.root, wanted, frozenset(gone))
    return replace(
        fixed.changes,
        manifests=found.files,
        commands=found.commands,
        homeless=found.homeless,
    )


def _imported(bench: Bench) -> set[str]:
    """Return the first names of what a project imports, as distributions are called."""
    return {normal(name) for file in bench.project.files for name in file.imports}
