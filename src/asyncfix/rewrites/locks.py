"""Locks of threads that a function holds around some code: it must not wait there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project import locks
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_NAME = re.compile(r"(?<![BbCc])lock|Lock|(?<![BC])LOCK|(?i:mutex|condition)")


class Lock(NamedTuple):
    """A plain `with` that takes a lock; it is sure if the type tells, and not only the name."""

    block: Node
    is_sure: bool


def is_called_lock(name: str) -> bool:
    """Tell whether a name says that something is a lock."""
    return bool(_NAME.search(name))


def held(workspace: Workspace, path: str, node: Node, scope: Node) -> tuple[Lock, ...]:
    """Return the locks that a function holds where some code of it runs, the innermost first."""
    return tuple(_held(workspace, path, node, scope))


def refuse_held(
    workspace: Workspace, path: str, node: Node, scope: Node, *, sure_only: bool = False
) -> None:
    """Raise RefusedError where a function would wait while it holds a lock of threads."""
    if any(each.is_sure or not sure_only for each in _held(workspace, path, node, scope)):
        raise RefusedError(
            f"`{scope['name'].text}` holds a lock of threads here: "
            "another task would wait for it for ever"
        )


def refuse_taken(workspace: Workspace, path: str, entered: Node, scope: Node) -> None:
    """Raise RefusedError where what a `with` enters takes a lock that another thread would free."""
    if _is_lock(workspace, path, entered, scope):
        raise RefusedError("it takes a lock, which only the thread that took it can give back")


def _held(workspace: Workspace, path: str, node: Node, scope: Node) -> Iterator[Lock]:
    for each in node.parents:
        if each.raw is scope.raw:
            return
        if each.kind != "With" or each.is_async:
            continue
        entered = (item for item in each.all("items") if item.end <= node.start)
        told = {_is_lock(workspace, path, item["item"], scope) for item in entered}
        if told & {True, False}:
            yield Lock(each, True in told)


def _is_lock(workspace: Workspace, path: str, entered: Node, scope: Node) -> bool | None:
    """Tell whether it is sure that something is a lock; None where nothing says so."""
    project, file = workspace.project, workspace.files[path]
    node = _entered(workspace, path, entered, scope)
    if locks.lock(project.typing, file, node):
        return True
    types = project.typing.of(file, node)
    names = [each[1] for each in types if each[0] == "E"]
    named = [name.rpartition(".")[2] for name in names]
    if not types or any(name not in project.typing.outside.classes for name in names):
        named.append(entered.text)
    return False if any(map(is_called_lock, named)) else None


def _entered(workspace: Workspace, path: str, entered: Node, scope: Node) -> int:
    """Return the facts' node of what a `with` enters, or 0."""
    for function in workspace.facts(path).functions:
        if function.start == scope.start:
            sites = function.sites
            for at in range(0, len(sites), facts.SITE):
                kind, node, start, end = sites[at : at + 4]
                if kind == facts.ENTERS and (start, end) == (entered.start, entered.end):
                    return node
    return 0
