"""Asynchronous clients that are kept: in which variable or attribute, and what closes it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.facts import FileFacts
    from asyncfix.project.clients import Making
    from asyncfix.project.program import Project

_CLOSES = frozenset(
    ("__aexit__", "aclose", "close", "disconnect", "dispose", "stop", "wait_closed")
)
# calls that may close what they are handed, or whose result they enter
_CLOSERS = frozenset(("push_async_callback", "enter_async_context", "push_async_exit", "callback"))
_THROUGH = (facts.AWAIT, facts.ITEM, facts.ELEMENT, facts.ENTERED, facts.AENTERED)
_FOR_EVER = ("sqlalchemy.",)  # engines, which by custom are made at import and live as the process


class Kept(NamedTuple):
    """A client and what keeps it: `scope` is module, self or state; `name` its last name."""

    making: Making
    scope: str
    name: str


class Keeping:
    """Finds clients of an event loop that are kept and that nothing closes."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing

    @cached_property
    def unclosed(self) -> list[Kept]:
        """Return the kept clients that nothing in the project closes, by any variable's name."""
        found = list(self._kept())
        closed = self._closed if found else frozenset()
        return [each for each in found if each.name not in closed]

    def _kept(self) -> Iterator[Kept]:
        for making in self.project.clients.made:
            client = making.client
            if not client.awaits or not client.close or client.kind == "sdk":
                continue
            path = self.project.files.paths[making.at.file]
            if making.name.startswith(_FOR_EVER) or self.project.is_beside(path):
                continue
            where = self._keeper(making)
            if where:
                yield Kept(making, *where)

    def _keeper(self, making: Making) -> tuple[str, str] | None:
        """Return what keeps a client right where it is made; None if another thing has it."""
        at = making.at
        file = self.typing.files[at.file]
        if any(at.node in lazy.values for lazy in file.lazies):
            return None  # who builds it on first use is told of that
        if not at.function:
            names = (name for name, values in file.names.items() if is_one(file, values, at.node))
            return next((("module", name) for name in names), None)
        index = at.function
        while index > 0 and file.functions[index].owner < 0:
            index = file.functions[index].parent
        if index > 0:
            for name, values in file.classes[file.functions[index].owner].attributes.items():
                if is_one(file, values, at.node):
                    return "self", name
        for _, name, value, last in file.sets:
            if last == "state" and is_one(file, (value,), at.node):
                return "state", name
        return None

    @cached_property
    def _closed(self) -> frozenset[str]:
        """Return the names of all variables and attributes that something closes or enters."""
        heads, wanted = self.project.files.heads, _CLOSES | _CLOSERS

        def words(file: int) -> Iterable[str]:
            head = heads[file]
            return [*(wanted & head.calls.keys()), *(("lazy",) if head.lazies else ())]

        def of_file(file: int) -> Iterator[Note]:
            first = self.typing.first_function[file]
            for name in sorted(_closed_in(self.typing.files[file])):
                yield Note(first, 0, 0, name)

        return frozenset(each.subject for each in self.project.noted("closing", words, of_file))


def _closed_in(file: FileFacts) -> set[str]:
    bases = [parts[1] for parts in file.nodes if parts[0] == facts.ATTR and parts[2] in _CLOSES]
    for function in file.functions:
        bases += function.entered[::3]
    for name in _CLOSERS & file.calls.keys():
        for node in file.calls[name]:
            bases += file.nodes[node][2]
    found: set[str] = set()
    seen: set[int] = set()
    while bases:
        node = bases.pop()
        if node <= 0 or node in seen:
            continue
        seen.add(node)
        parts = file.nodes[node]
        if parts[0] == facts.ATTR:
            found.add(str(parts[2]))
        elif parts[0] in (facts.GLOBAL, facts.OUTER, facts.IMPORT):
            found.add(str(parts[-1] if parts[0] == facts.OUTER else parts[1]).rpartition(".")[2])
        elif parts[0] in (facts.UNION, facts.TUPLE, facts.SEQUENCE, facts.DICT):
            bases += parts[1]
        elif parts[0] in _THROUGH:
            bases.append(parts[1])
        elif parts[0] == facts.CALL:
            bases += (each for each in (parts[1], *parts[2]) if each > 0)
    return found


def is_one(file: FileFacts, values: tuple[int, ...], node: int) -> bool:
    """Tell whether a node is one of some values, as it is or with a type beside it."""
    queue = list(values)
    while queue:
        each = queue.pop()
        if each == node:
            return True
        parts = file.nodes[each] if each > 0 else (facts.UNKNOWN,)
        if parts[0] == facts.UNION:
            queue += parts[1]
        elif parts[0] == facts.ANNOTATED:
            queue.append(parts[2])
        elif parts[0] == facts.AWAIT:
            queue.append(parts[1])
    return False
