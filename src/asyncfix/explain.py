"""Explains a place or a function: how names were resolved, every chain, or why it is silent."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.findings import AsyncfixError, Location
from asyncfix.output.places import Places
from asyncfix.project.chains import carried
from asyncfix.project.origins import Origins
from asyncfix.source import Text
from asyncfix.syntax import Syntax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from asyncfix.facts import Class, Function
    from asyncfix.packs import Condition
    from asyncfix.project.graph import Edge, Guards, Hit, Instance
    from asyncfix.project.program import Project
    from asyncfix.project.types import Type, Types

_PLACE = re.compile(r"(?P<path>.+?):(?P<row>\d+)(?::(?P<column>\d+))?\Z")
_MOST = 10
_MOST_CHAINS = 30
_MOST_PATHS = 20_000
_LONGEST = 60
_DEEPEST = 3
_SOURCE = re.compile(
    r"` is .*, (set|made|annotated|passed|by the default|a property|an attr|return)"
)
_VERBS = {"property": "reads", "with": "enters", "iterate": "iterates over"}


class _Site(NamedTuple):
    """Something that runs at a place of a file: a call, an iteration, a `with`, a look-up."""

    fid: int
    kind: int
    node: int
    start: int
    end: int


class _Way(NamedTuple):
    """A chain from a place to a call that blocks; `guards` is None where arguments rule it out."""

    edges: tuple[Edge, ...]
    hit: Hit
    guards: Guards | None


def explain(project: Project, target: str, root: Path) -> list[str]:
    """Return what is to be said of `path:row[:column]` or of a function, line by line.

    Raise AsyncfixError if there is no such place or function, or more than one.
    """
    story = _Story(project, root)
    place = _PLACE.match(target)
    if place:
        path = _found_path(project, place["path"], story)
        return story.place(path, int(place["row"]), int(place["column"] or 0))
    return story.function(_found_function(project, target, story))


# What is meant


def _found_path(project: Project, name: str, story: _Story) -> str:
    """Return the path in the project that a user's path, or the end of one, means."""
    paths = [file.path for file in project.files]
    try:
        relative = os.path.relpath(name, story.root).replace(os.sep, "/")
    except ValueError:
        relative = name
    if relative in paths:
        return relative
    tail = name.replace(os.sep, "/").removeprefix("./")
    ends = [path for path in paths if path == tail or path.endswith(f"/{tail}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        shown = [story.places.shown(path) for path in ends]
        raise AsyncfixError(f"`{name}` is more than one file: {_listed(shown)}")
    shown = [story.places.shown(path) for path in paths]
    close = get_close_matches(tail, shown, 3, 0.6)
    raise AsyncfixError(f"no Python file `{name}` in the project{_meant(close)}")


def _found_function(project: Project, name: str, story: _Story) -> int:
    graph = project.graph
    wanted = name.removesuffix("()")
    table: dict[str, list[int]] = {}
    for fid, (_, function) in enumerate(project.typing.functions):
        if function.name not in {"<module>", "<lambda>"}:
            table.setdefault(_plain(graph.qualname(fid)), []).append(fid)
    exact = table.get(wanted)
    names = [wanted] if exact else [each for each in table if each.endswith(f".{wanted}")]
    found = [fid for each in names for fid in table[each]]
    if len(found) == 1:
        return found[0]
    if not found:
        found = list(_class(project, wanted))
        if len(found) == 1:
            return found[0]
        raise AsyncfixError(_unknown(project, name, table))
    places = [f"{_plain(graph.qualname(fid))} ({story.start(fid)})" for fid in found]
    raise AsyncfixError(f"`{name}` is {len(found)} functions: {_listed(places)}")


def _class(project: Project, name: str) -> Iterator[int]:
    """Yield what making an instance of a class of this name runs."""
    typing = project.typing
    for cls, (file, each) in enumerate(typing.classes):
        full = f"{typing.modules.name(file)}.{each.qualname}"
        if full == name or full.endswith(f".{name}"):
            fid = typing.constructor(cls, "__init__")
            if fid < 0:
                methods = [f"{name}.{method}" for method in each.methods]
                raise AsyncfixError(
                    f"`{name}` is a class without code to run; {_meant(methods)[2:]}"
                )
            yield fid


def _unknown(project: Project, name: str, table: Iterable[str]) -> str:
    names = list(table)
    last = name.rpartition(".")[2]
    close = get_close_matches(name, names, 3, 0.6)
    tails = {each.rpartition(".")[2] for each in names}
    near = get_close_matches(last, sorted(tails), 2, 0.75)
    close += [each for each in names if each.rpartition(".")[2] in near][:3]
    library = project.packs.library
    if name in library.targets or name in library.reads:
        return f"`{name}` is not the project's; `asyncfix check` shows who calls it"
    return f"no function `{name}` in the project{_meant(close)}"


def _plain(qualname: str) -> str:
    return qualname.replace("<locals>.", "")


def _meant(names: Sequence[str]) -> str:
    names = [f"`{name}`" for name in dict.fromkeys(names)][:_MOST]
    return f"; did you mean {' or '.join(names)}?" if names else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


# What is told


class _Story:  # noqa: PLR0904 - one subject, told part by part
    """Lines about a linked project, which is read further where nothing on the loop leads."""

    def __init__(self, project: Project, root: Path) -> None:
        self.project = project
        self.graph = project.graph
        self.typing = project.typing
        self.texts: dict[str, Text] = {}
        self.root = root
        prefix = os.path.join(os.path.relpath(root), "")  # noqa: PTH118 - the slash is wanted
        self.places = Places(self.text, prefix)
        self.origins = Origins(self.graph, self.text, self.at)
        self.reported = {(c.instance, c.start, c.end): c for c in project.chains}
        self.reached = len(self.graph.instances)
        for number in range(min(1, self.reached)):
            project.root(number)  # the ways from the roots are noted before more is read

    # Places

    def text(self, path: str) -> Text:
        """Return the text of a file of the project."""
        if path not in self.texts:
            self.texts[path] = Text.read(self.root, path)
        return self.texts[path]

    def at(self, path: str, offset: int) -> str:
        """Write a place as `path:row`."""
        place = self.places.at(Location(path, offset, offset))
        return f"{place.path}:{place.row}"

    def start(self, fid: int) -> str:
        """Write where a function is defined."""
        file, function = self.typing.functions[fid]
        return self.at(self.project.files[file].path, function.start)

    def _code(self, path: str, start: int, end: int) -> str:
        return _clipped(" ".join(self.text(path).data[start:end].decode(errors="replace").split()))

    def _path(self, fid: int) -> str:
        return self.project.files[self.typing.functions[fid][0]].path

    def _short(self, fid: int) -> str:
        return self.origins.short(fid)

    def _name(self, fid: int) -> str:
        return _plain(self.graph.qualname(fid))

    # A place

    def place(self, path: str, row: int, column: int) -> list[str]:
        """Tell of each thing that runs in a row, or of the one at a column."""
        text = self.text(path)
        shown = self.places.shown(path)
        if not 1 <= row <= len(text.starts):
            raise AsyncfixError(f"{shown} has {len(text.starts)} rows, not {row}")
        file = next(n for n, each in enumerate(self.project.files) if each.path == path)
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

    def _sites(self, file: int, row: int, column: int) -> list[_Site]:
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

    def _all_sites(self, file: int, first: int, last: int) -> Iterator[_Site]:
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
                        yield _Site(fid, kind, node, start, end)

    def _told(self, fid: int) -> set[tuple[int, int]]:
        graph = self.graph
        return {
            (each.start, each.end)
            for number in self._instances(fid)
            for each in (*graph.edges[number], *graph.hits[number])
        }

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

    def _site(self, site: _Site) -> list[str]:
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
        return [f"  {lines[0]}", *(f"    {each}" for each in lines[1:])]

    def _verdict(self, site: _Site, ways: Sequence[_Way]) -> str:
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

    def _keys(self, site: _Site) -> list[tuple[Instance, int, int]]:
        return [(number, site.start, site.end) for number in self._instances(site.fid)]

    # Where a function runs

    def _instances(self, fid: int) -> list[Instance]:
        """Return a function as it is seen from each class; it is read now if it never was."""
        found = [n for n, (each, _) in enumerate(self.graph.instances) if each == fid]
        if not found:
            self.graph.grow([fid])
            found = [self.graph.numbers[fid, -1]]
            self.__dict__.pop("_leads", None)
        return found

    def _on_loop(self, fid: int) -> bool:
        return any(number < self.reached for number in self._instances(fid))

    def _enters(self, fid: int) -> bool:
        """Tell whether the loop runs a function itself, not through a sync call."""
        is_async = bool(self.typing.functions[fid][1].flags & facts.ASYNC)
        return is_async or fid in self.project.on_loop

    def _runs(self, fid: int) -> list[str]:
        """Say what a function is and where it runs."""
        function = self.typing.functions[fid][1]
        if function.name == "<module>":
            return ["runs when the module is imported, before the loop or once"]
        what = "coroutine" if function.flags & facts.ASYNC else "plain function"
        what = "lambda" if function.flags & facts.LAMBDA else what
        if function.contract:
            return [f"in {what} `{self._short(fid)}`, marked `# asyncfix: {function.contract}`"]
        if self._on_loop(fid):
            roots = self._roots(fid)
            told = f"in {what} `{self._short(fid)}`, on the loop"
            if not roots and function.flags & facts.ASYNC:
                return [f"{told}; what starts it is not known"]
            return [told + (f"; reached from {_listed(roots)}" if roots else "")]
        return [f"in {what} `{self._short(fid)}`, not on the loop", *self._elsewhere(fid)]

    def _elsewhere(self, fid: int, depth: int = 0) -> list[str]:
        """Say where a function runs that the loop never comes to."""
        lines = []
        entry = self.project.entries.get(fid)
        if entry:
            lines.append(f"runs in a thread: {entry.kind} {entry.name} ({self.start(fid)})")
        lines += [f"runs in a thread: handed to `{by}` at {at}" for by, at in self._handed(fid)]
        callers = self._callers(fid)
        for caller, where in callers[:_MOST]:
            above = self._elsewhere(caller, depth + 1) if depth < _DEEPEST else []
            told = f", which {above[0]}" if above and not self._on_loop(caller) else ""
            lines.append(f"is called at {where} by `{self._short(caller)}`{told}")
        if len(callers) > _MOST:
            lines.append(f"is called from {len(callers) - _MOST} more places")
        return lines or ["has no caller that is known"]

    def _roots(self, fid: int) -> list[str]:
        """Return every entry by which the loop comes to a function."""
        graph, entries = self.graph, self.project.entries
        queue = [number for number in self._instances(fid) if number < self.reached]
        seen, found = set(queue), {}
        while queue:
            number = queue.pop(0)
            at = graph.instances[number][0]
            enters = self._enters(at)
            edges = graph.spawned.get(number, []) if enters else graph.into.get(number, [])
            above = [edge.caller for edge in edges if edge.caller < self.reached]
            if enters and (at in entries or not above):
                found[at] = None
                above = [] if at in entries else above
            fresh = [each for each in dict.fromkeys(above) if each not in seen]
            seen.update(fresh)
            queue += fresh
        return [self._root(at) for at in found if at != fid or at in entries]

    def _root(self, fid: int) -> str:
        entry = self.project.entries.get(fid)
        if entry is None:
            return f"coroutine {self.typing.functions[fid][1].qualname} ({self.start(fid)})"
        name = entry.name if entry.method or entry.path else f"{entry.kind} {entry.name}"
        return f"{name} ({self.start(fid)})"

    @cached_property
    def _calls(self) -> dict[str, list[_Site]]:
        """Return every call of the project by the last name of what is called."""
        found: dict[str, list[_Site]] = {}
        for fid, (file, function) in enumerate(self.typing.functions):
            each, sites = self.project.files[file], function.sites
            for at in range(0, len(sites), facts.SITE):
                if sites[at] <= facts.AWAITS:
                    name = _last(
                        each.functions, each.classes, each.nodes[each.nodes[sites[at + 1]][1]]
                    )
                    found.setdefault(name, []).append(_Site(fid, *sites[at : at + 4]))
        return found

    def _callers(self, fid: int) -> list[tuple[int, str]]:
        """Return the functions that call a function, by what the index tells of the names."""
        function = self.typing.functions[fid][1]
        names = {function.name}
        if function.name in {"__init__", "__new__"} and function.owner >= 0:
            owner = self.typing.first_class[self.typing.functions[fid][0]] + function.owner
            below = (owner, *self.typing.subclasses.get(owner, ()))
            names = {self.typing.classes[each][1].name for each in below}
        found = []
        for site in [each for name in sorted(names) for each in self._calls.get(name, ())]:
            file = self.typing.functions[site.fid][0]
            types = self.typing.of(file, self.project.files[file].nodes[site.node][1])
            if any(self.typing.reaches(each, fid) is not None for each in types):
                found.append((site.fid, self.at(self.project.files[file].path, site.start)))
        return list(dict.fromkeys(found))

    def _handed(self, fid: int) -> list[tuple[str, str]]:
        """Return the callables that move a function to a thread, and where they are called."""
        offloads = self.typing.library.offloads
        names = {name.rpartition(".")[2] for name in offloads}
        found = []
        for site in [each for name in sorted(names) for each in self._calls.get(name, ())]:
            file = self.typing.functions[site.fid][0]
            each = self.project.files[file]
            parts = each.nodes[site.node]
            for callee in self.typing.of(file, parts[1]):
                if callee[0] == "X" and callee[1] in offloads:
                    given = [node for node in (*parts[2], *parts[4]) if node > 0]
                    types = [t for node in given for t in self.typing.of(file, node)]
                    if any(t[0] in "FM" and t[1] == fid for t in types):
                        found.append((callee[1], self.at(each.path, site.start)))
        return list(dict.fromkeys(found))

    # Resolution

    def _resolved(self, fid: int, site: _Site) -> list[str]:
        """Say how the receiver and the name of a call were resolved."""
        file = self.typing.functions[fid][0]
        nodes = self.project.files[file].nodes
        parts = nodes[site.node]
        self_class = self._self_class(fid)
        if parts[0] != facts.CALL:
            types = self.typing.of(file, site.node, self_class)
            origin = self.origins.of(file, site.node, self_class, site.start)
            return [self._is(self._code(self._path(fid), site.start, site.end), types, origin)]
        syntax = Syntax(self.text(self._path(fid)).data)
        code, owner = syntax.callee(Location(self._path(fid), site.start, site.end))
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
            lines.append(f"`{_clipped(name)}` is {self._defined(types)}")
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
        return f"`{_clipped(code)}` is {name}{comma + origin if origin else ''}"

    # Chains

    @cached_property
    def _leads(self) -> set[Instance]:
        """Return the functions that reach a call that blocks."""
        graph = self.graph
        found = {number for number, hits in enumerate(graph.hits) if hits}
        queue = list(found)
        while queue:
            callers = {edge.caller for edge in graph.into.get(queue.pop(), ())} - found
            found |= callers
            queue += callers
        return found

    def _ways(self, fid: int, site: _Site | None = None) -> list[_Way]:
        """Return every chain from a function, or from one place in it: worst and shortest first."""
        found: dict[object, _Way] = {}
        for number in self._instances(fid):
            for way in self._ways_from(number, site):
                steps = ((edge.start, edge.end, edge.callee) for edge in way.edges)
                key = (*steps, way.hit.name, way.hit.start, way.hit.end)
                if key not in found or found[key].guards is None:
                    found[key] = way
        severity = self.project.severity
        return sorted(
            found.values(), key=lambda way: (severity(way.hit.target).rank, len(way.edges))
        )

    def _ways_from(self, number: Instance, site: _Site | None) -> Iterator[_Way]:
        graph, leads = self.graph, self._leads
        for hit in graph.hits[number]:
            if site is None or (hit.start, hit.end) == (site.start, site.end):
                yield _Way((), hit, hit.guards)
        queue = [
            (edge,)
            for edge in graph.edges[number]
            if edge.callee in leads
            and (site is None or (edge.start, edge.end) == (site.start, site.end))
        ]
        for path in queue:  # grows while it is read
            last = path[-1].callee
            yield from (_Way(path, hit, self._guards(path, hit)) for hit in graph.hits[last])
            if len(queue) < _MOST_PATHS:
                seen = {number, *(edge.callee for edge in path)}
                onward = (e for e in graph.edges[last] if e.callee in leads - seen)
                queue += [(*path, edge) for edge in onward]

    def _guards(self, path: Sequence[Edge], hit: Hit) -> Guards | None:
        """Return what must hold in the caller for a chain to run; None if its arguments forbid."""
        guards: Guards | None = hit.guards
        for edge in reversed(path):
            if guards is None:
                return None
            guards = carried(self.graph, edge, guards)
        return guards

    def _chains(self, ways: Sequence[_Way], site: _Site | None = None) -> Iterator[str]:
        told: set[tuple[int, int, int]] = {(site.fid, site.start, site.end)} if site else set()
        for index, way in enumerate(ways[:_MOST_CHAINS], start=1):
            hit = way.hit
            name = hit.name.removeprefix("builtins.").removesuffix(".__init__")
            severity = self.project.severity(hit.target)
            yield f"{index}. {name} ({hit.target.effect}, {severity}){self._only(way)}"
            for edge in way.edges:
                verb = _VERBS.get(edge.kind, "calls")
                callee = self._short(self.graph.instances[edge.callee][0])
                yield from self._hop(edge, f"{verb} `{callee}`", told)
            yield from self._hop(hit, f"calls `{name}`", told)
        if len(ways) > _MOST_CHAINS:
            sinks = sorted({way.hit.name for way in ways[_MOST_CHAINS:]})
            yield f"… and {len(ways) - _MOST_CHAINS} more chains, to {_listed(sinks)}"

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
        site = _Site(fid, facts.CALLS, step.node, step.start, step.end)
        for line in self._resolved(fid, site):
            if _SOURCE.search(line):
                yield f"       {line}"

    def _only(self, way: _Way) -> str:
        first = way.edges[0].caller if way.edges else way.hit.caller
        told = [self._condition(self.graph.function(first), guard) for guard in way.guards or ()]
        return f", only if {' and '.join(told)}" if told else ""

    def _condition(self, function: Function, guard: tuple[int, int, bool]) -> str:
        param, test, wanted = guard
        name = function.params[param].name if param < len(function.params) else "?"
        words = ("is None", "is not None") if test == facts.NONE else ("is true", "is false")
        return f"`{name}` {words[0] if wanted else words[1]}"

    # Silence

    def _silence(self, site: _Site, ways: Sequence[_Way]) -> list[str]:
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
        return [
            f"silent: {each}" for each in dict.fromkeys(self._why(t, site, parts) for t in types)
        ]

    def _contradiction(self, way: _Way) -> str:
        """Say which call passes an argument that keeps a chain from running."""
        name = way.hit.name.removeprefix("builtins.")
        guards: Guards | None = way.hit.guards
        for edge in reversed(way.edges):
            outer = carried(self.graph, edge, guards or ())
            if outer is None:
                callee = self.graph.function(edge.callee)
                told = " and ".join(self._condition(callee, guard) for guard in guards or ())
                where = self.at(self.graph.file(edge.caller).path, edge.start)
                return (
                    f"`{name}` runs only if {told} in `{callee.qualname}`, "
                    f"and the call at {where} says otherwise"
                )
            guards = outer
        return f"the arguments rule `{name}` out"

    def _why(self, each: Type, site: _Site, parts: Sequence[object]) -> str:  # noqa: PLR0911
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

    def _why_own(self, fid: int, site: _Site) -> str:
        function = self.typing.functions[fid][1]
        name = self._short(fid)
        if self.graph.qualname(fid) in self.graph.trusted:
            return f"`{name}` is trusted never to block"
        if function.contract:
            return f"`{name}` is marked `# asyncfix: {function.contract}`"
        if function.flags & facts.ASYNC:
            how = "awaited" if site.kind == facts.AWAITS else "run later as a task"
            count = sum(self.graph.instances[c.instance][0] == fid for c in self.project.chains)
            found = f"blocks at {count} places of its own" if count else "does not block itself"
            return f"`{name}` is a coroutine, {how}; it {found} (`asyncfix why {self._name(fid)}`)"
        if function.flags & facts.GENERATOR:
            return f"`{name}` is a generator: its code runs where it is iterated"
        return f"`{name}` calls nothing that is known to block"

    # A function

    def _called_by(self, fid: int) -> list[str]:
        return [f"`{self._short(caller)}` ({where})" for caller, where in self._callers(fid)]

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
    more = [f"    … and {len(names) - _MOST} more"] if len(names) > _MOST else []
    return [f"  {title}:", *(f"    {name}" for name in names[:_MOST]), *more]


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


def _last(functions: Sequence[Function], classes: Sequence[Class], parts: Sequence[Any]) -> str:
    """Return the last name of an expression that is called."""
    kind = parts[0]
    if kind in (facts.ATTR, facts.OUTER):
        return str(parts[2])
    if kind == facts.FUNCTION:
        return functions[parts[1]].name
    if kind == facts.CLASS:
        return classes[parts[1]].name
    return str(parts[1]).rpartition(".")[2] if kind in (facts.GLOBAL, facts.IMPORT) else ""


def _clipped(code: str) -> str:
    """Leave out the middle of long code: its end says what is called."""
    half = _LONGEST // 2
    return code if len(code) <= _LONGEST else f"{code[:half]} … {code[-half:]}"
