"""Which imports that fixes add would have modules of the project import one another in a circle."""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING

from asyncfix.syntax.statements import statements_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.changes.trial import Candidate, Trial
    from asyncfix.findings import Import
    from asyncfix.fixing.bench import Bench

_LATER = frozenset(("def", "async", "if"))  # what is imported within may wait, or be types only


def closing(before: Bench, after: Bench, trial: Trial) -> Iterator[tuple[Candidate, str]]:
    """Yield each fix that adds an import by which a module leads back to itself, and say so.

    What counts are imports that run while a module is imported; a circle that is there stays.
    """
    old, new = _Graph(before), _Graph(after)
    for candidate in trial.candidates:
        for each in candidate.fix.imports:
            if each.module.partition(".")[0] in after.first_party and new.closes(each, old):
                reason = f"{each.path} would import `{each.module}`, which imports it in turn"
                yield candidate, reason


@lru_cache(maxsize=10_000)  # most files stay as they are from one proof to the next
def _imports(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return what a file imports while it is imported: the module and the name, as written."""
    return tuple(
        (each.module, name.name)
        for each in statements_of(list(tokens_of(data)), data)
        if not _LATER & set(each.within)
        for name in each.names
    )


class _Graph:
    """The modules of a project and what each of them imports while it is imported itself."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.modules = bench.project.typing.modules
        self.paths = bench.project.files.paths
        self.index = {path: at for at, path in enumerate(self.paths)}
        self.known: dict[int, set[int]] = {}

    def closes(self, added: Import, before: _Graph) -> bool:
        """Tell whether what an import loads leads back to its module, and did not before."""
        here = self.index[added.path]
        loaded = self._loaded(here, added.module, 0, added.name)
        fresh = loaded - before.reached({here})
        return here in self.reached(fresh)

    def reached(self, start: set[int]) -> set[int]:
        """Return some modules and all that are imported together with them."""
        queue, seen = list(start), set(start)
        while queue:
            fresh = self._imported(queue.pop()) - seen
            seen |= fresh
            queue += fresh
        return seen

    def _imported(self, index: int) -> set[int]:
        if index not in self.known:
            data = self.bench.texts(self.paths[index]).data
            self.known[index] = {
                found for told in _imports(data) for found in self._told(index, *told)
            }
        return self.known[index]

    def _told(self, index: int, module: str, name: str) -> set[int]:
        """Return what `from module import name` loads, or `import name` if there is no module."""
        if not module:
            return self._loaded(index, name, 0, "")
        bare = module.lstrip(".")
        return self._loaded(index, bare, len(module) - len(bare), name)

    def _loaded(self, index: int, module: str, level: int, name: str) -> set[int]:
        whole = ".".join(filter(None, (module, name)))
        found: set[int] = set()
        for dotted in {module, whole}:
            for kind, at, *_ in self.modules.imported(index, dotted, level):
                if kind == "P" and isinstance(at, int):
                    found |= {at, *self._packages(index, at)}
        return found

    def _packages(self, index: int, loaded: int) -> Iterator[int]:
        """Yield the packages around a module that are not those around another one."""
        here = posixpath.dirname(self.paths[index])
        folder = posixpath.dirname(self.paths[loaded])
        while folder and folder in self.modules.packages:
            if folder != here and not here.startswith(f"{folder}/"):
                yield self.modules.by_path[folder]
            folder = posixpath.dirname(folder)
