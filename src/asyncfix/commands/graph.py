"""`asyncfix graph`: who calls whom on the event loop."""

from __future__ import annotations

from pathlib import Path

import click

from asyncfix.commands.options import config_file, format_option, running
from asyncfix.commands.setup import prefix, viewed
from asyncfix.terminal import write


@click.command("graph")
@click.argument("symbol", required=False, default="")
@click.option("--path", "paths", multiple=True, type=click.Path(path_type=Path), help="Look here.")
@click.option("--depth", type=click.IntRange(min=1), help="Steps from the start; all by default.")
@click.option("--callers", is_flag=True, help="Follow calls backwards, from SYMBOL to its callers.")
@click.option("--all", "everything", is_flag=True, help="Also what leads to nothing that blocks.")
@format_option("text", "dot", "mermaid", "json")
@config_file
@running
def command(  # noqa: PLR0917 - click calls it by name
    symbol: str,
    paths: tuple[Path, ...],
    depth: int | None,
    callers: bool,  # noqa: FBT001
    everything: bool,  # noqa: FBT001
    output_format: str,
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
) -> int:
    """Draw the calls on the event loop that lead to what blocks, from every entry or from SYMBOL.

    SYMBOL is a function (`package.module.name`, or its end) or what blocks (`requests.get`).
    """
    if callers and not symbol:
        raise click.UsageError("--callers needs a SYMBOL to start from")
    paths = paths or (Path(),)
    view, config = viewed(paths, file, jobs=jobs, no_cache=no_cache, verbose=verbose)
    from asyncfix.output.places import Places  # noqa: PLC0415 - see `engine`
    from asyncfix.survey import drawings  # noqa: PLC0415
    from asyncfix.survey.callgraph import callgraph  # noqa: PLC0415

    found = callgraph(view.project, symbol, depth=depth, callers=callers, everything=everything)
    places = Places(view.text, prefix(paths, config), exact=output_format == "json")
    write(getattr(drawings, output_format)(found, places), None)
    return 2 if view.report.errors else 0
