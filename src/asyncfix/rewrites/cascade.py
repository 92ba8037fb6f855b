"""Makes what blocks asynchronous where it is, and every function that leads there."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Import, Location, Sink
from asyncfix.project.chains import chains, ways
from asyncfix.project.index import is_test
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.locks import refuse_held
from asyncfix.rewrites.place import Place, refuse_position
from asyncfix.rewrites.references import refuse_faked
from asyncfix.rewrites.strategies import strategies
from asyncfix.rewrites.turning import is_run_as_test, turning
from asyncfix.rewrites.updates import refuse_saved
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.project.chains import Chain
    from asyncfix.rewrites.turning import Call, Turning
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

STRATEGY = "cascade"
_NEAREST = 3  # functions below a place that may turn without the one that blocks
_DEF = re.compile(rb"def\b")
_MARK = re.compile(rb"@pytest\.mark\.(asyncio|anyio)\b")
_AUTO = re.compile(r"^\s*asyncio_mode\s*=\s*[\"']?auto\b", re.MULTILINE)
_PYTEST_FILES = ("pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini")
_BETWEEN = "other tasks may run wherever a call is now awaited, where before none could"


def cascade(place: Place) -> Fix:
    """Return the fix that awaits all the way down; raise RefusedError where somebody cannot.

    Where what blocks cannot be awaited itself, the function that the place calls, or one further
    down, becomes asynchronous, and moves what it calls to a thread.
    """
    workspace = place.workspace
    graph = workspace.project.graph
    callees = [graph.instances[edge.callee][0] for edge in place.chain.edges]
    reasons: list[str] = []
    for fid in dict.fromkeys((callees[-1], *callees[:_NEAREST])):
        found = workspace.kept("cascade", fid, partial(_attempt, place, fid))
        if not isinstance(found, str):
            return found
        reasons.append(found)
    raise RefusedError(reasons[0])


def _attempt(place: Place, fid: int) -> Fix | str:
    """Return the fix, or why there is none: it is the same for all who call the function."""
    try:
        return _fix(place, turning(place.workspace, fid))
    except RefusedError as error:
        return str(error)


def _fix(place: Place, turned: Turning) -> Fix:
    workspace = place.workspace
    for name in _classes(workspace, turned):
        refuse_faked(workspace, name)
    inner = list(_bodies(place, turned))
    edits = [
        *_definitions(workspace, turned),
        *(edit for call in turned.calls for edit in _awaited(workspace, call)),
    ]
    merged = _merged(edit for each in (*inner, Fix("", _SURE, tuple(edits))) for edit in each.edits)
    if not sound(merged):
        raise RefusedError("what has to change in one place would be changed twice")
    marks = tuple(_mark_imports(workspace, turned))
    paths = {each.location.path for each in merged}
    return Fix(
        title=_title(workspace, turned),
        applicability=Applicability.UNSAFE,
        edits=merged,
        notes=(
            _size(turned, len(paths)),
            _BETWEEN,
            *dict.fromkeys(note for each in inner for note in each.notes),
        ),
        strategy=STRATEGY,
        imports=tuple(dict.fromkeys((*(i for each in inner for i in each.imports), *marks))),
        requires=tuple(dict.fromkeys(r for each in inner for r in each.requires)),
    )


def _classes(workspace: Workspace, turned: Turning) -> dict[str, None]:
    """Return the names of the classes whose methods turn."""
    typing = workspace.project.typing
    functions = [typing.functions[fid] for fid in turned.functions]
    return dict.fromkeys(
        typing.files[file].classes[function.owner].name
        for file, function in functions
        if function.owner >= 0 and not is_test(typing.files.paths[file])
    )


def _size(turned: Turning, files: int) -> str:
    functions, calls = len(turned.functions), len(turned.calls)
    return (
        f"{functions} functions become asynchronous, {calls} calls are awaited, "
        f"{files} files change"
    )


_SURE = Applicability.SAFE


def _title(workspace: Workspace, turned: Turning) -> str:
    functions = workspace.project.typing.functions
    names = [functions[fid][1].qualname for fid in turned.functions]
    more = f" and {len(names) - 1} that lead to it" if len(names) > 1 else ""
    return f"Make `{names[0]}`{more} asynchronous, and await every call"


def _merged(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return each edit once; what is inserted at one place becomes one text, the outer first."""
    found: dict[Location, list[str]] = {}
    for each in edits:
        texts = found.setdefault(each.location, [])
        if each.text not in texts or each.location.start == each.location.end:
            texts.append(each.text)
    merged = []
    for location, texts in found.items():
        if location.start < location.end and len(texts) > 1:
            raise RefusedError("what has to change in one place would be changed twice")
        merged.append(Edit(location, "".join(texts)))
    return tuple(sorted(merged, key=lambda each: each.location))


# What blocks


def _bodies(place: Place, turned: Turning) -> Iterator[Fix]:
    """Yield the fixes of all that blocks in the functions, apart from calls of one another."""
    project = place.workspace.project
    graph = project.graph
    graph.grow(turned.functions)
    mine = set(turned.functions)
    awaited = {call[:3] for call in turned.calls}
    found = ways(graph, project.severity)
    by_place: dict[tuple[str, int, int], list[Chain]] = {}
    for chain in chains(graph, found, project.on_loop | mine, project.severity):
        where = (graph.path(chain.instance), chain.start, chain.end)
        if graph.instances[chain.instance][0] in mine and where not in awaited:
            by_place.setdefault(where, []).append(chain)
    done: list[Edit] = []
    for where in sorted(by_place):
        fix = _body(_inner_place(place, Location(*where), tuple(by_place[where])))
        if not set(fix.edits) <= set(done):
            done += fix.edits
            yield fix


def _inner_place(place: Place, where: Location, told: tuple[Chain, ...]) -> Place:
    workspace, hit = place.workspace, told[0].hit
    rule = workspace.project.packs.rules[hit.target.rule]
    sink = Sink(hit.name, hit.target.effect or "")
    finding = replace(place.finding, rule=rule.name, location=where, sink=sink)
    node, scope = _code(workspace, where)
    return Place(rule, finding, workspace, told, node, scope, turns=True)


def inner_fixes(place: Place, where: Location, told: tuple[Chain, ...]) -> Iterator[Fix]:
    """Yield the fixes of what blocks somewhere in a function that becomes asynchronous."""
    inner = _inner_place(place, where, told)
    for _, rewrite, _ in strategies(inner) if inner.rule.check == "blocking-call" else ():
        with suppress(RefusedError):
            yield rewrite(inner)


def _body(inner: Place) -> Fix:
    if inner.rule.check != "blocking-call":
        raise RefusedError(f"`{inner.chain.hit.name}` is no call that can be awaited")
    refuse_held(inner.workspace, inner.path, inner.node, inner.scope)
    reasons = []
    for _, rewrite, _ in strategies(inner):
        try:
            return rewrite(inner)
        except RefusedError as error:
            reasons.append(str(error))
    raise RefusedError(f"`{inner.chain.hit.name}` stays as it is: {'; '.join(reasons)}")


def _code(workspace: Workspace, where: Location) -> tuple[Node, Node]:
    """Return the expression at a place, and the function that it stands in."""
    tree = workspace.tree(where)
    node = tree.at(where.start, where.end) if tree else None
    scope = node.function if node is not None else None
    if node is None or scope is None or scope.kind == "Lambda":
        row = workspace.text(where.path).position(where.start)[0]
        raise RefusedError(f"no `await` can stand in {where.path}:{row}")
    return node, scope


# Calls


def _awaited(workspace: Workspace, call: Call) -> list[Edit]:
    """Return the edits that await a call; raise RefusedError where that cannot be."""
    node, scope = _code(workspace, Location(call.path, call.start, call.end))
    function = workspace.project.typing.functions[call.caller][1]
    if scope.start != function.start:
        raise RefusedError(f"a call in {call.path} runs in another function than it stands in")
    refuse_position(node, scope)
    refuse_held(workspace, call.path, node, scope)
    refuse_saved(workspace, call.path, node, scope)
    before, after = awaiting(node)
    opened = Edit(Location(call.path, node.start, node.start), before)
    return [opened, Edit(Location(call.path, node.end, node.end), after)] if after else [opened]


# Definitions


def _definitions(workspace: Workspace, turned: Turning) -> Iterator[Edit]:
    typing = workspace.project.typing
    for fid in turned.functions:
        file, function = typing.functions[fid]
        path = typing.files.paths[file]
        if not _DEF.match(workspace.text(path).data, function.start):
            raise RefusedError(f"the definition of `{function.qualname}` is written unusually")
        yield Edit(
            Location(path, function.start, function.start), f"{marked(workspace, fid)}async "
        )


def marked(workspace: Workspace, fid: int) -> str:
    """Return the rows that have a test runner await a test, if it does not do so by itself."""
    typing = workspace.project.typing
    file, function = typing.functions[fid]
    path = typing.files.paths[file]
    if not is_run_as_test(workspace, fid):
        return ""
    if function.owner >= 0 and typing.files[file].classes[function.owner].bases:
        raise RefusedError(f"the class of the test `{function.qualname}` may not await it")
    if _is_automatic(workspace) or {"asyncio", "anyio"} & typing.decorators.names(fid):
        return ""
    marks = Counter(
        mark
        for other in workspace.files
        if is_test(other)
        for mark in _MARK.findall(workspace.text(other).data)
    )
    if not marks:
        raise RefusedError(f"the test `{function.qualname}` calls it, and no test here awaits")
    data = workspace.text(path).data
    indent = data[data.rfind(b"\n", 0, function.start) + 1 : function.start].decode()
    newline = workspace.text(path).newline
    return f"@pytest.mark.{marks.most_common(1)[0][0].decode()}{newline}{indent}"


def _is_automatic(workspace: Workspace) -> bool:
    """Tell whether pytest-asyncio is told to await all tests that are coroutines."""
    if workspace.root is None:
        return False
    files = (workspace.root / name for name in _PYTEST_FILES)
    return any(_AUTO.search(each.read_text("utf-8", "replace")) for each in files if each.is_file())


def _mark_imports(workspace: Workspace, turned: Turning) -> Iterator[Import]:
    typing = workspace.project.typing
    for fid in turned.functions:
        if marked(workspace, fid):
            yield Import(typing.files.paths[typing.functions[fid][0]], "pytest")
