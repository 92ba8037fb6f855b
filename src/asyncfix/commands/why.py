"""`asyncfix why`: explains a place or a function."""

from __future__ import annotations

from pathlib import Path

import click

from asyncfix.commands.options import config_file, running
from asyncfix.commands.setup import cache_folder, engine, loaded
from asyncfix.terminal import write

_PER_ITEM = "in a loop:"


@click.command("why")
@click.argument("target", metavar="LOCATION|SYMBOL")
@click.option("--path", "paths", multiple=True, type=click.Path(path_type=Path), help="Look here.")
@config_file
@running
def command(  # noqa: PLR0917 - click calls it by name
    target: str,
    paths: tuple[Path, ...],
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
) -> int:
    """Explain a place (`path:row[:column]`) or a function (`package.module.name`, or its end).

    For a place: what is called there, how each name was resolved, every chain to what blocks, or
    why it is silent. For a function: where it runs, who calls it, and every chain from it.
    """
    paths = paths or _home(target)
    config = loaded(paths[0], {}, file, verbose=verbose).config
    cache = None if no_cache else cache_folder(paths, config)
    explanation = engine().why(list(paths), config, target, jobs=jobs, cache=cache)
    lines = [*explanation.lines]
    if any(line.strip().startswith(_PER_ITEM) for line in lines):
        from asyncfix.fixing import opened  # noqa: PLC0415 - only for loops that ask
        from asyncfix.fixing.forms import forms  # noqa: PLC0415 - as above

        lines += forms(opened(list(paths), config, jobs=jobs, cache=cache), target)
    write("".join(f"{line}\n" for line in lines), None)
    return 0


def _home(target: str) -> tuple[Path, ...]:
    """Return where to look for a target: here, unless it is a file of another project."""
    file = Path(target.partition(":")[0])
    elsewhere = file.is_file() and Path.cwd() not in file.resolve().parents
    return (file,) if elsewhere else (Path(),)
