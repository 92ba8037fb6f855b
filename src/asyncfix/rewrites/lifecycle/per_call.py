"""Clients that are made for each call become one that the application opens and closes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Fix, Import, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle.at_once import shared_at_once
from asyncfix.rewrites.lifecycle.objects import shared_object
from asyncfix.rewrites.lifecycle.own_connection import NAMES, own_connection
from asyncfix.rewrites.lifecycle.owned import cached_by, new_name, owned_fix, snake
from asyncfix.rewrites.lifecycle.placing import top_statement
from asyncfix.rewrites.lifecycle.requests import SHARED, shared_requests
from asyncfix.rewrites.lifecycle.symbols import Bindings, module_tree
from asyncfix.rewrites.names import bound, rebinds
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Client
    from asyncfix.project.clients import Making
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_OWN_LOOP = re.compile(rb"\b(?:asyncio\.run|run_until_complete|async_to_sync|new_event_loop)\b")
_SERVED = frozenset(("endpoint", "websocket", "dependency", "middleware", "exception handler"))


def client_per_call(
    workspace: Workspace, finding: Finding
) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrites of a client that is made for one use."""
    yield "lifespan", lambda: _owned(workspace, finding)


def _owned(workspace: Workspace, finding: Finding) -> Fix:
    making = _making(workspace, finding)
    client = making.client
    if client.at_once:
        return shared_at_once(workspace, making)
    if making.name in NAMES:
        return own_connection(workspace, making)
    if not client.pooled:
        raise RefusedError("one connection serves one call at a time: it needs a lock or a pool")
    if finding.root.kind not in (*_SERVED, "coroutine"):
        raise RefusedError("no endpoint is seen to need it")
    _refuse_other_loops(workspace, making)
    _refuse_patched(workspace, making)
    if making.by:
        return shared_object(workspace, making) or _maker(workspace, making)
    tree = module_tree(workspace, finding.location.path)
    call = tree.at(finding.location.start, finding.location.end)
    if call is None or call.kind != "Call" or call.function is None:
        raise RefusedError("the call is written in an unusual way")
    if making.name in SHARED and call.parent is not None and call.parent.kind == "WithItem":
        return _entered(workspace, making, call)
    return _extracted(workspace, making, call)


def _making(workspace: Workspace, finding: Finding) -> Making:
    project, at = workspace.project, finding.location
    for each in project.clients.dropped:
        here = project.files.paths[each.at.file], each.at.start, each.at.end
        if here == (at.path, at.start, at.end):
            return each
    raise RefusedError("the call is not known any more")


def _refuse_other_loops(workspace: Workspace, making: Making) -> None:
    """Raise RefusedError where the call also runs on loops that functions run by themselves."""
    if not making.client.awaits:
        return
    project = workspace.project
    times = project.lifetimes
    queue = [times.fid(making.at.file, making.at.function)]
    seen = set(queue)
    while queue:
        fid = queue.pop()
        file, function = project.typing.functions[fid]
        data = workspace.text(project.files.paths[file]).data
        entry = project.entries.get(fid)
        is_main = entry is not None and entry.kind == "main"
        if is_main or (
            function.parent >= 0 and _OWN_LOOP.search(data, function.start, function.end)
        ):
            raise RefusedError(f"`{function.qualname}` runs it on a loop of its own")
        callers = times.callers(fid) if entry is None else set()
        fresh = {
            each
            for each in callers - seen
            if not project.is_beside(project.files.paths[project.typing.functions.file(each)])
        }
        seen |= fresh
        queue += fresh


def _refuse_patched(workspace: Workspace, making: Making) -> None:
    """Raise RefusedError where tests of the module replace the class of what it makes.

    A text that names the module says which one is meant; else those that the test imports are.
    """
    name = making.name
    last = name.rpartition(".")[2]
    patch = re.compile(rb"(?:patch|setattr)[^\n]*\b" + re.escape(last.encode()) + rb"\b")
    told = re.compile(rf"[\"']([\w.]+?)\.(?:{re.escape(name.rpartition('.')[0])}\.)?{last}[\"']")
    for path in workspace.files:
        data = workspace.text(path).data
        if not is_test(path) or not patch.search(data):
            continue
        bindings = Bindings(workspace, path)
        meant: set[object] = set()
        for module in {each[1] for each in told.finditer(data.decode("utf-8", "replace"))}:
            meant |= {each[1] for each in bindings.outside(module) if each[0] == "P"}
        if not meant:
            found = (each for bound in bindings.all for each in bindings.meant(bound))
            meant = {each[1] for each in found if each[0] in ("P", "N")}
        if making.at.file in meant:
            raise RefusedError(f"{path} replaces `{name}` where it is made")


# Functions that make a client


def _maker(workspace: Workspace, making: Making) -> Fix:
    """Return the fix that has a function which makes a client keep it."""
    if len(making.by) > 1 or making.origin is None:
        raise RefusedError(f"`{making.by[0]}` leads to what makes the client over several calls")
    path = workspace.project.files.paths[making.origin.file]
    function = workspace.facts(path).functions[making.origin.function]
    node = module_tree(workspace, path).function(function.start)
    is_top = function.parent == 0 and function.owner < 0
    if node is None or not is_top or function.name != making.by[0]:
        raise RefusedError(f"`{making.by[0]}` makes the client for an object of its own")
    if function.params or function.decorators or node.is_async:
        raise RefusedError(f"`{function.name}` makes a client for what it is given")
    _refuse_branches(node)
    fid = workspace.project.lifetimes.fid(making.origin.file, making.origin.function)
    for place in workspace.project.lifetimes.calls_of(fid):
        _refuse_closed(workspace, place.file, (place.start, place.end), making.client)
    name, imports = cached_by(workspace, path, node)
    edit = Edit(Location(path, node.start, node.start), f"@{name}\n")
    return owned_fix(workspace, making, path, function.name, ([edit], imports))


def _refuse_branches(node: Node) -> None:
    """Raise RefusedError for a function that does not simply return what it makes."""
    for each in node["body"].own():
        if each.kind in ("Try", "For", "While", "Global", "Nonlocal", "Yield"):
            raise RefusedError("what makes the client does more than that")
    returns = [each for each in node["body"].own() if each.kind == "Return"]
    if len(returns) != 1 or not returns[0].has("value"):
        raise RefusedError("what makes the client may return something else")


def _refuse_closed(workspace: Workspace, file: int, span: tuple[int, int], client: Client) -> None:
    """Raise RefusedError where a caller closes the client that it was given."""
    path = workspace.project.files.paths[file]
    node = module_tree(workspace, path).at(*span)
    above = node.parent if node is not None else None
    if node is None or above is None or above.kind in ("WithItem", "AsyncWith"):
        raise RefusedError(f"{path} closes what it is given")
    if node.function is None:
        raise RefusedError(f"{path} makes it while it is imported")
    if above.kind not in ("Assign", "AnnAssign"):
        return
    target = above["target"] if above.kind == "AnnAssign" else above.all("targets")[0]["target"]
    _refuse_ended(node.function, target.text, client, path)


def _refuse_ended(scope: Node, name: str, client: Client, path: str) -> None:
    """Raise RefusedError where a function closes, enters or changes a client that it has."""
    ends = {client.close, "close", "aclose", "disconnect"}
    for each in scope["body"].walk():
        if each.kind == "WithItem" and each["item"].text == name:
            raise RefusedError(f"{path} closes what it is given")
        if each.kind == "Attribute" and each["value"].text == name and each["attr"].text in ends:
            raise RefusedError(f"{path} closes what it is given")
        if each.kind == "AssignTarget" and each["target"].text.startswith(f"{name}."):
            raise RefusedError(f"{path} changes what it is given")


# Clients that are made in place


def _extracted(workspace: Workspace, making: Making, call: Node) -> Fix:
    """Return the fix that makes a client in a function of the module, which keeps it."""
    path = workspace.project.files.paths[making.at.file]
    above, scope = call.parent, call.function
    is_assigned = above is not None and above.kind in ("Assign", "AnnAssign")
    if above is None or scope is None or above.kind == "WithItem":
        raise RefusedError("the client is closed when its block ends")
    if is_assigned:
        at = above["target"] if above.kind == "AnnAssign" else above.all("targets")[0]["target"]
        if at.kind != "Name":
            raise RefusedError("the client is kept in an object")
        _refuse_ended(scope, at.text, making.client, path)
    elif above.kind != "Attribute":
        raise RefusedError("the client is handed on")
    around = [scope, *(each for each in scope.parents if each.kind == "FunctionDef")]
    own = {name for each in around for name in scopes.bound_by_function(each)}
    used = {each.text for each in scopes.names(call)}
    if used & own:
        raise RefusedError(f"the client is made of `{min(used & own)}`, which each call has anew")
    if any(each.kind in ("Await", "Lambda") for each in call.walk()):
        raise RefusedError("the client is made of what is awaited")
    callee = call["func"].text
    name = new_name(workspace, path, f"{snake(callee)}")
    cache, imports = cached_by(workspace, path, scope)
    returns = f" -> {callee}" if callee.rpartition(".")[2][:1].isupper() else ""
    if "\n" in call.text:
        raise RefusedError("the call spans several rows")
    text = f"@{cache}\ndef {name}(){returns}:\n    return {call.text}\n\n\n"
    at_top = top_statement(workspace, path, call.start)
    edits = [
        Edit(Location(path, at_top, at_top), text),
        Edit(Location(path, call.start, call.end), f"{name}()"),
    ]
    return owned_fix(workspace, making, path, name, (edits, imports))


def _entered(workspace: Workspace, making: Making, call: Node) -> Fix:
    """Return the fix of `async with Client() as c:`, whose requests one client then sends."""
    path = workspace.project.files.paths[making.at.file]
    shared = shared_requests(path, call, making.name)
    home, at, spelled = _home(workspace, making.name)
    name = _known(workspace, home, shared.kind.name) or shared.kind.name
    edits: list[Edit] = []
    imports: tuple[Import, ...] = ()
    is_there = bool(_known(workspace, home, name))
    node = call.function
    if node is None:
        raise RefusedError("the call is written in an unusual way")
    if not is_there:
        if name in workspace.facts(home).names:
            raise RefusedError(f"`{name}` means something else in {home}")
        cache, imports = cached_by(workspace, home, None)
        made = f"{spelled}({shared.kind.argument})"
        text = (
            f"@{cache}\ndef {name}() -> {spelled}:\n"
            f'    """{shared.kind.told}"""\n    return {made}\n\n\n'
        )
        edits.append(Edit(Location(home, at, at), text))
        imports += tuple(replace(each, path=home) for each in shared.kind.needs)
    module = workspace.project.typing.modules.name(workspace.files[home])
    used = name
    if home != path:
        used, more = bound(workspace, path, node, module, name)
        imports += more
    elif rebinds(node, name):
        raise RefusedError(f"`{name}` means something else here")
    edits.append(shared.edit(used))
    fix = owned_fix(workspace, making, home, name, (edits, imports), is_there=is_there)
    return replace(fix, notes=(*fix.notes, *shared.kind.notes))


def _home(workspace: Workspace, name: str) -> tuple[str, int, str]:
    """Return the module that keeps the client of all: a file, a place in it, and the class there.

    Of those that make one it is the one that imports least of the project, so that the others
    can import it.
    """
    project = workspace.project
    shared = SHARED[name].name
    for path in sorted(workspace.files):
        if not is_test(path) and _known(workspace, path, shared):
            return path, 0, ""
    found: dict[str, int] = {}
    for each in project.clients.dropped:
        path = project.files.paths[each.at.file]
        if each.name == name and not each.by and not project.is_beside(path):
            found[path] = min(found.get(path, each.at.start), each.at.start)
    if not found:
        raise RefusedError("no module is seen to make it")
    path = min(found, key=lambda each: (_own_imports(workspace, each), each))
    call = next(
        node
        for node in module_tree(workspace, path).root.walk()
        if node.kind == "Call" and node.start == found[path]
    )
    callee = call["func"].text
    if callee.partition(".")[0] not in workspace.facts(path).names:
        raise RefusedError(f"{path} imports `{callee}` where it is used only")
    return path, top_statement(workspace, path, found[path]), callee


def _own_imports(workspace: Workspace, path: str) -> int:
    bindings = Bindings(workspace, path)
    return sum(
        any(each[0] in ("P", "N", "D") for each in bindings.meant(name)) for name in bindings.all
    )


def _known(workspace: Workspace, path: str, name: str) -> str:
    """Return the name of the function that keeps the client, if a module has it already."""
    for function in workspace.facts(path).functions:
        if function.name == name and function.decorators and function.parent == 0:
            return name
    return ""
