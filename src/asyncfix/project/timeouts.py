"""How long code waits for databases, as far as calls, dicts and texts say in numbers."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.project.options import definitions, given, held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Setting
    from asyncfix.project.options import Option, Options
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project
    from asyncfix.project.types import Node

_DEEPEST = 6
_PATIENT = 2  # times as long as a statement may run, code may wait for a connection or a lock
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|h)?\s*\Z")
# what PostgreSQL is told in a connection string or by `-c`; without a unit these are milliseconds
_IN_TEXT = re.compile(
    r"(?P<name>\w*timeout)\s*(?:=|%3D)\s*'?(?:\{(?P<node>\d+)\}|(?P<number>\d+)(?P<unit>ms|s|min|h)?)"
)
_SECONDS = frozenset(("connect_timeout", "command_timeout"))
_CASTS = frozenset(("builtins.int", "builtins.float", "builtins.str"))


class Number(NamedTuple):
    """A number with its place: in a file, from byte `start` to `end`; `unit` is of a text."""

    value: float
    file: int
    start: int
    end: int
    unit: str = ""


class Timeout(NamedTuple):
    """A timeout that a database client is given: `seconds`, and what 1 means at its place.

    `longest` says how many seconds would do; `by` is the full name of what is called.
    """

    name: str
    by: str
    number: Number
    seconds: float
    scale: float
    longest: float


class Timeouts:
    """Finds the timeouts that the project sets for databases."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing

    def too_long(self) -> Iterator[Timeout]:
        """Yield the timeouts above the limit, each place once."""
        seen: set[tuple[int, int]] = set()
        for each in self._all():
            place = each.number.file, each.number.start
            if each.seconds > each.longest and place not in seen:
                seen.add(place)
                yield each

    def _all(self) -> Iterator[Timeout]:
        library = self.typing.library
        for name, setting, place in calls(self.project):
            if setting.statements or setting.waits or setting.texts:
                options = given(self.typing, place.file, place.node)
                yield from self._of(name, setting, options, place)
        for name, setting in library.variables.items():
            yield from self._of_variable(name, setting)

    def _of_variable(self, name: str, setting: Setting) -> Iterator[Timeout]:
        """Yield what the dicts within a dict of a module's variable say: Django's `DATABASES`."""
        typing = self.typing
        for file, head in enumerate(typing.files.heads):
            if name not in head.defines or is_test(typing.files.paths[file]):
                continue
            for node in typing.files[file].names.get(name, ()):
                options = held(typing, file, node)
                # only the databases of Django name their engine
                for alias in {
                    e.path.removesuffix(".ENGINE") for e in options.found if e.key == "ENGINE"
                }:
                    yield from self._of(name, setting, options.below(alias), None)

    def _of(
        self, name: str, setting: Setting, options: Options, place: Called | None
    ) -> Iterator[Timeout]:
        limit = self.project.config.max_database_timeout
        for table, longest in ((setting.statements, limit), (setting.waits, limit * _PATIENT)):
            for path, scale in table.items():
                for option in options.get(path):
                    for number in self._numbers(option, place):
                        unit = _UNITS[number.unit] if number.unit else scale
                        seconds = number.value * unit
                        yield Timeout(option.key or path, name, number, seconds, unit, longest)
        for path in setting.texts:
            for option in options.get(path):
                yield from self._in_text(name, option, limit)

    # Numbers

    def _numbers(self, option: Option, place: Called | None) -> Iterator[Number]:
        """Yield the numbers that an option may be, with the places where they are written."""
        file = option.file
        for each in self.typing.files[file].settings if option.holder else ():
            is_it = (each.node, each.key) == (option.holder, option.key)
            if is_it and (place is None or not self._is_elsewhere(option, each, place)):
                yield from _number(each, file)
                return
        yield from self._valued(file, option.node, option.key, _DEEPEST)

    def _is_elsewhere(self, option: Option, each: facts.Setting, place: Called) -> bool:
        """Tell whether a setting belongs to an equal call at another place."""
        is_own = option.holder == place.node and option.file == place.file
        return is_own and not place.start <= each.start <= place.end

    def _valued(self, file: int, node: int, key: str, deep: int) -> Iterator[Number]:
        """Yield the numbers that an expression may give; what cannot be told gives none."""
        if node <= 0 or not deep:
            return
        typing = self.typing
        parts = typing.files[file].nodes[node]
        kind = parts[0]
        if kind == facts.UNION:
            for each in parts[1]:
                yield from self._valued(file, each, key, deep - 1)
        elif kind == facts.ANNOTATED:
            yield from self._valued(file, parts[2], key, deep - 1)
        elif kind == facts.CONST:
            yield from self._written(file, key, parts[1])
        elif kind == facts.PARAM:
            param = typing.files[file].functions[parts[1]].params[parts[2]]
            yield from self._valued(file, param.default, param.name, deep - 1)
        elif kind in (facts.GLOBAL, facts.ATTR):
            name = parts[1] if kind == facts.GLOBAL else parts[2]
            for at, inner in definitions(typing, file, parts):
                yield from self._valued(at, inner, name, deep - 1)
        elif kind == facts.CALL:
            yield from self._called(file, node, parts, key, deep)

    def _called(self, file: int, node: int, parts: Node, key: str, deep: int) -> Iterator[Number]:
        """Yield what `get("timeout", 60)`, `int("60")` and `Field(default=60)` give."""
        for each in self.typing.files[file].settings:
            if each.node == node and not each.key:
                yield from _number(each, file)
                return
        if parts[2] and _CASTS & {each[1] for each in self.typing.of(file, parts[1])}:
            yield from self._valued(file, parts[2][0], key, deep - 1)
            return
        yield from (
            number
            for each in self.typing.files[file].settings
            if not each.node and each.key == key
            for number in _number(each, file)
        )

    def _written(self, file: int, key: str, value: object) -> Iterator[Number]:
        """Yield the places where a variable or attribute of this name is given a number."""
        found = [
            number
            for each in self.typing.files[file].settings
            if not each.node and (each.key == key or not key)
            for number in _number(each, file)
            if number.value == value or str(value).startswith(f"{number.value:g}")
        ]
        yield from found[:1]

    def _in_text(self, name: str, option: Option, limit: float) -> Iterator[Timeout]:
        """Yield the timeouts that a text sets, such as `-c statement_timeout=30000`."""
        for each in self.typing.files[option.file].settings:
            if (each.node, each.key) != (option.holder, option.key):
                continue
            for match in _IN_TEXT.finditer(str(each.value)):
                told = match["name"]
                unit = _UNITS[match["unit"] or ("s" if told in _SECONDS else "ms")]
                if match["node"]:
                    numbers = self._valued(option.file, int(match["node"]), "", _DEEPEST)
                else:
                    whole = Number(float(match["number"]), option.file, each.start, each.end)
                    numbers = iter((whole,))
                for number in numbers:
                    yield Timeout(told, name, number, number.value * unit, unit, limit)


def calls(project: Project) -> Iterator[tuple[str, Setting, Called]]:
    """Yield the calls outside tests of what packs tell settings of."""
    settings = project.packs.library.settings
    names = {name.rpartition(".")[2] for name in settings}
    for file, head in enumerate(project.files.heads):
        if not names.isdisjoint(head.calls) and file not in project.typing.index.tests:
            answer = partial(_in_file, project, file, names)
            for place, name in project.callers.of("settings", file, file, answer):
                yield name, settings[name], place


def _in_file(project: Project, file: int, names: set[str]) -> Iterator[tuple[Called, str]]:
    typing, facts_of = project.typing, project.files[file]
    for last in sorted(names & facts_of.calls.keys()):
        for node in facts_of.calls[last]:
            types = typing.of(file, facts_of.nodes[node][1])
            told = (typing.outside.canonical(str(each[1])) for each in types if each[0] == "X")
            name = next((each for each in told if each in project.packs.library.settings), "")
            for place in project.lifetimes.sites(file, {node}) if name else ():
                yield place, name


def _number(setting: facts.Setting, file: int) -> Iterator[Number]:
    """Yield the number that a setting is, also as a text with a unit."""
    if isinstance(setting.value, float):
        yield Number(setting.value, file, setting.start, setting.end)
    elif match := _NUMBER.match(str(setting.value)):
        yield Number(float(match[1]), file, setting.start, setting.end, match[2] or "")
