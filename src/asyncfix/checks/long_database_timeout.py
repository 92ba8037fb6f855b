"""Timeouts of databases that let a request wait for longer than anybody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import Place, nomination
from asyncfix.findings import Severity
from asyncfix.project.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.project.timeouts import Timeout


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each number above the limit, where it is written."""
    for timeout in Timeouts(project).too_long():
        yield _finding(rule, timeout, project)


def _finding(rule: Rule, timeout: Timeout, project: Project) -> Finding:
    number = timeout.number
    function = project.files.function_around(number.file, number.start)
    beside = project.is_beside(project.files.paths[number.file])
    return nomination(
        rule,
        project,
        Place(number.file, function, number.start, number.end),
        subject=timeout.name,
        message=rule.message.format(
            name=timeout.name, replacement=f"{timeout.seconds:g} s for `{timeout.by}`"
        ),
        effect="settings",
        help=f"let it fail after {timeout.longest:g} s at the latest, and read the number from the "
        "environment if some jobs need more",
        severity=Severity.INFO if beside else None,
    )
