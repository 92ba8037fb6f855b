"""Handlers of start and stop that are registered in a way that lifespan has taken the place of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.nomination import nomination
from asyncfix.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.findings import Finding
    from asyncfix.packs import Root, Rule
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project

_IGNORED = (
    "; `{}` of the application is set, which makes it ignore this handler",
    "move what still has to be done into the {}, or delete the handler",
)
_MOVED = (
    "write one `@asynccontextmanager` that calls the handlers of start in their order, yields, "
    "calls those of stop in theirs, and pass it as `{}=`; none may stay behind"
)


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each place that registers a handler, or passes some to the application."""
    seen: set[tuple[int, int]] = set()
    for root in project.packs.library.roots:
        for full in (*root.decorators, *root.calls) if root.superseded else ():
            for name, place in _registered(full, root, project):
                if (place.file, place.start) not in seen:
                    seen.add((place.file, place.start))
                    yield _finding(rule, root, name, place, project)


def _registered(full: str, root: Root, project: Project) -> Iterator[tuple[str, Called]]:
    typing, last = project.typing, full.rpartition(".")[2]
    argument = "" if full in root.decorators else root.argument.partition("@")[0]
    by_keyword = argument if last[:1].isupper() else ""

    def fits(file: int, node: int) -> bool:
        parts = typing.files[file].nodes[node]
        is_passed = not by_keyword or by_keyword in parts[3]
        return is_passed and any(_is(each, full, project) for each in typing.of(file, parts[1]))

    name = f"{last}({by_keyword}=…)" if by_keyword else full
    for file in typing.index.calling(last, tests=False):
        answer = partial(project.lifetimes.named_in, file, last, fits)
        question = f"registers {full} {argument}"
        for place in project.callers.places(question, file, file, answer):
            yield name, place


def _is(each: Sequence[object], full: str, project: Project) -> bool:
    """Tell whether a type is that of a function or method with a full name."""
    if each[0] != "X":
        return False
    member = str(each[1]).rpartition(".")[2]
    owners = project.typing.outside.order(str(each[2])) if each[2] else ()
    return each[1] == full or any(f"{owner}.{member}" == full for owner in owners)


def _finding(rule: Rule, root: Root, name: str, place: Called, project: Project) -> Finding:
    ignored = _is_ignored(root, place, project)
    message = rule.message.format(name=name, replacement=root.superseded)
    return nomination(
        rule,
        project,
        place,
        subject=name,
        message=message + (_IGNORED[0].format(root.superseded) if ignored else ""),
        effect="lifecycle",
        help=(_IGNORED[1] if ignored else _MOVED).format(root.superseded),
        severity=Severity.ERROR if ignored else None,
    )


def _is_ignored(root: Root, place: Called, project: Project) -> bool:
    """Tell whether the application that is meant is made with what takes the handlers' place."""
    files, modules = project.typing.files, project.typing.modules
    nodes = files[place.file].nodes
    call = nodes[place.node]
    callee = nodes[call[1]]
    if callee[0] != facts.ATTR:
        return root.superseded in call[3]
    base = nodes[callee[1]]
    made = [base]
    if base[0] == facts.GLOBAL:
        found = modules.lookup(place.file, base[1])
        made = [files[int(str(d[1]))].nodes[int(str(d[2]))] for d in found if d[0] == "N"]
    is_router = any("Router" in str(each[1]) for each in project.typing.of(place.file, callee[1]))
    return not is_router and any(
        each[0] == facts.CALL and root.superseded in each[3] for each in made
    )
