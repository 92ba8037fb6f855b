"""A rule's page: its text, and its address once the pages are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.packs import Rule

SITE = ""  # where the pages are published, without a slash at its end; nowhere yet


def address(rule: str) -> str | None:
    """Return the address of a rule's page; None as long as there is none."""
    return f"{SITE}/rules/{rule}/" if SITE else None


def page(rule: Rule) -> str:
    """Return a rule's page, in Markdown."""
    told = f"Group `{rule.group}`, severity {rule.severity}"
    told += ", in preview." if rule.preview else "."
    if rule.aliases:
        told += f" Also known as {', '.join(rule.aliases)}."
    parts = [f"# {rule.name}", rule.summary.rstrip(".") + ".", told, rule.why.strip()]
    for example in rule.examples:
        parts.append(f"## {example.title}")
        if example.bad:
            parts.append(f"Reported:\n\n```python\n{example.bad.strip()}\n```")
        if example.good:
            parts.append(f"Not reported:\n\n```python\n{example.good.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def table(rules: Iterable[Rule]) -> str:
    """Return a Markdown table of rules."""
    rows = [
        f"| `{rule.name}` | {rule.severity}{', in preview' if rule.preview else ''} "
        f"| {rule.summary} |\n"
        for rule in rules
    ]
    return "".join(["| rule | severity | finds |\n", "|---|---|---|\n", *rows])
