"""Caches that keep a coroutine, which can be awaited only once, instead of its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.one_place import finding
from asyncfix.project.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate cached functions that give coroutines, decorated so or passed to a cache."""
    caches = _Caches(project)
    for note in project.noted(rule.check, caches.words, caches.of_file):
        yield finding(rule, project, note)


def _note(project: Project, place: tuple[int, int, int], made: int, cache: str) -> Note:
    function = project.typing.functions[made][1]
    is_generator = bool(function.flags & facts.GENERATOR)
    what = "async generator, which runs once" if is_generator else "coroutine, not its result"
    message = f"`{cache}` keeps the {what}: the second use of `{function.name}` fails"
    if is_generator:
        message = f"`{cache}` keeps the {what}: the second loop over `{function.name}` is empty"
    help_ = "cache in the function, or use a cache that awaits, such as `async_lru.alru_cache`"
    return Note(*place, cache, "cache", message, help_)


class _Caches:
    """Finds where the caches that the packs name meet functions."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing
        self.names = project.packs.library.caches
        self.last = {name.rpartition(".")[2] for name in self.names}

    def words(self, file: int) -> set[str]:
        """Return the last names of caches that a file says."""
        head = self.project.files.heads[file]
        return self.last & {*head.calls, *(name for name, _, _ in head.decorated)}

    def of_file(self, file: int) -> Iterator[Note]:
        """Yield the caches of coroutines in a file."""
        first = self.typing.first_function[file]
        for fid, function in enumerate(self.project.files[file].functions, start=first):
            cache = self.on(fid) if function.decorators else ""
            if cache and self.gives_coroutine(fid, file):
                word = "async def " if function.flags & facts.ASYNC else "def "
                end = function.start + len((word + function.name).encode())
                yield _note(self.project, (fid, function.start, end), fid, cache)
        for place, made, cache in self.passed(file):
            yield _note(self.project, place, made, cache)

    def on(self, fid: int) -> str:
        """Return the cache that a function is decorated with, if what it caches stays as it is."""
        file, function = self.typing.functions[fid]
        if not self.last & self.typing.decorators.names(fid):
            return ""
        for decorator in reversed(function.decorators):
            cache = self._cache(file, decorator)
            if cache:
                return cache
            if not self.project.coroutines.is_transparent(file, decorator):
                return ""
        return ""

    def _cache(self, file: int, node: int) -> str:
        """Return the name of the cache that an expression is, called or not."""
        parts = self.typing.files[file].nodes[node]
        types = self.typing.of(file, parts[1] if parts[0] == facts.CALL else node)
        if types and all(each[0] == "X" and each[1] in self.names for each in types):
            return str(types[0][1])
        return ""

    def gives_coroutine(self, fid: int, file: int) -> bool:
        """Tell whether the body of a function gives a coroutine, by its kind or what it returns."""
        function = self.typing.functions[fid][1]
        if function.flags & facts.ASYNC:
            return True
        made = self.project.coroutines.made
        results = function.results
        return bool(results) and all(made(file, node) >= 0 for node in results)

    def passed(self, file: int) -> Iterator[tuple[tuple[int, int, int], int, str]]:
        """Yield calls such as `lru_cache(f)` and `lru_cache(maxsize=1)(f)` of a coroutine `f`."""
        calls, nodes = self.project.files[file].calls, self.project.files[file].nodes
        for node in [node for name in (*self.last, "") for node in calls.get(name, ())]:
            parts = nodes[node]
            cache = self._cache(file, parts[1]) if len(parts[2]) == 1 else ""
            made = self._coroutine(file, parts[2][0]) if cache else -1
            if made >= 0:
                yield from ((place, made, cache) for place in self._places(file, node))

    def _coroutine(self, file: int, node: int) -> int:
        found = [self.project.coroutines.function(t) for t in self.typing.of(file, node)]
        return found[0] if found and min(found) >= 0 else -1

    def _places(self, file: int, node: int) -> Iterator[tuple[int, int, int]]:
        """Yield where a call stands."""
        for number, function in enumerate(self.typing.files[file].functions):
            sites = function.sites
            for at in range(0, len(sites), facts.SITE):
                if sites[at] <= facts.AWAITS and sites[at + 1] == node:
                    fid = self.typing.first_function[file] + number
                    yield fid, sites[at + 2], sites[at + 3]
