"""What a run finds: findings with their chains, and the fixes that go with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum


class AsyncfixError(Exception):
    """Something the user can mend; its text is the message."""


class ConfigError(AsyncfixError):
    """The configuration cannot be used."""


class PackError(AsyncfixError):
    """A rule pack cannot be used."""


class Severity(StrEnum):
    """How bad a finding is; `check` reports from warning up."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return ("error", "warning", "info").index(self.value)


class Confidence(StrEnum):
    """How sure the engine is that the chain runs."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return 0 for the surest."""
        return ("high", "medium", "low").index(self.value)


class Applicability(StrEnum):
    """Ruff's three grades of a fix."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A stretch of one file: `start` and `end` are byte offsets in its UTF-8 text, half open."""

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of a chain: who calls whom, where, and by which kind of edge."""

    location: Location
    text: str
    symbol: str
    edge: str


@dataclass(frozen=True, slots=True)
class Root:
    """The entry by which the loop reaches a finding; `kind` is endpoint, task, coroutine, …."""

    kind: str
    name: str
    symbol: str
    location: Location
    method: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Sink:
    """What blocks in the end: the callable's full name and how it blocks."""

    qualname: str
    effect: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes at `location` with `text`."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """A name that a fix needs bound in one file, by `import` or `from … import`, with its alias."""

    path: str
    module: str
    name: str = ""
    alias: str = ""

    @property
    def bound(self) -> str:
        """Return the name that code in the file then uses."""
        return self.alias or self.name or self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that are made together or not at all; they may span files.

    `strategy` is native, offload, sync, cascade, cached or lifespan; `requires` names distributions
    that the code then imports, as a requirement such as `httpx>=0.27`.
    """

    title: str
    applicability: Applicability
    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()
    strategy: str = ""
    imports: tuple[Import, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble at one place; `shape` is the `code` there, as formatting leaves it alone."""

    rule: str
    group: str
    subject: str
    message: str
    location: Location
    severity: Severity
    confidence: Confidence
    symbol: str
    code: str
    root: Root
    sink: Sink
    trace: tuple[Step, ...] = ()
    help: str = ""
    fixes: tuple[Fix, ...] = ()
    occurrence: int = 0
    shape: str = ""

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that edits elsewhere, moved lines and reformatting leave alone."""
        parts = (
            self.rule,
            self.location.path,
            self.symbol,
            self.sink.qualname,
            self.shape or self.code,
            str(self.occurrence),
        )
        return hashlib.blake2b(
            "\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8
        ).hexdigest()


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort by path, offset and rule, and number equal findings so that fingerprints differ."""
    seen: dict[str, int] = {}
    numbered = []
    for finding in sorted(findings, key=lambda f: (f.location, f.rule)):
        count = seen.get(finding.fingerprint, 0)
        seen[finding.fingerprint] = count + 1
        numbered.append(replace(finding, occurrence=count) if count else finding)
    return tuple(numbered)


@dataclass(frozen=True, slots=True, order=True)
class Unresolved:
    """A call of an object of unknown type, with what its method may be: "" for the project's own.

    `rank` is how bad that would be, as `Severity` ranks it.
    """

    rank: int
    method: str
    like: str
    location: Location


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run; `findings` are the ones to show, in order; counts tell of the rest.

    `unresolved_at` holds those calls of objects of unknown type that may matter, where they were
    asked for;
    `stale` the fingerprints in the baseline of what is not found any more; `elsewhere` counts
    findings that do not touch the lines that were asked about; `carried` are the places that lead
    to these by any chain.
    """

    findings: tuple[Finding, ...]
    hidden: int = 0
    unresolved: int = 0
    files: int = 0
    cached: int = 0
    seconds: float = 0.0
    errors: tuple[str, ...] = ()
    unresolved_at: tuple[Unresolved, ...] = ()
    suppressed: int = 0
    baselined: int = 0
    stale: tuple[str, ...] = ()
    elsewhere: int = 0
    carried: frozenset[Location] = frozenset()

    @property
    def sinks(self) -> int:
        """Count the different callables at which the chains end."""
        return len({finding.sink.qualname for finding in self.findings})
