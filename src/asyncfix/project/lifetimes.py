"""When functions run: for each request, or only while a program starts or stops."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.places import Called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asyncfix.findings import Root
    from asyncfix.project.edges import Edge
    from asyncfix.project.program import Project
    from asyncfix.project.roots import Entry

    Fits = Callable[[int, int], bool]  # a call, by its file and node

_MOST_NAMESAKES = 200  # calls by one name, beyond which it says nothing
_ONCE = frozenset(("test", "command line"))
_PARSERS = frozenset(("argparse", "optparse", "docopt", "fire"))
_SERVING = frozenset(("endpoint", "websocket", "middleware", "handler"))


class Lifetimes:
    """Answers for functions by number, in a project whose graph has grown."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._spared: dict[int, bool] = {}

    @cached_property
    def serves(self) -> bool:
        """Tell whether the project has any async code, or a web framework."""
        project = self.project
        if project.typing.asynchronous:
            return True
        roots = [each for each in project.packs.library.roots if each.kind in _SERVING]
        told = [name for each in roots for name in (*each.decorators, *each.bases, *each.calls)]
        return not {name.partition(".")[0] for name in told}.isdisjoint(project.files.imports)

    def fid(self, file: int, function: int) -> int:
        """Return the number of a function."""
        return self.project.typing.first_function[file] + function

    def callers(self, fid: int) -> set[int]:
        """Return the functions that call, await or start a function."""
        graph, found = self.project.graph, set[int]()
        for number in self._numbers.get(fid, ()):
            edges = (graph.into, graph.spawned, self._from_aside)
            for each in edges:
                found |= {graph.instances[edge.caller][0] for edge in each.get(number, ())}
        return found

    @cached_property
    def _from_aside(self) -> dict[int, list[Edge]]:
        """Return the calls of functions that do not stop the loop, by what they call."""
        found: dict[int, list[Edge]] = {}
        for edges in self.project.graph.aside:
            for edge in edges:
                found.setdefault(edge.callee, []).append(edge)
        return found

    @cached_property
    def _numbers(self) -> dict[int, list[int]]:
        """Return the instances of each function, the first one first."""
        _ = self.project.chains
        found: dict[int, list[int]] = {}
        for number, (fid, _) in enumerate(self.project.graph.instances):
            found.setdefault(fid, []).append(number)
        return found

    def spares(self, fid: int) -> bool:
        """Tell whether a function runs only while a program starts or stops, or beside it."""
        found = self._spared.get(fid)
        if found is None:
            self._spared[fid] = False  # for who asks by way of itself
            found = self._spared[fid] = self._runs_once(fid, {fid})
        return found

    def _runs_once(self, fid: int, seen: set[int]) -> bool:
        project = self.project
        path = project.files.paths[project.typing.functions.file(fid)]
        entry = project.entries.get(fid)
        if project.is_beside(path) or (entry and (entry.startup or entry.kind in _ONCE)):
            return True
        if entry is not None:
            return entry.kind == "main" and self._is_program(fid)
        if project.typing.functions.sign(fid).parent < 0:
            return True  # the module's own code
        callers = self.callers(fid) | {
            self.fid(each.file, each.function) for each in self.calls_of(fid)
        }
        if not callers and self._is_command(fid):
            return True
        callers -= seen
        seen |= callers
        return bool(callers) and self._all_once(callers, seen)

    def _is_program(self, fid: int) -> bool:
        """Tell whether a coroutine with a loop of its own is a program's, and no job of many.

        Only the module's own code, commands, what these call, and plain functions that take
        nothing start it.
        """
        for file, top in self._starters(fid):
            function, entry = self.project.files[file].functions[top], self._entry(file, top)
            is_told = entry is not None and entry.kind in _ONCE
            is_job = bool(function.params or function.decorators) and function.parent == 0
            if is_job and not is_told and not self.spares(self.fid(file, top)):
                return False
        return True

    def is_command(self, fid: int) -> bool:
        """Tell whether only commands of a command-line program start a coroutine."""
        found = [self._entry(*place) for place in self._starters(fid)]
        return all(entry is not None and entry.kind == "command line" for entry in found)

    def _starters(self, fid: int) -> Iterator[tuple[int, int]]:
        """Yield the functions of modules and classes that call a function, or that it is in."""
        functions = self.project.typing.functions
        places = [(each.file, each.function) for each in self.calls_of(fid)]
        if not places or functions.sign(fid).parent > 0:
            places.append((functions.file(fid), functions.sign(fid).parent))
        for file, at in places:
            own, top = self.project.files[file].functions, at
            while own[top].parent > 0:
                top = own[top].parent
            yield file, top

    def _entry(self, file: int, function: int) -> Entry | None:
        return self.project.entries.get(self.fid(file, function))

    def _is_command(self, fid: int) -> bool:
        """Tell whether a plain function that nothing calls is a command of a program."""
        file = self.project.typing.functions.file(fid)
        is_plain = fid not in self.project.typing.asynchronous
        return is_plain and not _PARSERS.isdisjoint(self.project.files.heads[file].imports)

    def _all_once(self, callers: Iterable[int], seen: set[int]) -> bool:
        """Tell whether all callers are spared, tests and scripts aside."""
        project = self.project
        home = project.typing.functions.file
        real = [each for each in callers if not project.is_beside(project.files.paths[home(each)])]
        return bool(real) and all(self._runs_once(each, seen) for each in real)

    def calls_of(self, fid: int) -> list[Called]:
        """Return the places outside tests at which a function is called, as far as is known."""
        home = self.project.typing.functions.file(fid)
        return self.project.callers.places("calls", fid, home, partial(self._calls_of, fid))

    def _calls_of(self, fid: int) -> Iterator[Called]:
        typing = self.project.typing
        name, reaches = typing.functions[fid][1].name, typing.calls.reaches

        def fits(file: int, node: int) -> bool:
            types = typing.of(file, typing.files[file].nodes[node][1])
            return any(reaches(each, fid) is not None for each in types)

        if name and typing.index.count(name) <= _MOST_NAMESAKES:
            yield from self.named(name, fits)

    def constructions(self, cls: int, *, bare: bool = False) -> list[Called]:
        """Return the places that construct a class; with `bare` those that pass nothing."""
        typing = self.project.typing

        def fits(file: int, node: int) -> bool:
            parts = typing.files[file].nodes[node]
            is_bare = not (parts[2] or parts[3])
            return ("C", cls) in typing.of(file, parts[1]) and (is_bare or not bare)

        def answer() -> Iterator[Called]:
            return self.named(typing.classes[cls][1].name, fits)

        question, home = "constructs bare" if bare else "constructs", typing.classes.file(cls)
        return self.project.callers.places(question, cls, home, answer)

    def named(self, name: str, fits: Fits) -> Iterator[Called]:
        """Yield the places outside tests where something of a name is called that fits."""
        for file in self.project.typing.index.calling(name, tests=False):
            yield from self.named_in(file, name, fits)

    def named_in(self, file: int, name: str, fits: Fits) -> Iterator[Called]:
        """Yield the places of a file where something of a name is called that fits."""
        nodes = self.project.files[file].calls[name]
        yield from self.sites(file, {node for node in nodes if fits(file, node)})

    def sites(self, file: int, nodes: set[int]) -> Iterator[Called]:
        """Yield the places at which some calls of a file stand."""
        for index, function in enumerate(self.project.files[file].functions if nodes else ()):
            sites = function.sites
            for at in range(0, len(sites), facts.SITE):
                if sites[at] <= facts.AWAITS and sites[at + 1] in nodes:
                    yield Called(file, index, *sites[at + 1 : at + facts.SITE])

    def repeats(self, place: Called) -> bool:
        """Tell whether a place lies in a loop."""
        loops = self.project.files[place.file].functions[place.function].loops
        return any(
            loops[at + 1] <= place.start < loops[at + 2]
            and not loops[at + 3] <= place.start < loops[at + 4]
            for at in range(0, len(loops), facts.LOOP)
        )

    def root(self, fid: int) -> Root:
        """Return the entry by which a function is reached, or the function itself."""
        project = self.project
        _ = project.chains
        number = project.graph.numbers.get((fid, -1))
        if number is None:
            number = next(iter(self._numbers.get(fid, ())), None)
        if number is not None:
            return project.root(number)
        return project.root_of(fid)
