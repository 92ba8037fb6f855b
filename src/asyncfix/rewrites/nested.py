"""Awaits what a loop of its own was started for: `asyncio.run(work())` becomes `await work()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

STRATEGY = "native"
CHECK = "nested-event-loop"
_GIVEN = frozenset(("asyncio.run", "uvloop.run"))  # they take what can be awaited
_MADE = "asgiref.sync.AsyncToSync.__call__"  # it calls what it was made of
_NOTE = "what is awaited runs in the loop that is there, beside the other tasks of that"
_PRIMARY = frozenset(("Call", "Name", "Attribute", "Subscript"))


def awaited(place: Place) -> Fix:
    """Return the fix that awaits what a call at the place would start a loop for."""
    refuse_without_await(place)
    name, node = place.chain.hit.name, place.node
    if node.kind != "Call":
        raise RefusedError("this is no call")
    if name in _GIVEN:
        outer, inner = node, _only_argument(node)
    elif name == _MADE and node["func"].kind == "Call":
        outer = node["func"]
        inner = _only_argument(outer)
    else:
        raise RefusedError(f"what can be awaited instead of `{name}` is not known")
    if inner.kind not in _PRIMARY:
        raise RefusedError("what would be awaited is no plain call or name")
    data = place.workspace.text(place.path).data
    spans = (outer.start, inner.start), (inner.end, outer.end)
    if any(b"#" in data[start:end] for start, end in spans):
        raise RefusedError("a comment stands where the call is taken apart")
    before, after = awaiting(node)
    edits = [place.replaced(*spans[0], before), place.replaced(*spans[1], "")]
    if after:
        edits.append(place.replaced(node.end, node.end, after))
    return Fix("Await it", Applicability.UNSAFE, tuple(edits), (_NOTE,), STRATEGY)


def _only_argument(call: Node) -> Node:
    given = call.all("args")
    if len(given) != 1 or given[0].has("keyword") or given[0].word("star"):
        raise RefusedError(f"`{call['func'].text}` is told more than what to run")
    return given[0]["value"]
