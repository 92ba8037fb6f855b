"""What decorators make of a function: a property, a cached one, a wrapper, something offloaded."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.trace import Memo

if TYPE_CHECKING:
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Types

SETTER = "setter"
PROPERTIES = frozenset(
    ("property", "cached_property", "hybrid_property", "classproperty", "cached_classproperty")
)
_KEPT = frozenset(("cache", "lru_cache", "cached_property"))
CACHES = _KEPT | {"cached", "alru_cache", "async_lru", "memoize", "memoized", "ttl_cache"}
_NONE = frozenset[str]()


class Decorators:
    """Answers what a function is once its decorators have run."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self._known: Memo[int, Types] = Memo(typing.trace, self._bound, lambda fid: (("F", fid),))

    def names(self, fid: int) -> frozenset[str]:
        """Return the last names of a function's decorators, such as `property`."""
        return self._names.get(fid, _NONE)

    @cached_property
    def _names(self) -> dict[int, frozenset[str]]:
        """Return the names of all functions that have decorators."""
        found: dict[int, list[str]] = {}
        for name, fids in self._decorated.items():
            for fid in fids:
                found.setdefault(fid, []).append(name)
        same: dict[frozenset[str], frozenset[str]] = {}
        sets = ((fid, frozenset(names)) for fid, names in found.items())
        return {fid: same.setdefault(names, names) for fid, names in sets}

    @cached_property
    def _decorated(self) -> dict[str, list[int]]:
        """Return the functions that something of a name decorates, by name."""
        found: dict[str, list[int]] = {}
        heads = self.typing.files.heads
        for start, head in zip(self.typing.first_function, heads, strict=True):
            for name, at, _ in head.decorated:
                found.setdefault(name, []).append(start + at)
        return found

    def by_name(self, name: str) -> list[int]:
        """Return the functions that something of this name decorates."""
        return self._decorated.get(name, [])

    def is_property(self, fid: int) -> bool:
        """Tell whether reading an attribute calls this function."""
        return bool(self.names(fid) & PROPERTIES)

    def is_cached(self, fid: int) -> bool:
        """Tell whether this function's body runs once for equal arguments."""
        return bool(self.names(fid) & _KEPT)

    def bound(self, fid: int) -> Types:
        """Return what a function's name is bound to."""
        return self._known(fid)

    def _bound(self, fid: int) -> Types:
        typing, offloads = self.typing, self.typing.library.offloads
        file, function = typing.functions[fid]
        typing.read(fid)
        current: Types = (("F", fid),)
        for decorator in reversed(function.decorators):
            parts = typing.files[file].nodes[decorator]
            makers = typing.of(file, parts[1]) if parts[0] == facts.CALL else ()
            if any(each[0] == "X" and each[1] in offloads for each in makers):
                current = (("X", makers[0][1], "decorator"),)
            for each in typing.of(file, decorator):
                if each[0] == "X" and each[1] in offloads:
                    current = (("X", each[1], "decorator"),)
                elif each[0] == "F":
                    wrapper = self._wrapper(each[1])
                    if wrapper >= 0:
                        current = (("V", wrapper, current, each[1]),)
        return current

    def _wrapper(self, decorator: int) -> int:
        """Return the nested function that a decorator of the project puts in place, or -1."""
        file, function = self.typing.functions[decorator]
        parent = decorator - self.typing.first_function[file]
        for result in function.results:
            for each in self.typing.of(file, result):
                if each[0] in "FV":
                    at, inner = self.typing.functions[each[1]]
                    if at == file and inner.parent == parent:
                        return int(each[1])
        return -1
