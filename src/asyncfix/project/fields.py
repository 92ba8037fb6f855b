"""What the fields of records hold: what those who make one pass for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import argument_of
from asyncfix.project.index import is_test
from asyncfix.project.types import unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Types

_MOST_MAKERS = 80
_RECORDS = frozenset(("dataclass", "define", "frozen", "mutable", "attrs", "s"))
_BASES = frozenset(("typing.NamedTuple", "pydantic.BaseModel", "msgspec.Struct"))


class Fields:
    """Answers for fields whose annotation does not tell a class, such as callables."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing

    def of(self, cls: int, name: str) -> Types:
        """Return what is passed for a field where records of this class are made."""
        at, facts_of = self.typing.classes[cls]
        nodes = self.typing.files[at].nodes
        fields = [
            field
            for field, values in facts_of.attributes.items()
            if any(nodes[value][0] == facts.ANNOTATED for value in values)
        ]
        if name not in fields or not self._is_record(cls):
            return ()
        which = f"{name}@{fields.index(name)}"
        test = is_test(self.typing.files.paths[at])
        return unique(each for each in self._passed(cls, facts_of.name, which, test=test))

    def _passed(
        self, cls: int, name: str, which: str, *, test: bool
    ) -> Iterator[tuple[object, ...]]:
        typing = self.typing
        if typing.index.count(name) > _MOST_MAKERS:
            return
        for file, calls in typing.index.callers(name, tests=test):
            nodes = typing.files[file].nodes
            for parts in (nodes[call] for call in calls):
                if ("C", cls) in typing.of(file, parts[1]):
                    given = argument_of(parts, which)
                    yield from typing.of(file, given) if given > 0 else ()

    def _is_record(self, cls: int) -> bool:
        """Tell whether a class takes its fields as arguments, in order or by name."""
        typing = self.typing
        inside, outside = typing.hierarchy.order(cls)
        if any(typing.hierarchy.own_method(each, "__init__") >= 0 for each in inside):
            return False
        at, facts_of = typing.classes[cls]
        nodes = typing.files[at].nodes
        calls = (nodes[each] for each in facts_of.decorators)
        callees = (
            parts[1] if parts[0] == facts.CALL else each
            for each, parts in zip(facts_of.decorators, calls, strict=True)
        )
        return not _BASES.isdisjoint(outside) or any(
            typing.names.last(at, callee) in _RECORDS for callee in callees
        )
