"""Reads files to facts: here, or in batches on any executor that can map a function."""

from __future__ import annotations

import gc
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from asyncfix.cache import Made
from asyncfix.heads import head
from asyncfix.source import Text, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

_BATCH = 400_000  # bytes of source that one task reads
_SMALL = 2_000_000  # below this a second process costs more than it saves
_DEEPEST = 6_000  # frames, for code that is nested deep


class Source(NamedTuple):
    """A file to be read by a worker: its text, or why there is none."""

    path: str
    text: str
    error: str = ""


def sources(
    root: Path, paths: Iterable[str], given: Mapping[str, Text], errors: list[str]
) -> Iterator[Source]:
    """Yield files as they are asked for; those that cannot be read are told among the errors."""
    for path in paths:
        try:
            yield Source(path, (given.get(path) or Text.read(root, path)).text)
        except OSError as error:
            errors.append(f"cannot read {path}: {error.strerror or error}")
        except (UnicodeDecodeError, SyntaxError) as error:
            yield Source(path, "", str(error))


def extract_batch(batch: Sequence[Source]) -> list[bytes]:
    """Return a `Made` of each file as msgpack; runs in a worker."""
    from asyncfix.extract import extract, unparsable  # noqa: PLC0415 - not needed when nothing changed

    encode = msgspec.msgpack.Encoder().encode
    found = []
    with no_collection():
        for path, text, error in batch:
            facts = unparsable(path, error) if error else extract(path, digest(text), text)
            found.append(encode(Made(facts.digest, head(facts), msgspec.Raw(encode(facts)))))
    return found


def extracted(
    files: Iterable[Source], size: int, jobs: int, meanwhile: Callable[[], object]
) -> Iterator[tuple[str, bytes]]:
    """Yield the path of each file with its `Made`; many of them are read by other processes.

    The files are of `size` bytes together. This process does something else `meanwhile`.
    """
    if jobs <= 1 or size < _SMALL:
        for source in files:
            yield source.path, extract_batch([source])[0]
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - only for many files

    quit_at_once = signal.SIGINT, signal.SIG_DFL
    executor = ProcessPoolExecutor(jobs, None, signal.signal, quit_at_once)
    try:
        yield from map_batches(executor, files, meanwhile)
    finally:  # an interrupt waits for no batch
        executor.shutdown(cancel_futures=True)


def map_batches(
    executor: Executor, files: Iterable[Source], meanwhile: Callable[[], object] = tuple
) -> Iterator[tuple[str, bytes]]:
    """Extract on any executor, in batches of our own; the first ones begin before all are read."""
    futures = [
        ([source.path for source in batch], executor.submit(extract_batch, batch))
        for batch in _batches(files)
    ]
    meanwhile()
    futures.reverse()
    while futures:
        paths, future = futures.pop()
        yield from zip(paths, future.result(), strict=True)


def _batches(files: Iterable[Source]) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for source in files:
        batch.append(source)
        size += len(source.text)
        if size > _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector off: trees and facts have no cycles worth its time."""
    was, depth = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()
    sys.setrecursionlimit(max(depth, _DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(depth)
        if was:
            gc.enable()
