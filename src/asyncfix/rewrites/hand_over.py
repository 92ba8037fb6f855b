"""Writes a call or an expression so that a thread runs it."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.rewrites.handling import refuse_asking
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.rows import broken, indents, is_followed, is_too_long
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.findings import Edit, Import
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.threads import ThreadCall
    from asyncfix.syntax.tree import Node

_OPEN = re.compile(rb"\s*\(\s*")
_POSTFIX = {"Attribute": "value", "Subscript": "value", "Call": "func"}


def handed(place: Place, node: Node, thread: ThreadCall) -> tuple[list[Edit], tuple[Import, ...]]:
    """Return the edits that hand a call to a thread; bytes that need not change stay."""
    callee, given = node["func"], node.all("args")
    if callee.text == "next" and len(given) == 1:
        raise RefusedError("`next` without a default may end the thread without a result")
    keyed = any(each.has("keyword") or each.word("star") == "**" for each in given)
    imports: tuple[Import, ...] = ()
    partial, close = "", ""
    if keyed and not thread.keywords:
        name, imports = bound(place.workspace, place.path, place.scope, "functools", "partial")
        partial, close = f"{name}(", ")"
    parens = needs_parentheses(node)
    before = f"{'(' if parens else ''}await {thread.opening}{partial}"
    after = f"{close}{')' if parens else ''}"
    edits = _opened(place, node, before)
    last = [place.replaced(node.end, node.end, after)] if after else []
    whole = [*edits, *last]
    if is_too_long(place, node, whole):
        rows = [] if partial else [*_on_rows(place, node, edits), *last]
        whole = broken(place, node, whole) or (whole if is_followed(place, node) else rows or whole)
    if len(given) == 1 and given[0]["value"].kind == "GeneratorExp":
        whole += _own_parentheses(place, given[0]["value"])
    return whole, imports


def _on_rows(place: Place, node: Node, edits: list[Edit]) -> list[Edit]:
    """Put the arguments on a row of their own, between those of the parentheses."""
    outer, inner = indents(place, node.start)
    head, rest = edits
    return [
        replace(head, text=head.text.rstrip() + inner),
        rest,
        place.replaced(node.end - 1, node.end - 1, outer),
    ]


def _own_parentheses(place: Place, generator: Node) -> list[Edit]:
    """Give a generator that has those of the call parentheses of its own."""
    data = place.workspace.text(place.path).data
    if data[generator.start : generator.start + 1] == b"(":
        return []
    return [
        place.replaced(generator.start, generator.start, "("),
        place.replaced(generator.end, generator.end, ")"),
    ]


def _opened(place: Place, node: Node, before: str) -> list[Edit]:
    """Put the called function among the arguments, on a row of its own where those have rows."""
    data = place.workspace.text(place.path).data
    match = _OPEN.match(data, node["func"].whole[1])
    if match is None:
        raise RefusedError("the call is written in an unusual way")
    gap = match[0].partition(b"(")[2].decode()
    given = node.all("args")
    is_told = data[match.end() : match.end() + 1] == b"#"
    if not given:
        gap, comma = "", "  " if is_told else ""
    elif "\n" in gap:
        comma = ", " if _fits_beside(place, node, match.end()) else "," + gap
    elif is_told:
        row = data[data.rfind(b"\n", 0, given[0].start) : given[0].start].decode()
        gap, comma = row, ",  "
    else:
        gap, comma = "", ", "
    return [
        place.replaced(
            node.start, node.start, (before.rstrip() if gap.strip(" ") else before) + gap
        ),
        place.replaced(match.start(), match.end(), comma),
    ]


def _fits_beside(place: Place, node: Node, start: int) -> bool:
    """Tell whether all arguments share a row of their own, with room for the callee there."""
    data = place.workspace.text(place.path).data
    end = data.find(b"\n", start)
    row = data[data.rfind(b"\n", 0, start) + 1 : end].decode("utf-8", "replace").rstrip()
    rest = data[end : node.end].strip() if start <= end < node.end else b""
    if rest != b")" or row.endswith((",", "(")) or "#" in row:
        return False
    return len(row) + len(node["func"].text) + 2 <= place.workspace.width(place.path)


def in_lambda(place: Place, node: Node, thread: ThreadCall, *, only: bool = False) -> list[Edit]:
    """Return the edits that evaluate an expression, the only one that is moved, in a thread."""
    edits = _around(place, node, f"await {thread.opening}lambda: ", ")")
    if not only or not is_too_long(place, node, edits):
        return edits
    outer, inner = indents(place, node.start)
    opened = [
        replace(edits[0], text=re.sub(" ?lambda", f"{inner}lambda", edits[0].text)),
        replace(edits[1], text=outer + edits[1].text),
    ]
    return broken(place, node, edits) or (edits if is_followed(place, node) else opened)


def stored(place: Place, node: Node, thread: ThreadCall) -> list[Edit]:
    """Return the edits that have a thread put a value under a key, or delete the key.

    Raise RefusedError where more than that is done in the statement, or what it computes blocks.
    """
    statement = node.statement
    keys = node.all("slice") if node.kind == "Subscript" else []
    if len(keys) != 1 or keys[0]["slice"].kind != "Index" or len(statement.children) != 1:
        raise RefusedError("more than one value under one key is set")
    line, key = statement.children[0], keys[0]["slice"]["value"]
    if line.kind == "Assign" and len(line.all("targets")) == 1:
        method, parts = "__setitem__", [node["value"], key, line["value"]]
    elif line.kind == "Del" and line["target"].raw is node.raw:
        method, parts = "__delitem__", [node["value"], key]
    else:
        raise RefusedError("the value that was there is used")
    data = place.workspace.text(place.path).data
    spans = [each.whole for each in parts]
    gaps = [(one[1], other[0]) for one, other in itertools.pairwise(spans)]
    if _computes(place, line, node) or any(b"#" in data[start:end] for start, end in gaps):
        raise RefusedError("more than to set a value is done there")
    texts = [f".{method}, ", ", "]
    return [
        place.replaced(line.start, spans[0][0], f"await {thread.opening}"),
        *(place.replaced(*gap, text) for gap, text in zip(gaps, texts, strict=False)),
        place.replaced(spans[-1][1], line.end, ")"),
    ]


def _computes(place: Place, line: Node, node: Node) -> bool:
    """Tell whether anything else in a statement blocks, awaits or binds a variable."""
    path, own = place.path, (node.start, node.end)
    blocks = any(
        path == at and line.start <= start and end <= line.end and (start, end) != own
        for at, start, end in place.workspace.chains
    )
    return blocks or any(each.kind == "NamedExpr" for each in line.walk())


def listed(place: Place, node: Node, thread: ThreadCall, *, called: bool) -> list[Edit]:
    """Return the edits that collect an iterable in a thread; `called` if making it blocks too."""
    if called:
        return _around(place, node, f"await {thread.opening}lambda: list(", "))")
    return _around(place, node, f"await {thread.opening}list, ", ")", moved=False)


def in_parentheses(place: Place, node: Node, before: str) -> list[Edit]:
    """Return the edits that make an expression the argument of a call."""
    return [
        place.replaced(node.start, node.start, before),
        place.replaced(node.end, node.end, ")"),
    ]


def _around(place: Place, node: Node, before: str, after: str, *, moved: bool = True) -> list[Edit]:
    if moved:
        refuse_asking([node], place.scope)
        if scopes.awaits([node]):
            raise RefusedError("the expression that must move to a thread awaits")
        if any(each.kind == "NamedExpr" for each in node.walk()):
            raise RefusedError("the expression that must move to a thread binds a variable")
    if needs_parentheses(node):
        before, after = f"({before}", f"{after})"
    return [
        place.replaced(node.start, node.start, before),
        place.replaced(node.end, node.end, after),
    ]


def awaiting(node: Node) -> tuple[str, str]:
    """Return what stands before and after an expression that is awaited."""
    return ("(await ", ")") if needs_parentheses(node) else ("await ", "")


def needs_parentheses(node: Node) -> bool:
    """Tell whether `await …` in place of an expression would bind wrongly."""
    parent = node.parent
    if parent is None or node.parenthesized:
        return False
    field = _POSTFIX.get(parent.kind)
    return field is not None and parent[field].raw is node.raw
