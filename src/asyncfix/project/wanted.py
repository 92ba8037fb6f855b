"""Which names lead anywhere: all others are passed over without asking for a type."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from asyncfix.project.decorators import PROPERTIES, SETTER
from asyncfix.project.implicit import DUNDERS
from asyncfix.project.library import last_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Library
    from asyncfix.project.evaluate import Typing

# methods of builtin types and loggers: a client of which every method blocks names these itself
PLAIN = frozenset(
    "append add extend insert remove discard clear copy count index items keys values update pop"  # noqa: SIM905 - a list has a line for each
    " popitem setdefault sort reverse join split rsplit splitlines strip lstrip rstrip lower upper"
    " title capitalize startswith endswith replace format encode decode isdigit isalpha isnumeric"
    " casefold partition rpartition zfill find hexdigest digest isoformat strftime total_seconds"
    " timestamp debug info warning error exception critical log model_dump model_validate dict json"
    " group groups match bit_length intersection union difference issubset".split()
)


class Wanted:
    """The last names of what a call, a read or Python itself may run."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        defined = (head.defines for head in typing.files.heads)
        self.names = typing.outside.all_active(_called(typing.library)).union(*defined)
        self.asked = typing.stores.last_names
        self.any_name = "*" in self.names or "*" in self.asked
        self.properties = frozenset(self._properties())
        self.setters = frozenset(
            name
            for head in typing.files.heads
            for kind, _, name in head.decorated
            if kind == SETTER
        )
        self.dunders = frozenset(self._dunders())

    def is_called(self, name: str) -> bool:
        """Tell whether a call of an attribute may lead anywhere."""
        if name in self.names or name in self.asked:
            return True
        return self.any_name and name not in PLAIN

    def _properties(self) -> Iterator[str]:
        yield from map(last, self.typing.library.reads)
        for head in self.typing.files.heads:
            yield from (name for kind, _, name in head.decorated if kind in PROPERTIES)

    def _dunders(self) -> Iterator[int]:
        """Yield the kinds of sites where Python calls something that is known."""
        told = _targets(self.typing.library)
        for kind, names in DUNDERS.items():
            if not (self.names.isdisjoint(names) and told.isdisjoint(names)):
                yield kind


@lru_cache(maxsize=2)
def _called(library: Library) -> dict[str, set[str]]:
    """Return the last names of all calls that the packs tell something of, by first names."""
    return last_names(
        (
            library.targets,
            library.consumers,
            library.callers,
            library.offloads,
            library.wrappers,
            library.enters,
        )
    )


@lru_cache(maxsize=2)
def _targets(library: Library) -> frozenset[str]:
    """Return the last names of what blocks."""
    return frozenset(map(last, library.targets))


def last(full: str) -> str:
    """Return the last part of a dotted name."""
    return full.rpartition(".")[2]
