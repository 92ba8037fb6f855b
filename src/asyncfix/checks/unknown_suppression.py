"""Comments for asyncfix that mean nothing to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks import unused_suppression
from asyncfix.checks.unused_suppression import told
from asyncfix.config import hint
from asyncfix.findings import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.config import Config
    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.suppress import Judged
    from asyncfix.syntax import Syntax

_KINDS = (
    "ignore", "file-ignore", "disable", "enable", "nonblocking", "blocking", "runs-in-thread",
)  # fmt: skip


def judge(rule: Rule, judged: Judged, config: Config) -> Iterator[Finding]:
    """Report each name that no rule has, and each comment that names none or cannot be read."""
    for path, directive, name in judged.unknown:
        where = Location(path, directive.start, directive.end)
        kind = directive.kind.removeprefix("? ")
        if name:
            said = f"`{name}`, which is no rule or group{hint(name, judged.spans.names)}"
        elif directive.kind.startswith("?"):
            said = f"`{kind}`, which means nothing{hint(kind, _KINDS)}"
        else:
            said = f"`{kind}` without a rule or a group, and so has no effect"
        message = rule.message.format(name=said, replacement="")
        yield told(rule, config, where, subject=name or kind, message=message, sink=name or kind)


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Add the fix that takes out what means nothing."""
    return unused_suppression.examine(rule, finding, syntax)
