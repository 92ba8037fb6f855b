"""A finding in plain lines, for formats that have one text for all there is to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Confidence
from asyncfix.output.chains import entry, hops
from asyncfix.output.places import beside, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.output.places import Places

_ROOM = 100


def account(finding: Finding, places: Places) -> list[str]:
    """Return the message, the way from the entry to what blocks, and what to do, line by line."""
    sure = finding.confidence is Confidence.HIGH
    message = finding.message if sure else f"{finding.message} ({finding.confidence} confidence)"
    lines = [message, *way(finding, places)]
    if finding.help:
        lines += f"help: {finding.help}".splitlines()
    return [printable(line) for line in lines]


def known_as(finding: Finding) -> str:
    """Return the line by which a program knows the finding again, where a format has no field."""
    return f"fingerprint: {finding.fingerprint}"


def way(finding: Finding, places: Places) -> Iterator[str]:
    """Yield the entry and each hop after the finding's own place, with the code there."""
    if name := entry(finding):
        place = places.at(finding.root.location)
        yield f"reached from {name} ({place.path}:{place.row})"
    steps = hops(finding)
    for index, step in enumerate(steps, start=1):
        place = places.at(step.location)
        verb = "blocks here" if index == len(steps) else "called here"
        yield f"{verb}: {place.path}:{place.row}: {beside(place, _ROOM)}".rstrip(": ")
