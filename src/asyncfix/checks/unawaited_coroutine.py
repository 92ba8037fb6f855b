"""Coroutines that nobody awaits: dropped where they are made, or used as if they were results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.checks.one_place import finding
from asyncfix.project.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.facts import Function
    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project

_DROPPED = "is never awaited, so its code does not run"
_USES = {
    facts.DROPPED: _DROPPED,
    facts.TESTED: "is not awaited, and a coroutine is always true",
    facts.COMPUTED: "is not awaited, and a coroutine has no value to compute or compare with",
    facts.FORMATTED: "is not awaited, so the text will be `<coroutine object …>`",
}
_SITES = {
    facts.ITERATES: "is not awaited, and a coroutine cannot be iterated over",
    facts.ENTERS: "is not awaited, and a coroutine cannot be entered by `with`",
    facts.GETS_ITEM: "is not awaited, and a coroutine has no items",
    facts.SETS_ITEM: "is not awaited, and a coroutine has no items",
    facts.CONTAINS: "is not awaited, and a coroutine contains nothing",
}
_PAUSES = {
    facts.AT_ASYNC_FOR: "is not awaited, and a coroutine is no async iterator",
    facts.AT_ASYNC_WITH: "is not awaited, and a coroutine cannot be entered by `async with`",
}
_PARTS = (facts.ATTR, facts.ITEM)
_OWN = frozenset(("close", "send", "throw", "aclose", "asend", "athrow"))


class Misuse(NamedTuple):
    """A place where the coroutine that a call makes is no good."""

    node: int
    start: int
    end: int
    told: str


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate calls of async functions whose coroutine is dropped or taken for its result."""
    heads, names = project.files.heads, project.coroutines.names

    def words(index: int) -> Iterable[str]:
        return names.intersection(heads[index].calls)

    def of_file(index: int) -> Iterator[Note]:
        return _of_file(project, index, words(index))

    for note in project.noted(rule.check, words, of_file):
        yield finding(rule, project, note)


def _of_file(project: Project, index: int, names: Iterable[str]) -> Iterator[Note]:
    file, first = project.files[index], project.typing.first_function[index]
    uses = _Uses(project, index, {node for name in names for node in file.calls[name]})
    for fid, function in enumerate(file.functions, start=first):
        places = {(each.start, each.end): each for each in uses.of(function)}
        told: dict[int, Misuse] = {}
        for misuse in sorted(places.values(), key=lambda each: each.start):
            told.setdefault(misuse.node, misuse)
        for misuse in told.values():
            yield from _judged(project, fid, index, misuse)


def _judged(project: Project, fid: int, file: int, misuse: Misuse) -> Iterator[Note]:
    made = project.coroutines.made(file, misuse.node)
    if made < 0:
        return
    flags = project.typing.functions[made][1].flags
    is_dropped = misuse.told == _DROPPED
    if flags & (facts.GENERATOR | facts.ABSTRACT) and not is_dropped:
        return
    name = project.graph.qualname(made)
    what = "async generator" if flags & facts.GENERATOR else "coroutine"
    told = "is never iterated, so its code does not run" if flags & facts.GENERATOR else misuse.told
    short = ".".join(name.split(".")[-2:])
    message = f"the {what} of `{short}` {told}"
    help_ = _help(project, fid, is_generator=bool(flags & facts.GENERATOR))
    yield Note(fid, misuse.start, misuse.end, name, "coroutine", message, help_)


def _help(project: Project, fid: int, *, is_generator: bool) -> str:
    function = project.typing.functions[fid][1]
    verb = "iterate over it with `async for`" if is_generator else "await it"
    if function.flags & facts.ASYNC:
        return verb
    where = "the module's code" if function.parent < 0 else f"`{function.name}`"
    return f"{where} is no coroutine and cannot {verb}: make it one, or start a task or a loop"


class _Uses:
    """Finds, in one file, how the values of some calls are used."""

    def __init__(self, project: Project, index: int, calls: set[int]) -> None:
        self.nodes = project.files[index].nodes
        self.calls = calls
        consumers = project.packs.library.consumers
        users: dict[int, int] = {}
        for number, parts in enumerate(self.nodes):
            operator = parts[0]
            if operator in _PARTS:
                if parts[1] in calls:
                    users[number] = parts[1]
            elif operator == facts.CALL:
                if parts[1] in users:
                    users[number] = users[parts[1]]
                elif parts[2] and parts[2][0] in calls:
                    callees = project.typing.of(index, parts[1])
                    if callees and all(t[0] == "X" and t[1] in consumers for t in callees):
                        users[number] = parts[2][0]
        self.users = users
        self.wanted = calls | users.keys()

    def of(self, function: Function) -> Iterator[Misuse]:
        """Yield the misuses in a function; what tells most of a place comes last."""
        sites = function.sites
        for at in range(0, len(function.uses), facts.USE):
            position, use = function.uses[at : at + facts.USE]
            kind, node, start, end = sites[position : position + 4]
            if node in self.calls and kind == facts.CALLS:
                yield Misuse(node, start, end, _USES[use])
        for places in (sites, function.reads):
            if not self.wanted.isdisjoint(places[1 :: facts.SITE]):
                for at in range(0, len(places), facts.SITE):
                    yield from self._at(function, places[at : at + 4])

    def _at(self, function: Function, place: Sequence[int]) -> Iterator[Misuse]:
        kind, node, start, end = place
        if kind in _SITES and node in self.calls:
            yield Misuse(node, start, end, _SITES[kind])
        elif kind == facts.AWAITS and node in self.calls:
            yield from self._paused(function, node, start, end)
        elif node in self.users:
            told = self._told(self.nodes[node], kind)
            if told:
                yield Misuse(self.users[node], start, end, told)

    def _paused(self, function: Function, node: int, start: int, end: int) -> Iterator[Misuse]:
        """Tell `async for x in f()` and `async with f()` from `await f()`."""
        pauses = function.pauses
        for at in range(0, len(pauses), facts.PAUSE):
            if pauses[at] in _PAUSES and pauses[at + 1 : at + 3] == (start, end):
                yield Misuse(node, start, end, _PAUSES[pauses[at]])

    def _told(self, parts: Sequence[Any], kind: int) -> str:
        """Say what is wrong with an attribute, an item or a consuming call."""
        if parts[0] == facts.CALL:
            callee = self.nodes[parts[1]]
            if parts[1] not in self.users:
                return _SITES[facts.ITERATES]
            parts = callee
        elif kind != facts.READS:
            return _SITES.get(kind, "")
        if parts[0] != facts.ATTR:
            return ""
        name = parts[2]
        if name in _OWN or name.startswith(("__", "cr_", "ag_")):
            return ""
        return f"is not awaited, and a coroutine has no `{name}`"
