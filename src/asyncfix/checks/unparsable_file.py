"""Files that the running Python cannot parse: what they hold stays unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Confidence, Finding, Location, Root, Sink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Rule
    from asyncfix.project.program import Project


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Report each file that has an error in place of facts."""
    for at, head in enumerate(project.files.heads):
        if head.error:
            file = project.files[at]
            where = Location(file.path, file.error_at, file.error_at)
            yield Finding(
                rule=rule.name,
                group=rule.group,
                subject=file.error,
                message=rule.message.format(name=file.error, replacement=""),
                location=where,
                severity=project.config.severity.get(rule.name, rule.severity),
                confidence=Confidence.HIGH,
                symbol="<module>",
                code=file.error,
                root=Root("file", file.path, file.path, where),
                sink=Sink(file.error, "syntax"),
            )
