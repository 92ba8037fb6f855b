"""Edits that are found piece by piece: what is put around code may itself be surrounded."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.syntax.tree import Node


_ROWS = 1 << 62  # the end of what is put somewhere, around nothing


class _Around(NamedTuple):
    start: int
    end: int
    before: str
    after: str


class Patches:
    """The edits of a project, by file; what is said twice is done once."""

    def __init__(self) -> None:
        self._around: dict[str, dict[_Around, None]] = defaultdict(dict)
        self._instead: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)

    def around(self, path: str, node: Node, before: str, after: str = "") -> None:
        """Put text before and after an expression, within what stands around it already."""
        self._around[path][_Around(node.start, node.end, before, after)] = None

    def before(self, path: str, at: int, text: str) -> None:
        """Put text at an offset, before all that is put around code that begins there."""
        self._around[path][_Around(at, _ROWS, text, "")] = None

    def instead(self, path: str, start: int, end: int, text: str) -> None:
        """Put text in the place of some bytes; raise RefusedError if another one is to stand there.

        Bytes within a stretch that is replaced already go with it.
        """
        mine = self._instead[path]
        if any(
            start >= one and end <= other for one, other in mine if (one, other) != (start, end)
        ):
            return
        if mine.setdefault((start, end), text) != text:
            raise RefusedError(f"code in {path} would have to change in two ways")

    def is_replaced(self, path: str, start: int, end: int) -> bool:
        """Tell whether some bytes, or what is around them, are replaced."""
        return any(one <= start and end <= other for one, other in self._instead[path])

    def touches(self, path: str, start: int, end: int) -> bool:
        """Tell whether anything within some bytes changes."""
        around = any(start < each.start < end for each in self._around[path])
        return around or any(start < one < end for one, _ in self._instead[path])

    @property
    def paths(self) -> set[str]:
        """Return the files that change."""
        return {
            path for each in (self._around, self._instead) for path, found in each.items() if found
        }

    def edits(self) -> tuple[Edit, ...]:
        """Return the edits in order, none of which touches what another one replaces."""
        return tuple(each for path in sorted(self.paths) for each in self._of(path))

    def _of(self, path: str) -> Iterator[Edit]:
        spans = self._outermost(path)
        texts: dict[int, list[tuple[int, int, int, str]]] = defaultdict(list)
        for order, each in enumerate(self._around[path]):
            if any(one < each.start < other for one, other in spans):
                continue  # goes with the code
            # what ends here comes first, inner before outer; then what begins, outer before inner;
            # what was put around the same code later is the outer
            if each.after:
                texts[each.end].append((0, -each.start, order, each.after))
            if each.before:
                turn = order if each.end == _ROWS else -order
                texts[each.start].append((1, -each.end, turn, each.before))
        found = [
            Edit(Location(path, at, at), "".join(text for *_, text in sorted(told)))
            for at, told in texts.items()
        ]
        found += [Edit(Location(path, *span), self._instead[path][span]) for span in spans]
        yield from sorted(found, key=lambda each: each.location)

    def _outermost(self, path: str) -> list[tuple[int, int]]:
        spans = sorted(self._instead[path], key=lambda each: (each[0], -each[1]))
        kept: list[tuple[int, int]] = []
        for span in spans:
            if kept and span[1] <= kept[-1][1] and span != kept[-1]:
                continue
            kept.append(span)
        return kept
