"""Names that new code uses: as the file binds them already, or with an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Import

if TYPE_CHECKING:
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node


def bound(
    workspace: Workspace, path: str, scope: Node, module: str, name: str = ""
) -> tuple[str, tuple[Import, ...]]:
    """Return how a function of a file spells a module or one of its names, and what to import."""
    wanted = Import(path, module, name)
    known = workspace.imports(path).binding(Import("", module, name))
    if known and not rebinds(scope, known):
        return known, ()
    taken = wanted.bound in workspace.facts(path).names or rebinds(scope, wanted.bound)
    if not taken:
        return wanted.bound, (wanted,)
    alias = f"_{name or module.replace('.', '_')}"
    return alias, (Import(path, module, name, alias),)


def rebinds(scope: Node, name: str) -> bool:
    """Tell whether a function, or one around it, has a variable of its own of this name."""
    around = [scope, *(each for each in scope.parents if each.kind in ("FunctionDef", "Lambda"))]
    return any(name in assigned(each) for each in around)


def assigned(scope: Node) -> set[str]:
    """Return the names that a function binds: parameters, targets, imports, definitions."""
    found: set[str] = set()
    for each in scope["params"].walk():
        if each.kind == "Param":
            found.add(each["name"].text)
    for each in scope["body"].own() if scope.kind == "FunctionDef" else ():
        found |= binds(each)
    return found


def binds(node: Node) -> set[str]:
    """Return the names that one node binds where it stands, if it is a statement or a part."""
    if node.kind in ("AssignTarget", "AnnAssign", "AugAssign", "For", "CompFor", "NamedExpr"):
        return set(_targets(node["target"]))
    if node.kind == "AsName":
        return set(_targets(node["name"]))
    if node.kind in ("FunctionDef", "ClassDef"):
        return {node["name"].text}
    if node.kind == "ImportAlias" and not node.has("asname"):
        return {node["name"].text.partition(".")[0]}
    if node.kind in ("MatchAs", "MatchStar") and node.has("name"):
        return {node["name"].text}
    return set()


def _targets(node: Node) -> list[str]:
    if node.kind == "Name":
        return [node.text]
    if node.kind in ("Tuple", "List", "StarredElement", "Element"):
        return [name for child in node.children for name in _targets(child)]
    return []


def free_name(scope: Node, wanted: str, taken: set[str]) -> str:
    """Return a name like the wanted one that nothing in or around a function uses."""
    used = taken | {each.text for each in scope.walk() if each.kind == "Name"}
    number = 2
    name = wanted
    while name in used:
        name = f"{wanted}_{number}"
        number += 1
    return name
