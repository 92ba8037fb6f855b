"""Comments that silence nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.findings import (
    Applicability,
    Confidence,
    Finding,
    Fix,
    Location,
    Root,
    Sink,
)
from asyncfix.suppress.edits import without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.config import Config
    from asyncfix.packs import Rule
    from asyncfix.suppress import Judged
    from asyncfix.syntax import Syntax


def judge(rule: Rule, judged: Judged, config: Config) -> Iterator[Finding]:
    """Report each comment with the names in it that silence nothing."""
    for spans in judged.unused:
        directive, names = spans[0].directive, ", ".join(span.name for span in spans)
        where = Location(spans[0].path, directive.start, directive.end)
        message = rule.message.format(name=names, replacement="")
        sink = f"{directive.kind}[{names}]"
        yield told(rule, config, where, subject=names, message=message, sink=sink)


def told(
    rule: Rule, config: Config, where: Location, *, subject: str, message: str, sink: str
) -> Finding:
    """Return a finding about a comment."""
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=subject,
        message=message,
        location=where,
        severity=config.severity.get(rule.name, rule.severity),
        confidence=Confidence.HIGH,
        symbol="<module>",
        code="",
        root=Root("file", where.path, where.path, where),
        sink=Sink(sink, "comment"),
    )


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Add the fix that takes out what means nothing."""
    del rule
    edit = without(syntax.data, finding.location, frozenset(finding.subject.split(", ")))
    title = "Remove what silences nothing" if edit.text else "Remove the comment"
    return replace(finding, fixes=(Fix(title, Applicability.SAFE, (edit,)),))
