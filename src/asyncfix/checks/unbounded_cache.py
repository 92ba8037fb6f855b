"""Caches that grow with every new key for as long as the process runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.one_place import finding
from asyncfix.project.caches import Caches, own_parameters
from asyncfix.project.notes import Note
from asyncfix.project.senders import Senders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project

_DECORATORS = frozenset(("cache", "lru_cache"))
_EFFECT = "memory"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate dicts and decorators that keep what requests have computed."""
    if not project.lifetimes.serves:
        return
    caches = Caches(project)

    def words(file: int) -> set[str]:
        head = project.files.heads[file]
        if project.is_beside(project.files.paths[file]):
            return set()
        named = {name for name, _, _ in head.decorated if name in _DECORATORS}
        return named | ({"{}"} if head.keeps else set())

    def of_file(file: int) -> Iterator[Note]:
        first = project.typing.first_function[file]
        for kept in caches.dicts(file):
            name = kept.name if kept.cls < 0 else f"self.{kept.name}"
            yield Note(
                first + kept.function,
                kept.setting.start,
                kept.setting.end,
                name,
                _EFFECT,
                rule.message.format(name=name, replacement="a dict of which nothing is taken out"),
                "let `cachetools.LRUCache` or `TTLCache` drop what is old, or what nobody asks for",
            )
        for index, name in caches.cached(file):
            function = project.files[file].functions[index]
            word = "async def " if function.flags & facts.ASYNC else "def "
            end = function.start + len((word + function.name).encode())
            what = f"`{name}` keeps every result"
            if function.flags & facts.METHOD:
                what = f"`{name}` on a method keeps every result, and the object of each call"
            yield Note(
                first + index,
                function.start,
                end,
                name,
                _EFFECT,
                rule.message.format(name=function.name, replacement=what),
                "say how many results are worth keeping: `functools.lru_cache(maxsize=…)`",
            )

    senders = Senders(project)
    for note in project.noted(rule.check, words, of_file):
        if _grows(project, caches, senders, note):
            yield finding(rule, project, note)


def _grows(project: Project, caches: Caches, senders: Senders, note: Note) -> bool:
    """Tell whether a cache lives as long as the process, and requests add to it."""
    file, function = project.typing.functions[note.fid]
    if note.subject.startswith("functools."):
        return senders.is_asked(note.fid, own_parameters(function))
    index = note.fid - project.typing.first_function[file]
    kept = caches.filled(file, index, note.start)
    if kept is None or (kept.cls >= 0 and not caches.lives(kept.cls)):
        return False
    return senders.is_asked(note.fid, kept.params)
