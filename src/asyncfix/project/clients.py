"""Where clients and connections are made, and what becomes of them: kept, handed on, or dropped."""

from __future__ import annotations

from collections import deque
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.heads import decorators
from asyncfix.packs import Condition
from asyncfix.project.decorators import CACHES
from asyncfix.project.dependence import Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.facts import FileFacts, Function
    from asyncfix.packs import Client
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project
    from asyncfix.project.types import Type

_DEEPEST = 3  # hops from a call to the client that it makes
_SET_UP = frozenset(("__init__", "__post_init__", "__new__"))
_PROPERTIES = frozenset(("property", "cached_property"))
_WRAPPERS = (facts.AWAIT, facts.ITEM, facts.ENTERED, facts.AENTERED, facts.ELEMENT)
_HARMLESS = frozenset(("timeout", "headers", "follow_redirects", "params", "limits", "http2"))


class Making(NamedTuple):
    """A call that makes a client: where, of what, and by which names it leads to which place."""

    at: Called
    name: str
    client: Client
    by: tuple[str, ...] = ()
    origin: Called | None = None


class Clients:
    """Follows clients from where they are made to where they are dropped."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing
        self._kept: dict[int, frozenset[int]] = {}
        self._values: dict[int, Values] = {}

    @cached_property
    def dropped(self) -> list[Making]:
        """Return the calls that make a client for one use."""
        found: dict[Called, Making] = {}
        queue = deque(self.made)
        seen = {each.at for each in queue}
        while queue:
            making = queue.popleft()
            if self._is_once(making):
                continue
            fate = self._fate(making)
            if fate == "dropped":
                # of single connections, who opens them is to change, not all who use one
                told = making if making.client.pooled else self._at_origin(making)
                found.setdefault(told.at, told)
            for each in self._onward(making, fate):
                if each.at not in seen:
                    seen.add(each.at)
                    queue.append(each)
        return list(found.values())

    @cached_property
    def brief(self) -> frozenset[Called]:
        """Return the calls whose client is asked and dropped where things run once."""
        made = (each for each in self.made if self._is_once(each))
        return frozenset(each.at for each in made if self._fate(each) == "dropped")

    def _at_origin(self, making: Making) -> Making:
        return making._replace(at=making.origin or making.at, by=())

    # Where clients are made

    @cached_property
    def made(self) -> list[Making]:
        """Return the calls of what packs know to make clients."""
        return list(self._made_outside())

    def _made_outside(self) -> Iterator[Making]:
        services, callers = self.project.services, self.project.callers
        names = {name.rpartition(".")[2] for name in services.clients}
        for file, head in enumerate(self.typing.files.heads):
            if not names.isdisjoint(head.calls) and file not in self.typing.index.tests:
                answer = partial(self._made_in, file, names)
                for at, name in callers.of("makes", file, file, answer):
                    client = services.client(name)
                    if client is not None:
                        yield Making(at, name, client)

    def _made_in(self, file: int, names: set[str]) -> Iterator[tuple[Called, str]]:
        facts_of = self.typing.files[file]
        for name in sorted(names & facts_of.calls.keys()):
            for node in facts_of.calls[name]:
                parts = facts_of.nodes[node]
                for each in self.typing.of(file, parts[1]):
                    client = self.project.services.client(each[1]) if each[0] == "X" else None
                    if client and not self._is_other(file, parts, client):
                        for at in self.project.lifetimes.sites(file, {node}):
                            yield at, str(each[1])

    def _is_other(self, file: int, parts: tuple[Any, ...], client: Client) -> bool:
        """Tell whether an argument makes it something that is not to be shared."""
        given = dict(zip(parts[3], parts[4], strict=True))
        for condition in map(Condition.parse, client.unless):
            node = given.get(condition.name, 0)
            types = self.typing.of(file, node) if node > 0 and condition.operator else ()
            outside = {name for each in types for name in self._bases(each)}
            if node and (not condition.operator or not types or condition.value in outside):
                return True
        return False

    def _bases(self, each: Type) -> Iterable[str]:
        """Return the classes outside the project that an object is an instance of."""
        if each[0] == "I":
            return self.typing.hierarchy.order(each[1])[1]
        return self.typing.outside.order(each[1]) if each[0] == "E" else ()

    def _is_once(self, making: Making) -> bool:
        """Tell whether a place runs once, or beside what is served."""
        at, times = making.at, self.project.lifetimes
        if self.project.local.of("runs once", at, lambda: self._is_kept(at)):
            return True
        around = at.function
        while around > 0:
            fid = times.fid(at.file, around)
            if times.spares(fid):
                return True
            around = self.typing.functions.sign(fid).parent
        return not at.function

    def _is_kept(self, at: Called) -> str:
        """Say whether what a place gives is asked for only once, by a test or by a cache."""
        file = self.typing.files[at.file]
        if any(each[1] == facts.ONCE for each in file.guards[at.guard]):
            return "by a test"
        is_cached = not CACHES.isdisjoint(decorators(file, file.functions[at.function]))
        return "by a cache" if is_cached else ""

    # What becomes of them

    def _fate(self, making: Making) -> str:
        """Tell what becomes of a client: dropped, returned, owned by `self`, kept, or unclear."""
        at, pooled = making.at, making.client.pooled
        if making.client.at_once:
            return "dropped" if self._is_repeated(at) else "unclear"
        question = f"fate of {'a pool' if pooled else 'one'}"
        fate = self.project.local.of(question, at, lambda: self._told(at, pooled=pooled))
        if fate == "given":
            return "dropped" if self._is_provider(at) else "returned"
        return fate

    def _told(self, at: Called, *, pooled: bool) -> str:
        """Tell what becomes of a client, as far as its file says."""
        file, node = self.typing.files[at.file], at.node
        function = file.functions[at.function]
        owner = self._owner(file, at.function)
        if owner >= 0 and self._is_owned(file, owner, node):
            is_property = not _PROPERTIES.isdisjoint(decorators(file, function))
            makes = function.name in _SET_UP or is_property
            return "owned" if makes and function.owner >= 0 and pooled else "kept"
        captured = (each for values in function.captured.values() for each in values)
        if node in self._kept_in(at.file) or self._holds(file, captured, node):
            return "kept"
        if self._holds(file, (*function.results, *function.yields), node):
            if self._is_looked_up(file, function, node):
                return "kept"
            return "given" if function.yields and not pooled else "returned"
        return "unclear" if self._is_handed_on(file, function, node) else "dropped"

    def _is_provider(self, at: Called) -> bool:
        entry = self.project.entries.get(self.project.lifetimes.fid(at.file, at.function))
        return entry is not None and entry.kind == "dependency"

    def _is_repeated(self, at: Called) -> bool:
        """Tell whether a place lies in a loop, or its function is called in one."""
        times = self.project.lifetimes
        fid = times.fid(at.file, at.function)
        return times.repeats(at) or any(times.repeats(each) for each in times.calls_of(fid))

    def _owner(self, file: FileFacts, index: int) -> int:
        """Return the class whose `self` a function sees, or -1."""
        while index > 0 and file.functions[index].owner < 0:
            index = file.functions[index].parent
        return file.functions[index].owner if index > 0 else -1

    def _is_owned(self, file: FileFacts, owner: int, node: int) -> bool:
        """Tell whether a class keeps what a node makes in an attribute."""
        values = file.classes[owner].attributes.values()
        return any(self._holds(file, each, node) for each in values)

    def _kept_in(self, at: int) -> frozenset[int]:
        """Return what a file keeps in variables, attributes of objects, and containers."""
        found = self._kept.get(at)
        if found is None:
            file = self.typing.files[at]
            nodes = [each for values in file.names.values() for each in values]
            nodes += [each[2] for each in file.sets] + [value for _, value in file.puts]
            nodes += [value for each in file.lazies for value in each.values]
            found = self._kept[at] = frozenset(self._held(file, nodes))
        return found

    def _is_handed_on(self, file: FileFacts, function: Function, node: int) -> bool:
        """Tell whether a client is passed to a call, and not closed by a `with` around it."""
        if self._is_entered(file, function, node):
            return False
        for at in range(0, len(function.sites), facts.SITE):
            parts = file.nodes[function.sites[at + 1]]
            if function.sites[at] <= facts.AWAITS and parts[0] == facts.CALL:
                given = (each for each in (*parts[2], *parts[4]) if each > 0)
                if self._holds(file, given, node):
                    return True
        return False

    def _is_looked_up(self, file: FileFacts, function: Function, node: int) -> bool:
        """Tell whether a client is handed to the object of which the function may return another.

        That is how a cache is used: look up, return what is there, else make, put, return.
        """
        asked = {self._receiver(file, each) for each in self._held(file, function.results)}
        for call in function.sites[1 :: facts.SITE]:
            receiver, parts = self._receiver(file, call), file.nodes[call]
            if receiver and receiver in asked:
                given = (each for each in (*parts[2], *parts[4]) if each > 0)
                if self._holds(file, given, node):
                    return True
        return False

    @staticmethod
    def _receiver(file: FileFacts, node: int) -> tuple[object, ...]:
        """Return the expression whose method a node calls, or nothing."""
        parts = file.nodes[node]
        callee = file.nodes[parts[1]] if parts[0] == facts.CALL else ()
        return tuple(file.nodes[callee[1]]) if callee and callee[0] == facts.ATTR else ()

    def _is_entered(self, file: FileFacts, function: Function, node: int) -> bool:
        sites = function.sites
        entered = set(function.entered[::3])
        for at in range(0, len(sites), facts.SITE):
            if sites[at] == facts.ENTERS:
                entered.add(sites[at + 1])
        return self._holds(file, entered, node)

    def _holds(self, file: FileFacts, nodes: Iterable[int], node: int) -> bool:
        return node in self._held(file, nodes)

    def _held(self, file: FileFacts, nodes: Iterable[int]) -> set[int]:
        """Return what values are, hold, or are made from: not what merely asks a client."""
        queue, found = list(nodes), set[int]()
        while queue:
            node = queue.pop()
            if node <= 0 or node in found:
                continue
            found.add(node)
            parts = file.nodes[node]
            kind = parts[0]
            if kind in (facts.UNION, facts.TUPLE, facts.SEQUENCE, facts.DICT):
                queue += parts[1]
            elif kind in _WRAPPERS or kind == facts.ATTR:
                queue.append(parts[1])
            elif kind == facts.ANNOTATED:
                queue.append(parts[2])
            elif kind == facts.CALL:
                queue += self._passed(file, parts)
        return found

    def _passed(self, file: FileFacts, parts: tuple[object, ...]) -> list[int]:
        """Return the arguments of a call that makes an object, which may keep them."""
        callee = file.nodes[int(str(parts[1]))]
        name = str(callee[-1]) if callee[0] in (facts.ATTR, facts.GLOBAL, facts.IMPORT) else ""
        last = name.rpartition(".")[2]
        makes = (
            callee[0] == facts.CLASS or last[:1].isupper() or last.startswith(("enter_", "push"))
        )
        return [*parts[2], *parts[4]] if makes else []  # type: ignore[misc]

    # Onward

    def _onward(self, making: Making, fate: str) -> Iterator[Making]:
        """Yield the calls by which a function or class makes what is made within it."""
        at = making.at
        if len(making.by) < _DEEPEST and fate == "returned":
            fid = self.project.lifetimes.fid(at.file, at.function)
            name = self.typing.functions[fid][1].name
            yield from self._by(making, name, self.project.lifetimes.calls_of(fid))
        elif len(making.by) < _DEEPEST and fate == "owned":
            file = self.typing.files[at.file]
            owner = file.functions[at.function].owner
            cls = self.typing.first_class[at.file] + owner
            bare = self._is_default(file, owner, at.node)
            for each in (cls, *self.typing.hierarchy.subclasses.get(cls, ())):
                name = self.typing.classes[each][1].name
                yield from self._by(
                    making, name, self.project.lifetimes.constructions(each, bare=bare)
                )

    def _by(self, making: Making, name: str, places: Iterable[Called]) -> Iterator[Making]:
        by, origin = (name, *making.by), making.origin or making.at
        for place in places:
            yield making._replace(at=place, by=by, origin=origin)

    def _is_default(self, file: FileFacts, owner: int, node: int) -> bool:
        """Tell whether an attribute takes what is made only if it was given nothing else."""
        for values in file.classes[owner].attributes.values():
            for value in values:
                parts = file.nodes[value]
                if parts[0] == facts.UNION and self._holds(file, [value], node):
                    return any(file.nodes[each][0] == facts.PARAM for each in parts[1])
        return False

    # Arguments

    def depends_on_caller(self, making: Making) -> bool:
        """Tell whether a client is made for what the caller gives, such as credentials."""
        at = making.at
        return bool(self.project.local.of("made for the caller", at, lambda: self._made_of(at)))

    def _made_of(self, at: Called) -> str:
        """Say whether an argument of a call is made of what the caller gives."""
        file = self.typing.files[at.file]
        function = file.functions[at.function]
        values = self._values.setdefault(at.file, Values(file))
        skip = 1 if function.owner >= 0 and not function.flags & facts.STATIC else 0
        given = {
            node
            for node, parts in enumerate(file.nodes)
            if (parts[0] == facts.PARAM and parts[1] == at.function and parts[2] >= skip)
            or (parts[0] == facts.OUTER and parts[2] != "self")
        }
        parts = file.nodes[at.node]
        named = [v for k, v in zip(parts[3], parts[4], strict=True) if k not in _HARMLESS]
        depends = any(values.depends(each, given) for each in (*parts[2], *named) if each > 0)
        return "yes" if depends else ""
