"""`asyncfix rule`: a rule's page."""

from __future__ import annotations

from pathlib import Path

import click

from asyncfix.commands.options import config_file
from asyncfix.commands.setup import loaded, packs
from asyncfix.config import hint
from asyncfix.findings import ConfigError
from asyncfix.terminal import write


@click.command("rule")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every rule's page.")
@config_file
def command(name: str | None, everything: bool, file: Path | None) -> int:  # noqa: FBT001
    """Show what a rule finds and why that is wrong; without a name, list the rules."""
    known = packs(loaded(Path(), {}, file).config).rules
    rules = sorted(known.values(), key=lambda rule: (rule.group, rule.name))
    if name is not None and name not in known:
        raise ConfigError(f"no rule is called `{name}`{hint(name, known)}")
    if name is None and not everything:
        size = max((len(rule.name) for rule in rules), default=0)
        write("".join(f"{rule.name:<{size}}  {rule.summary}\n" for rule in rules), None)
    else:
        from asyncfix.output.pages import page  # noqa: PLC0415 - only where one is shown

        pages = [page(rule) for rule in rules if name in (None, rule.name)]
        write("\n".join(pages), None)
    return 0
