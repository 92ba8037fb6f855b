"""What a framework runs before an endpoint because of `Depends` and its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import argument_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node

_DEEPEST = 8
Place = tuple[int, int]  # a file, and a node of it


class Dependencies:
    """Finds the providers of a function's parameters, and those that its decorator names."""

    def __init__(self, typing: Typing) -> None:
        self._typing = typing

    def all(self, fid: int) -> set[int]:
        """Return the functions that run before one, those that run before them included."""
        found: set[int] = set()
        queue = [fid]
        while queue:
            fresh = set(self._direct(queue.pop())) - found - {fid}
            found |= fresh
            queue += fresh
        return found

    def _direct(self, fid: int) -> Iterator[int]:
        typing = self._typing
        file, function = typing.functions[fid]
        nodes = [node for param in function.params for node in (param.default, param.annotation)]
        for decorator in function.decorators:
            call = typing.files[file].nodes[decorator]
            if call[0] == facts.CALL:
                nodes.append(argument_of(call, "dependencies"))
        for node in nodes:
            if node > 0:
                for place in self._calls(file, node, 0):
                    yield from self._provider(*place)

    def _calls(self, file: int, node: int, depth: int) -> Iterator[Place]:
        """Yield the calls that an annotation, a default or a list of dependencies holds."""
        parts = self._typing.files[file].nodes[node]
        kind = parts[0]
        if kind == facts.CALL:
            yield file, node
        elif depth < _DEEPEST:
            for place in self._below(file, parts):
                yield from self._calls(*place, depth + 1)

    def _below(self, file: int, parts: Node) -> Iterable[Place]:
        typing = self._typing
        definitions: Iterable[Node] = ()
        if parts[0] in (facts.UNION, facts.TUPLE, facts.SEQUENCE):
            return [(file, each) for each in parts[1]]
        if parts[0] == facts.ITEM:
            return [(file, parts[2])]
        if parts[0] == facts.GLOBAL:
            definitions = typing.modules.lookup(file, parts[1])
        elif parts[0] == facts.IMPORT:
            definitions = typing.modules.imported(file, parts[1], parts[2])
        elif parts[0] == facts.ATTR:
            modules = [each for each in typing.of(file, parts[1]) if each[0] in "PD"]
            definitions = [d for each in modules for d in typing.modules.member(each, parts[2])]
        return [(each[1], each[2]) for each in definitions if each[0] == "N"]

    def _provider(self, file: int, node: int) -> Iterator[int]:
        """Yield the functions that a call such as `Depends(provider)` names."""
        typing = self._typing
        parts = typing.files[file].nodes[node]
        makers = typing.of(file, parts[1])
        if any(each[0] == "X" and each[1] in typing.parameters.injectors for each in makers):
            given = argument_of(parts, "dependency@0")
            for each in typing.of(file, given) if given > 0 else ():
                if each[0] in "FM":
                    yield each[1]
