"""What a method may be called on, further than the types tell: fixtures, attributes of functions.

What stays unknown may be an instance of a class only if something speaks for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.project.types import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.project.types import Type, Types
    from asyncfix.rewrites.workspace import Workspace

_WORD = re.compile(rb"[A-Za-z_]\w*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_ROUNDS = 4
_DEEPEST = 8
_COMMON = frozenset(
    """add append call clear close connect copy count create delete execute exists fetch find get
    head insert invoke items join keys list load log login logout next open options patch pop post
    put query read remove request reset run save search send set setdefault start status stop
    submit update upload values wait write""".split()  # noqa: SIM905 - a list has a line for each
)


def receivers_of(workspace: Workspace, classes: frozenset[int]) -> Receivers:
    """Return what tells of calls of methods of some classes; it is made once."""
    key = f"receivers {sorted(classes)}"
    return workspace.kept(key, 0, lambda: Receivers(workspace, classes))


class Receivers:
    """Tells what calls of methods of some classes may be called on."""

    def __init__(self, workspace: Workspace, classes: frozenset[int]) -> None:
        self.workspace, self.classes = workspace, classes
        self.typing = workspace.project.typing
        self._words: dict[str, frozenset[str]] = {}
        self.carriers = self._carriers()

    # Types

    def types(self, file: int, node: int, depth: int = 0) -> Types:
        """Return what an expression is."""
        found = self.typing.of(file, node)
        if found or not node or depth > _DEEPEST:
            return found
        parts = self.typing.files[file].nodes[node]
        if parts[0] == facts.ATTR:
            return self._attribute(file, parts[1], str(parts[2]), depth)
        if parts[0] == facts.PARAM:
            return self._fixture(file, parts[1], parts[2])
        if parts[0] == facts.CALL:
            callees = self.types(file, parts[1], depth + 1)
            given = (self.typing.calls.of(each, file, parts, -1) for each in callees)
            return unique(each for types in given for each in types)
        if parts[0] == facts.UNION:
            given = (self.types(file, each, depth + 1) for each in parts[1])
            return unique(each for types in given for each in types)
        return ()

    def _attribute(self, file: int, base: int, name: str, depth: int) -> Types:
        owners = self.types(file, base, depth + 1)
        found = [each for owner in owners for each in self.typing.members.of(owner, name)]
        if not found and any(each[0] == "F" for each in owners):
            last = self.typing.names.last(file, base)
            found += self.typing.at(self.typing.index.set_as(f"{last}.{name}"))
        return unique(found)

    def _fixture(self, file: int, function: int, at: int) -> Types:
        """Return what pytest passes for a parameter of a test: what the fixture of its name is."""
        path = self.typing.files.paths[file]
        if not is_test(path):
            return ()
        name = self.typing.files[file].functions[function].params[at].name
        near = [path]
        folders = path.split("/")[:-1]
        while folders:
            near.append("/".join([*folders, "conftest.py"]))
            folders.pop()
        near.append("conftest.py")
        for each in near:
            home = self.workspace.files.get(each)
            if home is None:
                continue
            for index, found in enumerate(self.typing.files[home].functions):
                if index and found.name == name and found.decorators:
                    given = (*found.yields, *found.results)
                    return unique(t for node in given for t in self.types(home, node))
        return ()

    # What stays unknown

    def may_be(self, file: int, callee: int, name: str, *, is_called: bool) -> bool:
        """Tell whether an unknown thing, an attribute of which is used, may be an instance."""
        parts = self.typing.files[file].nodes[callee]
        if parts[0] != facts.ATTR:
            return False
        base = self.types(file, parts[1])
        if base:
            return any(each[0] == "I" and each[1] in self.classes for each in base)
        if self.typing.names.last(file, parts[1]) in self.carriers:
            return True
        return is_called and not (name in _COMMON or self._is_known_elsewhere(name))

    def _is_known_elsewhere(self, name: str) -> bool:
        """Tell whether other classes, of the project or of libraries, have such a method."""
        return name in self._library_names or any(
            name in cls.methods and self.typing.first_class[file] + at not in self.classes
            for file in range(len(self.typing.files))
            for at, cls in enumerate(self.typing.files[file].classes)
        )

    @property
    def _library_names(self) -> frozenset[str]:
        return self.workspace.kept(
            "names of library methods",
            0,
            lambda: frozenset(each.rpartition(".")[2] for each in self.typing.library.targets),
        )

    def _carriers(self) -> frozenset[str]:
        """Return the names of classes, functions, attributes and variables that give instances."""
        names = {self.typing.classes[each][1].name for each in self.classes}
        names |= {_HUMP.sub("_", each).lower() for each in names}
        for _ in range(_MOST_ROUNDS):
            more = {name for file in self._naming(names) for name in self._giving(file)}
            if more <= names:
                break
            names |= more
        return frozenset(names)

    def _naming(self, names: Iterable[str]) -> list[int]:
        wanted = frozenset(names)
        return [
            file
            for path, file in self.workspace.files.items()
            if not wanted.isdisjoint(self._words_of(path))
        ]

    def _words_of(self, path: str) -> frozenset[str]:
        if path not in self._words:
            found = {each.decode() for each in _WORD.findall(self.workspace.text(path).data)}
            self._words[path] = frozenset(found)
        return self._words[path]

    def _giving(self, file: int) -> Iterator[str]:
        """Yield what of a file gives instances."""
        each = self.typing.files[file]
        for cls in each.classes:
            for name, values in cls.attributes.items():
                if self._any(file, values):
                    yield name
        for name, values in each.names.items():
            if self._any(file, values):
                yield name
        first = self.typing.first_function[file]
        for index, function in enumerate(each.functions):
            if (
                index
                and function.name
                and self._are_mine(self.typing.calls.result(first + index, -1))
            ):
                yield function.name

    def _any(self, file: int, values: Iterable[int]) -> bool:
        return any(self._are_mine(self.typing.of(file, value)) for value in values)

    def _are_mine(self, types: Iterable[Type]) -> bool:
        return any(
            (each[0] == "I" and each[1] in self.classes)
            or (each[0] in "WS" and self._are_mine(each[1]))
            for each in types
        )
