"""Where a type comes from, in words: what says that `self.repo` is a `UserRepository`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asyncfix.facts import Function
    from asyncfix.project.graph import Graph
    from asyncfix.project.types import Type, Types
    from asyncfix.source import Text

_DEEPEST = 6
_MOST = 3
_WITHIN = {
    facts.AWAIT: "awaited: ",
    facts.ELEMENT: "an element of what is ",
    facts.AELEMENT: "an element of what is ",
    facts.ENTERED: "entered by `with`: ",
    facts.AENTERED: "entered by `async with`: ",
    facts.ITEM: "an item of what is ",
    facts.UNPACKED: "unpacked from what is ",
    facts.BINARY: "",
}


class Origins:
    """Tells where types come from; `at` writes a place: file and byte offset."""

    def __init__(
        self, graph: Graph, text: Callable[[str], Text], at: Callable[[str, int], str]
    ) -> None:
        self.graph = graph
        self.typing = graph.typing
        self.files = graph.files
        self.text = text
        self.at = at
        self.places: dict[int, dict[int, list[tuple[int, int]]]] = {}

    def name(self, each: Type) -> str:
        """Write a type as its users do."""
        kind = each[0]
        if kind in "IC":
            name = self.typing.classes[each[1]][1].qualname
            return f"`{name}`" if kind == "I" else f"the class `{name}`"
        if kind == "V":
            decorator = self.typing.functions[each[3]][1].qualname
            return f"{self.names(each[2])}, decorated with `{decorator}`"
        if kind in "FM":
            return f"`{self.short(each[1])}`"
        if kind in "XE":
            return f"`{each[1].removeprefix('builtins.')}`"
        if kind in "GA":
            return f"the generator `{self.short(each[1])}`"
        if kind == "K":
            return f"the context manager `{self.short(each[1])}`"
        if kind == "P":
            return f"the module `{self.typing.modules.name(each[1])}`"
        if kind == "D":
            return f"the package `{each[1]}`"
        if kind == "W":
            return "an awaitable"
        return (
            "a tuple"
            if kind == "T"
            else "a method of a container"
            if kind == "B"
            else "a list or dict"
        )

    def short(self, fid: int) -> str:
        """Return a function's name within its module."""
        return self.typing.functions[fid][1].qualname.replace("<locals>.", "")

    def names(self, types: Types) -> str:
        """Write alternatives of a type; `x.add(…)` makes a container of anything, at the worst."""
        types = tuple(each for each in types if each[0] != "S") or types
        names = list(dict.fromkeys(map(self.name, types)))
        more = f" or {len(names) - _MOST} more" if len(names) > _MOST else ""
        return " or ".join(names[:_MOST]) + more

    def of(self, file: int, node: int, self_class: int = -1, near: int = 0, depth: int = 0) -> str:
        """Say where an expression's type comes from; `near` is an offset that it is used at."""
        parts = self.files[file].nodes[node]
        kind = parts[0]
        if depth > _DEEPEST:
            return ""
        if kind == facts.UNION:
            found = [self.of(file, each, self_class, near, depth + 1) for each in parts[1]]
            return "; ".join([each for each in dict.fromkeys(found) if each][:_MOST])
        if kind in _WITHIN:
            inner = self.of(file, parts[1], self_class, near, depth + 1)
            return f"{_WITHIN[kind]}{inner}" if inner else ""
        if kind == facts.OUTER:
            captured = self.files[file].functions[parts[1]].captured.get(parts[2], ())
            return next((s for n in captured if (s := self.of(file, n, -1, near, depth + 1))), "")
        tells: dict[int, Callable[..., str]] = {
            facts.PARAM: self._param,
            facts.ATTR: self._attribute,
            facts.GLOBAL: self._global,
            facts.IMPORT: self._import,
            facts.CALL: self._call,
            facts.ANNOTATED: self._annotated,
        }
        tell = tells.get(kind)
        return tell(file, node, parts, self_class, near) if tell else ""

    def _param(self, file: int, node: int, parts: Sequence[Any], *_: int) -> str:
        function: Function = self.files[file].functions[parts[1]]
        param = function.params[parts[2]]
        where = f"`{function.qualname}` ({self._in(file, function.start)})"
        if parts[2] == 0 and function.flags & facts.METHOD:
            return ""
        if self.typing.annotations.of(file, param.annotation, -1, function.owner):
            return f"annotated in {where}"
        if param.default and self.typing.of(file, node):
            return f"by the default in {where}"
        if self.typing.of(file, node):
            return f"passed by the callers of {where}"
        told = "annotation says too little" if param.annotation else "has no annotation"
        return f"the parameter `{param.name}` of {where} {told}, and no caller tells"

    def _attribute(
        self, file: int, _node: int, parts: Sequence[Any], self_class: int, near: int
    ) -> str:
        bases = self.typing.of(file, parts[1], self_class)
        for each in bases:
            if each[0] in "IC":
                return self._set(each[1], parts[2])
            if each[0] == "P":
                return self._named(each[1], parts[2])
            if each[0] in "EX":
                return self._elsewhere(file, parts) or f"an attribute of {self.name(each)}"
        why = self.of(file, parts[1], self_class, near, 1) if not bases else ""
        return why or self._elsewhere(file, parts)

    def _elsewhere(self, file: int, parts: Sequence[Any]) -> str:
        base = self.files[file].nodes[parts[1]]
        last = base[2] if base[0] == facts.ATTR else base[1] if base[0] == facts.GLOBAL else ""
        for at, *_ in self.typing.index.sets.get(f"{last}.{parts[2]}", ()):
            found = self._rows(at, rf"\b{re.escape(str(last))}\.{parts[2]}\s*=[^=]", 0, -1)
            if found:
                return f"set in {found}"
        return ""

    def _set(self, cls: int, name: str) -> str:
        """Say where a class, or one above it, sets an attribute."""
        for each in self.typing.hierarchy.order(cls)[0]:
            file, facts_of = self.typing.classes[each]
            if name in facts_of.methods:
                start = self.files[file].functions[facts_of.methods[name]].start
                return f"a property of `{facts_of.qualname}` ({self._in(file, start)})"
            if name in facts_of.attributes:
                pattern = rf"\b(?:self|cls)\.{name}\b\s*(?::[^=\n]*)?=[^=]|^\s+{name}\s*[:=]"
                rows = self._rows(file, pattern, facts_of.start, facts_of.end)
                return f"set in {rows}" if rows else f"set in `{facts_of.qualname}`"
        known = f"nothing in `{self.typing.classes[cls][1].qualname}` sets `{name}`"
        return "" if self.typing.members.of_instance(cls, name) else known

    def _global(self, file: int, _node: int, parts: Sequence[Any], *_: int) -> str:
        return self._named(file, parts[1])

    def _import(self, file: int, _node: int, parts: Sequence[Any], *_: int) -> str:
        return self._defined(self.typing.modules.imported(file, parts[1], parts[2]), parts[1])

    def _named(self, file: int, name: str) -> str:
        return self._defined(self.typing.modules.lookup(file, name), name)

    def _defined(self, definitions: Sequence[Sequence[Any]], name: str) -> str:
        last = name.rpartition(".")[2]
        for each in definitions:
            if each[0] == "N":
                parts = self.files[each[1]].nodes[each[2]]
                if parts[0] in (facts.FUNCTION, facts.CLASS):
                    return f"defined in {self._start(each[1], parts)}"
                names = [n for n, v in self.files[each[1]].names.items() if each[2] in v] or [last]
                rows = self._rows(each[1], rf"^\s*{re.escape(names[0])}\s*[:=]", 0, -1)
                return (
                    f"set in {rows}" if rows else f"set in {self.at(self.files[each[1]].path, 0)}"
                )
            if each[0] == "X":
                return f"imported from `{each[1]}`" if "." in str(each[1]) else "imported"
        return f"nothing in the project defines `{last}`" if not definitions else ""

    def _start(self, file: int, parts: Sequence[Any]) -> str:
        each = self.files[file]
        table: Sequence[Any] = each.functions if parts[0] == facts.FUNCTION else each.classes
        return self.at(each.path, table[parts[1]].start)

    def _call(self, file: int, node: int, parts: Sequence[Any], self_class: int, near: int) -> str:
        place = self._site(file, node, near)
        where = f" in {self.at(self.files[file].path, place[0])}" if place else ""
        callees = self.typing.of(file, parts[1], self_class)
        for each in callees:
            if each[0] == "C":
                return f"made{where}"
            if each[0] in "FMV":
                at, function = self.typing.functions[each[1]]
                return f"returned by `{function.qualname}` ({self._in(at, function.start)})"
            if each[0] == "X":
                return f"returned by {self.name(each)}{where}"
        if callees:
            return f"returned by the call{where}"
        why = self.of(file, parts[1], self_class, near, 1)
        return f"the call{where} gives something unknown" + (f": {why}" if why else "")

    def _annotated(self, file: int, _node: int, parts: Sequence[Any], *rest: int) -> str:
        if self.typing.annotations.of(file, parts[1]):
            return "annotated where it is set"
        return self.of(file, parts[2], *rest) if parts[2] else ""

    # Places

    def _in(self, file: int, offset: int) -> str:
        return f"{self.at(self.files[file].path, offset)}"

    def _site(self, file: int, node: int, near: int) -> tuple[int, int] | None:
        """Return the last place before an offset where a node runs, or the first one."""
        places = self.places.get(file)
        if places is None:
            places = self.places[file] = {}
            for function in self.files[file].functions:
                for at in range(0, len(function.sites), facts.SITE):
                    found = places.setdefault(function.sites[at + 1], [])
                    found.append((function.sites[at + 2], function.sites[at + 3]))
        mine = sorted(places.get(node, ()))
        before = [each for each in mine if each[0] <= near]
        return before[-1] if before else mine[0] if mine else None

    def _rows(self, file: int, pattern: str, start: int, end: int) -> str:
        """Write the places at which a pattern matches in a stretch of a file."""
        path = self.files[file].path
        found = list(dict.fromkeys(self._matches(path, pattern, start, end)))
        more = f" and {len(found) - _MOST} more places" if len(found) > _MOST else ""
        return ", ".join(found[:_MOST]) + more

    def _matches(self, path: str, pattern: str, start: int, end: int) -> Iterator[str]:
        data = self.text(path).data
        code = data[start : end if end >= 0 else len(data)]
        for match in re.finditer(pattern.encode(), code, re.MULTILINE):
            blank = len(match[0]) - len(match[0].lstrip())
            yield self.at(path, start + match.start() + blank)
