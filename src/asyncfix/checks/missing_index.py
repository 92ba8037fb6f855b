"""Queries with a filter and an order that no declared index serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix.checks.nomination import Place, nomination
from asyncfix.findings import Severity
from asyncfix.project.indexes import Indexes
from asyncfix.project.selects import Selects
from asyncfix.project.sql import Select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project import selects
    from asyncfix.project.indexes import Table
    from asyncfix.project.program import Project
    from asyncfix.project.sql import Sort

_OWNERS = (
    "tenant",
    "organization",
    "organisation",
    "org",
    "account",
    "workspace",
    "business",
    "company",
)
_ENDS = ("order_by", "all", "first", "limit", "offset")
_POSTGRESQL = frozenset(("asyncpg", "psycopg", "psycopg2", "psycopg_pool", "aiopg"))
_LONGEST = 63  # bytes of a name in PostgreSQL


class Wanted(NamedTuple):
    """An index that would serve a query: equal columns, then the order, else what is compared."""

    table: str
    columns: tuple[str, ...]
    falls: tuple[bool, ...]
    fields: tuple[str, ...] = ()  # of Django, as its `Meta` names them

    @property
    def name(self) -> str:
        """Return a name in the usual form."""
        return "_".join(("ix", self.table, *self.columns))[:_LONGEST]

    def statement(self, how: str = "") -> str:
        """Return the statement that makes the index."""
        told = (
            f"{c} DESC" if falls else c for c, falls in zip(self.columns, self.falls, strict=True)
        )
        return f"CREATE INDEX {how}{self.name} ON {self.table} ({', '.join(told)})"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each query of a table whose keys and indexes are all known, each index once."""
    seen: set[Wanted] = set()
    for wanted, place in _all(project):
        if wanted not in seen:
            seen.add(wanted)
            yield _finding(rule, project, wanted, place)


def _all(project: Project) -> Iterator[tuple[Wanted, selects.Place]]:
    queries, indexes = Selects(project), Indexes(project)
    for each in queries.texts():
        query = each.select
        table = indexes.tables.get(query.table)
        if table and table.whole and (found := wanted_for(query, table)):
            yield found, each.place
    longest: dict[tuple[int, int, str, tuple[Sort, ...]], tuple[Select, Table, selects.Place]] = {}
    for method in _ENDS:
        for chain, _, place in queries.built(method):
            table = indexes.table_of(chain.classes)
            if table is None or not chain.whole:
                continue
            query = Select(
                table.name,
                tuple(table.columns.get(name, name) for name in chain.equal),
                tuple(table.columns.get(name, name) for name in chain.compared),
                tuple(_named(sort, table) for sort in chain.order),
                "",
            )
            key = place.file, place.function, table.name, query.order
            if key not in longest or len(longest[key][0].equal) < len(query.equal):
                longest[key] = query, table, place
    for query, table, place in longest.values():
        if found := wanted_for(query, table):
            yield found._replace(fields=_fields(found, table)), place


def _fields(wanted: Wanted, table: Table) -> tuple[str, ...]:
    """Return the columns of an index as a model of Django names them; none for others."""
    if "pk" not in table.columns:
        return ()
    names: dict[str, str] = {}
    for attribute, column in table.columns.items():
        if attribute != "pk":
            names.setdefault(column, attribute)
    pairs = zip(wanted.columns, wanted.falls, strict=True)
    return tuple(f"{'-' if falls else ''}{names.get(each, each)}" for each, falls in pairs)


def _named(sort: Sort, table: Table) -> Sort:
    name = sort.column.rpartition(".")[2]
    return sort._replace(column=table.columns.get(name, name))


def wanted_for(query: Select, table: Table) -> Wanted | None:
    """Return the index that a query lacks, or None if one serves, or none would."""
    told = list(dict.fromkeys(query.equal))
    equal = sorted(told, key=lambda name: not _is_owner(name))
    order = [
        (each.column.rpartition(".")[2].strip('"`').lower(), each.falls) for each in query.order
    ]
    order = [each for each in order if each[0] not in equal]
    if not equal or not order or any(set(each) <= set(equal) for each in table.unique):
        return None
    if any(set(equal) <= set(index[: len(equal)]) for index in table.indexes if len(equal) > 1):
        return None  # few rows are left to sort
    if any(index[0] == order[0][0] in query.compared for index in table.indexes):
        return None
    by_key = order[0][0] in {each[0] for each in table.unique if len(each) == 1}
    if any(_serves(index, equal, "" if by_key else order[0][0]) for index in table.indexes):
        return None
    order = _first_unique(order, table)
    columns = (*equal, *(name for name, _ in order))
    return Wanted(table.name, columns, (*(False for _ in equal), *(falls for _, falls in order)))


def _first_unique(order: Sequence[tuple[str, bool]], table: Table) -> list[tuple[str, bool]]:
    """Leave out the primary key at the end of an order, by which only equal rows are sorted."""
    single = {each[0] for each in table.unique if len(each) == 1}
    return [each for at, each in enumerate(order) if not at or each[0] not in single]


def _serves(index: Sequence[str], equal: Sequence[str], first: str) -> bool:
    """Tell whether an index gives the rows of a filter in an order, "" being that of the key.

    Equal columns that it lacks are tested row by row, which ends as soon as there are enough.
    """
    at = 0
    while at < len(index) and index[at] in equal:
        at += 1
    if not first:
        return at > 0
    return 0 < at < len(index) and index[at] == first


def _is_owner(name: str) -> bool:
    return name.removesuffix("_id") in _OWNERS


def _finding(rule: Rule, project: Project, wanted: Wanted, place: selects.Place) -> Finding:
    columns = ", ".join(wanted.columns)
    # without a lock on the table, which only PostgreSQL can
    how = "CONCURRENTLY " if _POSTGRESQL & project.files.imports else ""
    model = ", ".join(f'"{each}"' for each in wanted.columns)
    told = f'Index("{wanted.name}", {model})'
    if wanted.fields:
        fields = ", ".join(f'"{each}"' for each in wanted.fields)
        told = f"models.Index(fields=[{fields}])"
    return nomination(
        rule,
        project,
        Place(*place),
        subject=wanted.table,
        message=rule.message.format(name=wanted.table, replacement=columns),
        effect="database",
        severity=Severity.INFO if project.is_beside(project.files.paths[place.file]) else None,
        help=f"`{wanted.statement(how)}`, or `{told}` in the model, "
        "if the table has many rows for one value of the filter",
    )
