"""Relationships that are read per item, each of which the ORM then loads with a query."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.project.arguments import argument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.project.edges import Instance
    from asyncfix.project.loops import Loop
    from asyncfix.project.types import Types
    from asyncfix.project.work import Work

_RELATIONS = frozenset(
    {
        *("sqlalchemy.orm.relationship", "sqlmodel.Relationship", "flask_sqlalchemy.relationship"),
        *("django.db.models.ForeignKey", "django.db.models.OneToOneField"),
    }
)
_LIBRARIES = frozenset(("sqlalchemy", "sqlmodel", "django", "flask_sqlalchemy"))
_EAGER = frozenset(
    "options select_related prefetch_related selectinload joinedload subqueryload contains_eager"  # noqa: SIM905 - a list has a line for each
    " immediateload lazyload defaultload noload raiseload with_loader_criteria selectin".split()
)
_LAZY = (None, True, "select")
_DEEPEST = 5
_MOST_CALLERS = 20
Place = tuple[int, int, int]  # a file, a node, and what `self` is there


class Relation(NamedTuple):
    """A relationship of a class, and the class that it leads to or -1."""

    cls: int
    name: str
    target: int


class LazyLoad(NamedTuple):
    """A place in a loop that reads a relationship of each item."""

    instance: Instance
    loop: Loop
    start: int
    end: int
    model: str
    name: str
    many: bool
    awaited: bool
    path: tuple[tuple[int, str], ...]  # the classes and relationships from the item on


class Origin(NamedTuple):
    """Where the items of a loop come from: the class of the rows, if that is known."""

    model: int
    awaited: bool


class LazyLoads:
    """Finds relationships that are read per item and were not asked for with the rows."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.graph = work.graph
        self.typing = work.typing
        self.reach = work.reach

    @cached_property
    def relations(self) -> dict[tuple[int, str], Relation]:
        """Return the lazy relationships of all classes."""
        return {(each.cls, each.name): each for each in self._relations()}

    def _relations(self) -> Iterator[Relation]:
        typing = self.typing
        for file, head in enumerate(typing.files.heads):
            if head.classes and not _LIBRARIES.isdisjoint(head.imports):
                first = typing.first_class[file]
                for at, cls in enumerate(typing.files[file].classes, first):
                    for name, values in cls.attributes.items():
                        target = self._target(file, values)
                        if target is not None:
                            yield Relation(at, name, target)

    def _target(self, file: int, values: tuple[int, ...]) -> int | None:
        """Return the class that an attribute leads to, -1 if unknown; None if it is no relation."""
        nodes = self.typing.files[file].nodes
        for value in values:
            parts, annotation = nodes[value], 0
            if parts[0] == facts.ANNOTATED:
                annotation, parts = parts[1], nodes[parts[2]]
            if parts[0] == facts.CALL and self._relates(file, parts[1]):
                lazy = dict(zip(parts[3], parts[4], strict=True)).get("lazy", 0)
                if lazy and nodes[lazy][0] == facts.CONST and nodes[lazy][1] not in _LAZY:
                    return None
                return self._class_in(file, annotation, *(n for n in parts[2][:1] if n > 0))
        return None

    def _relates(self, file: int, callee: int) -> bool:
        types = self.typing.of(file, callee)
        return any(each[0] == "X" and each[1] in _RELATIONS for each in types)

    def _class_in(self, file: int, *places: int) -> int:
        """Return the class that an annotation or an argument names, through quotes and lists."""
        values = self.reach.values(file)
        for place in places:
            for node in (place, *sorted(values.below(place))) if place else ():
                parts = values.file.nodes[node]
                if parts[0] == facts.CONST and isinstance(parts[1], str):
                    found = self._named(parts[1].rpartition(".")[2])
                    if found >= 0:
                        return found
                for each in self.typing.of(file, node):
                    if each[0] == "C":
                        return int(each[1])
        return -1

    def _named(self, name: str) -> int:
        found = self._by_name.get(name, ())
        return found[0] if len(found) == 1 else -1

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for cls, (_, each) in enumerate(self.typing.classes):
            found.setdefault(each.name, []).append(cls)
        return found

    # Reads

    def items(self) -> Iterator[LazyLoad]:
        """Yield every relationship that a loop reads of its items."""
        if not self.relations:
            return
        names = {name for _, name in self.relations}
        seen = set()
        for number, (fid, _) in enumerate(self.graph.instances):
            if fid in self.typing.repeating:
                for found in self._in_function(number, names):
                    key = (self.graph.file_index(number), found.start, found.end)
                    if key not in seen:
                        seen.add(key)
                        yield found

    def _in_function(self, number: Instance, names: set[str]) -> Iterator[LazyLoad]:
        function, file = self.graph.function(number), self.graph.file_index(number)
        nodes = self.graph.files[file].nodes
        for at in range(0, len(function.reads), facts.SITE):
            kind, node, start, end = function.reads[at : at + 4]
            if kind == facts.READS and nodes[node][2] in names:
                found = self._read(number, node, (start, end))
                if found is not None:
                    yield found

    def _read(self, number: Instance, node: int, place: tuple[int, int]) -> LazyLoad | None:
        repeats, file = self.reach.repeats(number), self.graph.file_index(number)
        nodes = repeats.file.nodes
        for loop in repeats.around(*place):
            if self.work.extent.of(file, loop) <= 1 or repeats.runs_once(loop, *place):
                continue
            path = self._path(nodes, node, loop.element)
            if not path:
                continue
            self_class = self.graph.instances[number][1]
            origin = self.origin((file, nodes[loop.element][1], self_class), 0)
            types = self.typing.of(file, loop.element, self_class)
            if origin is None or self._is_other(types, origin.model):
                return None
            way: list[tuple[int, str]] = []
            cls, relation = origin.model, None
            for name in path:
                relation = self.relation(cls, name)
                way.append((relation.cls if relation else -1, name))
                cls = relation.target if relation else -1
            if relation is None:
                return None
            owner = self.typing.classes[relation.cls][1].name
            many = relation.target >= 0
            found = LazyLoad(number, loop, *place, owner, path[-1], many, origin.awaited, ())
            return found._replace(path=tuple(way))
        return None

    def relation(self, cls: int, name: str) -> Relation | None:
        """Return a lazy relationship of a class or of one above it."""
        if cls < 0:
            return None
        order = self.typing.hierarchy.order(cls)[0]
        return next((self.relations[c, name] for c in order if (c, name) in self.relations), None)

    def _path(self, nodes: Sequence[Sequence[Any]], node: int, element: int) -> list[str]:
        """Return the attributes from the item of a loop to what is read, or none."""
        path: list[str] = []
        while nodes[node][0] == facts.ATTR and len(path) < 4:
            path.insert(0, str(nodes[node][2]))
            node = int(str(nodes[node][1]))
            if node == element:
                return path
        return []

    def _is_other(self, types: Types, model: int) -> bool:
        """Tell whether items are no rows: made of rows, as values of a schema are."""
        return bool(types) and not any(
            each[0] == "I" and model in self.typing.hierarchy.order(each[1])[0] for each in types
        )

    # Where the items come from

    def origin(self, place: Place, depth: int) -> Origin | None:
        """Return the class of the rows that an expression gives, if nothing else is loaded."""
        file, node, _ = place
        values = self.reach.values(file)
        nodes, awaited, found = values.file.nodes, False, -1
        if self._is_made(nodes, node):
            return None
        calls, params = [], []
        for each in (node, *sorted(values.below(node))):
            parts = nodes[each]
            awaited |= parts[0] == facts.AWAIT
            if parts[0] == facts.CALL:
                last = _last(nodes[parts[1]])
                if last in _EAGER:
                    return None
                if last in ("query", "select") and parts[2]:
                    found = max(found, self._class_of((file, parts[2][0], place[2])))
                else:
                    calls.append((file, parts[1], place[2]))
            elif parts[0] == facts.ATTR and parts[2] == "objects":
                found = max(found, self._class_of((file, parts[1], place[2])))
            elif parts[0] == facts.PARAM:
                params.append((parts[1], parts[2]))
        if found >= 0:
            return Origin(found, awaited)
        further = [*self._returned(calls), *self._passed(file, params)]
        origins = (self.origin(each, depth + 1) for each in further if depth < _DEEPEST)
        return next((each for each in origins if each is not None), None)

    def _is_made(self, nodes: Sequence[Sequence[Any]], node: int) -> bool:
        """Tell whether a comprehension makes something else of what it runs over."""
        parts = nodes[node]
        if parts[0] != facts.SEQUENCE or len(parts[1]) != 1:
            return False
        return nodes[parts[1][0]][0] not in (facts.ELEMENT, facts.AELEMENT, facts.UNPACKED)

    def _class_of(self, place: Place) -> int:
        """Return the class that an expression names, as `self` is there."""
        types = self.typing.of(*place) if place[1] > 0 else ()
        return next((int(each[1]) for each in types if each[0] == "C"), -1)

    def _returned(self, calls: Iterable[Place]) -> Iterator[Place]:
        """Yield what the functions return that are called."""
        for place in calls:
            for each in self.typing.of(*place):
                if each[0] in "FM":
                    context = self.typing.hierarchy.context(each) if each[0] == "M" else -1
                    file, function = self.typing.functions[each[1]]
                    yield from ((file, result, context) for result in function.results)

    def _passed(self, file: int, params: Iterable[tuple[int, int]]) -> Iterator[Place]:
        """Yield what the project passes for the parameters of a function."""
        typing = self.typing
        for at, index in params:
            function, fid = typing.files[file].functions[at], typing.first_function[file] + at
            if index < (1 if function.flags & facts.METHOD else 0):
                continue
            if typing.index.count(function.name) > _MOST_CALLERS:
                continue
            for other, calls in typing.index.callers(function.name, tests=False):
                for node in calls:
                    parts = typing.files[other].nodes[node]
                    for callee in typing.of(other, parts[1]):
                        bound = typing.calls.reaches(callee, fid)
                        given = (
                            -1 if bound is None else argument(parts, function, index, bound=bound)
                        )
                        if given > 0:
                            yield other, given, -1


def _last(callee: Sequence[Any]) -> str:
    """Return the last name of what is called."""
    name = str(callee[2] if callee[0] in (facts.ATTR, facts.OUTER) else callee[1])
    return name.rpartition(".")[2]
