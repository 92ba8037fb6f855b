"""Dicts and decorators that keep what functions compute, and never let go of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.heads import EMPTYING, decorators
from asyncfix.project.senders import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts, Function, Setting
    from asyncfix.heads import Head
    from asyncfix.project.program import Project

_READS = (facts.GETS_ITEM, facts.CONTAINS)
# what a dict is passed to that neither keeps nor changes it
_LOOKS = frozenset(
    ("list", "sorted", "dict", "bool", "str", "sum", "min", "max", "set", "tuple", "iter")
)
_UNBOUNDED = frozenset(("cache", "lru_cache"))
_WORK = frozenset(
    (facts.CALL, facts.TUPLE, facts.LITERAL, facts.PREFIX, facts.DICT, facts.SEQUENCE, facts.EMPTY)
)
_MOST_NAMES = 200


class Kept(NamedTuple):
    """A dict that grows: where it is made, and a function that adds to it by some parameters.

    `cls` is the class whose attribute it is, or -1; `places` are functions, starts and ends of
    all code that puts something in.
    """

    name: str
    cls: int
    setting: Setting
    function: int
    params: tuple[int, ...]
    places: tuple[tuple[int, int, int], ...]


class Caches:
    """Finds, file by file, what grows with what functions are called with."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing

    # Dicts

    def dicts(self, at: int) -> Iterator[Kept]:
        """Yield the dicts of a file that are added to by computed keys, read, and never emptied."""
        for kept, bases in self._read(at):
            if not self._is_emptied(at, kept.name, bases):
                yield kept

    def filled(self, at: int, function: int, start: int) -> Kept | None:
        """Return the dict that is made at a place and that a function adds to; None if none is."""
        dicts = (kept for kept, _ in self._read(at))
        return next((k for k in dicts if (k.function, k.setting.start) == (function, start)), None)

    def _read(self, at: int) -> Iterator[tuple[Kept, set[int]]]:
        """Yield the dicts that are added to and read, and the nodes that speak of them."""
        file = self.project.files[at]
        for setting in file.settings:
            if setting.value != "{}" or setting.node:
                continue
            owner = self._owner(file, setting)
            if owner is None or not self._is_only_made_so(file, setting.key, owner):
                continue
            bases = _bases(file, setting.key, owner)
            adding = self._adding(file, bases, owner)
            if adding and _is_read(file, bases):
                cls = -1 if owner < 0 else self.typing.first_class[at] + owner
                yield Kept(setting.key, cls, setting, *adding, tuple(_places(file, bases))), bases

    def _owner(self, file: FileFacts, setting: Setting) -> int | None:
        """Return the class whose attribute is set, -1 for a variable of the module, else None."""
        around = [
            (each.end - each.start, index)
            for index, each in enumerate(file.classes)
            if each.start <= setting.start < each.end and setting.key in each.attributes
        ]
        if around:
            return min(around)[1]
        return -1 if setting.key in file.names else None

    def _is_only_made_so(self, file: FileFacts, name: str, owner: int) -> bool:
        values = file.names[name] if owner < 0 else file.classes[owner].attributes[name]
        return len(values) == 1 and self._is_dict(file, values[0])

    def _is_dict(self, file: FileFacts, node: int) -> bool:
        parts = file.nodes[node]
        if parts[0] == facts.ANNOTATED:
            return self._is_dict(file, parts[2])
        return (
            parts[:2] == (facts.EMPTY, "dict")
            or list(parts[:2]) == [facts.EMPTY, "dict"]
            or (parts[0] == facts.CALL)
        )

    def _adding(
        self, file: FileFacts, bases: set[int], owner: int
    ) -> tuple[int, tuple[int, ...]] | None:
        """Return a function that puts what it computes under a key from these parameters of it."""
        put: dict[int, list[int]] = {}
        for base, value in file.puts:
            if base in bases:
                put.setdefault(base, []).append(value)
        for index, function in enumerate(file.functions):
            if index == 0:
                continue
            for at in range(0, len(function.sites), facts.SITE):
                if function.sites[at] != facts.SETS_ITEM:
                    continue
                _, base, key = file.nodes[function.sites[at + 1]]
                values = put.get(base, ())
                is_mine = owner < 0 or self._is_of(file, index, owner)
                params = {each for each in parameters_of(file, key) if each[0] == index}
                if is_mine and params and any(_is_computed(file, v, params) for v in values):
                    return index, tuple(param for _, param in params)
        return None

    def _is_of(self, file: FileFacts, index: int, owner: int) -> bool:
        while index > 0 and file.functions[index].owner < 0:
            index = file.functions[index].parent
        return index > 0 and file.functions[index].owner == owner

    def _is_emptied(self, at: int, name: str, bases: set[int]) -> bool:
        """Tell whether something is taken out, or what is passed the dict might do so."""
        index, heads = self.typing.index, self.project.files.heads
        for method in EMPTYING:
            index.count(method)  # whoever begins to empty something changes the answer
        index.set_as(f".{name}")
        if _is_handed_on(self.project.files[at], bases) or _evicts(heads[at], name):
            return True
        return not name.startswith("_") and any(_evicts(head, name) for head in heads)

    def holds_values(self, at: int, kept: Kept) -> bool:
        """Tell whether all that is put in can be made anew, as no lock, client or list can."""
        file = self.project.files[at]
        owner = -1 if kept.cls < 0 else kept.cls - self.typing.first_class[at]
        bases = _bases(file, kept.name, owner)
        put = [value for base, value in file.puts if base in bases]
        kinds = {file.nodes[value][0] for value in put}
        if kinds & {facts.EMPTY, facts.SEQUENCE, facts.DICT}:
            return False
        return not any(self._is_made(at, value) for value in put)

    def _is_made(self, at: int, value: int) -> bool:
        """Tell whether a value is a new object that does something."""
        if self.project.services.made(at, value):
            return True
        parts = self.project.files[at].nodes[value]
        types = self.typing.of(at, parts[1]) if parts[0] == facts.CALL else ()
        return any(
            each[0] == "C" or str(each[1]).rpartition(".")[2][:1].isupper() for each in types
        )

    # Decorators

    def cached(self, at: int) -> Iterator[tuple[int, str]]:
        """Yield the functions of a file whose results are all kept, and the decorator's name."""
        file = self.project.files[at]
        for index, function in enumerate(file.functions):
            if function.decorators and not _UNBOUNDED.isdisjoint(decorators(file, function)):
                for node in function.decorators:
                    name = self._unbounded(at, file, node)
                    if name and own_parameters(function):
                        yield index, name

    def _unbounded(self, at: int, file: FileFacts, node: int) -> str:
        parts = file.nodes[node]
        is_call = parts[0] == facts.CALL
        names = {
            each[1] for each in self.typing.of(at, parts[1] if is_call else node) if each[0] == "X"
        }
        if "functools.cache" in names and not is_call:
            return "functools.cache"
        if "functools.lru_cache" in names and is_call:
            given = [
                *parts[2][:1],
                *(v for k, v in zip(parts[3], parts[4], strict=True) if k == "maxsize"),
            ]
            if given and given[0] > 0 and tuple(file.nodes[given[0]][:2]) == (facts.CONST, None):
                return "functools.lru_cache(maxsize=None)"
        return ""

    # Lives

    def lives(self, cls: int) -> bool:
        """Tell whether an instance of a class is kept for as long as the process runs."""
        return self._lives(cls, frozenset())

    def _lives(self, cls: int, seen: frozenset[int]) -> bool:
        if cls in seen or len(seen) > 3:
            return False
        typing, known = self.typing, self.typing.hierarchy.subclasses.get(cls, ())
        for each in (cls, *known):
            name = typing.classes[each][1].name
            if typing.index.count(name) > _MOST_NAMES:
                continue
            made: dict[int, set[int]] = {}
            for place in self.project.lifetimes.constructions(each):
                made.setdefault(place.file, set()).add(place.node)
            if any(self._is_kept(at, nodes, seen | {cls}) for at, nodes in made.items()):
                return True
        return False

    def _is_kept(self, at: int, nodes: set[int], seen: frozenset[int]) -> bool:
        file = self.project.files[at]
        kept = self._kept[at] if at in self._kept else self._kept.setdefault(at, _held(file))
        if nodes & kept:
            return True
        for place in self.project.lifetimes.sites(at, nodes):
            function = file.functions[place.function]
            if not _UNBOUNDED.isdisjoint(decorators(file, function)):
                return True
            if function.name == "__init__" and function.owner >= 0:
                owner = self.typing.first_class[at] + function.owner
                values = file.classes[function.owner].attributes.values()
                held = {value for each in values for value in each}
                if place.node in held and self._lives(owner, seen):
                    return True
        return False

    @cached_property
    def _kept(self) -> dict[int, set[int]]:
        return {}


def _places(file: FileFacts, bases: set[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the function, start and end of all code that puts something into a dict."""
    for index, function in enumerate(file.functions):
        for at in range(0, len(function.sites), facts.SITE):
            kind, node, start, end, _ = function.sites[at : at + facts.SITE]
            if kind == facts.SETS_ITEM and file.nodes[node][1] in bases:
                yield index, start, end


def _held(file: FileFacts) -> set[int]:
    """Return what variables of the module hold, also those that functions set."""
    queue, found = [value for each in file.names.values() for value in each], set[int]()
    while queue:
        node = queue.pop()
        if node in found:
            continue
        found.add(node)
        parts = file.nodes[node]
        if parts[0] == facts.UNION:
            queue += parts[1]
        elif parts[0] == facts.ANNOTATED:
            queue.append(parts[2])
    return found


def _bases(file: FileFacts, name: str, owner: int) -> set[int]:
    """Return the nodes by which code of a file speaks of a variable or attribute."""
    if owner < 0:
        return {node for node, p in enumerate(file.nodes) if p[0] == facts.GLOBAL and p[1] == name}
    found = set()
    for node, parts in enumerate(file.nodes):
        if parts[0] == facts.ATTR and parts[2] == name:
            base = file.nodes[parts[1]]
            if base[0] == facts.PARAM and base[2] == 0:
                found.add(node)
    return found


def _is_computed(file: FileFacts, value: int, params: set[tuple[int, int]]) -> bool:
    """Tell whether a value is the result of some work, and nothing that is passed to be kept."""
    parts = file.nodes[value]
    if parts[0] == facts.UNION:
        return any(_is_computed(file, each, params) for each in parts[1])
    if parts[0] == facts.ANNOTATED:
        return _is_computed(file, parts[2], params)
    if parts[0] == facts.AWAIT:
        return True
    made_of = set(parameters_of(file, value))
    return parts[0] in _WORK and (not made_of or not params.isdisjoint(made_of))


def _is_read(file: FileFacts, bases: set[int]) -> bool:
    """Tell whether something is looked up by its key."""
    for function in file.functions:
        for places in (function.reads, function.sites):
            for at in range(0, len(places), facts.SITE):
                node = places[at + 1]
                if places[at] == facts.CONTAINS and node in bases:
                    return True
                if places[at] == facts.GETS_ITEM and file.nodes[node][1] in bases:
                    return True
    for node in file.calls.get("get", ()):
        callee = file.nodes[file.nodes[node][1]]
        if callee[0] == facts.ATTR and callee[1] in bases:
            return True
    return False


def _is_handed_on(file: FileFacts, bases: set[int]) -> bool:
    """Tell whether a dict is passed to a call that may do anything with it, or measured."""
    for parts in file.nodes:
        if parts[0] == facts.CALL and not bases.isdisjoint((*parts[2], *parts[4])):
            callee = file.nodes[parts[1]]
            if callee[0] != facts.GLOBAL or callee[1] not in _LOOKS:
                return True
    return any(not bases.isdisjoint(each.results) for each in file.functions)


def _evicts(file: Head, name: str) -> bool:
    """Tell whether a file takes something out of what has a name, or sets it anew."""
    return name in file.emptied or any(each[1] == name for each in file.sets)


def own_parameters(function: Function) -> range:
    """Return the numbers of a function's parameters but for the object that it is called of."""
    skip = 1 if function.flags & (facts.METHOD | facts.CLASSMETHOD) else 0
    return range(skip, len(function.params))
