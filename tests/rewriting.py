"""Applies rewrites to projects that are dicts of files, one fix after the other."""

from __future__ import annotations

import compileall
import itertools
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import programs

from asyncfix import packs as rule_packs
from asyncfix.config import Config
from asyncfix.extract import extract
from asyncfix.findings import Applicability, Severity
from asyncfix.project.program import Project
from asyncfix.rewrites import Workspace, fixes
from asyncfix.source import Text
from asyncfix.syntax import imports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from asyncfix.findings import Edit, Finding, Fix
    from asyncfix.rewrites import Plan

PACKS = rule_packs.load(rule_packs.builtin_texts())
CHECKS = ("blocking-call", "nested-event-loop")


@dataclass(frozen=True)
class Rewritten:
    """The files after all fixes, the fixes in order, and why places were left."""

    files: dict[str, str]
    fixes: tuple[Fix, ...]
    refused: tuple[str, ...]


def workspace_of(files: Mapping[str, str], **settings: object) -> Workspace:
    texts = {path: Text(path, text) for path, text in files.items()}
    facts = [extract(path, text, text) for path, text in sorted(files.items())]
    return Workspace(Project(facts, PACKS, Config(**settings)), texts.__getitem__)


def plans(
    files: Mapping[str, str], group: str = "", **settings: object
) -> Iterator[tuple[Finding, Plan]]:
    """Yield what is found, from warning up, and what can be done about it."""
    workspace = workspace_of(files, **settings)
    for rule in PACKS.rules.values():
        if rule.group != group if group else rule.check not in CHECKS:
            continue
        check = import_module(f"asyncfix.checks.{rule.check.replace('-', '_')}")
        for finding in check.find(rule, workspace.project):
            if finding.severity.rank <= Severity.WARNING.rank:
                yield finding, fixes(rule, finding, workspace)


def rewritten(
    files: Mapping[str, str],
    strategy: str = "",
    most: int = 30,
    group: str = "",
    **settings: object,
) -> Rewritten:
    """Apply fixes, the best of each finding or those of one strategy, until none is left."""
    files, done = dict(files), []
    while True:
        refused: list[str] = []
        chosen: Fix | None = None
        for _, plan in plans(files, group, **settings):
            fitting = [f for f in plan.fixes if strategy in ("", f.strategy) and _is_made(f)]
            refused += [n for f in plan.fixes for n in f.notes if not _is_made(f)]
            refused += [each.reason for each in plan.refusals if not fitting]
            chosen = chosen or (fitting[0] if fitting else None)
        if chosen is None:
            return Rewritten(files, tuple(done), tuple(refused))
        assert len(done) < most, "the fixes do not come to an end"
        done.append(chosen)
        files = applied(files, chosen)


def _is_made(fix: Fix) -> bool:
    return fix.applicability is not Applicability.DISPLAY_ONLY


def applied(files: Mapping[str, str], fix: Fix) -> dict[str, str]:
    """Return the files with one fix made."""
    result = dict(files)
    for path in {each.location.path for each in fix.edits}:
        mine = [each for each in fix.edits if each.location.path == path]
        adds = [each for each in fix.imports if each.path == path]
        text = Text(path, files[path])
        own = workspace_of(files).first_party
        result[path] = changed(files[path], [*mine, *imports.edits(text, adds, mine, own)])
        compile(result[path], path, "exec")
    return result


def changed(text: str, edits: list[Edit]) -> str:
    data = text.encode()
    places = sorted(edits, key=lambda each: (each.location.start, each.location.end))
    for one, other in itertools.pairwise(places):
        assert one.location.end <= other.location.start, "edits overlap"
    for each in reversed(places):
        data = data[: each.location.start] + each.text.encode() + data[each.location.end :]
    return data.decode()


def printed(
    folder: Path,
    files: Mapping[str, str],
    start: str = "main.py",
    *,
    imports: tuple[str, ...] = (),
) -> str:
    """Return what a project prints when it is run; `imports` are libraries that it needs."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert compileall.compile_dir(folder, quiet=1, force=True)
    done = programs.run(folder, start, imports=imports)
    assert done.returncode == 0, done.stderr
    return done.stdout
