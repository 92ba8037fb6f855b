"""Rewrites for tests: one call is replaced by what a table says, imports go to the first line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncfix.changes.choice import Refusal
from asyncfix.findings import Applicability, Edit, Fix, Import, Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.findings import Finding
    from asyncfix.fixing.bench import Bench
    from asyncfix.source import Text

AWAITED = ("native", "time.sleep(", "await asyncio.sleep(")


@dataclass(frozen=True)
class Planted:
    """Fixes are (strategy, old, new) and replace the code at the finding, where it holds `old`.

    `more` are edits that each fix makes besides: (path, old, new), all occurrences.
    """

    table: Sequence[tuple[str, str, str]] = (AWAITED,)
    more: Sequence[tuple[str, str, str]] = ()
    applicability: Applicability = Applicability.SAFE
    imports_of: Sequence[str] = ("asyncio",)
    requires: Sequence[str] = ()
    asked: list[str] = field(default_factory=list)

    def plan(self, finding: Finding, bench: Bench) -> tuple[Iterable[Fix], Iterable[Refusal]]:
        """Return the fixes of the table that fit the code."""
        self.asked.append(finding.code)
        at = finding.location
        code = bench.texts(at.path).data[at.start : at.end].decode()
        fixes = [
            self._fix(strategy, at, code, (old, new), bench)
            for strategy, old, new in self.table
            if old in code
        ]
        return fixes, () if fixes else (Refusal("native", "no entry for it"),)

    def _fix(self, strategy: str, at: Location, code: str, pair: tuple[str, str], bench: Bench):
        start = at.start + len(code[: code.index(pair[0])].encode())
        edits = [Edit(Location(at.path, start, start + len(pair[0].encode())), pair[1])]
        for path, old, new in self.more:
            edits += occurrences(bench.texts(path), old, new)
        imports = tuple(Import(at.path, name) for name in self.imports_of)
        return Fix(
            f"write `{pair[1]}`",
            self.applicability,
            tuple(edits),
            strategy=strategy,
            imports=imports,
            requires=tuple(self.requires),
        )

    def imports(
        self, _bench: Bench, text: Text, adds: Iterable[Import], _changes: Sequence[Edit]
    ) -> Iterable[Edit]:
        """Return the edits that put imports into the first line."""
        for each in adds:
            if f"import {each.module}" not in text.text:
                yield Edit(Location(text.path, 0, 0), f"import {each.module}\n")


def occurrences(text: Text, old: str, new: str) -> list[Edit]:
    """Return the edits that replace each occurrence of a text."""
    data, found, at = old.encode(), [], -1
    while (at := text.data.find(data, at + 1)) >= 0:
        found.append(Edit(Location(text.path, at, at + len(data)), new))
    return found
