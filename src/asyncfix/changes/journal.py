"""What `fix --write` has replaced: kept on disk before the first file changes, for `undo`.

Each write has a folder of its own: the old bytes, and `journal.json`, which says where they
belong and what has taken their place. The folder gets its final name when all of it is on disk.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FOLDER = "undo"
_KEPT = 10
_VERSION = 1


class Entry(msgspec.Struct, frozen=True):
    """One file: the digest that it had, those that it was given, and where its new text waits."""

    path: str
    before: str
    after: tuple[str, ...]
    waiting: str


class Journal(msgspec.Struct, frozen=True):
    """One write; `finished` as long as every file holds what it was given last."""

    version: int
    root: str
    finished: bool
    entries: tuple[Entry, ...]


class Kept(msgspec.Struct, frozen=True):
    """A journal and the folder that it lies in."""

    folder: Path
    journal: Journal

    def old(self, index: int) -> bytes:
        """Return the bytes that the entry at an index had."""
        return (self.folder / f"{index}.old").read_bytes()


def digest(data: bytes) -> str:
    """Return what tells a file's bytes from others."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def waiting(path: str, name: str) -> str:
    """Return the name under which a file's new text waits beside it, in the write of a name."""
    return f".{Path(path).name}.{name}.asyncfix"


def journals(cache: Path) -> list[Kept]:
    """Return the kept journals, the oldest first."""
    found = []
    for folder in sorted((cache / _FOLDER).glob("[0-9]" * 6)):
        try:
            data = (folder / "journal.json").read_bytes()
            found.append(Kept(folder, msgspec.json.decode(data, type=Journal)))
        except (OSError, msgspec.DecodeError) as error:
            raise AsyncfixError(f"cannot read {folder}/journal.json: {error}") from error
    return found


def begin(cache: Path, root: Path, changes: Mapping[str, tuple[bytes, bytes]]) -> Kept:
    """Keep the old bytes of files, and what they will become; on return all of it is on disk."""
    parent = cache / _FOLDER
    numbers = [int(kept.folder.name) for kept in journals(cache)]
    name = f"{max(numbers, default=0) + 1:06}"
    folder, making = parent / name, parent / f"{name}.making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    entries = []
    for index, (path, (old, new)) in enumerate(sorted(changes.items())):
        put(making / f"{index}.old", old)
        entries.append(Entry(path, digest(old), (digest(new),), waiting(path, name)))
    journal = Journal(_VERSION, str(root), False, tuple(entries))
    _store(making, journal)
    making.rename(folder)
    settle(parent)
    return Kept(folder, journal)


def reopen(kept: Kept, texts: Mapping[str, bytes]) -> Kept:
    """Note that files of a finished write are about to become something else again."""
    entries = tuple(
        msgspec.structs.replace(entry, after=(*entry.after, digest(texts[entry.path])))
        if entry.path in texts
        else entry
        for entry in kept.journal.entries
    )
    return _changed(kept, finished=False, entries=entries)


def finish(cache: Path, kept: Kept) -> Kept:
    """Note that all files of a write have their new bytes, and drop the oldest journals."""
    done = _changed(kept, finished=True, entries=kept.journal.entries)
    for old in journals(cache)[:-_KEPT]:
        drop(old)
    return done


def drop(kept: Kept) -> None:
    """Forget a write; whatever is left of a folder that is half gone is no journal."""
    gone = kept.folder.with_suffix(".gone")
    shutil.rmtree(gone, ignore_errors=True)
    kept.folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _changed(kept: Kept, *, finished: bool, entries: Iterable[Entry]) -> Kept:
    journal = msgspec.structs.replace(kept.journal, finished=finished, entries=tuple(entries))
    _store(kept.folder, journal)
    return Kept(kept.folder, journal)


def _store(folder: Path, journal: Journal) -> None:
    put(folder / "journal.new", msgspec.json.encode(journal))
    (folder / "journal.new").replace(folder / "journal.json")
    settle(folder)


def put(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def settle(folder: Path) -> None:
    """Wait until the names in a folder are on disk; not every system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
