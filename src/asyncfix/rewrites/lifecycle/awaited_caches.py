"""Caches of coroutines become caches that await, and keep what was awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.symbols import module_tree
from asyncfix.rewrites.names import bound, free_name
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_LRU = frozenset(("functools.lru_cache", "cachetools.func.lru_cache"))
_TTL, _ALL = "cachetools.func.ttl_cache", "functools.cache"
_PROPERTIES = frozenset(
    (
        "functools.cached_property",
        "django.utils.functional.cached_property",
        "werkzeug.utils.cached_property",
    )
)
_REQUIRES = ("async-lru>=2.0",)
_SHARED = "who comes while the first call is awaited waits for it; failures are not kept"
_TASK = "a failure is kept, and who is cancelled while waiting cancels it for all"


def cached_coroutine(
    workspace: Workspace, finding: Finding
) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrite of a cache that keeps a coroutine."""
    yield "cached", lambda: _awaited(workspace, finding)


def _awaited(workspace: Workspace, finding: Finding) -> Fix:
    path, at = finding.location.path, finding.location
    tree = module_tree(workspace, path)
    call = tree.at(at.start, at.end)
    if call is not None and call.kind == "Call":
        mark = call["func"]  # of `lru_cache(maxsize=1)(f)` and `cache(f)`
        return _fix(*_renamed(workspace, path, mark, finding.subject))
    node = tree.function(at.start)
    if node is None:
        raise RefusedError("the cache is put on in an unusual way")
    if any(each.kind == "Yield" for each in node["body"].own()):
        raise RefusedError("what it keeps is a generator, of which each caller needs its own")
    if finding.subject in _PROPERTIES:
        return _task(workspace, path, node)
    mark = _mark(node, finding.subject)
    edits, imports = _renamed(workspace, path, mark, finding.subject)
    if not node.is_async:
        edits += _turned(path, node)
    return _fix(edits, imports)


def _fix(edits: list[Edit], imports: tuple[Import, ...]) -> Fix:
    return Fix(
        title="Keep what is awaited, with a cache that awaits",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(_SHARED,),
        strategy="cached",
        imports=imports,
        requires=_REQUIRES,
    )


def _mark(node: Node, cache: str) -> Node:
    """Return the decorator of a function that is the cache."""
    last = cache.rpartition(".")[2]
    for each in node.all("decorators"):
        mark = each["decorator"]
        callee = mark["func"] if mark.kind == "Call" else mark
        if callee.text.rpartition(".")[2] == last:
            return mark
    raise RefusedError("the cache has another name here")


def _renamed(
    workspace: Workspace, path: str, mark: Node, cache: str
) -> tuple[list[Edit], tuple[Import, ...]]:
    """Return the edits that put the cache which awaits in the place of one that does not."""
    name = workspace.imports(path).binding(Import("", "async_lru", "alru_cache"))
    imports = () if name else (Import(path, "async_lru", "alru_cache"),)
    name = name or "alru_cache"
    callee = mark["func"] if mark.kind == "Call" else mark
    if cache in _LRU and mark.kind == "Call":
        return [Edit(Location(path, callee.start, callee.end), name)], imports
    if cache in _LRU:
        text = f"{name}(maxsize=128)"
    elif cache == _ALL:
        text = f"{name}(maxsize=None)"
    elif cache == _TTL and mark.kind == "Call":
        text = f"{name}({_lifetime(mark)})"
    else:
        raise RefusedError(f"`{cache}` has no form that awaits")
    return [Edit(Location(path, mark.start, mark.end), text)], imports


def _lifetime(mark: Node) -> str:
    """Return the size and the age of a cache of cachetools, as arguments."""
    told = {"maxsize": "128", "ttl": "600"}
    for name, each in zip(("maxsize", "ttl", "timer", "typed"), mark.all("args"), strict=False):
        word = each["keyword"].text if each.has("keyword") else name
        if word not in told or each.word("star"):
            raise RefusedError(f"a cache that awaits has no `{each.text.rstrip(', ')}`")
        told[word] = each["value"].text
    return ", ".join(f"{word}={value}" for word, value in told.items())


def _turned(path: str, node: Node) -> list[Edit]:
    """Return the edits after which a function that gave a coroutine awaits it."""
    returns = [each for each in node["body"].own() if each.kind == "Return"]
    if not returns or not all(e.has("value") and e["value"].kind == "Call" for e in returns):
        raise RefusedError("what it returns is no call")
    if len(node.all("decorators")) > 1:
        raise RefusedError("it has other decorators, which take it for a plain function")
    edits = [Edit(Location(path, node.start, node.start), "async ")]
    starts = [each["value"].whole[0] for each in returns]
    return [*edits, *(Edit(Location(path, at, at), "await ") for at in starts)]


def _task(workspace: Workspace, path: str, node: Node) -> Fix:
    """Return the fix of a property: it keeps the task that makes its value."""
    if len(node.all("decorators")) > 1 or not node.is_async:
        raise RefusedError("the property is written in an unusual way")
    data, name = node.tree.data, node["name"]
    indent = pieces.indent_of(data, node.start)
    step = "\t" if "\t" in indent else "    "
    receiver = node["params"].all("params")[0]["name"].text
    load = free_name(workspace, path, node, f"_load_{name.text.lstrip('_')}")
    asyncio, imports = bound(workspace, path, node, "asyncio")
    told = node["returns"]["annotation"].text if node.has("returns") else ""
    returns = f' -> "{asyncio}.Task[{told}]"' if told and '"' not in told else ""
    text = (
        f"def {name.text}({receiver}){returns}:\n"
        f"{indent}{step}return {asyncio}.create_task({receiver}.{load}())\n\n{indent}"
    )
    return Fix(
        title="Keep the task that makes the value, which many can await",
        applicability=Applicability.UNSAFE,
        edits=(
            Edit(Location(path, node.start, node.start), text),
            Edit(Location(path, name.start, name.end), load),
        ),
        notes=(_TASK,),
        strategy="cached",
        imports=imports,
    )
