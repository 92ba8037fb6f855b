"""Files and their texts: what a run reads, and where a byte offset stands."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tokenize
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from pathspec import GitIgnoreSpec

    from asyncfix.config import Config

SUFFIXES = (".py", ".pyi")
MARKERS = ("pyproject.toml", "asyncfix.toml", ".git")
MOST_BYTES = 10_000_000  # of one file; the largest that people wrote has a fifth of it
_NOTHING_THERE = (errno.ENOENT, errno.ELOOP)  # gone meanwhile, or a link that leads to itself
_NEWLINE = re.compile(r"\r\n|\r|\n")


def digest(text: str) -> str:
    """Return what tells a text from all others."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=16).hexdigest()


@dataclass(frozen=True)
class Text:
    """One file: `text` as Python reads it, and `data`, its UTF-8 bytes, to which offsets refer."""

    path: str
    text: str
    encoding: str = "utf-8"
    newline: str = "\n"

    @classmethod
    def read(cls, root: Path, relative: str) -> Text:
        """Read and decode a file; raise OSError, UnicodeDecodeError or SyntaxError (bad cookie)."""
        with open(os.path.join(root, relative), "rb") as file:  # noqa: PTH118, PTH123 - hot path
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise SyntaxError(f"files of more than {MOST_BYTES // 10**6} MB are not read")
        return cls.decode(relative, raw)

    @classmethod
    def decode(cls, path: str, raw: bytes) -> Text:
        """Decode a file's bytes as PEP 263 asks; a byte order mark is left out of the text."""
        encoding = "utf-8"
        if raw.startswith(b"\xef\xbb\xbf") or b"coding" in raw[:1000]:
            encoding, _ = tokenize.detect_encoding(BytesIO(raw).readline)
        try:
            text = raw.decode(encoding)
        except LookupError as error:
            raise SyntaxError(f"{error} in {path}") from error
        first = _NEWLINE.search(text)
        return cls(path, text, encoding, first[0] if first else "\n")

    @cached_property
    def data(self) -> bytes:
        """Return the bytes to which all offsets refer."""
        return self.text.encode()

    @cached_property
    def starts(self) -> list[int]:
        """Return the offset at which each row begins."""
        lines = self.data.splitlines(keepends=True)
        starts = list(accumulate(map(len, lines), initial=0))
        if not self.data.endswith((b"\n", b"\r")) and len(starts) > 1:
            starts.pop()
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return row and column of a byte offset, both from 1; a column counts characters."""
        offset = max(0, min(offset, len(self.data)))
        row = bisect_right(self.starts, offset)
        before = self.data[self.starts[row - 1] : offset]
        return row, len(before if before.isascii() else before.decode(errors="ignore")) + 1

    def line(self, row: int) -> str:
        """Return a row's text without its newline; empty when there is no such row."""
        if not 1 <= row <= len(self.starts):
            return ""
        end = self.starts[row] if row < len(self.starts) else len(self.data)
        return self.data[self.starts[row - 1] : end].decode().rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files of a run, relative to `root`; `reported` is None when all of them may be shown.

    `whole` says that nothing of the project is left out.
    """

    root: Path
    files: tuple[str, ...]
    stats: dict[str, tuple[int, int]]
    reported: frozenset[str] | None = None
    errors: tuple[str, ...] = ()
    whole: bool = True


class Ignores:
    """The patterns of one .gitignore file, or of the configuration, below the folder `base`."""

    def __init__(self, base: str, lines: Iterable[str]) -> None:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415 - needed only where patterns are

        self._length = len(base.rstrip(os.sep)) + 1
        lines = list(lines)
        self._spec = GitIgnoreSpec.from_lines(lines)
        named = [line for line in lines if "/" not in line.strip().rstrip("/")]
        placed = [line for line in lines if "/" in line.strip().rstrip("/")]
        self._named = _alternation(GitIgnoreSpec.from_lines(named))
        self._placed = _alternation(GitIgnoreSpec.from_lines(placed))
        self._seen: dict[str, bool] = {}

    def verdict(self, path: str, name: str) -> bool | None:
        """Return whether an absolute path is ignored, None if no pattern speaks of it.

        Folders end in a slash. Most names match nothing: one regular expression per name tells,
        and only the others pay for the last pattern that matches to be found.
        """
        known = self._seen.get(name)
        if known is None:
            known = self._seen[name] = bool(self._named and self._named.match(name))
        relative = path[self._length :]
        if not known and not (self._placed and self._placed.match(relative)):
            return None
        return self._spec.check_file(relative).include


def _alternation(spec: GitIgnoreSpec) -> re.Pattern[str] | None:
    regexes = (pattern.regex for pattern in spec.patterns if pattern.include is not None)
    patterns = [re.sub(r"\(\?P<\w+>", "(?:", regex.pattern) for regex in regexes if regex]
    return re.compile("|".join(patterns)) if patterns else None


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a test of relative paths, with forward slashes, against gitignore patterns."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - needed only where patterns are

    return GitIgnoreSpec.from_lines(patterns).match_file


def project_root(paths: Sequence[Path], config: Config) -> Path:
    """Return the folder to which all paths are relative: it holds every one of `paths`."""
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - links stay links
    first = absolute[0] if absolute[0].is_dir() else absolute[0].parent
    root = Path(config.project) if config.project else _marked(first)
    if all(path == root or root in path.parents for path in absolute):
        return root
    return Path(os.path.commonpath([root, *absolute]))


def _marked(start: Path) -> Path:
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in MARKERS):
            return folder
    return start


def discover(paths: Sequence[Path], config: Config, replaced: Collection[Path] = ()) -> Discovery:
    """Find the Python files that a run indexes.

    Folders are indexed as given. A file indexes its whole project but is the only one reported;
    as in Ruff it is taken even where it is excluded, unless `force-exclude` is set. Files of
    `replaced` need not exist, because their text comes from elsewhere.
    Raise AsyncfixError for a path that does not exist.
    """
    paths = paths or (Path(),)
    for path in paths:
        if path not in replaced and not path.exists():
            raise AsyncfixError(f"{path}: no such file or folder")
    root = project_root(paths, config)
    walk = _Walk(str(root), config)
    given = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - as above
    folders = [path for path in given if os.path.isdir(path)]  # noqa: PTH112 - strings here
    kept = [path for path in given if not (config.force_exclude and walk.excluded(path))]
    for folder in folders:
        if folder in kept:
            walk.enter(folder)
    if str(root) in kept:
        absolute = (os.path.abspath(path) for path in replaced)  # noqa: PTH100 - as above
        walk.add([path for path in absolute if walk.lacks(path)])
    reported = None
    if len(folders) < len(given):
        single = [path for path in kept if path not in folders]
        reported = frozenset([*walk.stats, *map(walk.relative, single)])
        if single:
            walk.enter(str(root))
            walk.add(single)
    files = tuple(sorted(walk.stats))
    whole = reported is not None or str(root) in kept
    return Discovery(root, files, walk.stats, reported, tuple(walk.errors), whole)


class _Walk:
    """One walk through a project; links to folders are not followed, so that it ends."""

    def __init__(self, root: str, config: Config) -> None:
        self.stats: dict[str, tuple[int, int]] = {}
        self.errors: list[str] = []
        self._root = root
        self._length = len(root.rstrip(os.sep)) + 1
        self._names = config.excluded_names
        patterns = config.exclude_patterns
        self._excludes = Ignores(root, patterns) if patterns else None
        self._respect = config.respect_gitignore

    def relative(self, path: str) -> str:
        """Return a path below the root, with forward slashes."""
        relative = path[self._length :]
        return relative if os.sep == "/" else relative.replace(os.sep, "/")

    def add(self, paths: Iterable[str]) -> None:
        """Take files whatever the patterns say."""
        for path in paths:
            try:
                stat = os.stat(path)  # noqa: PTH116 - strings here
                self.stats[self.relative(path)] = (stat.st_mtime_ns, stat.st_size)
            except FileNotFoundError:
                self.stats[self.relative(path)] = (0, 0)

    def excluded(self, path: str) -> bool:
        """Tell whether the configuration excludes a path or one of the folders above it."""
        relative = self.relative(path)
        parts = relative.split("/") if relative else []
        if not self._names.isdisjoint(parts):
            return True
        whole = self._root.rstrip(os.sep)
        for index, part in enumerate(parts):
            whole = f"{whole}/{part}"
            tail = "" if index == len(parts) - 1 and not os.path.isdir(path) else "/"  # noqa: PTH112
            if self._excludes and self._excludes.verdict(whole + tail, part + tail):
                return True
        return False

    def lacks(self, path: str) -> bool:
        """Tell whether a file would be taken, were it on disk."""
        inside = path.startswith(self._root.rstrip(os.sep) + os.sep)
        return inside and not os.path.exists(path) and not self.excluded(path)  # noqa: PTH110

    def enter(self, folder: str) -> None:
        """Walk a folder, without what is excluded or ignored."""
        stack = [(folder, tuple(self._above(folder)))]
        while stack:
            folder, ignores = stack.pop()
            try:
                with os.scandir(folder) as entries:
                    self._visit(folder, list(entries), ignores, stack)
            except OSError as error:
                self.errors.append(
                    f"cannot read {self.relative(folder) or folder}: {error.strerror}"
                )

    def _visit(
        self,
        folder: str,
        entries: list[os.DirEntry[str]],
        ignores: tuple[Ignores, ...],
        stack: list[tuple[str, tuple[Ignores, ...]]],
    ) -> None:
        if self._respect and any(entry.name == ".gitignore" for entry in entries):
            ignores = (*self._read(folder, ".gitignore"), *ignores)
        for entry in entries:
            path, name = entry.path, entry.name
            if entry.is_dir(follow_symlinks=False):
                if not self._ignored(path + "/", name + "/", ignores):
                    stack.append((path, ignores))
            elif name.endswith(SUFFIXES) and not self._ignored(path, name, ignores):
                self._take(entry)

    def _take(self, entry: os.DirEntry[str]) -> None:
        """Take a file; what is none is passed over, what cannot be looked at is told."""
        path = self.relative(entry.path)
        try:
            if entry.is_file():
                stat = entry.stat()
                self.stats[path] = (stat.st_mtime_ns, stat.st_size)
        except OSError as error:
            if error.errno not in _NOTHING_THERE:
                self.errors.append(f"cannot read {path}: {error.strerror}")

    def _ignored(self, path: str, name: str, ignores: tuple[Ignores, ...]) -> bool:
        if name.rstrip("/") in self._names:
            return True
        if self._excludes and self._excludes.verdict(path, name):
            return True
        for ignore in ignores:
            verdict = ignore.verdict(path, name)
            if verdict is not None:
                return verdict
        return False

    def _above(self, folder: str) -> Iterator[Ignores]:
        """Return the ignore files of the folders above, innermost first, up to the repository."""
        if not self._respect:
            return
        inside = Path(folder)
        if (inside / ".git").exists():
            yield from self._read(folder, ".git/info/exclude")
            return
        above: list[Ignores] = []
        for parent in inside.parents:
            above += self._read(str(parent), ".gitignore")
            if (parent / ".git").exists():
                yield from above
                yield from self._read(str(parent), ".git/info/exclude")
                return

    def _read(self, folder: str, name: str) -> Iterator[Ignores]:
        try:
            text = Path(folder, name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        lines = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
        if lines:
            yield Ignores(folder, lines)
