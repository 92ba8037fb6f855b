"""Where in the whole project something is called, put into a container, or set on an object."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.facts import FileFacts
    from asyncfix.project.files import Files
    from asyncfix.project.modules import Modules
    from asyncfix.project.trace import Trace

# file and node of a container, file and name of a global, or class, name and "self" of an attribute
Container = tuple[int | str, ...]


class Puts(NamedTuple):
    """What one file puts into containers, as container and node; and what that rests on."""

    mask: int
    places: list[tuple[Container, int]]


class Index:
    """Finds places by name; each table is made when it is first asked for.

    `known_puts` holds, by file, what is known of them from an earlier run.
    """

    def __init__(
        self, files: Files, modules: Modules, first_class: Sequence[int], trace: Trace
    ) -> None:
        self.files = files
        self.modules = modules
        self.first_class = first_class
        self.trace = trace
        self.known_puts: dict[int, Puts] = {}
        self._counts: dict[str, int] = {}

    @cached_property
    def _calling(self) -> dict[str, list[int]]:
        """Return the files that call something by its last name."""
        found: dict[str, list[int]] = {}
        for file, head in enumerate(self.files.heads):
            for name in head.calls:
                if name in found:
                    found[name].append(file)
                else:
                    found[name] = [file]
        return found

    @cached_property
    def tests(self) -> frozenset[int]:
        """Return the files that hold tests."""
        return frozenset(at for at, path in enumerate(self.files.paths) if is_test(path))

    def count(self, name: str) -> int:
        """Return how many calls there are of something with this last name."""
        self.trace.asked(name)
        found = self._counts.get(name)
        if found is None:
            heads = self.files.heads
            found = sum(heads[file].calls[name] for file in self._calling.get(name, ()))
            self._counts[name] = found
        return found

    def callers(self, name: str, *, tests: bool = True) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield the calls of something with this last name, by file."""
        for file in self.calling(name, tests=tests):
            yield file, self.files[file].calls[name]

    def calling(self, name: str, *, tests: bool = True) -> Iterator[int]:
        """Yield the files that call something with this last name."""
        self.trace.asked(name)
        for file in self._calling.get(name, ()):
            if tests or file not in self.tests:
                yield file

    @cached_property
    def puts_by_file(self) -> list[Puts]:
        """Return what each file puts into containers."""
        with self.trace.apart():
            return [self._puts_of(file) for file in range(len(self.files))]

    def _puts_of(self, file: int) -> Puts:
        known = self.known_puts.get(file)
        if known is not None:
            return known
        self.trace.mask, each = self.trace.bits[file], self.files[file]
        places = [
            (key, value)
            for container, value in each.puts
            for key in self._containers(file, each, container)
        ]
        return Puts(self.trace.number(self.trace.mask), places)

    @cached_property
    def puts(self) -> dict[Container, list[tuple[int, int]]]:
        """Return what is put into containers, as file and node."""
        found: dict[Container, list[tuple[int, int]]] = {}
        for file, each in enumerate(self.puts_by_file):
            for key, value in each.places:
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

    def set_as(self, name: str) -> Sequence[tuple[int, int, int]]:
        """Return the places that set something of this name: file, owner and value."""
        self.trace.asked(f"={name}")
        return self.sets.get(name, ())

    @cached_property
    def sets(self) -> dict[str, list[tuple[int, int, int]]]:
        """Return what `x.y.name = value` says elsewhere than on `self`, by `y.name` and `.name`."""
        found: dict[str, list[tuple[int, int, int]]] = {}
        for file, head in enumerate(self.files.heads):
            if is_test(self.files.paths[file]):
                continue
            for base, name, value, last in head.sets:
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
