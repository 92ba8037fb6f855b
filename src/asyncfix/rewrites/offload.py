"""Moves a call to a thread: `f(x)` becomes `await asyncio.to_thread(f, x)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.threads import thread_call
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.findings import Edit, Import
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.threads import ThreadCall
    from asyncfix.syntax.tree import Node

STRATEGY = "offload"
_OPEN = re.compile(rb"\s*\(\s*")
_POSTFIX = {"Attribute": "value", "Subscript": "value", "Call": "func"}


def offload(place: Place) -> Fix:
    """Return the fix that runs a call in a thread; raise RefusedError where that is not right."""
    refuse_without_await(place)
    node = place.node
    if node.kind != "Call":
        raise RefusedError(f"this is no call, but {_WORDS.get(node.kind, 'another expression')}")
    _refuse_call(place, node)
    thread = thread_call(place)
    edits, imports = _handed(place, node, thread)
    return Fix(
        title=f"Run it in a thread by `{thread.name}`",
        applicability=applicability(place),
        edits=tuple(edits),
        notes=notes(place),
        strategy=STRATEGY,
        imports=(*thread.imports, *imports),
    )


_ELSEWHERE = (
    "the function runs in another thread: it must not rely on thread-local or context variables "
    "that it sets, nor on objects that other tasks use at the same time"
)
_WORDS = {"Attribute": "a property", "With": "a `with`", "For": "a loop", "Name": "a variable"}


def _refuse_call(place: Place, node: Node) -> None:
    parent = node.parent
    if parent is not None and parent.kind == "Await":
        raise RefusedError("what it returns is awaited: it may be bound to the running loop")
    if parent is not None and parent.kind == "WithItem":
        raise RefusedError("what it returns is entered by `with`")
    if place.is_direct and place.target.offload == "no":
        raise RefusedError(place.target.notes or "it must stay in the thread that it is used in")


def _handed(place: Place, node: Node, thread: ThreadCall) -> tuple[list[Edit], tuple[Import, ...]]:
    """Return the edits that hand a call to a thread; bytes that need not change stay."""
    callee, given = node["func"], node.all("args")
    if any(each.word("star") for each in given) and not thread.keywords:
        keyed = any(each.word("star") == "**" for each in given)
    else:
        keyed = any(each.has("keyword") for each in given)
    imports: tuple[Import, ...] = ()
    partial, close = "", ""
    if keyed and not thread.keywords:
        name, imports = bound(place.workspace, place.path, place.scope, "functools", "partial")
        partial, close = f"{name}(", ")"
    parens = needs_parentheses(node)
    before = f"{'(' if parens else ''}await {thread.name}({partial}"
    after = f"{close}{')' if parens else ''}"
    edits = _opened(place, node, callee, before, has_arguments=bool(given))
    if after:
        edits.append(place.replaced(node.end, node.end, after))
    return edits, imports


def _opened(
    place: Place, node: Node, callee: Node, before: str, *, has_arguments: bool
) -> list[Edit]:
    """Put the called function among the arguments, on a row of its own where those have rows."""
    data = place.workspace.text(place.path).data
    name_end = _end_with_parentheses(data, callee)
    match = _OPEN.match(data, name_end)
    if match is None:
        raise RefusedError("the call is written in an unusual way")
    gap = match[0].partition(b"(")[2].decode()
    if not has_arguments:
        return [
            place.replaced(node.start, node.start, before),
            place.replaced(match.start(), match.end(), ""),
        ]
    if "\n" in gap and data[match.end() : match.end() + 1] != b"#":
        return [
            place.replaced(node.start, node.start, before + gap),
            place.replaced(match.start(), match.end(), "," + gap),
        ]
    return [
        place.replaced(node.start, node.start, before),
        place.replaced(match.start(), match.end(), ", "),
    ]


def _end_with_parentheses(data: bytes, callee: Node) -> int:
    """Return where a callee ends, with the parentheses that stand around it."""
    end = callee.end
    for _ in getattr(callee.raw, "rpar", ()):
        end = data.index(b")", end) + 1
    return end


def needs_parentheses(node: Node) -> bool:
    """Tell whether `await …` in place of an expression would bind wrongly."""
    parent = node.parent
    if parent is None or node.parenthesized:
        return False
    field = _POSTFIX.get(parent.kind)
    return field is not None and parent[field].raw is node.raw


def applicability(place: Place) -> Applicability:
    """Return how sure it is that the call does the same in a thread."""
    safe = place.is_direct and place.target.offload == "safe"
    return Applicability.SAFE if safe else Applicability.UNSAFE


def notes(place: Place) -> tuple[str, ...]:
    """Say what may differ in a thread."""
    if applicability(place) == Applicability.SAFE:
        return ()
    if place.is_direct:
        told = place.target.notes or "the object must not be used by two threads at a time"
        return (told,)
    return (
        (
            "the function runs in another thread: it must not rely on thread-local or context "
            "variables that it sets, nor on objects that other tasks use at the same time"
        ),
    )
