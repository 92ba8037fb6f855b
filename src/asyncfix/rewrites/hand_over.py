"""Writes a call or an expression so that a thread runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.names import bound
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
    before = f"{'(' if parens else ''}await {thread.name}({partial}"
    after = f"{close}{')' if parens else ''}"
    edits = _opened(place, node, before)
    if not partial and _is_too_long(place, node, len(before) + len(after)):
        edits = _on_rows(place, node, edits, before)
    if len(given) == 1 and given[0]["value"].kind == "GeneratorExp":
        edits += _own_parentheses(place, given[0]["value"])
    if after:
        edits.append(place.replaced(node.end, node.end, after))
    return edits, imports


def _is_too_long(place: Place, node: Node, more: int) -> bool:
    """Tell whether a call that stands on one row would reach beyond what the file allows."""
    data = place.workspace.text(place.path).data
    start = data.rfind(b"\n", 0, node.start) + 1
    end = data.find(b"\n", node.start)
    row = data[start : end if end >= 0 else len(data)]
    if b"\n" in data[node.start : node.end] or b"#" in row[node.end - start :]:
        return False
    return len(row.decode("utf-8", "replace")) + more > place.workspace.width(place.path)


def _on_rows(place: Place, node: Node, edits: list[Edit], before: str) -> list[Edit]:
    """Put the arguments on a row of their own, between those of the parentheses."""
    text = place.workspace.text(place.path)
    start = text.data.rfind(b"\n", 0, node.start) + 1
    row = text.data[start : node.start].decode("utf-8", "replace")
    indent = row[: len(row) - len(row.lstrip())]
    step = "\t" if "\t" in indent else "    "
    head, rest = edits
    return [
        place.replaced(
            head.location.start, head.location.end, before + text.newline + indent + step
        ),
        rest,
        place.replaced(node.end - 1, node.end - 1, text.newline + indent),
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
    comma = ", "
    if not node.all("args"):
        gap = comma = ""
    elif "\n" in gap and data[match.end() : match.end() + 1] != b"#":
        comma = "," + gap
    else:
        gap = ""
    return [
        place.replaced(node.start, node.start, before + gap),
        place.replaced(match.start(), match.end(), comma),
    ]


def in_lambda(place: Place, node: Node, thread: ThreadCall) -> list[Edit]:
    """Return the edits that evaluate an expression in a thread."""
    return _around(place, node, f"await {thread.name}(lambda: ", ")")


def listed(place: Place, node: Node, thread: ThreadCall, *, called: bool) -> list[Edit]:
    """Return the edits that collect an iterable in a thread; `called` if making it blocks too."""
    if called:
        return _around(place, node, f"await {thread.name}(lambda: list(", "))")
    return _around(place, node, f"await {thread.name}(list, ", ")", moved=False)


def in_parentheses(place: Place, node: Node, before: str) -> list[Edit]:
    """Return the edits that make an expression the argument of a call."""
    return [
        place.replaced(node.start, node.start, before),
        place.replaced(node.end, node.end, ")"),
    ]


def _around(place: Place, node: Node, before: str, after: str, *, moved: bool = True) -> list[Edit]:
    if moved:
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


def needs_parentheses(node: Node) -> bool:
    """Tell whether `await …` in place of an expression would bind wrongly."""
    parent = node.parent
    if parent is None or node.parenthesized:
        return False
    field = _POSTFIX.get(parent.kind)
    return field is not None and parent[field].raw is node.raw
