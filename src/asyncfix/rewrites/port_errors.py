"""The exceptions that a ported function, and those that call it, catch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.findings import Edit
    from asyncfix.rewrites.port import Ported
    from asyncfix.syntax.tree import Node

_BUILTIN = frozenset(("OSError", "IOError", "EnvironmentError", "ConnectionError", "TimeoutError"))
_EVERYTHING = frozenset(("Exception", "BaseException"))
_MOST = 30  # callers that are looked at for an `except` of their own


def error_edits(moved: Ported) -> tuple[list[Edit], tuple[str, ...]]:
    """Return the edits of `except` clauses and of status codes, and the modules that they need."""
    edits: list[Edit] = []
    needed: set[str] = set()
    for handler in _handlers(moved):
        _check_variable(moved, handler)
        types = _types(handler)
        if not any(_known(moved, each) for each in types):
            if any(each.text in _BUILTIN for each in types):
                raise RefusedError(f"`except {handler['type'].text}` would no longer catch it")
            continue
        told = [name for each in types for name in _replaced(moved, each, needed)]
        told = list(dict.fromkeys(told))
        text = told[0] if len(told) == 1 else f"({', '.join(told)})"
        kind = handler["type"]
        edits.append(moved.place.replaced(kind.start, kind.end, text))
    edits += _codes(moved)
    _refuse_callers(moved)
    return edits, tuple(sorted(needed))


def _handlers(moved: Ported) -> list[Node]:
    """Return the `except` clauses that stand around the calls, each once."""
    found: dict[int, Node] = {}
    for call in moved.calls:
        below = call
        for each in call.parents:
            if each.raw is moved.place.scope.raw:
                break
            if each.kind in ("Try", "TryStar") and each["body"].raw is below.raw:
                typed = [h for h in each.all("handlers") if h.has("type")]
                found |= {handler.start: handler for handler in typed}
            below = each
    return list(found.values())


def _types(handler: Node) -> list[Node]:
    kind = handler["type"]
    if kind.kind == "Tuple":
        return [each["value"] for each in kind.all("elements")]
    return [kind]


def _known(moved: Ported, node: Node) -> str:
    """Return the name of one of the library's exceptions."""
    module = moved.place.workspace.imports(moved.place.path)
    first, _, rest = node.text.partition(".")
    for statement in module.statements:
        for each, _ in statement.bindings():
            if each.bound == first and each.module.partition(".")[0] == moved.library:
                return (rest or each.name).rpartition(".")[2]
    return ""


def _replaced(moved: Ported, node: Node, needed: set[str]) -> list[str]:
    name = _known(moved, node)
    if not name:
        return [node.text]
    if name not in moved.port.exceptions:
        raise RefusedError(f"`{name}` has no counterpart")
    told = []
    for each in moved.port.exceptions[name]:
        module, _, _ = each.rpartition(".")
        if module and not _reads_json(moved) and name != "JSONDecodeError":
            continue
        if module:
            needed.add(module)
        told.append(each if module else f"{moved.spelled}.{each}")
    return told


def _reads_json(moved: Ported) -> bool:
    return any(
        each.kind == "Attribute" and each["attr"].text == "json"
        for each in moved.place.scope["body"].walk()
    )


def _check_variable(moved: Ported, handler: Node) -> None:
    """Refuse uses of a caught exception that the new one has no attribute for."""
    if not handler.has("name"):
        return
    name = handler["name"]["name"].text
    has_answer = all(_known(moved, each) in ("HTTPError", "") for each in _types(handler))
    for each in handler["body"].walk():
        if each.kind == "Attribute" and each["value"].text == name:
            attribute = each["attr"].text
            if attribute == "request" or (attribute == "response" and not has_answer):
                raise RefusedError(f"`{name}.{attribute}` is not on every exception there")
            if attribute == "response" and not _is_simple(each):
                raise RefusedError(f"`{name}.response` is passed on")


def _is_simple(response: Node) -> bool:
    around = response.parent
    kept = ("status_code", "text", "content", "json")
    return around is not None and around.kind == "Attribute" and around["attr"].text in kept


def _codes(moved: Ported) -> list[Edit]:
    """Return the edits of named status codes."""
    found = []
    for each in moved.place.scope["body"].walk():
        if each.kind != "Attribute" or each["value"].kind != "Attribute":
            continue
        inner = each["value"]
        if inner["attr"].text != "codes" or _known(moved, inner["value"]) not in (
            "",
            moved.library,
        ):
            continue
        if inner["value"].text.partition(".")[0] != moved.library:
            continue
        name = moved.port.codes.get(each["attr"].text)
        if name is None:
            raise RefusedError(f"`{each.text}` has no counterpart")
        found.append(moved.place.replaced(each.start, each.end, f"{moved.spelled}.codes.{name}"))
    return found


def _refuse_callers(moved: Ported) -> None:
    """Raise RefusedError where a caller catches what would be raised no more."""
    if _is_caught(moved):
        return
    place = moved.place
    graph = place.workspace.project.graph
    names = "|".join([rf"\b{moved.library}\.", *moved.port.exceptions])
    caught = re.compile(rf"\bexcept\b[^\n:]*(?:{names})".encode())
    queue, seen = [place.chain.instance], {place.chain.instance}
    while queue and len(seen) < _MOST:
        number = queue.pop()
        edges = (*graph.spawned.get(number, ()), *graph.into.get(number, ()))
        for edge in edges:
            if edge.caller in seen:
                continue
            seen.add(edge.caller)
            queue.append(edge.caller)
            function = graph.function(edge.caller)
            data = place.workspace.text(graph.file(edge.caller).path).data
            if caught.search(data[function.start : function.end]):
                raise RefusedError(f"its caller `{function.qualname}` catches the old exceptions")


def _is_caught(moved: Ported) -> bool:
    """Tell whether every call stands in a `try` that lets none of the exceptions out."""
    for call in moved.calls:
        below, caught = call, False
        for each in call.parents:
            if each.kind in ("Try", "TryStar") and each["body"].raw is below.raw:
                types = [t for h in each.all("handlers") if h.has("type") for t in _types(h)]
                caught |= any(
                    t.text in _EVERYTHING or _known(moved, t) == "RequestException" for t in types
                )
            below = each
        if not caught:
            return False
    return bool(scopes.block(moved.place.scope))
