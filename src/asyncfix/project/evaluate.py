"""What type an expression has, as far as the project's code and the packs tell; else nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.annotations import Annotations
from asyncfix.project.calls import Calls
from asyncfix.project.decorators import Decorators
from asyncfix.project.given import Given
from asyncfix.project.hierarchy import Hierarchy
from asyncfix.project.index import Index
from asyncfix.project.library import Outside
from asyncfix.project.members import Members
from asyncfix.project.modules import Modules
from asyncfix.project.names import Names
from asyncfix.project.parameters import Parameters
from asyncfix.project.shapes import Shapes
from asyncfix.project.types import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asyncfix.facts import Class, FileFacts, Function
    from asyncfix.packs import Packs
    from asyncfix.project.index import Container
    from asyncfix.project.types import Node, Types

DEEPEST = 60

_ROOM = 8
_NOTHING = facts.Function("", "", 0, 0, -1, (), 0, (), [], [], (), (), {}, 0, 0, "")
# the operators of what a project may put things into
_FILLED = frozenset((facts.EMPTY, facts.SEQUENCE, facts.DICT, facts.CALL, facts.PARAM))


class Typing:
    """Evaluates expressions on demand and remembers what it found; each subject has its part."""

    def __init__(
        self,
        files: Sequence[FileFacts],
        packs: Packs,
        src: Iterable[str],
        slots: Sequence[int] = (),
    ) -> None:
        self.files = files
        self.library = packs.library
        self.outside = Outside(packs.library, {name for file in files for name in file.imports})
        self.modules = Modules(files, src, self.outside.tops)
        self._number(slots)
        self.memo: dict[tuple[int, int, int], Types] = {}
        self.depth = 0
        self.asked: set[str] = set()
        self.index = Index(files, self.modules, self.first_class)
        self.hierarchy = Hierarchy(self)
        self.names = Names(self)
        self.shapes = Shapes(self)
        self.members = Members(self)
        self.decorators = Decorators(self)
        self.calls = Calls(self)
        self.given = Given(self)
        self.annotations = Annotations(self)
        self.parameters = Parameters(self)
        self.evaluate = self._evaluators()

    def _number(self, slots: Sequence[int]) -> None:
        """Give the functions and classes of all files a number each."""
        self.functions: list[tuple[int, Function]] = []
        self.slots: list[int] = []
        self.first_function: list[int] = []
        self.classes: list[tuple[int, Class]] = []
        self.first_class: list[int] = []
        for index, file in enumerate(self.files):
            self.first_function.append(len(self.functions))
            self.functions += [(index, function) for function in file.functions]
            # room for functions to come, so that numbers stay when a file gains one
            room = slots[index] if slots else len(file.functions) + _ROOM
            self.slots.append(room)
            self.functions += [(index, _NOTHING)] * (room - len(file.functions))
            self.first_class.append(len(self.classes))
            self.classes += [(index, each) for each in file.classes]

    def _evaluators(self) -> dict[int, Callable[[int, Node, int], Types]]:
        names, shapes = self.names, self.shapes
        return {
            facts.GLOBAL: names.variable,
            facts.OUTER: names.outer,
            facts.IMPORT: names.imported,
            facts.FUNCTION: names.function,
            facts.CLASS: names.class_,
            facts.LITERAL: names.literal,
            facts.PREFIX: names.text,
            facts.CONST: names.constant,
            facts.SUPER: names.super_,
            facts.UNION: shapes.union,
            facts.SEQUENCE: shapes.sequence,
            facts.DICT: shapes.sequence,
            facts.TUPLE: shapes.tuple_,
            facts.BINARY: shapes.binary,
            facts.ITEM: shapes.item,
            facts.UNPACKED: shapes.unpacked,
            facts.ELEMENT: shapes.element,
            facts.AELEMENT: shapes.async_element,
            facts.ENTERED: shapes.entered,
            facts.AENTERED: shapes.async_entered,
            facts.AWAIT: shapes.await_,
            facts.ATTR: self.members.attribute,
            facts.CALL: self.calls.call,
            facts.PARAM: self.parameters.parameter,
            facts.ANNOTATED: self.annotations.annotated,
        }

    def of(self, file: int, node: int, self_class: int = -1) -> Types:
        """Return the types of an expression; `self_class` is what `self` is, if not the owner."""
        if not node:
            return ()
        key = (file, node, self_class)
        found = self.memo.get(key)
        if found is not None:
            return found
        if self.depth > DEEPEST:
            return ()
        parts = self.files[file].nodes[node]
        evaluate = self.evaluate.get(parts[0])
        self.memo[key] = ()
        types: Types = ()
        if evaluate is not None:
            self.depth += 1
            types = evaluate(file, parts, self_class)
            self.depth -= 1
        if parts[0] in _FILLED:
            put = self.index.puts.get((file, node))
            if put:
                types = unique((*types, ("S", self.at(put, self_class))))
        self.memo[key] = types
        return types

    def at(self, places: Iterable[tuple[int, ...]], self_class: int = -1) -> Types:
        """Return the types at some places, which begin with a file and end with a node."""
        return unique(each for at in places for each in self.of(at[0], at[-1], self_class))

    def put(self, key: Container, self_class: int = -1) -> Types:
        """Return the container that holds what the project puts into one, if it does."""
        places = self.index.puts.get(key)
        return (("S", self.at(places, self_class)),) if places else ()
