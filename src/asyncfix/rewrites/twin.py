"""Makes a client its asynchronous twin: `OpenAI()` becomes `AsyncOpenAI()`, calls awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.locks import refuse_held
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_position, refuse_without_await
from asyncfix.rewrites.shared import Client, shared_client
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.findings import Edit, Import
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

STRATEGY = "native"


def has_twin(place: Place) -> bool:
    """Tell whether the library of a place has an asynchronous class for one of its own."""
    twins = place.workspace.project.packs.library.twins
    top = place.chain.hit.name.partition(".")[0]
    return place.is_direct and any(each.partition(".")[0] == top for each in twins)


def async_twin(place: Place) -> Fix:
    """Return the fix that makes a client asynchronous; refuse where its uses are not all known."""
    refuse_without_await(place)
    root = _root(place.node)
    if root.kind != "Name":
        raise RefusedError("the client is no variable of the function")
    if root.text not in scopes.bound_by_function(place.scope) or _is_own(root):
        made, uses = shared_client(place, root)
    else:
        local = _made(place, root.text)
        made = Client(local["func"].start, local["func"].end, _twin_of(place, local))
        uses = list(_uses(place, root.text))
    twin, last = made.twin, made.twin.rpartition(".")[2]
    spelled, imports = _spelled(place, made)
    edits = [
        place.replaced(made.start, made.end, spelled),
        *(place.replaced(*made.annotation, spelled) for _ in "1" if made.annotation),
        *awaited(place, uses),
    ]
    return Fix(
        title=f"Use `{twin}`",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(
            f"`{last}` takes the same arguments; an `http_client` must be asynchronous as well",
        ),
        strategy=STRATEGY,
        imports=imports,
    )


def _spelled(place: Place, made: Client) -> tuple[str, tuple[Import, ...]]:
    """Return how the twin of a client's class is written where that is, and what to import."""
    module, _, last = made.twin.rpartition(".")
    if b"." in place.workspace.text(place.path).data[made.start : made.end]:
        prefix, more = bound(place.workspace, place.path, place.scope, module)
        if not more:
            return f"{prefix}.{last}", ()
    return bound(place.workspace, place.path, place.scope, module, last)


def _twin_of(place: Place, made: Node) -> str:
    twins = place.workspace.project.packs.library.twins
    return twins[min(place.callees(made) & set(twins))]


def _is_own(root: Node) -> bool:
    """Tell whether a name is that of the object whose method this is."""
    parent = root.parent
    return root.text == "self" and parent is not None and parent.kind == "Attribute"


def _root(node: Node) -> Node:
    while node.kind in ("Call", "Attribute", "Subscript"):
        node = node["func"] if node.kind == "Call" else node["value"]
    return node


def _made(place: Place, name: str) -> Node:
    """Return the call that makes the client, the only value that its variable has."""
    found = []
    for each in place.scope["body"].own():
        if name in scopes.bound_by(each) and each.kind != "AssignTarget":
            raise RefusedError("the client is no plain variable of the function")
        if each.kind == "Assign" and name in scopes.bound_in([each]):
            found.append(each)
    if len(found) != 1 or len(found[0].all("targets")) != 1:
        raise RefusedError("the client is not made in the function, or more than once")
    made = found[0]["value"]
    twins = place.workspace.project.packs.library.twins
    if made.kind != "Call" or not place.callees(made) & set(twins):
        raise RefusedError("what makes the client is not known to have an asynchronous twin")
    if any(
        each.has("keyword") and each["keyword"].text == "http_client" for each in made.all("args")
    ):
        raise RefusedError("the client is given an `http_client` of the other kind")
    return made


def _uses(place: Place, name: str) -> Iterator[Node]:
    """Yield where a variable of the function is used; refuse a use in a function within."""
    for each in scopes.names(place.scope):
        if each.text != name or scopes.is_target(each):
            continue
        if each.function is None or each.function.raw is not place.scope.raw:
            raise RefusedError("a function within the function uses the client")
        yield each


def awaited(place: Place, uses: Iterable[Node]) -> Iterator[Edit]:
    """Yield the edits that await the call in each use of a client; refuse any other use."""
    graph = place.workspace.project.graph
    blocking = {
        (hit.start, hit.end)
        for number, hits in enumerate(graph.hits)
        if hits and graph.path(number) == place.path
        for hit in hits
    }
    for each in uses:
        scope = each.function
        if scope is None or not (scope.is_async or (place.turns and scope.raw is place.scope.raw)):
            raise RefusedError("a plain function uses the client, too")
        call = _outer_call(each)
        if call is None or (call.start, call.end) not in blocking:
            raise RefusedError("the client is passed on, or used in a way that is not known")
        refuse_position(call, scope)
        refuse_held(place.workspace, place.path, call, scope)
        if any(
            arg.word("star") or (arg.has("keyword") and arg["keyword"].text == "stream")
            for arg in call.all("args")
        ):
            raise RefusedError("the answer may be a stream, which is iterated otherwise")
        before, after = awaiting(call)
        yield place.replaced(call.start, call.start, before)
        if after:
            yield place.replaced(call.end, call.end, after)


def _outer_call(use: Node) -> Node | None:
    """Return the first call in the chain of attributes that a client begins."""
    node = use
    for each in use.parents:
        if each.kind == "Attribute" and each["value"].raw is node.raw:
            node = each
        elif each.kind == "Call" and each["func"].raw is node.raw:
            return each
        else:
            return None
    return None
