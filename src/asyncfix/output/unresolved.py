"""The calls of which nothing is known, one a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.output.places import Places, beside, printable

if TYPE_CHECKING:
    from asyncfix.findings import Location, Report
    from asyncfix.output.places import Texts

_ROOM = 100


def render(report: Report, text: Texts, *, prefix: str) -> str:
    """Return `path:row:column code` for each call whose receiver has no known type."""
    places = Places(text, prefix)
    return "".join(f"{_line(each, places)}\n" for each in report.unresolved_at)


def _line(location: Location, places: Places) -> str:
    place = places.at(location)
    if place.text is None:
        return str(place)
    code = place.text.data[location.start : location.end].decode(errors="replace")
    folded = printable(" ".join(code.split()))
    return f"{place} {folded if len(folded) <= _ROOM else beside(place, _ROOM)}"
