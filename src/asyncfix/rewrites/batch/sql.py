"""One statement in SQL for many keys at once, edited minimally; rows tell whose they are."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"[^"]*"|`[^`]*`|\[\w+\])
    |(?P<hole>\{[^{}]*\})
    |(?P<param>\$\d+|\?|%s|%\(\w+\)s|(?<![:\w]):[A-Za-z_]\w*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<mark>::|<>|!=|<=|>=|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_CLAUSES = ("select", "from", "where", "group", "having", "window", "order", "limit", "offset")
_UNFIT = frozenset("union intersect except group having window offset for fetch into lock".split())  # noqa: SIM905 - a list has a line for each
_AGGREGATES = frozenset(
    "count sum max min avg total array_agg string_agg group_concat json_agg bool_or".split()  # noqa: SIM905 - as above
)


class Dialect(NamedTuple):
    """How a database takes many keys: `{}` is the parameter, `type` the cast that it had."""

    many: str
    distinct_on: bool


POSTGRES = Dialect("= ANY({param}{cast})", distinct_on=True)
SQLITE = Dialect("IN (SELECT value FROM json_each({param}))", distinct_on=False)
MYSQL = Dialect("IN {param}", distinct_on=False)


class Token(NamedTuple):
    """A word of a statement; `depth` counts the parentheses around it."""

    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def lower(self) -> str:
        """Return the text as keywords compare."""
        return self.text.lower()


class Item(NamedTuple):
    """A column of the list after SELECT: its name, and what it is where no row is counted."""

    name: str
    start: int
    end: int
    aggregate: bool
    empty: str


class Batched(NamedTuple):
    """A statement for many keys: `edits` are stretches of it and their texts, in order.

    Each row tells its key as `name`, or as the `number`-th of its columns; `added` tells that this
    was not there before. `empty` are the values of the row for a key that matches nothing, none
    where there is no such row. `single` tells that no key has more than one row.
    """

    edits: tuple[tuple[int, int, str], ...]
    column: str
    name: str
    number: int
    added: bool
    empty: tuple[str, ...]
    single: bool


def batched(sql: str, param: int, dialect: Dialect, *, one: bool, star: bool) -> Batched:
    """Ask for many keys where the parameter at an offset is one; `one` row counts for each.

    `star` tells that a row gives its columns by their names, so that the key is in `SELECT *`.
    Raise RefusedError where that may not mean the same.
    """
    return _Statement(sql, dialect).batched(param, one=one, star=star)


def scalar(sql: str, param: int, value: str) -> str:
    """Return a statement of one aggregate, with an expression in place of its parameter."""
    braced = value.replace("{", "{{").replace("}", "}}")
    statement = _Statement(sql, Dialect(f"= {braced}", distinct_on=False))
    start, end, text = statement.compared(param)
    return f"{sql[:start]}{text}{sql[end:]}"


def parameters(sql: str) -> list[Token]:
    """Return the parameters of a statement, in order."""
    return [token for token in _tokens(sql) if token.kind == "param"]


def tables(sql: str) -> frozenset[str]:
    """Return the tables that a statement reads or writes."""
    words = re.findall(r"\b(?:from|join|into|update|table)\s+([\w.\"`]+)", sql, re.IGNORECASE)
    return frozenset(each.strip('"`').lower() for each in words)


def _tokens(sql: str) -> Iterator[Token]:
    depth = 0
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or ""
        if kind == "space":
            continue
        text = found[0]
        depth -= text == ")"
        yield Token(kind, text, found.start(), found.end(), depth)
        depth += text == "("


class _Statement:
    """One SELECT, divided into its clauses."""

    def __init__(self, sql: str, dialect: Dialect) -> None:
        self.sql = sql
        self.dialect = dialect
        self.tokens = [each for each in _tokens(sql) if each.text != ";"]
        self.clauses = dict(self._clauses())
        unfit = sorted(_UNFIT & {each.lower for each in self.tokens if each.depth == 0})
        if unfit:
            raise RefusedError(f"`{unfit[0].upper()}` in the statement may mean another thing then")
        if not {"select", "from", "where"} <= set(self.clauses):
            raise RefusedError("the statement is no SELECT with a WHERE")

    def _clauses(self) -> Iterator[tuple[str, list[Token]]]:
        """Yield each clause with the tokens after its keyword."""
        name, inside = "", list[Token]()
        for token in self.tokens:
            if token.depth == 0 and token.kind == "word" and token.lower in _CLAUSES:
                if name:
                    yield name, inside
                elif inside:
                    raise RefusedError("the statement is no plain SELECT")
                name, inside = token.lower, []
            else:
                inside.append(token)
        if name:
            yield name, inside

    def batched(self, param: int, *, one: bool, star: bool) -> Batched:
        key, operator = self._key(param)
        column = self.sql[key[0].start : key[-1].end]
        last = key[-1].text.strip('"`[]')
        items = self._items()
        edits = [operator]
        if any(each.aggregate for each in items):
            return self._grouped(edits, column, last, items)
        index, added = self._place_of(column, last, items, star=star)
        if added:
            edits.append((items[-1].end, items[-1].end, f", {column}"))
        ranked = list(self._ordered(column, items, added=added, one=one))
        single = one and "order" in self.clauses
        edits = sorted([*edits, *ranked], key=lambda each: each[:2])
        return Batched(tuple(edits), column, last, index, added, (), single)

    def compared(self, param: int) -> tuple[int, int, str]:
        """Return the edit of the condition of a statement that gives one number for one key."""
        items = self._items()
        if len(items) != 1 or not items[0].aggregate or {"order", "limit"} & set(self.clauses):
            raise RefusedError("the statement does not give one value for each key")
        return self._key(param)[1]

    # The condition

    def _key(self, param: int) -> tuple[list[Token], tuple[int, int, str]]:
        """Return the column that the parameter is compared with, and the edit there."""
        where = self.clauses["where"]
        if any(each.lower == "or" for each in where if each.depth == 0):
            raise RefusedError("the parameter stands beside an OR")
        for part in _split(where):
            at = next((i for i, each in enumerate(part) if each.start == param), None)
            if at is None:
                continue
            equal = next((i for i, each in enumerate(part) if each.text == "="), None)
            if equal is None or any(each.depth for each in part):
                break
            left, right = part[:equal], part[equal + 1 :]
            key, given = (left, right) if at > equal else (right, left)
            if not _is_column(key):
                break
            cast = ""
            if len(given) > 1:
                if given[1].text != "::" or len(given) != 3 or given[0].start != param:
                    break
                cast = f"::{given[2].text}[]"
            if given[0].start != param:
                break
            column = self.sql[key[0].start : key[-1].end]
            many = self.dialect.many.format(param=given[0].text, cast=cast)
            return key, (part[0].start, part[-1].end, f"{column} {many}")
        raise RefusedError("the parameter is not simply compared with a column")

    # The columns

    def _items(self) -> list[Item]:
        tokens = self.clauses["select"]
        if any(each.lower in ("distinct", "over") for each in tokens):
            raise RefusedError("the columns are distinct, or of a window")
        if not tokens:
            raise RefusedError("the statement has no columns")
        return [_item(part) for part in _split(tokens, ",")]

    def _place_of(
        self, column: str, last: str, items: Sequence[Item], *, star: bool
    ) -> tuple[int, bool]:
        """Return at which index a row has the key, and whether it must be added for that."""
        for index, each in enumerate(items):
            code = self.sql[each.start : each.end]
            if code.endswith("*"):
                if star and len(items) == 1 and len(tables(self.sql)) <= 1 and code == "*":
                    return -1, False
                break
            if code in (column, last) or code.rpartition(".")[2] == column:
                return index, False
        if any(each.name == last for each in items):
            raise RefusedError(f"another column is called `{last}`")
        return -1, True

    def _grouped(
        self, edits: list[tuple[int, int, str]], column: str, last: str, items: Sequence[Item]
    ) -> Batched:
        if not all(each.aggregate for each in items):
            raise RefusedError("columns stand beside an aggregate")
        if "order" in self.clauses or "limit" in self.clauses:
            raise RefusedError("an aggregate is ordered or limited")
        end = self.clauses["where"][-1].end
        edits += [
            (items[-1].end, items[-1].end, f", {column}"),
            (end, end, f" GROUP BY {column}"),
        ]
        empty = tuple(each.empty for each in items)
        edits.sort(key=lambda each: each[:2])
        return Batched(tuple(edits), column, last, -1, added=True, empty=empty, single=True)

    # Which rows

    def _ordered(
        self, column: str, items: Sequence[Item], *, added: bool, one: bool
    ) -> Iterator[tuple[int, int, str]]:
        """Yield the edits that leave each key the rows that its own statement gave."""
        order, limit = self.clauses.get("order"), self.clauses.get("limit")
        most = 1 if one else 0
        if limit is not None:
            if len(limit) != 1 or limit[0].kind != "number":
                raise RefusedError("the limit of the statement is no plain number")
            most = min(int(limit[0].text), most or int(limit[0].text))
        if order is None:
            if limit is not None and most != 1:
                raise RefusedError("rows are limited in no order")
            if limit is not None:
                yield self._behind("where"), limit[-1].end, ""
            return
        if not most:
            return
        first = self.clauses["select"][0].start
        ordering = self.sql[order[1].start : order[-1].end]
        if self.dialect.distinct_on and most == 1:
            yield first, first, f"DISTINCT ON ({column}) "
            yield order[1].start, order[1].start, f"{column}, "
            if limit is not None:
                yield order[-1].end, limit[-1].end, ""
            return
        names = [each.name for each in items]
        if not all(names):
            raise RefusedError("a column has no name that a statement around could use")
        last = column.rpartition(".")[2]
        outer = ", ".join([*names, last] if added else names)
        rank = f"ROW_NUMBER() OVER (PARTITION BY {column} ORDER BY {ordering}) AS row_rank"
        start = self.tokens[0].start
        yield start, start, f"SELECT {outer} FROM ("  # noqa: S608 - made of the statement itself
        yield items[-1].end, items[-1].end, f", {rank}"
        test = "row_rank = 1" if most == 1 else f"row_rank <= {most}"
        tail = "" if most == 1 else " ORDER BY row_rank"
        last_end = (limit or order)[-1].end
        yield self._behind("where"), last_end, f") AS ranked WHERE {test}{tail}"

    def _behind(self, clause: str) -> int:
        return self.clauses[clause][-1].end


def _split(tokens: Sequence[Token], separator: str = "and") -> Iterator[list[Token]]:
    """Yield what stands between separators; the AND of BETWEEN is none."""
    part, between = list[Token](), False
    for token in tokens:
        between = between or (token.lower == "between" and token.depth == tokens[0].depth)
        if token.lower == separator and token.depth == 0 and not between:
            yield part
            part = []
            continue
        if between and token.lower == "and":
            between = False
        part.append(token)
    yield part


def _is_column(tokens: Sequence[Token]) -> bool:
    """Tell whether tokens are a column, perhaps of a table: `t.id`."""
    kinds = [token.kind for token in tokens]
    names = {"word", "quoted"}
    if len(tokens) == 1:
        return kinds[0] in names
    return len(tokens) == 3 and tokens[1].text == "." and {kinds[0], kinds[2]} <= names


def _item(tokens: Sequence[Token]) -> Item:
    if not tokens:
        raise RefusedError("the columns cannot be told apart")
    start, end = tokens[0].start, tokens[-1].end
    words = [each.lower for each in tokens]
    called = [
        each.lower for each, after in pairwise(tokens) if each.kind == "word" and after.text == "("
    ]
    aggregate = any(name in _AGGREGATES for name in called)
    name = ""
    if (len(tokens) > 1 and words[-2] == "as") or _is_column(tokens):
        name = tokens[-1].text
    empty = _empty(tokens, called) if aggregate else ""
    return Item(name, start, end, aggregate, empty)


def _empty(tokens: Sequence[Token], called: Sequence[str]) -> str:
    """Return what an aggregate is of no rows, in Python."""
    if "as" in [each.lower for each in tokens]:
        at = [each.lower for each in tokens].index("as")
        tokens = tokens[:at]
    if tokens[-1].text != ")" or any(each.depth == 0 for each in tokens[2:-1]):
        raise RefusedError("an aggregate is part of an expression")
    if called[0] in _AGGREGATES and len([each for each in called if each in _AGGREGATES]) == 1:
        return {"count": "0", "total": "0.0"}.get(called[0], "None")
    if called[0] == "coalesce" and called[1] in _AGGREGATES and tokens[-2].kind == "number":
        inner = tokens[2:-1]
        if called[1] != "count" and inner[-2].text == "," and inner[-2].depth == 1:
            return tokens[-2].text
    raise RefusedError("what an aggregate is of no rows is not known")
