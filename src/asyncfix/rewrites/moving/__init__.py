"""Moves a client that keeps a session of one library to the asynchronous client of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.project.index import is_test
from asyncfix.rewrites.cascade import marked
from asyncfix.rewrites.moving.answers import Answers
from asyncfix.rewrites.moving.code import codes
from asyncfix.rewrites.moving.errors import Errors, raised
from asyncfix.rewrites.moving.inner import inner
from asyncfix.rewrites.moving.mocks import mocks
from asyncfix.rewrites.moving.move import Move
from asyncfix.rewrites.moving.names import renamed
from asyncfix.rewrites.moving.owning import own
from asyncfix.rewrites.moving.sending import SET_UP, requests_of, send
from asyncfix.rewrites.moving.sessions import sessions
from asyncfix.rewrites.moving.setup import set_up
from asyncfix.rewrites.moving.turning import Turning
from asyncfix.rewrites.moving.writing import definitions, use
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.moving.sessions import Sessions
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.workspace import Workspace

STRATEGY = "cascade"
_CLASSES = ("Session", "sessions.Session")
_LIFE = (
    "a client belongs to the loop that it is first used on, and cannot be used once it is closed"
)


def keeps_session(place: Place) -> str:
    """Return the file whose session blocks in the end, or nothing."""
    graph = place.workspace.project.graph
    ports = place.workspace.project.packs.library.ports
    for chain in place.chains:
        library, _, rest = chain.hit.name.partition(".")
        if library in ports and rest.rpartition(".")[0] in _CLASSES:
            return graph.path(chain.edges[-1].callee if chain.edges else chain.instance)
    return ""


def moved(place: Place) -> Fix:
    """Return the fix that moves all sessions of a file; raise RefusedError where one cannot."""
    home = keeps_session(place)
    library = place.chain.hit.name.partition(".")[0]
    workspace = place.workspace
    found = workspace.kept(f"move of {home}", 0, lambda: _attempt(place, home, library))
    if isinstance(found, str):
        raise RefusedError(found)
    return found


def _attempt(place: Place, home: str, library: str) -> Fix | str:
    try:
        return _fix(place, home, library)
    except RefusedError as error:
        return str(error)


def _fix(place: Place, home: str, library: str) -> Fix:
    workspace = place.workspace
    if is_test(home):
        raise RefusedError("a test keeps the session")
    port = workspace.project.packs.library.ports[library]
    kept = sessions(workspace, home, library)
    requests = requests_of(kept, dict(port.functions))
    turned = Turning(workspace, frozenset(kept.classes)).follow(_first(workspace, kept))
    names = [workspace.project.typing.classes[each][1].name for each in sorted(kept.classes)]
    move = Move(workspace, library, port, home, turned, classes=tuple(names))
    set_up(move, kept)
    send(move, kept)
    for each in turned.uses:
        use(move, each)
    definitions(move, marked)
    answers = Answers(move, requests)
    files = {use.path for use in turned.uses} | {code.path for code, _ in kept.uses} | {home}
    answers.follow(path for path in files if not is_test(path))
    places = [(each.path, each.start, each.end) for each in turned.uses]
    places += [(code.path, node.start, node.end) for code, node in kept.uses]
    Errors(move, places, retries=bool(move.requires)).change(answers)
    raised(move, move.code(home))
    renamed(move, move.code(home))
    own(move, kept)
    mocks(move)
    notes, requires = inner(place, move)
    title = f"Move {', '.join(f'`{n}`' for n in names) or home} to `{move.target}.{port.client}`"
    edits = move.patches.edits()
    return Fix(
        title=f"{title}, and await every call",
        applicability=Applicability.UNSAFE,
        edits=edits,
        notes=(_size(move), _LIFE, *move.notes, *notes),
        strategy=STRATEGY,
        imports=tuple(move.imports),
        requires=(port.requires.replace(port.to, move.target), *move.requires, *requires),
    )


def _first(workspace: Workspace, kept: Sessions) -> list[int]:
    """Return the plain functions that send something through a session, or enter or close one."""
    typing = workspace.project.typing
    found: dict[int, None] = {}
    for code, node in kept.uses:
        above = node.parent
        is_sent = (
            above is not None and above.kind == "Attribute" and above["attr"].text not in SET_UP
        )
        if is_sent or (above is not None and above.kind == "WithItem"):
            found[code.fid(node)] = None
    for each in kept.made:
        if each.parent is not None and each.parent.kind == "WithItem":
            found[codes(workspace, kept.home).fid(each)] = None
    return [fid for fid in found if fid >= 0 and fid not in typing.asynchronous]


def _size(move: Move) -> str:
    functions, calls = len(move.turned.names), len(move.turned.uses)
    files = len(move.patches.paths)
    return (
        f"{functions} functions become asynchronous, {calls} calls are awaited, "
        f"{files} files change"
    )
