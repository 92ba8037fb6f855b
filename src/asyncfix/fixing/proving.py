"""Proves fixes together: what fails is named with its reason, and only that."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.changes.coroutines import mismatches
from asyncfix.changes.edits import changed
from asyncfix.changes.proof import flaw
from asyncfix.changes.trial import edits_of, tried
from asyncfix.facts import ASYNC
from asyncfix.findings import Location
from asyncfix.fixing.cycles import closing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asyncfix.changes.coroutines import Mismatch
    from asyncfix.changes.trial import Candidate, Importer, Trial
    from asyncfix.facts import Function
    from asyncfix.findings import Finding
    from asyncfix.fixing.bench import Bench

Failures = dict[tuple[str, str, str], str]
_TRIES = 8  # links, after which fewer fixes are tried together


class Proven(NamedTuple):
    """Fixes that hold together, and the project with them."""

    trial: Trial
    bench: Bench


def prove(
    bench: Bench,
    chosen: Sequence[Candidate],
    importer: Importer,
    failed: Callable[[Failures], None],
) -> Proven | None:
    """Find fixes among the chosen ones that hold together; tell `failed` of those that do not."""
    alive, tries = list(chosen), 0
    while alive:
        failures = _in_files(bench, alive, importer)
        if not failures:
            trial = tried(alive, bench.texts, importer)
            after = bench.with_texts(trial.after)
            failures = _in_project(bench, after, trial)
            if not failures:
                return Proven(trial, after)
            tries += 1
        failed(failures)
        alive = [candidate for candidate in alive if candidate.key not in failures]
        if tries and tries % _TRIES == 0:
            alive = alive[: max(1, len(alive) // 2)]
    return None


# In each file


def _in_files(bench: Bench, alive: Sequence[Candidate], importer: Importer) -> Failures:
    by_path: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in alive:
        for path in candidate.paths:
            by_path[path].append(candidate)
    failures: Failures = {}
    for path, here in sorted(by_path.items()):
        reason = _flaw(bench, path, here, importer)
        if reason and len(here) == 1:
            failures[here[0].key] = reason
        elif reason:
            failures |= _guilty(bench, path, here, importer)
    return failures


def _guilty(bench: Bench, path: str, here: Sequence[Candidate], importer: Importer) -> Failures:
    """Return what fails in a file by itself, or else what fails beside those before it."""
    failures: Failures = {}
    for candidate in here:
        reason = _flaw(bench, path, [candidate], importer)
        if reason:
            failures[candidate.key] = reason
    fine: list[Candidate] = []
    for candidate in here if not failures else ():
        reason = _flaw(bench, path, [*fine, candidate], importer)
        if reason:
            failures[candidate.key] = reason
        else:
            fine.append(candidate)
    return failures


def _flaw(bench: Bench, path: str, here: Sequence[Candidate], importer: Importer) -> str:
    text = bench.texts(path)
    try:
        after = changed(text, edits_of(here, text, importer))
    except ValueError as error:
        return str(error)
    reason = flaw(text, after)
    return f"{path}: {reason}" if reason else ""


# In the project


def _in_project(before: Bench, after: Bench, trial: Trial) -> Failures:
    failures: Failures = {each.key: reason for each, reason in closing(before, after, trial)}
    for mismatch in mismatches(before.project, after.project):
        for candidate in _who_turned(mismatch, trial, before):
            failures.setdefault(candidate.key, f"{mismatch.reason}{_place(after, mismatch.at)}")
    if failures:
        return failures
    still, new = _compared(before.nominated, after.nominated, trial)
    for candidate in trial.candidates:
        now = still.get(candidate.finding)
        if now is not None and after.holds(now):
            failures[candidate.key] = (
                "would leave the finding as it is"
                if now.sink == candidate.finding.sink
                else f"would add a finding: {now.message}"
            )
    for finding in new:
        if after.holds(finding) and not _is_twin(finding, before, after, trial):
            reason = f"would add a finding: {finding.message}{_place(after, finding.location)}"
            for candidate in _who_added(finding, trial, before, after):
                failures.setdefault(candidate.key, reason)
    return failures


def _is_twin(finding: Finding, before: Bench, after: Bench, trial: Trial) -> bool:
    """Tell whether a fixed finding has the same code in the same function: one stood for both."""
    code = _code(after, finding.location)
    return any(
        (old.rule, old.sink, old.symbol) == (finding.rule, finding.sink, finding.symbol)
        and _code(before, old.location) == code
        for old in (candidate.finding for candidate in trial.candidates)
    )


def _code(bench: Bench, at: Location) -> bytes:
    return bench.texts(at.path).data[at.start : at.end]


def _place(bench: Bench, at: Location) -> str:
    row, _ = bench.texts(at.path).position(at.start)
    return f" ({at.path}:{row})"


def _who_turned(mismatch: Mismatch, trial: Trial, before: Bench) -> list[Candidate]:
    """Return the fixes that edit the function of a mismatch, or else its file, or else all."""
    spans = [
        (function.start, function.end)
        for function in _functions(before, mismatch.path, mismatch.symbol)
    ]
    within = [
        candidate
        for candidate in trial.candidates
        if any(
            edit.location.path == mismatch.path
            and any(start <= edit.location.start <= end for start, end in spans)
            for edit in candidate.fix.edits
        )
    ]
    return within or _touching({mismatch.path}, trial) or list(trial.candidates)


def _functions(bench: Bench, path: str, symbol: str) -> list[Function]:
    """Return the functions of a file that go by a full name."""
    project = bench.project
    return [
        function
        for index, each in enumerate(project.files.paths)
        if each == path
        for function in project.files[index].functions
        if symbol == f"{project.typing.modules.name(index)}.{function.qualname}"
    ]


def _who_added(finding: Finding, trial: Trial, before: Bench, after: Bench) -> list[Candidate]:
    """Return the fixes that edit a place of a finding's chain, or else its files.

    Where there are none, the code that is found has not changed, and no fix is to blame: what a
    type is known to be may depend on what else was asked before. Nor is one where a coroutine
    that was there before finds its way by no place that is edited. What has no chain rests on
    its whole function.
    """
    path = finding.location.path
    places = [finding.location, *(step.location for step in finding.trace)]
    if not finding.trace:
        around = _functions(after, path, finding.symbol)
        places += [Location(path, function.start, function.end) for function in around]
    near = [
        candidate
        for candidate in trial.candidates
        if any(_meets(trial.moved(edit.location), places) for edit in candidate.fix.edits)
    ]
    known = _functions(before, path, finding.symbol)
    if near or any(function.flags & ASYNC for function in known):
        return near
    return _touching({place.path for place in places}, trial)


def _touching(paths: set[str], trial: Trial) -> list[Candidate]:
    return [candidate for candidate in trial.candidates if candidate.paths & paths]


def _meets(at: Location, places: Iterable[Location]) -> bool:
    return any(
        at.path == place.path and at.start <= place.end and place.start <= at.end
        for place in places
    )


class Place(NamedTuple):
    """A finding, where it is in the new texts, and whether somebody has set out to fix it."""

    finding: Finding
    at: Location
    fixed: bool


def _compared(
    before: Iterable[Finding], after: Iterable[Finding], trial: Trial
) -> tuple[dict[Finding, Finding], list[Finding]]:
    """Return the fixed findings that are still there, as they then are, and those that are new.

    A finding is the old one whose place has moved to where it stands, whatever it is that blocks:
    of several ways from a place a check tells only the worst.
    """
    fixed = {_bare(candidate.finding): candidate.finding for candidate in trial.candidates}
    old: dict[str, list[Place]] = defaultdict(list)
    for each in before:
        at = trial.moved(each.location)
        old[at.path].append(Place(each, at, _bare(each) in fixed))
    still: dict[Finding, Finding] = {}
    added: list[Finding] = []
    for path, here in _by_path(after).items():
        matched, unmatched = _matched(old.get(path, []), here)
        still |= {fixed[_bare(was)]: now for was, now in matched if _bare(was) in fixed}
        added += unmatched
    return still, added


def _bare(finding: Finding) -> tuple[object, ...]:
    return finding.rule, finding.location, finding.sink


def _by_path(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.location.path].append(finding)
    return found


Pairs = list[tuple["Finding", "Finding"]]


def _matched(old: list[Place], new: list[Finding]) -> tuple[Pairs, list[Finding]]:
    """Pair findings of one file, old and new; return the new ones without a partner, too.

    The same place counts before one that the edits have widened.
    """
    taken: Pairs = []
    spare, rest = list(old), list(new)
    for fits in (_same, _holds):
        waiting, rest = rest, []
        for finding in waiting:
            around = [place for place in spare if fits(place.at, finding.location)]
            if not around:
                rest.append(finding)
                continue
            partner = max(around, key=lambda place: _likeness(place, finding))
            taken.append((partner.finding, finding))
            spare.remove(partner)
    return taken, rest


def _likeness(place: Place, finding: Finding) -> tuple[bool, bool, bool]:
    """Rank the findings that another one may be; of equals, one that nobody set out to fix."""
    old = place.finding
    return old.rule == finding.rule, old.sink == finding.sink, not place.fixed


def _same(place: Location, at: Location) -> bool:
    return place == at


def _holds(wide: Location, at: Location) -> bool:
    return wide.start <= at.start and at.end <= wide.end
