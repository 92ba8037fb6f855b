"""Fixing: fixes are planned, chosen and proven, again and again until nothing more changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.config import hint
from asyncfix.findings import ConfigError
from asyncfix.fixing.bench import bench
from asyncfix.fixing.installed import Installed
from asyncfix.fixing.rounds import Fixed, fix
from asyncfix.reading import no_collection
from asyncfix.scope import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from asyncfix.changes.choice import Wishes
    from asyncfix.config import Config
    from asyncfix.engine import Progress
    from asyncfix.fixing.bench import Bench
    from asyncfix.fixing.rounds import Decide, Rewrites
    from asyncfix.packs import Rule

__all__ = ["Fixed", "Installed", "fixed", "opened"]


def opened(
    paths: Sequence[Path],
    config: Config,
    asked: Asked | None = None,
    *,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Bench:
    """Read the project below some paths; raise AsyncfixError for bad input."""
    with no_collection():
        found = bench(paths, config, asked or Asked(), jobs=jobs, cache=cache, progress=progress)
    rules = found.project.packs.rules.values()
    for key in ("fixable", "unfixable", "extend_safe_fixes", "extend_unsafe_fixes"):
        check_names(key.replace("_", "-"), getattr(config, key) or (), rules)
    return found


def check_names(key: str, names: Iterable[str], rules: Iterable[Rule]) -> None:
    """Raise ConfigError for a name that no rule and no group has."""
    known = {"ALL"} | {name for rule in rules for name in (rule.name, rule.group)}
    for name in names:
        if name not in known:
            raise ConfigError(f"`{key}`: no rule or group is called `{name}`{hint(name, known)}")


def fixed(
    start: Bench,
    wishes: Wishes,
    *,
    rewrites: Rewrites | None = None,
    decide: Decide | None = None,
    progress: Progress | None = None,
) -> Fixed:
    """Return what becomes of a project when all is fixed that can be; nothing is written."""
    check_names("--strategy", wishes.strategies, start.project.packs.rules.values())
    with no_collection():
        return fix(start, rewrites or Installed(), wishes, decide=decide, progress=progress)
