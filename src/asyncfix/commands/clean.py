"""`asyncfix clean`: removes what is kept between runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from asyncfix.commands.options import config_file
from asyncfix.commands.setup import cache_folder, loaded
from asyncfix.findings import AsyncfixError


@click.command("clean")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@config_file
def command(paths: tuple[Path, ...], file: Path | None) -> int:
    """Remove the cache of the project that PATHS are in; the next run makes a new one."""
    paths = paths or (Path(),)
    folder = cache_folder(paths, loaded(paths[0], {}, file).config)
    if not folder.exists():
        click.echo(f"No cache at {folder}.")
        return 0
    if not (folder / "CACHEDIR.TAG").is_file():
        raise AsyncfixError(f"{folder} does not look like a cache: it has no CACHEDIR.TAG")
    kept = {"CACHEDIR.TAG", ".gitignore", "undo"} if any((folder / "undo").glob("*")) else set()
    try:
        for path in folder.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not kept:
            folder.rmdir()
    except OSError as error:
        raise AsyncfixError(f"cannot remove {folder}: {error.strerror}") from error
    click.echo(f"Removed {folder}{', but for what `undo` restores' if kept else ''}.")
    return 0
