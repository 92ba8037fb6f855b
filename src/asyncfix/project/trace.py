"""What answers rest on: the files that were read for one, and names asked of the whole project.

Both are bits of a number. A project with more files than there are bits lets some share one, so
that a change may have more looked at again than it touches, never less.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

K = TypeVar("K")
V = TypeVar("V")

_FILES = 3072
_NAMES = 1024


class Trace:
    """Collects in `mask` what is read and asked; `bits` has the bit of each file.

    What is kept between runs has the number of its mask, an index of `masks`. Where nothing will
    be kept, all masks stay empty.
    """

    def __init__(self, files: int, *, kept: bool = True) -> None:
        self.kept = kept
        self.mask = 0
        self.masks: list[int] = []
        self._numbers: dict[int, int] = {}
        self.names: dict[str, int] = {}
        self._same: dict[int, int] = {}
        self.bits = [file_bit(at) if kept else 0 for at in range(files)]

    def asked(self, name: str) -> None:
        """Note that the answer depends on who in the project says a name."""
        if self.kept:
            found = self.names.get(name)
            if found is None:
                found = self.names[name] = bit(name)
            self.mask |= found

    def preset(self, masks: list[int]) -> None:
        """Take over the numbers that masks have."""
        self.masks = masks
        self._numbers = {mask: number for number, mask in enumerate(masks)}

    def number(self, mask: int) -> int:
        """Return the number of a mask."""
        number = self._numbers.setdefault(mask, len(self.masks))
        if number == len(self.masks):
            self.masks.append(mask)
        return number

    def shared(self) -> int:
        """Return the mask; equal ones are kept once."""
        return self._same.setdefault(self.mask, self.mask)

    def forget(self) -> None:
        """Make room: masks from now on are not those of before."""
        self._same = {}

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep what is read meanwhile out of the answer that is being found."""
        outer, self.mask = self.mask, 0
        try:
            yield
        finally:
            self.mask = outer


def file_bit(index: int) -> int:
    """Return the bit of a file."""
    return 1 << (index % _FILES)


def bit(name: str) -> int:
    """Return the bit of a name."""
    return 1 << (_FILES + crc32(name.encode("utf-8", "surrogatepass")) % _NAMES)


class Memo(Generic[K, V]):
    """Answers questions once, and notes what each answer rests on.

    A question that is asked while it is being answered gets what `meanwhile` says.
    """

    def __init__(self, trace: Trace, answer: Callable[[K], V], meanwhile: Callable[[K], V]) -> None:
        self.trace = trace
        self.answer = answer
        self.meanwhile = meanwhile
        self.known: dict[K, V] = {}
        self.masks: dict[K, int] = {}

    def __call__(self, question: K) -> V:
        """Return the answer to a question."""
        known, trace = self.known, self.trace
        found = known.get(question)
        if found is not None:
            trace.mask |= self.masks.get(question, 0)
            return found
        known[question] = self.meanwhile(question)
        outer, trace.mask = trace.mask, 0
        found = known[question] = self.answer(question)
        if trace.mask:
            self.masks[question] = trace.shared()
        trace.mask |= outer
        return found
