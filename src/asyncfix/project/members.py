"""What an attribute is: of instances, classes, modules, and things outside the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.fields import Fields
from asyncfix.project.hierarchy import MOST_IMPLEMENTERS
from asyncfix.project.trace import Memo
from asyncfix.project.types import is_lazy, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types


class Members:
    """Evaluates attributes."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.fields = Fields(typing)
        self._known = Memo(typing.trace, self._of_instance, lambda _: ())
        self._having = Memo(typing.trace, self._classes_having, lambda _: ())
        self.by_kind: dict[str, Callable[[Type, str], Types]] = {
            "I": lambda owner, name: self._known((owner[1], name)),
            "C": lambda owner, name: self.of_class(owner[1], name),
            "Q": self._of_super,
            "E": self._of_outside_instance,
            "X": self._of_outside,
            "P": self._of_module,
            "D": self._of_module,
            "S": lambda owner, name: (("B", name, owner[1]),),
        }

    def attribute(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what `base.name` is."""
        base, name = parts[1], parts[2]
        bases = self.typing.of(file, base, self_class)
        found: list[Type] = []
        is_outside = True
        for each in bases:
            find = self.by_kind.get(each[0])
            found += find(each, name) if find else ()
            is_outside = is_outside and each[0] in "EX"
        if is_outside and not self._is_told(bases, name):
            return (
                self._set_elsewhere(file, base, name)
                or self._of_own_kind(bases, name)
                or unique(found)
            )
        return unique(found)

    def _of_own_kind(self, bases: Types, name: str) -> Types:
        """Find `bot.db` in the one class of the project that is a `Bot` and has a `db`."""
        having = [cls for t in bases if t[0] == "E" for cls in self._having((t[1], name))]
        return self.of_instance(having[0], name) if len(having) == 1 else ()

    def _classes_having(self, key: tuple[str, str]) -> tuple[int, ...]:
        """Return the project's classes below one outside that have an attribute of their own."""
        base, name = key
        below = self.typing.hierarchy.below_outside(base)
        return tuple(cls for cls in below if self._may_own(cls, name) and self._own(cls, name))

    def _may_own(self, cls: int, name: str) -> bool:
        """Tell whether the file of a class defines anything of a name."""
        typing = self.typing
        file = typing.classes.file(cls)
        typing.rests_on(file)
        return name in typing.files.heads[file].defines

    def _is_told(self, bases: Types, name: str) -> bool:
        """Tell whether the packs, or an import, say what this attribute is."""
        outside = self.typing.outside
        for each in bases:
            owner = each[1] if each[0] == "E" else each[2]
            if each[0] == "X" and not owner:
                return True
            if outside.known_method(owner, name) or outside.attribute(owner, name):
                return True
        return False

    def _set_elsewhere(self, file: int, base: int, name: str) -> Types:
        """Follow `request.app.state.engine` to the places that say `app.state.engine = …`."""
        last = self.typing.names.last(file, base)
        places = self.typing.index.set_as(f"{last}.{name}") if last else None
        return self.typing.at(places) if places else ()

    def of(self, owner: Type, name: str) -> Types:
        """Return the types of an attribute of a thing of this type."""
        find = self.by_kind.get(owner[0])
        return find(owner, name) if find else ()

    def called(self, owner: Type, name: str) -> Types:
        """Return what calling a method without arguments gives."""
        calls, context = self.typing.calls, self.typing.hierarchy.context
        return unique(
            each
            for method in self.of(owner, name)
            if method[0] == "M"
            for each in calls.result(method[1], context(method))
        )

    # Instances

    def of_instance(self, cls: int, name: str) -> Types:
        """Return the types of `instance.name`."""
        return self._known((cls, name))

    def _of_instance(self, key: tuple[int, str]) -> Types:
        typing, (cls, name) = self.typing, key
        order, outside = typing.hierarchy.order(cls)
        declared = False
        for each in order:
            fid = typing.hierarchy.own_method(each, name)
            if fid >= 0:
                return self._method(fid, cls, each)
            attributes = typing.classes[each][1].attributes
            if attributes.get(name) or (each, name, "self") in typing.index.puts:
                declared = True
                found = self._held(cls, each, name) or self.fields.of(each, name)
                if found:
                    return found
        inherited = self._inherited(cls, outside, name)
        if inherited is not None:
            return inherited
        subclasses = typing.hierarchy.subclasses.get(cls, ())[:MOST_IMPLEMENTERS]
        below = unique(found for sub in subclasses for found in self._own(sub, name))
        if below or declared or name.startswith("__"):
            return below
        return _first(outside, name)

    def _held(self, cls: int, owner: int, name: str) -> Types:
        """Return what a class gives to an attribute, and puts into it."""
        found = self._values(owner, name, cls)
        put = self.typing.put((owner, name, "self"), cls)
        return unique((*found, *put)) if put else found

    def _own(self, cls: int, name: str) -> Types:
        fid = self.typing.hierarchy.own_method(cls, name)
        return self._method(fid, cls, cls) if fid >= 0 else self._values(cls, name, cls)

    def _values(self, owner: int, name: str, cls: int) -> Types:
        """Return what a class gives to an attribute; annotations say it best."""
        file, facts_of = self.typing.classes[owner]
        nodes = self.typing.files[file].nodes
        context = cls if cls != owner else -1
        typed: list[Type] = []
        inferred: list[Type] = []
        for value in facts_of.attributes.get(name, ()):
            node = nodes[value]
            if node[0] != facts.CONST or node[1] is not None:
                into = typed if node[0] == facts.ANNOTATED else inferred
                into += self.typing.of(file, value, context)
        if typed and inferred and self.typing.hierarchy.is_abstract(tuple(typed)):
            return unique(inferred)
        return unique(inferred + typed if is_lazy(tuple(typed)) else typed or inferred)

    def _method(self, fid: int, cls: int, owner: int) -> Types:
        """Return what a method is on an instance: bound, decorated, or read as a property."""
        typing = self.typing
        function = typing.functions[fid][1]
        is_abstract = function.flags & facts.ABSTRACT
        below = typing.hierarchy.implementers(cls, function.name) if is_abstract else []
        if typing.decorators.is_property(fid):
            if is_abstract:
                return unique(t for sub, each in below for t in typing.calls.result(each, sub))
            return typing.calls.result(fid, cls if cls != owner else -1)
        if is_abstract:
            return (*(("M", each, sub) for sub, each in below), ("M", fid, cls))
        decorated = typing.decorators.bound(fid)
        if function.flags & facts.STATIC or (decorated and decorated[0][0] in "VX"):
            return decorated
        return (("M", fid, cls),)

    # Classes

    def of_class(self, cls: int, name: str) -> Types:
        """Return the types of `Class.name`."""
        typing = self.typing
        order, outside = typing.hierarchy.order(cls)
        for each in order:
            fid = typing.hierarchy.own_method(each, name)
            if fid >= 0:
                return self._class_method(fid, cls)
            if name in typing.classes[each][1].attributes:
                found = self._values(each, name, cls)
                return unique((*found, *typing.at(self._set_on(cls, name))))
        inherited = self._inherited(cls, outside, name)
        return _first(outside, name) if inherited is None else inherited

    def _class_method(self, fid: int, cls: int) -> Types:
        function = self.typing.functions[fid][1]
        if function.flags & facts.CLASSMETHOD:
            return (("M", fid, cls),)
        return self.typing.decorators.bound(fid) if function.flags & facts.STATIC else (("F", fid),)

    def _of_super(self, owner: Type, name: str) -> Types:
        hierarchy = self.typing.hierarchy
        order, outside = hierarchy.order(owner[2])
        if owner[1] not in order:
            order = hierarchy.order(owner[1])[0]
        for each in order[order.index(owner[1]) + 1 :]:
            fid = hierarchy.own_method(each, name)
            if fid >= 0:
                return (("M", fid, owner[2]),)
        return self._told(outside, name) or _first(outside, name)

    def _inherited(self, cls: int, outside: Iterable[str], name: str) -> Types | None:
        """Return what an attribute is that no class of the project defines, or None."""
        told = self._told(outside, name)
        if told:
            return told
        places = self._set_on(cls, name)
        return self.typing.at(places) if places else None

    def _told(self, outside: Iterable[str], name: str) -> Types:
        """Return what the packs say of an attribute that is inherited from outside."""
        typing = self.typing
        for base in outside:
            known = typing.outside.attribute(base, name)
            if known:
                return typing.given.spelled(known, base)
            full = f"{base}.{name}"
            if typing.outside.known_method(base, name) or typing.outside.target(base, full):
                return (("X", full, base),)
        return ()

    def _set_on(self, cls: int, name: str) -> list[tuple[int, int, int]]:
        """Return the places that say `x.name = …` of an object of this class or one above it."""
        order = self.typing.hierarchy.order(cls)[0]
        return [
            place
            for place in self.typing.index.set_as(f".{name}")
            if any(t[0] in "IC" and t[1] in order for t in self.typing.of(place[0], place[1]))
        ]

    # Other things

    def _of_outside_instance(self, owner: Type, name: str) -> Types:
        outside = self.typing.outside
        known = outside.attribute(owner[1], name)
        if known:
            return self.typing.given.spelled(known, owner[1])
        return (("X", outside.canonical(f"{owner[1]}.{name}"), owner[1]),)

    def _of_outside(self, owner: Type, name: str) -> Types:
        full = f"{owner[1]}.{name}"
        if owner[2]:
            return (("X", full, "?"),)
        known = self.typing.library.attributes.get(full)
        if known:
            return self.typing.given.spelled(known, owner[1])
        outside = self.typing.outside
        return (("X", outside.canonical(full), owner[1] if outside.is_class(owner[1]) else ""),)

    def _of_module(self, owner: Type, name: str) -> Types:
        return self.typing.names.defined(self.typing.modules.member(owner, name))


def _first(outside: Sequence[str], name: str) -> Types:
    """Return what the first base outside the project holds under a name, told or not."""
    return tuple(("X", f"{base}.{name}", base) for base in outside[:1])
