"""`asyncfix rule`: a rule's page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyncfix.commands.options import config_file
from asyncfix.commands.setup import loaded, packs
from asyncfix.config import hint
from asyncfix.findings import ConfigError
from asyncfix.terminal import write

if TYPE_CHECKING:
    from asyncfix.packs import Rule


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
        pages = [_page(rule) for rule in rules if name in (None, rule.name)]
        write("\n".join(pages), None)
    return 0


def _page(rule: Rule) -> str:
    """Return a rule's page, in Markdown."""
    facts = f"Group `{rule.group}`, severity {rule.severity}"
    facts += ", in preview." if rule.preview else "."
    if rule.aliases:
        facts += f" Also known as {', '.join(rule.aliases)}."
    parts = [f"# {rule.name}", rule.summary.rstrip(".") + ".", facts, rule.why.strip()]
    for example in rule.examples:
        parts.append(f"## {example.title}")
        if example.bad:
            parts.append(f"Reported:\n\n```python\n{example.bad.strip()}\n```")
        if example.good:
            parts.append(f"Not reported:\n\n```python\n{example.good.strip()}\n```")
    return "\n\n".join(parts) + "\n"
