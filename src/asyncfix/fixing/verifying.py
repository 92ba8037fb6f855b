"""Finds the fixes with which a command fails, by leaving out ever fewer of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix.changes.trial import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from asyncfix.changes.outcome import Made
    from asyncfix.findings import Finding, Fix
    from asyncfix.fixing.bench import Bench
    from asyncfix.fixing.rounds import Decide

Key = tuple[str, str, str]
Group = tuple[Key, ...]


class Sifted(NamedTuple):
    """The fixes that hold, and those that do not."""

    kept: tuple[Group, ...]
    guilty: tuple[Group, ...]


def transactions(made: Iterable[Made]) -> tuple[Group, ...]:
    """Return the keys of made fixes, in order; those that make the same edits go together."""
    groups: dict[object, list[Key]] = {}
    for each in made:
        groups.setdefault(frozenset(each.fix.edits), []).append(each.key)
    return tuple(tuple(keys) for keys in groups.values())


def sifted(groups: Iterable[Group], holds: Callable[[tuple[Group, ...]], bool]) -> Sifted:
    """Leave out, one after another, the first group with which things do not hold.

    `holds` is asked first about all of them, and about fewer only if it says no.
    """
    kept, guilty = list(groups), []
    while kept and not holds(tuple(kept)):
        low, high = 0, len(kept)  # the first `low` hold, the first `high` do not
        while high - low > 1:
            middle = (low + high) // 2
            if holds(tuple(kept[:middle])):
                low = middle
            else:
                high = middle
        guilty.append(kept.pop(high - 1))
    return Sifted(tuple(kept), tuple(guilty))


def only(keys: Collection[Key]) -> Decide:
    """Return a decision that takes the fixes of some keys, and no others."""

    def decide(finding: Finding, fixes: tuple[Fix, ...], _bench: Bench) -> Fix | None:
        return next((fix for fix in fixes if Candidate(finding, fix).key in keys), None)

    return decide
