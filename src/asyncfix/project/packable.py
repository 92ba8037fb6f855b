"""Which values msgpack gives back as they were: told by code, annotations and callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.program import Project
    from asyncfix.project.types import Node

_DEEPEST = 12
_SCALARS = frozenset(("str", "int", "float", "bool", "bytes", "None", "NoneType"))
_CONTAINERS = frozenset(("list", "dict", "List", "Dict"))
_LISTS = frozenset(("list", "List", "Sequence", "Iterable", "Collection"))
_DICTS = frozenset(("dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "TypedDict"))
_VAGUE = frozenset(("Any", "object", "T", ""))
_MADE = frozenset(  # what these builtins and functions give is one value of a plain kind
    "str int float bool bytes round len repr format hash ord time.time time.monotonic".split()  # noqa: SIM905 - a list has a line for each
)
_FILLED = frozenset(("list", "sorted", "dict"))
_PARSED = frozenset(("json.loads", "json.load", "orjson.loads"))


class Doubt(NamedTuple):
    """Why a value may come back as another one; `reason` is empty where nothing is known of it.

    `within` tells that it lies in a list or dict that is known, and only its own kind is not.
    """

    reason: str = ""
    within: bool = False


class Packable:
    """Answers whether values survive being packed; `files` are those that lists were met in."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing
        self.files: set[int] = set()

    def doubts(self, file: int, node: int, *, within: bool = False, depth: int = 0) -> list[Doubt]:
        """Return what speaks against a value."""
        if depth > _DEEPEST or node <= 0:
            return [Doubt("", within)]
        return list(
            self._doubts(
                file, self.typing.files[file].nodes[node], node, within=within, depth=depth
            )
        )

    def _doubts(
        self, file: int, parts: Node, node: int, *, within: bool, depth: int
    ) -> Iterator[Doubt]:
        kind = parts[0]
        if kind == facts.CONST:
            return
        if kind == facts.LITERAL:
            yield from self._named(str(parts[1]), within=within)
        elif kind == facts.EMPTY:
            return
        elif kind == facts.TUPLE:
            yield Doubt("a tuple, which would come back as a list")
        elif kind == facts.SEQUENCE:
            self.files.add(file)
            yield from self._each(file, parts[1], depth, within=True)
        elif kind == facts.DICT:
            if parts[1] and not (len(parts) > 2 and parts[2]):
                yield Doubt("a dict whose keys may be no texts")
            yield from self._each(file, parts[1], depth, within=True)
        elif kind == facts.UNION:
            yield from self._each(file, parts[1], depth, within=within)
        elif kind == facts.ANNOTATED:
            told = self._annotation(file, parts[1], within=within)
            yield from self._or_value(told, file, parts[2], within=within, depth=depth)
        elif kind == facts.PARAM:
            yield from self._given(file, parts, within=within, depth=depth)
        elif kind == facts.AWAIT:
            yield from self.doubts(file, parts[1], within=within, depth=depth + 1)
        elif kind == facts.CALL:
            yield from self._called(file, parts, node, within=within, depth=depth)
        else:
            yield from self._typed(file, node, within=within)

    def _each(
        self, file: int, nodes: tuple[int, ...], depth: int, *, within: bool
    ) -> Iterator[Doubt]:
        for each in nodes:
            if each > 0:
                yield from self.doubts(file, each, within=within, depth=depth + 1)

    def _or_value(
        self, told: list[Doubt], file: int, node: int, *, within: bool, depth: int
    ) -> Iterator[Doubt]:
        """Yield what an annotation says, unless the value tells more."""
        if any(not each.reason and each.within == within for each in told) and node > 0:
            yield from self.doubts(file, node, within=within, depth=depth + 1)
        else:
            yield from told

    # What is given and called

    def _given(self, file: int, parts: Node, *, within: bool, depth: int) -> Iterator[Doubt]:
        """Ask the annotation of a parameter, or else what callers pass."""
        function = self.typing.files[file].functions[parts[1]]
        param = function.params[parts[2]]
        told = self._annotation(file, param.annotation, within=within)
        if not any(not each.reason and each.within == within for each in told):
            yield from told
            return
        fid = self.typing.first_function[file] + parts[1]
        places = self.project.lifetimes.calls_of(fid)
        bound = 1 if function.owner >= 0 and not function.flags & facts.STATIC else 0
        found = [
            (each.file, self._argument(each.file, each.node, param.name, parts[2] - bound))
            for each in places
        ]
        if not found or not all(node for _, node in found):
            yield Doubt()
            return
        for at, node in found:
            yield from self.doubts(at, node, depth=depth + 1)

    def _argument(self, file: int, node: int, name: str, index: int) -> int:
        """Return what a call passes for a parameter; 0 where that is not seen."""
        parts = self.typing.files[file].nodes[node]
        named = dict(zip(parts[3], parts[4], strict=True))
        if name in named:
            return int(named[name])
        seen = 0 <= index < len(parts[2]) and -1 not in parts[2][: index + 1]
        return int(parts[2][index]) if seen else 0

    def _called(
        self, file: int, parts: Node, node: int, *, within: bool, depth: int
    ) -> Iterator[Doubt]:
        callees = self.typing.of(file, parts[1])
        functions = [each for each in callees if each[0] in "FM"]
        if functions and len(functions) == len(callees):
            for each in functions:
                yield from self._returned(each[1], within=within, depth=depth)
            return
        names = {str(each[1]).removeprefix("builtins.") for each in callees if each[0] == "X"}
        callee = self.typing.files[file].nodes[parts[1]]
        if not callees and callee[0] == facts.GLOBAL:
            names = {str(callee[1])}
        is_json = callee[0] == facts.ATTR and callee[2] == "json" and not parts[2]
        if names and names <= _MADE:
            return
        if is_json or (names and names <= _PARSED):
            return
        if names and names <= _FILLED:
            inner = tuple(parts[2][:1]) if names != {"dict"} else ()
            doubts = list(self._each(file, inner, depth, within=True)) or [Doubt("", within=True)]
            yield from doubts
            return
        if len(names) == 1 and _is_odd(next(iter(names))):
            yield from self._named(next(iter(names)), within=within)
            return
        yield from self._typed(file, node, within=within)

    def _returned(self, fid: int, *, within: bool, depth: int) -> Iterator[Doubt]:
        file, function = self.typing.functions[fid]
        told = self._annotation(file, function.returns, within=within)
        if function.yields:
            yield Doubt("a generator")
        elif any(not each.reason and each.within == within for each in told):
            results = tuple(each for each in function.results if each > 0)
            if not results:
                yield Doubt("", within)
            yield from self._each(file, results, depth, within=within)
        else:
            yield from told

    def _typed(self, file: int, node: int, *, within: bool) -> Iterator[Doubt]:
        """Ask what is known of the type of an expression."""
        types = self.typing.of(file, node)
        if not types:
            yield Doubt("", within)
        for each in types:
            if each[0] == "E":
                yield from self._named(str(each[1]), within=within)
            elif each[0] in "IC":
                yield Doubt(f"an object of `{self.typing.classes[each[1]][1].name}`")
            elif each[0] == "T":
                yield Doubt("a tuple, which would come back as a list")
            else:
                yield Doubt("", within or each[0] == "S")

    def _named(self, name: str, *, within: bool) -> Iterator[Doubt]:
        """Say what a type does, by its name."""
        last = name.removeprefix("builtins.").rpartition(".")[2]
        if last in _CONTAINERS:
            yield Doubt("", within=True)
        elif last in _VAGUE or name == "typing.Any":
            yield Doubt("", within)
        elif last == "tuple":
            yield Doubt("a tuple, which would come back as a list")
        elif last not in _SCALARS:
            yield Doubt(f"an object of `{last}`")

    # Annotations

    def _annotation(self, file: int, node: int, *, within: bool) -> list[Doubt]:
        """Return what an annotation leaves in doubt."""
        return list(self._told(file, node, within=within)) if node > 0 else [Doubt("", within)]

    def _told(self, file: int, node: int, *, within: bool) -> Iterator[Doubt]:
        nodes = self.typing.files[file].nodes
        parts = nodes[node]
        if parts[0] == facts.UNION:
            for each in parts[1]:
                yield from self._told(file, each, within=within)
        elif parts[0] == facts.CONST and parts[1] is None:
            return
        elif parts[0] == facts.ITEM:
            yield from self._generic(file, parts, within=within)
        elif parts[0] == facts.CLASS:
            yield from self._of_class(file, parts[1])
        else:
            name = self.typing.names.last(file, node) or str(parts[1])
            types = self.typing.annotations.of(file, node)
            classes = [each[1] for each in types if each[0] == "I"]
            for each in classes:
                home, _ = self.typing.classes[each]
                yield from self._of_class(home, each - self.typing.first_class[home])
            if not classes:
                yield from self._named(name, within=within)

    def _of_class(self, file: int, index: int) -> Iterator[Doubt]:
        cls = self.typing.files[file].classes[index]
        bases = {self.typing.names.last(file, each) for each in cls.bases}
        if bases & _DICTS:
            yield Doubt("", within=True)
        else:
            yield Doubt(f"an object of `{cls.name}`")

    def _generic(self, file: int, parts: Node, *, within: bool) -> Iterator[Doubt]:
        nodes = self.typing.files[file].nodes
        index = nodes[parts[2]]
        inner = tuple(index[1]) if index[0] == facts.TUPLE else (parts[2],)
        name = self.typing.names.last(file, parts[1])
        if name in ("Optional", "Union", "Annotated", "Final"):
            kept = inner[:1] if name in ("Annotated", "Final") else inner
            for each in kept:
                yield from self._told(file, each, within=within)
        elif name == "Literal":
            return
        elif name in _LISTS:
            yield from self._annotation(file, inner[0], within=True)
        elif name in _DICTS and len(inner) == 2:
            key = self.typing.names.last(file, inner[0]) or str(nodes[inner[0]][1])
            if key != "str":
                yield Doubt("a dict whose keys are no texts")
            yield from self._annotation(file, inner[1], within=True)
        elif name in ("Awaitable", "Coroutine"):
            yield from self._annotation(file, inner[-1], within=within)
        else:
            yield from self._named(name or "object", within=within)


def _is_odd(name: str) -> bool:
    """Tell whether a builtin or class of this name makes what is neither text, number nor list."""
    last = name.rpartition(".")[2]
    return last in ("set", "frozenset", "tuple", "complex", "range", "map", "filter", "zip") or (
        "." in name and last[:1].isupper()
    )
