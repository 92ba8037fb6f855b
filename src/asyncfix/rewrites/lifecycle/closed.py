"""Clients that nothing closes get an owner: a function that makes them, and the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.project.keeping import is_one
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.owned import UNAWAITED, owned_fix
from asyncfix.rewrites.lifecycle.provided import provided
from asyncfix.rewrites.lifecycle.symbols import module_tree
from asyncfix.rewrites.lifespan import Held, in_lifespan
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix import facts
    from asyncfix.findings import Finding
    from asyncfix.project.keeping import Kept
    from asyncfix.rewrites.workspace import Workspace

_CLOSES = ("aclose", "close", "disconnect", "__aexit__")


def client_at_import(
    workspace: Workspace, finding: Finding
) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrite of a client that a module makes while it is imported."""
    yield "lifespan", lambda: _made_at_start(workspace, _kept(workspace, finding))


def unclosed_client(
    workspace: Workspace, finding: Finding
) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrite of a client that an object or the application keeps."""
    kept = _kept(workspace, finding)
    if kept.scope == "state":
        yield "lifespan", lambda: _closed_behind(workspace, kept)
    else:
        yield "lifespan", lambda: _closed_by_owner(workspace, kept)


def _kept(workspace: Workspace, finding: Finding) -> Kept:
    project, at = workspace.project, finding.location
    for each in project.keeping.unclosed:
        place = each.making.at
        if (project.files.paths[place.file], place.start) == (at.path, at.start):
            return each
    raise RefusedError("the client is not known any more")


def _made_at_start(workspace: Workspace, kept: Kept) -> Fix:
    path = workspace.project.files.paths[kept.making.at.file]
    changes = provided(workspace, path, kept.name)
    return owned_fix(workspace, kept.making, path, kept.name, changes)


def _closed_behind(workspace: Workspace, kept: Kept) -> Fix:
    """Close what the application's state holds where the lifespan ends."""
    making, project = kept.making, workspace.project
    at, path = making.at, project.files.paths[making.at.file]
    entry = project.entries.get(project.lifetimes.fid(at.file, at.function))
    if entry is None or not entry.startup:
        raise RefusedError("the client is not made where the application starts")
    call = module_tree(workspace, path).at(at.start, at.end)
    assign = call.parent if call is not None else None
    if assign is None or assign.kind != "Assign" or len(assign.all("targets")) > 1:
        raise RefusedError("the client is kept in an unusual way")
    if not assign.all("targets")[0]["target"].text.endswith(f".state.{kept.name}"):
        raise RefusedError("the client is kept in an unusual way")
    close = f"{{app}}.state.{kept.name}.{making.client.close}()"
    told = close if making.name.startswith(UNAWAITED) else f"await {close}"
    change = in_lifespan(workspace, path, Held((), (told,)))
    return Fix(
        title=f"Close `state.{kept.name}` when the application stops",
        applicability=Applicability.UNSAFE,
        edits=change.edits,
        strategy="lifespan",
        imports=change.imports,
    )


def _closed_by_owner(workspace: Workspace, kept: Kept) -> Fix:
    """Give a class a close, and have the application make and close the one object of it."""
    project, making = workspace.project, kept.making
    path = project.files.paths[making.at.file]
    file = workspace.facts(path)
    owner = file.functions[making.at.function].owner
    if owner < 0:
        raise RefusedError("the client is made in a function within a method")
    cls = file.classes[owner]
    number = project.typing.first_class[making.at.file] + owner
    if set(_CLOSES) & set(cls.methods):
        raise RefusedError(f"`{cls.name}` has a method that closes something else")
    if project.typing.hierarchy.subclasses.get(number):
        raise RefusedError(f"others extend `{cls.name}`")
    home, name = _object(workspace, number, cls.name)
    edits, imports = provided(workspace, home, name)
    edits = [_closing(workspace, path, cls, kept), *edits]
    client = making.client.__class__(
        names=(cls.name,), kind=making.client.kind, close="aclose", awaits=True
    )
    fix = owned_fix(
        workspace, making._replace(name=cls.name, client=client), home, name, (edits, imports)
    )
    if not sound(fix.edits):
        raise RefusedError("what has to change in one place would be changed twice")
    return fix


def _object(workspace: Workspace, cls: int, name: str) -> tuple[str, str]:
    """Return the module and the variable that hold the only object of a class."""
    project = workspace.project
    places = list(project.lifetimes.constructions(cls, bare=False))
    if len(places) != 1 or places[0].function:
        raise RefusedError(f"`{name}` is not made once, in a variable of a module")
    path = project.files.paths[places[0].file]
    file = workspace.facts(path)
    for each, values in file.names.items():
        if is_one(file, values, places[0].node):
            return path, each
    raise RefusedError(f"`{name}` is not made once, in a variable of a module")


def _closing(workspace: Workspace, path: str, cls: facts.Class, kept: Kept) -> Edit:
    """Return the edit that lets a class close its client, behind its last method."""
    root = module_tree(workspace, path).root
    node = next(e for e in root.walk() if e.kind == "ClassDef" and e.start >= cls.start)
    last = scopes.block(node)[-1]
    data = workspace.text(path).data
    indent = pieces.indent_of(data, last.start)
    close = f"self.{kept.name}.{kept.making.client.close}()"
    told = close if kept.making.name.startswith(UNAWAITED) else f"await {close}"
    step = "\t" if "\t" in indent else "    "
    end = len(data[: last.end].rstrip())
    return Edit(
        Location(path, end, end),
        f"\n\n{indent}async def aclose(self) -> None:\n{indent}{step}{told}",
    )
