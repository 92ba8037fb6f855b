"""The linked program: what checks ask, in the words of the problem."""

from __future__ import annotations

import re
from collections import deque
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from asyncfix.findings import Location, Root, Severity
from asyncfix.project.apart import Apart, Waiting
from asyncfix.project.asked_again import AskedAgain, asked_again
from asyncfix.project.chains import Chain, chains, ways
from asyncfix.project.clients import Clients
from asyncfix.project.coroutines import Coroutines
from asyncfix.project.evaluate import Typing
from asyncfix.project.files import Files
from asyncfix.project.graph import Graph
from asyncfix.project.index import is_test
from asyncfix.project.keeping import Keeping
from asyncfix.project.lazy import LazyLoad, LazyLoads
from asyncfix.project.lifetimes import Lifetimes
from asyncfix.project.notes import Note, Notes, noted
from asyncfix.project.places import Callers, Local
from asyncfix.project.responses import LazyAnswer, Responses
from asyncfix.project.roots import Entries, Entry, entries, entries_by_file
from asyncfix.project.scripts import alone, commanded
from asyncfix.project.services import Services
from asyncfix.project.startup import Startup
from asyncfix.project.wanted import last
from asyncfix.project.work import PerItem, SavedFound, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from asyncfix.config import Config
    from asyncfix.facts import FileFacts
    from asyncfix.heads import Head
    from asyncfix.packs import Packs, Target
    from asyncfix.project.chains import Quiet
    from asyncfix.project.edges import Edge, Instance

_SCRIPTS = frozenset(
    "tests test testing scripts script examples example docs benchmarks benchmark bench demo demos"  # noqa: SIM905 - a list has a line for each
    " samples sample e2e cypress spec specs evals migrations alembic".split()
)


_SCRIPT = re.compile(r"conftest|(?:test|bench|benchmark)_|\w+_(?:test|bench|benchmark)s?\.py$")
_MIGRATION = frozenset(("upgrade", "downgrade", "revision"))
_SHORT = frozenset(("file", "metadata"))  # effects for which nobody waits in a command
_PER_ITEM = "batching"  # the group of rules that judges loops, on the event loop or not
TO_THREAD = (3, 9)  # the Python that `asyncio.to_thread` came with
_THREAD_CALLS = {
    "starlette": "run_in_threadpool(",
    "anyio": "anyio.to_thread.run_sync(",
    "asyncio": "asyncio.to_thread(",
    "executor": "asyncio.get_running_loop().run_in_executor(None, ",
}


class Project:
    """Every file's facts, linked; what is asked is computed once."""

    def __init__(
        self,
        files: Files | Sequence[FileFacts],
        packs: Packs,
        config: Config,
        slots: Sequence[int] = (),
        *,
        traced: bool = True,
    ) -> None:
        files = files if isinstance(files, Files) else Files.of(files)
        self.files = files
        self.config = config
        if config.offloads:
            offloads = packs.library.offloads | set(config.offloads)
            library = msgspec.structs.replace(packs.library, offloads=offloads)
            packs = packs.__class__(packs.rules, library)
        self.packs = packs
        self.known_entries: dict[int, Entries] = {}
        self.known_work: dict[tuple[int, int], SavedFound] = {}
        self.known_notes: dict[str, dict[int, Notes]] = {}
        self.notes: dict[str, dict[int, Notes]] = {}
        self.masks: Sequence[bytes] = ()  # of an earlier run, as they are kept
        self.asked: Sequence[str] = ()  # names that answers of an earlier run rest on
        self.typing = Typing(files, packs, config.src, slots, traced=traced)
        self.callers = Callers(self.typing)
        self.local = Local()
        self.graph = Graph(self.typing, frozenset(config.trusted), frozenset(packs.rules))
        self.quiet: Quiet = {}
        self.unasked: frozenset[int] = frozenset()
        self.told_for = ""

    def severity(self, target: Target) -> Severity:
        """Return how bad a call of this target is."""
        return target.severity or self.packs.rules[target.rule].severity

    @cached_property
    def entries(self) -> dict[int, Entry]:
        """Return the functions that frameworks or the configuration enter the project by."""
        found = entries(self.entries_by_file)
        wanted = set(self.config.roots)
        names = set(map(last, wanted))
        for at, head in enumerate(self.files.heads if wanted else ()):
            for index in range(head.functions) if not names.isdisjoint(head.defines) else ():
                fid = self.typing.first_function[at] + index
                if self.graph.qualname(fid) in wanted:
                    name = self.typing.functions[fid][1].qualname
                    found[fid] = Entry(fid, "configured", name, "", "", True, False)
        return found

    @cached_property
    def entries_by_file(self) -> list[Entries]:
        """Return the entries that each file tells of."""
        return entries_by_file(self.typing, self.known_entries)

    @cached_property
    def thread_call(self) -> str:
        """Return what moves a call to a thread, up to where the function goes.

        It is the configured one, or the framework's.
        """
        told: str = self.config.thread_api
        if told == "auto":
            told = "starlette" if any(map(_takes_starlette, self.files.heads)) else "asyncio"
        if told == "asyncio" and self.config.python < TO_THREAD:
            told = "executor"
        return _THREAD_CALLS[told]

    @cached_property
    def on_loop(self) -> set[int]:
        """Return the plain functions that a framework runs on the loop."""
        return {fid for fid, entry in self.entries.items() if entry.on_loop}

    @cached_property
    def chains(self) -> list[Chain]:
        """Return the worst chain to what blocks of every place on the loop, in no order."""
        return self._chains(loops=False)

    @cached_property
    def loop_chains(self) -> list[Chain]:
        """Return the chain to what starts a loop of every place on the loop, in no order."""
        _ = self._grown
        starts = any(hit.target.effect == "loop" for hits in self.graph.hits for hit in hits)
        return self._chains(loops=True) if starts else []

    def _chains(self, *, loops: bool) -> list[Chain]:
        _ = self._grown
        found = ways(self.graph, self.severity, self.quiet, loops=loops)
        return list(chains(self.graph, found, self.on_loop, self.severity, self.quiet, loops=loops))

    def quieted(self, quiet: Quiet) -> Project:
        """Return this project without the ways that pass some places, by rule."""
        return self._seen_anew("chains", "loop_chains", quiet=quiet)

    def without(self, entries: Iterable[int], rule: str) -> Project:
        """Return this project as one rule tells of it, to which some entries lead nowhere."""
        return self._seen_anew("_nearest", unasked=frozenset(entries), told_for=rule)

    def _seen_anew(self, *forgotten: str, **changes: object) -> Project:
        other = copy(self)
        for name in forgotten:
            other.__dict__.pop(name, None)
        other.__dict__.update(changes)
        return other

    @cached_property
    def _grown(self) -> bool:
        """Let the graph grow from all that runs on the loop, once."""
        self.graph.grow([*sorted(self.typing.asynchronous), *sorted(self.on_loop)])
        if any(rule.group == _PER_ITEM for rule in self.packs.rules.values()):
            self.graph.grow([*sorted(self.typing.repeating), *self.entries])
        return True

    @cached_property
    def coroutines(self) -> Coroutines:
        """Return what tells which calls surely give a coroutine."""
        return Coroutines(self.typing)

    def noted(
        self,
        check: str,
        words: Callable[[int], Iterable[str]],
        of_file: Callable[[int], Iterable[Note]],
    ) -> Iterator[Note]:
        """Yield what a check notes of each file; `words` are those that have it look at one."""
        if check not in self.notes:
            known = self.known_notes.get(check, {})
            self.notes[check] = noted(self.typing, words, of_file, known)
        for each in self.notes[check].values():
            yield from each.found

    @cached_property
    def _asked_in_loops(self) -> list[PerItem]:
        _ = self.chains
        return list(self.work.items(self.known_work))

    @cached_property
    def per_item(self) -> list[PerItem]:
        """Return every place that asks a store once per item of a loop, and about the item."""
        return [each for each in self._asked_in_loops if each.varies]

    @cached_property
    def unvaried(self) -> list[PerItem]:
        """Return every place that asks the same for each item of a loop which changes nothing."""
        work = self.work
        return [
            each
            for each in self._asked_in_loops
            if not each.varies and work.is_unchanged_by_loop(each)
        ]

    @cached_property
    def asked_again(self) -> list[AskedAgain]:
        """Return every place that asks what the same function has asked before."""
        _ = self.chains
        return list(asked_again(self.work))

    @cached_property
    def waiting(self) -> list[Waiting]:
        """Return every read that waits for another one which has a connection of its own."""
        _ = self.chains
        return list(Apart(self.work).found())

    @cached_property
    def lazy_loads(self) -> list[LazyLoad]:
        """Return every place that reads a lazy relationship of each item of a loop."""
        _ = self.chains
        return list(LazyLoads(self.work).items())

    @cached_property
    def lazy_answers(self) -> list[LazyAnswer]:
        """Return every place that asks for rows of which a response model shows more."""
        _ = self.chains
        endpoints = {fid for fid, entry in self.entries.items() if entry.kind == "endpoint"}
        return list(Responses(LazyLoads(self.work), endpoints).found())

    @cached_property
    def work(self) -> Work:
        """Return what finds work per item."""
        return Work(self.graph)

    @cached_property
    def unresolved(self) -> list[tuple[int, int, int]]:
        """Return the calls reached from the loop whose receiver has no known type."""
        _ = self.chains
        return [each for each in self.graph.unresolved if each[0] in self.reached]

    @cached_property
    def reached(self) -> set[Instance]:
        """Return the functions that run on the loop, called from async code or by a framework."""
        graph = self.graph
        found = {
            number
            for number, (fid, _) in enumerate(graph.instances)
            if graph.is_async(number) or fid in self.on_loop
        }
        queue = list(found)
        while queue:
            for edge in graph.edges[queue.pop()]:
                if edge.callee not in found:
                    found.add(edge.callee)
                    queue.append(edge.callee)
        return found

    # Roots

    @cached_property
    def _nearest(self) -> dict[Instance, int]:
        """Return, for what the loop reaches from an entry, the nearest one."""
        return self._nearest_within(self.reached)

    @cached_property
    def _nearest_of_all(self) -> dict[Instance, int]:
        """Return, for what is reached from an entry on the loop or beside it, the nearest one."""
        return self._nearest_within(range(len(self.graph.instances)))

    def _nearest_within(self, known: Container[Instance]) -> dict[Instance, int]:
        graph = self.graph
        nearest: dict[Instance, int] = {}
        queue: deque[Instance] = deque()
        below: dict[Instance, list[Instance]] = {}
        for callee, edges in graph.spawned.items():
            for edge in edges:
                if not self._is_quiet(edge):
                    below.setdefault(edge.caller, []).append(callee)
        for edges in graph.aside if isinstance(known, range) else ():
            for edge in edges:
                below.setdefault(edge.caller, []).append(edge.callee)
        for chosen in (True, False):
            for fid, entry in self.entries.items():
                number = graph.numbers.get((fid, -1))
                if number is None or number in nearest or number not in known:
                    continue
                if fid not in self.unasked and self._tells(entry) == chosen:
                    nearest[number] = fid
                    queue.append(number)
            while queue:
                number = queue.popleft()
                edges = graph.edges[number]
                if self.told_for:
                    edges = [edge for edge in edges if not self._is_quiet(edge)]
                direct = [edge.callee for edge in edges]
                callees = direct + below.get(number, [])
                for callee in callees:
                    if callee not in nearest:
                        nearest[callee] = nearest[number]
                        queue.append(callee)
        return nearest

    def _is_quiet(self, edge: Edge) -> bool:
        """Tell whether the rule that is told of may not pass an edge."""
        return bool(self.told_for) and self.told_for in self.quiet.get(
            (edge.caller, edge.start, edge.end), ()
        )

    def _tells(self, entry: Entry) -> bool:
        """Tell whether an entry says more than that some program or test starts it."""
        path = self.files.paths[self.typing.functions.file(entry.fid)]
        return entry.kind != "main" and not is_test(path)

    def root(self, instance: Instance) -> Root:
        """Return the entry by which the loop comes to a function: the nearest, or itself."""
        fid = self.graph.instances[instance][0]
        nearest = self._nearest if instance in self.reached else self._nearest_of_all
        near = nearest.get(instance, fid)
        entry = None if near in self.unasked else self.entries.get(near)
        at = entry.fid if entry else fid
        function = self.typing.functions.sign(at)
        path = self.files.paths[self.typing.functions.file(at)]
        where = Location(path, function.start, function.end)
        symbol = self.graph.qualname(at)
        if entry is None:
            kind = "coroutine" if fid in self.typing.asynchronous else "function"
            return Root(kind, function.qualname, symbol, where)
        return Root(entry.kind, entry.name, symbol, where, entry.method, entry.path)

    def root_of(self, fid: int) -> Root:
        """Return the entry by which the loop comes to a function that it may not come to."""
        number = self.graph.numbers.get((fid, -1))
        if number is not None:
            return self.root(number)
        function = self.typing.functions.sign(fid)
        path = self.files.paths[self.typing.functions.file(fid)]
        where = Location(path, function.start, function.end)
        return Root("function", function.qualname, self.graph.qualname(fid), where)

    @cached_property
    def _startup(self) -> Startup:
        return Startup(self.graph, self.entries, self.reached, self.local)

    @cached_property
    def _alone(self) -> set[Instance]:
        return alone(self.graph, self.entries)

    @cached_property
    def _commanded(self) -> set[Instance]:
        return commanded(self.graph, self.entries, self.lifetimes.is_command)

    def lowered(self, chain: Chain) -> str:
        """Say why a chain matters less than its kind: start-up, tests, scripts, a cache; or ""."""
        if chain.lesser:
            return chain.lesser
        if self._startup.holds(chain.instance, chain.start):
            return "while the application starts or stops"
        if chain.instance in self._alone:
            return "where nothing else runs on the loop"
        return self.aside(chain.instance, chain.hit.target.effect or "")

    def aside(self, instance: Instance, effect: str = "") -> str:
        """Say why what a function does matters less: start-up, tests, scripts; or ""."""
        if instance in self._startup.settled:
            return "while the application starts or stops"
        kind = self.root(instance).kind
        if kind == "command line" or (kind in ("main", "coroutine") and effect == "input"):
            return "in a command-line program"
        if effect in _SHORT and instance in self._commanded:
            return "in a command-line program"
        entry = self.entries.get(self.graph.instances[instance][0])
        if entry is not None and entry.kind == "test":
            return "in a test or a script"
        defines = self.files.heads[self.graph.file_index(instance)].defines
        if all(name in defines for name in _MIGRATION):
            return "in a migration"
        return "in a test or a script" if self.is_beside(self.graph.path(instance)) else ""

    def is_beside(self, path: str) -> bool:
        """Tell whether a file holds tests, scripts or examples."""
        folders, _, name = path.rpartition("/")
        return not _SCRIPTS.isdisjoint(folders.split("/")) or bool(_SCRIPT.match(name))

    @cached_property
    def lifetimes(self) -> Lifetimes:
        """Return what answers when functions run."""
        return Lifetimes(self)

    @cached_property
    def clients(self) -> Clients:
        """Return what follows clients from where they are made."""
        return Clients(self)

    @cached_property
    def keeping(self) -> Keeping:
        """Return what finds clients that are kept and never closed."""
        return Keeping(self)

    @cached_property
    def services(self) -> Services:
        """Return what answers which expressions make clients and services."""
        return Services(self.typing)


def _takes_starlette(file: Head) -> bool:
    """Tell whether a module imports FastAPI or Starlette at its top."""
    return not {"fastapi", "starlette"}.isdisjoint(file.tops)
