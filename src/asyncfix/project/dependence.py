"""What a value depends on: whether an expression is made, on any way, of one of some others."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from asyncfix.facts import FileFacts

_MOST = 4_000  # nodes that are looked at for one answer


class Values:
    """Answers for the expressions of one file."""

    def __init__(self, file: FileFacts) -> None:
        self.file = file
        self._below: dict[int, frozenset[int]] = {}

    @cached_property
    def _put(self) -> dict[int, list[int]]:
        """Return what is put into the containers that the file makes."""
        table: dict[int, list[int]] = {}
        for container, value in self.file.puts:
            for each in self._containers(container):
                table.setdefault(each, []).append(value)
        return table

    def _containers(self, node: int) -> Iterator[int]:
        """Yield the containers that a name may stand for."""
        parts = self.file.nodes[node]
        if parts[0] in _CONTAINERS:
            yield node
        elif parts[0] == facts.ANNOTATED:
            yield from self._containers(parts[2])
        elif parts[0] == facts.UNION:
            for each in parts[1]:
                yield from self._containers(each)

    def depends(self, node: int, sources: AbstractSet[int]) -> bool:
        """Tell whether a value is made of one of the sources, as far as the file says."""
        return node in sources or not self.below(node).isdisjoint(sources)

    def asks_of(self, node: int, sources: AbstractSet[int], objects: AbstractSet[int]) -> bool:
        """Tell whether a call is about one of the sources.

        Of the `objects` among them, which hold clients as well as data, a call must be passed
        something, or be a call of one of their own methods.
        """
        if self.depends(node, sources - objects):
            return True
        parts = self.file.nodes[node]
        if not objects or parts[0] != facts.CALL:
            return bool(objects) and self.depends(node, objects)
        receiver, given = self._receiver(node)
        return receiver in objects or any(self.depends(each, objects) for each in given)

    def _receiver(self, node: int) -> tuple[int, list[int]]:
        """Return what the method of a call is read from, and all that is passed on the way."""
        nodes, given = self.file.nodes, list[int]()
        parts = nodes[node]
        receiver = nodes[parts[1]][1] if nodes[parts[1]][0] == facts.ATTR else 0
        while parts[0] in (facts.CALL, facts.ATTR, facts.ITEM, facts.AWAIT):
            if parts[0] == facts.CALL:
                given += [each for each in (*parts[2], *parts[4]) if each > 0]
            elif parts[0] == facts.ITEM:
                given.append(parts[2])
            parts = nodes[parts[1]]
        return receiver, given

    def _parts(self, parts: Sequence[Any]) -> Iterator[int]:
        """Yield what a node is made of, but for the tables that statements are about."""
        if parts[0] != facts.CALL:
            yield from _parts(parts, self.file.functions)
        elif not self._builds(parts[1]):
            yield parts[1]
            yield from (each for each in (*parts[2], *parts[4]) if not self._is_of_table(each))

    def _builds(self, callee: int) -> bool:
        """Tell whether a function of SQLAlchemy makes a statement: `select(table)`."""
        parts = self.file.nodes[callee]
        if parts[0] == facts.GLOBAL and parts[1] in _STATEMENTS:
            values = self.file.names.get(parts[1], ())
            parts = self.file.nodes[values[0]] if values else parts
        name = str(parts[1]) if parts[0] == facts.IMPORT else ""
        return name.partition(".")[0] in _BUILDERS and name.rpartition(".")[2] in _STATEMENTS

    def changes_table(self, node: int, sources: AbstractSet[int]) -> bool:
        """Tell whether a call sends a statement about a table that is one of the sources."""
        nodes = self.file.nodes
        given = nodes[node][2][:1] if nodes[node][0] == facts.CALL else ()
        parts = nodes[max(given[0], 0)] if given else nodes[node]
        if parts[0] == facts.LITERAL:
            return any(self.depends(each, sources) for each in _tables_in(parts))
        return any(self._is_about_one(each, sources) for each in (*given, node) if each > 0)

    def _is_about_one(self, node: int, sources: AbstractSet[int]) -> bool:
        """Tell whether a query is built step by step from a table that is one of the sources."""
        parts = self.file.nodes[node]
        while parts[0] in (facts.CALL, facts.ATTR):
            if parts[0] == facts.CALL and (self._builds(parts[1]) or self._queries(parts[1])):
                return any(self.depends(each, sources) for each in parts[2][:1] if each > 0)
            parts = self.file.nodes[parts[1]]
        return False

    def _queries(self, callee: int) -> bool:
        """Tell whether a method makes a query of SQLAlchemy: `session.query(table)`."""
        parts = self.file.nodes[callee]
        return bool(parts[0] == facts.ATTR and parts[2] == "query")

    def _is_of_table(self, node: int) -> bool:
        """Tell whether a statement is all that a table is asked for: `table.delete()`."""
        parts = self.file.nodes[max(node, 0)]
        if parts[0] != facts.CALL or parts[2] or parts[4]:
            return False
        callee = self.file.nodes[parts[1]]
        return callee[0] == facts.ATTR and callee[2] in _STATEMENTS

    def below(self, node: int) -> frozenset[int]:
        """Return the nodes that a value is made of."""
        found = self._below.get(node)
        if found is None:
            found = self._below[node] = frozenset(self._reached(node))
        return found

    def _reached(self, node: int) -> set[int]:
        nodes, put = self.file.nodes, self._put
        queue, seen = [node], set[int]()
        while queue and len(seen) < _MOST:
            at = queue.pop()
            known = self._below.get(at)
            if known is not None:
                seen |= known
                continue
            for each in (*self._parts(nodes[at]), *put.get(at, ())):
                if each > 0 and each not in seen:
                    seen.add(each)
                    queue.append(each)
        return seen


def _names_tables(parts: Sequence[Any]) -> bool:
    """Tell whether all that is put into a statement in SQL are names of tables."""
    text = parts[3] if len(parts) > 3 else ""
    holes = text.count("{}")
    return bool(holes) and len(_TABLE.findall(text)) == holes


def _tables_in(parts: Sequence[Any]) -> Iterator[int]:
    """Yield what is put into a statement in SQL where the name of a table stands."""
    text = parts[3] if len(parts) > 3 else ""
    ends = {found.end() for found in _TABLE.finditer(text)}
    holes = [found.end() for found in re.finditer(r"\{\}", text)]
    if len(parts) > 2 and len(parts[2]) == len(holes):
        yield from (each for each, end in zip(parts[2], holes, strict=True) if end in ends)


def _parts(parts: Sequence[Any], functions: Sequence[facts.Function]) -> Iterator[int]:
    """Yield the nodes that a node is made of."""
    kind = parts[0]
    if kind == facts.CALL:
        yield parts[1]
        yield from parts[2]
        yield from parts[4]
    elif kind in _LISTS:
        yield from parts[1]
    elif kind in _FIRST:
        yield parts[1]
    elif kind in _BOTH:
        yield parts[1]
        yield parts[2]
    elif kind == facts.LITERAL:
        yield from parts[2] if len(parts) > 2 and not _names_tables(parts) else ()
    elif kind == facts.PREFIX:
        yield parts[1]
        yield from parts[3] if len(parts) > 3 else ()
    elif kind == facts.OUTER:
        yield from functions[parts[1]].captured.get(parts[2], ())
    elif kind == facts.FUNCTION:
        yield from functions[parts[1]].results


_BUILDERS = frozenset(("sqlalchemy", "sqlmodel"))
_STATEMENTS = frozenset(
    "select insert update delete exists inspect DropTable CreateTable DropIndex CreateIndex".split()  # noqa: SIM905 - a list has a line for each
)
_TABLE = re.compile(r"\b(?:from|into|update|table|join)\s+[\w.\"`\[]*\{\}", re.IGNORECASE)
_CONTAINERS = frozenset((facts.EMPTY, facts.DICT, facts.SEQUENCE))
_LISTS = frozenset((facts.UNION, facts.SEQUENCE, facts.TUPLE, facts.DICT, facts.MADE))
_FIRST = frozenset(
    (
        *(facts.ATTR, facts.AWAIT, facts.ELEMENT, facts.AELEMENT),
        *(facts.ENTERED, facts.AENTERED, facts.UNPACKED, facts.LEFT),
    )
)
_BOTH = frozenset((facts.ITEM, facts.BINARY, facts.ANNOTATED))
