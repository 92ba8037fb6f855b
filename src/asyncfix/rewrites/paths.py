"""Asks a path asynchronously: `path.read_text()` becomes `await anyio.Path(path).read_text()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.place import Place

STRATEGY = "native"
_FORM = "anyio.Path."
_REQUIRES = "anyio>=3.4"
# What gives no path: a path of anyio in its place would have methods to be awaited.
_PLAIN = frozenset(
    """read_text read_bytes write_text write_bytes exists is_file is_dir is_symlink is_mount
    is_socket is_fifo is_block_device is_char_device stat lstat unlink mkdir rmdir touch chmod
    lchmod owner group samefile symlink_to hardlink_to""".split()  # noqa: SIM905 - a list has a line for each
)


def asks_path(place: Place) -> bool:
    """Tell whether a place calls a method of a path that anyio has in the same form."""
    target = place.target
    is_same = target.form == "await" and target.applicability == "safe"
    return place.is_direct and is_same and target.replacement.startswith(_FORM)


def async_path(place: Place) -> Fix:
    """Return the fix that asks a path of anyio; raise RefusedError where that gives another."""
    refuse_without_await(place)
    node = place.node
    if node.kind != "Call" or node["func"].kind != "Attribute":
        raise RefusedError("the method is not called at once")
    method, path = node["func"]["attr"].text, node["func"]["value"]
    if method not in _PLAIN:
        raise RefusedError(f"`{method}` would give a path of anyio, whose methods are awaited")
    spelled, imports = bound(place.workspace, place.path, place.scope, "anyio")
    made = f"{spelled}.Path"
    before, after = awaiting(node)
    if path.kind == "Call" and place.callees(path) == {"pathlib.Path"}:
        edits = [place.replaced(node.start, path["func"].end, f"{before}{made}")]
    else:
        start, end = path.whole
        opened, closed = ("", "") if path.parenthesized else ("(", ")")
        edits = [place.replaced(start, start, f"{before}{made}{opened}")]
        edits += [place.replaced(end, end, closed)] if closed else []
    if after:
        edits.append(place.replaced(node.end, node.end, after))
    return Fix(
        title=f"Await `anyio.Path.{method}`",
        applicability=Applicability(place.target.applicability),
        edits=tuple(edits),
        strategy=STRATEGY,
        imports=imports,
        requires=(_REQUIRES,),
    )
