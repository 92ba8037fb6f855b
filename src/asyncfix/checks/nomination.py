"""A finding at a place in a function, for checks that follow no chain of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from asyncfix.findings import Confidence, Finding, Location, Root, Severity, Sink

if TYPE_CHECKING:
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project


class Place(NamedTuple):
    """Bytes of a function of a file."""

    file: int
    function: int
    start: int
    end: int


class Placed(Protocol):
    """What says where it stands: a place, or what is known of one."""

    @property
    def file(self) -> int:
        """Return the number of the file."""

    @property
    def function(self) -> int:
        """Return the number of the function within the file."""

    @property
    def start(self) -> int:
        """Return the first byte."""

    @property
    def end(self) -> int:
        """Return the byte after the last."""


def nomination(
    rule: Rule,
    project: Project,
    place: Placed,
    *,
    subject: str,
    message: str,
    effect: str,
    help: str = "",  # noqa: A002 - as the finding calls it
    severity: Severity | None = None,
    confidence: Confidence = Confidence.HIGH,
) -> Finding:
    """Return a finding at a place; its root is the nearest entry by which it is reached."""
    path, fid = project.files.paths[place.file], project.lifetimes.fid(place.file, place.function)
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=subject,
        message=message,
        location=Location(path, place.start, place.end),
        severity=project.config.severity.get(rule.name, severity or rule.severity),
        confidence=confidence,
        symbol=project.graph.qualname(fid) if place.function else "<module>",
        code="",
        root=project.lifetimes.root(fid) if place.function else _file(path),
        sink=Sink(subject, effect),
        help=help,
    )


def _file(path: str) -> Root:
    return Root("file", path, path, Location(path, 0, 0))
