"""What checks note of single places, file by file, and what each note rests on.

Notes are kept from run to run: only files are looked at again that a change may have made wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from asyncfix.project.evaluate import Typing


class Note(NamedTuple):
    """A place of a function, what it is about and how that harms, and what to say of it."""

    fid: int
    start: int
    end: int
    subject: str = ""
    effect: str = ""
    message: str = ""
    help: str = ""


class Notes(NamedTuple):
    """The notes of one file; `words` are those in it that had it looked at."""

    mask: int
    words: tuple[str, ...]
    found: list[Note]


def noted(
    typing: Typing,
    words: Callable[[int], Iterable[str]],
    of_file: Callable[[int], Iterable[Note]],
    known: Mapping[int, Notes],
) -> dict[int, Notes]:
    """Return the notes of every file, anew where they are not known or the words differ.

    A file without any of the words that matter has no notes, and is not read.
    """
    trace = typing.trace
    found = {}
    with typing.apart():
        for file in range(len(typing.files)):
            now = tuple(sorted(words(file)))
            old = known.get(file) if now else None
            if old is not None and old.words == now:
                found[file] = old
            elif now:
                trace.mask = trace.bits[file]
                notes = list(of_file(file))
                found[file] = Notes(trace.number(trace.mask), now, notes)
    return found
