"""Where in the whole project something is called, put into a container, or set on an object."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.facts import FileFacts
    from asyncfix.project.modules import Modules

# a container by its node, a global by its name, or an attribute by class, name and "self"
Container = tuple[int, int] | tuple[int, str] | tuple[int, str, str]


class Index:
    """Finds places by name; each table is made when it is first asked for."""

    def __init__(
        self, files: Sequence[FileFacts], modules: Modules, first_class: Sequence[int]
    ) -> None:
        self.files = files
        self.modules = modules
        self.first_class = first_class

    @cached_property
    def callers(self) -> dict[str, list[tuple[int, list[int], bool]]]:
        """Return the calls of every file, and if it is a test, by the last name of the callee."""
        found: dict[str, list[tuple[int, list[int], bool]]] = {}
        for file, each in enumerate(self.files):
            test = is_test(each.path)
            for name, nodes in each.calls.items():
                found.setdefault(name, []).append((file, nodes, test))
        return found

    @cached_property
    def puts(self) -> dict[Container, list[tuple[int, int]]]:
        """Return what is put into containers, as file and node."""
        found: dict[Container, list[tuple[int, int]]] = {}
        for file, each in enumerate(self.files):
            for container, value in each.puts:
                for key in self._containers(file, each, container):
                    found.setdefault(key, []).append((file, value))
        return found

    def _containers(self, file: int, each: FileFacts, container: int) -> Iterator[Container]:
        parts = each.nodes[container]
        if parts[0] == facts.UNION:
            for inner in parts[1]:
                yield from self._containers(file, each, inner)
        elif parts[0] == facts.GLOBAL:
            found = [d for d in self.modules.lookup(file, parts[1]) if d[0] == "N"]
            for _, at, node in found:
                yield int(str(at)), int(str(node))
            if not found:
                yield file, str(parts[1])
        elif parts[0] == facts.ATTR:
            base = each.nodes[parts[1]]
            if base[0] == facts.PARAM and base[2] == 0:
                owner = each.functions[base[1]].owner
                if owner >= 0:
                    yield self.first_class[file] + owner, str(parts[2]), "self"
        else:
            yield file, container
            if parts[0] == facts.ANNOTATED:
                yield from self._containers(file, each, parts[2])

    @cached_property
    def sets(self) -> dict[str, list[tuple[int, int, int]]]:
        """Return what `x.y.name = value` says elsewhere than on `self`, by `y.name` and `.name`."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        for file, each in enumerate(self.files):
            if is_test(each.path):
                continue
            for base, name, value, last in each.sets:
                if last:
                    found.setdefault(f"{last}.{name}", []).append((file, base, value))
                found.setdefault(f".{name}", []).append((file, base, value))
        return found


def is_test(path: str) -> bool:
    """Tell whether a file holds tests."""
    folders, _, name = path.rpartition("/")
    return (
        not {"tests", "test", "testing"}.isdisjoint(folders.split("/"))
        or name.startswith(("test_", "conftest"))
        or name.endswith("_test.py")
    )
