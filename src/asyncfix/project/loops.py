"""What runs again and again: the loops of a function, what they run over, and what leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asyncfix.facts import Function
    from asyncfix.project.dependence import Values
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.modules import Definition

MANY = 99
Place = tuple[int, int, int]  # a node, and where it starts and ends
_SAME = frozenset(
    "enumerate sorted list set tuple reversed frozenset dict iter filter tqdm".split()  # noqa: SIM905 - a list has a line for each
)
_VIEWS = frozenset(("items", "keys", "values", "copy"))
_FIRST_HIT = frozenset(("any", "all", "next", "anext"))
_GROUPS = ("chunk", "batch", "page", "partition")
_PYTHON = frozenset(("builtins", "typing", "collections", "types", "itertools", "pathlib"))
_COLLECTIONS = (facts.FOR, facts.COMPREHENSION)


class Loop(NamedTuple):
    """A loop: its stretch, but for the one from `skip` on, and the element that it runs for."""

    kind: int
    start: int
    end: int
    skip: int
    skip_end: int
    element: int
    made: int

    def holds(self, start: int, end: int) -> bool:
        """Tell whether a stretch is run once per item."""
        within = self.start <= start and end <= self.end
        return within and not (self.skip <= start and end <= self.skip_end)


class Branch(NamedTuple):
    """A block within a loop: the test under which it runs, and how it ends."""

    start: int
    end: int
    test: int
    ending: int

    @property
    def breaks(self) -> bool:
        """Tell whether it leaves the loop around it."""
        return self.ending & 3 == facts.BREAKS

    @property
    def returns(self) -> bool:
        """Tell whether it leaves the function."""
        return self.ending & 3 == facts.RETURNS

    @property
    def failed(self) -> bool:
        """Tell whether it runs after an exception."""
        return bool(self.ending & facts.FAILED)

    @property
    def negated(self) -> bool:
        """Tell whether it runs where something is missing."""
        return bool(self.ending & facts.NEGATED)


class Repeats:
    """The loops and branches of one function."""

    def __init__(self, values: Values, function: Function) -> None:
        self.values = values
        self.file = values.file
        self.function = function
        flat, size = function.loops, facts.LOOP
        found = [Loop(*flat[at : at + size]) for at in range(0, len(flat), size)]
        self.loops = sorted(found, key=lambda loop: loop.end - loop.start)
        flat, size = function.branches, facts.BRANCH
        self.branches = [Branch(*flat[at : at + size]) for at in range(0, len(flat), size)]

    def around(self, start: int, end: int) -> list[Loop]:
        """Return the loops that run a stretch once per item, the innermost first."""
        return [loop for loop in self.loops if loop.holds(start, end)]

    def _leaves(self, branch: Branch, loop: Loop) -> bool:
        """Tell whether a block within a loop leaves it at its end."""
        if not branch.ending & 3 or not loop.holds(branch.start, branch.end):
            return False
        return branch.returns or self.around(branch.start, branch.end)[0] == loop

    def runs_once(self, loop: Loop, start: int, end: int) -> bool:
        """Tell whether the loop is always left after a place in it has run."""
        return any(
            branch.start <= start and end <= branch.end and self._leaves(branch, loop)
            for branch in self.branches
        )

    def after_failure(self, start: int, end: int) -> bool:
        """Tell whether a place runs only after an exception."""
        return any(b.failed and b.start <= start and end <= b.end for b in self.branches)

    def searches(self, loop: Loop, node: int, start: int, end: int) -> bool:
        """Tell whether the loop is left as soon as a call has found something."""
        for branch in self.branches:
            if branch.start < end or branch.failed or not self._leaves(branch, loop):
                continue
            if branch.returns and branch.negated:
                continue
            if not branch.test or self.values.depends(branch.test, {node}):
                return True
        return bool(loop.made) and self._first_hit(loop, start)

    def _first_hit(self, loop: Loop, at: int) -> bool:
        """Tell whether a generator is only asked until it gives what is wanted."""
        nodes = self.file.nodes
        for node, start, end in self.calls():
            parts = nodes[node]
            if start <= at < end and loop.made in parts[2]:
                callee = nodes[parts[1]]
                if callee[0] == facts.GLOBAL and callee[1] in _FIRST_HIT:
                    return True
        return False

    def is_second_try(self, loop: Loop, node: int, start: int, end: int) -> bool:
        """Tell whether a call is made once more, where it has found nothing before."""
        other_ways = {b.test for b in self.branches if not b.negated}  # of which it is the `else`
        return any(
            b.negated and b.start <= start and end <= b.end and loop.holds(b.start, b.end)
            for b in self.branches
            if b.test not in other_ways
        ) and any(
            same == node and other < start and loop.holds(other, last)
            for same, other, last in self.calls()
        )

    def dropped_around(self, node: int, start: int, end: int) -> int:
        """Return what is called with what a call gives, where nobody looks at the outcome; or 0."""
        sites, uses = self.function.sites, self.function.uses
        for at in range(0, len(uses), facts.USE):
            around, begin, last = sites[uses[at] + 1 : uses[at] + 4]
            parts = self.file.nodes[around]
            is_dropped = begin < start and end < last and uses[at + 1] == facts.DROPPED
            if is_dropped and parts[0] == facts.CALL and node in parts[2]:
                return int(parts[1])
        return 0

    def sends_item(self, loop: Loop, call: int) -> bool:
        """Tell whether the items are themselves the statements that a call sends."""
        nodes = self.file.nodes
        given = nodes[call][2][:1] if nodes[call][0] == facts.CALL else ()
        while given and given[0] > 0 and nodes[given[0]][0] == facts.CALL:
            given = nodes[given[0]][2][:1]  # `text(item)`
        return given == (loop.element,)

    def calls(self, kinds: tuple[int, ...] = (facts.CALLS, facts.AWAITS)) -> Iterator[Place]:
        """Yield node and place of every call."""
        sites, nodes = self.function.sites, self.file.nodes
        for at in range(0, len(sites), facts.SITE):
            if sites[at] in kinds and nodes[sites[at + 1]][0] == facts.CALL:
                yield sites[at + 1], sites[at + 2], sites[at + 3]

    def counts(self, loop: Loop, start: int, end: int) -> bool:
        """Tell whether a place runs only after so many items: `i % 100 == 0`, `len(x) > 50`."""
        nodes = self.file.nodes
        for branch in self.branches:
            within = branch.start <= start and end <= branch.end
            if not branch.test or not within or not loop.holds(branch.start, branch.end):
                continue
            for node in self.values.below(branch.test):
                parts = nodes[node]
                if parts[0] == facts.MADE and parts[2]:
                    return True
                if parts[0] == facts.CALL and tuple(nodes[parts[1]]) == (facts.GLOBAL, "len"):
                    return True
        return False


class Extent:
    """Tells how many items a loop runs over, as far as that is known."""

    def __init__(self, typing: Typing, values: Callable[[int], Values]) -> None:
        self.typing = typing
        self.values = values

    def of(self, file: int, loop: Loop) -> int:
        """Return the number of items; MANY if it is open, 0 if the loop runs over no collection."""
        if loop.kind not in _COLLECTIONS:
            return 0
        nodes = self.typing.files[file].nodes
        element = nodes[loop.element]
        if element[0] not in (facts.ELEMENT, facts.AELEMENT):
            return 0
        return self._count(file, element[1], 0)

    def is_chunk(self, file: int, loop: Loop) -> bool:
        """Tell whether a loop runs over so many items at a time."""
        nodes = self.typing.files[file].nodes
        element = nodes[loop.element]
        over = nodes[element[1]] if element[0] == facts.ELEMENT else element
        index = nodes[over[2]] if over[0] == facts.ITEM else over
        return bool(index[:2] == (facts.LITERAL, "slice") and index[-1] == facts.CHUNK)

    def _count(self, file: int, node: int, depth: int) -> int:
        parts = self.typing.files[file].nodes[node]
        kind = parts[0]
        if depth > 6:
            return MANY
        if kind == facts.UNION:
            return max(self._count(file, each, depth + 1) for each in parts[1])
        if kind in (facts.TUPLE, facts.DICT, facts.SEQUENCE, facts.EMPTY):
            return self._displayed(file, node)
        if kind == facts.CALL:
            return self._called(file, parts, depth)
        if kind == facts.GLOBAL:
            return self._named(self.typing.modules.lookup(file, parts[1]), depth)
        if kind == facts.IMPORT:
            return self._named(self.typing.modules.imported(file, parts[1], parts[2]), depth)
        if kind == facts.ANNOTATED and parts[2]:
            return self._count(file, parts[2], depth + 1)
        if kind == facts.ITEM:
            index = self.typing.files[file].nodes[parts[2]]
            if index[:2] == (facts.LITERAL, "slice") and len(index) > 3:
                most = MANY if index[3] == facts.CHUNK else int(index[3])
                return min(most, self._count(file, parts[1], depth + 1))
        return self._typed(file, node)

    def _displayed(self, file: int, node: int) -> int:
        """Count what a display says; what a comprehension makes, or is added later, is open."""
        each = self.typing.files[file]
        parts = each.nodes[node]
        if (file, node) in self.typing.index.puts or parts[0] == facts.EMPTY:
            return MANY if (file, node) in self.typing.index.puts else 1
        elements = parts[1]
        made = len(elements) == 1 and any(
            each.nodes[inner][0] in (facts.ELEMENT, facts.AELEMENT)
            for inner in (elements[0], *self.values(file).below(elements[0]))
        )
        return MANY if made else len(elements)

    def _called(self, file: int, parts: Sequence[Any], depth: int) -> int:
        nodes = self.typing.files[file].nodes
        callee = nodes[parts[1]]
        name = callee[2] if callee[0] in (facts.ATTR, facts.OUTER) else callee[1]
        given = [each for each in parts[2] if each > 0]
        if name == "range":
            return self._ranged(file, given, depth)
        if name == "zip" and given:
            return min(self._count(file, each, depth + 1) for each in given)
        if name == "fromkeys" and given:
            return self._count(file, given[0], depth + 1)
        if name == "cast" and len(given) > 1:
            return self._count(file, given[1], depth + 1)
        if name in _SAME and given:
            return self._count(file, given[0], depth + 1)
        if name in _VIEWS and callee[0] == facts.ATTR:
            return self._count(file, callee[1], depth + 1)
        if isinstance(name, str) and any(word in name.lower() for word in _GROUPS):
            return 0
        return self._typed_call(file, parts)

    def _typed_call(self, file: int, parts: Sequence[Any]) -> int:
        """Count what a call gives: nothing for a stream of another library."""
        types = self.typing.calls.call(file, tuple(parts), -1)
        return (
            0
            if types and all(each[0] == "E" and not self._is_rows(each[1]) for each in types)
            else MANY
        )

    def _ranged(self, file: int, given: Sequence[int], depth: int) -> int:
        """Count `range(len(items))`; any other range counts tries, pages or seconds."""
        if len(given) != 1:
            return 0
        parts = self.typing.files[file].nodes[given[0]]
        if parts[0] == facts.CALL and parts[2]:
            callee = self.typing.files[file].nodes[parts[1]]
            if callee[0] == facts.GLOBAL and callee[1] == "len":
                return self._count(file, parts[2][0], depth + 1)
        return 0

    def _named(self, definitions: Sequence[Definition], depth: int) -> int:
        if len(definitions) == 1 and definitions[0][0] == "N":
            return self._count(int(str(definitions[0][1])), int(str(definitions[0][2])), depth + 1)
        if len(definitions) == 1 and definitions[0][0] == "C":
            return self._members(int(str(definitions[0][1])))
        return MANY

    def _members(self, cls: int) -> int:
        """Count the members of an enumeration."""
        return len(self.typing.classes[cls][1].attributes) or MANY

    def _typed(self, file: int, node: int) -> int:
        types = self.typing.of(file, node)
        if types and all(each[0] == "E" and not self._is_rows(each[1]) for each in types):
            return 0
        return MANY

    def _is_rows(self, name: str) -> bool:
        """Tell whether an object of a library holds rows, not a stream or a queue."""
        top = name.partition(".")[0]
        return "." not in name or top in _PYTHON or top in self.typing.stores.libraries


def _keyed(nodes: Sequence[Sequence[object]], node: int) -> int:
    """Return the dict whose `.keys()` an expression gives, or itself."""
    if nodes[node][0] == facts.CALL:
        callee = nodes[int(str(nodes[node][1]))]
        if callee[0] == facts.ATTR and callee[2] == "keys":
            return int(str(callee[1]))
    return node


def looked_in(
    nodes: Sequence[Sequence[object]], function: Function, loop: Loop | None
) -> Iterator[int]:
    """Yield the containers in which a function looks something up."""
    for flat in (function.reads, function.sites):
        for at in range(0, len(flat), facts.SITE):
            kind, node, start, end = flat[at : at + 4]
            if loop is not None and not loop.holds(start, end):
                continue
            if kind == facts.CONTAINS:
                yield _keyed(nodes, node)
            elif kind == facts.CALLS and nodes[node][0] == facts.CALL:
                callee = nodes[int(str(nodes[node][1]))]
                if callee[0] == facts.ATTR and callee[2] == "get":
                    yield int(str(callee[1]))
