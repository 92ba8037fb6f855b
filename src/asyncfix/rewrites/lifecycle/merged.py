"""Writes the lifespan that takes the place of handlers, and hands it to what is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Import, Location
from asyncfix.rewrites.applications import App
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifespan import last_argument
from asyncfix.rewrites.names import abstract_classes
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

LISTS = {"on_startup": "startup", "on_shutdown": "shutdown"}


class Handler(NamedTuple):
    """A function that runs at an event, as the lifespan is to call it."""

    event: str
    call: str


@dataclass
class Made:
    """The call that makes an application or a router, and the function or module around it."""

    path: str
    name: str
    call: Node
    statement: Node
    scope: Node | None
    is_router: bool
    handlers: list[Handler] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)


class _Lifespan(NamedTuple):
    name: str
    edit: Edit


def defined(workspace: Workspace, made: Made) -> tuple[_Lifespan, tuple[Import, ...]]:
    """Return the edit that defines the lifespan above the call, and what it needs."""
    path, data = made.path, workspace.text(made.path).data
    used = {token.text for token in workspace.imports(path).tokens}
    wanted = ("router_lifespan", "lifespan") if made.is_router else ("lifespan", "app_lifespan")
    name = next((each for each in (*wanted, f"{made.name}_lifespan") if each not in used), "")
    if not name:
        raise RefusedError("every fitting name for a lifespan is taken")
    annotation = made.call["func"].text
    imports = [Import(path, "contextlib", "asynccontextmanager")]
    imports.append(Import(path, abstract_classes(workspace), "AsyncIterator"))
    if made.is_router:
        known = workspace.imports(path).binding(Import("", "fastapi", "FastAPI"))
        annotation = known or "FastAPI"
        imports.append(Import(path, "fastapi", "FastAPI"))
    parameter = "app" if not any("app." in each.call for each in made.handlers) else "_app"
    rows = [
        "@asynccontextmanager",
        f"async def {name}({parameter}: {annotation}) -> AsyncIterator[None]:",
        *(f"    {each.call}" for each in made.handlers if each.event == "startup"),
        "    yield",
        *(f"    {each.call}" for each in made.handlers if each.event == "shutdown"),
    ]
    start = pieces.lead_comment(data, made.statement.start)
    indent = pieces.indent_of(data, made.statement.start)
    gap = "\n" if indent else "\n\n"
    text = "".join(f"{indent}{row}\n" for row in rows) + gap
    if not indent and not data[:start].replace(b"\r", b"").endswith(b"\n\n\n"):
        text = ("\n" if data[:start].replace(b"\r", b"").endswith(b"\n\n") else "\n\n") + text
    return _Lifespan(name, Edit(Location(path, start, start), text)), tuple(imports)


def taken(workspace: Workspace, made: Made, name: str) -> Iterator[Edit]:
    """Yield the edits of the call: its lists of handlers go, and the lifespan comes."""
    call, path = made.call, made.path
    args = call.all("args")
    listed = [e for e in args if e.has("keyword") and e["keyword"].text in LISTS]
    if not listed:
        app = App(path, workspace.files[path], call.start, call.end, "", "", 0)
        before, space, after = last_argument(workspace, app)
        at = call.end - 1 - space
        yield Edit(Location(path, at, at), f"{before}lifespan={name}{after}")
        return
    first, *others = listed
    yield Edit(Location(path, first.start, first["value"].whole[1]), f"lifespan={name}")
    for each in others:
        index = next(at for at, one in enumerate(args) if one.raw is each.raw)
        above = args[index - 1]
        yield Edit(Location(path, above["value"].whole[1], each["value"].whole[1]), "")
