"""Names that new code uses: as the file binds them already, or with an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Import
from asyncfix.syntax.scopes import bound_by_function

if TYPE_CHECKING:
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node


_GENERICS = (3, 9)  # the Python from which classes take types in brackets: `list[int]`


def has_generics(workspace: Workspace) -> bool:
    """Tell whether annotations are evaluated by a Python whose own classes may be subscripted."""
    return workspace.config.python >= _GENERICS


def abstract_classes(workspace: Workspace) -> str:
    """Return the module whose `AsyncIterator` and kin annotations may subscript."""
    return "collections.abc" if has_generics(workspace) else "typing"


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
        return name or module, (wanted,)
    alias = f"_{name or module.replace('.', '_')}"
    return alias, (Import(path, module, name, alias),)


def rebinds(scope: Node, name: str) -> bool:
    """Tell whether a function, or one around it, has a variable of its own of this name."""
    around = [scope, *(each for each in scope.parents if each.kind in ("FunctionDef", "Lambda"))]
    return any(name in bound_by_function(each) for each in around)


def free_name(workspace: Workspace, path: str, scope: Node, wanted: str) -> str:
    """Return a name like the wanted one that nothing in or around a function uses."""
    outermost = [scope, *(each for each in scope.parents if each.kind == "FunctionDef")][-1]
    used = {each.text for each in outermost.walk() if each.kind == "Name"}
    used |= set(workspace.facts(path).names)
    number = 2
    name = wanted
    while name in used:
        name = f"{wanted}_{number}"
        number += 1
    return name
