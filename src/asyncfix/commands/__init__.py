"""The subcommands, one per file; each is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from asyncfix import __version__

COMMANDS = (
    "check",
    "fix",
    "undo",
    "baseline",
    "init",
    "why",
    "routes",
    "graph",
    "catalog",
    "rule",
    "config",
    "clean",
)


class _Commands(click.Group):
    """Finds a subcommand as `command` in the module of its name."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names of the subcommands, as the help lists them."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Return a subcommand, or None where there is none of this name."""
        if name not in COMMANDS:
            return None
        found: click.Command = import_module(f"asyncfix.commands.{name}").command
        return found


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", message="asyncfix %(version)s")
@click.pass_context
def asyncfix(context: click.Context) -> int:
    """Find what stops or floods the event loop of a Python project, and show the way there."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 2
