"""The terminal: colour or not, how wide, and a progress bar for those who wait."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Self

from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PATIENCE = 0.5
_WIDE = 120
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")
_NOTHING = re.compile(r"(?!)()")


def colored(wish: str) -> bool:
    """Tell whether to print in colour; `wish` is auto, always or never."""
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def columns(*, to_file: bool) -> int:
    """Return the width to write for: the terminal's, or a fixed one for files and pipes."""
    if to_file or not sys.stdout.isatty():
        return int(os.environ.get("COLUMNS") or 0) or _WIDE
    return max(60, min(160, shutil.get_terminal_size((80, 24)).columns))


def tell(message: str) -> None:
    """Print a message on stderr."""
    print(still(message), file=sys.stderr)  # noqa: T201 - that is what it is for


def still(text: str) -> str:
    """Return a text that moves no cursor: of escape sequences only those of colour stay, if any."""
    from asyncfix.output.places import PICTURES  # noqa: PLC0415 - only where there is something

    if text.isascii() and not _CONTROL.search(text):
        return text
    colors = _COLOR if colored("auto") else _NOTHING
    pictures = {code: picture for code, picture in PICTURES.items() if code not in (9, 10)}
    parts = colors.split(text)
    parts[::2] = [part.translate(pictures) for part in parts[::2]]
    return "".join(parts)


def write(text: str, file: Path | None) -> None:
    """Print a text, or put it into a file; what the terminal cannot show is replaced."""
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise AsyncfixError(f"cannot write {file}: {error.strerror}") from error
        return
    if sys.stdout.isatty():
        text = still(text)
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on, which is no trouble
        raise
    except OSError as error:
        raise AsyncfixError(f"cannot write to the output: {error.strerror}") from error


class Progress:
    """A bar on stderr, if that is a terminal and the work takes longer than half a second."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown and sys.stderr.isatty() and not os.environ.get("CI")
        self._begun = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        """Start the clock."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps of a stage are behind us."""
        if not self._shown or time.monotonic() - self._begun < PATIENCE:
            return
        if self._bar is None:
            self._bar = _bar()
            self._task = self._bar.add_task(stage)
        self._bar.update(self._task, description=stage, completed=done, total=total or None)


def _bar() -> Any:  # noqa: ANN401 - rich is imported only here
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    bar = Bar(console=Console(stderr=True), transient=True, refresh_per_second=4)
    bar.start()
    return bar
