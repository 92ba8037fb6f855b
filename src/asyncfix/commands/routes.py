"""`asyncfix routes`: the endpoints, and what blocks them."""

from __future__ import annotations

from pathlib import Path

import click

from asyncfix.commands.options import config_file, format_option, running
from asyncfix.commands.setup import prefix, viewed
from asyncfix.terminal import colored, columns, write


@click.command("routes")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Whatever frameworks run: middleware, …")
@format_option("text", "json", "markdown")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@config_file
@running
def command(  # noqa: PLR0917 - click calls it by name
    paths: tuple[Path, ...],
    everything: bool,  # noqa: FBT001
    output_format: str,
    color: str,
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
) -> int:
    """List the endpoints: where each runs, how often it goes to a thread, and what blocks it.

    `async` and `loop` run on the event loop, `thread` in the framework's pool of threads. What
    blocks a dependency blocks the endpoints that need it. PATHS are as for `check`.
    """
    paths = paths or (Path(),)
    view, config = viewed(paths, file, jobs=jobs, no_cache=no_cache, verbose=verbose)
    from asyncfix.output.palette import palette  # noqa: PLC0415 - see `engine`
    from asyncfix.output.places import Places  # noqa: PLC0415
    from asyncfix.survey import tables  # noqa: PLC0415
    from asyncfix.survey.routes import routes  # noqa: PLC0415

    found = routes(view.project, view.report, everything=everything)
    places = Places(view.text, prefix(paths, config), exact=output_format == "json")
    if output_format == "text":
        paint = palette(color=colored(color))
        write(tables.text(found, places, paint, columns(to_file=False)), None)
    else:
        told = tables.json if output_format == "json" else tables.markdown
        write(told(found, places), None)
    return 2 if view.report.errors else 0
