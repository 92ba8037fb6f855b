"""Has caches keep msgpack in place of pickles, compressed where that is configured and unused.

What is there from before is never unpickled: msgpack refuses every pickle with a ValueError,
because it ends long before the bytes do, and who reads takes that for an entry that is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.index import is_test
from asyncfix.project.packable import Packable
from asyncfix.project.pickles import DUMPS, Pickling, holder, picklings
from asyncfix.rewrites.lifecycle.placing import top_statement
from asyncfix.rewrites.lifecycle.symbols import module_tree
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_CAUGHT = ("Exception", "BaseException", "ValueError")
_PICKLE_ERRORS = ("UnpicklingError", "PickleError")
_FLAGS = ("compression", "compress", "use_compression")
_LEVELS = ("compression_level", "compress_level")
_OLD = "entries that were pickled before count as missing, and are written anew"
_PLAIN = (
    "what is kept holds texts, numbers, lists and dicts with text keys: a tuple comes back as a "
    "list, and anything else fails when it is written"
)
_COMPRESSED = '''def _packed(entry: Any, level: int) -> bytes:
    """Return an entry as it is kept: compressed, unless the level is 0."""
    data = msgpack.packb(entry)
    return gzip.compress(data, level) if level else data


def _unpacked(data: bytes) -> Any:
    """Return what was packed; raise ValueError for anything else."""
    if data.startswith(b"\\x1f\\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(str(error)) from error
    return msgpack.unpackb(data)


'''
_MISSED = '''def _unpacked(data: bytes) -> Any:
    """Return what was packed; None for anything else, such as what used to be pickled."""
    try:
        return msgpack.unpackb(data)
    except ValueError:
        return None


'''


@dataclass
class _Holder:
    """The calls of pickle of one class or module, and what they are written with."""

    workspace: Workspace
    path: str
    calls: list[tuple[Pickling, Node]]
    level: str = ""  # of compression, as code
    misses: bool = False  # nothing catches what an old entry raises
    edits: list[Edit] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the functions that the file needs."""
        return _COMPRESSED if self.level else _MISSED if self.misses else ""


def packed(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that keeps msgpack, on both sides of a cache."""
    path = finding.location.path
    at = workspace.files[path]
    file = workspace.facts(path)
    every = list(picklings(workspace.project, at))
    mine = next((e for e in every if e.start == finding.location.start), None)
    if mine is None:
        raise RefusedError("the call is not known any more")
    owner = holder(file, mine.function)
    tree = module_tree(workspace, path)
    calls = [
        (each, tree.at(each.start, each.end))
        for each in every
        if holder(file, each.function) == owner
    ]
    seen = [(each, node) for each, node in calls if node is not None]
    if len(seen) < len(calls) or {each.name in DUMPS for each, _ in seen} != {True, False}:
        raise RefusedError("only one side of the cache is seen")
    _refuse_others(workspace, path)
    _refuse_values(workspace, at, [each for each, _ in seen])
    held = _Holder(workspace, path, seen)
    held.level = _level(tree.root, file.classes[owner].name) if owner >= 0 else ""
    for each, node in seen:
        held.edits += _written(held, node) if each.name in DUMPS else _read(held, node)
    imports = [Import(path, "msgpack")]
    if held.text:
        if {"_packed", "_unpacked"} & set(file.names):
            raise RefusedError("names that the cache needs mean something else in this file")
        first = min(node.start for _, node in seen)
        place = top_statement(workspace, path, first)
        held.edits.append(Edit(Location(path, place, place), held.text))
        imports.append(Import(path, "typing", "Any"))
    if held.level:
        imports += [Import(path, "gzip"), Import(path, "zlib")]
    return Fix(
        title="Keep msgpack in place of pickles" + (", compressed" if held.level else ""),
        applicability=Applicability.UNSAFE,
        edits=tuple(dict.fromkeys(held.edits)),
        notes=(_OLD, _PLAIN),
        strategy="native",
        imports=tuple(imports),
        requires=("msgpack>=1.0",),
    )


# What is kept


def _refuse_others(workspace: Workspace, path: str) -> None:
    """Raise RefusedError where tests or other modules may read or write the same pickles."""
    for each in workspace.files:
        is_named = each != path and b"pickle" in workspace.text(each).data
        if is_named and (is_test(each) or "pickle" in workspace.facts(each).imports):
            raise RefusedError(f"{each} uses pickle as well")


def _refuse_values(workspace: Workspace, at: int, calls: list[Pickling]) -> None:
    """Raise RefusedError for values that are not known, or that would come back otherwise."""
    packable = Packable(workspace.project)
    nodes = workspace.project.files[at].nodes
    for each in calls:
        if each.name in DUMPS:
            for doubt in packable.doubts(at, nodes[each.node][2][0]):
                if doubt.reason:
                    raise RefusedError(f"what is kept may be {doubt.reason}")
                if not doubt.within:
                    raise RefusedError("what is kept is not known: msgpack holds plain values only")
    for file in packable.files:
        path = workspace.project.files.paths[file]
        for node in module_tree(workspace, path).root.walk():
            if node.kind in ("Set", "SetComp"):
                raise RefusedError(f"what is kept may hold a set of {path}")


def _level(root: Node, name: str) -> str:
    """Return the level of compression that a class is given and never uses, as code."""
    cls = next((e for e in root.walk() if e.kind == "ClassDef" and e["name"].text == name), None)
    if cls is None:
        return ""
    kept: dict[str, int] = {}
    for each in cls.walk():
        if each.kind == "Attribute" and each["value"].text == "self":
            above = each.parent
            is_set = above is not None and above.kind in ("AssignTarget", "AnnAssign")
            kept[each["attr"].text] = kept.get(each["attr"].text, 0) + (1 if is_set else 2)
    flags = [each for each in _FLAGS if each in kept]
    levels = [each for each in _LEVELS if each in kept]
    if any(kept[each] > 1 for each in (*flags, *levels)) or not (flags or levels):
        return ""  # somebody compresses already, or nobody wants to
    level = f"self.{levels[0]}" if levels else "6"
    return f"{level} if self.{flags[0]} else 0" if flags else level


# Calls


def _args(node: Node, least: int) -> list[str]:
    """Return the first arguments of a call of pickle; its protocol and encoding go."""
    args = node.all("args")
    plain = [each["value"].text for each in args if not each.has("keyword")]
    is_module = node["func"].kind == "Attribute" and node["func"]["value"].kind == "Name"
    if not is_module or len(plain) < least or any(each.word("star") for each in args):
        raise RefusedError("pickle is called in an unusual way")
    return plain


def _edit(held: _Holder, node: Node, text: str) -> Edit:
    return Edit(Location(held.path, node.start, node.end), text)


def _written(held: _Holder, node: Node) -> Iterator[Edit]:
    is_file = node["func"]["attr"].text == "dump"
    given = _args(node, 2 if is_file else 1)
    if held.level:
        data = f"_packed({given[0]}, {held.level})"
        yield _edit(held, node, f"{given[1]}.write({data})" if is_file else data)
    elif is_file:
        yield _edit(held, node, f"msgpack.pack({given[0]}, {given[1]})")
    else:
        yield _edit(held, node, f"msgpack.packb({given[0]})")


def _read(held: _Holder, node: Node) -> Iterator[Edit]:
    is_file = node["func"]["attr"].text == "load"
    given = _args(node, 1)[0]
    data = f"{given}.read()" if is_file else given
    caught = _caught(node)
    if caught is None:
        if held.level or not _may_give_none(node):
            raise RefusedError(
                "nothing handles an entry that cannot be read, as those will be that are there now"
            )
        held.misses = True
        yield _edit(held, node, f"_unpacked({data})")
        return
    for name in caught:
        yield _edit(held, name, "ValueError")
    if held.level:
        yield _edit(held, node, f"_unpacked({data})")
    else:
        yield _edit(
            held, node, f"msgpack.unpack({given})" if is_file else f"msgpack.unpackb({given})"
        )


def _caught(node: Node) -> list[Node] | None:
    """Return the errors of pickle that a `try` around a call handles; None where none does."""
    below = node
    for each in node.parents:
        if each.kind == "FunctionDef":
            return None
        if each.kind == "Try" and each["body"].raw is below.raw:
            names = [n for h in each.all("handlers") for n in _handled(h)]
            errors = [n for n in names if n is not None and n.text.endswith(_PICKLE_ERRORS)]
            if errors or any(n is None or n.text in _CAUGHT for n in names):
                return errors
        below = each
    return None


def _handled(handler: Node) -> list[Node | None]:
    """Return the errors that a handler names; None for all."""
    if not handler.has("type"):
        return [None]
    told = handler["type"]
    return [e["value"] for e in told.all("elements")] if told.kind == "Tuple" else [told]


def _may_give_none(node: Node) -> bool:
    """Tell whether what is read is returned as it is, by a function that may return None."""
    scope, line = node.function, node.statement
    is_returned = line.kind == "SimpleStatementLine" and line.all("body")[0].kind == "Return"
    above = node.parent
    is_whole = above is not None and above.kind in ("Return", "IfExp")
    if scope is None or scope.kind != "FunctionDef" or not is_returned or not is_whole:
        return False
    if scope.has("returns") and "None" in scope["returns"]["annotation"].text:
        return True
    if above is not None and above.kind == "IfExp" and above["orelse"].text == "None":
        return True
    returns = [each for each in scope["body"].own() if each.kind == "Return"]
    return any(not e.has("value") or e["value"].text == "None" for e in returns)
