"""What `check` does about fixes: make them first, show them as a diff, or name them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.options import added
from asyncfix.commands.setup import cache_folder
from asyncfix.terminal import Progress, colored

if TYPE_CHECKING:
    from pathlib import Path

    from asyncfix.commands.fix import Job
    from asyncfix.config import Config
    from asyncfix.engine import Outcome
    from asyncfix.scope import Asked


def mending(function: Any) -> Any:  # noqa: ANN401 - a command
    """Add the options; `Mending.taken` reads them."""
    options = [
        click.option("--fix", is_flag=True, help="First do what `asyncfix fix --write` does."),
        click.option("--unsafe-fixes", is_flag=True, help="Take what is right usually, too."),
        click.option("--show-fixes", is_flag=True, help="Name the fix of each finding."),
        click.option("--diff", is_flag=True, help="Only show what --fix would change."),
    ]
    return added(function, options)


@dataclass(frozen=True)
class Mending:
    """What the options say."""

    fix: bool
    unsafe_fixes: bool
    show_fixes: bool
    diff: bool

    @classmethod
    def taken(cls, options: dict[str, Any]) -> Mending:
        """Take the options of `mending` out of all options."""
        return cls(**{name: options.pop(name) for name in cls.__dataclass_fields__})

    @property
    def wanted(self) -> bool:
        """Tell whether anything of this is asked for."""
        return self.fix or self.show_fixes or self.diff

    def job(
        self, paths: tuple[Path, ...], config: Config, asked: Asked, *, color: str, quiet: bool
    ) -> Job:
        """Return what is to be fixed, and how."""
        from asyncfix.changes.choice import Wishes  # noqa: PLC0415 - only with these options
        from asyncfix.commands.fix import Job  # noqa: PLC0415 - as above

        unsafe = self.unsafe_fixes or self.show_fixes
        folder = cache_folder(paths, config)
        return Job(paths, config, Wishes(unsafe), folder, asked, color=colored(color), quiet=quiet)

    def made(self, job: Job, jobs: int, *, cached: bool) -> int:
        """Make the fixes, or with `--diff` show them; return the exit code that `fix` would."""
        job.check_journal(writes=not self.diff)
        with Progress(shown=not job.quiet) as progress:
            start = job.opened(jobs, progress, cached=cached)
            changes = job.changes(start, None, progress)
        if not self.diff:
            changes = job.written(start, changes, None, allow_dirty=False)
        job.report(start, changes, writes=not self.diff, verbose=False, aside=True)
        return 1 if changes.everything else 0

    def named(self, outcome: Outcome, job: Job, jobs: int, *, cached: bool) -> Outcome:
        """Return an outcome whose findings have the fixes that are proven for them."""
        from asyncfix import fixing  # noqa: PLC0415 - as above
        from asyncfix.fixing.preview import with_fixes  # noqa: PLC0415 - as above

        with Progress(shown=not job.quiet) as progress:
            start = job.opened(jobs, progress, cached=cached)
            changes = fixing.fixed(start, job.wishes, progress=progress).changes
        report = outcome.report
        findings = with_fixes(report.findings, changes, start, fixing.Installed())
        return replace(outcome, report=replace(report, findings=findings))
