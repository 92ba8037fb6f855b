"""Where the loop enters a project: what frameworks decorate, are handed, or find in classes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from asyncfix import facts
from asyncfix.project.arguments import argument_of, constant
from asyncfix.project.starters import started
from asyncfix.project.trace import Memo

Made = tuple[int, int, str]  # a call's file and node, and the variable that keeps what it makes
_DEEPEST = 4  # names of names
# what takes routers in: its arguments with the router and with what comes before its paths
_INCLUDING = {
    "include_router": ("router@0", "prefix"),
    "mount": ("app@1", "path@0"),
    "add_subapp": ("subapp@1", "prefix@0"),
    "register_blueprint": ("blueprint@0", "url_prefix"),
    "blueprint": ("blueprint@0", "url_prefix"),
}
_PREFIXES = ("prefix", "url_prefix")  # what a router says of itself

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from asyncfix.facts import Function
    from asyncfix.packs import Root as RootPack
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Type


class Entry(NamedTuple):
    """A function that a framework runs: how, where, and under which name.

    `plain` tells that it would run a plain function in its place, in a thread.
    """

    fid: int
    kind: str
    name: str
    method: str
    path: str
    on_loop: bool
    startup: bool
    plain: bool = False


class Entries(NamedTuple):
    """The entries that one file tells of, by how, and what that rests on.

    What is handed to a call may stand in another file.
    """

    mask: int
    handed: list[Entry]
    inherited: list[Entry]
    decorated: list[Entry]


def entries_by_file(typing: Typing, known: Mapping[int, Entries]) -> list[Entries]:
    """Return what each file tells, where it is not known yet."""
    finder = _Finder(typing)
    with typing.trace.apart():
        return [known.get(at) or finder.of_file(at) for at in range(len(typing.files))]


def entries(by_file: Sequence[Entries]) -> dict[int, Entry]:
    """Return the functions that frameworks run, in order; the surest way of being one wins."""
    kinds = zip(*(each[1:] for each in by_file), strict=True)
    found = {each.fid: each for kind in kinds for told in kind for each in told}
    return dict(sorted(found.items()))


class _Finder:
    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.decorators: dict[str, list[tuple[str, RootPack]]] = {}
        self.calls: dict[str, list[tuple[str, RootPack]]] = {}
        self.functions: dict[str, list[tuple[str, RootPack]]] = {}
        self.bases: list[RootPack] = []
        outside = typing.outside
        for root in typing.library.roots:
            for full in filter(outside.is_active, root.decorators):
                self.decorators.setdefault(full.rpartition(".")[2], []).append((full, root))
            for full in filter(outside.is_active, root.functions):
                self.functions.setdefault(full.rpartition(".")[2], []).append((full, root))
            for full in filter(outside.is_active, root.calls):
                self.calls.setdefault(full.rpartition(".")[2], []).append((full, root))
            if root.bases:
                self.bases.append(root)
        self.wanted = {base: root for root in self.bases for base in root.bases}
        self.managers = {
            each: root
            for root in typing.library.roots
            for each in filter(typing.outside.is_active, root.managers)
        }
        self.prefixes: Memo[int, dict[Made, tuple[Made | None, str]]] = Memo(
            typing.trace, lambda _: dict(self._included()), lambda _: {}
        )

    def of_file(self, file: int) -> Entries:
        """Return the entries that a file tells of."""
        trace = self.typing.trace
        trace.mask = trace.bits[file]
        handed = list(self._from_calls(file))
        inherited = list(self._from_bases(file))
        decorated = list(self._from_definitions(file))
        return Entries(trace.number(trace.mask), handed, inherited, decorated)

    # Definitions

    def _from_definitions(self, file: int) -> Iterator[Entry]:
        head, start = self.typing.files.heads[file], self.typing.first_function[file]
        if not head.decorated and self.functions.keys().isdisjoint(head.defines):
            return
        for fid, function in enumerate(self.typing.files[file].functions, start):
            if function.parent == 0 and function.owner < 0 and function.name in self.functions:
                for full, root in self.functions[function.name]:
                    if full.partition(".")[0] in head.imports:
                        yield self._entry(fid, root, "", "")
            for decorator in function.decorators:
                entry = self._decorated(fid, file, decorator)
                if entry:
                    yield entry
            entry = self._manager(fid, file, function)
            if entry:
                yield entry

    def _manager(self, fid: int, file: int, function: Function) -> Entry | None:
        """Return the lifespan that a function is by what it takes, however it is handed on."""
        if not self.managers or "asynccontextmanager" not in self.typing.decorators.names(fid):
            return None
        params = function.params[1 if function.flags & facts.METHOD else 0 :]
        annotation = params[0].annotation if len(params) == 1 else 0
        types = self.typing.annotations.of(file, annotation)
        roots = [self.managers[each[1]] for each in types if each[1] in self.managers]
        return self._entry(fid, roots[0], "", "") if roots else None

    def _decorated(self, fid: int, file: int, decorator: int) -> Entry | None:
        nodes = self.typing.files[file].nodes
        call: Sequence[Any] = nodes[decorator]
        callee = call[1] if call[0] == facts.CALL else decorator
        name = _last_name(nodes[callee])
        for full, root in self.decorators.get(name, ()):
            if self._is(file, callee, full):
                path = self._path(file, callee, call, root)
                told = call[0] == facts.CALL and root.thread
                threads = told and self._is_true(file, call, root.thread)
                kind = msgspec.structs.replace(root, sync="thread") if threads else root
                return self._entry(fid, kind, path, name)
        return None

    def _is_true(self, file: int, call: Sequence[Any], name: str) -> bool:
        node = argument_of(call, name)
        return node > 0 and constant(self.typing, file, node) is True

    def _is(self, file: int, node: int, full: str) -> bool:
        for each in self.typing.of(file, node):
            if each[0] == "X" and full in self._names(each):
                return True
        return False

    def _names(self, each: Type) -> set[str]:
        names = {each[1]}
        if each[2]:
            last = each[1].rpartition(".")[2]
            names |= {f"{base}.{last}" for base in self.typing.outside.order(each[2])}
        return names

    def _path(self, file: int, callee: int, call: Sequence[Any], root: RootPack) -> str:
        if call[0] != facts.CALL or not root.path:
            return ""
        path = self._text(file, argument_of(call, root.path))
        base = self.typing.files[file].nodes[callee]
        if base[0] == facts.ATTR:
            path = self._prefix(file, base[1]) + path
        return path

    def _prefix(self, file: int, router: int) -> str:
        """Return what the router and those that include it put before its paths."""
        prefixes = self.prefixes(0)
        made: Made | None = next(self._made(file, router), None)
        path = ""
        seen: set[Made] = set()
        while made is not None and made not in seen:
            seen.add(made)
            call = self.typing.files[made[0]].nodes[made[1]]
            own = (self._text(made[0], argument_of(call, each)) for each in _PREFIXES)
            path = "".join(own) + path
            made, prefix = prefixes.get(made, (None, ""))
            path = prefix + path
        return path

    def _made(self, file: int, node: int, name: str = "", depth: int = 0) -> Iterator[Made]:
        """Yield the calls that make the objects an expression names; a loop names each in turn."""
        typing = self.typing
        parts = typing.files[file].nodes[node]
        kind = parts[0]
        definitions: Iterable[Sequence[Any]] = ()
        if kind == facts.CALL:
            yield file, node, self._variable(file, node, name)
        elif kind == facts.GLOBAL:
            name, definitions = parts[1], typing.modules.lookup(file, parts[1])
        elif kind == facts.IMPORT:
            name, definitions = parts[2], typing.modules.imported(file, parts[1], parts[2])
        elif kind == facts.ATTR:
            modules = [each for each in typing.of(file, parts[1]) if each[0] in "PD"]
            name = parts[2]
            definitions = [d for each in modules for d in typing.modules.member(each, name)]
        elif kind == facts.ELEMENT:
            over = typing.files[file].nodes[parts[1]]
            shown = over[1] if over[0] in (facts.TUPLE, facts.SEQUENCE) else ()
            definitions = [("N", file, each) for each in shown]
        for each in definitions:
            if each[0] == "N" and depth < _DEEPEST:
                yield from self._made(each[1], each[2], name, depth + 1)

    def _variable(self, file: int, node: int, name: str) -> str:
        """Return the variable that keeps what a call makes: equal calls are one node."""
        if not name:
            return ""
        names = [each for each, nodes in self.typing.files[file].names.items() if node in nodes]
        return name if name in names or len(names) != 1 else names[0]

    def _included(self) -> Iterator[tuple[Made, tuple[Made | None, str]]]:
        for name, (router, prefix) in _INCLUDING.items():
            for file, nodes in self.typing.index.callers(name):
                pool = self.typing.files[file].nodes
                for parts in (pool[node] for node in nodes):
                    callee, given = pool[parts[1]], argument_of(parts, router)
                    if given > 0 and callee[0] == facts.ATTR:
                        above = next(self._made(file, callee[1]), None)
                        text = self._text(file, argument_of(parts, prefix))
                        for made in self._made(file, given):
                            yield made, (above, text)

    def _text(self, file: int, node: int) -> str:
        """Return the text that an expression is, or the default of a setting that it reads."""
        if node <= 0:
            return ""
        found = constant(self.typing, file, node)
        parts = self.typing.files[file].nodes[node]
        if found is ... and parts[0] == facts.ATTR:
            for each in self.typing.of(file, parts[1]):
                if each[0] == "I":
                    at, cls = self.typing.classes[each[1]]
                    values = cls.attributes.get(parts[2], ())
                    found = self._default(at, values[0]) if len(values) == 1 else ...
        return found if isinstance(found, str) else ""

    def _default(self, file: int, node: int) -> object:
        parts = self.typing.files[file].nodes[node]
        return constant(self.typing, file, parts[2] if parts[0] == facts.ANNOTATED else node)

    # Calls that are handed functions

    def _from_calls(self, file: int) -> Iterator[Entry]:
        called = self.typing.files.heads[file].calls
        for name in [name for name in self.calls if name in called]:
            here = [each for each in self.calls[name] if self._can_be_in(file, each[0])]
            for node in self.typing.files[file].calls[name] if here else ():
                parts = self.typing.files[file].nodes[node]
                for full, root in here:
                    if self._is(file, parts[1], full):
                        yield from self._handed(file, parts, root)

    def _can_be_in(self, file: int, full: str) -> bool:
        """Tell whether a file can call this: a function of a module only where that is imported."""
        owner = full.rpartition(".")[0]
        if owner.rpartition(".")[2][:1].isupper():
            return True
        return full.partition(".")[0] in self.typing.files.heads[file].imports

    def _handed(self, file: int, parts: Sequence[Any], root: RootPack) -> Iterator[Entry]:
        node = argument_of(parts, root.argument)
        if node <= 0:
            return
        given = self.typing.files[file].nodes[node]
        if given[0] == facts.SEQUENCE:
            for each in given[1]:
                call = (facts.CALL, parts[1], (each,), (), ())
                yield from self._handed(file, call, msgspec.structs.replace(root, argument="@0"))
            return
        if root.thread and self._is_true(file, parts, root.thread):
            root = msgspec.structs.replace(root, sync="thread")
        path = self._path(file, parts[1], parts, root)
        for each in started(self.typing, file, node):
            if each[0] in "FM":
                yield self._entry(each[1], root, path, "")
            elif each[0] == "C":
                fid = self.typing.hierarchy.method(each[1], "__call__")
                if fid >= 0:
                    yield self._entry(fid, root, path, "")

    # Classes

    def _from_bases(self, file: int) -> Iterator[Entry]:
        if not self.typing.files.heads[file].classes:
            return
        for cls, each in enumerate(self.typing.files[file].classes, self.typing.first_class[file]):
            if not each.bases:
                continue
            outside = self.typing.hierarchy.order(cls)[1]
            above = {up for base in outside for up in self.typing.outside.order(base)}
            for root in [self.wanted[base] for base in self.wanted if base in above]:
                for name, method in each.methods.items():
                    if any(fnmatchcase(name, pattern) for pattern in root.methods):
                        fid = self.typing.first_function[file] + method
                        yield self._entry(fid, root, "", name)

    def _entry(self, fid: int, root: RootPack, path: str, decorator: str) -> Entry:
        function = self.typing.functions[fid][1]
        is_async = bool(function.flags & facts.ASYNC)
        method = root.method
        if method == "@":
            method = decorator.upper()
        name = f"{method} {path}".strip() if path else function.qualname
        on_loop = is_async or root.sync == "loop"
        method = method if path else ""
        return Entry(fid, root.kind, name, method, path, on_loop, root.startup, root.plain)


def _last_name(parts: Sequence[Any]) -> str:
    if parts[0] == facts.ATTR:
        return str(parts[2])
    if parts[0] == facts.GLOBAL:
        return str(parts[1])
    if parts[0] == facts.IMPORT:
        return str(parts[1]).rpartition(".")[2]
    return ""
