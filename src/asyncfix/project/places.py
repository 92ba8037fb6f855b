"""Where in the project something is called, as far as its types tell; kept from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from asyncfix.project.evaluate import Typing


class Called(NamedTuple):
    """A place where something is called: in a function of a file, from a byte on."""

    file: int
    function: int
    node: int
    start: int
    end: int
    guard: int


class Places(NamedTuple):
    """The places that answer a question about a function, class or file, each with what it calls.

    `mask` is the number of what the answer rests on.
    """

    question: str
    about: int
    home: int
    mask: int
    found: list[tuple[Called, str]]

    def stands_in(self, files: Container[int]) -> bool:
        """Tell whether what was asked about, or a place, is in one of some files."""
        return self.home in files or any(at.file in files for at, _ in self.found)


class Callers:
    """Remembers places; `known` has those of an earlier run that still hold."""

    def __init__(self, typing: Typing) -> None:
        self.typing = typing
        self.known: dict[tuple[str, int], Places] = {}

    def of(
        self,
        question: str,
        about: int,
        home: int,
        answer: Callable[[], Iterable[tuple[Called, str]]],
    ) -> list[tuple[Called, str]]:
        """Return the places for a question about something that is in the file `home`."""
        known, trace = self.known.get((question, about)), self.typing.trace
        if known is None:
            with self.typing.apart():
                trace.mask = trace.bits[home]
                found = list(answer())
                known = Places(question, about, home, trace.number(trace.mask), found)
            self.known[question, about] = known
        trace.mask |= trace.masks[known.mask]
        return known.found

    def places(
        self, question: str, about: int, home: int, answer: Callable[[], Iterable[Called]]
    ) -> list[Called]:
        """Return the places alone."""
        found = self.of(question, about, home, lambda: ((at, "") for at in answer()))
        return [at for at, _ in found]


class Local:
    """Remembers what a file alone tells of places in it; `known` has that of unchanged files."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int, int, int], str] = {}

    def of(self, question: str, at: Called, answer: Callable[[], str]) -> str:
        """Return the answer to a question about a call."""
        key = (question, at.file, at.function, at.node)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = answer()
        return found
