"""Which keys and indexes models of Django declare, and how their queries name columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import constant
from asyncfix.project.index import is_test
from asyncfix.project.sql import Sort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.indexes import Table
    from asyncfix.project.program import Project
    from asyncfix.project.types import Node

_LINKS = frozenset(("ForeignKey", "OneToOneField"))
_EQUAL = frozenset(("", "exact", "in", "isnull"))
_COMPARED = frozenset(("gt", "gte", "lt", "lte", "range"))


class DjangoModels:
    """The models of a project, by class; empty where nothing imports Django."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing

    def names(self) -> Iterator[tuple[int, str]]:
        """Yield each model that has a table, and the name of that."""
        if "django" not in self.project.files.imports:
            return
        for file, head in enumerate(self.project.files.heads):
            path = self.project.files.paths[file]
            if "django" not in head.imports or is_test(path) or "/migrations/" in f"/{path}":
                continue
            for at, each in enumerate(self.project.files[file].classes):
                cls = self.typing.first_class[file] + at
                if self.is_model(cls) and not self._meta(file, at, "abstract"):
                    told = self._text(file, self._meta(file, at, "db_table"))
                    app = self.typing.modules.name(file).partition(".models")[0]
                    yield cls, told or f"{app.rpartition('.')[2]}_{each.name.lower()}"

    def is_model(self, cls: int) -> bool:
        """Tell whether a class is a model of Django."""
        outside = self.typing.hierarchy.order(cls)[1]
        return any(each.startswith("django.") and each.endswith(".Model") for each in outside)

    def _has_table(self, cls: int) -> bool:
        file, known = self.typing.classes[cls]
        at = self.project.files[file].classes.index(known)
        return self.is_model(cls) and not self._meta(file, at, "abstract")

    def _meta(self, file: int, index: int, name: str) -> int:
        """Return the value of an attribute of the `Meta` in a class; 0 where there is none."""
        classes = self.project.files[file].classes
        for each in classes:
            if each.name == "Meta" and each.qualname == f"{classes[index].qualname}.Meta":
                values = each.attributes.get(name, ())
                return values[-1] if values else 0
        return 0

    def fill(self, cls: int, table: Table) -> None:
        """Note the columns, keys and indexes of a model."""
        table.columns.setdefault("pk", "id")
        table.columns.setdefault("id", "id")
        order = self.typing.hierarchy.order(cls)[0]
        inside = [self.typing.classes[each] for each in order]
        if any(self._has_table(each) for each in order if each != cls):
            table.whole = False  # its columns lie in two tables
        for file, known in inside:
            for attribute, values in known.attributes.items():
                for value in values:
                    self._field(file, attribute, value, table)
        for file, known in inside:
            index = self.project.files[file].classes.index(known)
            for name in ("indexes", "constraints", "unique_together", "index_together"):
                value = self._meta(file, index, name)
                if value:
                    self._declared(file, value, table, unique=name == "unique_together")
        if table.columns["pk"] == "id":
            table.add(("id",), unique=True)

    def _field(self, file: int, attribute: str, value: int, table: Table) -> None:
        nodes = self.project.files[file].nodes
        parts = nodes[value]
        parts = nodes[parts[2]] if parts[0] == facts.ANNOTATED else parts
        kind = self._called(file, parts)
        if not kind.endswith(("Field", "ForeignKey")) or kind == "ManyToManyField":
            return
        given = dict(zip(parts[3], parts[4], strict=True))
        told = self._text(file, given.get("db_column", 0))
        column = told or (f"{attribute}_id" if kind in _LINKS else attribute)
        table.columns[attribute] = table.columns[f"{attribute}_id"] = column
        is_key = self._holds(file, given, "primary_key")
        unique = is_key or kind == "OneToOneField" or self._holds(file, given, "unique")
        if is_key:
            table.columns["pk"] = column
        indexed = kind in _LINKS and ("db_index" not in given)
        if unique or indexed or self._holds(file, given, "db_index"):
            table.add((column,), unique=unique)

    def _holds(self, file: int, given: dict[str, int], key: str) -> bool:
        return key in given and constant(self.typing, file, given[key]) not in (False, None)

    def _declared(self, file: int, value: int, table: Table, *, unique: bool) -> None:
        """Read a list of indexes and constraints, or of tuples of names."""
        nodes = self.project.files[file].nodes
        parts = nodes[value]
        if parts[0] in (facts.SEQUENCE, facts.TUPLE):
            names = [self._text(file, each) for each in parts[1]]
            if all(names) and names:
                table.add(tuple(self._column(each, table) for each in names), unique=unique)
                return
            for each in parts[1]:
                self._declared(file, each, table, unique=unique)
        elif parts[0] == facts.CALL:
            kind = self._called(file, parts)
            given = dict(zip(parts[3], parts[4], strict=True))
            if kind in ("Index", "UniqueConstraint") and "condition" not in given:
                if "fields" in given:
                    is_key = kind == "UniqueConstraint"
                    self._declared(file, given["fields"], table, unique=is_key)
                else:
                    table.whole = False  # of expressions
            elif kind not in ("CheckConstraint", "Index", "UniqueConstraint"):
                table.whole = False
        elif parts[0] != facts.EMPTY:
            table.whole = False

    def _column(self, name: str, table: Table) -> str:
        bare = name.lstrip("-")
        return table.columns.get(bare, bare)

    def _called(self, file: int, parts: Node) -> str:
        """Return the last name of what is called of Django."""
        for each in self.typing.of(file, parts[1]) if parts[0] == facts.CALL else ():
            if each[0] == "X" and str(each[1]).startswith("django."):
                return str(each[1]).rpartition(".")[2]
        return ""

    def _text(self, file: int, node: int) -> str:
        value = constant(self.typing, file, node) if node > 0 else None
        return value if isinstance(value, str) else ""

    # Queries

    def asked(self, file: int, parts: Node) -> int:
        """Return the model whose manager a method is called of, or -1."""
        nodes = self.project.files[file].nodes
        callee = nodes[parts[1]]
        manager = nodes[callee[1]] if callee[0] == facts.ATTR else (facts.UNKNOWN,)
        if manager[0] != facts.ATTR or manager[2] != "objects":
            return -1
        classes = {each[1] for each in self.typing.of(file, manager[1]) if each[0] == "C"}
        found = classes.pop() if len(classes) == 1 else -1
        return found if found >= 0 and self.is_model(found) else -1

    def sorts(self, file: int, nodes: tuple[int, ...]) -> list[Sort] | None:
        """Return the order that texts name; None where it is of another table, or not seen."""
        texts = [self._text(file, each) for each in nodes]
        if not all(texts) or any("__" in each or each == "?" for each in texts):
            return None
        return [Sort(each.lstrip("-"), each.startswith("-")) for each in texts]


def compared(word: str) -> tuple[str, str] | None:
    """Return the column of a filter and how it is compared; None where that is not understood."""
    name, _, how = word.partition("__")
    if word == "**":
        return None
    if how in _EQUAL:
        return name, "="
    return (name, "<") if how in _COMPARED else None
