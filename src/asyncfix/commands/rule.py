"""`asyncfix rule`: a rule's page."""

from __future__ import annotations

from pathlib import Path

import click

from asyncfix.commands.options import config_file, format_option
from asyncfix.commands.setup import loaded, packs
from asyncfix.config import hint
from asyncfix.findings import ConfigError
from asyncfix.terminal import write


@click.command("rule")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every rule's page.")
@format_option("text", "json", "markdown")
@config_file
def command(
    name: str | None,
    everything: bool,  # noqa: FBT001
    output_format: str,
    file: Path | None,
) -> int:
    """Show what a rule finds and why that is wrong; without a name, list the rules.

    The pages are Markdown, as `text` too; `json` has the same for programs.
    """
    from asyncfix.output.encoding import encoded  # noqa: PLC0415 - see `engine`
    from asyncfix.output.pages import page, table  # noqa: PLC0415

    known = packs(loaded(Path(), {}, file).config).rules
    if name is not None and name not in known:
        raise ConfigError(f"no rule is called `{name}`{hint(name, known)}")
    rules = sorted(known.values(), key=lambda rule: (rule.group, rule.name))
    rules = [rule for rule in rules if name in (None, rule.name)]
    if output_format == "json":
        text = encoded(rules, indent=2) + "\n"
    elif name is not None or everything:
        text = "\n".join(map(page, rules))
    elif output_format == "markdown":
        text = table(rules)
    else:
        size = max((len(rule.name) for rule in rules), default=0)
        text = "".join(f"{rule.name:<{size}}  {rule.summary}\n" for rule in rules)
    write(text, None)
    return 0
