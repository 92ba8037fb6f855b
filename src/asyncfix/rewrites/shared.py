"""A client that functions of one file share, in a variable of the module or on `self`."""

from __future__ import annotations

import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.references import refuse_faked
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.types import Type
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

_UNKNOWN = "the client is passed on, or used in a way that is not known"


@dataclass(frozen=True, slots=True)
class Client:
    """The class that a call makes a client of: where its name stands, and its twin's full name."""

    start: int
    end: int
    twin: str
    annotation: tuple[int, int] | None = None


def shared_client(place: Place, root: Node) -> tuple[Client, list[Node]]:
    """Return how a client is made once, and all its uses; raise RefusedError if not all are known.

    `root` is the variable of the module at which the use begins, or `self`.
    """
    if root.text == "self":
        parent = root.parent
        name = parent["attr"].text if parent is not None and parent.kind == "Attribute" else ""
        values, whole = _values(place, name), f"self.{name}"
    else:
        name = whole = root.text
        values = place.workspace.facts(place.path).names.get(name, ())
        if any(each == name for _, each in place.workspace.facts(place.path).rebinds):
            raise RefusedError("the client is made more than once")
    if len(values) != 1:
        raise RefusedError("the client is not made in the file, or more than once")
    client = _made(place, values[0], whole)
    refuse_faked(
        place.workspace,
        place.workspace.text(place.path)
        .data[client.start : client.end]
        .decode()
        .rpartition(".")[2],
    )
    refuse_faked(place.workspace, name)
    if whole == name:
        return client, list(_of_module(place, name, client))
    return client, list(_of_class(place, name, client))


def _values(place: Place, name: str) -> tuple[int, ...]:
    owner = _owner(place)
    return owner.attributes.get(name, ()) if owner is not None else ()


def _owner(place: Place) -> facts.Class | None:
    """Return the class in whose method a place is."""
    file = place.workspace.facts(place.path)
    function = place.workspace.function_at(place.finding.location)
    while function is not None and function.owner < 0 and function.parent > 0:
        function = file.functions[function.parent]
    return file.classes[function.owner] if function is not None and function.owner >= 0 else None


def _made(place: Place, value: int, whole: str) -> Client:
    """Return the call that makes the client, from the row that says so and nothing else."""
    project, file = place.workspace.project, place.workspace.facts(place.path)
    index = place.workspace.files[place.path]
    if file.nodes[value][0] == facts.ANNOTATED:
        value = file.nodes[value][2]
    twins, node = project.packs.library.twins, file.nodes[value]
    types = project.typing.of(index, node[1]) if node[0] == facts.CALL else ()
    names = {project.typing.outside.canonical(t[1]) for t in types if t[0] == "X"} & set(twins)
    spans = [
        tuple(function.sites[at + 2 : at + 4])
        for function in file.functions
        for at in range(0, len(function.sites), facts.SITE)
        if function.sites[at + 1] == value
    ]
    if len(names) != 1 or len(types) != 1 or not spans:
        raise RefusedError("what makes the client is not known to have an asynchronous twin")
    data, (start, end) = place.workspace.text(place.path).data, spans[0]
    row = data.rfind(b"\n", 0, start) + 1
    head = re.fullmatch(
        rb"\s*" + re.escape(whole.encode()) + rb"\s*(?::\s*([\w.]+)\s*)?=\s*", data[row:start]
    )
    callee = re.compile(rb"[\w.]+(?=\()").match(data, start)
    if head is None or callee is None or b"http_client" in data[start:end]:
        raise RefusedError("the client is made in a way that may differ for its twin")
    annotation = (row + head.start(1), row + head.end(1)) if head[1] else None
    if head[1] and head[1] != callee[0]:
        raise RefusedError("the client has the annotation of another class")
    return Client(start, callee.end(), twins[names.pop()], annotation)


def _of_module(place: Place, name: str, client: Client) -> Iterator[Node]:
    """Yield the uses of a variable of the module; no other file may use it."""
    workspace = place.workspace
    module = workspace.project.typing.modules.name(workspace.files[place.path])
    own = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    last = module.rpartition(".")[2].encode()
    for path in workspace.files:
        data = workspace.text(path).data
        if path != place.path and last in data and own.search(data):
            raise RefusedError(f"{path} may use the client, too")
    row = workspace.text(place.path).data.rfind(b"\n", 0, client.start) + 1
    before = ""
    for token in workspace.imports(place.path).tokens:
        is_use = token.type == tokenize.NAME and token.text == name and before != "."
        before = token.text
        if is_use and not row <= token.start < client.start:
            yield from _node(place, token.start, token.end)


def _of_class(place: Place, name: str, client: Client) -> Iterator[Node]:
    """Yield the uses of an attribute of `self`; what is no such use must be another's attribute."""
    workspace, owner = place.workspace, _owner(place)
    row = workspace.text(place.path).data.rfind(b"\n", 0, client.start) + 1
    for path in workspace.files:
        if name.encode() not in workspace.text(path).data:
            continue
        tokens = workspace.imports(path).tokens
        for index, token in enumerate(tokens):
            if token.text.strip("\"'") != name or (
                path == place.path and row <= token.start < client.start
            ):
                continue
            inside = owner is not None and path == place.path
            inside = inside and owner is not None and owner.start <= token.start < owner.end
            if token.type == tokenize.NAME and index > 1 and tokens[index - 1].text == ".":
                first = tokens[index - 2]
                if inside and first.text == "self":
                    yield from _node(place, first.start, token.end)
                elif _may_be(place, path, token.end):
                    raise RefusedError(_UNKNOWN)
            elif token.type == tokenize.STRING and (inside or is_test(path)):
                raise RefusedError("the client may be looked up by its name")
            elif inside and token.type == tokenize.NAME and tokens[index + 1].text == ":":
                raise RefusedError("the client has an annotation in its class")


def _may_be(place: Place, path: str, end: int) -> bool:
    """Tell whether an attribute that is read or set elsewhere may be that of the class."""
    typing = place.workspace.project.typing
    file = place.workspace.files[path]
    nodes = typing.files[file].nodes
    for function in typing.files[file].functions:
        for at in range(0, len(function.reads), facts.SITE):
            if function.reads[at + 3] == end:
                base = nodes[function.reads[at + 1]]
                types = typing.of(file, base[1]) if base[0] == facts.ATTR else ()
                return not types or any(_is_related(place, each) for each in types)
    return True


def _is_related(place: Place, each: Type) -> bool:
    """Tell whether something may be of the class of a place, or have it as a base."""
    typing, owner = place.workspace.project.typing, _owner(place)
    if each[0] not in "IC" or owner is None:
        return False
    file = place.workspace.files[place.path]
    own = typing.first_class[file] + typing.files[file].classes.index(owner)
    order = typing.hierarchy.order
    return own in order(each[1])[0] or each[1] in order(own)[0]


def _node(place: Place, start: int, end: int) -> Iterator[Node]:
    """Yield the expression at a place of the file; what stands in no function is refused."""
    tree = place.workspace.tree(Location(place.path, start, end))
    node = tree.at(start, end) if tree else None
    if node is None:
        raise RefusedError(_UNKNOWN)
    yield node
