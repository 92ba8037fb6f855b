"""The routes as a table: for the terminal, for programs, and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix.output.chains import short
from asyncfix.output.closing import number
from asyncfix.output.encoding import encoded
from asyncfix.output.places import Places, cells, crop, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.output.palette import Paint
    from asyncfix.survey.routes import Route

_BAR = "\\|"
_WIDEST = 48
_LEAST = 24  # cells, below which a column is left out


def text(routes: Sequence[Route], places: Places, paint: Paint, width: int) -> str:
    """Return a row per route: name, where it runs, hops to threads, and what blocks it."""
    if not routes:
        return "No routes found.\n"
    names = [printable(route.name) for route in routes]
    size = min(_WIDEST, max(map(cells, names)))
    lines = [paint("rule", f"{'route':<{size}}  runs    threads  blocked by")]
    for route, name in zip(routes, names, strict=True):
        head = f"{_padded(name, size)}  {route.runs:<6}  {route.thread_hops or '':>7}  "
        room = max(_LEAST, width - cells(head))
        lines.append((head + _blocked(route, places, paint, room)).rstrip())
    return "".join(f"{line}\n" for line in [*lines, "", _counted(routes)])


def _padded(name: str, size: int) -> str:
    name = crop(name, 0, size)
    return name + " " * (size - cells(name))


def _blocked(route: Route, places: Places, paint: Paint, room: int) -> str:
    """Write the worst finding and how many more there are; else where the function is."""
    if not route.findings:
        place = places.at(route.location)
        told = f"- {short(route.symbol)} ({place.path}:{place.row})"
        return paint("quiet", told if cells(told) <= room else "-")
    worst, *others = route.findings
    more = f" +{len(others)}" if others else ""
    left = room - cells(f"{worst.severity}: {more}")
    sink = printable(_brief(worst.sink.qualname or worst.rule, left))
    return paint(worst.severity, f"{worst.severity}: {crop(sink, 0, left)}{more}")


def _brief(name: str, room: int) -> str:
    """Leave out the middle of a dotted name that is too long: its ends tell most."""
    first, *rest = name.split(".")
    for start in range(len(rest)):
        brief = ".".join([first, *rest]) if not start else f"{first}…{'.'.join(rest[start:])}"
        if cells(brief) <= room:
            return brief
    return rest[-1] if rest else name


def _counted(routes: Sequence[Route]) -> str:
    blocked = sum(1 for route in routes if route.findings)
    threads = sum(1 for route in routes if not route.on_loop)
    return f"{number(len(routes), 'route')}: {blocked} blocked, {threads} in threads."


def json(routes: Sequence[Route], places: Places) -> str:
    """Return a list of routes with the fingerprints of their findings."""
    return encoded([_record(route, places) for route in routes], indent=2) + "\n"


def _record(route: Route, places: Places) -> dict[str, Any]:
    place = places.at(route.location)
    worst = route.findings[0] if route.findings else None
    return {
        "kind": route.kind,
        "method": route.method,
        "path": route.path,
        "symbol": route.symbol,
        "filename": place.path,
        "row": place.row,
        "runs": route.runs,
        "thread_hops": route.thread_hops,
        "blocked_by": worst
        and {
            "code": worst.rule,
            "severity": worst.severity,
            "sink": worst.sink.qualname,
            "effect": worst.sink.effect,
            "fingerprint": worst.fingerprint,
        },
        "fingerprints": [finding.fingerprint for finding in route.findings],
        "schema_version": 1,
    }


def markdown(routes: Sequence[Route], places: Places) -> str:
    """Return a Markdown table."""
    rows = ["| route | runs | threads | blocked by | place |", "|---|---|--:|---|---|"]
    for route in routes:
        place = places.at(route.location)
        worst = route.findings[0] if route.findings else None
        told = f"{worst.severity}: `{worst.sink.qualname or worst.rule}`" if worst else ""
        more = f" and {len(route.findings) - 1} more" if len(route.findings) > 1 else ""
        row = (f"`{route.name}`", route.runs, str(route.thread_hops), told + more, str(place))
        rows.append(f"| {' | '.join(printable(cell).replace('|', _BAR) for cell in row)} |")
    return "\n".join([*rows, "", _counted(routes), ""])
