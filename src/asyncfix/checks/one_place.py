"""A finding that is one place in one function, without a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Confidence, Finding, Location, Sink

if TYPE_CHECKING:
    from asyncfix.packs import Rule
    from asyncfix.project.notes import Note
    from asyncfix.project.program import Project


def finding(rule: Rule, project: Project, note: Note) -> Finding:
    """Return a finding of a rule where a note says."""
    path = project.files.paths[project.typing.functions.file(note.fid)]
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=note.subject,
        message=note.message,
        location=Location(path, note.start, note.end),
        severity=project.config.severity.get(rule.name, rule.severity),
        confidence=Confidence.HIGH,
        symbol=project.graph.qualname(note.fid),
        code="",
        root=project.root_of(note.fid),
        sink=Sink(note.subject, note.effect),
        help=note.help,
    )
