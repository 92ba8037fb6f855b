"""Where a file's sessions are kept, and every use of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.rewrites.moving.code import codes, is_label
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_SESSIONS = frozenset(("Session", "session", "sessions.Session", "sessions.session"))


@dataclass
class Sessions:
    """The sessions that one file makes; `uses` holds every expression that is one, by file."""

    home: str
    made: list[Node] = field(default_factory=list)
    uses: list[tuple[Code, Node]] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    classes: set[int] = field(default_factory=set)


def sessions(workspace: Workspace, home: str, library: str) -> Sessions:
    """Find the sessions that a file makes; raise RefusedError for one that cannot be followed."""
    code = codes(workspace, home)
    found = Sessions(home)
    found.made = [each for each in code.each("Call") if _makes(code, each, library)]
    if not found.made:
        raise RefusedError(f"{home} makes no session of its own")
    pending, makers = list(found.made), set[int]()
    while pending:
        given = pending.pop()
        names: list[tuple[str, Node]] = []
        for target, scope in _kept(code, given):
            if target.kind == "Attribute":
                found.attributes.add(target["attr"].text)
                found.classes |= _classes(workspace, code, target)
            else:
                names.append((target.text, scope))
        if given.parent is not None and given.parent.kind == "Attribute":
            found.uses.append((code, given))
        fresh = [*_uses(workspace, code, found, names), (code, given)]
        found.uses += [each for each in fresh[:-1] if each not in found.uses]
        for where, node in fresh:
            maker = node.function if _is_result(node) else None
            if maker is not None and where is code and maker.start not in makers:
                makers.add(maker.start)
                pending += _made_by(workspace, code, maker)
    return found


def _is_result(node: Node) -> bool:
    return node.parent is not None and node.parent.kind == "Return"


def _made_by(workspace: Workspace, code: Code, maker: Node) -> Iterator[Node]:
    """Yield the calls of a function that makes a session and returns it."""
    name = maker["name"].text
    if maker.all("decorators"):
        raise RefusedError(f"`{name}`, which makes the session, is decorated")
    typing = workspace.project.typing
    fid = code.fid(maker["body"].all("body")[0])
    for file, nodes in typing.index.callers(name, tests=False):
        callees = (typing.of(file, typing.files[file].nodes[node][1]) for node in nodes)
        is_called = any(
            typing.calls.reaches(e, fid) is not None for types in callees for e in types
        )
        if is_called and file != code.file:
            raise RefusedError(f"`{name}` makes sessions for {typing.files.paths[file]} as well")
    for call in code.each("Call"):
        if any(typing.calls.reaches(each, fid) is not None for each in code.callees(call)):
            yield call


def _makes(code: Code, call: Node, library: str) -> bool:
    top, _, rest = code.full_name(call["func"]).partition(".")
    return top == library and rest in _SESSIONS


def _kept(code: Code, made: Node) -> Iterator[tuple[Node, Node]]:
    """Yield the variable or attribute that a session is kept in, and the function or module."""
    node = made
    for each in made.parents:
        if each.kind in ("BooleanOperation", "IfExp"):
            node = each
            continue
        if each.kind in ("Return", "Attribute"):
            return
        scope = made.function or code.tree.root
        if each.kind == "Assign" and each["value"].raw is node.raw:
            for target in each.all("targets"):
                yield _target(code, target["target"]), scope
        elif each.kind == "AnnAssign":
            yield _target(code, each["target"]), scope
        elif each.kind == "WithItem" and each.has("asname"):
            yield each["asname"]["name"], scope
        else:
            row = code.row(made)
            raise RefusedError(f"what becomes of the session is unclear ({code.path}:{row})")
        return


def _target(code: Code, target: Node) -> Node:
    is_own = target.kind == "Attribute" and target["value"].text in ("self", "cls")
    if target.kind != "Name" and not is_own:
        raise RefusedError(f"the session is kept elsewhere ({code.path}:{code.row(target)})")
    return target


def _classes(workspace: Workspace, code: Code, target: Node) -> set[int]:
    """Return the class that keeps a session in an attribute, and all below and above it."""
    typing = workspace.project.typing
    owner = [
        typing.first_class[code.file] + at
        for at, each in enumerate(code.facts.classes)
        if each.start <= target.start < each.end
    ][-1:]
    if not owner:
        raise RefusedError(f"the class that keeps the session is unknown ({code.path})")
    found = set(owner)
    for each in owner:
        found |= {*typing.hierarchy.order(each)[0], *typing.hierarchy.subclasses.get(each, ())}
    return found


def _uses(
    workspace: Workspace, home: Code, found: Sessions, names: list[tuple[str, Node]]
) -> Iterator[tuple[Code, Node]]:
    for text, scope in names:
        yield from ((home, each) for each in _named(home, text, scope))
    typing = workspace.project.typing
    for path, file in workspace.files.items():
        data = workspace.text(path).data
        wanted = [each for each in found.attributes if f".{each}".encode() in data]
        if not wanted:
            continue
        mine = {cls for cls in found.classes if typing.classes[cls][0] == file}
        if not mine and is_test(path):
            continue
        code = codes(workspace, path)
        if mine or code.is_readable or _holds(code, found, wanted):
            yield from _attributes(code, found, wanted, mine)


def _holds(code: Code, found: Sessions, wanted: list[str]) -> bool:
    """Tell whether a file uses such an attribute of an instance, as far as the facts tell."""
    typing = code.workspace.project.typing
    return any(
        one[0] == "I" and one[1] in found.classes
        for parts in code.facts.nodes
        if parts[0] == facts.ATTR and parts[2] in wanted
        for one in typing.of(code.file, parts[1])
    )


def _named(code: Code, text: str, scope: Node) -> Iterator[Node]:
    """Yield the places that use a variable: of a function and those in it, or of a module."""
    for each in code.each("Name"):
        if each.text != text or not scope.start <= each.start < scope.end:
            continue
        if not is_label(each):
            yield each


def _attributes(
    code: Code, found: Sessions, wanted: list[str], mine: set[int]
) -> Iterator[tuple[Code, Node]]:
    """Yield the attributes that are a session: of `self` in its classes, and of instances."""
    typing = code.workspace.project.typing
    spans = [(typing.classes[cls][1].start, typing.classes[cls][1].end) for cls in mine]
    for each in code.each("Attribute"):
        if each["attr"].text not in wanted:
            continue
        base = each["value"].text
        inside = any(start <= each.start < end for start, end in spans)
        if base in ("self", "cls"):
            if inside:
                yield code, each
            continue
        types = code.types(each["value"]) if each["value"].kind != "Name" else ()
        if any(one[0] == "I" and one[1] in found.classes for one in types):
            yield code, each
