"""The functions of one file, by place."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts, Function


class Functions:
    """Tells which functions of a file stand around a byte."""

    def __init__(self, file: FileFacts) -> None:
        self.file = file
        self._order = sorted(range(1, len(file.functions)), key=self._start)
        self._starts = [self._start(index) for index in self._order]

    def _start(self, index: int) -> int:
        return self.file.functions[index].start

    def around(self, at: int) -> int:
        """Return the index of the innermost function that holds a byte; 0 is the module."""
        number = bisect_right(self._starts, at) - 1
        index = self._order[number] if number >= 0 else 0
        while index > 0 and at >= self.file.functions[index].end:
            index = self.file.functions[index].parent
        return max(index, 0)

    def outward(self, index: int) -> Iterator[Function]:
        """Yield a function and those around it, without the module."""
        while index > 0:
            yield self.file.functions[index]
            index = self.file.functions[index].parent
