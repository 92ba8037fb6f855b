"""One block per call that blocks, with the places that lead there: the worst trouble first."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from asyncfix.findings import Confidence
from asyncfix.output.chains import entry, hops, short, troubles
from asyncfix.output.closing import number
from asyncfix.output.palette import palette
from asyncfix.output.places import Places, beside, cells, crop, printable

if TYPE_CHECKING:
    from asyncfix.findings import Finding, Report
    from asyncfix.output.chains import Trouble
    from asyncfix.output.palette import Paint
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_LEAST = 16  # cells, below which code beside a place tells nothing


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return a block per trouble, with a blank line after each."""
    page = _Page(Places(text, prefix), palette(color=color), width)
    for trouble in troubles(report.findings):
        page.trouble(trouble)
    return "".join(f"{line}\n" for line in page.lines)


class _Page:
    """Lines of text in the making; `width` is in terminal cells."""

    def __init__(self, places: Places, paint: Paint, width: int) -> None:
        self.lines: list[str] = []
        self._places = places
        self._paint = paint
        self._width = width

    def trouble(self, trouble: Trouble) -> None:
        """Write what blocks, where, what to do if that is the same for all, and the places."""
        title = f"{trouble.severity}[{', '.join(trouble.rules)}]"
        places = number(len(trouble.findings), "place")
        message = printable(f"{trouble.message}: {places}")
        first, *rest = _wrapped(message, self._width, len(title) + 2)
        self.lines.append(f"{self._paint(trouble.severity, title)}: {first}")
        self.lines += [f"    {line}" for line in rest]
        self._tail(trouble)
        if trouble.help and len(trouble.findings) > 1:
            self._help(trouble.help)
        self._findings(trouble)
        self.lines.append("")

    def _tail(self, trouble: Trouble) -> None:
        """Write the hops that all places share, from the first to the call that blocks."""
        for index, step in enumerate(trouble.tail, start=1):
            verb = "blocks at" if index == len(trouble.tail) else "by way of"
            place = self._places.at(step.location)
            head = f"  {self._paint('note', verb)} {place}"
            room = self._width - len(verb) - 5 - cells(str(place))
            code = beside(place, room) if room >= _LEAST else ""
            self.lines.append(f"{head}  {self._paint('quiet', code)}" if code else head)

    def _help(self, words: str) -> None:
        first, *rest = _wrapped(printable(" ".join(words.split())), self._width, 8)
        self.lines.append(f"  {self._paint('help', 'help:')} {first}")
        self.lines += [f"    {line}" for line in rest]

    def _findings(self, trouble: Trouble) -> None:
        """Write a row per place: where, in which function, and by which entry."""
        rows = [(str(self._places.at(each.location)), each) for each in trouble.findings]
        size = max(cells(place) for place, _ in rows)
        for place, finding in rows:
            told = printable(_reached(finding, trouble))
            if 6 + size + cells(told) <= self._width:
                pad = " " * (size - cells(place))
                self.lines.append(f"    {place}{pad}  {told}")
            else:
                self.lines += [f"    {place}", f"      {crop(told, 0, self._width - 6)}"]


def _reached(finding: Finding, trouble: Trouble) -> str:
    """Say how the loop comes to a place, and by which calls it goes on to the tail."""
    own = hops(finding)
    between = own[: len(own) - len(trouble.tail)]
    names = [short(step.symbol) for step in finding.trace[: len(between)]]
    told = " → ".join([short(finding.symbol), *names])
    if name := entry(finding):
        told = f"{name}: {told}"
    if finding.severity is not trouble.severity:
        told += f" ({finding.severity})"
    if finding.confidence is not Confidence.HIGH:
        told += f" ({finding.confidence} confidence)"
    return told


def _wrapped(words: str, width: int, start: int) -> list[str]:
    """Break a text into lines, the first of which begins at column `start`."""
    if start + cells(words) <= width:
        return [words]
    lines = textwrap.wrap(
        words,
        width=max(width, 40) - 4,
        initial_indent=" " * (start - 4),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [lines[0].strip(), *lines[1:]]
