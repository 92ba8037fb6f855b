"""The applications of a project: where each is made, and what runs when it starts and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.workspace import Workspace

_ARGUMENT = "lifespan"
_OLD = frozenset(("on_startup", "on_shutdown"))
_ON_EVENT = "on_event"
_EVENTS = ("startup", "shutdown")


class App(NamedTuple):
    """The call that makes an application, at bytes `start` to `end`.

    `callee` is what is called there as the file spells it, `name` the variable that it is kept
    in, `lifespan` the node of that argument or 0.
    """

    path: str
    file: int
    start: int
    end: int
    callee: str
    name: str
    lifespan: int


def application(workspace: Workspace, near: str) -> App:
    """Return the application that serves what a file holds; raise RefusedError if it is unclear."""
    found = list(_applications(workspace))
    if not found:
        raise RefusedError("the project makes no application that could close it")
    close = max(_shared(near, each.path) for each in found)
    nearest = [each for each in found if _shared(near, each.path) == close]
    if len(nearest) > 1:
        paths = ", ".join(sorted({each.path for each in nearest}))
        raise RefusedError(f"several applications may hold it: {paths}")
    return nearest[0]


def _shared(one: str, other: str) -> int:
    """Return how many folders two paths have in common."""
    count = 0
    for mine, its in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if mine != its:
            break
        count += 1
    return count


def _applications(workspace: Workspace) -> Iterator[App]:
    """Yield the applications that are made outside of tests."""
    typing = workspace.project.typing
    kinds = {
        name
        for root in workspace.project.packs.library.roots
        if root.kind == "lifespan"
        for name in root.managers
    }
    for last in sorted({name.rpartition(".")[2] for name in kinds}):
        for file, nodes in typing.index.callers(last, tests=False):
            pool = typing.files[file].nodes
            path = typing.files.paths[file]
            mine = {
                node
                for node in nodes
                if any(
                    each[0] == "X" and typing.outside.canonical(str(each[1])) in kinds
                    for each in typing.of(file, pool[node][1])
                )
            }
            if is_test(path):
                continue
            for place in workspace.project.lifetimes.sites(file, mine):
                yield _made(workspace, path, file, place.node, (place.start, place.end))


def _made(workspace: Workspace, path: str, file: int, node: int, span: tuple[int, int]) -> App:
    parts = workspace.project.files[file].nodes[node]
    given = dict(zip(parts[3], parts[4], strict=True))
    if -1 in parts[2] or (_OLD | {"**"}) & set(given):
        raise RefusedError(f"the application in {path} is made of arguments that cannot be seen")
    data = workspace.text(path).data
    code = data[span[0] : span[1]].decode("utf-8", "replace")
    before = data[data.rfind(b"\n", 0, span[0]) + 1 : span[0]].decode("utf-8", "replace")
    name = before.partition("=")[0].partition(":")[0].strip() if "=" in before else ""
    return App(
        path, file, *span, code.partition("(")[0].strip(), name or "app", given.get(_ARGUMENT, 0)
    )


def handlers(workspace: Workspace) -> dict[str, int]:
    """Return the last handler of start and of stop that is registered by a decorator.

    Raise RefusedError where one is registered in another way.
    """
    typing = workspace.project.typing
    found: dict[str, int] = {}
    for file, nodes in typing.index.callers("add_event_handler", tests=False):
        if nodes:
            raise RefusedError(f"{typing.files.paths[file]} registers handlers by a call")
    for fid, entry in sorted(workspace.project.entries.items()):
        file, function = typing.functions[fid]
        if entry.kind != "start-up" or is_test(typing.files.paths[file]):
            continue
        found |= dict.fromkeys(_events(workspace, file, function.decorators), fid)
    return found


def _events(workspace: Workspace, file: int, decorators: tuple[int, ...]) -> Iterator[str]:
    """Yield the events that a function is registered for."""
    nodes = workspace.project.files[file].nodes
    for decorator in decorators:
        parts = nodes[decorator]
        if parts[0] != facts.CALL or nodes[parts[1]][0] != facts.ATTR:
            continue
        if nodes[parts[1]][2] != _ON_EVENT:
            continue
        given = [each for each in (*parts[2], *parts[4]) if each > 0]
        told = [nodes[each][1] for each in given if nodes[each][0] == facts.CONST]
        yield from (event for event in told if event in _EVENTS)
