"""Reads statements in SQL as far as indexes and pages ask: filters, order, offset, declarations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = r'(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|\w+)'
_DOTTED = rf"(?:{_NAME}\.)*{_NAME}"
_HOLE = r"(?:\?|%s|%\(\w+\)s|:\w+|\$\d+|\{\})"
_TEXTS = re.compile(r"'(?:[^']|'')*'")
_CLAUSES = re.compile(
    r"\b(WHERE|GROUP BY|HAVING|ORDER BY|LIMIT|OFFSET|FETCH|FOR UPDATE|WINDOW|UNION|INTERSECT"
    r"|EXCEPT)\b",
    re.IGNORECASE,
)
_TABLE = re.compile(rf"({_DOTTED})(?:\s+(?:AS\s+)?({_NAME}))?\Z", re.IGNORECASE)
_EQUAL = re.compile(rf"({_DOTTED})\s*=\s*(?:{_HOLE}|\d+|''|TRUE|FALSE)(?:::\w+)?\Z", re.IGNORECASE)
_ANY = re.compile(rf"({_DOTTED})\s+(?:IS\s+NULL|=\s*ANY\s*\(.*\)|IN\s*\(.*\))\Z", re.IGNORECASE)
_RANGE = re.compile(rf"({_DOTTED})\s*(?:<=|>=|<(?!>)|>|BETWEEN\b)\s*\S.*\Z", re.IGNORECASE)
_SORT = re.compile(rf"({_DOTTED})(?:\s+(ASC|DESC))?(?:\s+NULLS\s+\w+)?\Z", re.IGNORECASE)
_CREATE_TABLE = re.compile(
    rf"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?({_DOTTED})\s*(?=\()", re.IGNORECASE
)
_CREATE_INDEX = re.compile(
    rf"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?\S+\s+ON\s+(?:ONLY\s+)?"
    rf"({_DOTTED})\s*(?:USING\s+\w+\s*)?(?=\()",
    re.IGNORECASE,
)
_KEY = re.compile(r"(?:CONSTRAINT\s+\S+\s+)?(PRIMARY\s+KEY|UNIQUE)\s*\(", re.IGNORECASE)


class Sort(NamedTuple):
    """A column that rows are ordered by."""

    column: str
    falls: bool


class Select(NamedTuple):
    """A query of one table: columns that equal something, columns that are compared, its order.

    `table` is empty where more than one table is asked, or the filters are not all known.
    """

    table: str
    equal: tuple[str, ...]
    compared: tuple[str, ...]
    order: tuple[Sort, ...]
    offset: str


class Declared(NamedTuple):
    """The columns of a key or index of a table; without columns it is a table or index unknown."""

    table: str
    columns: tuple[str, ...]
    unique: bool


def select(statement: str) -> Select | None:
    """Read a query, or return None for what is none; `offset` is what stands behind OFFSET."""
    text = _TEXTS.sub("''", statement).rstrip("; ")
    flat = _flat(text)
    if not re.match(r"(?:SELECT|WITH)\s", flat, re.IGNORECASE):
        return None
    clauses = dict(_clauses(flat, text))
    order = tuple(_order(clauses.get("ORDER BY", "")))
    limit, _, after = clauses.get("LIMIT", "").partition(",")
    offset = clauses.get("OFFSET", "").removesuffix("ROWS").strip() or (
        limit.strip() if after else ""
    )
    if limit.strip() == "1" or "GROUP BY" in clauses:
        offset = ""  # it is one row that is looked for, or all have to be read for each
    is_plain = not {"GROUP BY", "UNION", "INTERSECT", "EXCEPT", "HAVING"} & clauses.keys()
    equal: list[str] = []
    compared: list[str] = []
    known = _filters(clauses.get("WHERE", ""), equal, compared)
    table = (
        _table(clauses["FROM"])
        if is_plain and known and not flat.upper().startswith("WITH")
        else ""
    )
    return Select(table, tuple(equal), tuple(compared), order, offset)


def declared(statement: str) -> Iterator[Declared]:
    """Yield the keys and indexes that a text declares, and tables, which have no columns."""
    text = re.sub(r"--.*", "", statement)
    for match in _CREATE_TABLE.finditer(text):
        table = bare(match[1])
        yield Declared(table, (), unique=False)
        for part in parts(inside(text, match.end())):
            key = _KEY.match(part)
            if key:
                columns = tuple(map(bare, parts(inside(part, key.end() - 1))))
                yield Declared(table, columns, unique=True)
            elif re.search(r"\bPRIMARY\s+KEY\b|\bUNIQUE\b", part, re.IGNORECASE):
                yield Declared(table, (bare(part.split()[0]),), unique=True)
    for match in _CREATE_INDEX.finditer(text):
        rest = text[match.end() :].split(";")[0]
        columns = tuple(_indexed(each) for each in parts(inside(rest, 0)))
        if not re.search(r"\)\s*WHERE\b", rest, re.IGNORECASE):
            yield Declared(bare(match[2]), columns, unique=bool(match[1]))


def bare(name: str) -> str:
    """Return a name without its schema and quotes, in lower case."""
    return re.split(r"\.", name)[-1].strip().strip('"`[]').lower()


def inside(text: str, at: int) -> str:
    """Return what stands between the bracket at an index and its partner."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if not depth:
            return text[at + 1 : end]
    return ""


def parts(text: str, separator: str = ",") -> list[str]:
    """Split a text where no bracket is open."""
    found, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == separator and not depth:
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()] if text.strip() else []


def _indexed(part: str) -> str:
    """Return the column of a part of an index; an expression is none that a query names."""
    match = _SORT.match(part.partition(" COLLATE ")[0])
    return bare(match[1]) if match else part


def _flat(text: str) -> str:
    """Blank out what stands in brackets."""
    depth, letters = 0, []
    for letter in text:
        depth -= letter == ")"
        letters.append(letter if depth <= 0 else "_")
        depth += letter == "("
    return "".join(letters)


def _clauses(flat: str, text: str) -> Iterator[tuple[str, str]]:
    start = re.search(r"\bFROM\b", flat, re.IGNORECASE)
    name, at = "FROM", start.end() if start else len(flat)
    for match in _CLAUSES.finditer(flat, at):
        yield name, text[at : match.start()].strip()
        name, at = " ".join(match[1].upper().split()), match.end()
    yield name, text[at:].strip()


def _table(text: str) -> str:
    match = _TABLE.match(text)
    return bare(match[1]) if match and "{" not in text else ""


def _filters(text: str, equal: list[str], compared: list[str]) -> bool:
    """Sort the columns of a filter by how they are tested; tell whether all of it is understood."""
    if not text:
        return True
    if re.search(r"\bOR\b", _flat(text), re.IGNORECASE):
        return False
    between = re.sub(r"(\bBETWEEN\s+\S+\s+)AND\b", r"\1,", text, flags=re.IGNORECASE)
    for each in re.split(r"\bAND\b", between, flags=re.IGNORECASE):
        test = each.strip()
        if match := _EQUAL.match(test) or _ANY.match(test):
            equal.append(bare(match[1]))
        elif match := _RANGE.match(test):
            compared.append(bare(match[1]))
        elif "{" in test:
            return False
    return True


def _order(text: str) -> Iterator[Sort]:
    for part in parts(text):
        match = _SORT.match(part)
        if not match or "{" in part:
            return
        yield Sort(match[1], (match[2] or "").upper() == "DESC")
