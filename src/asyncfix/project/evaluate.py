"""What type an expression has, as far as the project's code and the packs tell; else nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.annotations import Annotations
from asyncfix.project.calls import Calls
from asyncfix.project.decorators import Decorators
from asyncfix.project.files import Classes, Functions
from asyncfix.project.given import Given
from asyncfix.project.hierarchy import Hierarchy
from asyncfix.project.index import Index
from asyncfix.project.library import Outside
from asyncfix.project.members import Members
from asyncfix.project.modules import Modules
from asyncfix.project.names import Names
from asyncfix.project.parameters import Parameters
from asyncfix.project.shapes import Shapes
from asyncfix.project.stores import Stores
from asyncfix.project.trace import Trace
from asyncfix.project.types import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from asyncfix.packs import Packs
    from asyncfix.project.files import Files
    from asyncfix.project.index import Container
    from asyncfix.project.types import Node, Types

Place = tuple[int, int, int]  # an expression: file, node, and what `self` is
Key = int | tuple[int, int]  # the same within a file, where `self` is mostly what it is

DEEPEST = 60

_ROOM = 8
# the operators of what a project may put things into
_FILLED = frozenset((facts.EMPTY, facts.SEQUENCE, facts.DICT, facts.CALL, facts.PARAM))


class Typing:
    """Evaluates expressions on demand and remembers what it found; each subject has its part.

    `slots` says how many numbers the functions of each file have; there is room for more to
    come, so that numbers stay when a file gains one.
    """

    def __init__(
        self,
        files: Files,
        packs: Packs,
        src: Iterable[str],
        slots: Sequence[int] = (),
        *,
        traced: bool = True,
    ) -> None:
        self.files = files
        self.trace = Trace(len(files), kept=traced)
        self.library = packs.library
        self.outside = Outside(packs.library, files.imports)
        self.stores = Stores(self.outside)
        self.modules = Modules(files, src, self.outside.tops, self.trace)
        self.slots = slots or [each.functions + _ROOM for each in files.heads]
        self.functions = Functions(files, self.slots)
        self.first_function = self.functions.first
        self.classes = Classes(files)
        self.first_class = self.classes.first
        self.asynchronous = frozenset(
            start + at
            for start, head in zip(self.first_function, files.heads, strict=True)
            for at in head.asynchronous
        )
        self.repeating = frozenset(
            start + at
            for start, head in zip(self.first_function, files.heads, strict=True)
            for at in head.repeating
        )
        self._known: list[dict[Key, Types]] = [{} for _ in files.paths]
        self._masks: list[dict[Key, int]] = [{} for _ in files.paths]
        self._same: dict[Types, Types] = {}  # equal types are kept once
        self._kept: set[int] = set()  # the ids of these
        self.depth = 0
        # classes whose methods packs tell of: what one is given does not come out as an element
        self.described = frozenset(each.rpartition(".")[0] for each in self.library.returns)
        self.index = Index(files, self.modules, self.first_class, self.trace)
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
            facts.MADE: shapes.made,
            facts.ITEM: shapes.item,
            facts.UNPACKED: shapes.unpacked,
            facts.ELEMENT: shapes.element,
            facts.AELEMENT: shapes.async_element,
            facts.ENTERED: shapes.entered,
            facts.AENTERED: shapes.async_entered,
            facts.AWAIT: shapes.await_,
            facts.LEFT: shapes.left,
            facts.ATTR: self.members.attribute,
            facts.CALL: self.calls.call,
            facts.PARAM: self.parameters.parameter,
            facts.ANNOTATED: self.annotations.annotated,
        }

    def of(self, file: int, node: int, self_class: int = -1) -> Types:
        """Return the types of an expression; `self_class` is what `self` is, if not the owner."""
        if not node:
            return ()
        key = node if self_class < 0 else (node, self_class)
        known, trace = self._known[file], self.trace
        found = known.get(key)
        if found is not None:
            if trace.kept:
                trace.mask |= self._masks[file].get(key) or trace.bits[file]
            return found
        outer, mine = trace.mask, trace.bits[file]
        if self.depth > DEEPEST:
            trace.mask |= mine
            return ()
        trace.mask = mine
        parts = self.files[file].nodes[node]
        evaluate = self.evaluate.get(parts[0])
        types: Types = ()
        known[key] = types
        if evaluate is not None:
            self.depth += 1
            types = evaluate(file, parts, self_class)
            self.depth -= 1
        if parts[0] in _FILLED:
            put = self.index.puts.get((file, node))
            if put and not any(each[0] == "E" and each[1] in self.described for each in types):
                types = unique((*types, ("S", self.at(put, self_class))))
        if types:
            known[key] = types = self._once(types)
        if trace.mask != mine:
            self._masks[file][key] = trace.shared()
        trace.mask |= outer
        return types

    def _once(self, types: Types) -> Types:
        """Return the one of equal types that is kept."""
        if id(types) not in self._kept:
            types = self._same.setdefault(types, types)
            self._kept.add(id(types))
        return types

    def forget(self, but: Iterable[Place]) -> None:
        """Make room, but for some expressions: what is asked for after this is found anew."""
        answers = ((place, self.answer(place)) for place in but)
        kept = [(place, *answer) for place, answer in answers if answer is not None]
        for known, masks in zip(self._known, self._masks, strict=True):
            known.clear()
            masks.clear()
        for place, types, mask in kept:
            self.preset(place, types, mask)
        self._same, self._kept = {}, set()
        self.functions.forget()
        self.trace.forget()

    def answer(self, place: Place) -> tuple[Types, int] | None:
        """Return the types that an expression was found to have, and what they rest on."""
        file, node, self_class = place
        key = node if self_class < 0 else (node, self_class)
        found = self._known[file].get(key)
        if found is None:
            return None
        return found, self._masks[file].get(key) or self.trace.bits[file]

    def preset(self, place: Place, types: Types, mask: int) -> None:
        """Take over what is known of an expression."""
        file, node, self_class = place
        key = node if self_class < 0 else (node, self_class)
        self._known[file][key], self._masks[file][key] = types, mask

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Find out something about the whole project, whatever is being asked just now."""
        depth, self.depth = self.depth, 0
        with self.trace.apart():
            yield
        self.depth = depth

    def read(self, fid: int) -> None:
        """Note that an answer rests on a function."""
        self.trace.mask |= self.trace.bits[self.functions.file(fid)]

    def rests_on(self, file: int) -> None:
        """Note that an answer rests on a file."""
        self.trace.mask |= self.trace.bits[file]

    def at(self, places: Iterable[tuple[int, ...]], self_class: int = -1) -> Types:
        """Return the types at some places, which begin with a file and end with a node."""
        return unique([each for at in places for each in self.of(at[0], at[-1], self_class)])

    def put(self, key: Container, self_class: int = -1) -> Types:
        """Return the container that holds what the project puts into one, if it does."""
        places = self.index.puts.get(key)
        return (("S", self.at(places, self_class)),) if places else ()
