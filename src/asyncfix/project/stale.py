"""Which of the last run's answers a change of some files may have made wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.decorators import PROPERTIES, SETTER
from asyncfix.project.outline import Difference, difference
from asyncfix.project.trace import bit, file_bit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncfix.facts import FileFacts
    from asyncfix.project.files import Files

_MOST_CHANGED = 50


class Stale(NamedTuple):
    """What is to be found out again.

    `changed` are the files whose text has changed, `again` these and others whose functions are
    to be read again, `refilled` those that fill containers otherwise; an answer that rests on a
    bit of `mask` may be wrong.
    """

    changed: frozenset[int]
    again: frozenset[int]
    refilled: frozenset[int]
    mask: int


def stale(
    digests: Mapping[str, str],
    files: Files,
    before: Mapping[str, FileFacts],
    promised: Iterable[str],
    asked: Iterable[str],
) -> Stale | None:
    """Return what a change makes wrong; None if that is as good as everything.

    `digests` has the state of all files as they were, `before` the facts of those that have
    changed, `promised` the methods by which classes fit protocols, `asked` the names of callables
    whose callers were asked what they pass.
    """
    old = list(digests.values())
    changed = {at for at, digest in enumerate(files.digests) if digest != old[at]}
    if len(changed) > _MOST_CHANGED:
        return None
    mask, again, refilled = 0, set(changed), set()
    known = frozenset(asked)
    for at in changed:
        earlier = before.get(files.paths[at])
        if earlier is None or earlier.digest != old[at]:
            return None
        found = difference(earlier, files[at], promised)
        if found is None:
            return None
        if found.seen or _newly_meant(files, at, earlier, found.gained):
            mask |= file_bit(at)
        decorators = {decorator for _, decorator in found.defined}
        for name in ((found.called | decorators) & known) | {f"={name}" for name in found.set}:
            mask |= bit(name)
        again = again.union(*map(files.mentions, _wanted_otherwise(files, at, found)))
        refilled |= {at} if found.puts else set()
    return Stale(frozenset(changed), frozenset(again), frozenset(refilled), mask)


def _newly_meant(files: Files, at: int, earlier: FileFacts, gained: frozenset[str]) -> bool:
    """Tell whether anything said a name of a module before the module had it."""
    if any(node[0] == facts.GLOBAL and node[1] in gained for node in earlier.nodes):
        return True
    return any(files.mentions(name) - {at} for name in gained)


def _wanted_otherwise(files: Files, at: int, found: Difference) -> set[str]:
    """Return the names that lead somewhere now and did not before, or the other way round."""
    implicit = {*PROPERTIES, SETTER}
    read = {name for name, decorator in found.defined if decorator in implicit}
    named = {name for name, decorator in found.defined if not decorator}
    for other, head in enumerate(files.heads):
        if named and other != at:
            named.difference_update(head.defines)
    return {name for name in read | named if name.isidentifier()}
