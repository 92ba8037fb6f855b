"""The default: each finding with its source, its chain and what to do, grouped by sink."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from asyncfix.findings import Confidence
from asyncfix.output.chains import entry, groups, hops, short
from asyncfix.output.closing import number
from asyncfix.output.palette import palette
from asyncfix.output.places import Places, beside, cells, excerpt, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.findings import Finding, Report, Step
    from asyncfix.output.chains import Cluster, Group
    from asyncfix.output.palette import Paint
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_ROOM = 36


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return the findings as blocks of text, with a blank line after each."""
    page = _Page(Places(text, prefix), palette(color=color), width)
    for group in groups(report.findings):
        page.group(group)
    return "".join(f"{line}\n" for line in page.lines)


class _Page:
    """Lines of text in the making; `width` is in terminal cells."""

    def __init__(self, places: Places, paint: Paint, width: int) -> None:
        self.lines: list[str] = []
        self._places = places
        self._paint = paint
        self._width = width

    def group(self, group: Group) -> None:
        """Write all findings that end at one callable, under a heading if they are several."""
        told = group.message if group.size > 1 else ""
        if group.size > 1:
            self._heading(group, told)
        for cluster in group.clusters:
            if cluster.tail:
                self._tail(cluster, alone=len(group.clusters) == 1)
            for finding in cluster.findings:
                self._finding(finding, cluster, told=told != "")

    def _heading(self, group: Group, told: str) -> None:
        """Say once what all findings of a group say, or else name what they end at."""
        places = number(group.size, "place")
        words = f"{told or f'{group.sink} ({group.effect})'}: {places}"
        lines = _wrap(printable(words), self._width, 0, 2)
        self.lines += [*(self._paint("heading", line) for line in lines), ""]

    def _tail(self, cluster: Cluster, *, alone: bool) -> None:
        """Write once what findings that end at one call share."""
        if alone:
            self.lines.pop()
        else:
            self.lines.append(f"{number(len(cluster.findings), 'place')} by this way:")
        self._steps(cluster.tail, 2)
        self._note("help:", cluster.help, 2, "help")
        self.lines.append("")

    def _finding(self, finding: Finding, cluster: Cluster, *, told: bool) -> None:
        place = self._places.at(finding.location)
        gutter, source = excerpt(place, self._width, self._paint)
        self._title(finding, f"in `{short(finding.symbol)}`" if told else finding.message)
        self.lines += [f"{' ' * gutter}{self._paint('gutter', '-->')} {place}", *source]
        own, tail = hops(finding), cluster.tail
        self._root(finding, gutter + 1)
        self._steps(own[: len(own) - len(tail)], gutter + 1, last=not tail)
        if tail:
            self._note("then as above, from", _where(self._places, tail[0]), gutter + 1)
        if not cluster.help:
            self._note("help:", finding.help, gutter + 1, "help")
        for fix in finding.fixes[:1]:
            self._note("fix:", f"{fix.title} ({fix.applicability})", gutter + 1, "help")
        self.lines.append("")

    def _title(self, finding: Finding, message: str) -> None:
        title = f"{finding.severity}[{finding.rule}]"
        message = printable(message)
        if finding.confidence is not Confidence.HIGH:
            message += f" ({finding.confidence} confidence)"
        first, *rest = _wrap(message, self._width, len(title) + 2, 4)
        self.lines.append(f"{self._paint(finding.severity, title)}: {first}")
        self.lines += rest

    def _root(self, finding: Finding, indent: int) -> None:
        """Say how the loop comes here, unless the place is in the very coroutine."""
        if name := entry(finding):
            place = self._places.at(finding.root.location)
            self._note("reached from ", f"{name} ({place.path}:{place.row})", indent)

    def _steps(self, steps: Sequence[Step], indent: int, *, last: bool = True) -> None:
        """Write where each hop is and the code there, below if there is little room beside."""
        for index, step in enumerate(steps):
            place = self._places.at(step.location)
            verb = "blocks here  " if last and index == len(steps) - 1 else "called here  "
            head = f"{' ' * indent}= {self._paint('note', verb)} {place}"
            room = self._width - indent - len(verb) - 5 - cells(str(place))
            near, below = beside(place, room), beside(place, self._width - indent - 4)
            if below and near != below and room < _ROOM:
                self.lines += [head, f"{' ' * (indent + 4)}{self._paint('quiet', below)}"]
            else:
                self.lines.append(f"{head}  {self._paint('quiet', near)}" if near else head)

    def _note(self, label: str, words: str, indent: int, style: str = "note") -> None:
        """Write a label and what it says, which may have several lines."""
        if not words:
            return
        head, *more = words.splitlines()
        first, *rest = _wrap(printable(head), self._width, indent + len(label) + 3, indent + 4)
        self.lines.append(f"{' ' * indent}= {self._paint(style, label)} {first}")
        self.lines += rest
        self.lines += [f"{' ' * (indent + 4)}{printable(line)}".rstrip() for line in more]


def _where(places: Places, step: Step) -> str:
    place = places.at(step.location)
    return f"{place.path}:{place.row}"


def _wrap(words: str, width: int, start: int, indent: int) -> list[str]:
    """Break a text into lines; the first begins at column `start`, the others at `indent`."""
    if start + cells(words) <= width:
        return [words]
    lines = textwrap.wrap(
        words,
        width=max(width, 40),
        initial_indent=" " * start,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [lines[0][start:], *lines[1:]]
