"""Writes what was planned: patch, files, and a command that tells whether all still works."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from asyncfix.changes import writing
from asyncfix.changes.choice import Refusal
from asyncfix.changes.diffs import patch as difference
from asyncfix.changes.outcome import Unfixed
from asyncfix.changes.repository import uncommitted
from asyncfix.findings import AsyncfixError
from asyncfix.fixing.verifying import only, sifted, transactions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asyncfix.changes.outcome import Changes
    from asyncfix.fixing.rounds import Decide
    from asyncfix.fixing.verifying import Group

    Fixing = Callable[[Decide | None], Changes]

_TOLD = 20  # lines of a command's output


def write_patch(patch: Path, changes: Changes, root: Path) -> None:
    """Write what `git apply` takes at the top of the repository."""
    home = next((up for up in (root, *root.parents) if (up / ".git").exists()), root)
    below = root.relative_to(home).as_posix()
    try:
        patch.parent.mkdir(parents=True, exist_ok=True)
        patch.write_bytes(difference(changes.everything, "" if below == "." else f"{below}/"))
    except OSError as error:
        raise AsyncfixError(f"cannot write {patch}: {error.strerror}") from error


def write_files(changes: Changes, root: Path, cache: Path, *, allow_dirty: bool) -> None:
    """Change the files; raise AsyncfixError if there is work in them that is not committed."""
    check_committed(changes, root, allow_dirty=allow_dirty)
    if changes.everything:
        writing.write(root, cache, _bytes(changes))


def check_committed(changes: Changes, root: Path, *, allow_dirty: bool) -> None:
    """Raise AsyncfixError if a file that would change has changes that are not committed."""
    paths = [before.path for before, _ in changes.everything]
    dirty = () if allow_dirty or not paths else uncommitted(root, paths)
    if dirty:
        raise AsyncfixError(
            f"not committed, so nothing was changed: {', '.join(dirty)}; "
            "commit or stash it, or use --allow-dirty"
        )


def _bytes(changes: Changes) -> dict[str, tuple[bytes, bytes]]:
    return {
        before.path: (writing.encoded(before), writing.encoded(after))
        for before, after in changes.everything
    }


def write_verified(
    changes: Changes, root: Path, cache: Path, command: str, fixing: Fixing
) -> Changes:
    """Change the files and run a command; take back the fixes with which it fails.

    `fixing` plans again with other decisions. Raise AsyncfixError if the command fails before
    anything has changed.
    """
    first = _run(command, root)
    if first.returncode:
        tail = "\n".join(first.stdout.splitlines()[-_TOLD:])
        raise AsyncfixError(f"nothing was changed: `{command}` fails already\n{tail}")
    if not changes.everything:
        return changes
    whole = _bytes(changes)
    kept = writing.write(root, cache, whole).kept
    planned = {transactions(changes.made): changes}

    def put(groups: tuple[Group, ...]) -> bool:
        """Write what some fixes come to, if they change no more than all of them."""
        nonlocal kept
        if groups not in planned:
            click.echo(f"`{command}` fails; trying {len(groups)} of {len(every)}", err=True)
            planned[groups] = fixing(only({key for group in groups for key in group}))
        state = _state(planned[groups], whole)
        if state.keys() != whole.keys():
            return False
        kept = writing.rewrite(root, cache, kept, state)
        return True

    def holds(groups: tuple[Group, ...]) -> bool:
        return (groups == every or put(groups)) and not _run(command, root).returncode

    every = transactions(changes.made)
    try:
        found = sifted(every, holds)
        if found.guilty:
            put(found.kept)
    except KeyboardInterrupt:
        click.echo("`asyncfix undo` restores all files", err=True)
        raise
    guilty = {key for group in found.guilty for key in group}
    return _blamed(planned[found.kept], guilty, command)


def _state(changes: Changes, whole: dict[str, tuple[bytes, bytes]]) -> dict[str, bytes]:
    """Return the bytes of all files that were written at first, as some other changes have them."""
    old = {path: old for path, (old, _) in whole.items()}
    return old | {path: new for path, (_, new) in _bytes(changes).items()}


def _blamed(changes: Changes, guilty: set[tuple[str, str, str]], command: str) -> Changes:
    names = {key[0]: key[1] for key in guilty}
    return replace(
        changes,
        unfixed=tuple(
            Unfixed(each.finding, (Refusal(names[each.finding.fingerprint], _fails(command)),))
            if each.finding.fingerprint in names
            else each
            for each in changes.unfixed
        ),
    )


def _fails(command: str) -> str:
    return f"`{command}` fails with it"


def _run(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S602 - the user's own command, as they would type it
        command,
        shell=True,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
