"""The rewrites that asyncfix has, as the rounds ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.changes.choice import Refusal
from asyncfix.rewrites import Workspace, fixes
from asyncfix.syntax.imports import edits_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.findings import Edit, Finding, Fix, Import
    from asyncfix.fixing.bench import Bench
    from asyncfix.source import Text


class Installed:
    """Plans by `asyncfix.rewrites`; what it has parsed of a project is kept while that is asked."""

    def __init__(self) -> None:
        self._asked: tuple[Bench, Workspace] | None = None

    def plan(self, finding: Finding, bench: Bench) -> tuple[Iterable[Fix], Iterable[Refusal]]:
        """Return a finding's fixes in order of preference, and why there are not more."""
        rule = bench.project.packs.rules[finding.rule]
        try:
            plan = fixes(rule, finding, self._workspace(bench))
        except Exception as error:  # noqa: BLE001 - one finding must not stop the others
            reason = f"internal error, please report it: {type(error).__name__}: {error}"
            return (), (Refusal("", reason),)
        return plan.fixes, [Refusal(each.strategy, each.reason) for each in plan.refusals]

    def imports(
        self, bench: Bench, text: Text, adds: Iterable[Import], changes: Sequence[Edit]
    ) -> Iterable[Edit]:
        """Return the edits that give a file imports, and take those that fall out of use."""
        return edits_in(self._workspace(bench).imports(text.path), adds, changes)

    def _workspace(self, bench: Bench) -> Workspace:
        if self._asked is None or self._asked[0] is not bench:
            parsed = self._asked[1].parsed if self._asked else {}
            workspace = Workspace(bench.project, bench.texts, bench.found.root, parsed)
            self._asked = (bench, workspace)
        return self._asked[1]
