"""Awaits the asynchronous form of a function that takes the same arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import needs_parentheses
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.place import Place

STRATEGY = "native"
_LOCK = re.compile(r"lock|mutex|condition", re.IGNORECASE)
_HELD = "other tasks run while this one waits: what is entered here must not be a lock of threads"


def awaited_twin(place: Place) -> Fix:
    """Return the fix that awaits a function's asynchronous twin, such as `asyncio.sleep`."""
    refuse_without_await(place)
    module, _, name = place.target.replacement.rpartition(".")
    node = place.node
    if node.kind != "Call":
        raise RefusedError("this is no call")
    locks = set(_locks(place))
    if True in locks:
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
        applicability=Applicability.UNSAFE if locks else Applicability(place.target.applicability),
        edits=tuple(edits),
        notes=(_HELD,) if locks else (),
        strategy=STRATEGY,
        imports=imports,
        requires=(place.target.requires,) if place.target.requires else (),
    )


def _locks(place: Place) -> Iterator[bool]:
    """Tell of each plain `with` around that takes a lock whether that is sure.

    It is where the type is known; where it is not, the name counts.
    """
    targets = place.workspace.project.packs.library.targets
    for each in place.node.parents:
        if each.raw is place.scope.raw:
            return
        for item in each.all("items") if each.kind == "With" and not each.is_async else ():
            types = place.types(item["item"])
            entered = [targets.get(f"{name}.__enter__") for kind, name, *_ in types if kind == "E"]
            if any(target and target.effect == "lock" for target in entered):
                yield True
            elif not types and _LOCK.search(item["item"].text):
                yield False
