"""Opens a file asynchronously: `with open` becomes `async with`, and what it does is awaited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.project.index import is_test
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

STRATEGY = "native"
_OPENS = frozenset(("builtins.open", "io.open"))
_METHODS = frozenset(
    "read readline readlines write writelines seek tell flush truncate".split()  # noqa: SIM905 - a list has a line for each
)
_REQUIRES = {"aiofiles": "aiofiles>=23.1", "anyio": "anyio>=3.4"}
_NOTE = "other tasks run at every `await`, so that two of them may write at the same time"


@dataclass(frozen=True, slots=True)
class _File:
    """A file that a block opens under a name."""

    place: Place
    name: str
    block: Node
    call: Node


def opens_file(place: Place) -> bool:
    """Tell whether a place opens a file in a `with`."""
    parent = place.node.parent
    is_entered = parent is not None and parent.kind == "WithItem" and place.node.kind == "Call"
    return place.is_direct and is_entered and place.chain.hit.name in _OPENS


def library_for(workspace: Workspace, path: str) -> tuple[str, bool]:
    """Return what opens files here, aiofiles or anyio, and whether the project has it already."""
    if workspace.config.thread_api == "anyio":
        return "anyio", True
    for name in ("aiofiles", "anyio"):
        if name in workspace.facts(path).imports:
            return name, True
    for name in ("aiofiles", "anyio"):
        if any(name in each.imports for each in workspace.project.files if not is_test(each.path)):
            return name, True
    return "aiofiles", False


def async_file(place: Place) -> Fix:
    """Return the fix that opens a file asynchronously; raise RefusedError where it goes astray."""
    refuse_without_await(place)
    library, _ = library_for(place.workspace, place.path)
    spelled, imports = bound(place.workspace, place.path, place.scope, library)
    opened = f"{spelled}.open" if library == "aiofiles" else f"await {spelled}.open_file"
    item = place.node.parent
    block = item.parent if item is not None else None
    if block is None or item is None or len(block.all("items")) != 1 or not item.has("asname"):
        raise RefusedError("the `with` does more than to open one file under a name")
    if item["asname"]["name"].kind != "Name":
        raise RefusedError("the file gets no plain name")
    file = _File(place, item["asname"]["name"].text, block, place.node)
    callee = place.node["func"]
    edits = [
        place.replaced(block.start, block.start, "async "),
        place.replaced(callee.start, callee.end, opened),
        *_uses(file),
    ]
    return Fix(
        title=f"Open the file by `{opened.removeprefix('await ')}`",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(_NOTE,),
        strategy=STRATEGY,
        imports=imports,
        requires=(_REQUIRES[library],),
    )


def _uses(file: _File) -> Iterator[Edit]:
    """Yield the edits of every use of the file; refuse one that is not known."""
    for each in scopes.names(file.place.scope):
        if each.text != file.name or each.start < file.block.start:
            continue
        if each.start >= file.block.end:
            _refuse_later(file, each)
        elif not scopes.is_target(each):
            yield from _use(file, each)


def _refuse_later(file: _File, name: Node) -> None:
    """Refuse a file that is used after its block; the name may serve again for another."""
    if name.text in scopes.live_after(file.place.scope, [file.block]):
        raise RefusedError("the file is used after it has been closed")


def _use(file: _File, name: Node) -> Iterator[Edit]:
    place, parent = file.place, name.parent
    function = name.function
    if parent is None or function is None or function.raw is not place.scope.raw:
        raise RefusedError("a function within the function uses the file")
    refuse_without_await(place, name)
    if parent.kind == "Attribute" and parent["value"].raw is name.raw:
        yield from _method(place, parent)
    elif parent.kind == "For" and parent["iter"].raw is name.raw and not parent.is_async:
        yield place.replaced(parent.start, parent.start, "async ")
    elif parent.kind == "CompFor" and parent["iter"].raw is name.raw:
        around = parent.parent
        if around is None or around.kind == "GeneratorExp":
            raise RefusedError("a generator expression over the file would be asynchronous")
        start = place.workspace.text(place.path).data.index(b"for", parent.start)
        yield place.replaced(start, start, "async ")
    elif parent.kind == "Arg" and parent.parent is not None:
        yield from _passed(file, parent)
    else:
        raise RefusedError("the file is passed on")


def _method(place: Place, attribute: Node) -> Iterator[Edit]:
    """Await a call of one of the file's methods."""
    call = attribute.parent
    name = attribute["attr"].text
    if call is None or call.kind != "Call" or call["func"].raw is not attribute.raw:
        raise RefusedError(f"`.{name}` of the file is not called at once")
    if name not in _METHODS:
        raise RefusedError(f"`.{name}` of the file has no awaited form")
    before, after = awaiting(call)
    yield place.replaced(call.start, call.start, before)
    if after:
        yield place.replaced(call.end, call.end, after)


def _passed(file: _File, argument: Node) -> Iterator[Edit]:
    """Read or write the whole text around a function that takes the file: `json.load(f)`."""
    place, call = file.place, argument.parent
    if call is None or call.kind != "Call":
        raise RefusedError("the file is passed on")
    function = call["func"]
    given = call.all("args")
    index = next(i for i, each in enumerate(given) if each.raw is argument.raw)
    names = place.callees(call) & set(place.workspace.project.packs.library.texts)
    is_plain = function.kind == "Attribute" and not argument.has("keyword")
    if not names or not is_plain or argument.word("star"):
        raise RefusedError(f"the file is passed on to `{function.text}`")
    name = names.pop()
    told = place.workspace.project.packs.library.texts[name].rpartition(".")[2]
    attribute = function["attr"]
    if index == 0:
        yield place.replaced(attribute.start, attribute.end, told)
        yield place.replaced(argument.start, argument.end, f"await {file.name}.read()")
    else:
        before = given[index - 1]["value"].whole[1]
        yield place.replaced(call.start, call.start, f"await {file.name}.write(")
        yield place.replaced(attribute.start, attribute.end, told)
        yield place.replaced(before, argument["value"].whole[1], "")
        yield place.replaced(call.end, call.end, ")")
