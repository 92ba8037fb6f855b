"""Which functions have to become asynchronous together with one, and who has to await them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.rewrites.references import refuse_references
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.types import Type
    from asyncfix.rewrites.workspace import Workspace

_MOST = 60  # functions; a reader of the change gives up long before
OWN_LOOP = re.compile(rb"\b(?:asyncio\.run|run_until_complete|async_to_sync|new_event_loop)\b")
_PLAIN_BASES = frozenset(("object", "ABC", "Protocol", "Generic"))
_PLAIN_DECORATORS = frozenset(("staticmethod", "classmethod", "abstractmethod", "override"))
_TEST_DECORATORS = frozenset(("patch", "object", "parametrize", "asyncio", "anyio"))


class Call(NamedTuple):
    """A call that will have to be awaited: where it stands, and the function around."""

    path: str
    start: int
    end: int
    caller: int


@dataclass(frozen=True)
class Turning:
    """Functions that become asynchronous, and every call of them."""

    functions: tuple[int, ...]
    calls: tuple[Call, ...]


def turning(workspace: Workspace, first: int) -> Turning:
    """Follow a function up to asynchronous callers; raise RefusedError where one cannot await."""
    typing = workspace.project.typing
    pending = [first]
    functions: dict[int, None] = {}
    calls: dict[Call, None] = {}
    while pending:
        fid = pending.pop()
        if fid in functions:
            continue
        family = family_of(workspace, fid)
        functions.update(dict.fromkeys(family))
        if len(functions) > _MOST:
            raise RefusedError(f"more than {_MOST} functions would become asynchronous")
        for member in family:
            _refuse_kind(workspace, member)
        mine = _calls(workspace, family)
        entered = any(
            e in workspace.project.entries or is_run_as_test(workspace, e) for e in family
        )
        if not mine and not entered:
            raise RefusedError(f"nothing calls `{_name(workspace, fid)}`: who awaits it is unknown")
        refuse_references(workspace, family)
        calls.update(dict.fromkeys(mine))
        pending += [each.caller for each in mine if each.caller not in typing.asynchronous]
    return Turning(tuple(functions), tuple(sorted(calls)))


def _name(workspace: Workspace, fid: int) -> str:
    return workspace.project.typing.functions[fid][1].qualname


def is_run_as_test(workspace: Workspace, fid: int) -> bool:
    """Tell whether a test runner runs a function by its name."""
    file, function = workspace.project.typing.functions[fid]
    is_top = function.parent == 0 or function.owner >= 0
    return (
        is_top and function.name.startswith("test") and is_test(workspace.project.files.paths[file])
    )


# Families


def family_of(workspace: Workspace, fid: int) -> list[int]:
    """Return a function with the methods that override it or that it overrides."""
    typing = workspace.project.typing
    file, function = typing.functions[fid]
    if function.owner < 0:
        return [fid]
    hierarchy, name = typing.hierarchy, function.name
    found = {typing.first_class[file] + function.owner}
    queue = list(found)
    while queue:
        cls = queue.pop()
        near = {*hierarchy.order(cls)[0], *hierarchy.subclasses.get(cls, ())}
        fresh = {each for each in near - found if hierarchy.method(each, name) >= 0}
        found |= fresh
        queue += fresh
    for cls in found:
        strange = [
            base for base in hierarchy.order(cls)[1] if base.rpartition(".")[2] not in _PLAIN_BASES
        ]
        if strange:
            raise RefusedError(f"`{strange[0]}`, a base of its class, may call `{name}`")
    return sorted({hierarchy.own_method(cls, name) for cls in found} - {-1})


# Functions that cannot turn


def _refuse_kind(workspace: Workspace, fid: int) -> None:
    """Raise RefusedError for a function that cannot simply become asynchronous."""
    typing = workspace.project.typing
    file, function = typing.functions[fid]
    name = function.qualname
    if fid in typing.asynchronous:
        raise RefusedError(f"a method of the same name is asynchronous already: `{name}`")
    if fid == typing.first_function[file]:
        raise RefusedError(f"{typing.files.paths[file]} calls it while it is imported")
    if function.flags & facts.LAMBDA:
        raise RefusedError("a lambda calls it, and cannot await")
    if function.flags & facts.GENERATOR:
        raise RefusedError(f"`{name}` is a generator, whose values would have to be awaited")
    if function.name.startswith("__"):
        raise RefusedError(f"Python calls `{name}` by itself, and does not await it")
    path = typing.files.paths[file]
    code = workspace.text(path).data[function.start : function.end]
    if OWN_LOOP.search(code):
        raise RefusedError(f"`{name}` runs a loop of its own")
    refuse_decorated(workspace, fid)
    refuse_entered(workspace, fid)


def refuse_decorated(workspace: Workspace, fid: int) -> None:
    """Raise RefusedError for a function in a decorator that may not await it."""
    typing = workspace.project.typing
    file, function = typing.functions[fid]
    known = set(_PLAIN_DECORATORS)
    entry = workspace.project.entries.get(fid)
    if entry is not None:
        roots = workspace.project.packs.library.roots
        known |= {each.rpartition(".")[2] for root in roots for each in root.decorators}
    if is_test(typing.files.paths[file]):
        known |= _TEST_DECORATORS
    strange = sorted(typing.decorators.names(fid) - known)
    if strange:
        raise RefusedError(f"`{function.qualname}` has the decorator `{strange[0]}`")
    if len(typing.decorators.names(fid)) < len({*function.decorators}) and not is_test(
        typing.files.paths[file]
    ):
        raise RefusedError(f"`{function.qualname}` has a decorator that cannot be told")


def refuse_entered(workspace: Workspace, fid: int) -> None:
    """Raise RefusedError for what something outside the project runs, unless it awaits it."""
    entry = workspace.project.entries.get(fid)
    if entry is None or entry.plain or entry.startup:
        return
    if entry.kind != "test":
        raise RefusedError(f"`{_name(workspace, fid)}` is run as {entry.kind}, without a loop")


# Calls


def _calls(workspace: Workspace, family: list[int]) -> list[Call]:
    """Return every call of some methods; raise RefusedError where one may be and is not known."""
    typing = workspace.project.typing
    name = typing.functions[family[0]][1].name
    found: list[Call] = []
    for file, nodes in typing.index.callers(name):
        verdicts = {node: _runs(workspace, file, node, family) for node in nodes}
        for index, kind, node, start, end in called_at(workspace, file):
            if verdicts.get(node) is None:
                continue
            path = typing.files.paths[file]
            if not verdicts[node]:
                row = workspace.text(path).position(start)[0]
                raise RefusedError(
                    f"what `{name}` is called on is not known ({path}:{row}): it may be this one"
                )
            if kind == facts.AWAITS:
                raise RefusedError(f"what `{name}` returns is awaited in {path}")
            found.append(Call(path, start, end, typing.first_function[file] + index))
    return found


def called_at(workspace: Workspace, file: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield the calls of a file: function, kind, node, start, end."""
    for index, function in enumerate(workspace.project.files[file].functions):
        for at in range(0, len(function.sites), facts.SITE):
            kind, node, start, end = function.sites[at : at + 4]
            if kind in (facts.CALLS, facts.AWAITS):
                yield index, kind, node, start, end


def _runs(workspace: Workspace, file: int, node: int, family: list[int]) -> bool | None:
    """Tell whether a call runs one of some methods: None if it does not, False if unknown."""
    typing = workspace.project.typing
    nodes = typing.files[file].nodes
    called = nodes[node][1]
    types = typing.of(file, called)
    mine = [each for each in types if _reaches(workspace, each, family)]
    if mine and len(mine) < len(types):
        name = typing.functions[family[0]][1].name
        raise RefusedError(
            f"a call of `{name}` in {typing.files.paths[file]} may run something else as well"
        )
    if mine:
        return True
    return False if not types and _may_be(workspace, file, called, family) else None


def _reaches(workspace: Workspace, each: Type, family: list[int]) -> bool:
    calls = workspace.project.typing.calls
    return any(calls.reaches(each, fid) is not None for fid in family)


def _may_be(workspace: Workspace, file: int, called: int, family: list[int]) -> bool:
    """Tell whether something of unknown type may be one of some methods after all.

    A bare name is what the file binds to it: what is put there is a use of its own.
    """
    typing = workspace.project.typing
    parts = typing.files[file].nodes[called]
    if parts[0] == facts.ATTR:
        return not _is_outside(workspace, file, parts[1])
    is_method = typing.functions[family[0]][1].owner >= 0
    return not is_method and bool(typing.files[file].stars)


def _is_outside(workspace: Workspace, file: int, base: int) -> bool:
    """Tell whether a receiver is something of a library, whose methods are not of the project."""
    types = workspace.project.typing.of(file, base)
    return bool(types) and all(
        each[0] in "XEBSTPDW" or (each[0] in "IC" and _is_closed(workspace, each)) for each in types
    )


def _is_closed(workspace: Workspace, each: Type) -> bool:
    """Tell whether all that a class has is known: it has no bases outside of the project."""
    hierarchy = workspace.project.typing.hierarchy
    return all(base.rpartition(".")[2] in _PLAIN_BASES for base in hierarchy.order(each[1])[1])
