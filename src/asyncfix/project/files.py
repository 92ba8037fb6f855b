"""The files of a project: their heads at once, their facts when they are first asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.heads import Head, head

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from asyncfix.facts import Class, FileFacts, Function

_NOTHING = facts.Function(
    "", "", 0, 0, -1, (), 0, (), (), (), (), (), {}, 0, 0, "", (), (), (), (), (), ()
)


Search = Callable[[memoryview], object]  # gives None where it finds nothing


class Sign(NamedTuple):
    """What is asked of many functions, most of which stand in files that are not read for it."""

    name: str
    qualname: str
    start: int
    end: int
    flags: int
    contract: str
    owner: int
    parent: int


class Files:
    """A sequence of facts; `load` gives those of the file at an index, `says` searches them."""

    def __init__(
        self,
        paths: Sequence[str],
        digests: Sequence[str],
        heads: Sequence[Head],
        load: Callable[[int], FileFacts],
        says: Callable[[int, Search], bool],
    ) -> None:
        self.paths = paths
        self.digests = digests
        self.heads = heads
        self.says = says
        self._load = load
        self._mentions: dict[str, frozenset[int]] = {}
        self._known: list[FileFacts | None] = [None] * len(paths)

    @classmethod
    def of(cls, known: Sequence[FileFacts]) -> Files:
        """Return files whose facts are all there."""
        paths, digests = [each.path for each in known], [each.digest for each in known]
        return cls(paths, digests, [*map(head, known)], known.__getitem__, lambda *_: True)

    def __getitem__(self, index: int) -> FileFacts:
        """Return the facts of a file."""
        found = self._known[index]
        if found is None:
            found = self._known[index] = self._load(index)
        return found

    def forget(self, but: Container[str]) -> None:
        """Make room, but for some paths: what is asked for after this is read anew."""
        for at, path in enumerate(self.paths):
            if path not in but:
                self._known[at] = None

    def mentions(self, name: str) -> frozenset[int]:
        """Return the files whose facts hold a name in any place."""
        found = self._mentions.get(name)
        if found is None:
            search = re.compile(re.escape(name.encode("utf-8", "surrogatepass"))).search
            files = range(len(self.paths))
            found = self._mentions[name] = frozenset(at for at in files if self.says(at, search))
        return found

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self.paths)

    def __iter__(self) -> Iterator[FileFacts]:
        """Yield the facts of all files."""
        return map(self.__getitem__, range(len(self.paths)))

    def replaced(self, fresh: Mapping[str, FileFacts]) -> Files:
        """Return these files with some in another state."""
        now = [fresh.get(path) for path in self.paths]
        digests = [
            each.digest if each else old for each, old in zip(now, self.digests, strict=True)
        ]
        heads = [head(each) if each else old for each, old in zip(now, self.heads, strict=True)]

        def load(index: int) -> FileFacts:
            return now[index] or self[index]

        def says(index: int, search: Search) -> bool:
            return now[index] is not None or self.says(index, search)

        return Files(self.paths, digests, heads, load, says)

    def function_around(self, index: int, at: int) -> int:
        """Return the innermost function of a file around a byte, 0 for the module's own code."""
        functions = enumerate(self[index].functions)
        around = [
            (each.end - each.start, n) for n, each in functions if each.start <= at < each.end
        ]
        return min((each for each in around if each[1]), default=(0, 0))[1]

    @cached_property
    def imports(self) -> frozenset[str]:
        """Return the first names of all that any file imports."""
        return frozenset(name for each in self.heads for name in each.imports)


class Functions:
    """The functions of all files under one number each; a number without one has no name.

    `signs` holds what an earlier run told of some, and what this one is asked to keep.
    """

    def __init__(self, files: Files, slots: Sequence[int]) -> None:
        self._files = files
        self._known: list[tuple[int, Function] | None] = []
        self._home: list[int] = []
        self.signs: dict[int, Sign] = {}
        self.first: list[int] = []
        for index, room in enumerate(slots):
            self.first.append(len(self._home))
            self._home += [index] * room
        self._known = [None] * len(self._home)

    def __getitem__(self, fid: int) -> tuple[int, Function]:
        """Return a function, after the index of its file."""
        return self._known[fid] or self._read(fid)

    def _read(self, fid: int) -> tuple[int, Function]:
        file = self._home[fid]
        start = self.first[file]
        for at, function in enumerate(self._files[file].functions, start):
            self._known[at] = (file, function)
        if self._known[fid] is None:
            self._known[fid] = (file, _NOTHING)
        return self._known[fid] or (file, _NOTHING)

    def sign(self, fid: int) -> Sign:
        """Return what is known of a function without its file, and keep it."""
        found = self.signs.get(fid)
        if found is None:
            each = self[fid][1]
            found = self.signs[fid] = Sign(
                each.name,
                each.qualname,
                each.start,
                each.end,
                each.flags,
                each.contract,
                each.owner,
                each.parent,
            )
        return found

    def seen(self, fid: int) -> Sign | Function:
        """Return a function, or its sign if that is known."""
        return self.signs.get(fid) or self[fid][1]

    def forget(self) -> None:
        """Make room, as the files do."""
        self._known = [None] * len(self._home)

    def file(self, fid: int) -> int:
        """Return the index of the file that holds a function, without reading it."""
        return self._home[fid]

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return len(self._home)

    def __iter__(self) -> Iterator[tuple[int, Function]]:
        """Yield all functions."""
        return map(self.__getitem__, range(len(self._home)))


class Classes:
    """The classes of all files under one number each."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._home: list[int] = []
        self.first: list[int] = []
        for index, each in enumerate(files.heads):
            self.first.append(len(self._home))
            self._home += [index] * each.classes

    def __getitem__(self, cls: int) -> tuple[int, Class]:
        """Return a class, after the index of its file."""
        file = self._home[cls]
        return file, self._files[file].classes[cls - self.first[file]]

    def file(self, cls: int) -> int:
        """Return the index of the file that holds a class, without reading it."""
        return self._home[cls]

    def __len__(self) -> int:
        """Return how many classes there are."""
        return len(self._home)

    def __iter__(self) -> Iterator[tuple[int, Class]]:
        """Yield all classes."""
        return map(self.__getitem__, range(len(self._home)))
