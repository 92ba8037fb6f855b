"""Endpoints that are coroutines for nothing: they block, and never await."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.blocking_call import readable
from asyncfix.checks.one_place import finding
from asyncfix.findings import Confidence, Severity
from asyncfix.project.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.chains import Chain
    from asyncfix.project.program import Project
    from asyncfix.project.roots import Entry
    from asyncfix.project.types import Types


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each endpoint that a framework would run in a thread if it were a plain `def`."""
    blocking = _blocking(project)
    bound = _bound(project) if blocking else set()
    for fid, chains in sorted(blocking.items()):
        is_awaiting = _awaits(project.typing.functions[fid][1]) or _is_wrapped(project, fid)
        if not is_awaiting and not _needs_loop(project, fid, bound):
            yield _finding(rule, project, project.entries[fid], chains)


def _blocking(project: Project) -> dict[int, list[Chain]]:
    """Return the chains that stop the loop for long, by the function they start in."""
    found: dict[int, list[Chain]] = {}
    for chain in project.chains:
        fid = project.graph.instances[chain.instance][0]
        entry = project.entries.get(fid)
        fits = entry is not None and entry.plain and fid in project.typing.asynchronous
        if fits and chain.rank <= Severity.WARNING.rank and not project.lowered(chain):
            found.setdefault(fid, []).append(chain)
    return found


def _awaits(function: facts.Function) -> bool:
    """Tell whether a function lets others run; a `yield` of a dependency does not."""
    return any(kind != facts.AT_YIELD for kind in function.pauses[:: facts.PAUSE])


def _is_wrapped(project: Project, fid: int) -> bool:
    """Tell whether a decorator of the project puts a function of its own in its place.

    That awaits it, as it is written; and it is that one which the framework runs.
    """
    return any(each[0] == "V" for each in project.typing.decorators.bound(fid))


def _bound(project: Project) -> set[int]:
    """Return the functions that call what works only on the loop's own thread."""
    needs_loop = project.packs.library.needs_loop
    names = {full.rpartition(".")[2] for full in needs_loop}
    heads, typing = project.files.heads, project.typing

    def words(index: int) -> Iterable[str]:
        return names & heads[index].calls.keys()

    def of_file(index: int) -> Iterator[Note]:
        file, first = project.files[index], typing.first_function[index]
        calls = {node for name in words(index) for node in file.calls[name]}
        told = {each for each in calls if is_told(typing.of(index, file.nodes[each][1]))}
        for fid, function in enumerate(file.functions, start=first):
            if not told.isdisjoint(function.sites[1 :: facts.SITE]):
                yield Note(fid, function.start, function.end)

    def is_told(types: Types) -> bool:
        return any(each[0] == "X" and each[1] in needs_loop for each in types)

    return {note.fid for note in project.noted("needs-loop", words, of_file)}


def _needs_loop(project: Project, fid: int, bound: set[int]) -> bool:
    """Tell whether a function, or one that it calls, is bound to the loop it runs on."""
    graph = project.graph
    queue = [graph.numbers[fid, -1]]
    reached = {*queue}
    for each in queue:  # grows while it is read
        if graph.instances[each][0] in bound:
            return True
        queue += {edge.callee for edge in graph.edges[each]} - reached
        reached.update(queue)
    return False


def _finding(rule: Rule, project: Project, entry: Entry, chains: list[Chain]) -> Finding:
    function = project.typing.functions[entry.fid][1]
    worst = min(chains, key=lambda chain: (chain.rank, chain.start))
    sink, count = readable(worst.hit.name), len(chains)
    places = f"at {count} places" if count > 1 else "once"
    message = (
        f"{entry.kind} `{function.name}` never awaits but blocks {places} (`{sink}`): "
        "a plain `def` runs in the thread pool"
    )
    end = function.start + len(f"async def {function.name}".encode())
    callers = _callers(project, entry.fid)
    help_ = _help(project, entry.fid, callers)
    effect = worst.hit.target.effect or ""
    note = Note(entry.fid, function.start, end, sink, effect, message, help_)
    found = finding(rule, project, note)
    return replace(found, confidence=Confidence.MEDIUM) if callers else found


def _callers(project: Project, fid: int) -> list[str]:
    """Return the functions of the project that await this one themselves."""
    graph = project.graph
    number = graph.numbers.get((fid, -1), -1)
    edges = graph.spawned.get(number, ())
    return sorted({graph.qualname(graph.instances[edge.caller][0]) for edge in edges})


def _help(project: Project, fid: int, callers: list[str]) -> str:
    verb = "write `def` instead of `async def`"
    if callers:
        more = f" and {len(callers) - 1} more" if len(callers) > 1 else ""
        return f"{verb}, and let `{callers[0]}`{more}, who await it, call it in a thread"
    typing = project.typing
    file, function = typing.functions[fid]
    if function.owner >= 0:
        cls = typing.first_class[file] + function.owner
        above = typing.hierarchy.order(cls)[0][1:]
        if any(typing.hierarchy.own_method(each, function.name) >= 0 for each in above):
            return f"{verb}, also in the class whose method it overrides"
    return verb
