"""What else uses the variable of a lazily built service: resets, shutdown, tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.lifecycle.configurers import ConfiguredPort
from asyncfix.rewrites.lifecycle.porting import At, Port, defines
from asyncfix.rewrites.lifecycle.registry import RegistryPort
from asyncfix.rewrites.lifecycle.removal import without
from asyncfix.rewrites.lifecycle.symbols import Bindings, module_tree, uses
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit
    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.syntax.tree import Node


def ported(accessor: Accessor, cache: str) -> Iterator[Edit]:
    """Yield the edits of all other uses of the variable; raise RefusedError for what has no like.

    `cache` is the name of what holds the service now, beside the accessor in its module or class.
    """
    kind = ConfiguredPort if accessor.is_configured else Port
    kind = RegistryPort if accessor.held.scope == "registry" else kind
    declared: set[int] = set()
    gone: dict[str, list[Node]] = {}
    for at in (*_places(accessor, cache), *_flags(accessor, cache)):
        if at.path == accessor.path and accessor.node.start <= at.node.start < accessor.node.end:
            continue
        yield from kind(accessor, at, declared, gone.setdefault(at.path, [])).edits()
    gone.setdefault(accessor.path, []).extend(_locks(accessor))
    for path, statements in gone.items():
        yield from without(path, statements)


def _places(accessor: Accessor, cache: str) -> Iterator[At]:
    """Yield the places of the variable outside of the accessor."""
    held, workspace = accessor.held, accessor.workspace
    if held.scope in ("module", "registry"):
        for use in uses(workspace, accessor.path, held.name):
            if not use.is_text and use.node.kind == "Name" and use.path != accessor.path:
                raise RefusedError(f"{use.path} imports `{held.name}` itself")
            base = use.node["value"].text + "." if use.node.kind == "Attribute" else ""
            yield At(use.path, use.node, base + cache, use.is_text)
    elif held.scope == "function":
        for use in uses(workspace, accessor.path, accessor.name):
            above = use.node.parent
            if above is not None and above.kind == "Attribute" and above["attr"].text == held.name:
                yield At(use.path, above, use.node.text)
            elif _asked(use.node, held.name):
                yield At(use.path, use.node.parent.parent, use.node.text)  # type: ignore[union-attr,arg-type]
    else:
        yield from _members(accessor, cache)


def _asked(node: Node, name: str) -> bool:
    """Tell whether `hasattr` asks what a node has of this name."""
    call = node.parent.parent if node.parent is not None and node.parent.kind == "Arg" else None
    if call is None or call.kind != "Call" or call["func"].text != "hasattr":
        return False
    return call.all("args")[1]["value"].text.strip("\"'") == name


def _members(accessor: Accessor, cache: str) -> Iterator[At]:
    """Yield the places of a variable of a class."""
    workspace, held = accessor.workspace, accessor.held
    owner = workspace.facts(accessor.path).classes[accessor.function.owner]
    word = held.name.encode()
    for path in workspace.files:
        if word not in workspace.text(path).data:
            continue
        bindings = Bindings(workspace, path)
        classes = frozenset(bindings.modules.lookup(workspace.files[accessor.path], owner.name))
        for node in module_tree(workspace, path).root.walk():
            is_name = node.kind == "Name" and node.text == held.name and path == accessor.path
            if is_name and _is_member(node, owner.name):
                yield At(path, node, cache)
            if node.kind != "Attribute" or node["attr"].text != held.name:
                continue
            base = node["value"].text
            inside = path == accessor.path and owner.start <= node.start < owner.end
            if (inside and base in ("cls", "self")) or bindings.meant(base) & classes:
                yield At(path, node, f"{base}.{cache}")
            elif base in ("cls", "self") and _inherits(accessor, path, node):
                raise RefusedError(f"a subclass uses `{held.name}` as well ({path})")


def _is_member(node: Node, owner: str) -> bool:
    """Tell whether a name is bound right in the body of a class."""
    kinds = ("AssignTarget", "AnnAssign", "Assign", "SimpleStatementLine", "IndentedBlock")
    if node.parent is None or node.parent.kind not in kinds[:2]:
        return False
    around = next((each for each in node.parents if each.kind not in kinds), None)
    return around is not None and around.kind == "ClassDef" and around["name"].text == owner


def _inherits(accessor: Accessor, path: str, node: Node) -> bool:
    typing = accessor.workspace.project.typing
    mine = typing.first_class[accessor.workspace.files[accessor.path]] + accessor.function.owner
    file = accessor.workspace.files[path]
    below = typing.hierarchy.subclasses.get(mine, ())
    return any(
        each.start <= node.start < each.end and typing.first_class[file] + index in below
        for index, each in enumerate(typing.files[file].classes)
    )


def _flags(accessor: Accessor, cache: str) -> Iterator[At]:
    for flag in sorted(accessor.flags):
        for use in uses(accessor.workspace, accessor.path, flag):
            if use.path != accessor.path:
                raise RefusedError(f"{use.path} uses `{flag}` as well")
            yield At(use.path, use.node, cache)


def _locks(accessor: Accessor) -> Iterator[Node]:
    """Yield the statements that make locks which only the accessor has held."""
    for lock in sorted(accessor.locks):
        found = list(uses(accessor.workspace, accessor.path, lock)) if lock.isidentifier() else []
        outside = [
            use
            for use in found
            if use.path != accessor.path or not _is_within(use.node, accessor.node)
        ]
        if len(outside) == 1 and defines(outside[0].node):
            yield outside[0].node.statement


def _is_within(node: Node, around: Node) -> bool:
    return around.start <= node.start < around.end
