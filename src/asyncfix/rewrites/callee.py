"""What a call runs, and whether it may run in another thread."""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project import locks
from asyncfix.rewrites.handling import is_handling, refuse_handling
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.edges import Hit, Instance
    from asyncfix.project.graph import Graph
    from asyncfix.rewrites.place import Place

_PAIRED = frozenset(("__enter__", "acquire"))  # what runs them gives back, too
_ELSEWHERE = " elsewhere"
_MOST = 300  # functions that are looked at; more than any chain that was met has
_OWN_LOOP = re.compile(rb"\b(?:new_event_loop|asyncio\.run|set_event_loop)\s*\(")
_KEPT = re.compile(rb"\b(?:self|cls)\.\w+\s*(?::[^=\n]*)?=\s*\(?\s*\Z")
_ANY_THREAD = re.compile(rb"check_same_thread\s*=\s*False")


def refuse_bound(place: Place) -> None:
    """Raise RefusedError where what is called belongs to this thread or needs its loop."""
    start, end = place.finding.location.start, place.finding.location.end
    here = place.workspace.project.graph.edges[place.chain.instance]
    first = [edge.callee for edge in here if (edge.start, edge.end) == (start, end)]
    below = list(_below(place, first))
    _refuse_loop(place, below)
    _refuse_own_thread(place, below)
    _refuse_taken(place, below)
    if is_handling(place.node, place.scope):
        refuse_handling(place, first)
    _refuse_awaitable(place)
    _refuse_thread_bound(place, below)
    _refuse_handed(place)


def refuse_moved(place: Place, caller: Instance) -> None:
    """Raise RefusedError where a function, or what it calls, needs the running loop's thread."""
    graph = place.workspace.project.graph
    below = list(_below(place, [edge.callee for edge in graph.edges[caller]]))
    _refuse_loop(place, below)
    _refuse_own_thread(place, [caller, *below])


def _refuse_loop(place: Place, below: list[Instance]) -> None:
    workspace, graph = place.workspace, place.workspace.project.graph
    names = {full.rpartition(".")[2] for full in workspace.project.packs.library.needs_loop}
    calls = re.compile(rf"(?<!def )\b({'|'.join(sorted(names))})\s*\(".encode())
    for number in below:
        function = graph.function(number)
        if function.flags & facts.LAMBDA:
            continue
        for each in calls.finditer(_code(place, number)):
            word, at = each[1].decode(), function.start + each.start()
            if not _is_ours(graph, number, word, at) and not _starts_loop(place, number, below):
                raise RefusedError(
                    f"`{function.name}` calls `{word}`, which needs the running loop"
                )


def _refuse_taken(place: Place, below: list[Instance]) -> None:
    """Raise RefusedError where a function takes a lock that its caller would give back."""
    graph = place.workspace.project.graph
    for number in below:
        function = graph.function(number)
        if function.flags & facts.GENERATOR or function.name in _PAIRED:
            continue
        if locks.taken(graph.typing, graph.instances[number][0]):
            raise RefusedError(f"`{function.name}` takes a lock that stays with its thread")


def _refuse_own_thread(place: Place, below: list[Instance]) -> None:
    """Raise RefusedError where something is done that only the thread which does it can see."""
    known = place.workspace.project.packs.library.own_thread
    kept = place.workspace.kept
    calls: list[set[tuple[str, str]]] = [
        kept("own thread", fid, partial(_own_thread_calls, place, fid))
        for fid in dict.fromkeys(_moving(place, below))
    ]
    if place.is_direct:
        root = place.node.text.partition("(")[0].rpartition(".")[0].rpartition(".")[2]
        calls.append({(place.chain.hit.name, root)})
    for at, here in enumerate(calls):
        others = set[tuple[str, str]]().union(*calls[:at], *calls[at + 1 :])
        for name, of in sorted(here):
            whole = known.get(name, ())
            looks = {(each.removesuffix(_ELSEWHERE), of) for each in whole}
            within = {(each, of) for each in whole}
            if whole and not looks & others and not within & here:
                raise RefusedError(f"what `{name}` does is seen only by the thread that calls it")


def _moving(place: Place, below: list[Instance]) -> Iterator[int]:
    """Yield the functions that run in the thread, and those that decorators put around them."""
    graph, decorators = place.workspace.project.graph, set[int]()
    for number in below:
        fid = graph.instances[number][0]
        yield fid
        decorators |= set(_decorators(place, fid))
    queue, seen = sorted(decorators), set[int]()
    while queue and len(seen) < _MOST:
        fid = queue.pop()
        if fid not in seen:
            seen.add(fid)
            yield fid
            queue += place.workspace.kept("calls", fid, partial(_plain_calls, place, fid))


def _decorators(place: Place, fid: int) -> Iterator[int]:
    """Yield the functions of the project that decorate another one."""
    typing = place.workspace.project.typing
    file, function = typing.functions[fid]
    for decorator in function.decorators:
        yield from (each[1] for each in typing.of(file, decorator) if each[0] == "F")


def _plain_calls(place: Place, fid: int) -> list[int]:
    """Return the functions that a function calls by their names, and those that stand in it."""
    typing = place.workspace.project.typing
    file, function = typing.functions[fid]
    nodes, first = typing.files[file].nodes, typing.first_function[file]
    index = fid - first
    found = [
        first + at for at, each in enumerate(typing.files[file].functions) if each.parent == index
    ]
    for at in range(0, len(function.sites), facts.SITE):
        node = nodes[function.sites[at + 1]]
        if node[0] == facts.CALL and nodes[node[1]][0] == facts.GLOBAL:
            found += [each[1] for each in typing.of(file, node[1]) if each[0] == "F"]
    return found


def _own_thread_calls(place: Place, fid: int) -> set[tuple[str, str]]:
    """Return a function's calls of what the packs tell about threads: full names, of what."""
    project = place.workspace.project
    known = project.packs.library.own_thread
    names = {*known, *(e.removesuffix(_ELSEWHERE) for whole in known.values() for e in whole)}
    words = {name.rpartition(".")[2] for name in names}
    file, function = project.typing.functions[fid]
    nodes = project.files[file].nodes
    found = set[tuple[str, str]]()
    for at in range(0, len(function.sites), facts.SITE):
        node = nodes[function.sites[at + 1]]
        called = nodes[node[1]] if node[0] == facts.CALL else ()
        if called and called[0] in (facts.ATTR, facts.GLOBAL) and called[-1] in words:
            types = project.typing.of(file, node[1])
            of = str(nodes[called[1]][-1]) if called[0] == facts.ATTR else ""
            told = {project.typing.outside.canonical(t[1]) for t in types if t[0] == "X"}
            found |= {(name, of) for name in told & names}
    return found


def _starts_loop(place: Place, number: Instance, below: list[Instance]) -> bool:
    """Tell whether a function, or each that calls it, starts a loop where there is none."""
    if _OWN_LOOP.search(_code(place, number)):
        return True
    edges = place.workspace.project.graph.edges
    callers = [each for each in below if any(edge.callee == number for edge in edges[each])]
    return bool(callers) and all(_OWN_LOOP.search(_code(place, each)) for each in callers)


def _code(place: Place, number: Instance) -> bytes:
    graph = place.workspace.project.graph
    function = graph.function(number)
    return place.workspace.text(graph.file(number).path).data[function.start : function.end]


def _is_ours(graph: Graph, caller: Instance, name: str, at: int) -> bool:
    """Tell whether what a function calls by a name, at an offset, is a function of the project."""
    return any(
        edge.start <= at < edge.end and graph.function(edge.callee).name == name
        for edge in graph.edges[caller]
    )


def _below(place: Place, first: list[Instance]) -> Iterator[Instance]:
    """Yield functions and all that they run without awaiting, nearest first."""
    graph = place.workspace.project.graph
    queue = deque(first)
    seen: set[int] = set()
    while queue and len(seen) < _MOST:
        number = queue.popleft()
        if number not in seen:
            seen.add(number)
            yield number
            queue.extend(edge.callee for edge in graph.edges[number])


def _refuse_awaitable(place: Place) -> None:
    """Raise RefusedError where a call returns a coroutine: it would be awaited twice or never."""
    project = place.workspace.project
    file = place.workspace.files[place.path]
    for chain in place.chains:
        node = project.files[file].nodes[chain.node]
        if node[0] != facts.CALL:
            continue
        self_class = project.graph.instances[chain.instance][1]
        if any(each[0] == "W" for each in project.typing.of(file, chain.node, self_class)):
            raise RefusedError("what it returns must be awaited: it may need the running loop")


def _refuse_thread_bound(place: Place, below: list[Instance]) -> None:
    """Raise RefusedError where an object that was made in this thread refuses all others."""
    if not place.target.thread_bound or place.is_direct or _serves_any_thread(place):
        return
    graph = place.workspace.project.graph
    made = [(number, hit) for number in below for hit in graph.hits[number] if _makes(hit)]
    if made and not any(_is_kept(place, number, hit) for number, hit in made):
        return
    raise RefusedError("the object was made in another thread, and refuses to be used by this one")


def _refuse_handed(place: Place) -> None:
    """Raise RefusedError where a call takes or returns an object that knows its thread."""
    project, chain = place.workspace.project, place.chain
    file = place.workspace.files[place.path]
    node = project.files[file].nodes[chain.node]
    if place.is_direct or node[0] != facts.CALL:
        return
    self_class = project.graph.instances[chain.instance][1]
    for each in (chain.node, *node[2], *node[4]):
        for kind, name, *_ in project.typing.of(file, each, self_class) if each > 0 else ():
            if kind == "E" and _knows_its_thread(place, name) and not _serves_any_thread(place):
                raise RefusedError(f"a `{name}` serves no thread but the one that made it")


def _knows_its_thread(place: Place, name: str) -> bool:
    """Tell whether the methods of a class outside the project refuse all threads but one."""
    targets = place.workspace.project.packs.library.targets
    return any(
        target.thread_bound for each, target in targets.items() if each.startswith(f"{name}.")
    )


def _serves_any_thread(place: Place) -> bool:
    """Tell whether the project makes such objects for all threads, each that it makes."""
    graph, text = place.workspace.project.graph, place.workspace.text
    made = [
        text(graph.file(hit.caller).path).data[hit.start : hit.end]
        for hits in graph.hits
        for hit in hits
        if _makes(hit)
    ]
    return bool(made) and all(map(_ANY_THREAD.search, made))


def _makes(hit: Hit) -> bool:
    return hit.target.thread_bound and hit.name.rpartition(".")[2] in ("connect", "Connection")


def _is_kept(place: Place, number: Instance, hit: Hit) -> bool:
    """Tell whether a new object is put on `self`, where the next call finds it again."""
    graph = place.workspace.project.graph
    data = place.workspace.text(graph.file(number).path).data
    if _ANY_THREAD.search(data[hit.start : hit.end]):
        return False
    return _KEPT.search(data[max(0, hit.start - 200) : hit.start]) is not None
