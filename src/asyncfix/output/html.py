"""A page to look at in a browser: it stands alone, runs no scripts and loads nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from asyncfix.output.account import account
from asyncfix.output.chains import short, troubles
from asyncfix.output.closing import counted, number
from asyncfix.output.pages import address
from asyncfix.output.palette import plain
from asyncfix.output.places import Places, excerpt, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding, Report
    from asyncfix.output.chains import Trouble
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs

_WIDTH = 110
_STYLE = """\
:root { color-scheme: light dark; --line: #8884;
  --error: #c62828; --warning: #b26a00; --info: #0277bd }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
pre, code { font-family: ui-monospace, monospace; font-size: 13px }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: 4px }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line) }
section { margin-top: 2rem; border-top: 1px solid var(--line) }
details { margin: .4rem 0 } summary { cursor: pointer }
.error { color: var(--error) } .warning { color: var(--warning) } .info { color: var(--info) }
.quiet { opacity: .7 }
"""
_HEAD = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>asyncfix</title>
<style>
{_STYLE}</style>
</head>
<body>
"""


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return the page: counts, a table of troubles, and under each the places with their chains."""
    del color, width
    places = Places(text, prefix)
    found = troubles(report.findings)
    head, *rest = counted(report, plain)
    parts = [_HEAD, f"<h1>asyncfix</h1>\n<p><strong>{_text(head)}</strong></p>\n"]
    parts += [f'<p class="error">error: {_text(error)}</p>\n' for error in report.errors]
    parts += [f'<p class="quiet">{_text(line)}</p>\n' for line in rest]
    if found:
        parts += ["<table>\n<tr><th>severity<th>rule<th>what<th>where<th>places</tr>\n"]
        parts += [_row(index, each, places) for index, each in enumerate(found, start=1)]
        parts += ["</table>\n"]
    for index, trouble in enumerate(found, start=1):
        parts += _section(index, trouble, places)
    return "".join([*parts, "</body>\n</html>\n"])


def _row(index: int, trouble: Trouble, places: Places) -> str:
    where = str(places.at(trouble.tail[-1].location)) if trouble.tail else "called directly"
    return (
        f'<tr><td class="{trouble.severity}">{trouble.severity}'
        f"<td>{', '.join(map(_rule, trouble.rules))}"
        f'<td><a href="#t{index}"><code>{_text(trouble.sink)}</code></a>'
        f"<td><code>{_text(where)}</code><td>{len(trouble.findings)}</tr>\n"
    )


def _section(index: int, trouble: Trouble, places: Places) -> Iterator[str]:
    count = number(len(trouble.findings), "place")
    yield f'<section id="t{index}">\n<h2>{_prose(trouble.message)}: {count}</h2>\n'
    if trouble.help:
        yield f"<p>{_prose(trouble.help)}</p>\n"
    for finding in trouble.findings:
        yield _place(finding, places)
    yield "</section>\n"


def _place(finding: Finding, places: Places) -> str:
    place = places.at(finding.location)
    source = "\n".join(excerpt(place, _WIDTH, plain)[1])
    chain = "\n".join(account(finding, places)[1:])
    told = "\n\n".join(filter(None, [source, chain]))
    return (
        f'<details id="{finding.fingerprint}">\n<summary><code>{_text(str(place))}</code> '
        f"in <code>{_text(short(finding.symbol))}</code> "
        f'<span class="{finding.severity}">{finding.severity}</span> '
        f"{_rule(finding.rule)}</summary>\n<pre>{escape(told)}</pre>\n</details>\n"
    )


def _rule(name: str) -> str:
    url = address(name)
    told = f"<code>{_text(name)}</code>"
    return f'<a href="{_text(url)}">{told}</a>' if url else told


def _text(words: str) -> str:
    return escape(printable(words))


def _prose(words: str) -> str:
    """Write a sentence whose backticks mark code."""
    parts = _text(" ".join(words.split())).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
