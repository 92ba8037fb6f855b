"""Which keys and indexes the project declares: models, migrations, and SQL."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import constant
from asyncfix.project.django_models import DjangoModels
from asyncfix.project.index import is_test
from asyncfix.project.sql import Declared, bare, declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.project.program import Project
    from asyncfix.project.types import Node

_COLUMNS = frozenset(("Column", "mapped_column", "Field"))
_UNIQUE = frozenset(("UniqueConstraint", "PrimaryKeyConstraint"))
_HARMLESS = frozenset(("CheckConstraint", "ForeignKeyConstraint"))
_DEEPEST = 8


class Table:
    """A table: its columns as far as a model tells, and the columns of its keys and indexes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.columns: dict[str, str] = {}  # by attribute
        self.indexes: set[tuple[str, ...]] = set()
        self.unique: set[tuple[str, ...]] = set()
        self.whole = True

    def add(self, columns: tuple[str, ...], *, unique: bool) -> None:
        """Note a key or index; one with columns that cannot be told makes the table unclear."""
        if not all(columns) or any("{" in each for each in columns):
            self.whole = False
            return
        self.indexes.add(columns)
        if unique:
            self.unique.add(columns)


class Indexes:
    """The tables that the project declares, by name and by class."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing
        self.django = DjangoModels(project)

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Return the tables whose declaration is seen, with all their indexes."""
        found: dict[str, Table] = {}
        for cls, name in self.names.items():
            table = found.setdefault(name, Table(name))
            if self.django.is_model(cls):
                self.django.fill(cls, table)
            else:
                self._of_class(cls, table)
        apart: list[Declared] = []
        for each in (*self._in_sql(), *self._in_calls()):
            if each.columns:
                apart.append(each)
            else:
                found.setdefault(each.table, Table(each.table))
        for each in apart:
            if "{" not in each.table:
                tables = [found[each.table]] if each.table in found else []
            elif all(each.columns):
                tables = list(found.values())
            else:  # who makes tables by text may mean any of these
                tables = [table for table in found.values() if not table.columns]
            for table in tables:
                table.add(each.columns, unique=each.unique)
        return found

    @cached_property
    def names(self) -> dict[int, str]:
        """Return the names of the tables of classes."""
        typing = self.typing
        found: dict[int, str] = {}
        for file, head in enumerate(self.project.files.heads):
            if "__tablename__" not in head.defines or is_test(self.project.files.paths[file]):
                continue
            for at, each in enumerate(self.project.files[file].classes):
                values = each.attributes.get("__tablename__", ())
                name = constant(typing, file, values[0]) if len(values) == 1 else None
                if isinstance(name, str):
                    found[typing.first_class[file] + at] = bare(name)
        found.update(self.django.names())
        return found

    def table_of(self, classes: Iterable[int]) -> Table | None:
        """Return the table of the one class of a query, if all its indexes are known."""
        named = {self.names[each] for each in classes if each in self.names}
        table = self.tables.get(named.pop()) if len(named) == 1 else None
        return table if table and table.whole else None

    # Models

    def _of_class(self, cls: int, table: Table) -> None:
        typing = self.typing
        inside = typing.hierarchy.order(cls)[0]
        for each in inside:
            file, known = typing.classes[each]
            nodes = typing.files[file].nodes
            for attribute, values in known.attributes.items():
                for value in values:
                    self._attribute(file, nodes, attribute, value, table)
        for each in inside:
            file, known = typing.classes[each]
            for value in known.attributes.get("__table_args__", ()):
                self._arguments(file, value, table, _DEEPEST)
            if "__table_args__" in known.methods:
                table.whole = False

    def _attribute(
        self, file: int, nodes: list[Node], attribute: str, value: int, table: Table
    ) -> None:
        parts = nodes[value]
        parts = nodes[parts[2]] if parts[0] == facts.ANNOTATED else parts
        if parts[0] != facts.CALL or self._called(file, parts) not in _COLUMNS:
            if nodes[value][0] == facts.ANNOTATED:
                table.columns.setdefault(attribute, attribute)
            return
        first = constant(self.typing, file, parts[2][0]) if parts[2] and parts[2][0] > 0 else None
        column = bare(first) if isinstance(first, str) else attribute
        table.columns.setdefault(attribute, column)
        given = dict(zip(parts[3], parts[4], strict=True))
        if "**" in given:
            table.whole = False
        unique = any(self._holds(file, given, key) for key in ("unique", "primary_key"))
        if unique or self._holds(file, given, "index"):
            table.add((column,), unique=unique)

    def _holds(self, file: int, given: dict[str, int], key: str) -> bool:
        """Tell whether an argument is given and not surely false."""
        return key in given and constant(self.typing, file, given[key]) not in (False, None)

    def _arguments(self, file: int, value: int, table: Table, deep: int) -> None:
        parts = self.typing.files[file].nodes[value]
        if parts[0] in (facts.TUPLE, facts.SEQUENCE, facts.UNION) and deep:
            for each in parts[1]:
                self._arguments(file, each, table, deep - 1)
        elif parts[0] == facts.CALL:
            name = self._called(file, parts)
            table.whole &= name in ("Index", *_UNIQUE, *_HARMLESS)
            if name == "Index" or name in _UNIQUE:
                given = parts[2][1:] if name == "Index" else parts[2]
                where = {"postgresql_where", "sqlite_where", "postgresql_using"} & set(parts[3])
                if not where:
                    columns = tuple(self._column(file, each, table) for each in given)
                    table.add(columns, unique=name in _UNIQUE)
        elif parts[0] not in (facts.DICT, facts.EMPTY, facts.CONST, facts.UNKNOWN):
            table.whole = False

    def _column(self, file: int, node: int, table: Table) -> str:
        """Return the column that an argument of an index names: a text, or an attribute."""
        nodes = self.typing.files[file].nodes
        parts = nodes[max(node, 0)]
        if parts[0] == facts.CALL:
            callee = nodes[parts[1]]
            if callee[0] == facts.ATTR and callee[2] in ("desc", "asc"):
                return self._column(file, callee[1], table)
            if self._called(file, parts) in ("desc", "text") and parts[2]:
                inner = self._column(file, parts[2][0], table)
                return inner.split()[0] if inner else ""
        if parts[0] == facts.CONST and isinstance(parts[1], str):
            return table.columns.get(parts[1], bare(parts[1]))
        if parts[0] == facts.ATTR:
            return table.columns.get(str(parts[2]), str(parts[2]))
        return self._by_value(file, node, table)

    def _by_value(self, file: int, node: int, table: Table) -> str:
        """Return the column whose definition a name in the body of a class stands for."""
        for each in self.typing.files[file].classes:
            for attribute, values in each.attributes.items():
                if node in values and attribute in table.columns:
                    return table.columns[attribute]
        return ""

    def _called(self, file: int, parts: Node) -> str:
        """Return the last name of what is called of SQLAlchemy, SQLModel or alembic."""
        for each in self.typing.of(file, parts[1]):
            top = str(each[1]).partition(".")[0] if each[0] == "X" else ""
            if top in ("sqlalchemy", "sqlmodel", "alembic", "flask_sqlalchemy"):
                return str(each[1]).rpartition(".")[2]
        return ""

    # Elsewhere

    def _in_sql(self) -> Iterator[Declared]:
        files = self.project.files
        for file, head in enumerate(files.heads):
            for each in files[file].statements if head.statements else ():
                yield from declared(each.text)

    def _in_calls(self) -> Iterator[Declared]:
        """Yield the indexes of alembic's `op.create_index` and of `Index` beside a model."""
        typing = self.typing
        for name in ("create_index", "create_unique_constraint", "create_primary_key", "Index"):
            for file, nodes in typing.index.callers(name, tests=False):
                for node in nodes:
                    parts = typing.files[file].nodes[node]
                    if name != "Index" or self._called(file, parts) == name:
                        yield from self._made(file, parts, name)

    def _made(self, file: int, parts: Node, name: str) -> Iterator[Declared]:
        nodes = self.project.files[file].nodes
        given = dict(zip(parts[3], parts[4], strict=True))
        if name == "Index":
            owners = [nodes[each] for each in parts[2][1:] if each > 0]
            attributes = [each for each in owners if each[0] == facts.ATTR]
            if attributes and len(attributes) == len(parts[2]) - 1:
                classes = {
                    t[1]
                    for each in attributes
                    for t in self.typing.of(file, each[1])
                    if t[0] == "C"
                }
                for table in {self.names[each] for each in classes if each in self.names}:
                    yield Declared(table, tuple(each[2] for each in attributes), unique=False)
            return
        # a batch of alembic knows its table, so that the columns come second
        lists = [
            nodes[each][1]
            for each in (*parts[2], *parts[4])
            if each > 0 and nodes[each][0] in (facts.SEQUENCE, facts.TUPLE)
        ]
        texts = tuple(self._text(file, each) for each in lists[0]) if lists else ("",)
        table = self._text(file, max(given.get("table_name", (*parts[2], 0, 0)[1]), 0))
        if not {"postgresql_where", "sqlite_where"} & given.keys():
            yield Declared(table or "{}", texts or ("",), unique=name != "create_index")

    def _text(self, file: int, node: int) -> str:
        value = constant(self.typing, file, node) if node > 0 else None
        if isinstance(value, str):
            return bare(value)
        parts = self.typing.files[file].nodes[max(node, 0)]
        # `sa.text("created_at DESC")`, or `op.f("name")`
        is_call = parts[0] == facts.CALL and bool(parts[2])
        inner = self._text(file, parts[2][0]) if is_call else ""
        return inner.split()[0] if inner else ""
