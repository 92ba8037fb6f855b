"""Where a function runs: on the loop, from which roots, or in a thread."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.explain.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.facts import Class, Function

MOST = 10
_DEEPEST = 3


class Site(NamedTuple):
    """Something that runs at a place of a file: a call, an iteration, a `with`, a look-up."""

    fid: int
    kind: int
    node: int
    start: int
    end: int


class Runs(Reading):
    """Tells where a function runs, and who starts it."""

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
            return [told + (f"; reached from {listed(roots, 3)}" if roots else "")]
        return [f"in {what} `{self._short(fid)}`, not on the loop", *self._elsewhere(fid)]

    def _elsewhere(self, fid: int, depth: int = 0) -> list[str]:
        """Say where a function runs that the loop never comes to."""
        lines = []
        entry = self.project.entries.get(fid)
        if entry:
            lines.append(f"runs in a thread: {entry.kind} {entry.name} ({self.start(fid)})")
        lines += [f"runs in a thread: handed to `{by}` at {at}" for by, at in self._handed(fid)]
        callers = self._callers(fid)
        for caller, where in callers[:MOST]:
            above = self._elsewhere(caller, depth + 1) if depth < _DEEPEST else []
            told = f", which {above[0]}" if above and not self._on_loop(caller) else ""
            lines.append(f"is called at {where} by `{self._short(caller)}`{told}")
        if len(callers) > MOST:
            lines.append(f"is called from {len(callers) - MOST} more places")
        return lines or ["has no caller that is known"]

    def _roots(self, fid: int) -> list[str]:
        """Return every entry by which the loop comes to a function."""
        graph, entries = self.graph, self.project.entries
        queue = [number for number in self._instances(fid) if number in self.reached]
        seen = set(queue)
        found: dict[int, None] = {}
        while queue:
            number = queue.pop(0)
            at = graph.instances[number][0]
            enters = self._enters(at)
            edges = graph.spawned.get(number, []) if enters else graph.into.get(number, [])
            above = [edge.caller for edge in edges if edge.caller in self.reached]
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
    def _calls(self) -> dict[str, list[Site]]:
        """Return every call of the project by the last name of what is called."""
        found: dict[str, list[Site]] = {}
        for fid, (file, function) in enumerate(self.typing.functions):
            each, sites = self.project.files[file], function.sites
            for at in range(0, len(sites), facts.SITE):
                if sites[at] <= facts.AWAITS:
                    name = _last(
                        each.functions, each.classes, each.nodes[each.nodes[sites[at + 1]][1]]
                    )
                    found.setdefault(name, []).append(Site(fid, *sites[at : at + 4]))
        return found

    def _callers(self, fid: int) -> list[tuple[int, str]]:
        """Return the functions that call a function, by what the index tells of the names."""
        function = self.typing.functions[fid][1]
        names = {function.name}
        if function.name in {"__init__", "__new__"} and function.owner >= 0:
            owner = self.typing.first_class[self.typing.functions[fid][0]] + function.owner
            below = (owner, *self.typing.hierarchy.subclasses.get(owner, ()))
            names = {self.typing.classes[each][1].name for each in below}
        found = []
        for site in [each for name in sorted(names) for each in self._calls.get(name, ())]:
            file = self.typing.functions[site.fid][0]
            types = self.typing.of(file, self.project.files[file].nodes[site.node][1])
            if any(self.typing.calls.reaches(each, fid) is not None for each in types):
                found.append((site.fid, self.at(self.project.files[file].path, site.start)))
        return list(dict.fromkeys(found))

    def _called_by(self, fid: int) -> list[str]:
        return [f"`{self._short(caller)}` ({where})" for caller, where in self._callers(fid)]

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


def listed(names: Sequence[str], most: int = MOST) -> str:
    """Write some names in a row."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _last(functions: Sequence[Function], classes: Sequence[Class], parts: Sequence[Any]) -> str:
    """Return the last name of an expression that is called."""
    kind = parts[0]
    if kind in (facts.ATTR, facts.OUTER):
        return str(parts[2])
    if kind == facts.FUNCTION:
        return str(functions[parts[1]].name)
    if kind == facts.CLASS:
        return str(classes[parts[1]].name)
    return str(parts[1]).rpartition(".")[2] if kind in (facts.GLOBAL, facts.IMPORT) else ""
