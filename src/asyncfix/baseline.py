"""The findings that a project has accepted for now: a file of fingerprints that only shrinks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from asyncfix.findings import Finding

NAME = ".asyncfix-baseline.json"
_VERSION = 1


class Entry(NamedTuple):
    """An accepted finding: where it is and what it is about, to tell of it when it is gone."""

    path: str
    rule: str
    symbol: str
    sink: str


@dataclass(frozen=True)
class Baseline:
    """The accepted findings by fingerprint, and a digest of the file that holds them."""

    entries: dict[str, Entry]
    digest: str = ""

    def gone(self, known: Collection[str], judged: Collection[str]) -> tuple[str, ...]:
        """Return the fingerprints of `judged` rules that are not `known` to be found any more."""
        return tuple(
            fingerprint
            for fingerprint, entry in self.entries.items()
            if entry.rule in judged and fingerprint not in known
        )

    def text(self) -> str:
        """Return the file: one finding a line, each with a comma, so that merges are easy."""
        entries = sorted(self.entries.items(), key=lambda each: (each[1], each[0]))
        lines = [f"  {_json(name)}: {_json(list(entry))},\n" for name, entry in entries]
        return "".join(["{\n", *lines, f'  "version": {_VERSION}\n', "}\n"])


def accepting(findings: Iterable[Finding]) -> Baseline:
    """Return the baseline that accepts some findings."""
    return Baseline({finding.fingerprint: _entry(finding) for finding in findings})


def _entry(finding: Finding) -> Entry:
    return Entry(finding.location.path, finding.rule, finding.symbol, finding.sink.qualname)


def read(path: Path) -> Baseline:
    """Read a baseline; raise AsyncfixError where there is none, or where it cannot be used."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AsyncfixError(f"cannot read the baseline {path}: {error.strerror}") from error
    try:
        table = msgspec.json.decode(data, type=dict[str, Any])
        version = table.pop("version", None)
        entries = msgspec.convert(table, dict[str, Entry])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        why = f"{error}"
        if b"<<<<<<<" in data:
            why = "a merge has left conflict markers; keep the lines of both sides"
        raise AsyncfixError(f"cannot read the baseline {path}: {why}") from error
    if version != _VERSION:
        raise AsyncfixError(f"cannot read the baseline {path}: it is of version {version}")
    return Baseline(entries, hashlib.blake2b(data, digest_size=16).hexdigest())


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
