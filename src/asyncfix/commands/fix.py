"""`asyncfix fix`: plans, proves and shows rewrites; with --write it makes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.options import config_file, running, settings
from asyncfix.commands.setup import cache_folder, loaded, prefix
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import Progress, colored, write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.changes.outcome import Changes
    from asyncfix.fixing import Fixed

_STRATEGIES = ("native", "offload", "sync", "cascade")
_REACHES = ("none", "file", "callers", "full")


@click.command("fix")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--write", "writes", is_flag=True, help="Change the files; without it, show how.")
@click.option("--unsafe-fixes", is_flag=True, help="Take fixes that are right in the usual case.")
@click.option(
    "--strategy",
    "strategies",
    multiple=True,
    metavar="RULE=native|offload|sync|cascade",
    help="Fix a rule or group in this way only.",
)
@click.option(
    "--cascade",
    type=click.Choice(_REACHES),
    default="full",
    help="How far a fix may reach: its file, the chain's callers, or anywhere.",
)
@click.option("--max-files", type=click.IntRange(1), help="Change no more files than this.")
@click.option("--patch", type=click.Path(path_type=Path), help="Write what `git apply` takes.")
@click.option("--allow-dirty", is_flag=True, help="Write over changes that are not committed.")
@settings
@config_file
@running
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-q", "--quiet", is_flag=True, help="Print the differences only.")
def command(  # noqa: PLR0917 - click calls it by name
    paths: tuple[Path, ...],
    writes: bool,  # noqa: FBT001
    unsafe_fixes: bool,  # noqa: FBT001
    strategies: tuple[str, ...],
    cascade: str,
    max_files: int | None,
    patch: Path | None,
    allow_dirty: bool,  # noqa: FBT001
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    color: str,
    quiet: bool,  # noqa: FBT001
    **overrides: Any,  # noqa: ANN401
) -> int:
    """Rewrite what blocks the event loop; every change is proven before it is shown or written.

    Without --write the differences are shown, and the exit code is 1 if there are any.
    """
    from asyncfix.changes.choice import Wishes  # noqa: PLC0415 - only for this command
    from asyncfix.fixing import fixed, opened  # noqa: PLC0415 - as above

    paths = paths or (Path(),)
    config = loaded(paths[0], overrides, file, verbose=verbose).config
    folder = cache_folder(paths, config)
    wishes = Wishes(unsafe_fixes, _strategies(strategies), cascade, max_files)
    _check_journal(folder, writes=writes)
    with Progress(shown=not quiet) as progress:
        start = opened(
            list(paths), config, jobs=jobs, cache=None if no_cache else folder, progress=progress
        )
        outcome = fixed(start, wishes, progress=progress)
    for error in start.errors:
        click.echo(f"error: {error}", err=True)
    changes, root = outcome.changes, start.found.root
    if patch is not None:
        _write_patch(patch, changes, root)
    if writes:
        _write(changes, root, folder, allow_dirty=allow_dirty)
    way = prefix(paths, config)
    _print(outcome, way, writes=writes, color=colored(color), quiet=quiet, verbose=verbose)
    if start.errors:
        return 2
    return 1 if (changes.unfixed if writes else changes.files) else 0


def _strategies(given: Iterable[str]) -> dict[str, str]:
    found = {}
    for each in given:
        name, sign, strategy = each.partition("=")
        if not sign or strategy not in _STRATEGIES:
            raise click.UsageError(
                f"--strategy {each!r} should be RULE=STRATEGY, with one of {', '.join(_STRATEGIES)}"
            )
        found[name] = strategy
    return found


def _check_journal(folder: Path, *, writes: bool) -> None:
    """Tell of a write that was interrupted; nothing else is written on top of it."""
    from asyncfix.changes.writing import check_finished  # noqa: PLC0415 - as above

    try:
        check_finished(folder)
    except AsyncfixError as error:
        if writes:
            raise
        click.echo(f"warning: {error}", err=True)


def _write_patch(patch: Path, changes: Changes, root: Path) -> None:
    from asyncfix.changes.diffs import patch as difference  # noqa: PLC0415 - as above

    home = next((up for up in (root, *root.parents) if (up / ".git").exists()), root)
    below = root.relative_to(home).as_posix()
    prefix = "" if below == "." else f"{below}/"
    try:
        patch.parent.mkdir(parents=True, exist_ok=True)
        patch.write_bytes(difference(changes.files, prefix))
    except OSError as error:
        raise AsyncfixError(f"cannot write {patch}: {error.strerror}") from error


def _write(changes: Changes, root: Path, folder: Path, *, allow_dirty: bool) -> None:
    from asyncfix.changes import writing  # noqa: PLC0415 - as above
    from asyncfix.changes.repository import uncommitted  # noqa: PLC0415 - as above

    if not changes.files:
        return
    paths = [before.path for before, _ in changes.files]
    dirty = () if allow_dirty else uncommitted(root, paths)
    if dirty:
        raise AsyncfixError(
            f"not committed, so nothing was changed: {', '.join(dirty)}; "
            "commit or stash it, or use --allow-dirty"
        )
    texts = {
        before.path: (writing.encoded(before), writing.encoded(after))
        for before, after in changes.files
    }
    writing.write(root, folder, texts)


def _print(
    outcome: Fixed, way: str, *, writes: bool, color: bool, quiet: bool, verbose: bool
) -> None:
    from asyncfix.output.fixed import differences, summary  # noqa: PLC0415 - as above
    from asyncfix.output.palette import palette  # noqa: PLC0415 - as above

    paint = palette(color=color)
    if not writes:
        write(differences(outcome.changes, paint, way), None)
    if quiet:
        return
    lines = summary(outcome.changes, outcome.after.texts, paint, way, written=writes, every=verbose)
    click.echo("\n".join(lines), err=not writes)
