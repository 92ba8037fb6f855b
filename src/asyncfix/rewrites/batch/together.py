"""Requests per item: some of them at a time, the answers in the order of the items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.project.reach import NO_WORK
from asyncfix.rewrites.batch.code import STEP, dedented, indent_of, indented, row_start, shifted
from asyncfix.rewrites.batch.frame import Once
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.project.edges import Instance
    from asyncfix.project.work import PerItem
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.rewrites.batch.loop import Looped
    from asyncfix.syntax.tree import Node

MOST = 10  # requests at a time, as many as a small pool of connections has
_CHANGES = re.compile(
    "(post|put|patch|delete|remove|request|send|publish|update|upload|insert|set|add|write)(_|$)"
)
_PUTS = r"^\s+(NAME)(\[[^\]\n]+\]\s*=[^=]|\.(append|update|setdefault|add|extend)\()"
_NOTE = (
    "up to {most} requests run at a time, and those after one that fails are sent as well: "
    "the service must allow that"
)


def together(looped: Looped, call: Node, item: PerItem) -> Once:
    """Return what starts the requests of all items, `MOST` at a time, before a loop goes on."""
    _refuse_order(looped, call)
    above = call.parent
    is_awaited = above is not None and above.kind == "Await"
    if looped.frame.scope.is_async and not is_awaited:
        raise RefusedError("the request stops the event loop: make it asynchronous first")
    once = Once(notes=[_NOTE.format(most=MOST)])
    once.doubts += _shared(looped.frame, item)
    if _CHANGES.match(item.way.asked.name.rpartition(".")[2]):
        once.doubts.append("the requests change something, and would no longer come in order")
    if is_awaited:
        _gathered(looped, call, _named(call, item), once)
    else:
        _refuse_threads(looped.frame, item.way.asked.name)
        _pooled(looped, call, once)
    return once


def _refuse_threads(frame: Frame, name: str) -> None:
    """Refuse what a library does not allow in another thread."""
    outside = frame.workspace.project.typing.outside
    target = outside.target(name.rpartition(".")[0], name)
    if target is not None and target.offload == "no":
        raise RefusedError(f"`{name}` must not be called in several threads")


def _refuse_order(looped: Looped, call: Node) -> None:
    """Refuse a loop that may end before a request, or makes one of what it has done before."""
    frame = looped.frame
    if looped.frame.test:
        raise RefusedError("the comprehension leaves items out")
    used = {each.text for each in scopes.names(call)}
    before = sorted(frame.bound & used - frame.names)
    if before:
        raise RefusedError(f"the request is made of `{before[0]}`, which the loop finds out")
    if looped.node.kind != "For":
        if _is_conditional(looped, call):
            raise RefusedError("not every item sends a request")
        return
    if scopes.leaves(frame.body) in ("return", "break"):
        raise RefusedError("the loop may end before the last request")
    top = next(part for part in frame.body if part.start <= call.start < part.end)
    earlier = [part for part in frame.body if part.start < top.start]
    if scopes.leaves(earlier) or _is_conditional(looped, call):
        raise RefusedError("not every item sends a request")


def _is_conditional(looped: Looped, call: Node) -> bool:
    tops = [part.raw for part in looped.frame.body]
    for each in call.parents:
        if each.kind in ("If", "IfExp", "BooleanOperation", "While", "For", "Match", "Lambda"):
            return True
        if each.kind in ("ExceptHandler", "Finally", "Else"):
            return True
        if each.raw in tops:
            return False
    return False


def _shared(frame: Frame, item: PerItem) -> list[str]:
    """Say what the requests would use or change at the same time."""
    graph, reach = frame.workspace.project.graph, frame.workspace.project.work.reach
    queue = [edge.callee for edge in item.way.edges[:1]]
    seen: set[Instance] = set()
    found = []
    while queue:
        number = queue.pop()
        function = graph.function(number)
        if number in seen or function.qualname.endswith("__init__"):
            continue
        seen.add(number)
        kinds = {each.query.kind for each in graph.asked[number]} - NO_WORK - {"request"}
        if kinds:
            found.append("what sends the request asks a database, too, perhaps by one connection")
        code = frame.workspace.text(graph.path(number)).data[function.start : function.end]
        if re.search(rb"^\s+(self\.[\w.]+\s*[-+*/|]?=[^=]|global |nonlocal )", code, re.MULTILINE):
            found.append(f"`{function.qualname}` keeps what it does on an object that all share")
        names = "|".join(re.escape(each.name) for each in function.params if each.name != "self")
        if re.search(_PUTS.replace("NAME", names or "-").encode(), code, re.MULTILINE):
            found.append(f"`{function.qualname}` changes what is passed to it, which all may share")
        queue += [edge.callee for edge in reach.outgoing[number]]
    return found


def _named(call: Node, item: PerItem) -> str:
    """Return a name for what is got: `self._summarise(x)` gives `summarise`."""
    code, args = call["func"].text, call.all("args")
    if item.way.edges and item.way.edges[0].kind.startswith("thread") and args:
        code = next((each["value"].text for each in args if "." in each["value"].text), code)
    name = re.sub(r"\W.*", "", code.rpartition(".")[2].strip("_"))
    return name or "ask"


def _gathered(looped: Looped, call: Node, name: str, once: Once) -> None:
    """Await the requests by `asyncio.gather` under a semaphore."""
    frame = looped.frame
    asyncio, imports = bound(frame.workspace, frame.path, frame.scope, "asyncio")
    once.imports += imports
    limit, one = frame.free("limit", "request_limit"), frame.free(f"{name}_one")
    results = frame.free("results", f"{name}_results")
    head = looped.node if looped.node.kind == "For" else looped.node["for_in"]
    args = ", ".join(scopes.targets(head["target"]))
    code = dedented(call.text, indent_of(call.statement))
    once.before += [
        f"{limit} = {asyncio}.Semaphore({MOST})",
        "",
        f"async def {one}({args}):",
        f"{STEP}async with {limit}:",
        shifted(f"{STEP}{STEP}return await {code}", STEP * 2),
        "",
    ]
    keep = looped.node.kind == "For"
    every = f"{one}({args}) for {frame.target} in {frame.items}"
    given = f"*({every}), return_exceptions=True" if keep else f"*({every})"
    once.before.append(f"{results} = await {asyncio}.gather(\n{STEP}{given}\n)")
    result = frame.free("result", f"{name}_result")
    top = call.parent if call.parent is not None else call
    once.zipped = (result, results)
    if not keep:
        once.edits.append(Edit(Location(frame.path, *top.whole), result))
        return
    statement = top.statement
    if indent_of(statement).strip():
        raise RefusedError("the statement shares its row with another")
    rows = [f"if isinstance({result}, BaseException):", f"{STEP}raise {result}"]
    raises = indented(rows, indent_of(statement))
    only = statement.children[0] if len(statement.children) == 1 else statement
    if only.kind == "Expr" and only["value"].raw is top.raw:
        once.edits.append(Edit(Location(frame.path, *top.whole), raises.strip()))
        return
    at = row_start(statement)
    once.edits.append(Edit(Location(frame.path, *top.whole), result))
    once.edits.append(Edit(Location(frame.path, at, at), raises))


def _pooled(looped: Looped, call: Node, once: Once) -> None:
    """Send the requests from a few threads, and wait for each where its answer is used."""
    frame = looped.frame
    pool, imports = bound(
        frame.workspace, frame.path, frame.scope, "concurrent.futures", "ThreadPoolExecutor"
    )
    once.imports += imports
    name, futures, future = frame.free("pool"), frame.free("futures"), frame.free("future")
    args = call.all("args")
    if any(each.word("star") for each in args):
        raise RefusedError("the arguments of the request are unpacked")
    given = "".join(f", {each.text.rstrip().rstrip(',')}" for each in args)
    if "\n" in given:
        given = " ".join(given.split())
    submit = f"{name}.submit({call['func'].text}{given})"
    once.before += [
        f"with {pool}(max_workers={MOST}) as {name}:",
        f"{STEP}{futures} = [{submit} for {frame.target} in {frame.items}]",
    ]
    once.zipped = (future, futures)
    once.edits.append(Edit(Location(frame.path, *call.whole), f"{future}.result()"))
