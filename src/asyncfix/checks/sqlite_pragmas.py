"""Files of SQLite that readers and a writer cannot use at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import nomination
from asyncfix.project.options import given
from asyncfix.project.texts import begins
from asyncfix.project.timeouts import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project

_OTHERS = (":memory:", "file:")


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate the connections of a project that serves and never asks for a journal."""
    if not project.lifetimes.serves:
        return
    places = [(name, place) for name, setting, place in calls(project) if setting.journal]
    if not places or _chooses_journal(project):
        return
    for name, place in places:
        path = project.files.paths[place.file]
        if not project.is_beside(path) and not _is_elsewhere(project, place):
            yield nomination(
                rule,
                project,
                place,
                subject=name,
                message=rule.message.format(name=name),
                effect="settings",
                help='execute "PRAGMA journal_mode=WAL" once, and "PRAGMA synchronous=NORMAL" on '
                "each connection",
            )


def _chooses_journal(project: Project) -> bool:
    files = project.files
    return any(
        "journal_mode" in each.text.lower()
        for at, head in enumerate(files.heads)
        for each in (files[at].statements if head.statements else ())
    )


def _is_elsewhere(project: Project, place: Called) -> bool:
    """Tell whether the database is in memory, or an address that may say how it is opened."""
    options = given(project.typing, place.file, place.node)
    return any(
        begins(project.typing, each.file, each.node, _OTHERS) is True
        for each in options.get("@0") + options.get("database")
    )
