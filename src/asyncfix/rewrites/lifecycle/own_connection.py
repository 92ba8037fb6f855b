"""Connections to SQLite that are opened for each query become one for each thread and file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.placing import top_statement
from asyncfix.rewrites.lifecycle.reading import line_of
from asyncfix.rewrites.lifecycle.symbols import module_tree
from asyncfix.rewrites.names import free_name
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.clients import Making
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

NAMES = frozenset(("sqlite3.connect",))
_SELECT = re.compile(r"[rbufRBUF]*[\"']{1,3}\s*(?:select|pragma|with)\b", re.IGNORECASE)
_PATH = frozenset(("Name", "Attribute", "SimpleString", "Call"))
_NOTES = (
    "each thread keeps a connection to each file: one that is deleted meanwhile is not made anew",
    "the database keeps a write-ahead log beside its file from now on",
)


class _Use(NamedTuple):
    """A call that asks for a connection, and the code during which it is used."""

    path: str
    call: Node
    name: str
    region: Node


@dataclass(frozen=True)
class _Opener:
    """A function that opens a connection, sets it up and returns it."""

    path: str
    node: Node
    call: Node
    made: Node
    setup: tuple[Node, ...]
    first: Node
    name: str


def own_connection(workspace: Workspace, making: Making) -> Fix:
    """Return the fix by which a function opens a connection once for each thread and file."""
    opener = _opener(workspace, making)
    uses = list(_uses(workspace, making, opener))
    _refuse_nested(workspace, uses, opener)
    edits = [*_opened(workspace, opener)]
    for use in uses:
        edits += _closed(use)
    if not sound(edits):
        raise RefusedError("what has to change in one place would be changed twice")
    function = opener.node["name"].text
    return Fix(
        title=f"Let `{function}` keep one connection for each thread",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=_NOTES,
        strategy="cached",
        imports=(Import(opener.path, "threading"),),
    )


def _opener(workspace: Workspace, making: Making) -> _Opener:
    """Read the function around a call; raise RefusedError where it does more than open."""
    path = workspace.project.files.paths[making.at.file]
    call = module_tree(workspace, path).at(making.at.start, making.at.end)
    node = call.function if call is not None else None
    if call is None or node is None or node.kind != "FunctionDef" or node.is_async:
        raise RefusedError("the connection is opened in the midst of its use")
    if node.all("decorators") or not call.all("args"):
        raise RefusedError("what opens the connection is decorated, or is given no file")
    body = scopes.block(node)
    text = line_of(body[0])
    if text is not None and text.kind == "Expr" and text["value"].kind == "SimpleString":
        body = body[1:]
    last = line_of(body[-1]) if body else None
    if last is None or last.kind != "Return" or not last.has("value"):
        raise RefusedError("the connection is opened in the midst of its use")
    if len(body) == 1 and last["value"].raw is call.raw:
        return _Opener(path, node, call, body[0], (), body[0], "")
    made = line_of(body[0])
    name = last["value"].text
    is_first = made is not None and made.kind == "Assign" and made["value"].raw is call.raw
    if not is_first or made is None or made.all("targets")[0]["target"].text != name:
        raise RefusedError("the connection is opened in the midst of its use")
    return _Opener(path, node, call, body[0], tuple(body[1:-1]), body[0], name)


def _file(opener: _Opener) -> str:
    """Return the expression of the file; raise RefusedError where it cannot be a key."""
    value = opener.call.all("args")[0]["value"]
    if value.kind not in _PATH or ":memory:" in value.text or "\n" in value.text:
        raise RefusedError("the file of the connection is told in an unusual way")
    if opener.call.all("args")[0].has("keyword"):
        raise RefusedError("the file of the connection is told in an unusual way")
    return value.text


def _opened(workspace: Workspace, opener: _Opener) -> Iterator[Edit]:
    """Yield the edits of the function: it looks first whether its thread has a connection."""
    file, data = _file(opener), opener.node.tree.data
    own = free_name(workspace, opener.path, opener.node, "_connections")
    kept = free_name(workspace, opener.path, opener.node, "kept")
    name = opener.name or free_name(workspace, opener.path, opener.node, "connection")
    indent = pieces.indent_of(data, opener.first.start)
    step = "\t" if "\t" in indent else "    "
    setup = "".join(pieces.rows(each, indent + step) for each in opener.setup)
    if "journal_mode" not in setup:
        setup += f'{indent}{step}{name}.execute("PRAGMA journal_mode = WAL")\n'
    text = (
        f"{indent}{kept} = vars({own})\n"
        f"{indent}if {file} not in {kept}:\n"
        f"{indent}{step}{name} = {opener.call.text}\n"
        f"{setup}{indent}{step}{kept}[{file}] = {name}\n"
        f"{indent}return {kept}[{file}]\n"
    )
    begin = pieces.row_start(data, opener.first.start)
    end = pieces.row_end(data, scopes.block(opener.node)[-1].end)
    if "\n" in opener.call.text:
        raise RefusedError("the call spans several rows")
    yield Edit(Location(opener.path, begin, end), text)
    at = top_statement(workspace, opener.path, opener.node.start)
    gap = "\n\n"
    yield Edit(Location(opener.path, at, at), f"{own} = threading.local()\n{gap}")


# Uses


def _uses(workspace: Workspace, making: Making, opener: _Opener) -> Iterator[_Use]:
    """Yield the calls of the function; raise RefusedError for one that a kept one changes."""
    project = workspace.project
    fid = project.lifetimes.fid(making.at.file, making.at.function)
    name = opener.node["name"].text
    places = project.lifetimes.calls_of(fid)
    word = re.compile(rb"(?<!\bsqlite3\.)\b" + re.escape(name.encode()) + rb"\b")
    for path in workspace.files:
        found = len(word.findall(workspace.text(path).data))
        known = sum(project.files.paths[each.file] == path for each in places)
        if path == opener.path:
            known += 1
        if found > known and (is_test(path) or path == opener.path):
            raise RefusedError(f"{path} uses `{name}` in a way that is not known")
    for place in places:
        path = project.files.paths[place.file]
        call = module_tree(workspace, path).at(place.start, place.end)
        if call is None or call.function is None:
            raise RefusedError(f"{path} opens a connection while it is imported")
        yield _use(path, call)


def _use(path: str, call: Node) -> _Use:
    above, scope = call.parent, call.function
    if above is None or scope is None:
        raise RefusedError(f"{path} opens a connection in an unusual way")
    if above.kind == "WithItem" and above.has("asname"):
        block = above.parent
        if block is None or block.is_async:
            raise RefusedError(f"{path} enters a connection in an unusual way")
        return _Use(path, call, above["asname"]["name"].text, block)
    if above.kind == "Assign" and len(above.all("targets")) == 1:
        name = above.all("targets")[0]["target"].text
        if not any(_is_close(each, name) for each in scope["body"].own()):
            raise RefusedError(f"{path} leaves it to the end of a connection to undo what it wrote")
        return _Use(path, call, name, scope["body"])
    outer = above.parent
    is_query = above.kind == "Attribute" and above["attr"].text == "execute"
    if is_query and outer is not None and outer.kind == "Call" and _only_reads(outer):
        return _Use(path, call, "", outer)
    raise RefusedError(f"{path} leaves it to the end of a connection to undo what it wrote")


def _only_reads(call: Node) -> bool:
    """Tell whether a statement that is executed is seen to be a query."""
    args = call.all("args")
    return bool(args) and _SELECT.match(args[0]["value"].text) is not None


def _reads_only(region: Node) -> bool:
    """Tell whether all that a stretch of code executes are queries."""
    calls = (each for each in region.walk() if each.kind == "Call")
    done = [each for each in calls if each["func"].text.rpartition(".")[2].startswith("execute")]
    return bool(done) and all(map(_only_reads, done))


def _is_close(node: Node, name: str) -> bool:
    return node.kind == "Call" and node["func"].text == f"{name}.close"


def _closed(use: _Use) -> Iterator[Edit]:
    """Yield the edits that undo what was not committed, as the end of the connection did."""
    for each in use.region.walk() if use.name else ():
        if _is_close(each, use.name):
            at = each["func"]["attr"]
            yield Edit(Location(use.path, at.start, at.end), "rollback")


def _refuse_nested(workspace: Workspace, uses: list[_Use], opener: _Opener) -> None:
    """Raise RefusedError where a connection is used within the use of the same one, or changed."""
    asking = {opener.node["name"].text, *(_outer(use)["name"].text for use in uses)}
    for use in uses:
        reads = _reads_only(use.region)
        for each in use.region.walk():
            if each.kind == "Await" or (
                each.kind == "Yield" and not reads and not _is_manager(use)
            ):
                raise RefusedError(f"{use.path} lets others run while it uses a connection")
            is_set = each.kind == "AssignTarget" and use.name
            if is_set and each["target"].text.startswith(f"{use.name}."):
                raise RefusedError(f"{use.path} changes a connection for its own use")
    blocks = [(use.region, use.call) for use in uses]
    blocks += [each for use in uses if _is_manager(use) for each in _handed(workspace, use)]
    for region, call in blocks:
        for each in region.walk():
            if each.kind == "Await":
                raise RefusedError("others run while a connection is used")
            if each.kind != "Call" or each.raw is call.raw:
                continue
            base, _, called = each["func"].text.rpartition(".")
            if called in asking and base in ("", "self", "cls", "super()"):
                raise RefusedError(f"`{called}` opens a connection within the use of another")


def _outer(use: _Use) -> Node:
    """Return the named function around a use."""
    scope = use.call.function
    while scope is not None and scope.kind != "FunctionDef":
        scope = scope.function
    if scope is None:
        raise RefusedError(f"{use.path} opens a connection while it is imported")
    return scope


def _handed(workspace: Workspace, use: _Use) -> Iterator[tuple[Node, Node]]:
    """Yield the blocks to which a context manager hands a connection, and the calls of it."""
    project, start = workspace.project, _outer(use).start
    functions = workspace.facts(use.path).functions
    index = next(at for at, each in enumerate(functions) if each.start == start)
    fid = project.lifetimes.fid(workspace.files[use.path], index)
    for place in project.lifetimes.calls_of(fid):
        path = project.files.paths[place.file]
        call = module_tree(workspace, path).at(place.start, place.end)
        item = call.parent if call is not None else None
        if call is None or item is None or item.kind != "WithItem" or item.parent is None:
            raise RefusedError(f"{path} enters a connection in an unusual way")
        yield item.parent, call


def _is_manager(use: _Use) -> bool:
    """Tell whether the use is a context manager that hands the connection to its block."""
    scope = use.call.function
    if scope is None or scope.kind != "FunctionDef" or scope.is_async:
        return False
    return any(e["decorator"].text.endswith("contextmanager") for e in scope.all("decorators"))
