"""Texts: constants, what they are put together of, how they begin, and SQL in them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.extract.names import quoted
from asyncfix.facts import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.extract.reader import Reader

LONGEST_SQL = 600
_LONGEST_TEXT = 80
_LONGEST_PREFIX = 24
_SHORTEST_STATEMENT = 20
_LONGEST_STATEMENT = 20_000
_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|replace|merge|upsert|with|truncate|drop|alter|create)\s",
    re.IGNORECASE,
)
_TOLD_SQL = re.compile(
    r"\A\s*(?:select\s.*\sfrom\s.*\s(?:order\s+by|offset)\s|with\s.*\sas\s*\(.*\soffset\s)"
    r"|\bcreate\s+(?:unique\s+)?(?:table|index)\s|\bjournal_mode\b",
    re.IGNORECASE | re.DOTALL,
)
_LARGEST_INT = 2**31


def constant(reader: Reader, node: ast.Constant) -> int:
    """Read a constant."""
    value = node.value
    if type(value) is str:
        return _text(reader, value, node)
    if value is None or type(value) is bool or type(value) is float:
        return reader.node((facts.CONST, value, type(value).__name__))
    if type(value) is int and -_LARGEST_INT < value < _LARGEST_INT:
        return reader.node((facts.CONST, value, "int"))
    return reader.node((facts.LITERAL, type(value).__name__))


def _text(reader: Reader, value: str, node: ast.Constant) -> int:
    if reader.quiet:
        return quoted(reader, value) or reader.node((facts.LITERAL, "str"))
    if len(value) > _SHORTEST_STATEMENT:
        if _is_told(value):
            _statement(reader, value, node)
        if len(value) > _LONGEST_TEXT:
            return reader.literal("str", (), _sql(value))
    return reader.node((facts.CONST, encodable(value), "str"))


def encodable(text: str) -> str:
    """Return a text with a mark in place of what cannot be encoded."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _is_told(text: str) -> bool:
    """Tell whether a text is a statement of note, most often without a search through it."""
    lower = text.lower()
    if (
        "create" in lower
        or "journal_mode" in lower
        or lower.lstrip().startswith(("select", "with"))
    ):
        return _TOLD_SQL.search(text) is not None
    return False


def _statement(reader: Reader, text: str, at: ast.expr) -> None:
    """Note a text in SQL; one that is too long is cut, after which it is no statement."""
    told = " ".join(text[:_LONGEST_STATEMENT].split()).encode("utf-8", "replace").decode()
    start, made = reader.start(at), reader.statements_made
    if not made or made[-1].start != start:
        made.append(Statement(told, start, reader.end(at)))


def joined(reader: Reader, node: ast.JoinedStr) -> int:
    """Read an f-string."""
    values = node.values
    parts = [formatted(reader, v) if type(v) is ast.FormattedValue else 0 for v in values]
    begin = _begins(reader, values, parts)
    fixed = "".join([str(v.value) if type(v) is ast.Constant else "{}" for v in values])
    if not reader.quiet and _is_told(fixed):
        _statement(reader, fixed, node)
    first = values[0] if values else None
    is_sql = type(first) is ast.Constant and _SQL.match(str(first.value))
    return made_text(reader, begin, parts, _folded(fixed) if is_sql else "")


def formatted(reader: Reader, node: ast.FormattedValue) -> int:
    """Read what is put into an f-string."""
    if node.format_spec:
        reader.expression(node.format_spec)
    value = reader.expression(node.value)
    if type(node.value) is ast.Call:
        reader.use(facts.FORMATTED, value)
    return value


def binary(reader: Reader, node: ast.BinOp) -> int:
    """Read what an operator makes; for texts, what the result begins with."""
    left, right = reader.operand(node.left), reader.operand(node.right)
    operator = type(node.op)
    if operator is ast.BitOr:
        return reader.union((left, right))
    if operator is ast.Div:
        return reader.node((facts.BINARY, left, right))
    parts = reader.nodes[left]
    is_text = parts[0] == facts.PREFIX or parts[2:] == ("str",)
    if operator is ast.Add:
        if not is_text:
            return reader.union((left, right))
        return made_text(reader, _prefix_of(reader, left), (left, right), _told_of(parts))
    if operator is ast.Mod:
        if is_text:
            begin = _prefix_of(reader, left, until="%")
            return made_text(reader, begin, (left, right), _told_of(parts))
        return reader.node((facts.MADE, reader.made_of((left, right)), left)) if left else 0
    made = reader.made_of((left, right))
    return reader.node((facts.MADE, made, 0)) if made else 0


def made_text(reader: Reader, begin: int, made_of: Iterable[int], sql: str) -> int:
    """Return a text of which the beginning is known, and what it is made of."""
    parts = reader.nodes[begin]
    if parts[0] != facts.PREFIX:
        return reader.literal("str", made_of, sql)
    return reader.node((facts.PREFIX, parts[1], parts[2], reader.made_of(made_of)))


def _begins(reader: Reader, values: Sequence[ast.expr], parts: Sequence[int]) -> int:
    """Return the beginning of an f-string, if it looks like a path or an address."""
    first, rest = values[:1], values[1:2]
    if first and isinstance(first[0], ast.Constant):
        return _beginning(reader, str(first[0].value))
    if rest and parts[0] and isinstance(rest[0], ast.Constant):
        after = str(rest[0].value)
        if after.startswith("/"):
            return reader.node((facts.PREFIX, parts[0], "/"))
    return 0


def _prefix_of(reader: Reader, text: int, until: str = "") -> int:
    """Say that a text begins with another one, if that looks like a path or an address."""
    parts = reader.nodes[text]
    if parts[0] != facts.CONST:
        return text if parts[0] == facts.PREFIX else reader.node((facts.LITERAL, "str"))
    return _beginning(reader, parts[1].partition(until)[0] if until else parts[1])


def _beginning(reader: Reader, text: str) -> int:
    begin = encodable(text[:_LONGEST_PREFIX])
    if "/" not in begin:
        return reader.node((facts.LITERAL, "str"))
    return reader.node((facts.PREFIX, reader.node((facts.CONST, begin, "str")), ""))


def _sql(text: str) -> str:
    """Return the beginning of a text that is a statement in SQL, or nothing."""
    return _folded(text) if _SQL.match(text) else ""


def _folded(text: str) -> str:
    folded = " ".join(text[: 2 * LONGEST_SQL].split())[:LONGEST_SQL]
    return folded.encode("utf-8", "replace").decode()


def _told_of(parts: tuple[Any, ...]) -> str:
    """Return the statement in SQL that a constant or a literal is."""
    if parts[0] == facts.CONST:
        return _sql(parts[1]) if isinstance(parts[1], str) else ""
    return str(parts[3]) if len(parts) > 3 else ""
