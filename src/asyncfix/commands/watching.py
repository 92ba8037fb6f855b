"""`check --watch`: checks again whenever a file has changed, in one process that stays.

Files are looked at, not subscribed to: that needs no library, sees what other machines write to a
shared folder, and takes some milliseconds for a hundred thousand lines.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.setup import loaded
from asyncfix.commands.wishes import Reasoned, baseline_file
from asyncfix.config import FIELDS, NAMES
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from asyncfix.config import Config

_PAUSE = 0.05  # seconds between two looks, at least
_SHARE = 8  # a look takes no more than this part of the time: one eighth
_CALM = 0.02  # seconds in which nothing may change before a check: editors write in steps
_EXCLUDED = ("add_ignore", "fix", "diff", "show_fixes", "staged", "show_settings")
_State = tuple[dict[str, tuple[int, int]], tuple[tuple[str, int], ...]]

watching = click.option("-w", "--watch", is_flag=True, help="Check again whenever a file changes.")


class Watched(Reasoned):
    """A command that runs again and again with `--watch`, until it is interrupted."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command, once or for as long as files change."""
        if not ctx.params.pop("watch"):
            return super().invoke(ctx)
        paths = ctx.params["paths"] or (Path(),)
        for name in _EXCLUDED:
            if ctx.params[name] not in (None, False):
                raise click.UsageError(f"--watch excludes --{name.replace('_', '-')}")
        if Path("-") in paths:
            raise click.UsageError("--watch looks at files, so it excludes `-`")
        with contextlib.suppress(KeyboardInterrupt):
            for seen in Changes(paths, ctx.params):
                if sys.stdout.isatty():
                    click.clear()
                started = time.perf_counter()
                try:
                    super().invoke(ctx)
                except AsyncfixError as error:
                    tell(f"error: {error}")
                if not ctx.params["silent"]:
                    seconds = time.perf_counter() - started
                    told = f"Watching {len(seen)} files ({seconds:.2f} s); Ctrl-C ends it."
                    tell(told)
                gc.collect()
        return 0


class Changes:
    """Yields the files that there are at once, and again whenever one of them has changed."""

    def __init__(self, paths: tuple[Path, ...], options: Mapping[str, Any]) -> None:
        self._paths = paths
        self._file = options["file"]
        keys = {name: value for name, value in options.items() if name.replace("_", "-") in FIELDS}
        self._settings = keys
        self._config: Config | None = None

    def __iter__(self) -> Iterator[dict[str, tuple[int, int]]]:
        """Wait for changes, for ever."""
        known: _State | None = None
        while True:
            now = self._looked()
            if now == known:
                continue
            known = self._settled(now)
            yield known[0]

    def _looked(self) -> _State:
        """Look, after a pause that leaves the processor to others."""
        started = time.perf_counter()
        state = self._state()
        time.sleep(max(_PAUSE, (time.perf_counter() - started) * (_SHARE - 1)))
        return state

    def _settled(self, state: _State) -> _State:
        """Return what there is once nothing more changes; read the configuration anew."""
        self._config = None
        while True:
            time.sleep(_CALM)
            now = self._state()
            if now == state:
                return now
            state = now

    def _state(self) -> _State:
        """Return time and size of every file that a check reads, as far as they are there."""
        from asyncfix.source import discover  # noqa: PLC0415 - only for this command

        stats: dict[str, tuple[int, int]] = {}
        others: list[Path] = []
        with contextlib.suppress(AsyncfixError):  # the check tells of it
            if self._config is None:
                self._config = loaded(self._paths[0], self._settings, self._file).config
            stats = discover(self._paths, self._config).stats
            others += [baseline_file(self._paths, self._config), *_packs(self._config)]
        start = self._paths[0].absolute()
        others += [folder / name for folder in (start, *start.parents) for name in NAMES]
        others += [self._file] if self._file else []
        return stats, tuple(map(_time, others))


def _packs(config: Config) -> Iterator[Path]:
    for name in config.packs:
        path = Path(config.project, name)
        yield from sorted(path.glob("*.toml")) if path.is_dir() else [path]


def _time(path: Path) -> tuple[str, int]:
    try:
        return str(path), path.stat().st_mtime_ns
    except OSError:
        return str(path), 0
