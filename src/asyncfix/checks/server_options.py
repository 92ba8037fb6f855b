"""How a server is started that is to bear load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.nomination import nomination
from asyncfix.project.arguments import constant
from asyncfix.project.options import given
from asyncfix.project.timeouts import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule, Setting
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each start of a server with options that do not suit one."""
    for name, setting, place in calls(project):
        if (setting.advice or setting.doubts) and not project.is_beside(_path(project, place)):
            for told in _told(setting, place, project):
                yield nomination(
                    rule,
                    project,
                    place,
                    subject=name,
                    message=rule.message.format(name=name, replacement=told),
                    effect="settings",
                )


def _told(setting: Setting, place: Called, project: Project) -> Iterator[str]:
    options = given(project.typing, place.file, place.node)
    for key, text in setting.doubts.items():
        values = options.get(key)
        if values and all(_by_default(project, v.file, v.node) is True for v in values):
            if all(constant(project.typing, v.file, v.node) is True for v in values):
                yield text
            return  # such a server bears no load
    for key, text in setting.advice.items():
        if options.whole and not options.get(key):
            yield text


def _by_default(project: Project, file: int, node: int) -> object:
    """Return the constant that an option is, a parameter if nobody gives it."""
    parts = project.files[file].nodes[node]
    if parts[0] == facts.PARAM:
        node = project.files[file].functions[parts[1]].params[parts[2]].default
    return constant(project.typing, file, node) if node else None


def _path(project: Project, place: Called) -> str:
    return project.files.paths[place.file]
