"""Puts code together from rows that stand in a file, changed here and there."""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.syntax.statements import Token
    from asyncfix.syntax.tree import Node

_QUIET = re.compile(rb"[ \t]*(?:#[^\n]*)?\r?\n")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_BRACKETS = _OPENING | _CLOSING
Change = tuple[int, int, str]  # bytes from, to, and what stands there then


def row_start(data: bytes, at: int) -> int:
    """Return where the row of a byte begins."""
    return data.rfind(b"\n", 0, at) + 1


def row_end(data: bytes, at: int) -> int:
    """Return where the row after that of a byte begins."""
    found = data.find(b"\n", at)
    return len(data) if found < 0 else found + 1


def lead(data: bytes, start: int) -> int:
    """Return where the comments and empty rows right above a row begin."""
    at = row_start(data, start)
    while at > 0:
        above = row_start(data, at - 1)
        if not _QUIET.fullmatch(data[above:at]):
            break
        at = above
    return at


def lead_comment(data: bytes, start: int) -> int:
    """Return where the comments right above a row begin."""
    at = row_start(data, start)
    while at > 0 and data[row_start(data, at - 1) : at].strip().startswith(b"#"):
        at = row_start(data, at - 1)
    return at


def indent_of(data: bytes, at: int) -> str:
    """Return the white space that begins the row of a byte."""
    row = data[row_start(data, at) : row_end(data, at)].decode("utf-8", "replace")
    return row[: len(row) - len(row.lstrip(" \t"))]


def parentheses(tokens: Iterable[Token], after: int) -> tuple[int, int]:
    """Return where the first parentheses behind a byte open and close."""
    depth, opened = 0, -1
    for token in tokens:
        if token.start < after or token.text not in _BRACKETS:
            continue
        depth += 1 if token.text in "([{" else -1
        opened = token.start if opened < 0 else opened
        if depth == 0:
            return opened, token.start
    return -1, -1


class Parameter(NamedTuple):
    """A parameter as it is written, or a lone star or slash."""

    start: int
    end: int
    has_default: bool
    is_star: bool


def parameters(tokens: Iterable[Token], opening: int, closing: int) -> list[Parameter]:
    """Return what stands between the commas of a signature's parentheses."""
    found: list[Parameter] = []
    depth, has_default = 0, False
    group: list[Token] = []
    for token in tokens:
        if not opening < token.start <= closing:
            continue
        at_end = token.start == closing or (token.text == "," and not depth)
        if at_end and group:
            star = group[0].text in ("*", "**", "/")
            found.append(Parameter(group[0].start, group[-1].end, has_default, star))
        if at_end:
            group, has_default = [], False
        elif token.type not in (tokenize.NL, tokenize.COMMENT):
            group.append(token)
            has_default = has_default or (token.text == "=" and not depth)
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
    return found


def replaced(data: bytes, start: int, end: int, changes: Iterable[Change]) -> str:
    """Return a stretch of a file with some of it changed."""
    parts, at = [], start
    for first, last, text in sorted(changes):
        if start <= first and last <= end:
            parts += [data[at:first].decode(), text]
            at = last
    return "".join((*parts, data[at:end].decode()))


def rows(statement: Node, indent: str, changes: Iterable[Change] = ()) -> str:
    """Return a statement with the comments above it, indented otherwise and changed within."""
    data = statement.tree.data
    own = indent_of(data, statement.start)
    is_alone = not data[row_start(data, statement.start) : statement.start].strip()
    if not is_alone:
        return f"{indent}{replaced(data, statement.start, statement.end, changes)}\n"
    start, end = lead(data, statement.start), row_end(data, statement.end)
    changes = [*changes, *_indented(statement, start, own, indent)]
    text = replaced(data, start, end, changes)
    return text if text.endswith("\n") else f"{text}\n"


def _indented(statement: Node, start: int, own: str, indent: str) -> Iterator[Change]:
    """Yield the changes of white space at the beginning of rows, those within texts aside."""
    data = statement.tree.data
    texts = [
        (each.start, each.end)
        for each in statement.walk()
        if each.kind in ("SimpleString", "FormattedString", "TemplatedString")
    ]
    at, end = start, row_end(data, statement.end)
    while at < end:
        inside = any(first < at < last for first, last in texts)
        if (
            not inside
            and data.startswith(own.encode(), at)
            and data[at : row_end(data, at)].strip()
        ):
            yield at, at + len(own.encode()), indent
        at = row_end(data, at)
