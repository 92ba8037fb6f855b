"""What pools of connections are told, and what they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix.project.options import given
from asyncfix.project.texts import begins
from asyncfix.project.timeouts import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Setting
    from asyncfix.project.options import Options
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project


class Fixed(NamedTuple):
    """A number that a pool is given under a key, at a place of a file."""

    key: str
    value: float
    file: int
    function: int
    start: int
    end: int


class Lack(NamedTuple):
    """A call that makes a pool without some options; the key of each has what to write."""

    name: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    place: Called


class Pools:
    """Looks at the calls that make pools, outside tests and scripts."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def _made(self) -> Iterator[tuple[str, Setting, Called, Options]]:
        project = self.project
        for name, setting, place in calls(project):
            if setting.pool and not project.is_beside(project.files.paths[place.file]):
                options = given(project.typing, place.file, place.node)
                unpooled = any(options.get(key) for key in setting.unpooled)
                if not unpooled and not self._is_file(options):
                    yield name, setting, place, options

    def _is_file(self, options: Options) -> bool:
        """Tell whether the address is that of SQLite, which has no connections to spare."""
        return any(
            begins(self.project.typing, each.file, each.node, ("sqlite",)) is True
            for each in options.get("@0") + options.get("url")
        )

    def fixed(self) -> Iterator[Fixed]:
        """Yield the sizes that are written as numbers, each place once."""
        seen: set[tuple[int, int]] = set()
        for _, setting, place, options in self._made():
            for key in setting.pool:
                for option in options.get(key):
                    for each in self.project.files[option.file].settings:
                        is_it = each.node == option.holder and each.key == option.key
                        if not is_it or not isinstance(each.value, float):
                            continue
                        own = (option.file, option.holder) == (place.file, place.node)
                        if own and not place.start <= each.start <= place.end:
                            continue
                        if (option.file, each.start) not in seen:
                            seen.add((option.file, each.start))
                            around = self.project.files.function_around(option.file, each.start)
                            at = (option.file, around, each.start, each.end)
                            yield Fixed(key, each.value, *at)

    def lacking(self) -> Iterator[Lack]:
        """Yield the calls that leave out what they should say."""
        for name, setting, place, options in self._made():
            keys = [key for key, text in setting.pool.items() if text and not options.get(key)]
            if keys and options.whole:
                yield Lack(name, tuple(keys), tuple(setting.pool[key] for key in keys), place)
