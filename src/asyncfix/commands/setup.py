"""What a subcommand needs before it can start: settings, folders, packs, and the engine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from asyncfix.config import LoadedConfig, load, parse
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncfix.config import Config
    from asyncfix.engine import View
    from asyncfix.packs import Packs


def engine() -> Any:  # noqa: ANN401 - a module
    """Return the engine, which only commands that read code import."""
    from asyncfix import engine as found  # noqa: PLC0415 - as told

    return found


def loaded(
    start: Path, settings: Mapping[str, Any], file: Path | None, *, verbose: bool = False
) -> LoadedConfig:
    """Return the configuration that holds for `start`, below what options say."""
    overrides: dict[str, object] = {}
    for name, value in settings.items():
        key = name.replace("_", "-")
        if value is None or value == ():
            continue
        overrides[key] = parse(key, ",".join(value)) if isinstance(value, tuple) else value
    found = load(start, overrides, os.environ, file)
    if verbose:
        tell(f"configuration: {found.path or 'defaults'}")
    return found


def loaded_here(
    start: Path, settings: Mapping[str, Any], file: Path | None, *, verbose: bool = False
) -> LoadedConfig:
    """Return the configuration of the working directory, whose project is indexed as a whole.

    It does not depend on which of the project's files are named, or in which portions. For a
    path outside the working directory it is that path's own.
    """
    from asyncfix.source import project_root  # noqa: PLC0415 - see `engine`

    here = Path()
    if here.absolute() not in start.absolute().parents:
        return loaded(start, settings, file, verbose=verbose)
    found = loaded(here, settings, file, verbose=verbose)
    root = project_root((here,), found.config)
    config = msgspec.structs.replace(found.config, project=str(root))
    return replace(found, config=config)


def viewed(
    paths: tuple[Path, ...], file: Path | None, *, jobs: int, no_cache: bool, verbose: bool
) -> tuple[View, Config]:
    """Return a linked project with its report, and the settings; errors go to stderr."""
    config = loaded(paths[0], {}, file, verbose=verbose).config
    cache = None if no_cache else cache_folder(paths, config)
    view: View = engine().view(list(paths), config, jobs=jobs, cache=cache)
    for error in view.report.errors:
        tell(f"error: {error}")
    return view, config


def cache_folder(paths: tuple[Path, ...], config: Config) -> Path:
    """Return the folder for what is kept between runs."""
    from asyncfix.source import project_root  # noqa: PLC0415 - see `engine`

    root = project_root(paths, config)
    folder = root / config.cache_dir
    inside = root.absolute() in folder.absolute().parents
    if inside and root.resolve() not in folder.resolve().parents:
        raise AsyncfixError(f"{folder} is a link out of {root}; remove it, or name a --cache-dir")
    return folder


def prefix(paths: tuple[Path, ...], config: Config) -> str:
    """Return the way from the working directory to the project, with a slash at its end."""
    from asyncfix.source import project_root  # noqa: PLC0415 - see `engine`

    return _way(project_root(paths, config), Path.cwd())


def repository_prefix(paths: tuple[Path, ...], config: Config) -> str:
    """Return the way from the root of the repository to the project, if there is a repository."""
    from asyncfix.source import project_root  # noqa: PLC0415 - see `engine`

    root = project_root(paths, config).absolute()
    above = (folder for folder in (root, *root.parents) if (folder / ".git").exists())
    return _way(root, next(above, root))


def _way(root: Path, start: Path) -> str:
    try:
        return os.path.join(os.path.relpath(root, start), "")  # noqa: PTH118 - the slash is wanted
    except ValueError:
        return os.path.join(root, "")  # noqa: PTH118 - another drive


def packs(config: Config) -> Packs:
    """Return the rule packs, those of the configuration included."""
    from asyncfix import packs as found  # noqa: PLC0415 - see `engine`

    return found.load(found.builtin_texts() | found.user_texts(config.packs, Path()))
