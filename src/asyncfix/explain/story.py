"""What is told of a place or a function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.explain.items import Items
from asyncfix.explain.reading import clipped
from asyncfix.explain.runs import MOST, Site, listed
from asyncfix.explain.ways import Way, Ways
from asyncfix.findings import AsyncfixError, Location
from asyncfix.syntax import Syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.packs import Condition
    from asyncfix.project.edges import Edge, Hit, Instance
    from asyncfix.project.types import Type, Types

_MOST_CHAINS = 30
_VERBS = {"property": "reads", "with": "enters", "iterate": "iterates over"}
_SOURCE = re.compile(
    r"` is .*, (set|made|annotated|passed|by the default|a property|an attr|return)"
)
_IMPLICIT = {
    "__iter__": "iterates over",
    "__next__": "iterates over",
    "__enter__": "enters",
    "__exit__": "leaves",
    "__getitem__": "reads an item of",
    "__setitem__": "sets an item of",
    "__contains__": "searches",
}


class Story(Ways, Items):
    """Tells of a place or a function, line by line."""

    def place(self, path: str, row: int, column: int) -> list[str]:
        """Tell of each thing that runs in a row, or of the one at a column."""
        text = self.text(path)
        shown = self.places.shown(path)
        rows = len(text.data.splitlines())
        if not 1 <= row <= rows:
            raise AsyncfixError(f"{shown} has {rows} row{'s' if rows != 1 else ''}, not {row}")
        file = self.project.files.paths.index(path)
        if self.project.files[file].error:
            raise AsyncfixError(f"{shown} cannot be parsed: {self.project.files[file].error}")
        sites = self._sites(file, row, column)
        if not sites:
            return self._nothing(file, row)
        lines: list[str] = []
        for fid in dict.fromkeys(site.fid for site in sites):
            lines += [*([""] if lines else []), f"{shown}:{row}  {self._runs(fid)[0]}"]
            lines += [f"  {each}" for each in self._runs(fid)[1:]]
            for site in sites:
                if site.fid == fid:
                    lines += ["", *self._site(site)]
        return lines

    def _sites(self, file: int, row: int, column: int) -> list[Site]:
        text = self.text(self.project.files[file].path)
        first = text.starts[row - 1]
        last = text.starts[row] if row < len(text.starts) else len(text.data)
        found = {(each.start, each.end): each for each in self._all_sites(file, first, last)}
        mine = [each for each in found.values() if first <= each.start < last]
        mine = mine or [each for each in found.values() if first < each.end <= last]
        if column:
            prefix = text.line(row)[: column - 1].encode()
            at = first + len(prefix)
            around = [each for each in found.values() if each.start <= at < each.end]
            exact = [each for each in around if each.start == at]
            mine = sorted(exact or around, key=lambda each: each.end - each.start)[:1]
        return sorted(mine, key=lambda each: (each.start, -each.end))

    def _all_sites(self, file: int, first: int, last: int) -> Iterator[Site]:
        """Yield what runs around some rows; of all that is no call only what runs code."""
        for index, function in enumerate(self.project.files[file].functions):
            if function.start >= last or function.end <= first:
                continue
            fid = self.typing.first_function[file] + index
            told = self._told(fid)
            for flat in (function.reads, function.sites):
                for at in range(0, len(flat), facts.SITE):
                    kind, node, start, end, _ = flat[at : at + facts.SITE]
                    if kind <= facts.AWAITS or (start, end) in told:
                        yield Site(fid, kind, node, start, end)

    def _told(self, fid: int) -> set[tuple[int, int]]:
        """Return the places of a function at which code of the project or a sink runs."""
        graph, numbers = self.graph, self._instances(fid)
        edges = {(edge.start, edge.end) for number in numbers for edge in graph.edges[number]}
        return edges | {(hit.start, hit.end) for number in numbers for hit in graph.hits[number]}

    def _nothing(self, file: int, row: int) -> list[str]:
        """Tell of the function that a row belongs to, where the row calls nothing."""
        path = self.project.files[file].path
        starts = self.text(path).starts
        offset = starts[row - 1] + len(self.text(path).line(row)) - 1
        inside = [
            (function.end - function.start, index)
            for index, function in enumerate(self.project.files[file].functions)
            if index and function.start <= offset < function.end
        ]
        fid = self.typing.first_function[file] + (min(inside)[1] if inside else 0)
        head = f"{self.places.shown(path)}:{row}  calls nothing"
        if not inside:
            return [f"{head}, and is no part of a function."]
        if self.start(fid) == f"{self.places.shown(path)}:{row}":
            return self.function(fid)
        return [f"{head}; it is part of:", *self.function(fid)]

    def _site(self, site: Site) -> list[str]:
        path = self._path(site.fid)
        place = self.places.at(Location(path, site.start, site.end))
        lines = [f"{place.row}:{place.column}  {self._code(path, site.start, site.end)}"]
        lines += self._resolved(site.fid, site)
        ways = self._ways(site.fid, site)
        live = [way for way in ways if way.guards is not None]
        if live:
            lines += [self._verdict(site, live), *self._chains(live, site)]
        else:
            lines += self._silence(site, ways)
        lines += self.per_item(site)
        return [f"  {lines[0]}", *(f"    {each}" for each in lines[1:])]

    def _verdict(self, site: Site, ways: Sequence[Way]) -> str:
        count = f"{len(ways)} chain{'s' if len(ways) > 1 else ''}"
        if not self._on_loop(site.fid):
            return f"silent: not on the loop; there it would block, by {count}:"
        if not self._enters(site.fid):
            return f"blocks, by {count}; reported where a coroutine first steps this way:"
        key = next((k for k in self._keys(site) if k in self.reported), None)
        if key is None:
            return f"blocks, by {count}, but goes with another call that is reported:"
        reason = self.project.lowered(self.reported[key])
        less = f"; only info, because it happens {reason}" if reason else ""
        return f"blocks the event loop, by {count}{less}:"

    def _keys(self, site: Site) -> list[tuple[Instance, int, int]]:
        return [(number, site.start, site.end) for number in self._instances(site.fid)]

    def _resolved(self, fid: int, site: Site) -> list[str]:
        """Say how the receiver and the name of a call were resolved."""
        file = self.typing.functions[fid][0]
        nodes = self.project.files[file].nodes
        parts = nodes[site.node]
        self_class = self._self_class(fid)
        syntax = Syntax(self.text(self._path(fid)).data)
        code, owner = syntax.callee(Location(self._path(fid), site.start, site.end))
        if not code:
            types = self.typing.of(file, site.node, self_class)
            origin = self.origins.of(file, site.node, self_class, site.start)
            return [self._is(self._code(self._path(fid), site.start, site.end), types, origin)]
        callee = nodes[parts[1]]
        lines = []
        if callee[0] == facts.ATTR and owner not in {"self", "cls", "super()"}:
            types = self.typing.of(file, callee[1], self_class)
            if not types or any(each[0] != "X" or each[2] for each in types):
                origin = self.origins.of(file, callee[1], self_class, site.start)
                lines.append(self._is(owner, types, origin))
        types = self.typing.of(file, parts[1], self_class)
        name = code.rpartition(".")[2] if owner else code
        if types and f"`{code}`" != self.origins.names(types):
            lines.append(f"`{clipped(name)}` is {self._defined(types)}")
        elif types:
            pass
        elif not lines:
            origin = self.origins.of(file, parts[1], self_class, site.start)
            lines.append(self._is(code, (), origin))
        return lines

    def _defined(self, types: Types) -> str:
        """Name what is called, with the place of its definition if there is one alone."""
        name = self.origins.names(types)
        if len(types) == 1 and types[0][0] == "V" and types[0][2]:
            return f"{name} ({self.start(types[0][2][0][1])})"
        if len(types) == 1 and types[0][0] in "FM":
            return f"{name}, defined in {self.start(types[0][1])}"
        if len(types) == 1 and types[0][0] == "C":
            file, each = self.typing.classes[types[0][1]]
            return f"{name}, defined in {self.at(self.project.files[file].path, each.start)}"
        return name

    def _self_class(self, fid: int) -> int:
        return self.graph.instances[self._instances(fid)[0]][1]

    def _is(self, code: str, types: Types, origin: str) -> str:
        name = self.origins.names(types) if types else "unknown"
        comma = ": " if not types else ", "
        return f"`{clipped(code)}` is {name}{comma + origin if origin else ''}"

    def _chains(self, ways: Sequence[Way], site: Site | None = None) -> Iterator[str]:
        told: set[tuple[int, int, int]] = {(site.fid, site.start, site.end)} if site else set()
        for index, way in enumerate(ways[:_MOST_CHAINS], start=1):
            hit = way.hit
            name = " or ".join(way.names)
            severity = self.project.severity(hit.target)
            yield f"{index}. {name} ({hit.target.effect}, {severity}){self._only(way)}"
            for edge in way.edges:
                verb = _VERBS.get(edge.kind, "calls")
                callee = self._short(self.graph.instances[edge.callee][0])
                yield from self._hop(edge, f"{verb} `{callee}`", told)
            yield from self._hop(hit, _sink(way.names[0]), told)
        if len(ways) > _MOST_CHAINS:
            sinks = sorted({way.hit.name for way in ways[_MOST_CHAINS:]})
            yield f"… and {len(ways) - _MOST_CHAINS} more chains, to {listed(sinks)}"

    def _hop(self, step: Edge | Hit, words: str, told: set[tuple[int, int, int]]) -> Iterator[str]:
        """Tell one hop, and how it was resolved when it comes up for the first time."""
        fid = self.graph.instances[step.caller][0]
        path = self._path(fid)
        yield f"     {self.places.at(Location(path, step.start, step.end))}  {words}"
        key = (fid, step.start, step.end)
        parts = self.graph.file(step.caller).nodes[step.node]
        if key in told or parts[0] != facts.CALL:
            return
        told.add(key)
        site = Site(fid, facts.CALLS, step.node, step.start, step.end)
        for line in self._resolved(fid, site):
            if _SOURCE.search(line):
                yield f"       {line}"

    def _silence(self, site: Site, ways: Sequence[Way]) -> list[str]:
        """Say why a place is not reported."""
        if ways:
            return [f"silent: {self._contradiction(ways[0])}"]
        file = self.typing.functions[site.fid][0]
        parts = self.project.files[file].nodes[site.node]
        if parts[0] != facts.CALL:
            return ["silent: this runs nothing that is known to block"]
        types = self.typing.of(file, parts[1], self._self_class(site.fid))
        if not types:
            return ["silent: what is called is unknown, and the unknown is never reported"]
        return [f"silent: {each}" for each in dict.fromkeys(self._why(t, site) for t in types)]

    def _why(self, each: Type, site: Site) -> str:
        """Say why a call of this type does not block."""
        name = self.origins.name(each)
        kind = each[0]
        if kind in "FMV":
            return self._why_own(each[1], site)
        if kind == "C":
            return f"{name} has no code that is known to block when it is made"
        if kind not in "XE":
            return f"{name} is not known to block"
        library = self.typing.library
        if each[1] in self.graph.trusted:
            return f"{name} is trusted never to block"
        if each[1] in library.offloads:
            return f"{name} runs what it is handed in a thread or a process"
        owner = each[2] if kind == "X" else each[1]
        target = self.typing.outside.target(owner, each[1])
        if target is None:
            return f"no rule says that {name} blocks"
        if site.kind == facts.AWAITS:
            return f"{name} is awaited, so it leaves the loop to others"
        when, unless = target.conditions
        return f"{name} blocks only {_conditions(when, unless)}"

    def _why_own(self, fid: int, site: Site) -> str:
        function = self.typing.functions[fid][1]
        name = self._short(fid)
        if self.graph.qualname(fid) in self.graph.trusted:
            return f"`{name}` is trusted never to block"
        if function.contract:
            return f"`{name}` is marked `# asyncfix: {function.contract}`"
        if function.flags & facts.ASYNC:
            how = "awaited" if site.kind == facts.AWAITS else "run later as a task"
            count = sum(self.graph.instances[c.instance][0] == fid for c in self.project.chains)
            found = "does not block itself"
            if count:
                places = f"{count} place{'s' if count > 1 else ''}"
                found = f"blocks at {places} of its own (`asyncfix why {self._name(fid)}`)"
            return f"`{name}` is a coroutine, {how}; it {found}"
        if function.flags & facts.GENERATOR:
            return f"`{name}` is a generator: its code runs where it is iterated"
        return f"`{name}` calls nothing that is known to block"

    def function(self, fid: int) -> list[str]:
        """Tell where a function runs, who calls it, and every chain from it."""
        function = self.typing.functions[fid][1]
        what = "coroutine" if function.flags & facts.ASYNC else "plain function"
        if function.flags & facts.ASYNC and function.flags & facts.GENERATOR:
            what = "async generator"
        elif function.flags & facts.GENERATOR:
            what = "generator"
        lines = [f"{self._name(fid)}  ({what}, {self.start(fid)})"]
        if self._on_loop(fid):
            lines.append("  runs on the loop")
            lines += _section("reached from", self._roots(fid))
            handed = [f"`{by}` at {at}" for by, at in self._handed(fid)]
            lines += _section("also handed to a thread by", handed)
            lines += _section("called by", self._called_by(fid))
        else:
            lines.append("  does not run on the loop:")
            lines += [f"    {each}" for each in self._elsewhere(fid)]
        ways = [way for way in self._ways(fid) if way.guards is not None]
        if not ways:
            return [*lines, "  nothing in it is known to block"]
        verb = "blocks" if self._on_loop(fid) else "would block"
        lines.append(f"  {verb}, by {len(ways)} chain{'s' if len(ways) > 1 else ''}:")
        return [*lines, *(f"    {each}" for each in self._chains(ways))]


def _section(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = [f"    … and {len(names) - MOST} more"] if len(names) > MOST else []
    return [f"  {title}:", *(f"    {name}" for name in names[:MOST]), *more]


def _conditions(when: Sequence[Condition], unless: Sequence[Condition]) -> str:
    told = [f"if {_spelled(each)}" for each in when] + [
        f"unless {_spelled(each)}" for each in unless
    ]
    return " and ".join(told) if told else "where it is called directly"


def _spelled(condition: Condition) -> str:
    name = f"`{condition.name}`" if condition.name else f"argument {condition.at + 1}"
    return (
        f"{name} {condition.operator} {condition.value}"
        if condition.operator
        else f"{name} is given"
    )


def _sink(name: str) -> str:
    """Say what is done to what blocks in the end."""
    owner, _, member = name.rpartition(".")
    verb = _IMPLICIT.get(member)
    return f"{verb} `{owner}`" if verb else f"calls `{name}`"
