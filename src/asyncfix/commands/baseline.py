"""`asyncfix baseline`: accepts what is found today, and takes out what is gone."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.options import config_file, running, setting, settings
from asyncfix.commands.setup import cache_folder, engine, loaded
from asyncfix.commands.wishes import baseline_file, existing
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import Progress, tell, write

if TYPE_CHECKING:
    from asyncfix.baseline import Baseline
    from asyncfix.config import Config
    from asyncfix.findings import Report

_LINE = "{:>8}  {:>6}  {:>6}  {}\n"


@click.group("baseline", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Accept today's findings, so that `check` tells of new ones alone; the list only shrinks."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 2


def _checking(function: Any) -> Any:  # noqa: ANN401 - a command
    """Add the options of a command that checks the project."""
    function = running(config_file(setting("baseline", metavar="FILE")(settings(function))))
    return click.argument("paths", nargs=-1, type=click.Path(path_type=Path))(function)


@command.command()
@_checking
def create(**options: Any) -> int:  # noqa: ANN401 - as click gives them
    """Write a baseline of everything that `check` reports now, over an older one if need be."""
    from asyncfix.baseline import accepting  # noqa: PLC0415 - only here

    paths, config = _prepared(options)
    file = baseline_file(paths, config)
    report = _checked(paths, config, options, None)
    _store(file, accepting(report.findings))
    click.echo(f"{_counted(len(report.findings))} accepted in {_shown(file)}.")
    return _errors(report)


@command.command()
@_checking
def update(**options: Any) -> int:  # noqa: ANN401 - as above
    """Take out of the baseline what is found no more; nothing is ever added."""
    from asyncfix.baseline import Baseline, read  # noqa: PLC0415 - only here

    paths, config = _prepared(options)
    file = existing(baseline_file(paths, config))
    baseline = read(file)
    report = _checked(paths, config, options, baseline)
    left = {name: each for name, each in baseline.entries.items() if name not in report.stale}
    if report.stale:
        _store(file, Baseline(left))
    click.echo(f"{_counted(len(report.stale))} taken out of {_shown(file)}, {len(left):,} left.")
    return _errors(report)


@command.command()
@_checking
def stats(**options: Any) -> int:  # noqa: ANN401 - as above
    """Count what the baseline accepts, by rule, and how much of it is gone."""
    from asyncfix.baseline import read  # noqa: PLC0415 - only here

    paths, config = _prepared(options)
    baseline = read(existing(baseline_file(paths, config)))
    report = _checked(paths, config, options, baseline)
    accepted = Counter(entry.rule for entry in baseline.entries.values())
    gone = Counter(baseline.entries[name].rule for name in report.stale)
    new = Counter(finding.rule for finding in report.findings)
    lines = [_LINE.format("accepted", "gone", "new", "rule")]
    for rule in sorted(accepted | new, key=lambda rule: (-accepted[rule], rule)):
        lines.append(_LINE.format(accepted[rule], gone[rule], new[rule], rule))  # noqa: PERF401
    lines.append(_LINE.format(accepted.total(), gone.total(), new.total(), "in all"))
    write("".join(lines), None)
    return _errors(report)


def _prepared(options: dict[str, Any]) -> tuple[tuple[Path, ...], Config]:
    paths = options.pop("paths") or (Path(),)
    if options.get("baseline"):
        options["baseline"] = os.path.abspath(options["baseline"])  # noqa: PTH100 - a setting
    kept = {"file", "jobs", "no_cache", "verbose"}
    overrides = {name: value for name, value in options.items() if name not in kept}
    return paths, loaded(paths[0], overrides, options["file"], verbose=options["verbose"]).config


def _checked(
    paths: tuple[Path, ...], config: Config, options: dict[str, Any], baseline: Baseline | None
) -> Report:
    from asyncfix.scope import Asked  # noqa: PLC0415 - only here

    cache = None if options["no_cache"] else cache_folder(paths, config)
    with Progress(shown=True) as progress:
        outcome = engine().check(
            list(paths),
            config,
            jobs=options["jobs"],
            cache=cache,
            progress=progress,
            asked=Asked(baseline=baseline),
        )
    report: Report = outcome.report
    return report


def _store(file: Path, baseline: Baseline) -> None:
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        temporary.write_text(baseline.text(), encoding="utf-8", newline="\n")
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise AsyncfixError(f"cannot write the baseline {file}: {error.strerror}") from error


def _errors(report: Report) -> int:
    for error in report.errors:
        tell(f"error: {error}")
    return 2 if report.errors else 0


def _counted(count: int) -> str:
    return f"{count:,} finding{'' if count == 1 else 's'}"


def _shown(file: Path) -> str:
    try:
        return os.path.relpath(file)
    except ValueError:
        return str(file)
