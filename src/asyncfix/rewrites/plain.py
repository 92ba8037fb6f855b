"""Makes an endpoint that never awaits a plain function, which its framework runs in a thread."""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Applicability, Fix
from asyncfix.project import locks
from asyncfix.rewrites.callee import refuse_moved
from asyncfix.rewrites.handling import refuse_handling
from asyncfix.rewrites.references import TAKERS
from asyncfix.rewrites.updates import refuse_rewritten
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.project.roots import Entry
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.statements import Token

STRATEGY = "sync"
_HANDLER = "exception handler"  # it is called while the exception is handled
_TAKERS = TAKERS | {"add_api_route"}
_LOOP_WORDS = frozenset(("asyncio", "anyio", "trio", "contextvars"))
_DEF = re.compile(rb"async\s+(?=def\b)")


def entry_of(place: Place) -> Entry | None:
    """Return how a framework enters the function of a place, if it would run a plain one."""
    project = place.workspace.project
    fid = project.graph.instances[place.chain.instance][0]
    entry = project.entries.get(fid)
    return entry if entry is not None and entry.plain else None


def plain_function(place: Place) -> Fix:
    """Return the fix that drops `async`; raise RefusedError where somebody would miss it."""
    entry = entry_of(place)
    if entry is None or not place.scope.is_async:
        raise RefusedError("no framework runs this function in a thread")
    _refuse_body(place)
    _refuse_generator(place)
    for each in place.scope["body"].own():
        refuse_rewritten(each, place.scope)
    refuse_moved(place, place.chain.instance)
    if entry.kind == _HANDLER:
        refuse_handling(place, [place.chain.instance])
    _refuse_decorated(place, entry)
    _refuse_used(place, entry)
    data = place.workspace.text(place.path).data
    match = _DEF.match(data, place.scope.start)
    if match is None:
        raise RefusedError("the definition is written in an unusual way")
    name = place.scope["name"].text
    return Fix(
        title=f"Make `{name}` a plain function, which its framework runs in a thread",
        applicability=Applicability.UNSAFE,
        edits=(place.replaced(match.start(), match.end(), ""),),
        notes=("it then runs beside others at the same time: what they share must allow that",),
        strategy=STRATEGY,
    )


def _refuse_body(place: Place) -> None:
    body = scopes.block(place.scope)
    word = scopes.awaits(body)
    if word and word != "yield":
        raise RefusedError(f"it has `{word}` in it")
    for each in body:
        for name in scopes.names(each):
            if name.text in _LOOP_WORDS:
                raise RefusedError(f"it uses `{name.text}`, which may need the running loop")
    graph = place.workspace.project.graph
    if any(
        edge.caller == place.chain.instance and edge.kind == "task"
        for edges in graph.spawned.values()
        for edge in edges
    ):
        raise RefusedError("it makes a coroutine, which the loop must run")


def _refuse_generator(place: Place) -> None:
    """Raise RefusedError for a generator that is told to be asynchronous, or keeps a lock."""
    fid = place.workspace.project.graph.instances[place.chain.instance][0]
    _, function = place.workspace.project.typing.functions[fid]
    if not function.flags & facts.GENERATOR:
        return
    if place.scope.has("returns") and "Async" in place.scope["returns"].text:
        raise RefusedError("its annotation says that it is an asynchronous generator")
    if locks.taken(place.workspace.project.typing, fid):
        raise RefusedError("it holds a lock while it has yielded, and may go on in another thread")


def _refuse_decorated(place: Place, entry: Entry) -> None:
    """Raise RefusedError for decorators other than the framework's: they may await it."""
    project = place.workspace.project
    file, function = project.typing.functions[entry.fid]
    known = {name for root in project.packs.library.roots for name in root.decorators}
    for decorator in function.decorators:
        node = project.files[file].nodes[decorator]
        called = node[1] if node[0] == facts.CALL else decorator
        types = project.typing.of(file, called)
        names = {n for each in types if each[0] == "X" for n in _full_names(place, each)}
        if not names & known:
            raise RefusedError("another decorator is put on it, which may await it")


def _full_names(place: Place, each: tuple[object, ...]) -> Iterator[str]:
    yield str(each[1])
    last = str(each[1]).rpartition(".")[2]
    if each[2]:
        for base in place.workspace.project.typing.outside.order(str(each[2])):
            yield f"{base}.{last}"


def _refuse_used(place: Place, entry: Entry) -> None:
    """Raise RefusedError where the project, tests included, calls the function or passes it on."""
    project = place.workspace.project
    name = project.typing.functions[entry.fid][1].name
    for file, nodes in project.typing.index.callers(name):
        for node in nodes:
            if _may_call(place, file, node, entry.fid):
                raise RefusedError(f"`{name}` is called in {project.files[file].path}")
    for path in place.workspace.files:
        if _is_used(place.workspace, path, name, own=path == place.path):
            raise RefusedError(f"`{name}` is used as a value in {path}")


def _may_call(place: Place, file: int, node: int, fid: int) -> bool:
    typing = place.workspace.project.typing
    nodes = typing.files[file].nodes
    called = nodes[node][1]
    types = typing.of(file, called)
    if not types:
        return bool(nodes[called][0] != facts.ATTR)
    return any(each[0] in "FM" and each[1] == fid for each in types)


def _is_used(workspace: Workspace, path: str, name: str, *, own: bool) -> bool:
    """Tell whether a file uses a function other than by calling it or naming it to a framework."""
    data = workspace.text(path).data
    if name.encode() not in data:
        return False
    module = workspace.imports(path)
    if not own and not any(
        bound.name == name for s in module.statements for bound, _ in s.bindings()
    ):
        return False
    spans = [(each.start, each.end) for each in module.statements]
    tokens = module.tokens
    return any(
        token.text == name
        and token.type == tokenize.NAME
        and not any(start <= token.start < end for start, end in spans)
        and _is_value(tokens, index)
        for index, token in enumerate(tokens)
    )


def _is_value(tokens: Sequence[Token], index: int) -> bool:
    before, after = tokens[index - 1].text, tokens[index + 1].text
    if before in (".", "def", "class", "[") or after in ("(", "=", ":"):
        return False
    taker = tokens[index - 2].text if before == "(" else ""
    return taker not in _TAKERS
