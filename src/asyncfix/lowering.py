"""Lowers code whose syntax is newer than the running Python, by way of libcst's own grammar.

What is newer is rewritten byte for byte, so that every offset stays: type parameters and the rest
of `except A, B:` become blanks, `type X = …` an assignment, and an f-string that the running
Python refuses an empty string, into whose place in the tree its parts are then put.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from asyncfix import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from libcst.metadata import CodeSpan

    Spans = Mapping[cst.CSTNode, CodeSpan]

_CONVERSIONS = {"": -1, "s": 115, "r": 114, "a": 97}
_STRINGS = (cst.FormattedString, cst.TemplatedString)
_PARTS = (cst.FormattedStringExpression, cst.TemplatedStringExpression)
_TEXTS = (cst.FormattedStringText, cst.TemplatedStringText)
_STATEMENTS = (
    cst.FunctionDef,
    cst.ClassDef,
    cst.TypeAlias,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
)

# what nests deeper than any Python takes, and would overflow the stack of libcst's parser
_DEEPEST = 500
_MOST_BRANCHES = 2000
_RUNS = re.compile(r"(?:[-+~]\s*){2000}|(?:\bnot\s+){2000}|(?:\blambda\b[^:\n]*:\s*){2000}")


class _Change(NamedTuple):
    """Bytes that become others of the same length; `string` is what stood there, if it was one."""

    start: int
    end: int
    text: bytes
    string: cst.BaseString | None = None


def lowered(text: str, error: SyntaxError) -> ast.Module:
    """Return the tree of a module that `ast` refuses; raise `error` if nothing in it is newer."""
    if _is_absurd(text):
        raise error
    try:
        module = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    except (cst.ParserSyntaxError, UnicodeError):
        raise error from None
    newer = list(_newer(module.module))
    if not newer:
        raise error
    spans = module.resolve(ByteSpanPositionProvider)
    data = text.encode()
    changes = [change for node in newer for change in _changes(node, spans, data)]
    tree = ast.parse(_changed(data, changes))
    strings = {
        _position(data, change.start + change.text.startswith(b"(")): change.string
        for change in changes
        if change.string
    }
    return _Filled(strings, spans, data).visit(tree) if strings else tree


def _is_absurd(text: str) -> bool:
    depth = deepest = 0
    for bracket in re.findall(r"[(\[{}\])]", text):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest > _DEEPEST or text.count("elif") > _MOST_BRANCHES or bool(_RUNS.search(text))


def _newer(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Return the nodes that some Python from 3.11 on may not read; of nested strings the outer."""
    if isinstance(node, (*_STRINGS, cst.ConcatenatedString)):
        if not _is_old(node):
            yield node
        return
    if isinstance(node, _STATEMENTS):
        yield node
    for child in node.children:
        yield from _newer(child)


def _is_old(string: cst.BaseExpression) -> bool:
    try:
        ast.parse(f"({cst.Module(()).code_for_node(string)}\n)", mode="eval")
    except SyntaxError:
        return False
    return True


def _changes(node: cst.CSTNode, spans: Spans, data: bytes) -> Iterator[_Change]:
    if isinstance(node, cst.BaseString):
        start, end = _ends(node, spans)
        yield _Change(start, end, _empty_string(data[start:end]), node)
    elif isinstance(node, cst.TypeAlias):
        start, _ = _ends(node, spans)
        name_start, name_end = _ends(node.name, spans)
        end = _ends(node.type_parameters, spans)[1] if node.type_parameters else name_end
        name = data[name_start:name_end]
        yield _Change(start, end, name + _blank(data[start + len(name) : end]))
    elif isinstance(node, cst.FunctionDef | cst.ClassDef):
        if node.type_parameters:
            start, end = _ends(node.type_parameters, spans)
            yield _Change(start, end, _blank(data[start:end]))
    elif isinstance(node, cst.ExceptHandler | cst.ExceptStarHandler):
        types = node.type
        if isinstance(types, cst.Tuple) and not types.lpar:
            start = _ends(types.elements[0], spans)[1]
            end = _ends(types.elements[-1], spans)[1]
            yield _Change(start, end, _blank(data[start:end]))


def _ends(node: cst.CSTNode, spans: Spans) -> tuple[int, int]:
    span = spans[node]
    return span.start, span.start + span.length


def _blank(data: bytes) -> bytes:
    """Keep the lines, so that rows stay; a newline in brackets that are gone needs a backslash."""
    lines = data.split(b"\n")
    kept = [b" " * (len(line) - 1) + b"\\" if line else b"" for line in lines[:-1]]
    return b"\n".join((*kept, b" " * len(lines[-1])))


def _empty_string(data: bytes) -> bytes:
    if b"\n" not in data:
        return b'""' + b" " * (len(data) - 2)
    lines = [b" " * len(line) for line in data[3:-1].split(b"\n")]
    return b'(""' + b"\n".join(lines) + b")"


def _changed(data: bytes, changes: Sequence[_Change]) -> bytes:
    pieces, at = [], 0
    for change in sorted(changes):
        pieces += [data[at : change.start], change.text]
        at = change.end
    return b"".join((*pieces, data[at:]))


def _position(data: bytes, offset: int) -> tuple[int, int]:
    """Return row, from 1, and column in bytes, from 0, as `ast` counts them."""
    before = data[:offset]
    return before.count(b"\n") + 1, offset - before.rfind(b"\n") - 1


class _Filled(ast.NodeTransformer):
    """Puts strings with their parts where empty ones stand for them."""

    def __init__(
        self, strings: Mapping[tuple[int, int], cst.BaseString], spans: Spans, data: bytes
    ) -> None:
        self.strings = strings
        self.spans = spans
        self.data = data

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """Return the string that belongs here, or the constant as it is."""
        string = self.strings.get((node.lineno, node.col_offset))
        if string is None or node.value != "":
            return node
        return ast.copy_location(ast.JoinedStr(list(self._values(string, node))), node)

    def _values(self, node: cst.CSTNode, at: ast.expr) -> Iterator[ast.expr]:
        if isinstance(node, cst.ConcatenatedString):
            yield from self._values(node.left, at)
            yield from self._values(node.right, at)
        elif isinstance(node, cst.SimpleString):
            yield ast.copy_location(ast.Constant(node.evaluated_value), at)
        elif isinstance(node, _STRINGS):
            for part in node.parts:
                yield from self._values(part, at)
        elif isinstance(node, _TEXTS):
            yield ast.copy_location(ast.Constant(node.value), at)
        elif isinstance(node, _PARTS):
            yield self._part(node, at)

    def _part(
        self, node: cst.FormattedStringExpression | cst.TemplatedStringExpression, at: ast.expr
    ) -> ast.expr:
        values = [each for part in node.format_spec or () for each in self._values(part, at)]
        spec = ast.copy_location(ast.JoinedStr(values), at) if node.format_spec else None
        conversion = _CONVERSIONS[node.conversion or ""]
        value = ast.FormattedValue(self._expression(node.expression), conversion, spec)
        return ast.copy_location(value, at)

    def _expression(self, node: cst.BaseExpression) -> ast.expr:
        start, end = _ends(node, self.spans)
        row, column = _position(self.data, start)
        tree = parse.parse(f"({self.data[start:end].decode()}\n)")
        for each in ast.walk(tree):
            if isinstance(each, ast.expr | ast.keyword | ast.arg):
                _moved(each, row, column - 1)
        return next(each.value for each in tree.body if isinstance(each, ast.Expr))


def _moved(node: ast.expr | ast.keyword | ast.arg, row: int, column: int) -> None:
    """Move a node of a text that began at another place; `column` counts for its first row."""
    if node.lineno == 1:
        node.col_offset += column
    if node.end_lineno == 1 and node.end_col_offset is not None:
        node.end_col_offset += column
    node.lineno += row - 1
    node.end_lineno = (node.end_lineno or 1) + row - 1
