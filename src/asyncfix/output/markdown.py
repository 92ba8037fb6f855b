"""Markdown for comments, tickets and step summaries: a table of troubles, then their places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.output.chains import entry, short, troubles
from asyncfix.output.closing import counted, number
from asyncfix.output.pages import address
from asyncfix.output.palette import plain
from asyncfix.output.places import Places, beside, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding, Report
    from asyncfix.output.chains import Trouble
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_MARKS = re.compile(r"([\\`*_{}\[\]<>|#~@!&])")
_ROOM = 100
_BAR = "\\|"


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return the whole report."""
    del color, width
    return "".join(blocks(report, Places(text, prefix)))


def summary(report: Report, text: Texts, *, prefix: str, most: int) -> str:
    """Return the report in at most so many bytes; the last line counts the blocks left out."""
    whole, size = list(blocks(report, Places(text, prefix))), 0
    for index, block in enumerate(whole):
        size += len(block.encode())
        if size > most - 100:
            left = number(len(whole) - index, "more part")
            return "".join([*whole[:index], f"\n{left} of this report did not fit here.\n"])
    return "".join(whole)


def blocks(report: Report, places: Places) -> Iterator[str]:
    """Yield the heading, the table row by row, each trouble with its places, and the counts."""
    head, *rest = (_prose(line) for line in counted(report, plain))
    yield f"## asyncfix\n\n**{head}**\n\n"
    found = troubles(report.findings)
    if found:
        yield "| severity | rule | what | where | places |\n|---|---|---|---|--:|\n"
        yield from (_row(trouble, places) for trouble in found)
        yield "\n"
    for trouble in found:
        yield _details(trouble, places)
    for line in [*(_prose(f"error: {error}") for error in report.errors), *rest]:
        yield f"{line}\n\n"


def _row(trouble: Trouble, places: Places) -> str:
    rules = ", ".join(map(_rule, trouble.rules))
    where = _code(_end(trouble, places)) if trouble.tail else "called directly"
    cells = (trouble.severity, rules, _code(trouble.sink), where, str(len(trouble.findings)))
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |\n"


def _details(trouble: Trouble, places: Places) -> str:
    lines = [f"### {_prose(trouble.message)}", ""]
    for index, step in enumerate(trouble.tail, start=1):
        verb = "blocks at" if index == len(trouble.tail) else "by way of"
        place = places.at(step.location)
        code = beside(place, _ROOM)
        lines.append(f"{verb} {_code(str(place))}" + (f": {_code(code)}" if code else ""))
        lines.append("")
    if trouble.help:
        lines += [f"**help:** {_prose(trouble.help)}", ""]
    lines += [_place(finding, places, told=trouble.help != "") for finding in trouble.findings]
    return "\n".join([*lines, "", ""])


def _place(finding: Finding, places: Places, *, told: bool) -> str:
    """Write one place: where, in which function, from where, and what to do if others differ."""
    line = f"- {_code(str(places.at(finding.location)))} in {_code(short(finding.symbol))}"
    if name := entry(finding):
        line += f", reached from {_prose(name)}"
    if finding.help and not told:
        line += f"; {_prose(finding.help)}"
    return f"{line} <!-- {finding.fingerprint} -->"


def _end(trouble: Trouble, places: Places) -> str:
    place = places.at(trouble.tail[-1].location)
    return f"{place.path}:{place.row}"


def _rule(name: str) -> str:
    url = address(name)
    return f"[{name}]({url})" if url else _code(name)


def _code(text: str) -> str:
    """Write code, whatever backticks it holds."""
    text = printable(" ".join(text.split()))
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    blank = " " if "`" in text else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _prose(text: str) -> str:
    """Write a sentence; what stands in backticks stays code, nothing else is markup."""
    parts = printable(" ".join(text.split())).split("`")
    if len(parts) % 2 == 0:
        return _MARKS.sub(r"\\\1", "`".join(parts))
    return "".join(
        _code(part) if index % 2 else _MARKS.sub(r"\\\1", part)
        for index, part in enumerate(parts)
        if part
    )
