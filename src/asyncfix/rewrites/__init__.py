"""Rewrites: what can be written in place of code that stops the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.project.index import is_test
from asyncfix.rewrites.files import async_file, library_for, opens_file
from asyncfix.rewrites.offload import offload
from asyncfix.rewrites.place import place_of
from asyncfix.rewrites.plain import entry_of, plain_function
from asyncfix.rewrites.port import library_of, ported
from asyncfix.rewrites.sleep import awaited_twin
from asyncfix.rewrites.twin import async_twin, has_twin
from asyncfix.rewrites.workspace import Plan, Refusal, RefusedError, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding, Fix
    from asyncfix.packs import Rule
    from asyncfix.rewrites.place import Place

_CHECK = "blocking-call"

__all__ = ["Plan", "Refusal", "Workspace", "fixes"]


def fixes(rule: Rule, finding: Finding, workspace: Workspace) -> Plan:
    """Return what can be done about a finding, the best first, and why not more.

    Nothing is said of findings that are not about a call which blocks.
    """
    if rule.check != _CHECK:
        return Plan()
    try:
        place = place_of(rule, finding, workspace)
    except RefusedError as error:
        return Plan(refusals=(Refusal("all", str(error)),))
    found: list[Fix] = []
    refused: list[Refusal] = []
    for strategy, rewrite in _strategies(place):
        try:
            found.append(rewrite(place))
        except RefusedError as error:
            refused.append(Refusal(strategy, str(error)))
    return Plan(tuple(found), tuple(refused))


def _strategies(place: Place) -> Iterator[tuple[str, Callable[[Place], Fix]]]:
    """Yield the rewrites that may serve at a place, the best first."""
    target = place.target
    if place.is_direct and target.replacement == "asyncio.sleep" and target.applicability == "safe":
        yield "native", awaited_twin
    if entry_of(place) is not None:
        yield "sync", plain_function
    native = _native(place)
    if native is not None and native[1]:
        yield "native", native[0]
    yield "offload", offload
    if native is not None and not native[1]:
        yield "native", native[0]


def _native(place: Place) -> tuple[Callable[[Place], Fix], bool] | None:
    """Return the rewrite to an asynchronous library, and whether the project has that already."""
    library = library_of(place)
    if library:
        return ported, _is_at_home(place, library)
    if opens_file(place):
        return async_file, library_for(place.workspace, place.path)[1]
    if has_twin(place):
        return async_twin, True
    return None


def _is_at_home(place: Place, library: str) -> bool:
    """Tell whether the project uses the library that a port leads to already."""
    workspace = place.workspace
    to = workspace.project.packs.library.ports[library].to
    names = {to, workspace.config.http_client} if to == "httpx" else {to}
    return any(
        names & set(file.imports) for file in workspace.project.files if not is_test(file.path)
    )
