"""What an accessor builds: whether it is one service for sure, and the body that only builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.configurers import given_first
from asyncfix.rewrites.lifecycle.reading import UNSET, line_of, targets_of
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.lifecycle.accessor import Accessor, Held
    from asyncfix.syntax.tree import Node


def refuse_build(accessor: Accessor) -> None:
    """Raise RefusedError where what is built may be nothing, or more than the one service."""
    name = accessor.name
    if not accessor.build or not accessor.assigned:
        raise RefusedError(f"what `{name}` builds is not seen")
    others = scopes.declared(accessor.node) - {accessor.held.name, *accessor.flags}
    bound = scopes.bound_in(accessor.build)
    if others & bound:
        raise RefusedError(f"`{name}` sets `{min(others & bound)}` as well")
    for part in accessor.build:
        for each in (part, *part.own()):
            if each.kind == "Return" and not _gives(each, accessor.held):
                raise RefusedError(
                    f"`{name}` may return without a service: a cache would keep that"
                )
    for each in accessor.assigned:
        if not each.has("value") or each["value"].text in (*UNSET, "True"):
            raise RefusedError(f"`{name}` marks a failure, which a cache would keep")
        if len(targets_of(each)) > 1:
            raise RefusedError(f"`{name}` sets several variables at once")

    _refuse_nothing(accessor)


def _refuse_nothing(accessor: Accessor) -> None:
    """Raise RefusedError where the variable may be left unset, or set to what is None."""
    name, held = accessor.name, accessor.held
    lines = [line for each in accessor.build if (line := line_of(each)) is not None]
    sure = scopes.surely_bound(accessor.build) if held.scope == "module" else set()
    is_sure = sure is None or held.name in sure
    if not is_sure and not {each.start for each in lines} & {e.start for e in accessor.assigned}:
        raise RefusedError(f"`{name}` may return without a service: a cache would keep that")
    typing = accessor.workspace.project.typing
    for value in accessor.lazy.values:
        file = accessor.workspace.files[accessor.path]
        parts = typing.files[file].nodes[value]
        parts = typing.files[file].nodes[parts[1]] if parts[0] == facts.AWAIT else parts
        for each in typing.of(file, parts[1]) if parts[0] == facts.CALL else ():
            if each[0] in "FM" and _may_give_none(accessor, each[1]):
                made = typing.functions[each[1]][1].name
                raise RefusedError(f"`{made}` may return None, which a cache would keep")


def _may_give_none(accessor: Accessor, fid: int) -> bool:
    typing = accessor.workspace.project.typing
    file, function = typing.functions[fid]
    nodes = typing.files[file].nodes
    return any(nodes[each][:2] == (facts.CONST, None) for each in function.results)


def _gives(line: Node, held: Held) -> bool:
    return line.has("value") and held.is_at(line["value"])


def built(accessor: Accessor, indent: str) -> str:
    """Return the new body: what runs once, and returns what was built."""
    last = accessor.build[-1]
    only = accessor.assigned[-1]
    inside = [each for part in accessor.build for each in accessor.held.places(part)]
    is_last = line_of(last) is not None and line_of(last).raw is only.raw  # type: ignore[union-attr]
    changes: list[pieces.Change] = []
    if is_last and len(inside) == 1:
        changes.append((only.start, only["value"].whole[0], "return "))
        foot = ""
    else:
        local = _local_name(accessor)
        changes += [(each.start, each.end, local) for each in inside]
        foot = f"{indent}return {local}\n"
        if line_of(last) is not None and line_of(last).kind == "Return":  # type: ignore[union-attr]
            foot = ""
    parts = [pieces.rows(each, indent, changes) for each in accessor.before]
    parts += [given_first(accessor, indent)] if accessor.is_configured else []
    parts += [pieces.rows(each, indent, changes) for each in accessor.build]
    return "".join(parts) + foot


def _local_name(accessor: Accessor) -> str:
    used = {each.text for each in accessor.node.walk() if each.kind == "Name"}
    used |= set(accessor.workspace.facts(accessor.path).names)
    used.discard(accessor.held.name)  # which goes
    wanted = accessor.held.name.strip("_") or "service"
    while wanted in used:
        wanted += "_"
    return wanted
