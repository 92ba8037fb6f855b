"""What every client has that the application owns: a function that keeps it, a start and an end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Import
from asyncfix.rewrites.lifespan import Held, in_lifespan
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.project.clients import Making
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

UNAWAITED = ("motor.",)  # whose close is no coroutine
_LOOPS = (
    "it belongs to the loop that runs at start: what uses it without the application's lifespan, "
    "such as a test, gets one that it opens on first use"
)


def new_name(workspace: Workspace, path: str, wanted: str) -> str:
    """Return a name like the wanted one that the file does not say yet."""
    used = {token.text for token in workspace.imports(path).tokens}
    return next(
        each
        for each in (wanted, f"shared_{wanted}", f"the_{wanted}", f"{wanted}_")
        if each not in used
    )


def snake(name: str) -> str:
    """Return the name of the function that gives what a class or function makes."""
    last = name.rpartition(".")[2].removeprefix("Async")
    told = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower().replace("open_ai", "openai")
    told = {"client": f"{name.partition('.')[0]}_client", "from_url": "redis_client"}.get(
        told, told
    )
    told = told.removeprefix("create_")
    return told if told.endswith(("client", "engine")) else f"{told}_client"


def cached_by(
    workspace: Workspace, path: str, scope: Node | None
) -> tuple[str, tuple[Import, ...]]:
    """Return how a file writes the cache of one value, and what it has to import."""
    known = workspace.imports(path).binding(Import("", "functools", "lru_cache"))
    if known:
        return f"{known}(maxsize=1)", ()
    if scope is None:
        return "functools.lru_cache(maxsize=1)", (Import(path, "functools"),)
    name, imports = bound(workspace, path, scope, "functools")
    return f"{name}.lru_cache(maxsize=1)", imports


def owned_fix(
    workspace: Workspace,
    making: Making,
    path: str,
    name: str,
    changes: tuple[list[Edit], tuple[Import, ...]],
    *,
    is_there: bool = False,
) -> Fix:
    """Return the fix with what has the application open the client, and close it."""
    client, (edits, imports) = making.client, changes
    module = workspace.project.typing.modules.name(workspace.files[path])
    awaits = client.awaits and not making.name.startswith(UNAWAITED)
    closing: tuple[str, ...] = ()
    if client.close:
        close = f"{{client}}().{client.close}()"
        closing = (f"await {close}" if awaits else close, "{client}.cache_clear()")
    if not is_there:
        held = Held(("{client}()",), closing, {"client": (module, name)})
        change = in_lifespan(workspace, path, held)
        edits = [*edits, *change.edits]
        imports = (*imports, *change.imports)
    if not sound(edits):
        raise RefusedError("what has to change in one place would be changed twice")
    return Fix(
        title=f"Let all calls share the client of `{name}`, which the application opens and closes",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(_LOOPS,) if client.awaits else (),
        strategy="lifespan",
        imports=tuple(dict.fromkeys(imports)),
    )
