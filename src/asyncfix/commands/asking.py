"""Asks about each change, as `git add -p` does."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from asyncfix.terminal import tell

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Fix
    from asyncfix.fixing.bench import Bench
    from asyncfix.fixing.rounds import Rewrites
    from asyncfix.output.palette import Paint

_KEYS = """\
y  make this change
n  leave it
a  make this one and all that follow
q  leave this one and all that follow
s  show the next strategy for the same place
w  say why it is reported, and what the change assumes
?  say what the keys mean"""


class Asking:
    """Decides about fixes by what the user answers; an answer holds for the whole run."""

    def __init__(self, rewrites: Rewrites, paint: Paint, way: str) -> None:
        self._rewrites = rewrites
        self._paint = paint
        self._way = way
        self._taken: set[tuple[str, str]] = set()
        self._always: bool | None = None

    def __call__(self, finding: Finding, fixes: tuple[Fix, ...], bench: Bench) -> Fix | None:
        """Return the fix that the user wants, or None."""
        for fix in fixes:
            if (finding.fingerprint, fix.strategy) in self._taken:
                return fix
        if self._always is not None:
            return fixes[0] if self._always else None
        found = self._asked(finding, fixes, bench)
        if found is not None:
            self._taken.add((finding.fingerprint, found.strategy))
        return found

    def _asked(self, finding: Finding, fixes: tuple[Fix, ...], bench: Bench) -> Fix | None:
        at = 0
        self._show(finding, fixes[at], bench)
        while True:
            answer = click.prompt(self._question(fixes), default="?", show_default=False, err=True)
            key = answer.strip()[:1].lower()
            if key in ("a", "q"):
                self._always = key == "a"
            if key in ("y", "a"):
                return fixes[at]
            if key in ("n", "q"):
                return None
            if key == "s" and len(fixes) > 1:
                at = (at + 1) % len(fixes)
                self._show(finding, fixes[at], bench)
            elif key == "w":
                self._explain(finding, fixes[at], bench)
            else:
                click.echo(_KEYS, err=True)

    def _question(self, fixes: tuple[Fix, ...]) -> str:
        return f"Make this change [y,n,a,q,{'s,' if len(fixes) > 1 else ''}w,?]"

    def _show(self, finding: Finding, fix: Fix, bench: Bench) -> None:
        from asyncfix.changes.outcome import Changes  # noqa: PLC0415 - only for this option
        from asyncfix.fixing.preview import preview  # noqa: PLC0415 - as above
        from asyncfix.output.fixed import differences  # noqa: PLC0415 - as above

        row, column = bench.texts(finding.location.path).position(finding.location.start)
        place = f"{self._way}{finding.location.path}:{row}:{column}"
        click.echo(self._paint("rule", f"{place}: {finding.rule}: {finding.message}"), err=True)
        click.echo(f"{fix.title} ({fix.strategy}, {fix.applicability})", err=True)
        try:
            pairs = preview(finding, fix, bench, self._rewrites)
        except ValueError as error:
            tell(f"cannot be shown: {error}")
        else:
            tell(differences(Changes(pairs), self._paint, self._way).removesuffix("\n"))

    def _explain(self, finding: Finding, fix: Fix, bench: Bench) -> None:
        rule = bench.project.packs.rules[finding.rule]
        root = finding.root
        click.echo(f"Reached from {root.method or root.kind} {root.path or root.name}", err=True)
        for step in finding.trace:
            row, _ = bench.texts(step.location.path).position(step.location.start)
            click.echo(f"  {step.text} ({self._way}{step.location.path}:{row})", err=True)
        click.echo(textwrap.fill(" ".join(rule.why.split()), 88), err=True)
        for note in fix.notes:
            click.echo(textwrap.fill(f"The change assumes: {note}", 88), err=True)
