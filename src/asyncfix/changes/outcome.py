"""What a run of fixes comes to: changed texts, the fixes made, and what stays, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncfix.changes.choice import Refusal
    from asyncfix.findings import Finding, Fix
    from asyncfix.source import Text


class Made(NamedTuple):
    """A fix that was made, the finding that it was made for, and the files that it changed.

    `place` is the row and the column at which the finding stood then; `key` tells the fix from
    others, in another run over the same files too.
    """

    finding: Finding
    fix: Fix
    paths: tuple[str, ...]
    place: tuple[int, int]
    key: tuple[str, str, str]


class Unfixed(NamedTuple):
    """A finding that stays, and why, by strategy."""

    finding: Finding
    refusals: tuple[Refusal, ...]


class Changed(NamedTuple):
    """A file's old and new text."""

    before: Text
    after: Text


@dataclass(frozen=True)
class Changes:
    """The files that change, by path; made fixes in the order of making; what stays, in order.

    Places of `made` are those of the text that the fix was made in, places of `unfixed` those of
    the new texts. `manifests` are the lists of dependencies that change, `commands` then bring
    locks up to date, and `homeless` are requirements that no manifest takes.
    """

    files: tuple[Changed, ...] = ()
    made: tuple[Made, ...] = ()
    unfixed: tuple[Unfixed, ...] = ()
    manifests: tuple[Changed, ...] = ()
    commands: tuple[str, ...] = ()
    homeless: tuple[str, ...] = ()

    @property
    def everything(self) -> tuple[Changed, ...]:
        """Return all files that change, manifests included, by path."""
        return tuple(sorted((*self.files, *self.manifests), key=lambda pair: pair.before.path))

    @property
    def requires(self) -> tuple[str, ...]:
        """Return the distributions that the new code imports, as requirements."""
        return tuple(sorted({each for made in self.made for each in made.fix.requires}))
