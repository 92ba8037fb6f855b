"""What earlier runs found out: facts of files by content, and the report of the last run.

Both files hold msgpack of plain data after a line with a digest; one that is cut short, foreign or
of another version is taken as absent. They are replaced as a whole, so that runs at the same time
see either the old or the new one. Facts follow a table that says where those of each file are, and
with which checksum, so that a run reads only what it needs of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import tempfile
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zlib import crc32

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

_FORMAT = 43
_TAG = b"Signature: 8a477f597d28d172789f06886806bc55\n"


_HEAD = 33  # bytes of the line with the digest
_LENGTH = 8  # bytes of the length of the table of facts
_LITTLE = 8  # times what has changed is less than the whole


class Known(NamedTuple):
    """One file as it was: time, size, digest, and its facts as msgpack behind their head."""

    mtime: int
    size: int
    digest: str
    head: Head
    facts: msgspec.Raw
    checksum: int

    @property
    def whole(self) -> bool:
        """Tell whether the facts are as they were written."""
        return crc32(memoryview(self.facts)) == self.checksum


class Listed(NamedTuple):
    """The entry of a file in the table of facts, which lie from `start` to `end` behind it."""

    mtime: int
    size: int
    digest: str
    head: Head
    start: int
    end: int
    checksum: int


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
        self._whole = self._read_facts("facts")
        return {**self._whole, **self._read_facts("facts-later")}

    def store_facts(self, known: Mapping[str, Known]) -> None:
        """Keep what is known of the files: where little has changed, only that."""
        whole = self._whole
        later = {path: each for path, each in known.items() if whole.get(path) is not each}
        if _size(later) * _LITTLE > _size(known):
            self._write_facts("facts", known)
            later = {}
        self._write_facts("facts-later", later)

    def _read_facts(self, name: str) -> dict[str, Known]:
        if self.folder is None:
            return {}
        try:
            data = memoryview(_mapped(self.folder / f"{name}.bin"))
        except (OSError, ValueError):
            return {}
        length = int.from_bytes(data[_HEAD : _HEAD + _LENGTH], "big")
        table, start = data[_HEAD + _LENGTH :][:length], _HEAD + _LENGTH + length
        if data[:_HEAD] != self._head(name, table):
            return {}
        try:
            listed = msgspec.msgpack.decode(table, type=dict[str, Listed])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return {}
        return {
            path: Known(
                *each[:4], msgspec.Raw(data[start + each.start : start + each.end]), each[6]
            )
            for path, each in listed.items()
        }

    def _write_facts(self, name: str, known: Mapping[str, Known]) -> None:
        table, end = {}, 0
        for path, each in known.items():
            start, end = end, end + memoryview(each.facts).nbytes
            table[path] = Listed(*each[:4], start, end, each.checksum)
        data = msgspec.msgpack.encode(table)
        facts = (each.facts for each in known.values())
        self._write_parts(
            name, self._head(name, data), len(data).to_bytes(_LENGTH, "big"), data, *facts
        )

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
        data = self._data("packs")
        saved = None if data is None else _packs(bytes(data))
        if saved is not None:
            return saved
        packs = load(texts, own)
        if self.folder is not None:
            self._write("packs", _kept(packs))
        return packs

    def _head(self, name: str, data: bytes | memoryview) -> bytes:
        salt = (
            self.version if name.startswith("facts") else self.salt
        )  # facts know nothing of packs
        digest = hashlib.blake2b(data, key=salt.encode()[:64], digest_size=16)
        return digest.hexdigest().encode() + b"\n"

    def _data(self, name: str) -> memoryview | None:
        if self.folder is None:
            return None
        try:
            whole = memoryview((self.folder / f"{name}.bin").read_bytes())
        except OSError:
            return None
        data = whole[_HEAD:]
        return data if whole[:_HEAD] == self._head(name, data) else None

    def _read(self, name: str, kind: type[T]) -> T | None:
        data = self._data(name)
        return None if data is None else _decoded(data, kind)

    def _write(self, name: str, value: Any) -> None:  # noqa: ANN401 - what msgpack can hold
        if self.folder is not None:
            data = msgspec.msgpack.encode(value)
            self._write_parts(name, self._head(name, data), data)

    def _write_parts(self, name: str, *parts: bytes | msgspec.Raw) -> None:
        """Write a file in one step; a cache that cannot be written is done without."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            prepare(self.folder)
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f"{name}-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.writelines(parts)
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


def _decoded(data: bytes | memoryview, kind: type[T]) -> T | None:
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _kept(packs: Packs) -> SavedPacks:
    kinds = list({id(each): each for each in packs.library.targets.values()}.values())
    at = {id(each): number for number, each in enumerate(kinds)}
    numbers = {name: at[id(each)] for name, each in packs.library.targets.items()}
    bare = msgspec.structs.replace(packs.library, targets={})
    return SavedPacks(packs.rules, bare, kinds, numbers)


@lru_cache(maxsize=2)
def _packs(data: bytes) -> Packs | None:
    saved = _decoded(data, SavedPacks)
    if saved is None:
        return None
    targets = {name: saved.kinds[at] for name, at in saved.targets.items()}
    return Packs(saved.rules, msgspec.structs.replace(saved.library, targets=targets))


def _size(known: Mapping[str, Known]) -> int:
    return sum(memoryview(each.facts).nbytes for each in known.values())


def _mapped(path: Path) -> bytes | mmap.mmap:
    """Return what a file holds, which is read as far as it is looked at."""
    if os.name == "nt":  # where a file cannot be replaced while it is mapped
        return path.read_bytes()
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
