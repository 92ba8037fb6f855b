"""What a run of fixes comes to: changed texts, the fixes made, and what stays, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncfix.changes.choice import Refusal
    from asyncfix.findings import Finding, Fix
    from asyncfix.source import Text


class Made(NamedTuple):
    """A fix that was made, the finding that it was made for, and the files that it changed."""

    finding: Finding
    fix: Fix
    paths: tuple[str, ...]


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
    the new texts.
    """

    files: tuple[Changed, ...] = ()
    made: tuple[Made, ...] = ()
    unfixed: tuple[Unfixed, ...] = ()

    @property
    def requires(self) -> tuple[str, ...]:
        """Return the distributions that the new code imports, as requirements."""
        return tuple(sorted({each for made in self.made for each in made.fix.requires}))
