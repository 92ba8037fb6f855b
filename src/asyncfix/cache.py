"""What earlier runs found out: facts of files by content, and the report of the last run.

Both files hold msgpack of plain data after a line with a digest; one that is cut short, foreign or
of another version is taken as absent. They are replaced as a whole, so that runs at the same time
see either the old or the new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from asyncfix import __version__
from asyncfix.findings import Finding, Report  # noqa: TC001 - msgspec reads annotations
from asyncfix.heads import Head  # noqa: TC001 - as above
from asyncfix.packs import Library, Packs, Rule, Target, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Stats = dict[str, tuple[int, int]]
T = TypeVar("T")

_FORMAT = 35
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n"


_LITTLE = 8  # times what has changed is less than the whole


class Known(msgspec.Struct, frozen=True, array_like=True):
    """One file as it was: time, size, digest, and its facts as msgpack behind their head."""

    mtime: int
    size: int
    digest: str
    head: Head
    facts: msgspec.Raw


class Made(msgspec.Struct, frozen=True, array_like=True):
    """What reading a file gave: its digest, and its facts as msgpack behind their head."""

    digest: str
    head: Head
    facts: msgspec.Raw


class Saved(msgspec.Struct, frozen=True, array_like=True):
    """A whole run: the files it saw, and its report."""

    stats: dict[str, tuple[int, int]]
    reported: tuple[str, ...] | None
    asked: str
    report: Report


class Ask(NamedTuple):
    """What a report answers: under which configuration, for which files, and leaving out what."""

    configuration: str
    reported: frozenset[str] | None
    wish: str = ""

    @property
    def paths(self) -> tuple[str, ...] | None:
        """Return the files that are reported, in order."""
        return None if self.reported is None else tuple(sorted(self.reported))


class SavedPacks(msgspec.Struct, frozen=True, array_like=True):
    """The packs of the last run; a target that many names share is written once."""

    rules: dict[str, Rule]
    library: Library
    kinds: list[Target]
    targets: dict[str, int]


class Examined(msgspec.Struct, frozen=True, array_like=True):
    """What came of examining a file in one state: findings, and what is left of each."""

    digest: str
    findings: list[tuple[Finding, Finding | None]]


class Cache:
    """A folder with facts and reports; without a folder everything is absent."""

    def __init__(self, folder: Path | None, salt: str) -> None:
        self.folder = folder
        self.version = f"{__version__}-{_FORMAT}"
        self.salt = f"{self.version}-{salt}"
        self._whole: dict[str, Known] = {}

    def facts(self) -> dict[str, Known]:
        """Return the known files by path."""
        self._whole = self._read("facts", dict[str, Known]) or {}
        later = self._read("facts-later", dict[str, Known]) or {}
        return {**self._whole, **later}

    def store_facts(self, known: Mapping[str, Known]) -> None:
        """Keep what is known of the files: where little has changed, only that."""
        whole = self._whole
        later = {path: each for path, each in known.items() if whole.get(path) is not each}
        if _size(later) * _LITTLE > _size(known):
            self._write("facts", dict(known))
            later = {}
        self._write("facts-later", later)

    def report(self, stats: Stats, ask: Ask) -> Report | None:
        """Return the report of the last run over the same files in the same state."""
        saved = self._read(f"report-{ask.configuration}", Saved)
        if saved is None or saved.stats != stats:
            return None
        same = (saved.reported, saved.asked) == (ask.paths, ask.wish)
        return saved.report if same else None

    def store_report(self, stats: Stats, ask: Ask, report: Report) -> None:
        """Keep the report of a run."""
        self._write(f"report-{ask.configuration}", Saved(stats, ask.paths, ask.wish, report))

    def load(self, name: str, kind: type[T]) -> T | None:
        """Return what a run kept under a name, or None."""
        return self._read(name, kind)

    def store(self, name: str, value: msgspec.Struct) -> None:
        """Keep something under a name."""
        self._write(name, value)

    def examined(self) -> dict[str, Examined]:
        """Return what came of examining files, by path."""
        return self._read("examined", dict[str, Examined]) or {}

    def store_examined(self, examined: Mapping[str, Examined]) -> None:
        """Keep what came of examining files."""
        self._write("examined", dict(examined))

    def packs(self, texts: Mapping[str, str], own: Iterable[str]) -> Packs:
        """Return the packs that some texts hold; the salt says that they are the same ones."""
        saved = self._read("packs", SavedPacks)
        if saved is not None:
            targets = {name: saved.kinds[at] for name, at in saved.targets.items()}
            library = msgspec.structs.replace(saved.library, targets=targets)
            return Packs(saved.rules, library)
        packs = load(texts, own)
        kinds = list({id(each): each for each in packs.library.targets.values()}.values())
        at = {id(each): number for number, each in enumerate(kinds)}
        numbers = {name: at[id(each)] for name, each in packs.library.targets.items()}
        bare = msgspec.structs.replace(packs.library, targets={})
        self._write("packs", SavedPacks(packs.rules, bare, kinds, numbers))
        return packs

    def _head(self, name: str, data: bytes) -> bytes:
        salt = (
            self.version if name.startswith("facts") else self.salt
        )  # facts know nothing of packs
        digest = hashlib.blake2b(data, key=salt.encode()[:64], digest_size=16)
        return digest.hexdigest().encode() + b"\n"

    def _read(self, name: str, kind: type[T]) -> T | None:
        if self.folder is None:
            return None
        try:
            whole = (self.folder / f"{name}.bin").read_bytes()
        except OSError:
            return None
        data = whole[33:]
        if whole[:33] != self._head(name, data):
            return None
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None

    def _write(self, name: str, value: Any) -> None:  # noqa: ANN401 - what msgpack can hold
        """Write a file in one step; a cache that cannot be written is done without."""
        if self.folder is None:
            return
        data = msgspec.msgpack.encode(value)
        with contextlib.suppress(OSError):
            prepare(self.folder)
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f"{name}-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._head(name, data))
                    file.write(data)
                os.replace(temporary, self.folder / f"{name}.bin")  # noqa: PTH105 - a str here
            except OSError:
                os.unlink(temporary)  # noqa: PTH108 - as above
                raise


def prepare(folder: Path) -> None:
    """Make a folder for what is kept between runs; git and backups leave it out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (("CACHEDIR.TAG", _TAG), (".gitignore", b"*\n")):
        if not (folder / name).exists():
            (folder / name).write_bytes(data)


def _size(known: Mapping[str, Known]) -> int:
    return sum(memoryview(each.facts).nbytes for each in known.values())
