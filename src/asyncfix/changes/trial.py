"""Fixes tried together: which of them agree, and what the files become with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from asyncfix.changes.edits import changed, moved, overlap, sound, tidied
from asyncfix.findings import Edit, Import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asyncfix.findings import Finding, Fix, Location
    from asyncfix.source import Text

    Texts = Callable[[str], Text]


class Importer(Protocol):
    """Tells the edits that give a file imports, and take those that its changes leave unused."""

    def __call__(  # noqa: D102
        self, text: Text, adds: Iterable[Import], changes: Sequence[Edit], /
    ) -> Iterable[Edit]: ...


class Candidate(NamedTuple):
    """A finding, and the fix that is tried on it."""

    finding: Finding
    fix: Fix

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what tells this candidate from others, in a later round too."""
        return self.finding.fingerprint, self.fix.strategy, self.fix.title

    @property
    def paths(self) -> frozenset[str]:
        """Return the files that the fix changes."""
        edited = (edit.location.path for edit in self.fix.edits)
        return frozenset([*edited, *(each.path for each in self.fix.imports)])


@dataclass(frozen=True)
class Trial:
    """Files with some fixes made; `edits` holds what leads there, by file and in order."""

    candidates: tuple[Candidate, ...]
    before: Mapping[str, Text]
    after: Mapping[str, Text]
    edits: Mapping[str, list[Edit]]

    def moved(self, at: Location) -> Location:
        """Return where a place of the old texts is in the new ones."""
        edits = self.edits.get(at.path)
        return moved(at, edits) if edits else at


def agreeing(
    candidates: Iterable[Candidate], changed_files: Iterable[str], most: int | None
) -> tuple[list[Candidate], list[Candidate]]:
    """Return candidates that can be tried together, and those that change too many files.

    The earlier one wins where two overlap, and the later one has to wait for another round;
    `most` limits the files that are changed in all.
    """
    chosen: list[Candidate] = []
    beyond: list[Candidate] = []
    edits: dict[str, set[Edit]] = defaultdict(set)
    files = set(changed_files)
    for candidate in candidates:
        more = files | candidate.paths
        if most is not None and len(more) > most:
            beyond.append(candidate)
            continue
        if any(
            overlap(edit, other)
            for edit in candidate.fix.edits
            for other in edits[edit.location.path]
        ):
            continue
        chosen.append(candidate)
        files = more
        for edit in candidate.fix.edits:
            edits[edit.location.path].add(edit)
    return chosen, beyond


def tried(candidates: Iterable[Candidate], texts: Texts, importer: Importer) -> Trial:
    """Make the edits of some fixes, each once, with the imports that they need.

    Raise ValueError where an import cannot be put beside the edits.
    """
    candidates = tuple(candidates)
    before, after, edits = {}, {}, {}
    for path in sorted({path for candidate in candidates for path in candidate.paths}):
        text = before[path] = texts(path)
        edits[path] = edits_of(candidates, text, importer)
        after[path] = changed(text, edits[path])
    return Trial(candidates, before, after, edits)


def edits_of(candidates: Iterable[Candidate], text: Text, importer: Importer) -> list[Edit]:
    """Return all edits that some fixes make in one file, its imports included."""
    path, edits, imports = text.path, set[Edit](), set[Import]()
    for candidate in candidates:
        edits.update(edit for edit in candidate.fix.edits if edit.location.path == path)
        imports.update(each for each in candidate.fix.imports if each.path == path)
    own = tidied(text, sorted(edits, key=lambda edit: (edit.location, edit.text)))
    return tidied(text, [*importer(text, sorted(imports), own), *own])


def flawed(candidate: Candidate, known: frozenset[str]) -> str:
    """Say why a fix cannot even be tried; empty if it can."""
    if not candidate.fix.edits:
        return "changes nothing"
    if not sound(candidate.fix.edits):
        return "its edits overlap"
    strange = sorted(candidate.paths - known)
    return f"changes {strange[0]}, which is no file of this run" if strange else ""
