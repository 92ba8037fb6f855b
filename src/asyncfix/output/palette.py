"""Colours by what they stand for; without colour nothing of rich is imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

Paint = Callable[[str, str], str]

_STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "info": "bold cyan",
    "rule": "bold",
    "gutter": "blue",
    "mark": "bold red",
    "heading": "bold underline",
    "note": "cyan",
    "help": "green",
    "quiet": "dim",
    "good": "bold green",
    "added": "green",
    "removed": "red",
    "hunk": "cyan",
    "same": "",
}


def plain(_style: str, text: str) -> str:
    """Return the text as it is."""
    return text


@cache
def palette(*, color: bool) -> Paint:
    """Return a function that puts a style on a text."""
    if not color:
        return plain
    from rich.color import ColorSystem  # noqa: PLC0415 - only for colour
    from rich.style import Style  # noqa: PLC0415 - only for colour

    styles = {name: Style.parse(words) for name, words in _STYLES.items()}

    def paint(style: str, text: str) -> str:
        return styles[style].render(text, color_system=ColorSystem.STANDARD)

    return paint
