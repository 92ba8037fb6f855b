"""Makes a local client its asynchronous twin: `OpenAI()` becomes `AsyncOpenAI()`, calls awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import needs_parentheses
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

STRATEGY = "native"


def has_twin(place: Place) -> bool:
    """Tell whether the library of a place has an asynchronous class for one of its own."""
    twins = place.workspace.project.packs.library.twins
    top = place.chain.hit.name.partition(".")[0]
    return place.is_direct and any(each.partition(".")[0] == top for each in twins)


def async_twin(place: Place) -> Fix:
    """Return the fix that makes a client of the function asynchronous; refuse where it leaves."""
    refuse_without_await(place)
    root = _root(place.node)
    if root.kind != "Name":
        raise RefusedError("the client is no variable of the function")
    made = _made(place, root.text)
    name = next(
        iter(sorted(place.callees(made) & set(place.workspace.project.packs.library.twins)))
    )
    twin = place.workspace.project.packs.library.twins[name]
    module, _, last = twin.rpartition(".")
    spelled, imports = bound(place.workspace, place.path, place.scope, module, last)
    callee = made["func"]
    if callee.kind == "Attribute":
        prefix, more = bound(place.workspace, place.path, place.scope, module)
        if not more:
            spelled, imports = f"{prefix}.{last}", ()
    edits = [place.replaced(callee.start, callee.end, spelled), *_awaited(place, root.text)]
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


def _awaited(place: Place, name: str) -> Iterator[Edit]:
    """Yield the edits that await every call on the client; refuse any other use of it."""
    graph = place.workspace.project.graph
    blocking = {(hit.start, hit.end) for hit in graph.hits[place.chain.instance]}
    for each in scopes.names(place.scope):
        if each.text != name or scopes.is_target(each):
            continue
        if each.function is None or each.function.raw is not place.scope.raw:
            raise RefusedError("a function within the function uses the client")
        call = _outer_call(each)
        if call is None or (call.start, call.end) not in blocking:
            raise RefusedError("the client is passed on, or used in a way that is not known")
        if each.comprehension is not None and each.comprehension.kind == "GeneratorExp":
            raise RefusedError("an `await` in a generator expression makes it asynchronous")
        if any(
            arg.word("star") or (arg.has("keyword") and arg["keyword"].text == "stream")
            for arg in call.all("args")
        ):
            raise RefusedError("the answer may be a stream, which is iterated otherwise")
        before, after = ("(", ")") if needs_parentheses(call) else ("", "")
        yield place.replaced(call.start, call.start, f"{before}await ")
        if after:
            yield place.replaced(call.end, call.end, after)


def _outer_call(name: Node) -> Node | None:
    """Return the first call in the chain of attributes that a variable begins."""
    node = name
    for each in name.parents:
        if each.kind == "Attribute" and each["value"].raw is node.raw:
            node = each
        elif each.kind == "Call" and each["func"].raw is node.raw:
            return each
        else:
            return None
    return None
