"""Adds what logs the statements that take long, without what they are given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.rewrites.lifecycle.placing import top_statement
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax.arguments import with_argument

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace

_LIMIT = """_slow_queries = logging.getLogger("slow_queries")
_SLOW_SECONDS = float(os.environ.get("SLOW_QUERY_SECONDS", "1"))
"""
_EVENTS = (
    "\n\n"
    + _LIMIT
    + '''

@event.listens_for({engine}, "before_cursor_execute")
def _note_start(
    _connection: Any, _cursor: Any, _text: str, _given: Any, context: Any, _many: bool
) -> None:
    context.began_at = time.monotonic()


@event.listens_for({engine}, "after_cursor_execute")
def _log_slow_query(
    _connection: Any, _cursor: Any, text: str, _given: Any, context: Any, _many: bool
) -> None:
    """Log a statement that took long, without the values that it was given."""
    seconds = time.monotonic() - context.began_at
    if seconds > _SLOW_SECONDS:
        _slow_queries.warning("%.3f s: %s", seconds, " ".join(text.split())[:200])'''
)
_LOGGER = (
    _LIMIT
    + '''

def _log_slow_query(query: Any) -> None:
    """Log a statement that took long, without the values that it was given."""
    if query.elapsed > _SLOW_SECONDS:
        _slow_queries.warning("%.3f s: %s", query.elapsed, " ".join(query.query.split())[:200])


async def _watch_queries(connection: Any) -> None:
    connection.add_query_logger(_log_slow_query)


'''
)
_COMMANDS = (
    _LIMIT
    + '''

class _SlowCommands(monitoring.CommandListener):
    """Logs commands that took long, without the values that they were given."""

    def __init__(self) -> None:
        self._told: dict[int, str] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note which collection is asked."""
        named = event.command.get(event.command_name)
        where = f" {named}" if isinstance(named, str) else ""
        self._told[event.request_id] = f"{event.database_name}: {event.command_name}{where}"

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Log what took long."""
        self._log(event.request_id, event.duration_micros / 1e6)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Log what took long, and failed."""
        self._log(event.request_id, event.duration_micros / 1e6)

    def _log(self, number: int, seconds: float) -> None:
        told = self._told.pop(number, "")
        if seconds > _SLOW_SECONDS:
            _slow_queries.warning("%.3f s: %s", seconds, told[:200])


'''
)
_NAMES = (
    "_SlowCommands",
    "_slow_queries",
    "_SLOW_SECONDS",
    "_log_slow_query",
    "_note_start",
    "_watch_queries",
)
_MONGO = ("pymongo.", "motor.")
_ASSIGNED = re.compile(rb"(\w+)(?:\s*:[^=\n]+)?\s*=\s*\Z")
_DECORATION = re.compile(rb"(?:^[@#][^\n]*\n)+\Z", re.MULTILINE)
_NOTE = "values that are written into a statement, not passed with it, are logged with its text"


def watched(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that has slow statements logged."""
    path = finding.location.path
    if set(_NAMES) & set(workspace.facts(path).names):
        raise RefusedError("names that the log needs mean something else in this file")
    requires: tuple[str, ...] = ()
    imports = [("logging", ""), ("os", ""), ("typing", "Any")]
    if finding.subject.startswith("asyncpg."):
        edits, requires = _of_pool(finding, workspace), ("asyncpg>=0.29",)
    elif finding.subject.startswith(_MONGO):
        edits = _of_client(finding, workspace)
        imports = [("logging", ""), ("os", ""), ("pymongo", "monitoring")]
    else:
        edits = _of_engine(finding, workspace)
        imports += [("time", ""), ("sqlalchemy", "event")]
    return Fix(
        title="Log the statements that take more than a second",
        applicability=Applicability.UNSAFE,
        edits=edits,
        notes=(_NOTE,),
        strategy="native",
        imports=tuple(Import(path, module, name) for module, name in imports),
        requires=requires,
    )


def _of_engine(finding: Finding, workspace: Workspace) -> tuple[Edit, ...]:
    """Listen to the engine that a variable of the module holds."""
    where = finding.location
    data = workspace.text(where.path).data
    begin = data.rfind(b"\n", 0, where.start) + 1
    match = _ASSIGNED.match(data[begin : where.start])
    end = data.find(b"\n", where.end)
    end = len(data) if end < 0 else end
    rest = data[where.end : end].strip()
    if match is None or (rest and not rest.startswith(b"#")):
        raise RefusedError("the engine is not put into a variable of the module where it is made")
    engine = match[1].decode()
    if finding.subject.endswith("create_async_engine"):
        engine = f"{engine}.sync_engine"
    return (Edit(Location(where.path, end, end), _EVENTS.replace("{engine}", engine)),)


def _of_client(finding: Finding, workspace: Workspace) -> tuple[Edit, ...]:
    """Give a client of MongoDB a listener, whose class goes above it."""
    path = finding.location.path
    top = top_statement(workspace, path, finding.location.start)
    argument = "event_listeners=[_SlowCommands()]"
    return (Edit(Location(path, top, top), _COMMANDS), _told(finding, workspace, argument, "**"))


def _told(finding: Finding, workspace: Workspace, argument: str, refused: str) -> Edit:
    """Return the edit that gives a call an argument, unless it has what is refused."""
    where = finding.location
    data = workspace.text(where.path).data
    code = data[where.start : where.end].decode("utf-8", "replace")
    changed = with_argument(code, argument)
    if changed is None or refused in code:
        raise RefusedError("the call has arguments that are not known")
    start, end, text = changed
    at = where.start + len(code[:start].encode())
    return Edit(Location(where.path, at, at + len(code[start:end].encode())), text)


def _of_pool(finding: Finding, workspace: Workspace) -> tuple[Edit, ...]:
    """Have the pool of asyncpg tell each new connection whom to call."""
    where = finding.location
    file, data = workspace.facts(where.path), workspace.text(where.path).data
    spans = [(each.start, each.end) for each in file.functions[1:]]
    spans += [(each.start, each.end) for each in file.classes]
    around = [start for start, end in spans if start <= where.start < end]
    if not around:
        raise RefusedError("the pool is made by the module itself, not by a function")
    code = data[where.start : where.end].decode("utf-8", "replace")
    changed = with_argument(code, "init=_watch_queries")
    if changed is None or re.search(r"\binit\s*=|\*\*", code):
        raise RefusedError("the pool has an `init` of its own, or arguments that are not known")
    start, end, text = changed
    at = where.start + len(code[:start].encode())
    top = data.rfind(b"\n", 0, min(around)) + 1
    above = _DECORATION.search(data, 0, top)
    top = above.start() if above else top
    return (
        Edit(Location(where.path, top, top), _LOGGER),
        Edit(Location(where.path, at, at + len(code[start:end].encode())), text),
    )
