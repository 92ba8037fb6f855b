"""What queries ask: of which table, by which columns, in which order, from which row on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.django_models import DjangoModels, compared
from asyncfix.project.index import is_test
from asyncfix.project.options import definitions
from asyncfix.project.sql import Select, Sort, select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.program import Project
    from asyncfix.project.types import Node

_DEEPEST = 24
_MOST = 12  # forms that one query may have
_FILTERS = frozenset(("filter", "where", "filter_by"))
_PLAIN = frozenset(
    ("limit", "offset", "options", "all", "first", "execution_options", "with_for_update")
)
_UNCHANGED = frozenset(  # by which a query of Django asks for the same rows
    "all first last values values_list only defer select_related prefetch_related using".split()  # noqa: SIM905 - a list has a line for each
)
_STARTS = frozenset(
    (
        "sqlalchemy.select",
        "sqlalchemy.future.select",
        "sqlmodel.select",
        "sqlalchemy.orm.Session.query",
    )
)
_LIBRARIES = frozenset(("sqlalchemy", "sqlmodel", "django"))
_FALLS = frozenset(("desc", "sqlalchemy.desc"))


class Place(NamedTuple):
    """Bytes of a file, and the index of the function around."""

    file: int
    function: int
    start: int
    end: int


class Asked(NamedTuple):
    """A query: its place, and whether it is a text in SQL."""

    select: Select
    place: Place
    is_text: bool


class Chain(NamedTuple):
    """A query that is built step by step; `whole` tells that every step is understood."""

    classes: frozenset[int] = frozenset()
    equal: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    order: tuple[Sort, ...] = ()
    whole: bool = True
    is_django: bool = False


class Selects:
    """Finds the queries outside tests that have an order or an offset."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing
        self.django = DjangoModels(project)

    def texts(self) -> Iterator[Asked]:
        """Yield the queries that are written in SQL."""
        files = self.project.files
        for file, path in enumerate(files.paths):
            if is_test(path) or not files.heads[file].statements:
                continue
            for each in files[file].statements:
                found = select(each.text)
                if found:
                    function = files.function_around(file, each.start)
                    yield Asked(found, Place(file, function, each.start, each.end), is_text=True)

    def built(self, method: str) -> Iterator[tuple[Chain, int, Place]]:
        """Yield the queries of SQLAlchemy that calls of a method give, and the node of the call."""
        files = self.project.files
        for file, nodes in self.typing.index.callers(method, tests=False):
            if files.imports.isdisjoint(_LIBRARIES):
                return
            for node in nodes:
                callee = files[file].nodes[files[file].nodes[node][1]]
                if callee[0] != facts.ATTR:
                    continue
                chains = list(self._chains(file, node, _DEEPEST))
                for at in self.project.lifetimes.sites(file, {node}) if chains else ():
                    place = Place(file, at.function, at.start, at.end)
                    yield from ((chain, node, place) for chain in chains)

    def _chains(self, file: int, node: int, deep: int) -> Iterator[Chain]:
        """Yield the forms that a query may have, which tests on the way make differ."""
        if deep <= 0 or node <= 0:
            return
        parts = self.typing.files[file].nodes[node]
        if parts[0] == facts.UNION:
            seen: dict[Chain, None] = {}
            for each in parts[1]:
                seen.update(dict.fromkeys(self._chains(file, each, deep - 1)))
            yield from list(seen)[:_MOST]
        elif parts[0] == facts.ANNOTATED:
            yield from self._chains(file, parts[2], deep - 1)
        elif parts[0] == facts.CALL:
            yield from self._step(file, parts, deep)

    def _step(self, file: int, parts: Node, deep: int) -> Iterator[Chain]:
        typing = self.typing
        callee = typing.files[file].nodes[parts[1]]
        names = {each[1] for each in typing.of(file, parts[1]) if each[0] == "X"}
        if names & _STARTS:
            yield self._started(file, parts)
            return
        if callee[0] == facts.ATTR:
            below = list(self._chains(file, callee[1], deep - 1))
            model = self.django.asked(file, parts) if not below else -1
            below = below or ([Chain(frozenset((model,)), is_django=True)] if model >= 0 else [])
            if below:
                yield from (self._extended(file, each, callee[2], parts) for each in below)
                return
        for at, result in definitions(typing, file, parts):
            yield from self._chains(at, result, deep - 1)

    def _started(self, file: int, parts: Node) -> Chain:
        types = [each for node in parts[2] if node > 0 for each in self.typing.of(file, node)]
        classes = frozenset(each[1] for each in types if each[0] == "C")
        return Chain(classes, whole=len(parts[2]) == 1 and not parts[3])

    def _extended(self, file: int, chain: Chain, method: str, parts: Node) -> Chain:
        if chain.is_django:
            return self._of_manager(file, chain, method, parts)
        if method in _FILTERS:
            for node in parts[2]:
                chain = self._filtered(file, chain, node)
            if parts[3] and "**" in parts[3]:
                return chain._replace(whole=False)
            return chain._replace(equal=(*chain.equal, *parts[3]))
        if method == "order_by":
            sorts = [self._sort(file, node) for node in parts[2]]
            if -1 in parts[2] or not all(sorts):
                return chain._replace(order=(), whole=False)
            return chain._replace(order=(*chain.order, *(each for each in sorts if each)))
        return chain if method in _PLAIN else chain._replace(whole=False)

    def _of_manager(self, file: int, chain: Chain, method: str, parts: Node) -> Chain:
        """Add a step of a query of Django."""
        if method == "order_by":
            sorts = self.django.sorts(file, parts[2])
            whole = chain.whole and sorts is not None
            return chain._replace(order=tuple(sorts or ()), whole=whole)
        if method not in ("filter", "get"):
            return chain if method in _UNCHANGED else chain._replace(whole=False)
        told = [compared(each) for each in parts[3]]
        if parts[2] or None in told:
            return chain._replace(whole=False)
        equal = tuple(each[0] for each in told if each and each[1] == "=")
        others = tuple(each[0] for each in told if each and each[1] != "=")
        return chain._replace(equal=(*chain.equal, *equal), compared=(*chain.compared, *others))

    def _filtered(self, file: int, chain: Chain, node: int) -> Chain:
        """Add the column of one condition; what is no comparison of one is not understood."""
        nodes = self.typing.files[file].nodes
        parts = nodes[max(node, 0)]
        if parts[0] == facts.LITERAL and len(parts) > 4:
            column = nodes[parts[2][0]]
            if parts[4] == "=":
                return chain._replace(equal=(*chain.equal, column[2]))
            if parts[4] == "<":
                return chain._replace(compared=(*chain.compared, column[2]))
            return chain
        if parts[0] == facts.CALL and nodes[parts[1]][0] == facts.ATTR:
            callee = nodes[parts[1]]
            column = nodes[callee[1]]
            if callee[2] in ("in_", "is_") and column[0] == facts.ATTR:
                return chain._replace(equal=(*chain.equal, column[2]))
        return chain._replace(whole=False)

    def _sort(self, file: int, node: int) -> Sort | None:
        """Read `Model.column`, `Model.column.desc()` and `desc(Model.column)`."""
        nodes = self.typing.files[file].nodes
        parts = nodes[max(node, 0)]
        falls = False
        if parts[0] == facts.CALL:
            callee = nodes[parts[1]]
            if callee[0] == facts.ATTR and callee[2] in ("desc", "asc", "nulls_last", "nullslast"):
                falls, parts = callee[2] == "desc", nodes[callee[1]]
            elif parts[2] and {each[1] for each in self.typing.of(file, parts[1])} & _FALLS:
                falls, parts = True, nodes[max(parts[2][0], 0)]
        if parts[0] != facts.ATTR:
            return None
        owner = nodes[parts[1]]
        if owner[0] == facts.ATTR and owner[2] == "c":
            return None  # of another query, which has to be made anyway
        named = str(owner[-1]) if owner[0] in (facts.GLOBAL, facts.ATTR) else ""
        if owner[0] == facts.ATTR and nodes[owner[1]][0] == facts.PARAM:
            param = nodes[owner[1]]
            function = self.typing.files[file].functions[param[1]]
            named = f"{function.params[param[2]].name}.{named}"
        return Sort(f"{named}.{parts[2]}" if named else str(parts[2]), falls)
