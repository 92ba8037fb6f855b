"""Awaits the asynchronous form of a function that takes the same arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import needs_parentheses
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
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
    if _under_lock(place):
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


def _under_lock(place: Place) -> bool:
    """Tell whether a plain `with` on something called a lock stands around."""
    for each in place.node.parents:
        if each.raw is place.scope.raw:
            return False
        if each.kind == "With" and not each.is_async:
            items = " ".join(item["item"].text.lower() for item in each.all("items"))
            if "lock" in items or "mutex" in items or "condition" in items:
                return True
    return False
