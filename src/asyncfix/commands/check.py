"""`asyncfix check`: reports what blocks the event loop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.config import shown
from asyncfix.commands.mending import Mending, mending
from asyncfix.commands.options import config_file, running, settings
from asyncfix.commands.printing import Printing, Sink, SinkType
from asyncfix.commands.setup import cache_folder, engine, loaded, loaded_here
from asyncfix.commands.watching import Watched, watching
from asyncfix.commands.wishes import Wish, from_here, narrowed, touched, wishes
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import Progress, tell, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncfix.engine import Outcome
    from asyncfix.findings import Report
    from asyncfix.scope import Asked


@click.command("check", cls=Watched)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@settings
@config_file
@running
@wishes
@mending
@click.option("-o", "--output-file", "output", type=click.Path(path_type=Path), help="Print there.")
@click.option("--out", "outs", type=SinkType(), multiple=True, help="Print to a file as well.")
@click.option("--statistics", is_flag=True, help="Print a table of rules instead of findings.")
@click.option("--show-unresolved", is_flag=True, help="List the calls that lead nowhere known.")
@click.option("--stdin-filename", metavar="FILE", help="The file whose text stdin holds; with -.")
@watching
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 where there are findings.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("--show-settings", is_flag=True, help="Print what holds here, and check nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
@click.option("-s", "--silent", is_flag=True, help="Print nothing; the exit code tells.")
def command(  # noqa: PLR0917 - click calls it by name
    paths: tuple[Path, ...],
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    output: Path | None,
    outs: tuple[Sink, ...],
    statistics: bool,  # noqa: FBT001
    show_unresolved: bool,  # noqa: FBT001
    stdin_filename: str | None,
    exit_zero: bool,  # noqa: FBT001
    color: str,
    quiet: bool,  # noqa: FBT001
    silent: bool,  # noqa: FBT001
    show_settings: bool,  # noqa: FBT001
    **overrides: Any,  # noqa: ANN401
) -> int:
    """Report what blocks the event loop, with the chain of calls that leads there.

    PATHS are folders or files; the default is the working directory. A file is reported alone
    but understood with its whole project. With - the text of one file is read from stdin.
    """
    wish, mend = Wish.taken(overrides), Mending.taken(overrides)
    replaced = _stdin(paths, stdin_filename)
    paths = tuple(map(Path, replaced)) or paths or (Path(),)
    load = loaded_here if wish.changed_only else loaded
    found = load(paths[0], overrides, file, verbose=verbose)
    if show_settings:
        write(shown(found, paths), None)
        return 0
    config = found.config
    changes = wish.changes(paths, config)
    asked = wish.asked(paths, config, touched(changes, paths, config))
    replaced |= from_here(changes.texts if changes else {}, paths, config)

    def run(texts: Mapping[str, str], asked: Asked) -> Outcome:
        with Progress(shown=not (quiet or silent)) as progress:
            outcome: Outcome = engine().check(
                list(paths),
                config,
                jobs=jobs,
                cache=None if no_cache else cache_folder(paths, config),
                progress=progress,
                replaced=texts,
                unresolved=show_unresolved,
                asked=asked,
            )
        return outcome

    def before() -> Report:
        texts = {**replaced, **from_here(changes.before if changes else {}, paths, config)}
        return run(texts, wish.asked(paths, config)).report

    def checked(texts: Mapping[str, str]) -> Outcome:
        return narrowed(run(texts, asked), changes, before)

    if wish.add_ignore is not None:
        return wish.silenced(checked, replaced, cache_folder(paths, config))
    if mend.wanted and replaced:
        raise click.UsageError("fixes are of files as they are on disk, not of given texts")
    if mend.wanted:
        job = mend.job(paths, config, asked, color=color, quiet=quiet or silent)
        code = mend.made(job, jobs, cached=not no_cache) if mend.fix or mend.diff else 0
        if mend.diff:
            return code
    outcome = checked(replaced)
    if mend.show_fixes:
        outcome = mend.named(outcome, job, jobs, cached=not no_cache)
    report = outcome.report
    stale = wish.stale(report, asked, config)
    for error in (*report.errors, *filter(None, [stale])):
        tell(f"error: {error}")
    if not report.files and not report.errors:
        tell(f"warning: no Python files in {', '.join(map(str, paths))}")
    sinks = [] if silent else [Sink("statistics" if statistics else config.output_format, output)]
    printing = Printing(outcome, paths, config, color=color, quiet=quiet)
    failed = printing.all([*sinks, *outs], unresolved=show_unresolved)
    if report.errors or failed or stale:
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
