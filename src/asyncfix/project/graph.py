"""Who calls whom without awaiting: edges between functions, and the calls that block themselves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from asyncfix import facts, packs
from asyncfix.project.callbacks import Callbacks
from asyncfix.project.callees import Callees
from asyncfix.project.edges import Asked, Edge, Hit, Site
from asyncfix.project.guards import Tests
from asyncfix.project.implicit import Implicit
from asyncfix.project.readings import Extent, Keys, recall
from asyncfix.project.sinks import Sinks
from asyncfix.project.trace import Memo
from asyncfix.project.wanted import Wanted, last

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from asyncfix.facts import FileFacts, Function
    from asyncfix.packs import Query, Target
    from asyncfix.project.edges import CalledParam, Guards, Here, Instance
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.files import Files, Sign
    from asyncfix.project.readings import Reading
    from asyncfix.project.types import Types

_RULE_OF = {"lock": "blocking-wait", "metadata": "blocking-file"}
_ELSEWHERE = frozenset(("nonblocking", "runs-in-thread"))
_THROUGH = (facts.ENTERED, facts.ELEMENT, facts.UNPACKED, facts.AWAIT, facts.LEFT)


class Graph:
    """The part of the call graph that code on the loop reaches, built on demand.

    `recalled` holds what an earlier run has read and what still holds.
    """

    def __init__(
        self,
        typing: Typing,
        trusted: frozenset[str] = frozenset(),
        rules: frozenset[str] = frozenset(),
    ) -> None:
        self.typing = typing
        self.files: Files = typing.files
        self.rules = rules
        self.trusted = trusted | typing.library.trusted
        told = (*self.trusted, *typing.library.own, *typing.library.offloads)
        self._told = frozenset(map(last, told))
        self.numbers: dict[tuple[int, int], Instance] = {}
        self.instances: list[tuple[int, int]] = []
        self.edges: list[list[Edge]] = []
        self.hits: list[list[Hit]] = []
        self.into: dict[Instance, list[Edge]] = {}
        self.spawned: dict[Instance, list[Edge]] = {}
        self.asked: list[list[Asked]] = []
        self.aside: list[list[Edge]] = []  # into threads, into oneself, past a decorator
        self.called_params: defaultdict[Instance, list[CalledParam]] = defaultdict(list)
        self.resolved_params: set[tuple[int, int, int, int]] = set()
        self.unresolved: list[tuple[int, int, int]] = []
        self.promised: dict[str, Target] = {}
        self.spawns: list[list[Edge]] = []
        self.recalled: Mapping[tuple[int, int], Reading] = {}
        self.extents: dict[Instance, Extent] = {}
        self.queue: list[Instance] = []
        self._dead = Memo(typing.trace, self._contradicts, lambda _: False)
        self.wanted = Wanted(typing)
        self.keys = Keys(self)
        self.sinks = Sinks(self)
        self.implicit = Implicit(self)
        self.callbacks = Callbacks(self)
        self.callees = Callees(self)
        self.tests = Tests(self)

    def function(self, number: Instance) -> Function:
        """Return the function of an instance."""
        return self.typing.functions[self.instances[number][0]][1]

    def file_index(self, number: Instance) -> int:
        """Return the index of the file that an instance is written in."""
        return self.typing.functions.file(self.instances[number][0])

    def file(self, number: Instance) -> FileFacts:
        """Return the file that an instance is written in."""
        return self.files[self.file_index(number)]

    def path(self, number: Instance) -> str:
        """Return the path of the file that an instance is written in."""
        return self.files.paths[self.file_index(number)]

    def is_async(self, number: Instance) -> bool:
        """Tell whether an instance is of an `async def`."""
        return self.instances[number][0] in self.typing.asynchronous

    def qualname(self, fid: int) -> str:
        """Return the full dotted name of a function."""
        functions = self.typing.functions
        return f"{self.typing.modules.name(functions.file(fid))}.{functions.sign(fid).qualname}"

    # Growing

    def grow(self, roots: Iterable[int]) -> None:
        """Read every function that the roots reach without awaiting."""
        for fid in roots:
            self.instance(fid)
        while self.queue:
            while self.queue:
                self._read(self.queue.pop())
            self.callbacks.pass_on()

    def instance(self, fid: int, self_class: int = -1) -> Instance:
        """Return the number of a function seen from one class, and queue it to be read."""
        key = (fid, self_class)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.instances)
            self.instances.append(key)
            self.edges.append([])
            self.hits.append([])
            self.spawns.append([])
            self.asked.append([])
            self.aside.append([])
            self.queue.append(number)
        return number

    def _read(self, number: Instance) -> None:
        known = self.recalled.get(self.instances[number]) if self.recalled else None
        if known is not None:
            recall(self, number, known)
            return
        fid, self_class = self.instances[number]
        file, function = self.typing.functions[fid]
        before, trace = len(self.unresolved), self.typing.trace
        trace.mask = trace.bits[file]
        if function.contract not in _ELSEWHERE:
            here = (number, file, self_class)
            self._read_sites(here, function.sites)
            self._read_attributes(here, function.reads)
        if trace.kept:
            self._measure(number, before)

    def _measure(self, number: Instance, before: int) -> None:
        """Note how much came of reading a function, after `before` unresolved calls."""
        trace = self.typing.trace
        self.extents[number] = Extent(
            trace.number(trace.mask),
            len(self.edges[number]),
            len(self.spawns[number]),
            len(self.hits[number]),
            len(self.called_params.get(number, ())),
            [each[1:] for each in self.unresolved[before:]],
            len(self.asked[number]),
            len(self.aside[number]),
        )

    def _read_sites(self, here: Here, sites: Sequence[int]) -> None:
        nodes, wanted, read = self.files[here[1]].nodes, self.wanted, self.callees.read
        for place in zip(*[iter(sites)] * facts.SITE, strict=True):
            kind, node = place[:2]
            if place[4] and self._dead((here[0], place[4])):
                continue
            if kind <= facts.AWAITS:
                read(here, place, nodes)
            elif kind == facts.SETS:
                if nodes[node][2] in wanted.setters:
                    self.implicit.set_property(Site(*here, *place))
            elif kind != facts.SETS_ITEM or kind in wanted.dunders:
                self.implicit.read(Site(*here, *place))

    def _contradicts(self, place: tuple[Instance, int]) -> bool:
        """Tell whether the class of `self` contradicts a guard, or the guard keeps loops out."""
        number, guard = place
        return any(
            test == facts.NO_LOOP
            or (test.startswith(facts.OVERRIDES) and self._overrides(number, test) == (not wanted))
            for _, test, wanted in self.file(number).guards[guard]
        )

    def _overrides(self, number: Instance, test: str) -> bool | None:
        """Tell whether `self` has another method of a name than a class that code names."""
        file, self_class = self.file_index(number), self.instances[number][1]
        hierarchy = self.typing.hierarchy
        name, node = test.removeprefix(facts.OVERRIDES).split(":")
        owner = self.function(number).owner
        mine = self_class if self_class >= 0 else self.typing.first_class[file] + owner
        bases = [each[1] for each in self.typing.of(file, int(node)) if each[0] == "C"]
        if owner < 0 or not bases:
            return None
        return hierarchy.method(mine, name) != hierarchy.method(bases[0], name)

    def _read_attributes(self, here: Here, reads: Sequence[int]) -> None:
        nodes, wanted = self.files[here[1]].nodes, self.wanted
        for place in zip(*[iter(reads)] * facts.SITE, strict=True):
            kind = place[0]
            if kind == facts.READS:
                if nodes[place[1]][2] in wanted.properties:
                    self.implicit.read_property(Site(*here, *place))
            elif kind in wanted.dunders:
                self.implicit.read(Site(*here, *place))

    def site(self, number: Instance, node: int, start: int, end: int) -> Site:
        """Return a call within an instance, under no guards."""
        self_class = self.instances[number][1]
        return Site(number, self.file_index(number), self_class, facts.CALLS, node, start, end)

    def guards(self, site: Site) -> Guards:
        """Return the guards under which a site runs."""
        return self.files[site.file].guards[site.guard] if site.guard else ()

    def hit(self, site: Site, target: Target, name: str, guards: Guards = ()) -> None:
        """Note a call that blocks, if some guards hold."""
        origins = dict.fromkeys(_origins(self.files[site.file].nodes, site.node, 0))
        if target.rule == "blocking-file":
            opened = (each for each in origins if not target.apart and self._opens(site, each))
            origins = dict.fromkeys(opened)
        every = (*self.guards(site), *guards)
        hit = Hit(site.caller, target, name, *site[4:7], every, tuple(origins))
        self.hits[site.caller].append(hit)

    def _opens(self, site: Site, node: int) -> bool:
        """Tell whether a call gives an open file, not names of files or what was in one."""
        if self.files[site.file].nodes[node][0] != facts.CALL:
            return False
        types, is_value = self.typing.of(site.file, node), self.typing.outside.is_value
        return any(each[0] == "E" and not is_value(each[1]) for each in types)

    def ask(self, site: Site, query: Query, name: str) -> None:
        """Note a call that goes to a store."""
        awaited = site.kind == facts.AWAITS
        asked = Asked(site.caller, query, name, *site[4:7], self.guards(site), awaited)
        self.asked[site.caller].append(asked)

    def edge_aside(
        self, site: Site, fid: int, self_class: int, *, bound: bool, kind: str, inner: Types = ()
    ) -> None:
        """Note a call that does not stop the loop: in a thread, or what a decorator wraps."""
        self.typing.read(fid)
        function = self.typing.functions.seen(fid)
        if function.contract not in _ELSEWHERE and not function.flags & facts.GENERATOR:
            own = -1 if function.flags & facts.ASYNC else self_class
            edge = self._edge(site, self.instance(fid, own), bound=bound, kind=kind, inner=inner)
            self.aside[site.caller].append(edge)

    def edge(
        self,
        site: Site,
        fid: int,
        self_class: int = -1,
        *,
        bound: bool,
        awaited: bool = False,
        kind: str = "call",
        inner: Types = (),
        runs: bool = False,
    ) -> None:
        """Note a call of a function; a generator's code runs only where it is iterated."""
        self.typing.read(fid)
        function = self.typing.functions.seen(fid)
        runs = runs or not function.flags & facts.GENERATOR
        if function.contract in _ELSEWHERE or not (
            runs or (awaited and function.flags & facts.ASYNC)
        ):
            return
        qualname = self.qualname(fid) if function.name in self._told else ""
        if qualname and (qualname in self.trusted or qualname in self.typing.library.offloads):
            return
        target = self._promised(function) if function.contract else None
        if qualname and qualname in self.typing.library.own:
            target = self.typing.library.targets[qualname]
        if target is not None and not awaited:
            self.hit(site, target, qualname or self.qualname(fid))
        elif function.flags & facts.ASYNC:
            callee, kind = self.instance(fid), "await" if awaited else "task"
            edge = self._edge(site, callee, bound=bound, kind=kind, inner=inner)
            self.spawns[site.caller].append(edge)
            self.spawned.setdefault(callee, []).append(edge)
        else:
            callee = self.instance(fid, self_class)
            edge = self._edge(site, callee, bound=bound, kind=kind, inner=inner)
            if callee != site.caller:
                self.edges[site.caller].append(edge)
                self.into.setdefault(callee, []).append(edge)
            else:
                self.aside[callee].append(edge)

    def _edge(self, site: Site, callee: Instance, *, bound: bool, kind: str, inner: Types) -> Edge:
        return Edge(site.caller, callee, *site[4:7], self.guards(site), bound, kind, inner)

    def _promised(self, function: Sign | Function) -> Target | None:
        """Return the target that `# asyncfix: blocking[…]` on a function makes of it."""
        if not function.contract.startswith("blocking["):
            return None
        effect = function.contract[9:-1]
        rule = _RULE_OF.get(effect, f"blocking-{effect}")
        if rule not in self.rules:
            return None
        target = packs.Target(rule=rule, effect=effect)  # type: ignore[arg-type]
        return self.promised.setdefault(effect, target)


def _origins(nodes: Sequence[Sequence[Any]], node: int, depth: int) -> Iterator[int]:
    """Yield the expressions that a call's receiver and first argument come from."""
    if depth > 8:
        return
    parts = nodes[node]
    kind = parts[0]
    below: list[int] = []
    if kind == facts.CALL:
        callee = nodes[parts[1]]
        below = [callee[1]] if callee[0] == facts.ATTR else []
        below += [each for each in parts[2][:2] if each > 0]
    elif kind == facts.UNION:
        below = list(parts[1])
    elif kind in _THROUGH or (kind == facts.ATTR and parts[2] != "name"):
        below = [parts[1]]
    elif kind == facts.ANNOTATED:
        below = [parts[2]]
    for each in below:
        yield each
        yield from _origins(nodes, each, depth + 1)
