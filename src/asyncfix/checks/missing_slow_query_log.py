"""Engines and pools of which nobody learns which statements are slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.nomination import nomination
from asyncfix.project.index import is_test
from asyncfix.project.notes import Note
from asyncfix.project.options import given
from asyncfix.project.timeouts import calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule, Setting
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project

_NAMING = frozenset((facts.CONST, facts.GLOBAL, facts.ATTR, facts.IMPORT))


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each of them in a project that serves and measures no statement anywhere."""
    if not project.lifetimes.serves:
        return
    made = [each for each in calls(project) if each[1].watched]
    if not made or _is_measured(project):
        return
    for name, setting, place in made:
        is_beside = project.is_beside(project.files.paths[place.file])
        is_brief = place in project.clients.brief
        if not is_beside and not is_brief and not _may_listen(project, setting, place):
            yield nomination(
                rule,
                project,
                place,
                subject=name,
                message=rule.message.format(name=name),
                effect="settings",
                help=setting.watched,
            )


def _may_listen(project: Project, setting: Setting, place: Called) -> bool:
    """Tell whether a call may be given a listener among options that are not seen."""
    if not setting.listens:
        return False
    options = given(project.typing, place.file, place.node)
    return not options.whole or bool(options.get(setting.listens))


def _is_measured(project: Project) -> bool:
    """Tell whether code of the project names what measures statements."""
    files, watchers = project.files, project.packs.library.watchers

    def words(file: int) -> Iterable[str]:
        return () if is_test(files.paths[file]) else ("watchers",)

    def of_file(file: int) -> Iterator[Note]:
        named = {
            operand
            for parts in files[file].nodes
            if parts[0] in _NAMING
            for operand in parts[1:]
            if isinstance(operand, str)
        }
        if any(name.rpartition(".")[2] in watchers for name in named):
            yield Note(project.typing.first_function[file], 0, 0)

    return any(project.noted("watchers", words, of_file))
