"""The type of what an accessor gives: as it is annotated, or by what it calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.rewrites.lifecycle.symbols import Bindings
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.syntax.tree import Node

_OPTIONAL = re.compile(r"(?:typing\.)?Optional\[(.+)\]", re.DOTALL)


def service_type(accessor: Accessor) -> str:
    """Return the type of what an accessor gives, as its module writes it."""
    if accessor.node.has("returns"):
        text = accessor.node["returns"]["annotation"].text.strip("\"'")
        inner = _OPTIONAL.fullmatch(text)
        text = inner[1] if inner else text
        parts = [each.strip() for each in text.split("|")]
        kept = [each for each in parts if each != "None"]
        if len(kept) == 1 and kept[0].rpartition(".")[2] not in ("Any", "object"):
            return kept[0]
    value = accessor.value
    if value.kind == "Await":
        value = value["expression"]
    if value.kind == "Call" and _is_class(accessor, value["func"]):
        return value["func"].text
    raise RefusedError(f"the type of what `{accessor.name}` gives is not told")


def _is_class(accessor: Accessor, callee: Node) -> bool:
    """Tell whether what is called is a class of the project, or named like one elsewhere."""
    workspace = accessor.workspace
    if not re.fullmatch(r"[A-Za-z_][\w.]*", callee.text):
        return False
    if callee.text == "cls":
        return False
    last = callee.text.rpartition(".")[2]
    found = Bindings(workspace, accessor.path).meant(callee.text)
    outside = any(each[0] == "X" for each in found)
    inside = any(
        each[0] == "N"
        and workspace.project.files[int(str(each[1]))].nodes[int(str(each[2]))][0] == facts.CLASS
        for each in found
    )
    return inside or (outside and last[:1].isupper())
