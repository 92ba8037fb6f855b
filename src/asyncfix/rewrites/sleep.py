"""Awaits the asynchronous form of a function that takes the same arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.locks import held
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.place import Place

STRATEGY = "native"
_HELD = "other tasks run while this one waits: what is entered here must not be a lock of threads"


def awaited_twin(place: Place) -> Fix:
    """Return the fix that awaits a function's asynchronous twin, such as `asyncio.sleep`."""
    refuse_without_await(place, sure_only=True)
    module, _, name = place.target.replacement.rpartition(".")
    node = place.node
    if node.kind != "Call":
        raise RefusedError("this is no call")
    locks = held(place.workspace, place.path, node, place.scope)
    spelled, imports = bound(place.workspace, place.path, place.scope, module, name)
    if imports:
        prefix, imports = bound(place.workspace, place.path, place.scope, module)
        spelled = f"{prefix}.{name}"
    before, after = awaiting(node)
    callee = node["func"]
    edits = [place.replaced(callee.start, callee.end, f"{before}{spelled}")]
    if after:
        edits.append(place.replaced(node.end, node.end, after))
    return Fix(
        title=f"Await `{place.target.replacement}`",
        applicability=Applicability.UNSAFE if locks else Applicability(place.target.applicability),
        edits=tuple(edits),
        notes=(_HELD,) if locks else (),
        strategy=STRATEGY,
        imports=imports,
        requires=(place.target.requires,) if place.target.requires else (),
    )
