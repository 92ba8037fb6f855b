"""What a rewrite looks at: the linked project and the texts of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from asyncfix.findings import AsyncfixError
from asyncfix.syntax import Syntax
from asyncfix.syntax.imports import Module
from asyncfix.syntax.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asyncfix.config import Config
    from asyncfix.facts import FileFacts, Function
    from asyncfix.findings import Fix, Location
    from asyncfix.project.chains import Chain
    from asyncfix.project.program import Project
    from asyncfix.source import Text

T = TypeVar("T")

_LONGEST = 120  # what is longer was not wrapped on purpose


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a strategy does not serve at a place."""

    strategy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The fixes of a finding, the best first, and why there are no more of them."""

    fixes: tuple[Fix, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class RefusedError(AsyncfixError):
    """A rewrite cannot be shown to be right; the text says why."""


@dataclass(frozen=True)
class Workspace:
    """A project with its texts. `root` is where its files lie.

    What is worked out once is kept. What is parsed is kept in `parsed` with its text; another
    workspace of the same files may take that over.
    """

    project: Project
    texts: Callable[[str], Text]
    root: Path | None = None
    parsed: dict[tuple[str, str, int], tuple[object, object]] = field(
        default_factory=dict, compare=False
    )
    _kept: dict[tuple[str, int], object] = field(default_factory=dict, compare=False)

    @property
    def config(self) -> Config:
        """Return the settings."""
        return self.project.config

    def text(self, path: str) -> Text:
        """Return a file's text."""
        return self.texts(path)

    def syntax(self, path: str) -> Syntax:
        """Return what parses the expressions of a file."""
        data = self.text(path).data
        return self._parsed(path, "syntax", 0, data, lambda: Syntax(data))

    def imports(self, path: str) -> Module:
        """Return the import statements of a file."""
        text, own = self.text(path), self.first_party
        return self._parsed(path, "imports", 0, (text.data, own), lambda: Module(text, own))

    def whole(self, path: str) -> Tree:
        """Return the syntax of a whole file."""
        data = self.text(path).data
        return self._parsed(path, "tree", -1, data, lambda: Tree(data, 0, len(data)))

    def _parsed(self, path: str, kind: str, at: int, text: object, make: Callable[[], T]) -> T:
        """Return what is made of a text, once as long as that stays the same."""
        key = (path, kind, at)
        found = self.parsed.get(key)
        if found is None or found[0] != text:
            found = self.parsed[key] = (text, make())
        return found[1]  # type: ignore[return-value]

    def kept(self, kind: str, number: int, make: Callable[[], T]) -> T:
        """Return what is made once for a number, and then kept."""
        key = (kind, number)
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[return-value]

    @cached_property
    def files(self) -> dict[str, int]:
        """Return the index of each file by its path."""
        return {path: index for index, path in enumerate(self.project.files.paths)}

    def width(self, path: str) -> int:
        """Return how long a row of a file may be: as told to its formatter, or as rows are."""
        if self._told_width:
            return self._told_width
        rows = self.text(path).text.splitlines()
        return max([88, *(len(row) for row in rows if len(row) <= _LONGEST)])

    @cached_property
    def _told_width(self) -> int:
        path = self.root / "pyproject.toml" if self.root else None
        if path is None or not path.is_file():
            return 0
        told = re.search(
            r"^line[-_]length\s*=\s*(\d+)", path.read_text("utf-8", "replace"), re.MULTILINE
        )
        return int(told[1]) if told else 0

    @cached_property
    def first_party(self) -> frozenset[str]:
        """Return the first names of the project's own modules."""
        name = self.project.typing.modules.name
        return frozenset(name(index).partition(".")[0] for index in self.files.values())

    def facts(self, path: str) -> FileFacts:
        """Return what one file says."""
        return self.project.files[self.files[path]]

    def function_at(self, location: Location) -> Function | None:
        """Return the innermost function around a place; None at the top of a module."""
        around = [
            each
            for each in self.facts(location.path).functions[1:]
            if each.start <= location.start and location.end <= each.end
        ]
        return min(around, key=lambda each: each.end - each.start, default=None)

    def tree(self, location: Location) -> Tree | None:
        """Return the syntax of the outermost function around a place."""
        around = [
            each
            for each in self.facts(location.path).functions[1:]
            if each.start <= location.start and location.end <= each.end
        ]
        if not around:
            return None
        outer = max(around, key=lambda each: each.end - each.start)
        data, start, end = self.text(location.path).data, outer.start, outer.end
        return self._parsed(location.path, "tree", start, data, lambda: Tree(data, start, end))

    @cached_property
    def chains(self) -> dict[tuple[str, int, int], list[Chain]]:
        """Return the ways to what stops the loop by the place where each begins."""
        found: dict[tuple[str, int, int], list[Chain]] = {}
        for chain in (*self.project.chains, *self.project.loop_chains):
            path = self.project.graph.file(chain.instance).path
            found.setdefault((path, chain.start, chain.end), []).append(chain)
        return found
