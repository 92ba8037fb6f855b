"""Services that the first request puts into the application's state: the lifespan does instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle.owned import UNAWAITED
from asyncfix.rewrites.lifecycle.symbols import Bindings, module_tree
from asyncfix.rewrites.lifespan import Held, in_lifespan
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.facts import Lazy
    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_CLIENTS = re.compile(rb"(?<!with )\b(?:TestClient|AsyncTestClient|ASGITransport)\(")
_AT_START = "it is built when the application starts: what it needs has to be there by then"


def lazy_of(workspace: Workspace, finding: Finding) -> Lazy | None:
    """Return the fact of a finding, if it is one of the application's state."""
    at = finding.location
    return next(
        (
            each
            for each in workspace.facts(at.path).lazies
            if (each.start, each.end) == (at.start, at.end) and each.scope == "application"
        ),
        None,
    )


def built_at_start(workspace: Workspace, finding: Finding, lazy: Lazy) -> Fix:
    """Return the fix by which the lifespan sets what the accessor then only returns."""
    path, name = finding.location.path, lazy.name.rpartition(".")[2]
    test = next(
        (
            each
            for each in module_tree(workspace, path).root.walk()
            if each.kind == "If" and each.start <= finding.location.start < each.end
        ),
        None,
    )
    if test is None or test.has("orelse") or test.function is None:
        raise RefusedError("the state is set in an unusual way")
    rows = scopes.block(test)
    line = rows[0].all("body")[0] if rows[0].kind == "SimpleStatementLine" else rows[0]
    if len(rows) > 1 or line.kind != "Assign" or len(line.all("targets")) > 1:
        raise RefusedError("more is done than to set the state")
    target = line.all("targets")[0]["target"]
    if target.text != lazy.name:
        raise RefusedError("the state is set in an unusual way")
    _refuse_unserved(workspace)
    _refuse_others(workspace, path, name, test)
    value, needs = _told(workspace, path, line["value"])
    opening = (f"{{app}}.state.{name} = {value}",)
    change = in_lifespan(workspace, path, Held(opening, _closing(workspace, path, lazy), needs))
    data = test.tree.data
    start = data.rfind(b"\n", 0, test.start) + 1
    end = data.find(b"\n", rows[-1].end - 1)
    edits = (Edit(Location(path, start, len(data) if end < 0 else end + 1), ""), *change.edits)
    if not sound(edits):
        raise RefusedError("what has to change in one place would be changed twice")
    return Fix(
        title=f"Set `state.{name}` when the application starts",
        applicability=Applicability.UNSAFE,
        edits=edits,
        notes=(_AT_START,),
        strategy="lifespan",
        imports=change.imports,
    )


def _closing(workspace: Workspace, path: str, lazy: Lazy) -> tuple[str, ...]:
    """Return the statement that closes what is set, if it is a client of a library."""
    made = workspace.project.services.made(workspace.files[path], lazy.values[0])
    client = made.client if made else None
    if made is None or client is None or not client.close:
        return ()
    close = f"{{app}}.state.{lazy.name.rpartition('.')[2]}.{client.close}()"
    awaits = client.awaits and not made.name.startswith(UNAWAITED)
    return (f"await {close}" if awaits else close,)


def _refuse_unserved(workspace: Workspace) -> None:
    """Raise RefusedError where tests ask the application without having it start."""
    for path in workspace.files:
        if is_test(path) and _CLIENTS.search(workspace.text(path).data):
            raise RefusedError(f"{path} asks the application without its lifespan")


def _refuse_others(workspace: Workspace, path: str, name: str, test: Node) -> None:
    """Raise RefusedError where others set the state, or ask whether it is set."""
    set_ = re.compile(rb"\.state\.%s\s*=[^=]|[\"']%s[\"']" % (name.encode(), name.encode()))
    for each in workspace.files:
        for found in set_.finditer(workspace.text(each).data):
            if each != path or not test.start <= found.start() < test.end:
                raise RefusedError(f"{each} sets `state.{name}` as well, or asks for it")


def _told(workspace: Workspace, path: str, value: Node) -> tuple[str, dict[str, tuple[str, str]]]:
    """Return an expression whose names are holes, and what each of these stands for."""
    if "\n" in value.text or "{" in value.text:
        raise RefusedError("the call spans several rows")
    if any(each.kind in ("Await", "Lambda", "NamedExpr") for each in value.walk()):
        raise RefusedError("the service is made of what is awaited")
    bindings, file = Bindings(workspace, path), workspace.facts(path)
    own = workspace.project.typing.modules.name(workspace.files[path])
    needs: dict[str, tuple[str, str]] = {}
    text, at = "", value.start
    local = scopes.bound_by_function(value.function) if value.function is not None else ()
    for each in scopes.names(value):
        if each.text in local:
            raise RefusedError(f"the service is made of `{each.text}`, which each call has anew")
        needs[each.text] = (own, each.text)
        dotted, level = bindings.all.get(each.text, ("", 1))
        if each.text in bindings.plain:
            needs[each.text] = (each.text, "")
        elif dotted and not level and "." in dotted:
            home, _, last = dotted.rpartition(".")
            needs[each.text] = (home, last)
        elif each.text not in file.names and not dotted:
            raise RefusedError(f"`{each.text}` is not seen to be a name of the module")
        text += value.tree.data[at : each.start].decode() + f"{{{each.text}}}"
        at = each.end
    return text + value.tree.data[at : value.end].decode(), needs
