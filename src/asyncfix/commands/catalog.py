"""`asyncfix catalog`: what the packs know of libraries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyncfix.commands.options import config_file, format_option
from asyncfix.commands.setup import loaded, packs
from asyncfix.terminal import write

if TYPE_CHECKING:
    from asyncfix.survey.catalog import Catalog


@click.group("catalog", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Show what asyncfix knows of libraries; without a subcommand, list them."""
    if context.invoked_subcommand is None:
        known = _catalog(None).libraries()
        size = max(len(name) for name, _ in known)
        write("".join(f"{name:<{size}}  {count:>5,}\n" for name, count in known), None)
    return 0


@command.command("search")
@click.argument("words", nargs=-1, required=True)
@format_option("text", "json")
@config_file
def search(words: tuple[str, ...], output_format: str, file: Path | None) -> int:
    """List the names that hold every one of WORDS; exit with 1 if there are none."""
    from asyncfix.survey.catalog import as_json, as_table  # noqa: PLC0415 - see `engine`

    found = _catalog(file).search(words)
    write(as_json(found) if output_format == "json" else as_table(found), None)
    return 0 if found else 1


@command.command("check")
@click.argument("names", metavar="IMPORT…", nargs=-1, required=True)
@format_option("text", "json")
@config_file
def check(names: tuple[str, ...], output_format: str, file: Path | None) -> int:
    """Tell what is known of callables by their full names, such as requests.Session.get.

    Exit with 1 if one is not known.
    """
    from asyncfix.survey.catalog import as_json, as_lines  # noqa: PLC0415 - see `engine`

    known = _catalog(file)
    found = [known.entry(name) for name in names]
    text = as_json(found) if output_format == "json" else "".join(map(as_lines, found))
    write(text, None)
    return 1 if any(entry.what == "unknown" for entry in found) else 0


def _catalog(file: Path | None) -> Catalog:
    from asyncfix.survey.catalog import Catalog  # noqa: PLC0415 - see `engine`

    return Catalog(packs(loaded(Path(), {}, file).config))
