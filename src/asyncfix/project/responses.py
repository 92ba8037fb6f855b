"""Relationships that a framework reads of rows, as it makes an answer of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from asyncfix.project.edges import Instance
    from asyncfix.project.lazy import LazyLoads, Relation
    from asyncfix.project.types import Types

_MANY = frozenset("list List Sequence Iterable Collection set frozenset Set Page tuple".split())  # noqa: SIM905 - a list has a line for each
_SAME = frozenset(("Annotated", "Optional"))
_SCHEMAS = frozenset(("pydantic.BaseModel", "sqlmodel.SQLModel"))
_FIELD = "response_model"


class LazyAnswer(NamedTuple):
    """A place where an endpoint asks for rows of which the answer shows a relationship."""

    instance: Instance
    start: int
    end: int
    cls: int
    model: str
    name: str
    schema: str
    awaited: bool


class Responses:
    """Finds them in endpoints that answer with many rows, by their response models."""

    def __init__(self, lazy: LazyLoads, endpoints: Container[int]) -> None:
        self.lazy = lazy
        self.graph, self.typing = lazy.graph, lazy.typing
        self.endpoints = endpoints

    def found(self) -> Iterator[LazyAnswer]:
        """Yield every relationship that is read per row, each once for an endpoint."""
        if self.lazy.relations:
            for number, (fid, _) in enumerate(self.graph.instances):
                if fid in self.endpoints:
                    yield from self._in_endpoint(number)

    def _in_endpoint(self, number: Instance) -> Iterator[LazyAnswer]:
        function, file = self.graph.function(number), self.graph.file_index(number)
        schema = self._answers(file, function)
        if schema < 0:
            return
        seen = set()
        for result in function.results:
            origin = self.lazy.origin((file, result, -1), 0)
            place = self._place(number, result)
            if origin is None or place is None or self._is_schema(file, result, schema):
                continue
            for relation in self._shown(origin.model, schema):
                if relation.name not in seen:
                    seen.add(relation.name)
                    model, shown = (
                        self.typing.classes[cls][1].name for cls in (relation.cls, schema)
                    )
                    yield LazyAnswer(
                        number, *place, relation.cls, model, relation.name, shown, origin.awaited
                    )

    def _answers(self, file: int, function: facts.Function) -> int:
        """Return the class that an endpoint answers with a list of, or -1."""
        nodes = self.typing.files[file].nodes
        for decorator in function.decorators:
            parts = nodes[decorator]
            if parts[0] == facts.CALL and _FIELD in parts[3]:
                return self._many(file, parts[4][parts[3].index(_FIELD)])
        return self._many(file, function.returns)

    def _many(self, file: int, node: int) -> int:
        """Return the class in `list[Schema]`; -1 for anything else."""
        nodes = self.typing.files[file].nodes
        parts = nodes[node]
        while parts[0] == facts.ITEM and _last(nodes[parts[1]]) in _SAME:
            index = nodes[parts[2]]
            node = index[1][0] if index[0] == facts.TUPLE else parts[2]
            parts = nodes[node]
        if parts[0] != facts.ITEM or _last(nodes[parts[1]]) not in _MANY:
            return -1
        return self._class(self.typing.of(file, parts[2]))

    def _class(self, types: Types) -> int:
        """Return the one class of data among some types, or -1."""
        hierarchy = self.typing.hierarchy
        found = [
            int(each[1])
            for each in types
            if each[0] == "C" and not _SCHEMAS.isdisjoint(hierarchy.order(each[1])[1])
        ]
        return found[0] if len(found) == 1 else -1

    def _is_schema(self, file: int, result: int, schema: int) -> bool:
        """Tell whether rows have been turned into the answer by hand."""
        types = self.typing.of(file, result)
        inner = [each for t in types for each in (t[1] if t[0] == "S" else (t,))]
        return any(each[:2] == ("I", schema) for each in inner)

    def _shown(self, model: int, schema: int) -> Iterator[Relation]:
        """Yield the relationships of a model that a schema shows."""
        typing = self.typing
        names = {name for cls, name in self.lazy.relations}
        for cls in typing.hierarchy.order(schema)[0]:
            file, told = typing.classes[cls]
            for name in sorted(told.attributes.keys() & names):
                relation = self.lazy.relation(model, name)
                if relation is not None and self._is_nested(file, told.attributes[name]):
                    yield relation

    def _is_nested(self, file: int, values: Sequence[int]) -> bool:
        """Tell whether a field holds other data, so that it is read of the row."""
        below, nodes = self.lazy.reach.values(file).below, self.typing.files[file].nodes
        for value in values:
            if nodes[value][0] == facts.ANNOTATED:
                annotation = nodes[value][1]
                for each in (annotation, *below(annotation)):
                    if self._class(self.typing.of(file, each)) >= 0:
                        return True
        return False

    def _place(self, number: Instance, result: int) -> tuple[int, int] | None:
        """Return the last call that a result is made of."""
        repeats = self.lazy.reach.repeats(number)
        made_of = {result, *repeats.values.below(result)}
        kinds = (facts.CALLS, facts.AWAITS)
        found = [(start, end) for node, start, end in repeats.calls(kinds) if node in made_of]
        return max(found, key=lambda span: (span[1], -span[0]), default=None)


def _last(parts: Sequence[object]) -> str:
    """Return the last name of a generic type."""
    name = parts[2] if parts[0] in (facts.ATTR, facts.OUTER) else parts[1]
    return str(name).rpartition(".")[2]
