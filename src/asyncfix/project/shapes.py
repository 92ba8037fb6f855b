"""What is made of values or taken out of them: containers, generators, `with` and `await`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.hierarchy import MOST_IMPLEMENTERS
from asyncfix.project.types import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types


class Shapes:
    """Evaluates displays, items, elements, and what `with` and `await` give."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing

    # Made of values

    def union(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what any of some expressions gives."""
        of = self.typing.of
        return unique([each for node in parts[1] for each in of(file, node, self_class)])

    def sequence(self, file: int, parts: Node, self_class: int) -> Types:
        """Return a container, with the types of its elements or values."""
        return (("S", self.union(file, parts, self_class)),)

    def tuple_(self, file: int, parts: Node, self_class: int) -> Types:
        """Return a tuple, with the types of each part."""
        return (("T", tuple(self.typing.of(file, node, self_class) for node in parts[1])),)

    def left(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what a test has left over: no instance of a class, or without an attribute."""
        typing = self.typing
        types = typing.of(file, parts[1], self_class)
        ruled_out = typing.files[file].nodes[parts[2]]
        if ruled_out[0] == facts.CONST:
            asked = str(ruled_out[1])
            name = asked.removeprefix(facts.LACKING)
            if name == asked:
                return self._without(types, lambda each: self._has(each, name))
            # what a class lacks, code may give its instances
            return self._without(types, lambda each: not self._has(each, name), strict=False)
        is_instance, classes = typing.hierarchy.is_instance, typing.of(file, parts[2])
        return self._without(types, lambda each: any(is_instance(each, c) for c in classes))

    def _without(
        self, types: Types, is_out: Callable[[Type], bool], *, strict: bool = True
    ) -> Types:
        """Leave out types; of an abstract class those below it, where these are told apart."""
        found: list[Type] = []
        for each in types:
            below = self._below(each)
            left = [sub for sub in below if not is_out(sub)]
            if len(left) < len(below):
                found += left
            elif not (strict and is_out(each)):
                found.append(each)
        return unique(found)

    def _below(self, each: Type) -> list[Type]:
        """Return the instances that an abstract class or a protocol stands for."""
        hierarchy = self.typing.hierarchy
        below = hierarchy.subclasses.get(each[1], ()) if each[0] == "I" else ()
        if not 0 < len(below) <= MOST_IMPLEMENTERS or not hierarchy.is_open(each[1]):
            return []
        return [("I", sub) for sub in below if not hierarchy.is_open(sub)]

    def _has(self, each: Type, name: str) -> bool:
        """Tell whether an instance has an attribute, as far as its class says."""
        if each[0] != "I":
            return False
        hierarchy, classes = self.typing.hierarchy, self.typing.classes
        if name.endswith(facts.CALLED):
            return hierarchy.method(each[1], name.removesuffix(facts.CALLED)) >= 0
        return any(name in classes[cls][1].attributes for cls in hierarchy.order(each[1])[0])

    def binary(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `/` gives, the one operator whose results packs tell of."""
        left = self._divided(file, parts[1], self_class, "__truediv__")
        return left or self._divided(file, parts[2], self_class, "__rtruediv__")

    def made(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what an operator gives, where that is what one of its operands is."""
        return self.typing.of(file, parts[2], self_class)

    def _divided(self, file: int, node: int, self_class: int, method: str) -> Types:
        by_method = self.typing.given.by_method
        types = self.typing.of(file, node, self_class)
        return unique(t for each in types if each[0] == "E" for t in by_method(each[1], method))

    # Taken out of values

    def element(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `for` takes out of an iterable."""
        return self.elements(self.typing.of(file, parts[1], self_class))

    def elements(self, types: Types) -> Types:
        """Return what iterating over these gives."""
        called = self.typing.members.called
        found: list[Type] = []
        for each in types:
            kind = each[0]
            if kind == "S":
                found += each[1]
            elif kind == "T":
                found += [inner for part in each[1] for inner in part]
            elif kind == "G":
                found += self._yields(each)
            elif kind == "I":
                iterator = called(each, "__iter__")
                found += called(each, "__next__")
                found += self.elements(tuple(t for t in iterator if t[0] in "SGTE"))
            elif kind == "E":
                found += self.typing.given.by_method(each[1], "__iter__")
            elif kind == "B" and each[1] == "items":
                found.append(("T", ((), each[2])))
        return unique(found)

    def async_element(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `async for` takes out of an iterable."""
        called = self.typing.members.called
        found: list[Type] = []
        for each in self.typing.of(file, parts[1], self_class):
            if each[0] in "GA":
                found += self._yields(each)
            elif each[0] == "S":
                found += each[1]
            elif each[0] == "I":
                found += self.awaited(called(each, "__anext__"))
                made = [one for one in called(each, "__aiter__") if one[0] in "GA"]
                found += [t for one in made for t in self._yields(one)]
        return unique(found)

    def _yields(self, generator: Type) -> list[Type]:
        file, function = self.typing.functions[generator[1]]
        return [t for node in function.yields for t in self.typing.of(file, node, generator[2])]

    def _declared(self, generator: Type) -> Types:
        """Return what the annotation of a generator says that it yields."""
        file, function = self.typing.functions[generator[1]]
        return self.elements(self.typing.annotations.of(file, function.returns))

    def provided(self, types: Types) -> list[Type]:
        """Return what a framework hands on that calls a provider: awaited, or what it yields."""
        found: list[Type] = []
        for each in types:
            if each[0] == "W":
                found += each[1]
            elif each[0] in "GAK":
                found += self._yields(each) or self._declared(each)
            else:
                found.append(each)
        return found

    def unpacked(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `a, b = …` gives to the name at an index."""
        found: list[Type] = []
        for each in self.typing.of(file, parts[1], self_class):
            if each[0] == "T":
                found += each[1][parts[2]] if parts[2] < len(each[1]) else ()
            elif each[0] in "SG":
                found += self.elements((each,))
        return unique(found)

    def item(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `base[index]` is."""
        typing = self.typing
        found: list[Type] = []
        index = typing.files[file].nodes[parts[2]]
        bases = typing.of(file, parts[1], self_class)
        for each in bases:
            if each[0] == "S":
                found += [each] if _is_slice(index) else each[1]
            elif each[0] == "T":
                found += _part(each[1], index)
            elif each[0] == "I":
                found += typing.members.called(each, "__getitem__") or self._key(each, index)
            elif each[0] == "E":
                found += typing.given.by_method(each[1], "__getitem__")
            elif each[0] in "CX":
                found.append(each)
        if not found and not any(each[0] in "ICPSTG" for each in bases):
            return self._set_elsewhere(file, parts[1], index)
        return unique(found)

    def _key(self, each: Type, index: Sequence[object]) -> Types:
        """Return what a `TypedDict` holds under a key."""
        bases = self.typing.hierarchy.order(each[1])[1]
        if index[0] != facts.CONST or not any(base.endswith(".TypedDict") for base in bases):
            return ()
        return self.typing.members.of_instance(each[1], str(index[1]))

    def _set_elsewhere(self, file: int, base: int, index: Sequence[object]) -> Types:
        """Follow `request.app["engine"]` to the places that say `app["engine"] = …`."""
        if index[0] != facts.CONST or not isinstance(index[1], str):
            return ()
        last = self.typing.names.last(file, base)
        places = self.typing.index.set_as(f"{last}.[{index[1]}]") if last else ()
        return self.typing.at(places)

    # Entered and awaited

    def entered(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `with … as` binds."""
        typing = self.typing
        made = typing.files[file].nodes[parts[1]]
        if made[0] == facts.CALL and made[2]:
            makers = typing.of(file, made[1], self_class)
            if any(each[0] == "X" and each[1] == "contextlib.closing" for each in makers):
                return typing.of(file, made[2][0], self_class)
        found: list[Type] = []
        for each in typing.of(file, parts[1], self_class):
            if each[0] == "K":
                found += self._yields(each)
                found += () if found else self._declared(each)
            elif each[0] == "I":
                found += self._entered_instance(each)
            elif each[0] == "E":
                found += typing.given.by_method(each[1], "__enter__") or (each,)
        return unique(found)

    def _entered_instance(self, each: Type) -> Types:
        hierarchy = self.typing.hierarchy
        known = hierarchy.order(each[1])[1] or hierarchy.method(each[1], "__enter__") >= 0
        return self.typing.members.called(each, "__enter__") or ((each,) if known else ())

    def async_entered(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `async with … as` binds."""
        typing = self.typing
        found: list[Type] = []
        for each in typing.of(file, parts[1], self_class):
            if each[0] == "K":
                found += self._yields(each) or self._declared(each)
            elif each[0] == "I":
                entered = typing.members.called(each, "__aenter__")
                if entered or not typing.hierarchy.order(each[1])[1]:
                    found += self.awaited(entered) or ((each,) if entered else ())
                else:
                    found.append(each)
            elif each[0] == "E":
                found += typing.given.by_method(each[1], "__aenter__") or (each,)
        return unique(found)

    def await_(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `await` gives."""
        return self.awaited(self.typing.of(file, parts[1], self_class))

    def awaited(self, types: Types) -> Types:
        """Return what awaiting these gives."""
        found: list[Type] = []
        for each in types:
            if each[0] == "W":
                found += each[1]
            elif each[0] == "I":
                awaited = self.typing.members.called(each, "__await__")
                found += self.elements(tuple(t for t in awaited if t[0] in "SG"))
            elif each[0] == "E":
                found += self.typing.given.by_method(each[1], "__await__")
        return unique(found)


def _is_slice(index: Sequence[object]) -> bool:
    return index[0] == facts.LITERAL and index[1] == "slice"


def _part(parts: Sequence[Types], index: Sequence[object]) -> Types:
    """Return the part of a tuple at an index, or all of them where it is not known."""
    if index[0] == facts.CONST and isinstance(index[1], int):
        number = index[1]
        return parts[number] if -len(parts) <= number < len(parts) else ()
    return unique(each for part in parts for each in part)
