"""Which statements belong together, because they use an object that must not change threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.unit import unit_from
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node


def statements_of_work(place: Place) -> list[Node]:
    """Return the statements, side by side, that use the object of a place; they can all move.

    Where the object is made in the function, they begin there; else with the first use that can
    move along. Raise RefusedError where they cannot be told from what must stay.
    """
    names = _object_names(place)
    statement = _outermost_movable(place, _line(place.node))
    siblings = _siblings(statement)
    at = next(i for i, each in enumerate(siblings) if each.raw is statement.raw)
    first = last = at
    for index in range(at - 1, -1, -1):
        if _uses(siblings[index], names) and _can_move(place, siblings[index : last + 1]):
            first = index
    for index in range(at + 1, len(siblings)):
        if _uses(siblings[index], names) and _can_move(place, siblings[first : index + 1]):
            last = index
    chosen = siblings[first : last + 1]
    _refuse_foreign(place, names, chosen)
    return chosen


def _line(node: Node) -> Node:
    return node.statement


def _siblings(statement: Node) -> list[Node]:
    parent = statement.parent
    if parent is None:
        raise RefusedError("the statement stands alone")
    return list(parent.all("body")) if parent.kind != "If" else [statement]


def _outermost_movable(place: Place, statement: Node) -> Node:
    """Return the largest statement around a place that can move to a thread as a whole."""
    unit_from(place.scope, [statement])
    for each in statement.parents:
        if each.raw is place.scope.raw:
            break
        if each.kind in ("For", "While", "With", "Try", "TryStar", "If") and not _is_elif(each):
            if not _can_move(place, [each]):
                break
            statement = each
    return statement


def _is_elif(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.kind == "If"


def _can_move(place: Place, statements: Sequence[Node]) -> bool:
    try:
        unit_from(place.scope, statements)
    except RefusedError:
        return False
    return True


def _object_names(place: Place) -> set[str]:
    """Return the variables that hold the object of a place, what it came from, or what it gave."""
    own = scopes.bound_by_function(place.scope)
    found = {_root(place.node), *_assigned_from(place.node)} & own
    assigns = [each for each in place.scope["body"].own() if each.kind == "Assign"]
    while True:
        more = {name for each in assigns for name in _related(place, each, found)} & own - found
        if not more:
            return found
        found |= more


def _related(place: Place, assign: Node, found: set[str]) -> set[str]:
    """Return the other names in an assignment that makes one handle of another."""
    given = {n for t in assign.all("targets") for n in scopes.targets(t["target"])}
    root = _root(assign["value"])
    if not root or assign["value"].kind != "Call" or not (root in found or given & found):
        return set()
    return given | {root} if _is_handle(place, assign["value"]) else set()


def _root(node: Node) -> str:
    """Return the variable at which a chain of calls and attributes begins, if it is a plain one."""
    while node.kind in ("Call", "Attribute", "Subscript", "Await"):
        node = node["func"] if node.kind == "Call" else _inner(node)
    return node.text if node.kind == "Name" else ""


def _inner(node: Node) -> Node:
    return node["expression"] if node.kind == "Await" else node["value"]


def _assigned_from(node: Node) -> set[str]:
    """Return the names that take the value of a place: it makes the object."""
    parent = node.parent
    if parent is None:
        return set()
    if parent.kind == "Assign":
        return {n for t in parent.all("targets") for n in scopes.targets(t["target"])}
    if parent.kind == "WithItem" and parent.has("asname"):
        return set(scopes.targets(parent["asname"]["name"]))
    return set()


def _is_handle(place: Place, value: Node) -> bool:
    """Tell whether an expression gives an object of a library, not plain data."""
    project, path = place.workspace.project, place.path
    file = place.workspace.files[path]
    sites = project.graph.function(place.chain.instance).sites
    for at in range(0, len(sites), 5):
        if (sites[at + 2], sites[at + 3]) == (value.start, value.end):
            types = project.typing.of(file, sites[at + 1])
            return any(each[0] == "E" and "." in each[1] for each in types)
    return False


def _uses(statement: Node, names: set[str]) -> bool:
    return any(each.text in names for each in scopes.names(statement))


def _refuse_foreign(place: Place, names: set[str], chosen: Sequence[Node]) -> None:
    """Raise RefusedError where an object that knows its thread is made or used outside."""
    if not place.target.thread_bound:
        return
    inside = scopes.bound_in(chosen)
    if not names or not names <= inside:
        raise RefusedError("the object is made in another thread than the one that would use it")
    start, end = chosen[0].start, chosen[-1].end
    for each in scopes.names(place.scope):
        if each.text in names and not start <= each.start < end:
            raise RefusedError(f"`{each.text}` is used beyond the block that can move to a thread")
