"""`asyncfix check`: reports what blocks the event loop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.options import config_file, running, settings
from asyncfix.commands.setup import cache_folder, engine, loaded, prefix
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import Progress, colored, write

if TYPE_CHECKING:
    from asyncfix.engine import Outcome


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@settings
@config_file
@running
@click.option("-o", "--output-file", type=click.Path(path_type=Path), help="Print to a file.")
@click.option("--statistics", is_flag=True, help="Print a table of rules instead of findings.")
@click.option("--show-unresolved", is_flag=True, help="List the calls that lead nowhere known.")
@click.option("--stdin-filename", metavar="FILE", help="The file whose text stdin holds; with -.")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 where there are findings.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
@click.option("-s", "--silent", is_flag=True, help="Print nothing; the exit code tells.")
def command(  # noqa: PLR0917 - click calls it by name
    paths: tuple[Path, ...],
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    output_file: Path | None,
    statistics: bool,  # noqa: FBT001
    show_unresolved: bool,  # noqa: FBT001
    stdin_filename: str | None,
    exit_zero: bool,  # noqa: FBT001
    color: str,
    quiet: bool,  # noqa: FBT001
    silent: bool,  # noqa: FBT001
    **overrides: Any,  # noqa: ANN401
) -> int:
    """Report what blocks the event loop, with the chain of calls that leads there.

    PATHS are folders or files; the default is the working directory. A file is reported alone
    but understood with its whole project. With - the text of one file is read from stdin.
    """
    replaced = _stdin(paths, stdin_filename)
    paths = tuple(map(Path, replaced)) or paths or (Path(),)
    config = loaded(paths[0], overrides, file, verbose=verbose).config
    with Progress(shown=not (quiet or silent)) as progress:
        outcome = engine().check(
            list(paths),
            config,
            jobs=jobs,
            cache=None if no_cache else cache_folder(paths, config),
            progress=progress,
            replaced=replaced,
            unresolved=show_unresolved,
        )
    report = outcome.report
    for error in report.errors:
        click.echo(f"error: {error}", err=True)
    if not report.files and not report.errors:
        click.echo(f"warning: no Python files in {', '.join(map(str, paths))}", err=True)
    if not silent:
        name = "statistics" if statistics else config.output_format
        painted = colored(color) if output_file is None else color == "always"
        way = prefix(paths, config)
        text = _rendered(name, outcome, way, color=painted, to_file=output_file is not None)
        if name != "json":
            text += _unresolved(outcome, way)
            text += "" if quiet else _closing(outcome, color=painted, unresolved=show_unresolved)
        write(text, output_file)
    if report.errors:
        return 2
    return 1 if report.findings and not exit_zero else 0


def _stdin(paths: tuple[Path, ...], name: str | None) -> dict[str, str]:
    """Return the text of stdin by the name that it goes by, if one of the paths is `-`."""
    if Path("-") not in paths:
        if name is not None:
            raise click.UsageError("--stdin-filename needs `-` in place of the paths")
        return {}
    if len(paths) > 1 or not name:
        raise click.UsageError("`-` stands alone and needs --stdin-filename")
    from asyncfix.source import Text  # noqa: PLC0415 - see `engine`

    try:
        return {name: Text.decode(name, sys.stdin.buffer.read()).text}
    except (UnicodeDecodeError, SyntaxError) as error:
        raise AsyncfixError(f"stdin: {error}") from error


def _rendered(name: str, outcome: Outcome, way: str, *, color: bool, to_file: bool) -> str:
    from asyncfix.output import render  # noqa: PLC0415 - see `engine`
    from asyncfix.terminal import columns  # noqa: PLC0415

    width = columns(to_file=to_file)
    return render(
        name, outcome.report, outcome.text, outcome.packs, color=color, width=width, prefix=way
    )


def _unresolved(outcome: Outcome, way: str) -> str:
    """List the calls that could not be resolved, where that was asked for."""
    if not outcome.report.unresolved_at:
        return ""
    from asyncfix.output.unresolved import render  # noqa: PLC0415 - see `engine`

    return render(outcome.report, outcome.text, prefix=way)


def _closing(outcome: Outcome, *, color: bool, unresolved: bool) -> str:
    from asyncfix.output.closing import closing  # noqa: PLC0415 - see `engine`
    from asyncfix.output.palette import palette  # noqa: PLC0415

    lines = closing(outcome.report, palette(color=color), unresolved=unresolved)
    return "".join(f"{line}\n" for line in lines)
