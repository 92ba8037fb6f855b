"""A linked project whose texts can be replaced in memory, and what is found in it."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from asyncfix.cache import Made
from asyncfix.engine import (
    Linked,
    examined,
    nominated,
    reader,
    report_on,
    survey,
)
from asyncfix.facts import FileFacts
from asyncfix.reading import Source, extract_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from asyncfix.config import Config
    from asyncfix.engine import Progress, Texts
    from asyncfix.findings import Finding
    from asyncfix.project.program import Project
    from asyncfix.scope import Asked
    from asyncfix.source import Discovery, Text

_LARGE = 100  # files, from which on it pays to bring a call graph up to date


@dataclass(frozen=True)
class Bench:
    """A project in one state; `texts` gives a file's text, `changed` holds those not on disk."""

    found: Discovery
    project: Project
    texts: Texts
    changed: Mapping[str, Text]
    asked: Asked
    errors: tuple[str, ...]

    @cached_property
    def nominated(self) -> list[Finding]:
        """Return every finding of the project, those that nobody asked for included."""
        return nominated(self.project)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings that the user asked for, in order."""
        linked = Linked(self.project, 0, [])
        return report_on(self.found, linked, self.texts, self.asked, unresolved=False).findings

    def holds(self, finding: Finding) -> bool:
        """Tell whether a nominated finding stands up to a look at its syntax."""
        return bool(examined([finding], self.project.packs, self.texts))

    @cached_property
    def first_party(self) -> frozenset[str]:
        """Return the first names of the project's own modules."""
        modules = self.project.typing.modules
        names = (modules.name(index) for index in range(len(self.project.files)))
        return frozenset(name.partition(".")[0] for name in names)

    @cached_property
    def paths(self) -> frozenset[str]:
        """Return the files that may be changed: those that parse, and each by one name only."""
        root, files = self.found.root, self.project.files
        links = {path for path in files.paths if (root / path).is_symlink()}
        home = root.resolve()
        real = {str(home / path) for path in files.paths if path not in links}
        strange = set()
        for path in sorted(links):
            target = (root / path).resolve()
            if str(target) in real or home not in target.parents:
                strange.add(path)
            real.add(str(target))
        heads = zip(files.paths, files.heads, strict=True)
        return frozenset(path for path, head in heads if not head.error) - strange

    def with_texts(self, texts: Mapping[str, Text]) -> Bench:
        """Return the project as it is with some files changed; the facts of all others are kept."""
        changed = {**self.changed, **texts}

        def text(path: str) -> Text:
            return changed[path] if path in changed else self.texts(path)

        return replace(self, project=_relinked(self.project, texts), texts=text, changed=changed)


def bench(
    paths: Sequence[Path],
    config: Config,
    asked: Asked,
    *,
    jobs: int,
    cache: Path | None,
    progress: Progress | None,
) -> Bench:
    """Read and link the project below some paths."""
    found, linked = survey(paths, config, jobs=jobs, cache=cache, progress=progress)
    errors = (*found.errors, *linked.errors)
    return Bench(found, linked.project, reader(found.root, {}), {}, asked, errors)


def _relinked(project: Project, texts: Mapping[str, Text]) -> Project:
    from asyncfix.project.snapshot import linked, taken  # noqa: PLC0415 - only to fix something

    made, facts = msgspec.msgpack.Decoder(Made).decode, msgspec.msgpack.Decoder(FileFacts).decode
    fresh = {
        path: facts(made(extract_batch([Source(path, text.text)])[0]).facts)
        for path, text in texts.items()
    }
    files = project.files
    before = {path: files[at] for at, path in enumerate(files.paths) if path in fresh}
    snapshot = taken(project) if len(files) >= _LARGE else None
    found = linked(files.replaced(fresh), project.packs, project.config, snapshot, before)
    gc.collect()  # a linked project is full of cycles
    return found
