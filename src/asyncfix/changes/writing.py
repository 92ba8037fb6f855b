"""Writes changed files, all or none, and takes that back."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.cache import prepare
from asyncfix.changes import journal
from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asyncfix.changes.journal import Entry, Kept
    from asyncfix.source import Text

_WRITABLE = 0o222


class Written(NamedTuple):
    """The files of a write, and the journal by which it can be taken back."""

    paths: tuple[str, ...]
    kept: Kept


def encoded(text: Text) -> bytes:
    """Return a text as its file holds it: in its encoding, with its byte order mark."""
    return text.text.encode(text.encoding)


def write(root: Path, cache: Path, changes: Mapping[str, tuple[bytes, bytes]]) -> Written:
    """Replace files, given as old and new bytes by path; raise AsyncfixError with nothing done.

    The process may be killed at any point: each file is then old or new in full, and `undo`
    restores the old ones.
    """
    check_finished(cache)
    for path, (old, _) in changes.items():
        _check(root, path, old)
    try:
        prepare(cache)
        kept = journal.begin(cache, root, changes)
    except OSError as error:
        raise AsyncfixError(f"cannot keep the old files in {cache}: {_said(error)}") from error
    try:
        _replace(root, kept.journal.entries, {path: new for path, (_, new) in changes.items()})
    except BaseException as error:
        _take_back(root, kept)
        if isinstance(error, OSError):
            raise AsyncfixError(f"nothing was changed: {_said(error)}") from error
        raise
    return Written(tuple(sorted(changes)), journal.finish(cache, kept))


def rewrite(root: Path, cache: Path, kept: Kept, texts: Mapping[str, bytes]) -> Kept:
    """Give files of a finished write other bytes; `undo` still leads back to the first ones."""
    kept = journal.reopen(kept, texts)
    entries = [entry for entry in kept.journal.entries if entry.path in texts]
    try:
        _replace(root, entries, texts)
    except OSError as error:
        raise AsyncfixError(f"{_said(error)}; `asyncfix undo` restores all files") from error
    return journal.finish(cache, kept)


def check_finished(cache: Path) -> None:
    """Raise AsyncfixError if the last write did not come to its end."""
    for kept in journal.journals(cache):
        if not kept.journal.finished:
            raise AsyncfixError(
                "an earlier `fix --write` was interrupted, or is still running; "
                "`asyncfix undo` restores its files, `asyncfix undo --keep` leaves them as they are"
            )


def _check(root: Path, path: str, old: bytes) -> None:
    """Raise AsyncfixError if a file cannot be replaced or is not what was read."""
    target = _target(root, path)
    try:
        now, mode = target.read_bytes(), target.stat().st_mode
    except OSError as error:
        raise AsyncfixError(f"nothing was changed: {path}: {error.strerror}") from error
    if now != old:
        raise AsyncfixError(f"nothing was changed: {path} is not what it was when it was read")
    if not mode & _WRITABLE:
        raise AsyncfixError(f"nothing was changed: {path} is read-only")


def _target(root: Path, path: str) -> Path:
    """Return the file that a path means; links are followed, but not out of the project."""
    home, target = root.resolve(), (root / path).resolve()
    if home not in target.parents:
        raise AsyncfixError(f"nothing was changed: {path} is a link out of {root}")
    return target


def _replace(root: Path, entries: Iterable[Entry], texts: Mapping[str, bytes]) -> None:
    """Write all new files beside the old ones, and only then put them in place."""
    ready: list[tuple[Path, Path]] = []
    try:
        for entry in entries:
            target = _target(root, entry.path)
            waiting = target.with_name(entry.waiting)
            ready.append((waiting, target))
            _prepare(waiting, target, texts[entry.path])
        for waiting, target in ready:
            waiting.replace(target)
    except BaseException:
        for waiting, _ in ready:
            with contextlib.suppress(OSError):
                waiting.unlink(missing_ok=True)
        raise
    for folder in {target.parent for _, target in ready}:
        journal.settle(folder)


def _prepare(waiting: Path, target: Path, data: bytes) -> None:
    """Write a file with the mode and, where that is allowed, the owner of another."""
    journal.put(waiting, data)
    if target.exists():
        like = target.stat()
        waiting.chmod(like.st_mode & 0o7777)
        mine = waiting.stat()
        if (like.st_uid, like.st_gid) != (mine.st_uid, mine.st_gid):
            with contextlib.suppress(OSError):
                os.chown(waiting, like.st_uid, like.st_gid)
                waiting.chmod(like.st_mode & 0o7777)


def _take_back(root: Path, kept: Kept) -> None:
    """Restore what a failed write has replaced; what cannot be restored stays in the journal."""
    try:
        _restore(root, kept, [*enumerate(kept.journal.entries)])
    except OSError as error:
        raise AsyncfixError(
            f"the write failed and could not be taken back: {_said(error)}; "
            "`asyncfix undo` tries again"
        ) from error


# Undo


class Undone(NamedTuple):
    """The files that were restored, and those that were as before already."""

    restored: tuple[str, ...]
    same: tuple[str, ...]


def undo(root: Path, cache: Path, *, force: bool) -> Undone:
    """Restore what the last write replaced; raise AsyncfixError for files changed since."""
    kept = last(root, cache)
    due: list[tuple[int, Entry]] = []
    strange, same = [], []
    for index, entry in enumerate(kept.journal.entries):
        target = _target(root, entry.path)
        now = journal.digest(target.read_bytes()) if target.exists() else ""
        if now == entry.before:
            same.append(entry.path)
            continue
        due.append((index, entry))
        if now not in entry.after:
            strange.append(f"{entry.path} ({'has changed' if now else 'is gone'})")
    if strange and not force:
        raise AsyncfixError(
            f"changed since, so nothing is restored: {', '.join(strange)}; "
            "--force restores all the same"
        )
    try:
        _restore(root, kept, due)
    except OSError as error:
        raise AsyncfixError(f"not everything is restored: {_said(error)}") from error
    return Undone(tuple(entry.path for _, entry in due), tuple(same))


def keep(root: Path, cache: Path) -> int:
    """Leave the files of the last write as they are and forget it; return how many they are."""
    kept = last(root, cache)
    _clear(root, kept)
    journal.drop(kept)
    return len(kept.journal.entries)


def last(root: Path, cache: Path) -> Kept:
    """Return the last write; raise AsyncfixError if there is none, or if it is not of `root`.

    A record may come with the project, from somebody else: it leads nowhere out of `root`.
    """
    found = journal.journals(cache)
    if not found:
        raise AsyncfixError("there is nothing to undo: no `fix --write` is on record here")
    told, entries = found[-1].journal.root, found[-1].journal.entries
    if Path(told).resolve() != root.resolve():
        raise AsyncfixError(f"cannot undo: the last `fix --write` was of {told}, not of {root}")
    for entry in entries:
        _target(root, entry.path)
        if entry.waiting != journal.waiting(entry.path, found[-1].folder.name):
            raise AsyncfixError(f"cannot undo: the record of {entry.path} is not ours")
    return found[-1]


def _restore(root: Path, kept: Kept, due: Sequence[tuple[int, Entry]]) -> None:
    _clear(root, kept)
    due = [(index, entry) for index, entry in due if _differs(root, entry)]
    for _, entry in due:
        (root / entry.path).parent.mkdir(parents=True, exist_ok=True)
    texts = {entry.path: kept.old(index) for index, entry in due}
    _replace(root, [entry for _, entry in due], texts)
    journal.drop(kept)


def _differs(root: Path, entry: Entry) -> bool:
    target = _target(root, entry.path)
    return not target.exists() or journal.digest(target.read_bytes()) != entry.before


def _clear(root: Path, kept: Kept) -> None:
    """Remove the new files that a killed write left beside the old ones."""
    for entry in kept.journal.entries:
        waiting = (root / entry.path).resolve().with_name(entry.waiting)
        waiting.unlink(missing_ok=True)


def _said(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
