"""Where a report goes: the terminal, files, and what GitHub shows of a step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from asyncfix.commands.setup import prefix, repository_prefix
from asyncfix.config import FIELDS, hint
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import colored, columns, tell, write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.config import Config
    from asyncfix.engine import Outcome

_SUMMARY = 1024 * 1024  # bytes that GitHub takes of a step's summary


class Sink(NamedTuple):
    """A format, and the file for it; None stands for the terminal."""

    format: str
    file: Path | None


class SinkType(click.ParamType):  # type: ignore[type-arg]
    """`FORMAT=FILE`, with `-` for the terminal."""

    name = "FORMAT=FILE"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Sink:
        """Return the format and the file."""
        if isinstance(value, Sink):
            return value
        name, _, file = value.partition("=")
        formats = FIELDS["output-format"].type.__origin__.__args__
        if name not in formats:
            close = hint(name, formats) or f"; known are {', '.join(formats)}"
            self.fail(f"no format is called {name!r}{close}", param, ctx)
        if not file:
            self.fail(f"{value!r} names no file: write {name}=FILE, or {name}=-", param, ctx)
        return Sink(name, None if file == "-" else Path(file))


class Printing:
    """Writes one report to any number of sinks."""

    def __init__(
        self,
        outcome: Outcome,
        paths: tuple[Path, ...],
        config: Config,
        *,
        color: str,
        quiet: bool,
    ) -> None:
        self._outcome = outcome
        self._way = prefix(paths, config)
        self._way_in_repository = repository_prefix(paths, config)
        self._color = color
        self._quiet = quiet

    def all(self, sinks: Iterable[Sink], *, unresolved: bool) -> bool:
        """Write to every sink, files first; tell what fails and return whether anything did.

        A pipe that is closed ends the run, but by then every file is written.
        """
        failed = False
        ordered = sorted(sinks, key=lambda sink: sink.file is None)
        for sink in ordered:
            try:
                write(self._text(sink, unresolved=unresolved), sink.file)
            except AsyncfixError as error:
                tell(f"error: {error}")
                failed = True
        if any(sink.format == "github" for sink in ordered):
            self._summarize()
        return failed

    def _text(self, sink: Sink, *, unresolved: bool) -> str:
        """Return what goes to a sink: the report, and for people what else there is to say."""
        from asyncfix.output import FOR_PEOPLE, IN_REPOSITORY, render  # noqa: PLC0415 - see `engine`

        outcome = self._outcome
        color = colored(self._color) if sink.file is None else self._color == "always"
        text = render(
            sink.format,
            outcome.report,
            outcome.text,
            outcome.packs,
            color=color,
            width=columns(to_file=sink.file is not None),
            prefix=self._way_in_repository if sink.format in IN_REPOSITORY else self._way,
        )
        if sink.format not in FOR_PEOPLE:
            return text
        return text + self._unresolved() + self._closing(color=color, unresolved=unresolved)

    def _unresolved(self) -> str:
        """List the calls that could not be resolved, where that was asked for."""
        if not self._outcome.report.unresolved_at:
            return ""
        from asyncfix.output.unresolved import render  # noqa: PLC0415 - see `engine`

        return render(self._outcome.report, self._outcome.text, prefix=self._way)

    def _closing(self, *, color: bool, unresolved: bool) -> str:
        if self._quiet:
            return ""
        from asyncfix.output.closing import closing  # noqa: PLC0415 - see `engine`
        from asyncfix.output.palette import palette  # noqa: PLC0415

        lines = closing(self._outcome.report, palette(color=color), unresolved=unresolved)
        return "".join(f"{line}\n" for line in lines)

    def _summarize(self) -> None:
        """Add the report to the summary of the running GitHub step, as much as it takes."""
        name = os.environ.get("GITHUB_STEP_SUMMARY")
        if not name:
            return
        from asyncfix.output.markdown import summary  # noqa: PLC0415 - see `engine`

        file = Path(name)
        try:
            most = _SUMMARY - (file.stat().st_size if file.exists() else 0)
            way = self._way_in_repository
            text = summary(self._outcome.report, self._outcome.text, prefix=way, most=most)
            with file.open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            tell(f"warning: cannot write the step summary: {error.strerror}")
