"""How the project's classes stand to each other: bases, subclasses, protocols, implementations."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.trace import Memo
from asyncfix.project.types import SCALARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.facts import Param
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Type, Types

Order = tuple[tuple[int, ...], tuple[str, ...]]

MOST_IMPLEMENTERS = 8


class Hierarchy:
    """Answers what is above and below a class."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.orders: Memo[int, Order] = Memo(typing.trace, self._order, lambda cls: ((cls,), ()))
        self._subclasses: dict[int, list[int]] | None = None
        self._below_outside: dict[str, tuple[int, ...]] | None = None
        self.promised: set[str] = set()  # names of methods that protocols ask for

    def preset(self, subclasses: dict[int, list[int]], promised: Iterable[str]) -> None:
        """Take over what is known of an earlier run."""
        self._subclasses = subclasses
        self.promised.update(promised)

    # Above

    def order(self, cls: int) -> Order:
        """Return a class and its bases in the project, nearest first, and those outside."""
        return self.orders(cls)

    def _order(self, cls: int) -> Order:
        mine: list[int] = []
        outside: list[str] = []
        for each in self._bases(cls):
            if each[0] == "C" and each[1] != cls:
                order, more = self.order(each[1])
                mine = [up for up in mine if up not in order] + list(order)
                outside += more
            elif each[0] in "XE":
                outside.append(each[1])
        return (cls, *mine), tuple(dict.fromkeys(outside))

    def _bases(self, cls: int) -> Iterator[Type]:
        file, facts_of = self.typing.classes[cls]
        self.typing.trace.mask |= self.typing.trace.bits[file]
        nodes = self.typing.files[file].nodes
        for base in facts_of.bases:
            is_generic = nodes[base][0] == facts.ITEM
            yield from self.typing.of(file, nodes[base][1] if is_generic else base)

    def own_method(self, cls: int, name: str) -> int:
        """Return the function that a class itself defines under a name, or -1."""
        file, facts_of = self.typing.classes[cls]
        self.typing.trace.mask |= self.typing.trace.bits[file]
        method = facts_of.methods.get(name)
        return -1 if method is None else self.typing.first_function[file] + method

    def method(self, cls: int, name: str) -> int:
        """Return the function that a class defines or inherits under a name, or -1."""
        for each in self.order(cls)[0]:
            fid = self.own_method(each, name)
            if fid >= 0:
                return fid
        return -1

    def context(self, method: Type) -> int:
        """Return what `self` is within a bound method, or -1 where it is its own class."""
        functions = self.typing.functions
        function = functions.seen(method[1])
        if function.owner < 0:
            return -1
        owner = self.typing.first_class[functions.file(method[1])] + function.owner
        return -1 if owner == method[2] else int(method[2])

    # Below

    def below_outside(self, name: str) -> tuple[int, ...]:
        """Return the project's classes below a class of a library, such as its `Bot`."""
        if self._below_outside is None:
            self._below_outside = {}  # as below
            found: dict[str, list[int]] = {}
            for cls, (_, outside) in self.with_bases.items():
                for base in outside:
                    for above in self.typing.outside.order(base):
                        found.setdefault(above, []).append(cls)
            self._below_outside = {base: tuple(classes) for base, classes in found.items()}
        return self._below_outside.get(name, ())

    @cached_property
    def with_bases(self) -> dict[int, Order]:
        """Return the order of every class that has bases."""
        with self.typing.apart():
            return {
                cls: self.order(cls)
                for cls, (_, facts_of) in enumerate(self.typing.classes)
                if facts_of.bases
            }

    @property
    def subclasses(self) -> dict[int, list[int]]:
        """Return every class below a class, by class; protocols have those that fit them."""
        if self._subclasses is None:
            self._subclasses = {}  # for what is asked while bases are evaluated
            below: dict[int, list[int]] = {}
            for cls, (order, _) in self.with_bases.items():
                for base in order[1:]:
                    below.setdefault(base, []).append(cls)
            self._subclasses = below
            with self.typing.apart():
                self._add_protocols(below)
        return self._subclasses

    def _add_protocols(self, below: dict[int, list[int]]) -> None:
        protocols = [
            cls
            for cls, (_, outside) in self.with_bases.items()
            if any(base.endswith(".Protocol") for base in outside)
            and self.typing.classes[cls][1].methods
        ]
        if not protocols:
            return
        by_method: dict[str, set[int]] = {}
        for cls, (_, facts_of) in enumerate(self.typing.classes):
            for name in facts_of.methods:
                by_method.setdefault(name, set()).add(cls)
        for cls in protocols:
            names = [n for n in self.typing.classes[cls][1].methods if not n.startswith("__")]
            if names:
                fitting = set.intersection(*(by_method[name] for name in names))
                extra = sorted(fitting - {cls, *below.get(cls, ())} - set(protocols))
                extra = [each for each in extra if self._fits(each, cls, names)]
                self.promised.update(names)
                if 0 < len(extra) <= MOST_IMPLEMENTERS:
                    below.setdefault(cls, []).extend(extra)

    def _fits(self, cls: int, protocol: int, names: Iterable[str]) -> bool:
        """Tell whether the methods that a protocol asks for are there, and called as it says."""
        functions = self.typing.functions
        pairs = (
            (functions[self.own_method(cls, n)][1], functions[self.own_method(protocol, n)][1])
            for n in names
        )
        return all(
            own.flags & facts.ASYNC == told.flags & facts.ASYNC and _takes(own.params, told.params)
            for own, told in pairs
        )

    def implementers(self, cls: int, name: str) -> list[tuple[int, int]]:
        """Return the classes below one that implement a method, with the function."""
        found = []
        for sub in self.subclasses.get(cls, ()):
            fid = self.own_method(sub, name)
            if fid >= 0 and not self.typing.functions[fid][1].flags & facts.ABSTRACT:
                found.append((sub, fid))
        return found if len(found) <= MOST_IMPLEMENTERS else []

    def is_open(self, cls: int) -> bool:
        """Tell whether a class leaves methods to those below it, so that it has no instances."""
        functions, own = self.typing.functions, self.typing.classes[cls][1].methods
        first = self.typing.first_function[self.typing.classes.file(cls)]
        outside = self.order(cls)[1]
        return any(base.endswith(".Protocol") for base in outside) or any(
            functions[first + index][1].flags & facts.ABSTRACT for index in own.values()
        )

    def is_abstract(self, types: Types) -> bool:
        """Tell whether a type has classes below it, any of which may be meant."""
        return any(each[0] == "I" and self.subclasses.get(each[1]) for each in types)

    def is_instance(self, each: Type, of: Type) -> bool | None:
        """Tell whether a value of one type is an instance of a class; None if that is not known."""
        is_builtin = of[0] == "X" and of[1].startswith("builtins.")
        if each[0] == "I" and of[0] == "C":
            below = self.subclasses.get(each[1], ())
            return of[1] in self.order(each[1])[0] or (None if of[1] in below else False)
        if each[0] == "I" and of[0] == "X":
            return of[1] in self.order(each[1])[1]
        if each[0] == "E" and of[0] == "X":
            if each[1] in SCALARS:
                return bool(of[1] == f"builtins.{each[1]}")
            above = self.typing.outside.order(each[1])
            return of[1] in above or (False if is_builtin else None)
        is_other = each[0] in "ST" and is_builtin and of[1].removeprefix("builtins.") in SCALARS
        return False if is_other or (each[0] == "E" and of[0] == "C") else None


def _takes(own: Sequence[Param], told: Sequence[Param]) -> bool:
    """Tell whether a method gets all that it needs where it is called as another one is."""
    if any(param.kind in ("*", "**") for param in told):
        return True
    names = {param.name for param in told}
    needed = [p for p in own if not p.default and p.kind in ("", "k") and p.name not in names]
    taken = {param.name for param in own}
    others = [param for param in told if not param.kind and param.name not in taken]
    is_open = any(param.kind == "**" for param in own)
    return len(needed) <= len(others) and (
        is_open or all(param.name in taken for param in told if param.kind == "k")
    )
