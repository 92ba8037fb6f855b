"""Caches that keep pickles: whoever can write there has the reader run what they like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.one_place import finding
from asyncfix.project.notes import Note
from asyncfix.project.pickles import DUMPS, LOADS, Pickling, holder, picklings
from asyncfix.project.senders import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts, Function
    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project

_LAST = frozenset(("load", "loads", "dump", "dumps"))
_HELP = (
    "write it with msgpack or JSON, which hold texts, numbers, lists and dicts with text keys; "
    "tuples become lists, and dates and objects need a form of their own"
)


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate what a class or module pickles for callers, and unpickles for them again."""
    if not project.lifetimes.serves:
        return
    stores = {
        name.partition(".")[0]
        for name, client in project.packs.library.clients.items()
        if client.kind == "cache"
    }

    def words(file: int) -> set[str]:
        head = project.files.heads[file]
        is_told = "pickle" in head.imports and not project.is_beside(project.files.paths[file])
        return set(_LAST & head.calls.keys()) if is_told else set()

    def of_file(file: int) -> Iterator[Note]:
        first, calls = project.typing.first_function[file], list(picklings(project, file))
        for call in calls:
            if _is_received(project, file, call, stores) or _is_cached(project, file, call, calls):
                message = rule.message.format(name=call.name)
                yield Note(
                    first + call.function, call.start, call.end, call.name, "cache", message, _HELP
                )

    for note in project.noted(rule.check, words, of_file):
        if not project.lifetimes.spares(note.fid):
            yield finding(rule, project, note)


def _is_received(project: Project, file: int, call: Pickling, stores: set[str]) -> bool:
    """Tell whether what is unpickled is what a client of a cache gives."""
    nodes = project.files[file].nodes
    given = nodes[call.node][2]
    if call.name != "pickle.loads" or not given or given[0] <= 0:
        return False
    parts = nodes[given[0]]
    parts = nodes[parts[1]] if parts[0] == facts.AWAIT else parts
    types = project.typing.of(file, parts[1]) if parts[0] == facts.CALL else ()
    return any(each[0] == "X" and str(each[2]).partition(".")[0] in stores for each in types)


def _is_cached(project: Project, file: int, call: Pickling, calls: list[Pickling]) -> bool:
    """Tell whether a call writes what callers pass, or reads it for them, within one holder."""
    facts_of = project.files[file]
    owner = holder(facts_of, call.function)
    mine = [each for each in calls if holder(facts_of, each.function) == owner]
    if not _is_called_cache(facts_of, call.function, owner):
        return False  # what a program hands to its own processes, or puts aside, is no cache
    writes = any(each.name in DUMPS and _is_passed(facts_of, each) for each in mine)
    reads = any(each.name in LOADS and _is_returned(facts_of, each) for each in mine)
    is_part = _is_passed(facts_of, call) if call.name in DUMPS else _is_returned(facts_of, call)
    return writes and reads and is_part


def _is_called_cache(file: FileFacts, index: int, owner: int) -> bool:
    name = file.classes[owner].name if owner >= 0 else ""
    return "cache" in f"{file.path} {name} {file.functions[index].name}".lower()


def _is_passed(file: FileFacts, call: Pickling) -> bool:
    """Tell whether what is pickled is made of an argument."""
    given = file.nodes[call.node][2]
    queue, seen = [each for each in given[:1] if each > 0], set[int]()
    while queue:
        node = queue.pop()
        seen.add(node)
        if any(True for _ in parameters_of(file, node)):
            return True
        parts = file.nodes[node]
        if parts[0] in (facts.DICT, facts.ANNOTATED, facts.UNION):
            inner = parts[1] if parts[0] != facts.ANNOTATED else (parts[2],)
            queue += [each for each in inner if each > 0 and each not in seen]
    return False


def _is_returned(file: FileFacts, call: Pickling) -> bool:
    """Tell whether what is unpickled, or a part of it, is given back."""
    return any(call.node in _below(file, node) for node in _results(file.functions[call.function]))


def _results(function: Function) -> tuple[int, ...]:
    return (*function.results, *function.yields)


def _below(file: FileFacts, node: int) -> set[int]:
    queue, seen = [node], set[int]()
    while queue:
        at = queue.pop()
        if at <= 0 or at in seen:
            continue
        seen.add(at)
        parts = file.nodes[at]
        if parts[0] in (facts.UNION, facts.TUPLE):
            queue += parts[1]
        elif parts[0] in (facts.ITEM, facts.ATTR, facts.UNPACKED, facts.AWAIT):
            queue.append(parts[1])
        elif parts[0] == facts.ANNOTATED:
            queue.append(parts[2])
        elif parts[0] == facts.CALL:
            callee = file.nodes[parts[1]]
            queue += [callee[1]] if callee[0] == facts.ATTR else []
    return seen
