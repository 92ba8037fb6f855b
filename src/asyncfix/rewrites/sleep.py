"""Awaits the asynchronous form of a function that takes the same arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import needs_parentheses
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import is_under_lock, refuse_without_await
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.place import Place

STRATEGY = "native"


def awaited_twin(place: Place) -> Fix:
    """Return the fix that awaits a function's asynchronous twin, such as `asyncio.sleep`."""
    refuse_without_await(place)
    module, _, name = place.target.replacement.rpartition(".")
    node = place.node
    if node.kind != "Call":
        raise RefusedError("this is no call")
    if is_under_lock(place.node, place.scope):
        raise RefusedError(
            "a lock of threads is held here: another task would wait for it for ever"
        )
    spelled, imports = bound(place.workspace, place.path, place.scope, module, name)
    if imports:
        prefix, imports = bound(place.workspace, place.path, place.scope, module)
        spelled = f"{prefix}.{name}"
    before, after = ("(", ")") if needs_parentheses(node) else ("", "")
    callee = node["func"]
    edits = [place.replaced(callee.start, callee.end, f"{before}await {spelled}")]
    if after:
        edits.append(place.replaced(node.end, node.end, after))
    return Fix(
        title=f"Await `{place.target.replacement}`",
        applicability=Applicability(place.target.applicability),
        edits=tuple(edits),
        strategy=STRATEGY,
        imports=imports,
        requires=(place.target.requires,) if place.target.requires else (),
    )
