"""Moves a function from a library to another's asynchronous client: requests to httpx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix, Import
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.names import bound, free_name
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.port_answer import answer_edits
from asyncfix.rewrites.port_arguments import argument_edits
from asyncfix.rewrites.port_errors import error_edits
from asyncfix.rewrites.port_mocks import refuse_mocked
from asyncfix.rewrites.unit import indented
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit
    from asyncfix.packs import Port
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

STRATEGY = "native"
_NOTES = (
    "JSON is sent without blanks, and text without a told charset is read as UTF-8",
    "the client is made for this call alone, which takes some milliseconds to read certificates",
)


@dataclass(frozen=True, slots=True)
class Ported:
    """A function on its way: what moves where, and the names that its new code uses.

    `spelled` is what its file calls the new library, `client` the variable of the client.
    """

    place: Place
    library: str
    port: Port
    calls: tuple[Node, ...]
    spelled: str
    client: str

    @property
    def target(self) -> str:
        """Return the module that code moves to."""
        configured = self.place.workspace.config.http_client
        return configured if self.port.to == "httpx" else self.port.to


def library_of(place: Place) -> str:
    """Return the library that a port tells how to leave, if the place calls it."""
    library = place.chain.hit.name.partition(".")[0]
    ports = place.workspace.project.packs.library.ports
    return library if place.is_direct and library in ports else ""


def ported(place: Place) -> Fix:
    """Return the fix that moves all such calls of a function; raise RefusedError if one cannot."""
    library = library_of(place)
    port = place.workspace.project.packs.library.ports[library]
    calls = tuple(_calls(place, library, port))
    module = place.workspace.config.http_client if port.to == "httpx" else port.to
    spelled, imports = bound(place.workspace, place.path, place.scope, module)
    client = free_name(place.workspace, place.path, place.scope, "client")
    moved = Ported(place, library, port, calls, spelled, client)
    refuse_mocked(moved)
    edits = [edit for call in calls for edit in _call_edits(moved, call)]
    edits += answer_edits(moved)
    more, needed = error_edits(moved)
    _refuse_left(moved, (*edits, *more))
    return Fix(
        title=f"Await `{module}.{port.client}`",
        applicability=Applicability.UNSAFE,
        edits=(*edits, *more),
        notes=_NOTES,
        strategy=STRATEGY,
        imports=(*imports, *(Import(place.path, each) for each in needed)),
        requires=(port.requires.replace(port.to, module),),
    )


def _calls(place: Place, library: str, port: Port) -> Iterator[Node]:
    """Yield the calls of the library in a function, in the order of the text."""
    graph = place.workspace.project.graph
    hits = [h for h in graph.hits[place.chain.instance] if h.name.partition(".")[0] == library]
    for start, end, name in sorted({(hit.start, hit.end, hit.name) for hit in hits}):
        if name.removeprefix(f"{library}.") not in port.functions:
            raise RefusedError(f"the function uses `{name}` as well")
        node = place.node.tree.at(start, end)
        if node is None or node.kind != "Call" or node["func"].kind != "Attribute":
            raise RefusedError("a call of it is written in an unusual way")
        yield node


def _call_edits(moved: Ported, call: Node) -> Iterator[Edit]:
    """Yield the edits of one call: the client around its statement, its name, its arguments."""
    refuse_without_await(moved.place, call)
    statement = call.statement
    if statement.kind != "SimpleStatementLine":
        raise RefusedError("the call is part of a statement that has a block of its own")
    if sum(1 for each in moved.calls if each.statement.raw is statement.raw) > 1:
        raise RefusedError("one statement holds several of the calls")
    for each in call.parents:
        if each.raw is moved.place.scope.raw:
            break
        if each.kind in ("For", "While") or each.comprehension is not None:
            raise RefusedError("each round of the loop would make a client of its own")
    if scopes.awaits([statement]) == "yield":
        raise RefusedError("the client would stay open while the function has yielded")
    arguments = argument_edits(moved, call)
    head = (
        f"async with {moved.spelled}.{moved.port.client}({arguments.for_client}) as {moved.client}:"
    )
    yield from indented(moved.place, [statement], head)
    before, after = awaiting(call)
    callee = call["func"]
    name = f"{before}{moved.client}.{arguments.method}"
    yield moved.place.replaced(callee.start, callee.end, name)
    yield from arguments.edits
    if after:
        yield moved.place.replaced(call.end, call.end, after)


def _refuse_left(moved: Ported, edits: tuple[Edit, ...]) -> None:
    """Raise RefusedError where the function goes on naming the library that it leaves."""
    spans = [(each.location.start, each.location.end) for each in edits]
    bindings = {
        name.bound
        for statement in moved.place.workspace.imports(moved.place.path).statements
        for name, _ in statement.bindings()
        if name.module.partition(".")[0] == moved.library
    }
    for each in scopes.names(moved.place.scope):
        if each.text in bindings and not any(start <= each.start < end for start, end in spans):
            raise RefusedError(f"the function goes on using `{each.text}`")
