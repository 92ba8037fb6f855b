"""The calls of which nothing is known, by method, the worst that one may be first."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from asyncfix.output.closing import number
from asyncfix.output.places import Places, beside, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Location, Report
    from asyncfix.output.places import Texts

_ROOM = 100
_WORST = ("an error", "a warning", "information")


def render(report: Report, text: Texts, *, prefix: str) -> str:
    """Return, for each method, what it may be, and `path:row:column code` for each of its calls."""
    places = Places(text, prefix)
    return "".join(f"{line}\n" for line in _lines(report, places))


def _lines(report: Report, places: Places) -> Iterator[str]:
    for (rank, method, like), group in groupby(
        report.unresolved_at, key=attrgetter("rank", "method", "like")
    ):
        calls = list(group)
        told = f"as `{like}` it is {_WORST[rank]}" if like else "the project has a function of it"
        yield f"{printable(method)}: {number(len(calls), 'call')} of an unknown object; {told}"
        yield from (f"  {_line(each.location, places)}" for each in calls)


def _line(location: Location, places: Places) -> str:
    place = places.at(location)
    if place.text is None:
        return str(place)
    code = place.text.data[location.start : location.end].decode(errors="replace")
    folded = printable(" ".join(code.split()))
    return f"{place} {folded if len(folded) <= _ROOM else beside(place, _ROOM)}"
