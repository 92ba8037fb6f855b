"""Accessors that build a service on first use become cached functions that build it once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.accessor import accessor_of
from asyncfix.rewrites.lifecycle.building import built
from asyncfix.rewrites.lifecycle.constructor import shared_class
from asyncfix.rewrites.lifecycle.elsewhere import ported
from asyncfix.rewrites.lifecycle.injection import NONE, injected
from asyncfix.rewrites.lifecycle.owned import UNAWAITED
from asyncfix.rewrites.lifecycle.registry import refuse_spelled
from asyncfix.rewrites.lifecycle.state import built_at_start, lazy_of
from asyncfix.rewrites.lifecycle.symbols import uses
from asyncfix.rewrites.lifespan import Held as InLifespan
from asyncfix.rewrites.lifespan import in_lifespan
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.rewrites.lifecycle.injection import Injected
    from asyncfix.rewrites.lifecycle.symbols import Use
    from asyncfix.rewrites.lifespan import Change
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_SERVED = frozenset(("endpoint", "websocket", "dependency", "middleware", "handler", "lifespan"))
_AT_START = "it is built when the application starts: what it needs has to be there by then"
_ASYNC_CACHE = "async-lru>=2.0"
_THREADS = "two threads that come first at once would build two: the lock that is gone let one wait"


class _Cache(NamedTuple):
    """How what was built is kept: what decorates the accessor, and what that needs."""

    decorator: str
    imports: tuple[Import, ...]
    requires: tuple[str, ...] = ()


def lazy_singleton(
    workspace: Workspace, finding: Finding
) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrites of a lazily built service, the best first."""
    function = workspace.function_at(finding.location)
    if function is not None and function.name == "__new__":
        yield "cached", lambda: shared_class(workspace, finding)
        return
    held = lazy_of(workspace, finding)
    if held is not None:
        yield "lifespan", lambda: built_at_start(workspace, finding, held)
        return
    yield "lifespan", lambda: _at_start(workspace, finding)
    yield "cached", lambda: _cached(workspace, finding)


def _cached(workspace: Workspace, finding: Finding) -> Fix:
    """Return the fix that has the accessor keep what it builds in a cache."""
    accessor = accessor_of(workspace, finding)
    calls = list(_uses(accessor))
    _refuse_arguments(accessor, calls)
    cache = _cache(accessor)
    elsewhere = list(ported(accessor, accessor.held.name if accessor.is_apart else accessor.name))
    written = _apart(accessor, cache) if accessor.is_apart else _written(accessor, cache, calls)
    edits = (*written, *elsewhere)
    if not sound(edits):
        raise RefusedError("what has to change in one place would be changed twice")
    safe = not (
        elsewhere[1:]
        or accessor.is_configured
        or accessor.before
        or accessor.params
        or accessor.is_async
        or accessor.locks
        or accessor.held.scope != "module"
    )
    return Fix(
        title=f"Let `{accessor.name}` build the service once, and keep it in a cache",
        applicability=Applicability.SAFE if safe else Applicability.UNSAFE,
        edits=edits,
        notes=tuple(_notes(accessor, calls)),
        strategy="cached",
        imports=cache.imports,
        requires=cache.requires,
    )


def _at_start(workspace: Workspace, finding: Finding) -> Fix:
    """Return the fix that has the application build it, and hands it to endpoints."""
    fix = _cached(workspace, finding)
    accessor = accessor_of(workspace, finding)
    if accessor.held.scope == "registry" and accessor.params:
        raise RefusedError("which services are asked for is known by its callers only")
    if finding.root.kind not in _SERVED:
        raise RefusedError("no endpoint is seen to need it")
    calls = [use for use in _uses(accessor) if use.call is not None and not is_test(use.path)]
    if accessor.held.scope != "class" and all(_is_conditional(use) for use in calls):
        raise RefusedError("it is asked for under conditions only")
    given = injected(accessor, calls) if accessor.held.scope != "class" else NONE
    alone = len(list(ported(accessor, accessor.name))) == 1  # its definition: nothing closes it
    opened = _opened(accessor, calls, _closing(accessor, calls) if alone else ())
    edits = (*fix.edits, *given.edits, *(opened.edits if opened else ()))
    if not sound(edits):
        raise RefusedError("what has to change in one place would be changed twice")
    return replace(
        fix,
        title=f"Build what `{accessor.name}` gives when the application starts",
        applicability=Applicability.UNSAFE,
        edits=edits,
        notes=(*(note for note in fix.notes if note != _THREADS), _AT_START, *_given(given)),
        strategy="lifespan",
        imports=(*fix.imports, *given.imports, *(opened.imports if opened else ())),
    )


def _given(given: Injected) -> Iterator[str]:
    if given.endpoints:
        names = ", ".join(f"`{each}`" for each in given.endpoints)
        yield f"taken as a dependency by {names}, where `app.dependency_overrides` replaces it"


def _is_conditional(use: Use) -> bool:
    """Tell whether a call runs under a test only."""
    for each in use.node.parents:
        if each.kind in ("FunctionDef", "Lambda"):
            return False
        if each.kind in ("If", "IfExp", "BooleanOperation", "ExceptHandler"):
            return True
    return False


def _closing(accessor: Accessor, calls: list[Use]) -> tuple[str, ...]:
    """Return the statements that close a client of a library, unless a caller does so."""
    workspace = accessor.workspace
    file = workspace.files[accessor.path]
    found = [workspace.project.services.made(file, each) for each in accessor.lazy.values]
    client = found[0].client if len(found) == 1 and found[0] else None
    if client is None or not client.close or accessor.is_apart or accessor.held.scope == "class":
        return ()
    if found[0] is not None and found[0].name.startswith(UNAWAITED):
        return ()
    given = "(await {service}())" if accessor.is_async else "{service}()"
    close = f"{given}.{client.close}()"
    for use in calls:
        around = use.scope.text if use.scope is not None else ""
        if f".{client.close}(" in around:
            return ()
    return (f"await {close}" if client.awaits else close, "{service}.cache_clear()")


def _opened(accessor: Accessor, calls: list[Use], closing: tuple[str, ...]) -> Change | None:
    """Return what has the application ask for the service at start; None if it does so."""
    workspace = accessor.workspace
    for use in calls:
        function = workspace.function_at(Location(use.path, use.node.start, use.node.end))
        if function is None:
            continue
        file = workspace.files[use.path]
        index = workspace.facts(use.path).functions.index(function)
        entry = workspace.project.entries.get(workspace.project.typing.first_function[file] + index)
        if entry is not None and entry.startup:
            return None
    module = workspace.project.typing.modules.name(workspace.files[accessor.path])
    name, called = accessor.name, accessor.name
    if accessor.held.scope == "class":
        name = workspace.facts(accessor.path).classes[accessor.function.owner].name
        called = f"{name}.{accessor.name}"
    told = called.replace(name, "{service}", 1) + "()"
    opening = (f"await {told}" if accessor.is_async else told,)
    held = InLifespan(opening, closing, {"service": (module, name)})
    return in_lifespan(workspace, accessor.path, held)


def _notes(accessor: Accessor, calls: list[Use]) -> Iterator[str]:
    if accessor.locks and not accessor.is_async:
        yield _THREADS
    is_dict = accessor.held.scope == "registry"
    if accessor.params and not is_dict and not list(_without_parameters(accessor, calls)):
        yield "nothing passes its parameters: another value would now build another service"


def _uses(accessor: Accessor) -> Iterator[Use]:
    """Yield the uses of the accessor in the project."""
    if accessor.held.scope != "class":
        yield from uses(accessor.workspace, accessor.path, accessor.name)


def _refuse_arguments(accessor: Accessor, found: list[Use]) -> None:
    """Raise RefusedError where callers pass what only the first call takes."""
    if accessor.held.scope == "registry":
        refuse_spelled(accessor, found)
        return
    if not accessor.params:
        return
    names = ", ".join(f"`{each.name}`" for each in accessor.params)
    if accessor.held.scope == "class":
        calls = accessor.workspace.project.lifetimes.calls_of(accessor.fid)
        nodes = accessor.workspace.project.files
        passed = any(nodes[each.file].nodes[each.node][2:4] != ((), ()) for each in calls)
    else:
        passed = any(use.call is not None and use.call.all("args") for use in found)
        passed = passed or any(use.call is None and not use.is_text for use in found)
    if passed or any(not each.default and each.kind == "" for each in accessor.params):
        raise RefusedError(f"{names} count on the first call only; a cache keeps one for each")


def _cache(accessor: Accessor) -> _Cache:
    scope = accessor.node
    path, workspace = accessor.path, accessor.workspace
    if accessor.held.scope == "registry" and accessor.params and not accessor.is_async:
        name, imports = bound(workspace, path, scope, "functools")
        return _Cache(f"{name}.cache", imports)
    if accessor.is_async and not accessor.is_apart:
        name, imports = bound(workspace, path, scope, "async_lru", "alru_cache")
        return _Cache(f"{name}(maxsize=1)", imports, (_ASYNC_CACHE,))
    known = workspace.imports(path).binding(Import("", "functools", "lru_cache"))
    if known:
        return _Cache(f"{known}(maxsize=1)", ())
    name, imports = bound(workspace, path, scope, "functools")
    return _Cache(f"{name}.lru_cache(maxsize=1)", imports)


def _written(accessor: Accessor, cache: _Cache, calls: list[Use]) -> Iterator[Edit]:
    """Yield the edits of the accessor itself: its decorator, and a body that only builds."""
    path, node = accessor.path, accessor.node
    data = node.tree.data
    indent = pieces.indent_of(data, node.start)
    newline = f"\n{indent}"
    yield Edit(Location(path, node.start, node.start), f"@{cache.decorator}{newline}")
    yield from _shared(accessor)
    yield from _without_parameters(accessor, calls)
    yield from _narrowed(accessor)
    body = scopes.block(node)
    if node["body"].kind != "IndentedBlock":
        raise RefusedError("the accessor is written in one row")
    begin = pieces.lead(data, body[0].start)
    inner = pieces.indent_of(data, body[0].start)
    end = pieces.row_end(data, body[-1].end)
    yield Edit(Location(path, begin, end), built(accessor, inner))


def _apart(accessor: Accessor, cache: _Cache) -> Iterator[Edit]:
    """Yield the edits that let a plain function build, which a coroutine only asks."""
    path, node = accessor.path, accessor.node
    data = node.tree.data
    body = scopes.block(node)
    if accessor.params or node["body"].kind != "IndentedBlock":
        raise RefusedError("the accessor is written in an unusual way")
    inner = pieces.indent_of(data, body[0].start)
    told = [each for each in accessor.before if each.start == body[0].start]
    text = told and told[0].text.startswith(('"', "'", "r"))
    kept = pieces.rows(body[0], inner) if text else ""
    accessor.before = [each for each in accessor.before if not text or each.raw is not told[0].raw]
    returns = ""
    if node.has("returns"):
        annotation = node["returns"]["annotation"]
        narrowed = [each.text for each in _narrowed(accessor)]
        returns = f" -> {narrowed[0] if narrowed else annotation.text}"
    name = accessor.held.name
    maker = f"@{cache.decorator}\ndef {name}(){returns}:\n{built(accessor, inner)}\n\n"
    start = pieces.row_start(data, node.start)
    yield Edit(Location(path, start, start), maker)
    yield from _narrowed(accessor)
    begin, end = pieces.lead(data, body[0].start), pieces.row_end(data, body[-1].end)
    yield Edit(Location(path, begin, end), f"{kept}{inner}return {name}()\n")


def _shared(accessor: Accessor) -> Iterator[Edit]:
    """Make a class method static whose subclasses would else each keep a service of their own."""
    workspace, function = accessor.workspace, accessor.function
    if not function.flags & facts.CLASSMETHOD:
        return
    typing = workspace.project.typing
    cls = typing.first_class[workspace.files[accessor.path]] + function.owner
    if not typing.hierarchy.subclasses.get(cls):
        return
    receiver = function.params[0].name
    others = [
        each
        for part in (*accessor.before, *accessor.build)
        for each in scopes.names(part)
        if each.text == receiver and not _is_held(accessor, each)
    ]
    if others or accessor.function.params[1:]:
        raise RefusedError(f"`{accessor.name}` builds another one for each subclass")
    mark = next(e for e in accessor.node.all("decorators") if e["decorator"].text == "classmethod")
    at = mark["decorator"]
    yield Edit(Location(accessor.path, at.start, at.end), "staticmethod")
    tokens = workspace.imports(accessor.path).tokens
    opening, closing = pieces.parentheses(tokens, accessor.node["name"].end)
    yield Edit(Location(accessor.path, opening + 1, closing), "")


def _is_held(accessor: Accessor, name: Node) -> bool:
    above = name.parent
    return above is not None and accessor.held.is_at(above)


def _without_parameters(accessor: Accessor, calls: list[Use]) -> Iterator[Edit]:
    """Drop parameters that nothing passes, and that building does not use."""
    if not accessor.params or any(use.call is None for use in calls):
        return
    if accessor.held.scope == "registry":
        return
    used = {e.text for part in (*accessor.before, *accessor.build) for e in scopes.names(part)}
    if used & {each.name for each in accessor.params}:
        return
    kept = accessor.function.params[: len(accessor.function.params) - len(accessor.params)]
    tokens = accessor.workspace.imports(accessor.path).tokens
    opening, closing = pieces.parentheses(tokens, accessor.node["name"].end)
    told = ", ".join(each.name for each in kept)
    yield Edit(Location(accessor.path, opening + 1, closing), told)


def _narrowed(accessor: Accessor) -> Iterator[Edit]:
    """Take None out of what the accessor is said to return."""
    if not accessor.node.has("returns"):
        return
    told = accessor.node["returns"]["annotation"]
    parts = [each.strip() for each in told.text.split("|")]
    if told.text.startswith(("Optional[", "typing.Optional[")) and told.text.endswith("]"):
        inner = told.text[told.text.index("[") + 1 : -1]
        yield Edit(Location(accessor.path, told.start, told.end), inner)
    elif "None" in parts and len(parts) > 1 and "[" not in told.text:
        kept = " | ".join(each for each in parts if each != "None")
        yield Edit(Location(accessor.path, told.start, told.end), kept)
