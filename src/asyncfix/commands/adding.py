"""`asyncfix check --add-ignore`: writes a comment at everything that is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from asyncfix.changes.writing import encoded, write
from asyncfix.findings import AsyncfixError
from asyncfix.source import Text
from asyncfix.suppress.insertion import Place, silenced
from asyncfix.terminal import tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asyncfix.engine import Outcome
    from asyncfix.findings import Finding

    Check = Callable[[dict[str, str]], Outcome]

_ROUNDS = 8  # a place may have several reasons to be reported, of which one is told at a time
_UNPARSABLE = "syntax"


def add_ignores(check: Check, reason: str, cache: Path) -> int:
    """Write comments so that nothing is reported any more; return 1 if something still is.

    `check` is given the texts to read in place of files, by path from here; all comments are
    found in memory, and then written at once, so that `asyncfix undo` takes them back.
    """
    if any(each in reason for each in "\r\n"):
        raise click.UsageError("--add-ignore: a reason is one line")
    outcome = check({})
    count, root, old = len(outcome.report.findings), outcome.root, outcome.text
    new: dict[str, Text] = {}
    for _ in range(_ROUNDS):
        more = _silenced(outcome, reason)
        if not more:
            break
        new |= more
        outcome = check({str(root / path): text.text for path, text in new.items()})
    if new:
        changes = {path: (_bytes(old(path)), _bytes(text)) for path, text in new.items()}
        write(root, cache, changes)
    left = outcome.report.findings
    click.echo(f"Silenced {_number(count - len(left), 'finding')} in {_number(len(new), 'file')}.")
    for finding in left:
        tell(f"error: cannot silence {finding.rule} in {finding.location.path}")
    return 1 if left else 0


def _silenced(outcome: Outcome, reason: str) -> dict[str, Text]:
    """Return the texts that comments at the findings of a report change."""
    by_path: dict[str, list[Finding]] = {}
    for finding in outcome.report.findings:
        by_path.setdefault(finding.location.path, []).append(finding)
    found = {}
    for path, findings in by_path.items():
        text = outcome.text(path)
        if not text.text:  # what cannot be decoded has none
            continue
        data = silenced(text.data, map(_place, findings), reason, text.newline)
        if data != text.data:
            found[path] = Text(path, data.decode(), text.encoding, text.newline)
    return found


def _place(finding: Finding) -> Place:
    if finding.sink.effect == _UNPARSABLE:
        return Place(finding.rule)
    return Place(finding.rule, finding.location.start, finding.location.end)


def _bytes(text: Text) -> bytes:
    try:
        return encoded(text)
    except UnicodeEncodeError as error:
        raise AsyncfixError(f"--add-ignore: {text.path} is in {text.encoding}: {error}") from error


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
