"""The proof of the calls: who became `async` is awaited everywhere, who ceased to be is nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.findings import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts
    from asyncfix.project.program import Project
    from asyncfix.project.types import Type, Types

_ASYNC_USES = (facts.AWAIT, facts.AENTERED, facts.AELEMENT)


class Mismatch(NamedTuple):
    """A function whose new kind does not fit a place, by its path and full name, and the reason."""

    path: str
    symbol: str
    at: Location
    reason: str


class Turned(NamedTuple):
    """A function that has become `async`, or ceased to be."""

    fid: int
    path: str
    name: str
    symbol: str
    is_async: bool


def turned(before: Project, after: Project) -> list[Turned]:
    """Return the functions of the same name that are `async` in one project only."""
    found = []
    old = {file.path: file for file in before.files}
    for index, file in enumerate(after.files):
        was = old.get(file.path)
        if was is None or was is file:
            continue
        flags = {function.qualname: function.flags for function in was.functions}
        for at, function in enumerate(file.functions):
            change = function.flags ^ flags.get(function.qualname, function.flags)
            if change & facts.ASYNC:
                fid = after.typing.first_function[index] + at
                symbol = f"{after.typing.modules.name(index)}.{function.qualname}"
                is_async = bool(function.flags & facts.ASYNC)
                found.append(Turned(fid, file.path, function.name, symbol, is_async))
    return found


def mismatches(before: Project, after: Project) -> Iterator[Mismatch]:
    """Return the places that treat a function as what it no longer is."""
    for each in turned(before, after):
        yield from _calls(each, after)
        yield from _relatives(each, after)


def _calls(each: Turned, project: Project) -> Iterator[Mismatch]:
    typing = project.typing
    for file, nodes in typing.index.callers(each.name):
        facts_of = project.files[file]
        calls = {
            node for node in nodes if _runs(typing.of(file, facts_of.nodes[node][1]), each, project)
        }
        if calls:
            yield from _wrong(each, project, file, calls)
    yield from _handed(each, project)


def _runs(types: Types, each: Turned, project: Project) -> bool:
    return any(project.typing.calls.reaches(one, each.fid) is not None for one in types)


def _wrong(each: Turned, project: Project, file: int, calls: set[int]) -> Iterator[Mismatch]:
    """Return the calls that are awaited and should not be, or the other way round."""
    facts_of = project.files[file]
    fitting = _used_async(facts_of) | _scheduled(project, file)
    for kind, node, start, end in _sites(facts_of):
        if node not in calls or kind not in (facts.CALLS, facts.AWAITS):
            continue
        is_async = kind == facts.AWAITS or node in fitting
        if is_async != each.is_async:
            where = Location(facts_of.path, start, end)
            verb = "is not awaited" if each.is_async else "is still awaited"
            yield Mismatch(each.path, each.symbol, where, f"`{each.name}` {verb}")


def _sites(file: FileFacts) -> Iterator[tuple[int, int, int, int]]:
    for function in file.functions:
        for at in range(0, len(function.sites), facts.SITE):
            kind, node, start, end = function.sites[at : at + 4]
            yield kind, node, start, end


def _used_async(file: FileFacts) -> set[int]:
    """Return the nodes that `async with` and `async for` take."""
    return {parts[1] for parts in file.nodes if parts[0] in _ASYNC_USES[1:]}


def _scheduled(project: Project, file: int) -> set[int]:
    """Return the nodes that asyncio's own functions take, such as `gather` and `create_task`."""
    found: set[int] = set()
    nodes = project.files[file].nodes
    for parts in nodes:
        if parts[0] != facts.CALL:
            continue
        given = [*parts[2], *parts[4]]
        inner = [each for each in given if each > 0 and _holds_call(nodes, each)]
        callees = project.typing.of(file, parts[1]) if inner else ()
        if inner and _is_asyncio(callees):
            found.update(*(_calls_in(nodes, each) for each in inner))
        elif callees and all(each[0] in "FM" for each in callees):
            found |= {
                each
                for at, each in enumerate(parts[2])
                if each in inner and all(awaits(project, one, at) for one in callees)
            }
    return found


def awaits(project: Project, callee: Type, at: int) -> bool:
    """Tell whether a function awaits what it is given for a positional argument."""
    if callee[0] not in "FM":
        return False
    typing = project.typing
    file, function = typing.functions[callee[1]]
    index = callee[1] - typing.first_function[file]
    at += callee[0] == "M"
    if at >= len(function.params):
        return False
    nodes = typing.files[file].nodes
    own = (facts.PARAM, index, at), (facts.OUTER, index, function.params[at].name)
    return any(parts[0] == facts.AWAIT and tuple(nodes[parts[1]][:3]) in own for parts in nodes)


def _holds_call(nodes: list[tuple[object, ...]], node: int) -> bool:
    return bool(_calls_in(nodes, node))


def _calls_in(nodes: list[tuple[object, ...]], node: int) -> set[int]:
    parts = nodes[node]
    if parts[0] == facts.CALL:
        return {node}
    if parts[0] in (facts.SEQUENCE, facts.TUPLE) and isinstance(parts[1], tuple):
        return {each for each in parts[1] if nodes[each][0] == facts.CALL}
    return set()


def _is_asyncio(types: Types) -> bool:
    names = (each[2] if each[0] == "E" else each[1] for each in types if each[0] in "XE")
    return any(str(name).startswith("asyncio.") for name in names)


def _handed(each: Turned, project: Project) -> Iterator[Mismatch]:
    """Return the calls that are handed a function which no framework takes as it is now."""
    typing = project.typing
    if each.fid in project.entries:
        return
    for file, facts_of in enumerate(project.files):
        mine = {
            node
            for node, parts in enumerate(facts_of.nodes)
            if parts[0] in (facts.GLOBAL, facts.ATTR, facts.IMPORT, facts.FUNCTION)
            and _could_name(parts, each)
            and any(one[0] in "FM" and one[1] == each.fid for one in typing.of(file, node))
        }
        if not mine:
            continue
        for kind, node, start, end in _sites(facts_of):
            parts = facts_of.nodes[node]
            if kind not in (facts.CALLS, facts.AWAITS) or parts[0] != facts.CALL:
                continue
            if mine & {*parts[2], *parts[4]}:
                kind_now = "a coroutine function" if each.is_async else "a plain function"
                reason = f"`{each.name}` is handed on, and would be {kind_now}"
                yield Mismatch(each.path, each.symbol, Location(facts_of.path, start, end), reason)


def _could_name(parts: tuple[object, ...], each: Turned) -> bool:
    if parts[0] == facts.FUNCTION:
        return True
    if parts[0] == facts.IMPORT:
        return str(parts[1]).rpartition(".")[2] == each.name
    return each.name == (parts[2] if parts[0] == facts.ATTR else parts[1])


def _relatives(each: Turned, project: Project) -> Iterator[Mismatch]:
    """Return the methods of the same name, above and below, that are of the other kind."""
    typing, hierarchy = project.typing, project.typing.hierarchy
    file, function = typing.functions[each.fid]
    if function.owner < 0:
        return
    mine = typing.first_class[file] + function.owner
    for cls in {*hierarchy.order(mine)[0], *hierarchy.subclasses.get(mine, ())} - {mine}:
        fid = hierarchy.own_method(cls, function.name)
        if fid >= 0 and bool(typing.functions[fid][1].flags & facts.ASYNC) != each.is_async:
            at, other = typing.functions[fid]
            where = Location(project.files[at].path, other.start, other.end)
            reason = f"`{each.symbol}` and `{project.graph.qualname(fid)}` would differ in kind"
            yield Mismatch(each.path, each.symbol, where, reason)
