"""Classes whose `__new__` gives one instance to all become plain; a cached function gives it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.changes.edits import sound
from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.reading import line_of
from asyncfix.rewrites.lifecycle.symbols import Bindings, module_tree, uses
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import Class
    from asyncfix.findings import Finding
    from asyncfix.rewrites.lifecycle.symbols import Use
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_GUARD = re.compile(r"_?_?(?:is_)?init\w*", re.IGNORECASE)
_ANNOTATED = ("Annotation", "Subscript", "SubscriptElement", "Index", "BinaryOperation")
_NOTE = "calling the class makes another instance from now on: all calls that are seen ask `{}`"


def shared_class(workspace: Workspace, finding: Finding) -> Fix:
    """Return the fix of a class that is its own singleton, or raise RefusedError."""
    path = finding.location.path
    file = workspace.facts(path)
    lazy = next(
        e for e in file.lazies if (e.start, e.end) == (finding.location.start, finding.location.end)
    )
    function = file.functions[lazy.function]
    cls = file.classes[function.owner]
    new = module_tree(workspace, path).function(function.start)
    _refuse_class(workspace, path, function.owner, cls)
    if (
        new is None
        or new.all("decorators")
        or [each.kind for each in function.params[1:]]
        not in (
            [],
            ["*", "**"],
        )
    ):
        raise RefusedError("`__new__` takes arguments")
    held = lazy.name.rpartition(".")[2]
    setup = _setup(new, held)
    _refuse_init(workspace, path, cls)
    marks = "__init__" in cls.methods
    if marks and not all(_is_mark(each) for each in setup):
        raise RefusedError("`__new__` and `__init__` both set the instance up")
    name = f"get_{_snake(cls.name)}"
    if any(token.text == name for token in workspace.imports(path).tokens):
        raise RefusedError(f"`{name}` is there already")
    edits = [
        *_class_edits(path, new, held, setup, marks=marks),
        _function(workspace, path, cls, name),
    ]
    imports = [Import(path, "functools")]
    for use in uses(workspace, path, cls.name):
        edits += _asked(workspace, path, use, name, imports)
    _refuse_held(workspace, held, path, cls, new)
    if not sound(edits):
        raise RefusedError("what has to change in one place would be changed twice")
    return Fix(
        title=f"Let `{name}` give the one `{cls.name}`, in the place of its `__new__`",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(_NOTE.format(name),),
        strategy="cached",
        imports=tuple(dict.fromkeys(imports)),
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _refuse_class(workspace: Workspace, path: str, owner: int, cls: Class) -> None:
    typing = workspace.project.typing
    number = typing.first_class[workspace.files[path]] + owner
    if typing.hierarchy.subclasses.get(number) or cls.parent > 0:
        raise RefusedError(f"`{cls.name}` has subclasses, which share its instance or not")


def _refuse_init(workspace: Workspace, path: str, cls: Class) -> None:
    """Raise RefusedError for an `__init__` that runs anew at each call."""
    if "__init__" not in cls.methods:
        return
    function = workspace.facts(path).functions[cls.methods["__init__"]]
    node = module_tree(workspace, path).function(function.start)
    body = scopes.block(node) if node is not None else []
    guards = [each for each in body if each.kind == "If" and _GUARD.search(each["test"].text)]
    if not guards or function.params[1:]:
        raise RefusedError("`__init__` runs anew whenever the class is called")


def _setup(new: Node, held: str) -> list[Node]:
    """Return what `__new__` sets on the instance; raise RefusedError where it does more."""
    body = scopes.block(new)
    tests = [each for each in body if each.kind == "If"]
    if len(tests) != 1 or tests[0].has("orelse"):
        raise RefusedError("`__new__` does more than build one instance")
    others = [each for each in body if each.raw is not tests[0].raw]
    last = line_of(others[-1]) if others else None
    if len(others) != 1 or last is None or last.kind != "Return":
        raise RefusedError("`__new__` does more than build one instance")
    inner = scopes.block(tests[0])
    first = line_of(inner[0])
    if first is None or first.kind != "Assign" or "__new__(cls)" not in first["value"].text:
        raise RefusedError("`__new__` builds the instance in an unusual way")
    for each in inner[1:]:
        line = line_of(each)
        target = line.all("targets")[0]["target"].text if line and line.kind == "Assign" else ""
        if not re.fullmatch(rf"\w+\.{re.escape(held)}\.\w+", target):
            raise RefusedError("`__new__` does more than build one instance")
    return inner[1:]


def _is_mark(statement: Node) -> bool:
    """Tell whether a statement marks an instance as one that is yet to be set up."""
    line = line_of(statement)
    return line is not None and line["value"].text == "False"


def _class_edits(
    path: str, new: Node, held: str, setup: list[Node], *, marks: bool
) -> Iterator[Edit]:
    """Yield the edits of the class: its variable goes, and its `__new__`, or what it sets moves."""
    data = new.tree.data
    around = next(each for each in new.parents if each.kind == "ClassDef")
    body = scopes.block(around)
    for each in body:
        line = line_of(each)
        if line is not None and line.kind in ("Assign", "AnnAssign"):
            target = (
                line["target"] if line.kind == "AnnAssign" else line.all("targets")[0]["target"]
            )
            if target.text == held:
                yield Edit(_rows(path, data, each), "")
    indent = pieces.indent_of(data, new.start)
    if not setup:
        if len(body) < 3:
            raise RefusedError("nothing would be left of the class")
        yield Edit(_rows(path, data, new), "")
        return
    if marks:
        names = (line_of(each).all("targets")[0]["target"]["attr"].text for each in setup)  # type: ignore[union-attr]
        text = "".join(f"{indent}{name} = False\n" for name in names)
        yield Edit(_rows(path, data, new), f"{text}\n")
        return
    inner = pieces.indent_of(data, scopes.block(new)[0].start)
    owner = new["params"].all("params")[0]["name"].text
    changes = [
        (each.start, each.end, "self")
        for part in setup
        for each in part.walk()
        if each.kind == "Attribute" and each.text == f"{owner}.{held}"
    ]
    rows = "".join(pieces.rows(each, inner, changes) for each in setup)
    where = Location(
        path, pieces.row_start(data, new.start), pieces.row_end(data, scopes.block(new)[-1].end)
    )
    yield Edit(where, f"{indent}def __init__(self) -> None:\n{rows}")


def _rows(path: str, data: bytes, node: Node) -> Location:
    """Return the rows of a statement of a class, with the blank ones below."""
    last = scopes.block(node)[-1].end if node.kind == "FunctionDef" else node.end
    end = pieces.row_end(data, last)
    while end < len(data) and not data[end : pieces.row_end(data, end)].strip():
        end = pieces.row_end(data, end)
    return Location(path, pieces.row_start(data, node.start), end)


def _function(workspace: Workspace, path: str, cls: Class, name: str) -> Edit:
    """Return the edit that puts the cached function behind the class."""
    data = workspace.text(path).data
    at = pieces.row_end(data, cls.end)
    text = (
        f"@functools.lru_cache(maxsize=1)\ndef {name}() -> {cls.name}:\n    return {cls.name}()\n"
    )
    lead = "" if data[:at].endswith(b"\n") else "\n"
    return Edit(Location(path, at, at), f"{lead}\n\n{text}")


def _asked(
    workspace: Workspace, home: str, use: Use, name: str, imports: list[Import]
) -> Iterator[Edit]:
    """Yield the edits of one use of the class: a call, or a value that something calls later."""
    node, call = use.node, use.call
    row = workspace.text(use.path).position(node.start)[0]
    above = node.parent
    if use.is_text or above is None:
        raise RefusedError(f"the class is named in a text ({use.path}:{row})")
    if above.kind == "Attribute" or any(each.kind == "Annotation" for each in node.parents):
        return
    if any(
        each.kind == "ClassDef" and each.start <= node.start < scopes.block(each)[0].start
        for each in node.parents
    ):
        raise RefusedError(f"the class is a base ({use.path}:{row})")
    if call is not None and call.all("args"):
        raise RefusedError(f"the class is called with arguments ({use.path}:{row})")
    taken = above.kind in ("Arg", "DictElement", "Element", "AssignTarget", "Assign")
    checks = above.kind == "Arg" and above.parent is not None and above.parent.kind == "Call"
    if checks and above.parent["func"].text in ("isinstance", "issubclass", "cast"):  # type: ignore[index]
        return
    if call is None and not (taken and above.kind in ("Arg", "DictElement")):
        raise RefusedError(f"the class is used as a value ({use.path}:{row})")
    if node.function is None and call is not None and use.path == home:
        raise RefusedError(f"the class is called while its module is imported ({use.path}:{row})")
    spelled = name
    if use.path != home:
        if node.kind == "Attribute":
            spelled = f"{node['value'].text}.{name}"
        else:
            imports.append(_import(workspace, use.path, node.text, name))
    yield Edit(Location(use.path, node.start, node.end), spelled)


def _import(workspace: Workspace, path: str, known: str, name: str) -> Import:
    """Return the import of the function from where a file has the class."""
    for statement in workspace.imports(path).statements:
        for each, _ in statement.bindings():
            if each.bound == known and statement.is_from and not each.alias:
                defined = Bindings(workspace, path).modules.name
                target = f"{statement.module}.{known}"
                found = Bindings(workspace, path).outside(target)
                at = next((int(str(d[1])) for d in found if d[0] == "N"), -1)
                if at >= 0 and not statement.within:
                    return Import(path, defined(at), name)
    raise RefusedError(f"{path} imports the class in an unusual way")


def _refuse_held(workspace: Workspace, held: str, path: str, cls: Class, new: Node) -> None:
    """Raise RefusedError where something else uses the variable of the class."""
    word = re.compile(rb"\." + re.escape(held.encode()) + rb"\b")
    for other in workspace.files:
        data = workspace.text(other).data
        if cls.name.encode() not in data:
            continue
        for match in word.finditer(data):
            if other != path or not new.start <= match.start() < new.end:
                row = workspace.text(other).position(match.start())[0]
                raise RefusedError(f"`{held}` is used in {other}:{row}")
