"""Calls that wait for ever if the other side never answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.nomination import nomination
from asyncfix.project.options import given
from asyncfix.project.timeouts import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.packs import Rule, Setting
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each call that is surely given no timeout."""
    seen_to: dict[tuple[str, ...], bool] = {}
    for name, setting, place in calls(project):
        if setting.required and _lacks(setting, place, project):
            if setting.names not in seen_to:
                seen_to[setting.names] = _is_seen_to(setting, project)
            if not seen_to[setting.names]:
                yield _finding(rule, name, setting, place, project)


def _lacks(setting: Setting, place: Called, project: Project) -> bool:
    parts = project.files[place.file].nodes[place.node]
    if -1 in parts[2] or not (parts[2] or parts[3]):
        return False  # without any argument nothing is connected
    options = given(project.typing, place.file, place.node)
    return options.whole and not any(options.get(path) for path in setting.required)


def _is_seen_to(setting: Setting, project: Project) -> bool:
    """Tell whether the project sets a timeout for all calls of this kind in one place."""
    typing = project.typing
    for full in setting.elsewhere:
        owner, _, method = full.rpartition(".")
        if typing.index.set_as(f".{method}"):
            return True
        for cls in typing.hierarchy.below_outside(typing.outside.canonical(owner)):
            if method in typing.classes[cls][1].methods:
                return True
    last = setting.global_default.rpartition(".")[2]
    return bool(last) and typing.index.count(last) > 0


def _finding(rule: Rule, name: str, setting: Setting, place: Called, project: Project) -> Finding:
    return nomination(
        rule,
        project,
        place,
        subject=name,
        message=rule.message.format(name=name, replacement=setting.lacks),
        effect="settings",
        help=f"pass `{setting.add}`, or what the slowest answer that you would wait for takes",
    )
