"""What a parameter is: by its annotation, its provider, or what the project's callers pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import argument
from asyncfix.project.types import NO_CALL, is_vague, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.facts import Function
    from asyncfix.packs import Root
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type, Types

_DEEPEST = 30
_MOST_CALLERS = 80
_MOST_CLASSES = 20


class Parameters:
    """Evaluates parameters."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.injectors = {
            name
            for root in typing.library.roots
            if root.kind == "dependency"
            for name in root.calls
        }

        self.given: dict[str, list[Root]] = {}
        for root in typing.library.roots:
            for full in (*root.decorators, *root.functions) if root.gives else ():
                self.given.setdefault(full.rpartition(".")[2], []).append(root)

    def _by_framework(self, file: int, function: Function, index: int) -> Types:
        """Return what a framework passes to the functions that it takes."""
        typing = self.typing
        at = index - 1 if function.owner >= 0 and function.flags & facts.METHOD else index
        nodes, imports = typing.files[file].nodes, typing.files[file].imports
        names = [function.name] if function.owner < 0 and not function.parent else []
        for decorator in function.decorators:
            parts = nodes[decorator]
            names.append(typing.names.last(file, parts[1] if parts[0] == facts.CALL else decorator))
        for root in (root for name in names for root in self.given.get(name, ())):
            tops = {full.partition(".")[0] for full in (*root.decorators, *root.functions)}
            if 0 <= at < len(root.gives) and not tops.isdisjoint(imports):
                return typing.given.spelled(root.gives[at], "")
        return ()

    def parameter(self, file: int, parts: Node, self_class: int) -> Types:
        """Return what a parameter is within its function."""
        typing = self.typing
        function = typing.files[file].functions[parts[1]]
        param = function.params[parts[2]]
        if parts[2] == 0 and function.owner >= 0 and function.flags & facts.METHOD:
            owner = self_class if self_class >= 0 else typing.first_class[file] + function.owner
            return (("C" if function.flags & facts.CLASSMETHOD else "I", owner),)
        declared = typing.annotations.of(file, param.annotation, self_class, function.owner)
        if param.kind in ("*", "**"):
            return (("S", declared),)
        if declared and not is_vague(declared):
            is_abstract = typing.hierarchy.is_abstract(declared)
            return (self._narrower(file, parts, declared) if is_abstract else ()) or declared
        provided = self.provided(file, (param.default,)) if param.default else ()
        if provided:
            return provided
        default = typing.of(file, param.default)
        found = unique((*declared, *default, *self._from_callers(file, parts)))
        return found or self._by_framework(file, function, parts[2])

    def provided(self, file: int, nodes: Iterable[int]) -> Types:
        """Return what `Depends(provider)` puts into a parameter."""
        typing = self.typing
        found: list[Type] = []
        for node in nodes:
            parts = typing.files[file].nodes[node]
            if parts[0] != facts.CALL or not (parts[2] or parts[4]):
                continue
            makers = typing.of(file, parts[1])
            if not any(each[0] == "X" and each[1] in self.injectors for each in makers):
                continue
            provider = parts[2][0] if parts[2] else parts[4][0]
            for each in typing.of(file, provider):
                found += typing.shapes.provided(typing.calls.of(each, file, NO_CALL, -1))
        return unique(found)

    def _narrower(self, file: int, parts: Node, declared: Types) -> Types:
        """Return what callers pass for a parameter of an abstract type, if all of that is known."""
        passed = self._from_callers(file, parts)
        if not all(each[0] == "I" for each in passed):
            return ()
        hierarchy = self.typing.hierarchy
        above = {each[1] for each in declared if each[0] == "I"}
        fitting = above.union(*(hierarchy.subclasses.get(each, ()) for each in above))
        return tuple(each for each in passed if each[1] in fitting)

    def _from_callers(self, file: int, parts: Node) -> Types:
        """Return what the project's callers pass for a parameter that has no type of its own."""
        function = self.typing.files[file].functions[parts[1]]
        if function.flags & facts.LAMBDA or self.typing.depth > _DEEPEST:
            return ()
        found: list[Type] = []
        for at, node in self.passed(file, parts, _MOST_CALLERS):
            found += self.typing.of(at, node)
        is_method = function.owner >= 0 and function.flags & facts.METHOD
        if parts[2] == (1 if is_method else 0):
            fid = self.typing.first_function[file] + parts[1]
            found += self._decorated(fid, file, function)
        return unique(found)

    def passed(self, file: int, parts: Node, most: int) -> Iterator[tuple[int, int]]:
        """Yield the file and node of what callers pass for a parameter, if they are few."""
        function = self.typing.files[file].functions[parts[1]]
        fid, test = self.typing.first_function[file] + parts[1], file in self.typing.index.tests
        for name in self._called_as(file, function):
            for at, node in self._calls(name, most, test=test):
                call = self.typing.files[at].nodes[node]
                given = self._argument(fid, function, parts[2], at, call)
                if given > 0:
                    yield at, given

    def _decorated(self, fid: int, file: int, function: Function) -> Iterator[Type]:
        """Yield the functions that one is put on as a decorator, itself or as a factory's."""
        typing, index = self.typing, self.typing.index
        outer = typing.files[file].functions[function.parent] if function.parent > 0 else function
        for name in dict.fromkeys((function.name, outer.name)):
            index.count(name)  # so that what rests on it is asked again
            for each in typing.decorators.by_name(name)[:_MOST_CALLERS]:
                at, decorated = typing.functions[each]
                for decorator in decorated.decorators:
                    found = typing.of(at, decorator)
                    if any(typing.calls.reaches(one, fid) is not None for one in found):
                        yield ("F", each)

    def _called_as(self, file: int, function: Function) -> list[str]:
        """Return the names by which calls run a function."""
        typing = self.typing
        if function.name not in ("__init__", "__new__") or function.owner < 0:
            return [function.name]
        owner = typing.first_class[file] + function.owner
        below = [owner, *typing.hierarchy.subclasses.get(owner, ())]
        return [
            *(typing.classes[each][1].name for each in below[:_MOST_CLASSES]),
            "cls",
            "__init__",
        ]

    def _calls(self, name: str, most: int, *, test: bool) -> Iterator[tuple[int, int]]:
        """Yield the calls of a name, if they are few; those in tests only for functions there."""
        index = self.typing.index
        if index.count(name) <= most:
            for at, nodes in index.callers(name, tests=test):
                yield from ((at, node) for node in nodes)

    def _argument(self, fid: int, function: Function, index: int, at: int, call: Node) -> int:
        """Return the node that a call passes for a parameter if it runs that function, or 0."""
        for callee in self.typing.of(at, call[1]):
            bound = self.typing.calls.reaches(callee, fid)
            if bound is not None:
                given = argument(call, function, index, bound=bound)
                if given > 0:
                    return given
        return 0
