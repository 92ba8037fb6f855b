"""The oldest Python that a project runs on, as its packaging tells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

OLDEST = "py310"  # where nothing is told
_LEAST = re.compile(r"(?:>=|~=|===?|\^|~|>)?\s*v?3\.(\d+)")


def told_version(start: Path) -> tuple[str, Path] | None:
    """Return the `requires-python` of the nearest pyproject.toml as `py39`, and that file."""
    import tomli  # noqa: PLC0415 - not for what is set

    start = Path(start).absolute()
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        try:
            table = tomli.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError):
            continue
        if least := _least(_requirement(table)):
            return least, path
    return None


def _requirement(table: dict[str, Any]) -> str:
    """Return what a project, or else Poetry, demands of Python."""
    told = _below(table, "project", "requires-python")
    told = told or _below(table, "tool", "poetry", "dependencies", "python")
    return told if isinstance(told, str) else ""


def _below(table: Any, *keys: str) -> Any:  # noqa: ANN401 - what a TOML file holds
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def _least(requirement: str) -> str:
    """Return the least version that a requirement such as `>=3.9,<4` or `^3.9 || ^3.11` admits."""
    found: list[int] = []
    for either in requirement.split("||"):
        matches = (
            _LEAST.fullmatch(each.strip().rstrip("*").rstrip(".")) for each in _clauses(either)
        )
        found.append(max((int(match[1]) for match in matches if match), default=0))
    least = min(found, default=0)
    return f"py3{least}" if least else ""


def _clauses(requirement: str) -> list[str]:
    """Return the clauses that a version must fulfil, without what follows the minor number."""
    every = re.split(r"[,\s]+(?=[<>=!~^\d])", requirement.strip())
    return [re.sub(r"(3\.\d+)(?:\.[\d*]+)+", r"\1", each) for each in every]
