"""Find what stops or floods an asyncio event loop, across a whole Python project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from asyncfix.config import Config
    from asyncfix.findings import Report

__version__ = "0.1.0"
__all__ = ["__version__", "check"]


def check(
    paths: Sequence[str | os.PathLike[str]] = (".",),
    config: Config | None = None,
    *,
    jobs: int = 1,
    cache: Path | None = None,
) -> Report:
    """Check Python files as `asyncfix check` does, and return what it would print.

    `paths` are folders, which are indexed as given, or files, which are reported on their own
    but indexed with their project. Without `config` the nearest pyproject.toml or asyncfix.toml
    holds, and `ASYNCFIX_*` variables on top. `jobs` counts processes; with more than one the
    calling module must be importable without side effects. `cache` is a folder for facts.
    The locations in the report are byte offsets in UTF-8 text, half open, and its paths are
    relative to the project. Raise AsyncfixError for a path, a configuration or a pack that
    cannot be used; a file that cannot be read or parsed is told in the report instead.
    """
    import os  # noqa: PLC0415 - to import the package stays cheap
    from pathlib import Path  # noqa: PLC0415

    from asyncfix.config import load  # noqa: PLC0415
    from asyncfix.engine import check as run  # noqa: PLC0415

    places = [Path(path) for path in paths]
    if config is None:
        config = load(places[0] if places else Path(), {}, os.environ).config
    return run(places, config, jobs=jobs, cache=cache).report
