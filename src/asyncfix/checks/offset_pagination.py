"""Pages that a database finds by counting all rows before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.nomination import Place, nomination
from asyncfix.findings import Severity
from asyncfix.project.keyset import after
from asyncfix.project.selects import Selects
from asyncfix.project.sql import Sort

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project import selects
    from asyncfix.project.program import Project

_UNIQUE = frozenset(("id", "uuid", "pk", "rowid"))


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each ordered query with an offset that is not written out."""
    queries = Selects(project)
    for each in queries.texts():
        query = each.select
        if query.offset and not query.offset.isdigit() and query.order:
            where = after(_whole(query.order))
            yield _finding(
                rule, project, each.place, f"`WHERE {where} ORDER BY {_told(query.order)}`"
            )
    seen: set[selects.Place] = set()
    for chain, node, place in queries.built("offset"):
        if chain.order and _varies(project, place.file, node) and place not in seen:
            seen.add(place)
            yield _finding(rule, project, place, _built(_whole(chain.order)))


def _varies(project: Project, file: int, call: int) -> bool:
    parts = project.files[file].nodes[call]
    given = parts[2][0] if parts[2] else 0
    return given > 0 and project.files[file].nodes[given][0] != facts.CONST


def _whole(order: Sequence[Sort]) -> list[Sort]:
    """Add what tells rows apart that are equal in all columns of an order."""
    last = order[-1].column.rpartition(".")[2].strip('"`').lower()
    prefix = order[-1].column.rpartition(".")[0]
    if last in _UNIQUE or last.endswith(("_id", "uuid")):
        return list(order)
    return [*order, Sort(f"{prefix}.id" if prefix else "id", order[-1].falls)]


def _told(order: Sequence[Sort]) -> str:
    return ", ".join(f"{each.column} DESC" if each.falls else each.column for each in _whole(order))


def _built(order: Sequence[Sort]) -> str:
    """Write the page as calls of SQLAlchemy."""
    calls = ", ".join(f"{each.column}.desc()" if each.falls else each.column for each in order)
    return f"`.where({_after(list(order))}).order_by({calls})`"


def _after(order: Sequence[Sort]) -> str:
    """Write the condition that rows come after `last`, as an expression of SQLAlchemy."""
    columns = [each.column for each in order]
    values = [f"last.{name.rpartition('.')[2]}" for name in columns]
    sign = "<" if order[0].falls else ">"
    if len(order) == 1:
        return f"{columns[0]} {sign} {values[0]}"
    if len({each.falls for each in order}) == 1:
        return f"tuple_({', '.join(columns)}) {sign} ({', '.join(values)})"
    rest = f"and_({columns[0]} == {values[0]}, {_after(order[1:])})"
    return f"or_({columns[0]} {sign} {values[0]}, {rest})"


def _finding(rule: Rule, project: Project, place: selects.Place, form: str) -> Finding:
    path = project.files.paths[place.file]
    return nomination(
        rule,
        project,
        Place(*place),
        subject="OFFSET",
        message=rule.message,
        effect="database",
        help=f"let a page begin after the last row of the one before: {form}, without OFFSET, "
        "and give the caller the values of that row as a cursor",
        severity=Severity.INFO if project.is_beside(path) else None,
    )
