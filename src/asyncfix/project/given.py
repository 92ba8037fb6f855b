"""What calls outside the project give, by what the packs tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix.project.arguments import asked, constant
from asyncfix.project.library import parsed
from asyncfix.project.texts import begins
from asyncfix.project.types import NO_CALL, unique

if TYPE_CHECKING:
    from asyncfix.packs import Target
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types

AWAITABLES = frozenset(("Awaitable", "Coroutine", "Future", "Task"))


class Given:
    """Answers what libraries and builtins give."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing

    def _is_in_memory(self, target: Target, file: int, parts: Node) -> bool:
        """Tell whether what a call opens is no file on a disk, so that its methods do not wait."""
        for condition, prefixes in target.memory:
            node = asked(self.typing.files[file].nodes, parts, condition)
            if node > 0 and begins(self.typing, file, node, prefixes):
                return True
        return False

    def by_method(self, owner: str, member: str) -> Types:
        """Return what the packs say that a method of an outside instance gives."""
        outside = self.typing.outside
        told = outside.result(owner, f"{owner}.{member}")
        if not told:
            return ()
        # `self` for every method of a class says nothing of those that Python calls
        wild = told == "self" and member.startswith("__")
        return () if wild and not outside.known_method(owner, member) else self.spelled(told, owner)

    def by_call(self, callee: Type, file: int, parts: Node, self_class: int) -> Types:
        """Return what calling something outside the project gives."""
        library, outside = self.typing.library, self.typing.outside
        name, owner = callee[1], callee[2]
        if name in library.enters and parts[2]:
            return self.typing.shapes.entered(file, (0, parts[2][0]), self_class)
        told = outside.result(owner, name)
        if told:
            target = library.targets.get(name)
            if target and target.in_memory and self._is_in_memory(target, file, parts):
                return ()
            return self._told(told, callee, file, parts, self_class)
        if name in library.offloads:
            return self._offloaded(file, parts, self_class)
        if name in ("typing.cast", "typing_extensions.cast") and parts[2]:
            return self.typing.annotations.of(file, parts[2][0])
        if name in library.wrappers or name in library.consumers:
            return self._wrapped(name, file, parts, self_class)
        is_named_so = not owner or name.rpartition(".")[2][:1].isupper()
        return (("E", name),) if is_named_so and outside.is_class(name) else ()

    def _told(self, told: str, callee: Type, file: int, parts: Node, self_class: int) -> Types:
        """Return what a pack says; `@1` is the type of the second argument."""
        if told.startswith("below["):
            return self._named_below(told[6:-1], file, parts)
        if not told.startswith("@"):
            return self.spelled(told, callee[2])
        at = int(told[1:])
        argument = parts[2][at] if at < len(parts[2]) else 0
        types = self.typing.of(file, argument, self_class) if argument > 0 else ()
        is_cast = callee[1].endswith(".cast")
        return self.typing.annotations.of(file, argument) if is_cast else types

    def _named_below(self, base: str, file: int, parts: Node) -> Types:
        """Return an instance of the project's class below another that the first argument names."""
        typing = self.typing
        name = constant(typing, file, parts[2][0]) if parts[2] and parts[2][0] > 0 else ...
        classes = [
            cls
            for cls in typing.hierarchy.below_outside(base)
            if name == typing.classes[cls][1].name
        ]
        return (("I", classes[0]),) if len(classes) == 1 else ()

    def _offloaded(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what awaiting a thread gives: what the function that it runs does."""
        for argument in parts[2]:
            for each in self.typing.of(file, argument, self_class) if argument > 0 else ():
                if each[0] in "FMCV":
                    return (("W", self.typing.calls.of(each, file, NO_CALL, self_class)),)
        return (("W", ()),)

    def _wrapped(self, name: str, file: int, parts: Node, self_class: int) -> Types:
        """Return what `zip`, `next`, … make of the elements of their arguments."""
        elements, of = self.typing.shapes.elements, self.typing.of
        inner = [elements(of(file, each, self_class)) for each in parts[2] if each > 0]
        last = name.rpartition(".")[2]
        if last in ("map", "starmap"):
            return ()
        at = 1 if last == "filter" else 0
        first = inner[at] if at < len(inner) else ()
        if last in ("next", "min", "max"):
            return first
        if last == "enumerate":
            return (("S", (("T", ((), first)),)),)
        if last in ("zip", "zip_longest", "product"):
            return (("S", (("T", tuple(inner)),)),)
        return (("S", first),)

    def spelled(self, text: str, owner: str) -> Types:
        """Return the types that a pack writes; `owner` is what `self` stands for."""
        return self._type(parsed(text), owner)

    def _type(self, parts: tuple[Any, ...], owner: str) -> Types:
        kind, name = parts[0], parts[1]
        if kind == "or":
            return unique(each for part in name for each in self._type(part, owner))
        if kind == "of":
            inner = unique(each for part in parts[2] for each in self._type(part, owner))
            awaits = name.rpartition(".")[2] in ("awaitable", *AWAITABLES)
            return (("W" if awaits else "S", inner),)
        if name == "self":
            return (("E", owner),)
        return () if name == "None" else (("E", self.typing.outside.canonical(name)),)
