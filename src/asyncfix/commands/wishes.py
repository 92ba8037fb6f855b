"""Options that say which findings a run leaves out: accepted, silenced, or not of this change."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.options import added, setting
from asyncfix.commands.setup import engine
from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncfix.config import Config
    from asyncfix.differences import Changes
    from asyncfix.engine import Outcome
    from asyncfix.findings import Report
    from asyncfix.scope import Asked, Touched

_MOST = 10


def wishes(function: Any) -> Any:  # noqa: ANN401 - a command
    """Add the options that leave findings out; `Wish.taken` reads them."""
    options = [
        click.option("--changed-only", is_flag=True, help="Any hop in the named files counts."),
        click.option("--changed-since", metavar="REF", help="What touches changes since then."),
        click.option("--staged", is_flag=True, help="What touches changes that are staged."),
        setting("baseline", metavar="FILE"),
        click.option("--no-baseline", is_flag=True, help="Show what the baseline accepts."),
        click.option("--new-only", is_flag=True, help="Nothing but what the baseline lacks."),
        click.option("--ignore-suppressions", is_flag=True, help="Show what comments silence."),
        click.option("--add-ignore", metavar="[=REASON]", help="Write a comment at each finding."),
    ]
    return added(function, options)


class Reasoned(click.Command):
    """A command whose `--add-ignore` takes a reason behind `=` only, not the next argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        end = args.index("--") if "--" in args else len(args)
        told = [f"{each}=" if each == "--add-ignore" else each for each in args[:end]]
        return super().parse_args(ctx, [*told, *args[end:]])


@dataclass(frozen=True)
class Wish:
    """What the options say, and the baseline that they lead to."""

    changed_only: bool
    changed_since: str | None
    staged: bool
    no_baseline: bool
    new_only: bool
    ignore_suppressions: bool
    add_ignore: str | None

    @classmethod
    def taken(cls, options: dict[str, Any]) -> Wish:
        """Take the options of `wishes` out of all options; raise UsageError if two disagree."""
        wish = cls(**{name: options.pop(name) for name in cls.__dataclass_fields__})
        if wish.staged and wish.changed_since:
            raise click.UsageError("--staged and --changed-since exclude each other")
        for name in ("staged", "ignore_suppressions"):
            if wish.add_ignore is not None and getattr(wish, name):
                raise click.UsageError(f"--add-ignore excludes --{name.replace('_', '-')}")
        if wish.no_baseline and (wish.new_only or options.get("baseline")):
            raise click.UsageError("--no-baseline excludes --baseline and --new-only")
        if options.get("baseline"):
            options["baseline"] = os.path.abspath(options["baseline"])  # noqa: PTH100 - a setting
        return wish

    def asked(self, paths: Sequence[Path], config: Config, touched: Touched | None = None) -> Asked:
        """Return what to ask of the engine; raise AsyncfixError where the baseline is missing."""
        from asyncfix.scope import Asked  # noqa: PLC0415 - not for other commands

        accepted = None
        file = baseline_file(paths, config)
        if not self.no_baseline and (config.baseline or self.new_only or file.exists()):
            from asyncfix.baseline import read  # noqa: PLC0415 - as above

            accepted = read(file)
        return Asked(not self.ignore_suppressions, accepted, self.changed_only, touched)

    def changes(self, paths: Sequence[Path], config: Config) -> Changes | None:
        """Return what has changed, if findings elsewhere are to be left out."""
        if not (self.staged or self.changed_since):
            return None
        from asyncfix import differences  # noqa: PLC0415 - as above
        from asyncfix.source import project_root  # noqa: PLC0415

        root = project_root(paths, config)
        if self.changed_since:
            return differences.since(root, self.changed_since)
        return differences.staged(root)

    def silenced(
        self, check: Callable[[Mapping[str, str]], Outcome], given: Mapping[str, str], cache: Path
    ) -> int:
        """Write a comment at each finding, and return the exit code."""
        if given:
            raise click.UsageError("--add-ignore writes files, so it excludes `-`")
        from asyncfix.commands.adding import add_ignores  # noqa: PLC0415 - as above

        return add_ignores(check, self.add_ignore or "", cache)

    def stale(self, report: Report, asked: Asked, config: Config) -> str:
        """Return what to say of a baseline that is out of date, where that is an error: in CI."""
        automatic = os.environ.get("CI", "").lower() not in {"", "0", "false"}
        if not report.stale or self.new_only or not automatic or asked.baseline is None:
            return ""
        entries = [asked.baseline.entries[each] for each in report.stale]
        lines = [f"  {each.path}: {each.rule} in {each.symbol} ({each.sink})" for each in entries]
        more = [f"  … and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
        name = Path(config.baseline).name if config.baseline else "the baseline"
        head = (
            f"{name} accepts {len(lines)} finding{'s' * (len(lines) > 1)} that "
            f"{'are' if len(lines) > 1 else 'is'} gone; "
            "run `asyncfix baseline update` and commit it"
        )
        return "\n".join([head, *lines[:_MOST], *more])


def narrowed(outcome: Outcome, changes: Changes | None, before: Callable[[], Report]) -> Outcome:
    """Return an outcome with the findings of a change; `before` checks the code as it was."""
    if changes is None:
        return outcome
    from asyncfix import differences  # noqa: PLC0415 - as above

    report = differences.narrowed(outcome.report, changes, outcome.text, before)
    return replace(outcome, report=report)


def touched(changes: Changes | None, paths: Sequence[Path], config: Config) -> Touched | None:
    """Return the places of a change, of which the engine is to tell what they lead to."""
    if changes is None:
        return None
    from asyncfix.differences import touching  # noqa: PLC0415 - as above
    from asyncfix.scope import Touched  # noqa: PLC0415
    from asyncfix.source import Text, project_root  # noqa: PLC0415

    given = {path: Text(path, text) for path, text in changes.texts.items()}
    texts = engine().reader(project_root(paths, config), given)
    return Touched(changes.rows, touching(changes, texts))


def from_here(texts: Mapping[str, str], paths: Sequence[Path], config: Config) -> dict[str, str]:
    """Return texts of files of the project by their paths from the working directory."""
    if not texts:
        return {}
    from asyncfix.source import project_root  # noqa: PLC0415 - as above

    root = project_root(paths, config)
    return {str(root / path): text for path, text in texts.items()}


def baseline_file(paths: Sequence[Path], config: Config) -> Path:
    """Return where the baseline is, or would be: as configured, or at the project's root."""
    from asyncfix.baseline import NAME  # noqa: PLC0415 - as above
    from asyncfix.source import project_root  # noqa: PLC0415

    return Path(config.baseline) if config.baseline else project_root(paths, config) / NAME


def existing(file: Path) -> Path:
    """Return a baseline's file; raise AsyncfixError if there is none."""
    if not file.exists():
        raise AsyncfixError(f"there is no baseline {file}; `asyncfix baseline create` makes one")
    return file
