"""`asyncfix undo`: restores what the last `fix --write` has replaced."""

from __future__ import annotations

from pathlib import Path

import click

from asyncfix.commands.options import config_file
from asyncfix.commands.setup import cache_folder, loaded


@click.command("undo")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Restore files that were changed since, too.")
@click.option("--keep", is_flag=True, help="Leave the files as they are, and forget that write.")
@config_file
def command(path: Path | None, force: bool, keep: bool, file: Path | None) -> int:  # noqa: FBT001
    """Restore what the last `fix --write` replaced, in the project that PATH lies in."""
    from asyncfix.changes import writing  # noqa: PLC0415 - only for this command
    from asyncfix.source import project_root  # noqa: PLC0415 - see `engine`

    start = path or Path()
    config = loaded(start, {}, file).config
    folder = cache_folder((start,), config)
    root = project_root((start,), config)
    if keep:
        click.echo(f"Left as they are: {writing.keep(root, folder)} files.")
        return 0
    undone = writing.undo(root, folder, force=force)
    for name in undone.restored:
        click.echo(f"restored {name}")
    if undone.same:
        click.echo(f"{len(undone.same)} had not been changed.")
    return 0
