"""What a call is given by name: keywords, dicts that are expanded, and the dicts within these."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node

_DEEPEST = 8
_MAKES_DICT = frozenset(("builtins.dict", "dict", "copy.copy", "copy.deepcopy"))


class Option(NamedTuple):
    """A value that reaches a call under a path of keys, such as `connect_args.timeout`.

    `holder` is the call or dict in which it stands under `key`.
    """

    path: str
    file: int
    node: int
    holder: int
    key: str


class Options(NamedTuple):
    """All that one call is given; `whole` tells that nothing else can reach it by name."""

    found: list[Option]
    whole: bool

    def get(self, path: str) -> list[Option]:
        """Return the values that are given under a path."""
        return [each for each in self.found if each.path == path]

    def below(self, key: str) -> Options:
        """Return what is given within one of the values, by the rest of its path."""
        found = [
            each._replace(path=each.path.removeprefix(f"{key}."))
            for each in self.found
            if each.path.startswith(f"{key}.")
        ]
        return Options(found, self.whole)


def given(typing: Typing, file: int, call: int) -> Options:
    """Return what a call is given, arguments by position under `@0`, `@1`, …."""
    reader = _Reader(typing)
    for at, value in enumerate(typing.files[file].nodes[call][2]):
        if value > 0:
            reader.found.append(Option(f"@{at}", file, value, call, f"@{at}"))
    reader.keywords(file, call, "", _DEEPEST)
    return Options(reader.found, reader.whole)


def held(typing: Typing, file: int, node: int) -> Options:
    """Return what a dict holds, such as the value of a variable."""
    reader = _Reader(typing)
    reader.expand(file, node, "", _DEEPEST)
    return Options(reader.found, reader.whole)


class _Reader:
    """Collects options, and notes where something may be given that cannot be told."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.whole = True
        self.found: list[Option] = []
        self._seen: set[tuple[int, int, str]] = set()

    def keywords(self, file: int, call: int, prefix: str, deep: int) -> None:
        """Note what a call is given by name."""
        parts = self.typing.files[file].nodes[call]
        for key, value in zip(parts[3], parts[4], strict=True):
            if key == "*":
                self.whole = False
            elif key == "**":
                self.expand(file, value, prefix, deep - 1)
            else:
                self._given(Option(prefix + key, file, value, call, key), deep)

    def _given(self, option: Option, deep: int) -> None:
        self.found.append(option)
        whole = self.whole
        self.expand(option.file, option.node, f"{option.path}.", deep - 1)
        self.whole = whole  # what a value holds further down hides no other one

    def expand(self, file: int, node: int, prefix: str, deep: int) -> None:
        """Note what a dict holds, wherever it was made, and what is put into it."""
        if (file, node, prefix) in self._seen:
            return
        self._seen.add((file, node, prefix))
        if deep <= 0 or node <= 0:
            self.whole = False
            return
        parts = self.typing.files[file].nodes[node]
        kind = parts[0]
        self._put(file, node, prefix, deep)
        if kind == facts.DICT and len(parts) > 2:
            self._entries(file, node, prefix, deep)
        elif kind == facts.UNION:
            for each in parts[1]:
                self.expand(file, each, prefix, deep - 1)
        elif kind == facts.ANNOTATED:
            self.expand(file, parts[2], prefix, deep - 1)
        elif kind == facts.CALL and self._makes_dict(file, parts):
            for each in parts[2]:
                self.expand(file, each, prefix, deep - 1)
            self.keywords(file, node, prefix, deep)
        elif kind != facts.EMPTY and not self._followed(file, parts, prefix, deep):
            self.whole = False

    def _entries(self, file: int, node: int, prefix: str, deep: int) -> None:
        _, values, keys = self.typing.files[file].nodes[node]
        for key, value in zip(keys.split("\x1f"), values, strict=True):
            if key == "**":
                self.expand(file, value, prefix, deep - 1)
            else:
                self._given(Option(prefix + key, file, value, node, key), deep)

    def _put(self, file: int, node: int, prefix: str, deep: int) -> None:
        """Note `options["key"] = value`, `options.update(…)` and `options.setdefault(…)`."""
        each = self.typing.files[file]
        for base, name, value, _ in each.sets:
            if base == node and name[:1] == "[":
                self._given(Option(prefix + name[1:-1], file, value, 0, name[1:-1]), deep)
        for method in ("update", "setdefault"):
            for call in each.calls.get(method, ()):
                parts = each.nodes[call]
                callee = each.nodes[parts[1]]
                if callee[0] != facts.ATTR or callee[1] != node:
                    continue
                if method == "update":
                    for argument in parts[2]:
                        self.expand(file, argument, prefix, deep - 1)
                elif len(parts[2]) > 1:
                    key = each.nodes[parts[2][0]]
                    if key[0] == facts.CONST:
                        self._given(Option(f"{prefix}{key[1]}", file, parts[2][1], call, ""), deep)

    def _makes_dict(self, file: int, parts: Node) -> bool:
        return any(each[1] in _MAKES_DICT for each in self.typing.of(file, parts[1]))

    def _followed(self, file: int, parts: Node, prefix: str, deep: int) -> bool:
        """Follow a name, an attribute or a call of the project to the dicts that it gives."""
        places = list(definitions(self.typing, file, parts))
        for at, node in places:
            self.expand(at, node, prefix, deep - 1)
        return bool(places)


def definitions(typing: Typing, file: int, parts: Node) -> Iterator[tuple[int, int]]:
    """Yield the expressions of the project, as file and node, that one may stand for."""
    kind = parts[0]
    if kind == facts.GLOBAL:
        for each in typing.modules.lookup(file, parts[1]):
            if each[0] == "N":
                yield int(str(each[1])), int(str(each[2]))
    elif kind == facts.ATTR:
        for owner in typing.of(file, parts[1]):
            if owner[0] in "IC":
                yield from _attribute(typing, owner[1], parts[2])
            elif owner[0] == "P":
                for each in typing.modules.lookup(owner[1], parts[2]):
                    if each[0] == "N":
                        yield int(str(each[1])), int(str(each[2]))
    elif kind == facts.CALL:
        for callee in typing.of(file, parts[1]):
            if callee[0] in "FM":
                at, function = typing.functions[callee[1]]
                yield from ((at, node) for node in function.results)


def _attribute(typing: Typing, cls: int, name: str) -> Iterator[tuple[int, int]]:
    """Yield what the nearest class that has an attribute gives to it."""
    for each in typing.hierarchy.order(cls)[0]:
        at, known = typing.classes[each]
        if name in known.attributes:
            yield from ((at, node) for node in known.attributes[name])
            return
        if name in known.methods:
            function = typing.files[at].functions[known.methods[name]]
            yield from ((at, node) for node in function.results)
            return
