"""Edits on texts: what overlaps, what a text becomes, and where a place has gone."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from asyncfix.findings import Location
from asyncfix.source import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.findings import Edit

_NEWLINE = re.compile(r"\r\n|\r|\n")


def changed(text: Text, edits: Iterable[Edit]) -> Text:
    """Return a text with some edits made, in the newlines of the file; all else stays as it is.

    Raise ValueError if edits overlap, reach out of the text, or cut a character in two.
    """
    data, at = text.data, 0
    parts: list[bytes] = []
    for edit in tidied(text, edits):
        start, end = edit.location.start, edit.location.end
        if not at <= start <= end <= len(data):
            raise ValueError(f"{text.path}: edits overlap or lie outside of the file")
        parts += [data[at:start], edit.text.encode()]
        at = end
    parts.append(data[at:])
    return Text(text.path, b"".join(parts).decode(), text.encoding, text.newline)


def tidied(text: Text, edits: Iterable[Edit]) -> list[Edit]:
    """Return edits by their place, each once, as the file writes its newlines.

    What is inserted at one place stays in the order in which it is given.
    """
    own = (replace(edit, text=_NEWLINE.sub(text.newline, edit.text)) for edit in edits)
    return sorted(dict.fromkeys(own), key=lambda edit: edit.location)


def overlap(one: Edit, other: Edit) -> bool:
    """Tell whether two edits cannot both be made as they are.

    The same edit twice is one. What is put next to a replaced stretch may belong to it, so that
    counts as an overlap; two stretches that are replaced may touch.
    """
    here, there = one.location, other.location
    if one == other or here.path != there.path:
        return False
    if here.start == here.end or there.start == there.end:
        return here.start <= there.end and there.start <= here.end
    return here.start < there.end and there.start < here.end


def sound(edits: Iterable[Edit]) -> bool:
    """Tell whether the edits of one fix leave each other alone."""
    ordered = sorted(set(edits), key=lambda edit: (edit.location, edit.text))
    return not any(
        one.location.path == other.location.path
        and (one.location.end > other.location.start or one.location == other.location)
        for one, other in pairwise(ordered)
    )


def moved(at: Location, edits: Sequence[Edit]) -> Location:
    """Return where a place is after some edits of its file, in order; it covers what they wrote."""
    return Location(
        at.path, _moved(at.start, edits, after=False), _moved(at.end, edits, after=True)
    )


def _moved(offset: int, edits: Sequence[Edit], *, after: bool) -> int:
    shift = 0
    for edit in edits:
        start, end, size = edit.location.start, edit.location.end, len(edit.text.encode())
        if end < offset:
            shift += size - (end - start)
        elif start <= offset:
            if not after:
                return start + shift
            return start + shift + size
        else:
            break
    return offset + shift
