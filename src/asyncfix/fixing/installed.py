"""The rewrites that asyncfix has, as the rounds ask for them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from asyncfix.changes.choice import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.findings import Edit, Finding, Fix, Import
    from asyncfix.fixing.bench import Bench
    from asyncfix.source import Text


class Installed:
    """Plans by `asyncfix.rewrites`; what it has parsed of a project is kept while that is asked."""

    def __init__(self) -> None:
        self._rewrites: Any = import_module("asyncfix.rewrites")
        self._imports: Any = import_module("asyncfix.syntax.imports")
        self._bench: Bench | None = None
        self._workspace: Any = None

    def plan(self, finding: Finding, bench: Bench) -> tuple[Iterable[Fix], Iterable[Refusal]]:
        """Return a finding's fixes in order of preference, and why there are not more."""
        if bench is not self._bench:
            self._bench = bench
            self._workspace = self._rewrites.Workspace(bench.project, bench.texts, bench.found.root)
        rule = bench.project.packs.rules[finding.rule]
        try:
            plan = self._rewrites.fixes(rule, finding, self._workspace)
        except Exception as error:  # noqa: BLE001 - one finding must not stop the others
            reason = f"internal error, please report it: {type(error).__name__}: {error}"
            return (), (Refusal("", reason),)
        return plan.fixes, [Refusal(each.strategy, each.reason) for each in plan.refusals]

    def imports(
        self, bench: Bench, text: Text, adds: Iterable[Import], changes: Sequence[Edit]
    ) -> Iterable[Edit]:
        """Return the edits that give a file imports, and take those that fall out of use."""
        edits: tuple[Edit, ...] = self._imports.edits(text, adds, changes, bench.first_party)
        return edits
