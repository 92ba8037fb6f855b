"""A report to print: a chain that two places share, a direct call, wide text and escapes."""

# ruff: noqa: E501 - what is printed is as wide as it is
from asyncfix.findings import (
    Confidence,
    Finding,
    Location,
    Report,
    Root,
    Severity,
    Sink,
    Step,
    ordered,
)
from asyncfix.packs import Library, Packs, Rule
from asyncfix.source import Text

USERS = """\
from app.services import load


@router.get("/users/{id}")
async def get_user(id: int):
\tuser = load(id)
\treturn user


async def nightly():
    names = ["漢字漢字漢字漢字漢字漢字漢字", load(2), "\x1b[31mred", "漢字漢字漢字漢字漢字漢字漢字漢字漢字", "🎉"]
    return names


async def tick():
    time.sleep(1)
"""

SERVICES = """\
def load(id):
    return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})


def fetch(url, headers):
    return requests.get(url, timeout=5)
"""

TEXTS = {
    path: Text(path, text)
    for path, text in {"app/users.py": USERS, "app/services.py": SERVICES}.items()
}
PACKS = Packs(
    {
        "blocking-http": Rule(
            name="blocking-http",
            group="blocking",
            check="blocking-call",
            severity=Severity.ERROR,
            summary="A synchronous HTTP request stops the event loop",
            message="",
            why="",
            aliases=(),
            preview=False,
            examples=(),
        )
    },
    Library(),
)


def at(path, code):
    data = TEXTS[path].data
    start = data.index(code.encode())
    return Location(path, start, start + len(code.encode()))


def finding(location, symbol, root, trace, **changes):
    values = {
        "rule": "blocking-http",
        "group": "blocking",
        "subject": "requests.get",
        "message": "`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead",
        "location": location,
        "severity": Severity.ERROR,
        "confidence": Confidence.HIGH,
        "symbol": symbol,
        "code": "load(id)",
        "root": root,
        "sink": Sink("requests.get", "network"),
        "trace": trace,
        "help": "move the whole call to a thread: `await run_in_threadpool(load, id)`, "
        "or make `load` a coroutine and await it here",
    }
    return Finding(**{**values, **changes})


def coroutine(name):
    symbol = f"app.users.{name}"
    return Root("coroutine", symbol, symbol, at("app/users.py", f"async def {name}"))


ENDPOINT = Root(
    "endpoint",
    "get_user",
    "app.users.get_user",
    at("app/users.py", "async def get_user"),
    "GET",
    "/users/{id}",
)
TAIL = (
    Step(at("app/services.py", "fetch(f"), "`load` calls `fetch`", "app.services.load", "call"),
    Step(
        at("app/services.py", "requests.get(url, timeout=5)"),
        "`fetch` calls `requests.get`",
        "app.services.fetch",
        "call",
    ),
)


def _by_load(code, root, **changes):
    place = at("app/users.py", code)
    first = Step(place, f"`{root.symbol}` calls `app.services.load`", root.symbol, "call")
    return finding(place, root.symbol, root, (first, *TAIL), **changes)


SHARED = (
    _by_load("load(id)", ENDPOINT),
    _by_load("load(2)", coroutine("nightly"), confidence=Confidence.MEDIUM),
)
DIRECT = finding(
    at("app/users.py", "time.sleep(1)"),
    "app.users.tick",
    coroutine("tick"),
    (),
    rule="blocking-sleep",
    subject="time.sleep",
    message="`time.sleep` blocks the event loop",
    sink=Sink("time.sleep", "sleep"),
    severity=Severity.WARNING,
    help="",
)
REPORT = Report(
    ordered([DIRECT, *SHARED]), hidden=3, unresolved=14, files=120, cached=118, seconds=0.314
)
EMPTY = Report((), files=1, seconds=0.02)


def text(path):
    return TEXTS[path]
