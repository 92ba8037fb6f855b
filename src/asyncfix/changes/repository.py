"""What git says of files that are about to change."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def uncommitted(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of some files whose state is not committed; none where git is not in use."""
    wanted = sorted(paths)
    command = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "-C",
        str(root),
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--",
    ]
    try:
        told = subprocess.run(
            [*command, *(f":(literal){path}" for path in wanted)],
            capture_output=True,
            check=False,
        )
    except OSError:
        return ()
    if told.returncode:
        return ()
    names = (each[3:] for each in told.stdout.decode(errors="surrogateescape").split("\0"))
    return tuple(name for name in names if name)
