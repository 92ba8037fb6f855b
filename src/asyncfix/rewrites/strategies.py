"""The rewrites of the very call that blocks, where a function can await, the best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.project.index import is_test
from asyncfix.rewrites import nested
from asyncfix.rewrites.files import async_file, library_for, opens_file
from asyncfix.rewrites.offload import offload
from asyncfix.rewrites.paths import asks_path, async_path
from asyncfix.rewrites.port import library_of, ported
from asyncfix.rewrites.programs import async_program, runs_program
from asyncfix.rewrites.sleep import awaited_twin
from asyncfix.rewrites.twin import async_twin, has_twin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Fix
    from asyncfix.rewrites.place import Place

    Rewrite = Callable[[Place], Fix]


def strategies(place: Place) -> Iterator[tuple[str, Rewrite, bool]]:
    """Yield the rewrites that may serve at a place, and whether each is better than any other."""
    target = place.target
    if place.rule.check == nested.CHECK:
        yield ("native", nested.awaited, True) if place.is_direct else ("offload", offload, False)
        return
    if place.is_direct and target.replacement == "asyncio.sleep" and target.applicability == "safe":
        yield "native", awaited_twin, True
    native = _native(place)
    if native is not None and native[1]:
        yield "native", native[0], False
    yield "offload", offload, False
    if native is not None and not native[1]:
        yield "native", native[0], False


def _native(place: Place) -> tuple[Rewrite, bool] | None:
    """Return the rewrite to an asynchronous library, and whether the project has that already."""
    library = library_of(place)
    if library:
        return ported, _is_at_home(place, library)
    if opens_file(place):
        return async_file, library_for(place.workspace, place.path)[1]
    if asks_path(place):
        return async_path, place.workspace.config.thread_api == "anyio"
    if runs_program(place):
        return async_program, False
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
