"""Has an application build something before it serves, and close it afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.findings import Edit, Import, Location
from asyncfix.rewrites.applications import App, application, handlers
from asyncfix.rewrites.names import abstract_classes
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes
from asyncfix.syntax.statements import beginnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asyncfix.facts import Function
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_MANAGER = "asynccontextmanager"
_BLANK = re.compile(rb"[ \t]*")
_ROW = re.compile(rb"[^\n]*\n?")


class Held(NamedTuple):
    """What an application holds while it serves, as statements; none of them spans rows.

    `{app}` in them stands for the application, any other `{word}` for the name that `needs` has
    under the word, a module and what is imported from it. `opening` runs before serving,
    `closing` after it.
    """

    opening: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, str]] = {}


class Change(NamedTuple):
    """The edits that hold something, and what the edited file has to import."""

    path: str
    edits: tuple[Edit, ...]
    imports: tuple[Import, ...]


def in_lifespan(workspace: Workspace, near: str, held: Held) -> Change:
    """Return what has the application nearest to a file hold something while it serves.

    Its lifespan is extended, or its handlers of start and stop where it has such; without either
    it is given a lifespan. Raise RefusedError where none of that can be seen to work.
    """
    app = application(workspace, near)
    if app.lifespan:
        return _extended(workspace, app, held)
    own = handlers(workspace)
    return _handled(workspace, app, own, held) if own else _added(workspace, app, held)


def _names(
    workspace: Workspace, path: str, held: Held
) -> tuple[dict[str, str], tuple[Import, ...]]:
    """Return how a file calls what is needed, and what it has to import for that."""
    names, imports = {}, []
    module = workspace.imports(path)
    own = workspace.project.typing.modules.name(workspace.files[path])
    for word, (home, name) in held.needs.items():
        if home == own:
            names[word] = name
            continue
        known = module.binding(Import("", home, name))
        taken = not known and name in workspace.facts(path).names
        wanted = Import(path, home, name, f"_{name}" if taken else "")
        names[word] = known or wanted.bound
        if not known:
            imports.append(wanted)
    return names, tuple(imports)


# A lifespan that is there


def _extended(workspace: Workspace, app: App, held: Held) -> Change:
    """Return the edits of the lifespan that an application has."""
    typing = workspace.project.typing
    found = [each for each in typing.of(app.file, app.lifespan) if each[0] == "F"]
    if len(found) != 1 or _MANAGER not in typing.decorators.names(found[0][1]):
        raise RefusedError(f"the lifespan of the application in {app.path} is written unusually")
    file, function = typing.functions[found[0][1]]
    path = typing.files.paths[file]
    names, imports = _names(workspace, path, held)
    names = {"app": function.params[0].name if function.params else app.name, **names}
    scope = _scope(workspace, path, function)
    given = _yield(scope, path)
    edits = []
    if held.opening:
        row = _row(workspace, path, given.start)
        told = _indented(workspace, path, row, held.opening, names)
        edits.append(Edit(Location(path, row, row), told))
    if held.closing:
        edits.append(_after(workspace, path, _end_of_serving(given), held.closing, names))
    return Change(path, tuple(edits), imports)


def _scope(workspace: Workspace, path: str, function: Function) -> Node:
    tree = workspace.tree(Location(path, function.start, function.end))
    scope = tree.function(function.start) if tree else None
    if scope is None:
        raise RefusedError(f"`{function.qualname}` in {path} is written unusually")
    return scope


def _yield(scope: Node, path: str) -> Node:
    """Return the statement of a lifespan at which the application serves."""
    found = [each for each in scope["body"].own() if each.kind == "Yield"]
    statement = found[0].statement if len(found) == 1 else None
    if statement is None or statement.kind != "SimpleStatementLine":
        raise RefusedError(f"the lifespan in {path} does not yield in one plain place")
    return statement


def _end_of_serving(given: Node) -> Node:
    """Return the last statement that runs when the application stops, in the block that serves."""
    statement = given
    for each in given.parents:
        if each.kind in ("Try", "TryStar"):
            if each.has("finalbody"):
                return scopes.block(each["finalbody"])[-1]
            statement = each
        elif each.kind == "IndentedBlock" and statement.raw in [c.raw for c in each.children]:
            above = each.parent
            if above is None or above.kind not in ("Try", "TryStar"):
                return scopes.block(each)[-1]
    return statement


# Handlers of start and stop


def _handled(workspace: Workspace, app: App, own: Mapping[str, int], held: Held) -> Change:
    """Return the edits of the handlers: beside them a lifespan would take their place."""
    edits: list[Edit] = []
    imports: dict[Import, None] = {}
    paths = set()
    for event, told in (("startup", held.opening), ("shutdown", held.closing)):
        if not told:
            continue
        if event not in own:
            raise RefusedError(
                f"the application has handlers of its own, and none of its {event}: a lifespan "
                "would take their place"
            )
        file, function = workspace.project.typing.functions[own[event]]
        path = workspace.project.typing.files.paths[file]
        paths.add(path)
        names, more = _names(workspace, path, held)
        imports |= dict.fromkeys(more)
        if not function.flags & facts.ASYNC and any("await " in each for each in told):
            raise RefusedError(f"`{function.qualname}` in {path} is no coroutine")
        scope = _scope(workspace, path, function)
        last = scopes.block(scope)[-1]
        if last.kind == "SimpleStatementLine" and last.children[0].kind in ("Return", "Raise"):
            raise RefusedError(f"`{function.qualname}` in {path} ends before its last row")
        edits.append(_after(workspace, path, last, told, {"app": app.name, **names}))
    return Change(min(paths, default=app.path), tuple(edits), tuple(imports))


# A new lifespan


def _added(workspace: Workspace, app: App, held: Held) -> Change:
    """Return the edits that give an application a lifespan."""
    path, data = app.path, workspace.text(app.path).data
    if data[app.end - 1 : app.end] != b")":
        raise RefusedError(f"the application in {path} is made in an unusual way")
    names, needed = _names(workspace, path, held)
    names = {"app": "app", **names}
    name = _free(workspace, path, "lifespan")
    at = _before(workspace, app)
    rows = [
        f"@{_MANAGER}",
        f"async def {name}(app: {app.callee}) -> AsyncIterator[None]:",
        *(f"    {each.format_map(names)}" for each in held.opening),
        "    yield",
        *(f"    {each.format_map(names)}" for each in held.closing),
    ]
    text = _gap(data, at) + "".join(f"{row}\n" for row in rows) + "\n\n"
    before, space, after = last_argument(workspace, app)
    edits = (
        Edit(Location(path, at, at), text),
        Edit(
            Location(path, app.end - 1 - space, app.end - 1 - space),
            f"{before}lifespan={name}{after}",
        ),
    )
    imports = (
        Import(path, "contextlib", _MANAGER),
        Import(path, abstract_classes(workspace), "AsyncIterator"),
        *needed,
    )
    return Change(path, edits, imports)


def _gap(data: bytes, at: int) -> str:
    """Return the blank rows that are missing between a place and the code above it."""
    above = data[:at].replace(b"\r", b"")
    missing = 3 - (len(above) - len(above.rstrip(b"\n")))
    return "\n" * missing if above.strip() and missing > 0 else ""


def _free(workspace: Workspace, path: str, wanted: str) -> str:
    used = {token.text for token in workspace.imports(path).tokens}
    return next(name for name in (wanted, f"app_{wanted}", f"serving_{wanted}") if name not in used)


def _before(workspace: Workspace, app: App) -> int:
    """Return where the new function goes: above what makes the application, and its comments."""
    data = workspace.text(app.path).data
    starts = [each for each in beginnings(workspace.imports(app.path).tokens) if each <= app.start]
    while len(starts) > 1 and data[starts[-2] : starts[-2] + 1] == b"@":
        starts.pop()
    at = starts[-1]
    while data[_row(workspace, app.path, at - 1) : at].startswith(b"#"):
        at = _row(workspace, app.path, at - 1)
    return at


def last_argument(workspace: Workspace, app: App) -> tuple[str, int, str]:
    """Return what goes before another argument, the bytes from there on, and what goes after."""
    data = workspace.text(app.path).data
    inner = [
        token
        for token in workspace.imports(app.path).tokens
        if app.start <= token.start and token.end <= app.end - 1 and token.text.strip()
    ]
    last = inner[-1]
    if last.text == "(":
        return "", 0, ""
    between = data[last.end : app.end - 1]
    if b"#" in between:
        raise RefusedError(f"a comment stands behind the last argument in {app.path}")
    if b"\n" not in between:
        return (" " if last.text == "," else ", "), len(between), ""
    row = _row(workspace, app.path, last.start)
    indent = _BLANK.match(data, row)
    told = indent.group().decode() if indent else ""
    comma = last.text == ","
    return ("" if comma else ",") + f"\n{told}", len(between), "," if comma else ""


# Rows


def _row(workspace: Workspace, path: str, at: int) -> int:
    """Return where the row of an offset begins."""
    return workspace.text(path).data.rfind(b"\n", 0, at) + 1


def _indented(
    workspace: Workspace, path: str, row: int, told: Iterable[str], names: Mapping[str, str]
) -> str:
    """Return statements as rows, as far to the right as the code of a row."""
    found = _BLANK.match(workspace.text(path).data, row)
    indent = found.group().decode() if found else ""
    return "".join(f"{indent}{each.format_map(names)}\n" for each in told)


def _after(
    workspace: Workspace, path: str, last: Node, told: Sequence[str], names: Mapping[str, str]
) -> Edit:
    """Return the edit that puts statements behind one."""
    data = workspace.text(path).data
    row = _row(workspace, path, last.start)
    end = last.end
    if data[end - 1 : end] != b"\n":
        found = _ROW.match(data, end)
        end = found.end() if found else end
    text = _indented(workspace, path, row, told, names)
    if data[end - 1 : end] != b"\n":
        text = f"\n{text.rstrip()}"
    return Edit(Location(path, end, end), text)
