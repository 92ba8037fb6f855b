"""Rounds: what can be fixed together is; then again, because one fix may enable another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from asyncfix.changes.choice import Refusal, choices
from asyncfix.changes.outcome import Changed, Changes, Made, Unfixed
from asyncfix.changes.trial import Candidate, agreeing, flawed
from asyncfix.fixing.proving import prove

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.changes.choice import Wishes
    from asyncfix.changes.trial import Importer
    from asyncfix.engine import Progress
    from asyncfix.findings import Edit, Finding, Fix, Import
    from asyncfix.fixing.bench import Bench
    from asyncfix.source import Text

Decide = Callable[["Finding", tuple["Fix", ...], "Bench"], "Fix | None"]
_MOST_ROUNDS = 40


class Rewrites(Protocol):
    """Plans the fixes of findings, and writes imports."""

    def plan(self, finding: Finding, bench: Bench) -> tuple[Iterable[Fix], Iterable[Refusal]]:
        """Return a finding's fixes in order of preference, and why there are not more."""

    def imports(
        self, bench: Bench, text: Text, adds: Iterable[Import], changes: Sequence[Edit]
    ) -> Iterable[Edit]:
        """Return the edits that give a file imports, and take those that fall out of use."""


class Fixed(NamedTuple):
    """The project as it was and as it becomes, and what led there."""

    before: Bench
    after: Bench
    changes: Changes


def fix(
    bench: Bench,
    rewrites: Rewrites,
    wishes: Wishes,
    *,
    decide: Decide | None = None,
    progress: Progress | None = None,
) -> Fixed:
    """Fix all that can be: rounds go on until one in which everything was tried changes nothing."""
    rounds = _Rounds(bench, rewrites, wishes, decide or _first)
    for number in range(_MOST_ROUNDS):
        if progress:
            progress(f"fixing, round {number + 1}", 0, 0)
        if not rounds.next():
            break
    return rounds.outcome()


def _first(_finding: Finding, fixes: tuple[Fix, ...], _bench: Bench) -> Fix | None:
    return fixes[0]


class _Rounds:
    """What passes from one round to the next."""

    def __init__(self, bench: Bench, rewrites: Rewrites, wishes: Wishes, decide: Decide) -> None:
        self.start = self.bench = bench
        self.rewrites = rewrites
        self.wishes = wishes
        self.decide = decide
        self.made: list[Made] = []
        self.failed: dict[tuple[str, str, str], str] = {}
        self.declined: set[str] = set()
        self.reasons: dict[str, list[Refusal]] = defaultdict(list)
        self.idle: set[str] = set()  # had no fix: asked again when all others are done
        self.changed_since = False  # whether anything was fixed since all was open to be tried

    def next(self) -> bool:
        """Fix what can be fixed together now; return whether another round is due."""
        chosen, beyond = agreeing(self._candidates(), self.bench.changed, self.wishes.max_files)
        for candidate in beyond:
            reason = f"would change more than {self.wishes.max_files} files"
            self._refuse(candidate.finding, Refusal(candidate.fix.strategy, reason))
        if not chosen:
            open_again = bool(self.failed or self.idle)
            again, self.changed_since = self.changed_since and open_again, False
            self.failed.clear()
            self.idle.clear()
            return again
        proven = prove(self.bench, chosen, self._importer(), self.failed.update)
        if proven:
            self.made += [self._made(candidate) for candidate in proven.trial.candidates]
            self.bench = proven.bench
            self.changed_since = True
        return True

    def _made(self, candidate: Candidate) -> Made:
        at = candidate.finding.location
        place = self.bench.texts(at.path).position(at.start)
        return Made(*candidate, tuple(sorted(candidate.paths)), place, candidate.key)

    def _candidates(self) -> list[Candidate]:
        """Return the fix to try for each finding, of those that have not failed."""
        found = []
        for finding in self.bench.findings:
            if finding.fingerprint in self.idle:
                continue
            self.reasons.pop(finding.fingerprint, None)
            if finding.fingerprint in self.declined:
                self._refuse(finding, Refusal("", "declined"))
                continue
            open_ = self._open(finding)
            if not open_:
                self.idle.add(finding.fingerprint)
                continue
            picked = self.decide(finding, tuple(open_), self.bench)
            if picked is None:
                self.declined.add(finding.fingerprint)
                self._refuse(finding, Refusal("", "declined"))
            else:
                found.append(Candidate(finding, picked))
        return found

    def _open(self, finding: Finding) -> list[Fix]:
        """Return the fixes of a finding that may be tried, and note why others may not."""
        planned, refusals = self.rewrites.plan(finding, self.bench)
        wanted = choices(finding, planned, self.wishes, self.bench.project.config)
        for refusal in (*refusals, *wanted.refusals):
            self._refuse(finding, refusal)
        kept = []
        for fix in wanted.fixes:
            candidate = Candidate(finding, fix)
            reason = self.failed.get(candidate.key) or flawed(candidate, self.bench.paths)
            if reason:
                self._refuse(finding, Refusal(fix.strategy, reason))
            else:
                kept.append(fix)
        return kept

    def _refuse(self, finding: Finding, refusal: Refusal) -> None:
        mine = self.reasons[finding.fingerprint]
        if refusal not in mine:
            mine.append(refusal)

    def _importer(self) -> Importer:
        """Return what writes imports in this round; what it has written once it remembers."""
        bench = self.bench
        kept: dict[tuple[object, ...], tuple[Edit, ...]] = {}

        def importer(
            text: Text, adds: Iterable[Import], changes: Sequence[Edit]
        ) -> tuple[Edit, ...]:
            wanted = tuple(adds)
            key = (text.path, wanted, tuple(changes))
            if key not in kept:
                kept[key] = tuple(self.rewrites.imports(bench, text, wanted, changes))
            return kept[key]

        return importer

    def outcome(self) -> Fixed:
        """Return what the rounds have come to."""
        unfixed = tuple(
            Unfixed(finding, tuple(self.reasons[finding.fingerprint]))
            for finding in self.bench.findings
        )
        texts = sorted(self.bench.changed.items())
        pairs = (Changed(self.start.texts(path), text) for path, text in texts)
        files = tuple(pair for pair in pairs if pair.before.text != pair.after.text)
        return Fixed(self.start, self.bench, Changes(files, tuple(self.made), unfixed))
