"""Statements in SQL that are sent through a driver: one for all items, the rows put in a dict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.asking import Asking, asking
from asyncfix.rewrites.batch.code import dedented, indent_of, plural, spliced
from asyncfix.rewrites.batch.frame import Once
from asyncfix.rewrites.batch.sql import (
    MYSQL,
    POSTGRES,
    SQLITE,
    Batched,
    Dialect,
    Token,
    batched,
    parameters,
)
from asyncfix.rewrites.batch.texts import text_of
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node


class Driver(NamedTuple):
    """How a library takes statements: `apart` tells that parameters are arguments of their own."""

    dialect: Dialect
    apart: bool
    named: bool  # rows give their columns by name as well as by number


_DRIVERS = {
    "asyncpg": Driver(POSTGRES, apart=True, named=True),
    "sqlite3": Driver(SQLITE, apart=False, named=False),
    "aiosqlite": Driver(SQLITE, apart=False, named=False),
    "psycopg": Driver(POSTGRES, apart=False, named=False),
    "psycopg2": Driver(POSTGRES, apart=False, named=False),
    "pymysql": Driver(MYSQL, apart=False, named=False),
    "aiomysql": Driver(MYSQL, apart=False, named=False),
}
_FETCHES = {"fetchrow": "row", "fetchval": "value", "fetch": "rows", "execute_fetchall": "rows"}
_EXACT = frozenset(("int", "bool", "UUID", "uuid.UUID"))


def driver_of(name: str) -> Driver | None:
    """Return how the library of a callable takes statements."""
    return _DRIVERS.get(name.partition(".")[0])


class Sent(NamedTuple):
    """A call that sends a statement: which driver, what it gives, and the call that gives rows."""

    driver: Driver
    gives: str
    rows: str
    dicts: bool = False


def sent(name: str) -> Sent:
    """Return what a callable of a driver does with a statement."""
    driver, method = driver_of(name), name.rpartition(".")[2]
    if driver is None:
        raise RefusedError(f"no batched form of `{name}` is known")
    if method in _FETCHES:
        rows = "fetch" if driver.apart else method
        return Sent(driver, _FETCHES[method], rows)
    if method == "execute" and not driver.apart:
        return Sent(driver, "cursor", "execute")
    raise RefusedError(f"no batched form of `{name}` is known")


def statement_once(frame: Frame, call: Node, how: Sent) -> tuple[Once, str]:
    """Return what asks once in place of a call, and the code that gives one item's answer."""
    return _Statement(frame, asking(frame, call), how).once()


class _Statement:
    def __init__(self, frame: Frame, ask: Asking, how: Sent) -> None:
        self.frame = frame
        self.ask = ask
        self.how = how
        args = ask.call.all("args")
        if not args or any(each.has("keyword") or each.word("star") for each in args):
            raise RefusedError("the arguments are not given one by one")
        self.text = text_of(frame.literal(args[0]["value"]))
        self.literal = frame.literal(args[0]["value"])
        self.args = [each["value"] for each in args[1:]]
        self.gives = how.gives
        self.strips = False  # whether the key is taken off each row again
        if self.gives == "cursor":
            names = ask.names
            kind = {(): "rows", ("fetchone",): "row", ("fetchall",): "rows"}.get(tuple(names))
            if kind is None:
                raise RefusedError("what becomes of the cursor is not known")
            self.gives = kind

    def once(self) -> tuple[Once, str]:
        frame = self.frame
        given = self._given()
        param, node = self._varying(given)
        frame.refuse_made([self.ask.call], node, self.ask.dropped)
        key = frame.key(node)
        exact = self._is_exact(node)
        once = Once()
        keys, rows = frame.keys_of(key, self.ask.call)
        once.before += rows
        named, numbered = self.ask.reads()
        named = named or self.how.dicts or self.how.driver.named
        made = batched(
            self.text.content,
            param.start,
            self.how.driver.dialect,
            one=self.gives in ("row", "value"),
            star=named,
        )
        self._check_rows(made, named=named, numbered=numbered, once=once)
        once.notes.append(_NOTE.format(column=made.name))
        if self.how.driver.dialect is MYSQL and not exact:
            once.doubts.append("MySQL may take texts for equal that Python does not")
        edits = self.text.edits(frame.path, made.edits)
        edits += self._keyed(node, keys, once)
        edits += self._renamed()
        if self.literal.start != self.ask.call.all("args")[0]["value"].start:
            name = self.ask.call.all("args")[0]["value"]
            inline = dedented(
                spliced(self.literal.tree.data, *self.literal.whole, edits),
                indent_of(self.literal.statement),
            )
            edits.append(Edit(Location(frame.path, name.start, name.end), inline))
        return once, self._answered(once, made, edits, key, exact=exact, named=named)

    # What is given

    def _given(self) -> list[Node]:
        """Return the values of the parameters in the order of the statement."""
        if self.how.driver.apart:
            return self.args
        if len(self.args) != 1 or self.args[0].kind not in ("Tuple", "List"):
            raise RefusedError("the parameters are not written as a tuple or list")
        elements = self.args[0].all("elements")
        if any(each.kind != "Element" for each in elements):
            raise RefusedError("the parameters are unpacked")
        return [each["value"] for each in elements]

    def _varying(self, given: Sequence[Node]) -> tuple[Token, Node]:
        places = parameters(self.text.content)
        varying = [(i, each) for i, each in enumerate(given) if self.frame.varies(each)]
        if len(varying) != 1:
            raise RefusedError("more than one parameter is the item's, or none")
        index, node = varying[0]
        if self.how.driver.apart:
            mine = [each for each in places if each.text == f"${index + 1}"]
            if len(mine) != 1:
                raise RefusedError("the parameter stands in the statement more than once")
            return mine[0], node
        if len(places) != len(given) or any(each.text not in ("?", "%s") for each in places):
            raise RefusedError("the parameters do not stand in the statement one by one")
        return places[index], node

    def _is_exact(self, node: Node) -> bool:
        """Tell whether the database gives back the very value that it was asked with."""
        if self.how.driver.dialect is SQLITE:
            return True
        return node.text in self.frame.names and self.frame.annotation in _EXACT

    # What is asked

    def _keyed(self, node: Node, keys: str, once: Once) -> list[Edit]:
        """Return the edits that pass all keys in the place of one."""
        text, start, end = keys, node.whole[0], node.whole[1]
        if self.how.driver.dialect is SQLITE:
            spelled, imports = bound(
                self.frame.workspace, self.frame.path, self.frame.scope, "json"
            )
            once.imports += imports
            text = f"{spelled}.dumps({keys})"
        elif self.how.driver.dialect is MYSQL:
            text = f"{keys} or [None]"
        return [Edit(Location(self.frame.path, start, end), text)]

    def _renamed(self) -> list[Edit]:
        """Return the edits by which the calls give all rows."""
        func, path = self.ask.call["func"], self.frame.path
        found = []
        last = func["attr"] if func.kind == "Attribute" else func
        if last.text != self.how.rows:
            found.append(Edit(Location(path, last.start, last.end), self.how.rows))
        for each in self.ask.methods:
            name = each["func"]["attr"]
            if name.text == "fetchone":
                found.append(Edit(Location(path, name.start, name.end), "fetchall"))
        return found

    def _check_rows(self, made: Batched, *, named: bool, numbered: bool, once: Once) -> None:
        del numbered
        if self.gives == "value":
            return
        seen = made.added and not self.how.dicts and (self.gives == "rows" or self.ask.shows())
        if seen and not named and not self._makes(_FACTORIES):
            self.strips = True
        elif seen:
            once.doubts.append(
                f"each row has one column more, `{made.name}`, and the rows are handed on"
            )
        elif not named and self._makes(_STRANGE):
            once.doubts.append("a row factory may make the rows something else than tuples")

    def _makes(self, pattern: str) -> bool:
        """Tell whether the code of the project that knows a driver has some words."""
        workspace = self.frame.workspace
        files = workspace.project.files
        return any(
            re.search(pattern, workspace.text(path).text)
            for path, head in zip(files.paths, files.heads, strict=True)
            if {each.partition(".")[0] for each in head.imports} & set(_DRIVERS)
        )

    # What is answered

    def _answered(
        self, once: Once, made: Batched, edits: list[Edit], key: str, *, exact: bool, named: bool
    ) -> str:
        frame = self.frame
        wanted = self.ask.variable
        table = plural(wanted) if wanted and wanted not in _BLAND else f"row_by_{made.name}"
        by = frame.free(table, f"{wanted or 'row'}_by_{made.name}")
        rows = frame.free("rows" if by.startswith("row_") else f"{wanted}_rows", "all_rows")
        once.before += self.ask.before(edits, rows)
        row = "row"
        told = f'{row}["{made.name}"]' if named else f"{row}[{made.number}]"
        if self.how.dicts and made.added:
            told = f'{row}.pop("{made.name}")'
        asked = key
        if not exact:
            told, asked = f"str({told})", _as_text(key, frame)
        if self.gives == "rows":
            return self._grouped(once, by, rows, (row, told, asked))
        value, empty, top = self._value(made, row)
        over = rows if made.single else f"reversed({rows})"
        once.before.append(f"{by} = {{{told}: {value} for {row} in {over}}}")
        answer = f"{by}.get({asked}{empty})"
        once.edits += self.ask.replaced(answer, node=top)
        return answer

    def _value(self, made: Batched, row: str) -> tuple[str, str, Node]:
        """Return what is kept of a row, what stands for none, and the code that is replaced."""
        if self.gives == "value":
            empty = f", {made.empty[0]}" if made.empty and made.empty[0] != "None" else ""
            return f"{row}[0]", empty, self.ask.top
        kept = f"{row}[:-1]" if self.strips else row
        if not made.empty:
            return kept, "", self.ask.top
        above = self.ask.subscript
        if above is not None and above.text.endswith("[0]"):
            empty = "" if made.empty[0] == "None" else f", {made.empty[0]}"
            return f"{row}[0]", empty, above
        by_name, _ = self.ask.reads()
        if by_name or (self.ask.shows() and not self.strips):
            raise RefusedError("the row of an aggregate is more than its numbers")
        values = ", ".join(made.empty) + ("," if len(made.empty) == 1 else "")
        return kept, f", ({values})", self.ask.top

    def _grouped(self, once: Once, by: str, rows: str, names: tuple[str, str, str]) -> str:
        row, told, asked = names
        kind = "dict[object, list]"
        once.before += [
            f"{by}: {kind} = {{}}",
            f"for {row} in {rows}:",
            f"    {by}.setdefault({told}, []).append({row}{'[:-1]' if self.strips else ''})",
        ]
        answer = f"{by}.get({asked}, [])"
        once.edits += self.ask.replaced(answer)
        return answer


_FACTORIES = "row_factory|dict_row|DictCursor|NamedTupleCursor|cursorclass|cursor_factory"
_STRANGE = r"row_factory\s*=(?!\s*[\w.]*\bRow\b)|dict_row|DictCursor"
_BLAND = frozenset(("row", "rows", "result", "res", "record", "data", "cursor", "r"))
_NOTE = (
    "all rows are read before the first item is looked at; "
    "`{column}` must compare in Python as in SQL"
)


def _as_text(key: str, frame: Frame) -> str:
    """Return a key as the text that it is compared by."""
    is_text = key in frame.names and frame.annotation == "str"
    return key if is_text else f"str({key})"
