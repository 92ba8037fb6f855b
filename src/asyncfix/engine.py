"""The order of things: discover, index, link, nominate, suppress, examine, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import msgspec

from asyncfix import packs as rule_packs
from asyncfix.cache import Ask, Cache, Examined, Known, Made
from asyncfix.config import Config, chosen
from asyncfix.facts import FileFacts
from asyncfix.findings import Finding, Location, Report, Unresolved, ordered
from asyncfix.reading import Source, extract_batch, extracted, no_collection, sources
from asyncfix.scope import Asked, Touched, ignored, severe, within
from asyncfix.source import Discovery, Text, digest, discover

if TYPE_CHECKING:
    from asyncfix.packs import Packs, Rule
    from asyncfix.project.files import Files, Search
    from asyncfix.project.program import Project

Progress = Callable[[str, int, int], None]
Texts = Callable[[str], Text]

_FEW = 50  # changed files, up to which the last run's call graph may still serve
_KEPT = 100  # files, from which on a call graph is kept


@dataclass(frozen=True)
class Outcome:
    """A report, the packs that made it, and `text`, which gives the text of a path."""

    report: Report
    packs: Packs
    root: Path
    text: Texts


@dataclass(frozen=True)
class Explanation:
    """What `why` has to say, line by line."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """A linked project with the report on it, for those who want to see how it hangs together."""

    project: Project
    report: Report
    text: Texts


def check(
    paths: Sequence[Path],
    config: Config,
    *,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Progress | None = None,
    replaced: Mapping[str, str] | None = None,
    unresolved: bool = False,
    asked: Asked | None = None,
) -> Outcome:
    """Find what blocks the loop in the files below some paths; raise AsyncfixError for bad input.

    `replaced` holds the text of files, by path from the working directory, that stands in for
    what is on disk; `unresolved` asks for the places of calls that nothing is known of; `asked`
    says which findings are left out.
    """
    asked = asked or Asked()
    started = time.perf_counter()
    with no_collection():
        found = discover(paths, config, {Path(name) for name in replaced or ()})
        given = _given(found.root, replaced or {})
        texts_of = reader(found.root, given)
        own = rule_packs.user_texts(config.packs, Path(config.project))
        texts = rule_packs.builtin_texts() | own
        store = _store(cache, texts)
        usual = not given and not unresolved and asked.touched is None
        key = Ask(config.salt, found.reported, asked.salt)
        report = store.report(found.stats, key) if usual else None
        packs = store.packs(texts, own)
        if report is None:
            linked = link(
                found,
                config,
                packs,
                jobs=jobs,
                store=store,
                progress=progress,
                given=given,
                traced=usual and store.folder is not None,
            )
            report = report_on(found, linked, texts_of, asked, store, unresolved=unresolved)
            if usual:
                store.store_report(found.stats, key, report)
                _keep(linked.project, store)
        else:
            report = replace(report, cached=report.files)
    seconds = time.perf_counter() - started
    return Outcome(replace(report, seconds=seconds), packs, found.root, texts_of)


def why(
    paths: Sequence[Path],
    config: Config,
    target: str,
    *,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Explain a place (`path:row[:column]`) or a function; raise AsyncfixError if there is none."""
    from asyncfix.explain import explain  # noqa: PLC0415 - only for this command

    with no_collection():
        found, linked = survey(paths, config, jobs=jobs, cache=cache, progress=progress)
        return Explanation(tuple(explain(linked.project, target, found.root)))


def view(
    paths: Sequence[Path],
    config: Config,
    *,
    jobs: int = 1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> View:
    """Link the files below some paths and check them; raise AsyncfixError for bad input."""
    with no_collection():
        found, linked = survey(paths, config, jobs=jobs, cache=cache, progress=progress)
        text = reader(found.root, {})
        report = report_on(found, linked, text, Asked(), unresolved=False)
        return View(linked.project, report, text)


def survey(
    paths: Sequence[Path],
    config: Config,
    *,
    jobs: int,
    cache: Path | None,
    progress: Progress | None,
) -> tuple[Discovery, Linked]:
    """Return the files below some paths, and the project that they make, for more than a check."""
    found = discover(paths, config)
    own = rule_packs.user_texts(config.packs, Path(config.project))
    texts = rule_packs.builtin_texts() | own
    store = _store(cache, texts)
    packs = store.packs(texts, own)
    linked = link(found, config, packs, jobs=jobs, store=store, progress=progress, given={})
    return found, linked


def _store(cache: Path | None, texts: Mapping[str, str]) -> Cache:
    return Cache(cache, digest("".join(texts.values())) if cache else "")


class Linked(NamedTuple):
    """A project that is ready to be asked, how many of its files were known, what went wrong."""

    project: Project
    cached: int
    errors: list[str]


def link(
    found: Discovery,
    config: Config,
    packs: Packs,
    *,
    jobs: int,
    store: Cache,
    progress: Progress | None,
    given: Mapping[str, Text],
    traced: bool = True,
) -> Linked:
    """Read what has changed since the last run, and link all facts to a project."""
    from asyncfix.project.snapshot import Snapshot, linked  # noqa: PLC0415 - not needed when nothing changed

    indexed = index(
        found, store, jobs=jobs, progress=progress, given=given, meanwhile=partial(_prepare, packs)
    )
    if progress:
        progress("linking", 0, 0)
    snapshot = store.load("graph", Snapshot) if indexed.cached else None
    project = linked(indexed.files, packs, config, snapshot, indexed.before, traced=traced)
    return Linked(project, indexed.cached, indexed.errors)


def _prepare(packs: Packs) -> None:
    """Import ahead of time what linking, checks and examining need; it takes 0.3 s."""
    import asyncfix.identity  # noqa: PLC0415 - not needed when nothing changed
    import asyncfix.project.snapshot  # noqa: F401, PLC0415 - as above
    from asyncfix.syntax import prepare  # noqa: PLC0415 - as above

    for rule in packs.rules.values():
        _check_module(rule.check)
    prepare()


def _keep(project: Project, store: Cache) -> None:
    """Keep the call graph for the next run; small ones are quicker made than kept."""
    from asyncfix.project.snapshot import taken  # noqa: PLC0415 - not needed when nothing changed

    if store.folder and len(project.files) >= _KEPT:
        store.store("graph", taken(project))


def report_on(
    found: Discovery,
    linked: Linked,
    texts: Texts,
    asked: Asked,
    store: Cache | None = None,
    *,
    unresolved: bool,
) -> Report:
    """Return the findings of a linked project, without those that nobody wants to hear of."""
    from asyncfix.identity import identified  # noqa: PLC0415 - not needed when nothing changed

    project = linked.project
    packs, config = project.packs, project.config
    rules, findings = rules_of(project), nominated(project)
    kept, silenced = _judged(findings, project, rules, asked, whole=found.whole)
    is_ignored, gone = ignored(config), {(each.rule, each.location) for each in silenced}
    if store and not project.graph.recalled:  # most facts have told all that they have to
        project.files.forget({each.location.path for each in (*kept, *silenced)})
        project.typing.forget(project.graph.callbacks.passed)
    every = identified([*kept, *silenced], project.files, texts, store)
    every = tuple(finding for finding in every if not is_ignored(finding))
    kept = [each for each in every if (each.rule, each.location) not in gone]
    carried = _carried(project, found, asked)
    mine = within(kept, found.reported, carried, by_hops=asked.by_hops)
    shown = severe(mine, config)
    accepted = asked.baseline.entries if asked.baseline else {}
    new = [finding for finding in shown if finding.fingerprint not in accepted]
    silenced = [each for each in every if (each.rule, each.location) in gone]
    silent = severe(within(silenced, found.reported, carried, by_hops=asked.by_hops), config)
    left = _left(new, packs, texts, project.files, store)
    return Report(
        ordered(left),
        hidden=len(mine) - len(shown),
        unresolved=len(project.unresolved),
        files=len(found.files),
        cached=linked.cached,
        errors=(*found.errors, *linked.errors),
        unresolved_at=_unresolved(project, found) if unresolved else (),
        suppressed=len(silent),
        baselined=len(shown) - len(new),
        stale=_stale(kept, linked, asked, frozenset(rules)) if found.whole else (),
        carried=carried if asked.touched else frozenset(),
    )


def _carried(project: Project, found: Discovery, asked: Asked) -> frozenset[Location]:
    """Return the places that lead to what is asked about by any chain."""
    touched, files = asked.touched, found.reported
    if touched is None and asked.by_hops and files is not None:
        touched = Touched(files, lambda place: place.path in files)
    if touched is None:
        return frozenset()
    from asyncfix.project.carriers import carriers  # noqa: PLC0415 - only for these wishes

    return carriers(project.graph, touched.paths, touched.test)


def rules_of(project: Project) -> dict[str, Rule]:
    """Return the rules that the configuration chooses, by name."""
    rules = project.packs.rules
    wanted = chosen(project.config, rules.values())
    return {name: rule for name, rule in rules.items() if name in wanted}


def nominated(project: Project) -> list[Finding]:
    """Return what the rules find, before anyone has looked at comments, severity and syntax."""
    return [finding for rule in rules_of(project).values() for finding in _find(rule, project)]


def _find(rule: Rule, project: Project) -> Iterable[Finding]:
    find = getattr(_check_module(rule.check), "find", None)
    return find(rule, project) if find else ()


def _judged(
    findings: list[Finding],
    project: Project,
    rules: dict[str, Rule],
    asked: Asked,
    *,
    whole: bool,
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that comments leave, with what is told of comments, and the others."""
    if not asked.suppressions:
        return findings, []
    from asyncfix.suppress import judge  # noqa: PLC0415 - not needed when nothing changed

    finding_rules = {n: r for n, r in rules.items() if hasattr(_check_module(r.check), "find")}
    judged = judge(findings, project, finding_rules, _find, whole=whole)
    kept, silenced = judged.kept, judged.silenced
    for rule in rules.values():
        tell = getattr(_check_module(rule.check), "judge", None)
        for finding in tell(rule, judged, project.config) if tell else ():
            (silenced if judged.silences(finding) else kept).append(finding)
    return kept, silenced


def _stale(
    kept: list[Finding], linked: Linked, asked: Asked, rules: frozenset[str]
) -> tuple[str, ...]:
    """Return the accepted findings that are gone, as far as this run can tell."""
    if asked.baseline is None:
        return ()
    known = {finding.fingerprint for finding in kept}
    files = linked.project.files
    broken = {path for path, head in zip(files.paths, files.heads, strict=True) if head.error}
    off = frozenset(linked.project.packs.rules) - rules
    judged = {entry.rule for entry in asked.baseline.entries.values()} - off
    return tuple(
        fingerprint
        for fingerprint in asked.baseline.gone(known, judged)
        if asked.baseline.entries[fingerprint].path not in broken
    )


def _unresolved(project: Project, found: Discovery) -> tuple[Unresolved, ...]:
    """Return the calls whose receiver has no known type, each place once, the worst first."""
    from asyncfix.project.unresolved import unresolved  # noqa: PLC0415 - only for this option

    mine = found.reported
    every = unresolved(project)
    return tuple(each for each in every if mine is None or each.location.path in mine)


def _check_module(name: str) -> Any:  # noqa: ANN401 - a module
    return import_module(f"asyncfix.checks.{name.replace('-', '_')}")


# Index


class Indexed(NamedTuple):
    """Facts: of every file, of the changed ones as they were, and what could not be read."""

    files: Files
    before: dict[str, FileFacts]
    cached: int
    errors: list[str]


def index(
    found: Discovery,
    store: Cache,
    *,
    jobs: int,
    progress: Progress | None,
    given: Mapping[str, Text] | None = None,
    meanwhile: Callable[[], object] = tuple,
) -> Indexed:
    """Return the facts of every file, and what was known before of those that have changed.

    Where other processes read the files, this one does something else `meanwhile`.
    """
    known = store.facts()
    given = given or {}
    fresh: dict[str, Known] = {}
    changed: list[str] = []
    for path in found.files:
        old = known.get(path)
        if path in given:
            changed.append(path)
        elif old is not None and (old.mtime, old.size) == found.stats[path]:
            fresh[path] = old
        else:
            changed.append(path)
    sizes = {
        path: len(given[path].text) if path in given else found.stats[path][1] for path in changed
    }
    largest = sorted(changed, key=sizes.__getitem__, reverse=True)
    errors: list[str] = []
    read = sources(found.root, largest, given, errors)
    done, decode = len(fresh), msgspec.msgpack.Decoder(Made).decode
    decoded: dict[str, FileFacts] = {}
    decode_facts = msgspec.msgpack.Decoder(FileFacts).decode
    for path, made in extracted(read, sum(sizes.values()), jobs, meanwhile):
        mtime, size = found.stats[path]
        facts = decode(made)
        checksum = crc32(memoryview(facts.facts))
        fresh[path] = Known(mtime, size, facts.digest, facts.head, facts.facts, checksum)
        if len(changed) > _FEW:  # all of them are asked for, and others still read
            decoded[path] = decode_facts(facts.facts)
        done += 1
        if progress and done % 50 == 0:
            progress("reading", done, len(found.files))
    kept = {path: each for path, each in fresh.items() if path not in given}
    kept |= {path: known[path] for path in given if path in known}
    if set(changed) - set(given) or len(known) != len(kept):
        store.store_facts(kept)
    before: dict[str, FileFacts] = {}
    for path in changed if len(changed) <= _FEW else ():
        if path in known and known[path].whole:
            with suppress(msgspec.DecodeError, msgspec.ValidationError):
                before[path] = msgspec.msgpack.decode(known[path].facts, type=FileFacts)
    paths = [path for path in found.files if path in fresh]
    files = _files(paths, fresh, found.root, frozenset(changed), decoded)
    return Indexed(files, before, len(found.files) - len(changed), errors)


def _files(
    paths: list[str],
    known: Mapping[str, Known],
    root: Path,
    fresh: Container[str],
    decoded: dict[str, FileFacts],
) -> Files:
    """Return files that are decoded when they are asked for, if they are not `decoded` yet.

    What is `fresh` is kept only once.
    """
    from asyncfix.project.files import Files  # noqa: PLC0415 - not needed when nothing changed

    decode = msgspec.msgpack.Decoder(FileFacts).decode
    raw = [None if path in decoded else known[path] for path in paths]

    def load(at: int) -> FileFacts:
        if paths[at] in decoded:
            return decoded.pop(paths[at])
        data = raw[at]
        if paths[at] in fresh:
            raw[at] = None
        if data is not None and data.whole:
            with suppress(msgspec.DecodeError, msgspec.ValidationError):
                return decode(data.facts)
        # damaged, or kept by a version that was under development, or forgotten: read once more
        path = paths[at]
        source = next(sources(root, [path], {}, []), Source(path, "", "it is gone"))
        made = msgspec.msgpack.decode(extract_batch([source])[0], type=Made)
        return decode(made.facts)

    def says(at: int, search: Search) -> bool:
        data = raw[at]
        kept = data.facts if data is not None else msgspec.msgpack.encode(files[at])
        return search(memoryview(kept)) is not None

    heads, digests = [known[path].head for path in paths], [known[path].digest for path in paths]
    files = Files(paths, digests, heads, load, says)
    return files


# Examine


def _left(
    findings: list[Finding], packs: Packs, texts: Texts, files: Files, store: Cache | None
) -> list[Finding]:
    """Return the findings that examining leaves; what was examined before is not again."""
    digests = dict(zip(files.paths, files.digests, strict=True))
    known = store.examined() if store else {}
    found = _examined(findings, packs, texts, digests, known)
    if store and found != known:
        store.store_examined(found)
    return [left for each in found.values() for _, left in each.findings if left]


def examined(findings: Iterable[Finding], packs: Packs, texts: Texts) -> list[Finding]:
    """Leave out the findings that the syntax at their place dismisses."""
    found = _examined(findings, packs, texts, {}, {})
    return [left for each in found.values() for _, left in each.findings if left]


def _examined(
    findings: Iterable[Finding],
    packs: Packs,
    texts: Texts,
    digests: Mapping[str, str],
    known: Mapping[str, Examined],
) -> dict[str, Examined]:
    """Return what is left of findings, by file; what was examined in this state is known."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.location.path, []).append(finding)
    examined = {}
    for path, here in by_file.items():
        old, digest = known.get(path), digests.get(path, "")
        if (
            old is None
            or not digest
            or old.digest != digest
            or [each for each, _ in old.findings] != here
        ):
            left = _examined_file(here, packs, texts(path).data)
            old = Examined(digest, list(zip(here, left, strict=True)))
        examined[path] = old
    return examined


def _examined_file(findings: list[Finding], packs: Packs, data: bytes) -> Iterator[Finding | None]:
    from asyncfix.syntax import Syntax  # noqa: PLC0415 - not needed when nothing changed

    syntax = Syntax(data)
    for finding in findings:
        rule = packs.rules[finding.rule]
        examine = getattr(_check_module(rule.check), "examine", None)
        yield examine(rule, finding, syntax) if examine else finding


# Small things


def _given(root: Path, replaced: Mapping[str, str]) -> dict[str, Text]:
    """Return the texts that stand in for files, by their paths in the project."""
    found = {}
    for name, text in replaced.items():
        path = Path(os.path.relpath(name, root)).as_posix()
        found[path] = Text(path, text)
    return found


def reader(root: Path, given: Mapping[str, Text]) -> Texts:
    """Return a function that gives the text of a path and reads each file once."""
    texts = dict(given)

    def text(path: str) -> Text:
        if path not in texts:
            try:
                texts[path] = Text.read(root, path)
            except (OSError, UnicodeDecodeError, SyntaxError):
                texts[path] = Text(path, "")
        return texts[path]

    return text
