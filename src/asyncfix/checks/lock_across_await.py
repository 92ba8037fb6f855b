"""Locks of threads that a coroutine holds while it lets others run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.one_place import finding
from asyncfix.project import locks
from asyncfix.project.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts, Function
    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.locks import Held
    from asyncfix.project.program import Project

_PAUSES = ("await", "async for", "async with", "yield")
# they belong to a thread, so that every task of the loop's thread enters them again
_REENTRANT = frozenset(("threading.RLock", "threading.Condition"))


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each place in a coroutine where a lock is taken and held over a pause."""
    heads = project.files.heads

    def words(index: int) -> tuple[str, ...]:
        return ("async",) if heads[index].asynchronous else ()

    def of_file(index: int) -> Iterator[Note]:
        return _of_file(project, index)

    for note in project.noted(rule.check, words, of_file):
        yield finding(rule, project, note)


def _of_file(project: Project, index: int) -> Iterator[Note]:
    file, first = project.files[index], project.typing.first_function[index]
    for number in project.files.heads[index].asynchronous:
        function = file.functions[number]
        for held in locks.held(file, function):
            name = locks.lock(project.typing, index, held.node)
            if name and not _is_local(project, index, held.node):
                yield _note(project, first + number, held, name)


def _is_local(project: Project, file: int, node: int) -> bool:
    """Tell whether each run of the function makes a lock of its own."""
    parts = project.files[file].nodes[node]
    makers = project.typing.of(file, parts[1]) if parts[0] == facts.CALL else ()
    return bool(makers) and all(each[0] == "X" for each in makers)


def _note(project: Project, fid: int, held: Held, name: str) -> Note:
    pause = _PAUSES[held.pause]
    message = f"a `{name}` is held over `{pause}`: a task that waits for it stops the loop for ever"
    if name in _REENTRANT:
        message = (
            f"a `{name}` is held over `{pause}`: it lets in every task of this thread meanwhile, "
            "and stops other threads"
        )
    help_ = _help(project, fid, held, name)
    return Note(fid, held.start, held.end, name, "lock", message, help_)


def _help(project: Project, fid: int, held: Held, name: str) -> str:
    """Say what to do; a lock that threads need as well is no asyncio.Lock."""
    index, _ = project.typing.functions[fid]
    file = project.files[index]
    plain = [each.qualname for each in file.functions if _takes(file, each, held.node)]
    if plain:
        return (
            f"take what is awaited out of the lock; it guards plain functions too (`{plain[0]}`), "
            "so an asyncio.Lock cannot replace it"
        )
    if name in _REENTRANT:
        return "use `async with` on an asyncio.Lock, which cannot be entered again by its holder"
    last = name.rpartition(".")[2]
    return f"if only coroutines use it, make it an `asyncio.{last}` and write `async with`"


def _takes(file: FileFacts, function: Function, lock: int) -> bool:
    """Tell whether a plain function of the same file takes this lock."""
    if function.flags & facts.ASYNC:
        return False
    nodes, sites = file.nodes, function.sites
    for at in range(0, len(sites), facts.SITE):
        kind, node = sites[at : at + 2]
        if kind == facts.CALLS:
            callee = nodes[nodes[node][1]]
            node = callee[1] if callee[0] == facts.ATTR and callee[2] == "acquire" else 0
        elif kind != facts.ENTERS:
            continue
        if node and _is_same(file, node, lock):
            return True
    return False


def _is_same(file: FileFacts, one: int, other: int) -> bool:
    """Tell whether two expressions of a file name the same variable or the same own attribute."""
    left, right = file.nodes[one], file.nodes[other]
    if left[0] != facts.ATTR or right[0] != facts.ATTR:
        return one == other and left[0] == facts.GLOBAL
    bases = file.nodes[left[1]], file.nodes[right[1]]
    if not all(base[0] == facts.PARAM and base[2] == 0 for base in bases):
        return one == other
    owners = {file.functions[base[1]].owner for base in bases}
    return left[2] == right[2] and len(owners) == 1
