"""Services that the first caller builds and keeps in a variable that everybody shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.checks.nomination import Place, nomination
from asyncfix.findings import Confidence, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts, Lazy
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.project.services import Made

_HELD = {
    "module": "the module's `{}`",
    "class": "the class's `{}`",
    "instance": "`{}`",
    "function": "the function's `{}`",
    "application": "`{}`",
    "registry": "the dict `{}`",
}
_FIRST = frozenset(("module", "class", "function"))


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each test that lets a shared service be built on first use."""
    times = project.lifetimes
    if not times.serves:
        return
    for at, head in enumerate(project.files.heads):
        if head.lazies and not project.is_beside(project.files.paths[at]):
            for lazy in project.files[at].lazies:
                made = _made(lazy, at, project)
                if made and not times.spares(times.fid(at, lazy.function)):
                    yield _finding(rule, lazy, made, at, project)


def _made(lazy: Lazy, at: int, project: Project) -> Made | None:
    """Return the service that is kept; None for values, and for objects of some key each."""
    file = project.files[at]
    function = file.functions[lazy.function]
    if lazy.scope == "instance" and (lazy.locked or not lazy.awaits & facts.UNSET):
        return None
    if function.name == "__new__" and function.owner >= 0:
        return project.services.of_class(project.typing.first_class[at] + function.owner)
    for value in lazy.values:
        made = project.services.made(at, value) or project.services.given(at, value)
        if made and _is_shared(lazy, made, file):
            return made
    return None


def _is_shared(lazy: Lazy, made: Made, file: FileFacts) -> bool:
    """Tell whether what is kept is there once, and not one for each key or for each owner."""
    if lazy.scope == "registry":
        return not _given(lazy, file)
    return lazy.scope != "instance" or made.client is not None


def _given(lazy: Lazy, file: FileFacts) -> tuple[str, ...]:
    """Return the parameters of the accessor that the service is built from."""
    function, found = file.functions[lazy.function], set()
    skip = 1 if function.owner >= 0 and not function.flags & facts.STATIC else 0
    for value in lazy.values:
        call = file.nodes[value]
        call = file.nodes[call[1]] if call[0] == facts.AWAIT else call
        for node in (*call[2], *call[4]) if call[0] == facts.CALL else ():
            found |= _params(file, node, lazy.function)
    return tuple(function.params[each].name for each in sorted(found) if each >= skip)


def _params(file: FileFacts, node: int, function: int) -> set[int]:
    parts = file.nodes[node] if node > 0 else (facts.UNKNOWN,)
    if parts[0] == facts.PARAM:
        return {parts[2]} if parts[1] == function else set()
    inner = parts[1] if parts[0] == facts.UNION else ()
    return {found for each in inner for found in _params(file, each, function)}


def _finding(rule: Rule, lazy: Lazy, made: Made, at: int, project: Project) -> Finding:
    file = project.files[at]
    races = lazy.awaits and not lazy.locked
    held = _HELD[lazy.scope].format(lazy.name)
    given = _given(lazy, file) if lazy.scope in _FIRST and lazy.alone else ()
    message = rule.message.format(name=made.name, replacement=held)
    return nomination(
        rule,
        project,
        Place(at, lazy.function, lazy.start, lazy.end),
        subject=made.name,
        message=message + _trouble(lazy, given),
        effect="lifecycle",
        help=_help(lazy, file, given),
        severity=Severity.ERROR if races else None,
        confidence=Confidence.HIGH if made.client or made.cls >= 0 else Confidence.MEDIUM,
    )


def _trouble(lazy: Lazy, given: tuple[str, ...]) -> str:
    if lazy.awaits & facts.UNSET and not lazy.locked:
        return "; whoever comes while it awaits builds another one"
    if lazy.awaits and not lazy.locked:
        return "; whoever comes while it awaits gets one that is not ready"
    if given:
        names = ", ".join(f"`{each}`" for each in given)
        return f"; {names} count{'' if given[1:] else 's'} on the first call only"
    return ""


def _help(lazy: Lazy, file: FileFacts, given: tuple[str, ...]) -> str:
    function = file.functions[lazy.function]
    if function.flags & facts.ASYNC:
        said = "build it in the application's lifespan, keep it on `app.state` and close it there"
    elif given or lazy.scope in ("registry", "application"):
        said = "build it when the application starts, and hand it to what needs it"
    else:
        said = (
            f"`@functools.lru_cache(maxsize=1)` on a `{function.name}` that only returns a new one"
        )
        if lazy.locked:
            said = "build it when the application starts; the lock is then needless"
    others = sorted(_companions(lazy, file))
    if others:
        said += "; with it go " + ", ".join(f"`{each}`" for each in others)
    return said


def _companions(lazy: Lazy, file: FileFacts) -> set[str]:
    """Return the other functions that set the variable, or clear the dict."""
    found = {
        file.functions[index].name
        for index, name in file.rebinds
        if name == lazy.name and index and index != lazy.function
    }
    if lazy.scope == "registry":
        found |= {
            function.name
            for function in file.functions[1:]
            if any(_clears(file, node, lazy.name) for node in function.sites[1 :: facts.SITE])
        }
    return found


def _clears(file: FileFacts, node: int, name: str) -> bool:
    parts = file.nodes[node]
    callee = file.nodes[parts[1]] if parts[0] == facts.CALL else ()
    if not callee or callee[0] != facts.ATTR or callee[2] not in ("clear", "pop"):
        return False
    owner = file.nodes[callee[1]]
    return bool(owner == (facts.GLOBAL, name))
