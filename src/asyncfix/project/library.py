"""What the packs say about code outside the project, ready to be asked by full name."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncfix.packs import Library, Target

_WORD = re.compile(r"[A-Za-z_][\w.]*")


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[object, ...]:
    """Read a type of a pack: `("name", n)`, `("of", n, parts)` or `("or", parts)`."""
    alternatives = _split(text, "|")
    if len(alternatives) > 1:
        return ("or", tuple(parsed(each) for each in alternatives))
    text = text.strip()
    name, bracket, rest = text.partition("[")
    if not bracket:
        return ("name", text)
    inner = rest.rpartition("]")[0]
    return ("of", name.strip(), tuple(parsed(each) for each in _split(inner, ",")))


def _split(text: str, separator: str) -> list[str]:
    """Split where no bracket is open."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == separator and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


@lru_cache(maxsize=2)
def _leads(library: Library) -> dict[str, set[str]]:
    """Return to which libraries what is known of one leads, by first names."""
    leads: dict[str, set[str]] = {}
    for table in (library.returns, library.attributes, library.same):
        for name, text in table.items():
            tops = {word.partition(".")[0] for word in _WORD.findall(text)}
            leads.setdefault(name.partition(".")[0], set()).update(tops)
    for name, bases in library.bases.items():
        tops = {base.partition(".")[0] for base in bases}
        leads.setdefault(name.partition(".")[0], set()).update(tops)
    return leads


@lru_cache(maxsize=2)
def _classes(library: Library) -> frozenset[str]:
    """Return the names that stand for classes."""
    tables = (library.targets, library.reads, library.returns, library.attributes)
    owners = {name.rpartition(".")[0] for table in tables for name in table} | set(library.bases)
    # `redis.from_url` and `redis.Redis.get` are told alike: what holds classes is a module
    modules = {name.rpartition(".")[0] for name in (*owners, *library.same)}
    return frozenset(name for name in owners if name not in modules and "." in name)


@lru_cache(maxsize=2)
def _tops(library: Library) -> frozenset[str]:
    """Return the first names of what is known."""
    tables = (library.targets, library.returns, library.attributes)
    return frozenset(name.partition(".")[0] for table in tables for name in table)


def _reached(library: Library, imported: Iterable[str]) -> frozenset[str]:
    """Return the first names of the libraries that objects can come from, given the imports."""
    leads = _leads(library)
    queue = ["builtins", "str", "list", *imported]
    found: set[str] = set()
    while queue:
        top = queue.pop()
        if top not in found:
            found.add(top)
            queue += leads.get(top, ())
    return frozenset(found)


def last_names(tables: Iterable[Iterable[str]]) -> dict[str, set[str]]:
    """Return the last parts of the full names in some tables, by their first parts."""
    found: dict[str, set[str]] = {}
    for full in chain.from_iterable(tables):
        found.setdefault(full.partition(".")[0], set()).add(full.rpartition(".")[2])
    return found


class Outside:
    """Answers for names outside the project: bases, members, targets."""

    def __init__(self, library: Library, imported: Iterable[str]) -> None:
        self.library = library
        self.active = _reached(library, imported)
        self.same = library.same
        self.classes = _classes(library)
        self.tops = _tops(library)
        self.orders: dict[str, tuple[str, ...]] = {}
        self.hits: dict[str, Target | None] = {}

    def is_active(self, name: str) -> bool:
        """Tell whether the project can hold anything of this library at all."""
        return name.partition(".")[0] in self.active

    def all_active(self, names: Mapping[str, set[str]]) -> frozenset[str]:
        """Return the names that are told by the first names of libraries, of those in use."""
        return frozenset().union(*(names[top] for top in self.active & names.keys()))

    def canonical(self, name: str) -> str:
        """Return the name by which the packs know this object."""
        return self.same.get(name, name)

    def order(self, name: str) -> tuple[str, ...]:
        """Return a class and its bases, nearest first."""
        found = self.orders.get(name)
        if found is None:
            self.orders[name] = (name,)
            rest = [up for base in self.library.bases.get(name, ()) for up in self.order(base)]
            found = self.orders[name] = tuple(dict.fromkeys((name, *rest)))
        return found

    def is_value(self, name: str) -> bool:
        """Tell whether instances of a class are values, which own nothing."""
        values = self.library.values
        for each in self.order(name):
            if each in values or f"{each.rpartition('.')[0]}.*" in values:
                return True
        return f"{name.partition('.')[0]}.*" in values

    def is_class(self, name: str) -> bool:
        """Tell whether calling this makes an instance of it."""
        last = name.rpartition(".")[2]
        return name in self.classes or (last[:1].isupper() and not last.isupper())

    def attribute(self, name: str, member: str) -> str | None:
        """Return the type of an attribute of an instance, if the packs know it."""
        table = self.library.attributes
        for each in self.order(name):
            found = table.get(f"{each}.{member}")
            if found:
                return found
        if self.known_method(name, member):
            return None
        for each in self.order(name):
            found = table.get(f"{each}.__getattr__")
            if found:
                return found
        return None

    def known_method(self, name: str, member: str) -> bool:
        """Tell whether the packs name this very method."""
        library = self.library
        return any(
            full in library.returns or full in library.targets or full in library.trusted
            for full in (f"{each}.{member}" for each in self.order(name))
        )

    def result(self, owner: str, name: str) -> str | None:
        """Return the type that a call of a function or method gives; `owner` is its class."""
        table = self.library.returns
        if not owner:
            return table.get(name)
        member = name.rpartition(".")[2]
        for each in self.order(owner):
            found = table.get(f"{each}.{member}")
            if found:
                return found
        for each in self.order(owner):
            found = table.get(f"{each}.*")
            if found:
                return found
        return None

    def target(self, owner: str, name: str) -> Target | None:
        """Return the target that a call of this name is, if it is one."""
        key = f"{owner}:{name}"
        if key not in self.hits:
            self.hits[key] = self._target(owner, name)
        return self.hits[key]

    def _target(self, owner: str, name: str) -> Target | None:
        library = self.library
        if not owner:
            return None if name in library.trusted else self._plain(name)
        member = name.rpartition(".")[2]
        for each in self.order(owner):
            full = f"{each}.{member}"
            if full in library.trusted:
                return None
            if full in library.targets:
                return library.targets[full]
        return None if member.startswith("__") else self._wild(self.order(owner))

    def _plain(self, name: str) -> Target | None:
        found = self.library.targets.get(name)
        owner, _, member = name.rpartition(".")
        return found if found or member.startswith("__") else self._wild((owner,))

    def _wild(self, owners: Iterable[str]) -> Target | None:
        """Return the target that every call on one of these is."""
        found = (self.library.targets.get(f"{each}.*") for each in owners)
        return next((target for target in found if target), None)

    def read(self, owner: str, member: str) -> Target | None:
        """Return the target that merely reading this attribute is."""
        for each in self.order(owner):
            found = self.library.reads.get(f"{each}.{member}")
            if found:
                return found
        return None
