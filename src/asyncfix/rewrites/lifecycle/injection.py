"""Endpoints that call an accessor take what it gives as a dependency instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Import, Location
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.service_type import service_type
from asyncfix.rewrites.lifecycle.signature import with_parameter
from asyncfix.rewrites.lifecycle.symbols import Bindings, uses
from asyncfix.rewrites.names import has_generics
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.rewrites.lifecycle.symbols import Use
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_KINDS = ("endpoint", "websocket")
_VERBS = re.compile(r"^(?:get|fetch|provide|shared|create|make|build|use|obtain|load|init)_+(?=\w)")
_NAME = re.compile(r"[A-Za-z_]\w*")


class _DealtWithError(RefusedError):
    """An endpoint answers by itself where the service cannot be built."""


class Injected(NamedTuple):
    """What gives endpoints a service: edits, and the imports that these need."""

    edits: tuple[Edit, ...]
    imports: tuple[Import, ...]
    endpoints: tuple[str, ...]


NONE = Injected((), (), ())


def injected(accessor: Accessor, found: Iterable[Use]) -> Injected:
    """Return the edits of all endpoints of FastAPI that only call the accessor; maybe none."""
    type_ = service_type(accessor)
    edits: list[Edit] = []
    imports: list[Import] = []
    names: list[str] = []
    for endpoint, calls in _by_endpoint(accessor, found):
        try:
            mine = _Endpoint(accessor, endpoint, calls, type_)
            told = tuple(mine.edits()), tuple(mine.imports())
        except _DealtWithError:
            raise
        except RefusedError:
            continue
        edits += told[0]
        imports += told[1]
        names.append(endpoint.node["name"].text)
    return Injected(tuple(edits), tuple(dict.fromkeys(imports)), tuple(names))


class Endpoint(NamedTuple):
    """A function that FastAPI runs for a request."""

    path: str
    node: Node
    fid: int


def _by_endpoint(accessor: Accessor, found: Iterable[Use]) -> list[tuple[Endpoint, list[Use]]]:
    """Group the calls of an accessor by the endpoints that they stand in."""
    workspace = accessor.workspace
    grouped: dict[int, tuple[Endpoint, list[Use]]] = {}
    for use in found:
        endpoint = _endpoint(workspace, use)
        if endpoint is not None:
            grouped.setdefault(endpoint.fid, (endpoint, []))[1].append(use)
    return [grouped[fid] for fid in sorted(grouped)]


def _endpoint(workspace: Workspace, use: Use) -> Endpoint | None:
    """Return the endpoint of FastAPI whose own code a call is part of."""
    call, scope = use.call, use.scope
    if call is None or call.all("args") or scope is None or scope.kind != "FunctionDef":
        return None
    file = workspace.files[use.path]
    project = workspace.project
    if not scope["body"].start <= use.node.start or "fastapi" not in project.files[file].imports:
        return None
    for index, function in enumerate(project.files[file].functions):
        if function.start == scope.start:
            fid = project.typing.first_function[file] + index
            entry = project.entries.get(fid)
            if entry is not None and entry.kind in _KINDS and function.owner < 0:
                return Endpoint(use.path, scope, fid)
    return None


class _Endpoint:
    """The edits by which one endpoint takes a service as a parameter."""

    def __init__(
        self, accessor: Accessor, endpoint: Endpoint, calls: Sequence[Use], type_: str
    ) -> None:
        self.accessor, self.endpoint, self.calls, self.type = accessor, endpoint, calls, type_
        self.workspace = accessor.workspace
        self.path, self.node = endpoint.path, endpoint.node
        self.is_home = self.path == accessor.path
        self._imports: list[Import] = []

    def imports(self) -> Iterator[Import]:
        """Yield what the edits need; they are to be asked for first."""
        yield from self._imports

    def edits(self) -> Iterator[Edit]:
        """Yield the edits; raise RefusedError where the endpoint must stay as it is."""
        self._refuse_direct()
        for use in self.calls:
            self._refuse_tried(use)
        spelled = self._spelled()
        name, line = self._name()
        type_ = self._type()
        typing = "typing" if has_generics(self.workspace) else "typing_extensions"
        annotated, depends = self._bound(typing, "Annotated"), self._bound("fastapi", "Depends")
        told = f"{name}: {annotated}[{type_}, {depends}({spelled})]"
        gone = line.statement if line is not None else None
        if gone is not None:
            yield self._without(gone)
        for use in self.calls:
            whole = self._whole(use)
            if gone is None or not gone.start <= whole.start < gone.end:
                yield Edit(Location(self.path, whole.start, whole.end), name)
        yield with_parameter(self.workspace, self.path, self.node, told)

    # What speaks against it

    def _refuse_direct(self) -> None:
        """Raise RefusedError for a function that something calls directly."""
        name = self.node["name"].text
        outer = self.node.function
        if outer is not None:
            used = [each for each in scopes.names(outer["body"]) if each.text == name]
            if used:
                raise RefusedError(f"`{name}` is used otherwise")
            return
        found = [use for use in uses(self.workspace, self.path, name) if not use.is_text]
        if any(use.node.parent is not None and not self._is_defined(use) for use in found):
            raise RefusedError(f"`{name}` is called directly")

    def _is_defined(self, use: Use) -> bool:
        above = use.node.parent
        return above is not None and above.kind == "FunctionDef"

    def _refuse_tried(self, use: Use) -> None:
        """Raise RefusedError where the endpoint deals with what building may raise."""
        for each in use.node.parents:
            if each.raw is self.node.raw:
                return
            tries = each.kind in ("Try", "TryStar")
            inside = tries and each["body"].start <= use.node.start < each["body"].end
            if inside and self._may_catch(each):
                raise _DealtWithError("an endpoint deals with what building raises")
            if each.kind in ("FunctionDef", "Lambda"):
                raise RefusedError("the call runs later")

    def _may_catch(self, node: Node) -> bool:
        """Tell whether a `try` handles more than exceptions of the project and of the framework."""
        bindings = Bindings(self.workspace, self.path)
        for handler in node.all("handlers"):
            if not handler.has("type"):
                return True
            kind = handler["type"]
            types = [e["value"] for e in kind.all("elements")] if kind.kind == "Tuple" else [kind]
            for each in types:
                found = bindings.meant(each.text)
                if not found or any(
                    d[0] != "N" and not str(d[1]).startswith(("fastapi", "starlette"))
                    for d in found
                ):
                    return True
        return False

    # Names

    def _spelled(self) -> str:
        """Return how the endpoint's module writes the accessor, where signatures are evaluated."""
        texts = {use.node.text for use in self.calls}
        if len(texts) > 1:
            raise RefusedError("the accessor has several names here")
        text = texts.pop()
        first = text.partition(".")[0]
        bindings = Bindings(self.workspace, self.path)
        if first in bindings.inner:
            raise RefusedError("the accessor is imported where it is called")
        if self.is_home and self.accessor.node.start > self._definition_start:
            raise RefusedError("the accessor is defined below the endpoint")
        return text

    @property
    def _definition_start(self) -> int:
        outermost = [self.node, *(e for e in self.node.parents if e.kind == "FunctionDef")][-1]
        return outermost.start

    def _name(self) -> tuple[str, Node | None]:
        """Return the parameter's name, and the assignment that it makes needless."""
        lines = [self._assigned(use) for use in self.calls]
        own = scopes.bound_by_function(self.node)
        for line in lines:
            if line is not None:
                name = line.all("targets")[0]["target"].text
                if self._sets(name) == 1 and line.statement.parent is not None:
                    return name, line
        wanted = _VERBS.sub("", self.accessor.name)
        if wanted == self.accessor.name:
            wanted = _snake(self.type)
        used = {each.text for each in self.node.walk() if each.kind == "Name"}
        taken = own | used | set(self.workspace.facts(self.path).names)
        while wanted in taken:
            wanted += "_"
        return wanted, None

    def _sets(self, name: str) -> int:
        """Count how often the endpoint binds a name."""
        own = self.node["body"].own()
        found = sum(name in scopes.bound_by(each) for each in own)
        params = sum(
            each["name"].text == name for each in self.node["params"].walk() if each.kind == "Param"
        )
        return found + params

    def _assigned(self, use: Use) -> Node | None:
        """Return the statement `x = get_x()` that a call is all of, beside other statements."""
        whole = self._whole(use)
        line = whole.parent
        if line is None or line.kind != "Assign" or len(line.all("targets")) > 1:
            return None
        if line.all("targets")[0]["target"].kind != "Name" or line["value"].raw is not whole.raw:
            return None
        row = line.statement
        is_alone = row.kind == "SimpleStatementLine" and len(row.all("body")) == 1
        block = row.parent
        is_only = block is None or len(block.all("body")) == 1
        return line if is_alone and not is_only else None

    def _whole(self, use: Use) -> Node:
        """Return the call with its `await`."""
        call = use.call
        if call is None:
            raise RefusedError("the accessor is not called")
        above = call.parent
        if self.accessor.is_async:
            if above is None or above.kind != "Await":
                raise RefusedError("the accessor is not awaited")
            return above
        return call

    def _type(self) -> str:
        """Return how the endpoint's module writes the type, importing it where it must."""
        text = self.type
        if self.is_home:
            self._refuse_later(text)
            return text
        if not _NAME.fullmatch(text):
            raise RefusedError("the type is no single name")
        home = Bindings(self.workspace, self.accessor.path)
        here = Bindings(self.workspace, self.path)
        if here.meant(text) and here.meant(text) == home.meant(text):
            return text
        wanted = self._import_of(text)
        taken = text in self.workspace.facts(self.path).names or text in here.all
        if taken:
            raise RefusedError(f"`{text}` means something else here")
        self._imports.append(wanted)
        return text

    def _refuse_later(self, text: str) -> None:
        """Raise RefusedError for a type that is not there yet when the signature is evaluated."""
        first = text.partition(".")[0].partition("[")[0]
        bindings = Bindings(self.workspace, self.path)
        if first in bindings.inner and first not in self.workspace.facts(self.path).names:
            raise RefusedError("the type is imported where the service is built")
        for each in self.workspace.facts(self.path).classes:
            if each.name == first and each.start > self._definition_start:
                raise RefusedError("the type is defined below the endpoint")
        for statement in self.workspace.imports(self.path).statements:
            bound = {binding.bound for binding, _ in statement.bindings()}
            if first in bound and statement.within:
                raise RefusedError("the type is not imported at the top")

    def _import_of(self, name: str) -> Import:
        """Return the import of a name as the accessor's module has it, or from that module."""
        modules = self.workspace.project.typing.modules
        home = self.workspace.files[self.accessor.path]
        for statement in self.workspace.imports(self.accessor.path).statements:
            for each, _ in statement.bindings():
                if each.bound != name:
                    continue
                if statement.within or not statement.is_from or each.alias:
                    raise RefusedError("the type is not imported at the top")
                module = _absolute(statement.module, modules.name(home), self.accessor.path)
                return Import(self.path, module, name)
        if name in self.workspace.facts(self.accessor.path).names:
            return Import(self.path, modules.name(home), name)
        raise RefusedError("where the type comes from is not seen")

    def _bound(self, module: str, name: str) -> str:
        known = self.workspace.imports(self.path).binding(Import("", module, name))
        if known:
            return known
        if module == "typing":
            other = self.workspace.imports(self.path).binding(Import("", "typing_extensions", name))
            if other:
                return other
        if name in self.workspace.facts(self.path).names:
            raise RefusedError(f"`{name}` means something else here")
        self._imports.append(Import(self.path, module, name))
        return name

    # Writing

    def _without(self, statement: Node) -> Edit:
        data = statement.tree.data
        start, end = pieces.row_start(data, statement.start), pieces.row_end(data, statement.end)
        first = data[:start].rstrip().endswith(b":")
        while first and end < len(data) and not data[end : pieces.row_end(data, end)].strip():
            end = pieces.row_end(data, end)
        return Edit(Location(self.path, start, end), "")


def _snake(name: str) -> str:
    last = name.rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()


def _absolute(module: str, home: str, path: str) -> str:
    """Return the full name of a module that may be imported relatively."""
    level = len(module) - len(module.lstrip("."))
    if not level:
        return module
    parts = home.split(".") if path.endswith("__init__.py") else home.split(".")[:-1]
    parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
    return ".".join([*parts, module.lstrip(".")] if module.lstrip(".") else parts)
