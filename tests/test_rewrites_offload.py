"""Moving a call to a thread: what is written, and that it does what the call did."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import printed, rewritten

SLOW = """
import time


def slow(value=1, *, plus=0):
    time.sleep(0.02)
    return value + plus


class Box:
    def __init__(self, value=0):
        time.sleep(0.02)
        self.value = value

    def get(self, plus=0):
        time.sleep(0.02)
        return self.value + plus
"""


def offloaded(body: str, **settings: object) -> str:
    """Return a coroutine's body with what blocks in it moved to threads."""
    files = {"slow.py": SLOW, "app.py": coroutine(body)}
    code = rewritten(files, "offload", **settings).files["app.py"]
    return dedent(code.partition("async def main():\n")[2]).strip()


def coroutine(body: str) -> str:
    rows = "".join(f"    {row}\n" if row else "\n" for row in dedent(body).strip().split("\n"))
    return f"from slow import Box, slow\n\n\nasync def main():\n{rows}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return slow()", "return await asyncio.to_thread(slow)"),
        ("return slow(1, plus=2)", "return await asyncio.to_thread(slow, 1, plus=2)"),
        ("return slow(*[1], **{})", "return await asyncio.to_thread(slow, *[1], **{})"),
        ("return slow(1).real", "return (await asyncio.to_thread(slow, 1)).real"),
        ("return (slow(1)).real", "return (await asyncio.to_thread(slow, 1)).real"),
        ("return [1, 2][slow(1)]", "return [1, 2][await asyncio.to_thread(slow, 1)]"),
        ("return 2 ** slow(1) ** 2", "return 2 ** await asyncio.to_thread(slow, 1) ** 2"),
        ("return -slow(1) < 3", "return -await asyncio.to_thread(slow, 1) < 3"),
        ("return not slow() or 1", "return not await asyncio.to_thread(slow) or 1"),
        ('return f"{slow(1)!r:>4}"', 'return f"{await asyncio.to_thread(slow, 1)!r:>4}"'),
        (
            "return [slow(i) for i in (1, 2)]",
            "return [await asyncio.to_thread(slow, i) for i in (1, 2)]",
        ),
        ("slow(1)  # why", "await asyncio.to_thread(slow, 1)  # why"),
        ("slow( 1, )", "await asyncio.to_thread(slow, 1, )"),
        (
            "if (n := slow(1)) > 0:\n    return n",
            "if (n := await asyncio.to_thread(slow, 1)) > 0:\n    return n",
        ),
        ("return Box(3)", "return await asyncio.to_thread(Box, 3)"),
    ],
)
def test_a_call_is_handed_to_a_thread_with_its_arguments(before, after):
    assert offloaded(before) == after


def test_rows_of_arguments_stay_rows():
    before = """
        return slow(
            1,  # one
            plus=2,
        )
    """

    assert (
        offloaded(before)
        == dedent("""
        return await asyncio.to_thread(
            slow,
            1,  # one
            plus=2,
        )
    """).strip()
    )


def test_calls_within_calls_are_all_awaited_in_their_order(tmp_path):
    body = "print(slow(slow(1, plus=slow(2)), plus=Box(4).get(slow(5))))"
    main = "\n\nimport asyncio\n\nasyncio.run(main())\n"
    files = {"slow.py": SLOW, "app.py": coroutine(body) + main}
    fixed = rewritten(files, "offload")

    assert not fixed.refused
    assert printed(tmp_path / "a", files, "app.py") == "12\n"
    assert printed(tmp_path / "b", fixed.files, "app.py") == "12\n"


def test_keywords_become_a_partial_for_anyio():
    fixed = rewritten(
        {"slow.py": SLOW, "app.py": coroutine("return slow(1, plus=2)")},
        "offload",
        thread_api="anyio",
    ).files["app.py"]

    assert "await to_thread.run_sync(partial(slow, 1, plus=2))" in fixed
    assert fixed.startswith(
        "from functools import partial\n\nfrom anyio import to_thread\n\nfrom slow import Box, slow"
    )


def test_starlette_gives_its_thread_pool_where_it_is_used():
    app = """
        from fastapi import APIRouter

        from slow import slow

        router = APIRouter()


        async def load():
            value = slow(1)
            return value + await other()


        async def other():
            return 1
    """
    fixed = rewritten({"slow.py": SLOW, "app.py": dedent(app)}, "offload").files["app.py"]

    assert "value = await run_in_threadpool(slow, 1)" in fixed
    assert (
        "from fastapi import APIRouter\nfrom fastapi.concurrency import run_in_threadpool" in fixed
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return sum(slow(i) for i in (1, 2))", "generator expression"),
        ("class Local:\n    value = slow(1)", "body of a class"),
    ],
)
def test_a_place_without_room_for_await_is_refused(body, reason):
    files = {"slow.py": SLOW, "app.py": coroutine(body)}
    fixed = rewritten(files, "offload")

    assert fixed.files == files
    assert reason in " ".join(fixed.refused)


def test_a_module_name_that_a_parameter_hides_is_imported_under_another():
    app = "from slow import slow\n\n\nasync def main(asyncio):\n    return slow(1), asyncio\n"
    fixed = rewritten({"slow.py": SLOW, "app.py": app}, "offload").files["app.py"]

    assert "await _asyncio.to_thread(slow, 1), asyncio" in fixed
    assert "import asyncio as _asyncio\n" in fixed


def test_sleeping_is_awaited_natively_and_its_import_goes():
    app = "import time\n\n\nasync def main():\n    time.sleep(1)\n"
    fixed = rewritten({"app.py": app})

    assert (
        fixed.files["app.py"]
        == "import asyncio\n\n\nasync def main():\n    await asyncio.sleep(1)\n"
    )
    assert [(fix.strategy, fix.applicability) for fix in fixed.fixes] == [("native", "safe")]


def test_sleeping_under_a_lock_of_threads_is_left():
    app = """
        import threading
        import time

        lock = threading.Lock()


        async def main():
            with lock:
                time.sleep(1)
    """
    files = {"app.py": dedent(app)}

    assert "time.sleep(1)" in rewritten(files, "native").files["app.py"]


def slept_under(context: str, head: str = "") -> tuple[str, tuple[str, ...]]:
    """Return how sure it is that `asyncio.sleep` is right under a `with`, and why it is refused."""
    code = f"""
import time
import threading
{head}

async def main():
    with {context}:
        time.sleep(1)
"""
    fixed = rewritten({"app.py": code}, "native", most=1)
    return "".join(each.applicability for each in fixed.fixes), fixed.refused


def test_a_lock_is_known_by_its_type_whatever_it_is_called():
    certainty, refused = slept_under("gate", "gate = threading.Lock()\n")

    assert not certainty
    assert "holds a lock of threads" in " ".join(refused)


def test_what_is_only_called_a_lock_is_no_refusal_when_its_type_is_known():
    head = "class Clock:\n    def __enter__(self): ...\n    def __exit__(self, *a): ...\n"

    assert slept_under("Clock()", head)[0] == "safe"


def test_under_something_unknown_that_is_called_a_lock_nothing_is_safe():
    certainty, _ = slept_under("db_lock()", "from elsewhere.unknown import db_lock\n")

    assert certainty == "unsafe"


GUARDED = """
import threading

from slow import slow
{head}

class Cache:
    def __init__(self):
        self.lock = {made}

    async def get(self, number):
        with self.lock:
            found = slow(number)
        return found
"""
FREED = """
    async def get(self, number):
        def get_found():
            with self.lock:
                return slow(number)

        found = await asyncio.to_thread(get_found)
        return found
"""


@pytest.mark.parametrize(
    ("made", "head"),
    [
        ("threading.RLock()", ""),
        ("threading.Lock()", ""),
        ("made()", "from elsewhere.unknown import made\n"),
        ("unknown.Lock()", "import unknown\n"),
    ],
)
def test_what_blocks_under_a_lock_of_threads_moves_with_the_lock(made, head):
    app = GUARDED.format(made=made, head=head)
    fixed = rewritten({"slow.py": SLOW, "app.py": app}, "offload")

    assert FREED in fixed.files["app.py"]
    assert [each.applicability for each in fixed.fixes] == ["unsafe"]


def test_what_waits_under_a_lock_of_threads_cannot_move_with_it():
    app = GUARDED.format(made="threading.Lock()", head="import asyncio\n")
    app = app.replace("            found", "            await asyncio.sleep(0)\n            found")
    fixed = rewritten({"slow.py": SLOW, "app.py": app}, "offload")

    assert not fixed.fixes
    assert "has `await` in it" in " ".join(fixed.refused)


@pytest.mark.parametrize("made", ["Clock()", "open('block')", "unknown.Clock()"])
def test_what_is_no_lock_of_threads_stays_around_the_call(made):
    head = "import unknown\n\nclass Clock:\n    def __enter__(self): ...\n"
    head += "    def __exit__(self, *a): ...\n"
    app = GUARDED.format(made=made, head=head).replace("self.lock", "self.timer")
    fixed = rewritten({"slow.py": SLOW, "app.py": app}, "offload", most=2)

    assert (
        "with self.timer:\n            found = await asyncio.to_thread(slow"
        in (fixed.files["app.py"])
    )


STORE = """
import sqlite3


class Store:
    def __init__(self):
        self.read = self.connect()

    def connect(self):
        return sqlite3.connect("a.db"{free})

    def count(self, connection):
        return connection.execute("select 1").fetchone()
"""


def moved(body: str, free: str = "") -> tuple[bool, str]:
    """Return whether a call on a store moves to a thread, and else why not."""
    app = f"from store import Store\n\n\nasync def main(store: Store):\n    {body}\n"
    fixed = rewritten({"store.py": STORE.replace("{free}", free), "app.py": app}, "offload")
    return "to_thread" in fixed.files["app.py"], " ".join(fixed.refused)


def test_a_function_that_returns_a_connection_of_its_thread_stays():
    done, why = moved("return store.connect()")

    assert not done
    assert "serves no thread but the one that made it" in why


def test_a_function_that_takes_a_connection_of_this_thread_stays():
    done, _ = moved("return store.count(store.read)")

    assert not done


def test_a_connection_for_all_threads_may_be_made_in_any():
    assert moved("return store.connect()", ", check_same_thread=False")[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "slow(\n    # why\n    1,\n)",
            "await asyncio.to_thread(\n    slow,\n    # why\n    1,\n)",
        ),
        ("slow(  # why\n    1,\n)", "await asyncio.to_thread(\n    slow,  # why\n    1,\n)"),
        ("slow(1,  # why\n    plus=2)", "await asyncio.to_thread(slow, 1,  # why\n    plus=2)"),
        ("slow(\n    1, plus=2\n)", "await asyncio.to_thread(\n    slow, 1, plus=2\n)"),
        ("slow(  # why\n)", "await asyncio.to_thread(slow  # why\n)"),
    ],
)
def test_comments_among_the_arguments_stay_where_they_are(before, after):
    assert offloaded(before) == after


LONG = "a" * 32


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"return sum([{LONG}, slow(1, plus={LONG})])",
            f"return sum(\n    [{LONG}, await asyncio.to_thread(slow, 1, plus={LONG})]\n)",
        ),
        (
            f"print({LONG}=1, b=slow(1), c={LONG}, d=4)",
            f"print(\n    {LONG}=1, b=await asyncio.to_thread(slow, 1), c={LONG}, d=4\n)",
        ),
        (
            f"if {LONG} or print(slow({LONG})):\n    pass",
            f"if {LONG} or print(\n    await asyncio.to_thread(slow, {LONG})\n):\n    pass",
        ),
        (
            f"print(\n    1, slow({LONG}), len([1, 1, 1, 1, {LONG}])\n)",
            f"print(\n    1, await asyncio.to_thread(slow, {LONG}), len([1, 1, 1, 1, {LONG}])\n)",
        ),
    ],
)
def test_a_row_that_grows_too_long_is_broken_at_its_last_brackets(before, after):
    assert offloaded(before) == after


KEYED = """
import asyncio
import time


class Store:
    def __init__(self):
        self.kept = {}

    def __setitem__(self, key, value):
        time.sleep(0.01)
        self.kept[key] = value

    def __getitem__(self, key):
        time.sleep(0.01)
        return self.kept[key]


store = Store()


async def main(x):
    BODY


async def both():
    await asyncio.gather(main(1), main(2))
    print(sorted(store.kept.items(), key=str))


asyncio.run(both())
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'store[x] = {"a": x}  # why',
            'await asyncio.to_thread(store.__setitem__, x, {"a": x})  # why',
        ),
        ("store[(x, 1)] = (3)", "await asyncio.to_thread(store.__setitem__, (x, 1), (3))"),
        ("store[x] = store[1] = 2", "def main_sync():"),
        ("store[x] = 1\n    store[x] += 1", "    store[x] += 1"),
        ("store[x] = 1\n    store[2] = store[x]", "def wait():"),
    ],
)
def test_a_value_is_put_under_a_key_without_a_function_of_its_own(before, after, tmp_path):
    fixed = rewritten({"main.py": KEYED.replace("BODY", before)}).files

    assert after in fixed["main.py"]
    assert printed(tmp_path / "fixed", fixed) == printed(
        tmp_path / "plain", {"main.py": KEYED.replace("BODY", before)}
    )


CONTEXT = """
import asyncio
import time
from contextvars import ContextVar

who = ContextVar("who", default="nobody")


def mark(name):
    who.set(name)
    time.sleep(0.01)


def marked(name):
    token = who.set(name)
    time.sleep(0.01)
    who.reset(token)


def guarded(name):
    before = who.get()
    mark(name)
    return before == who.get()


async def main():
    CALL("me")
    return who.get()


async def both():
    print(await asyncio.gather(main(), main()))


asyncio.run(both())
"""


@pytest.mark.parametrize(("name", "moves"), [("mark", False), ("marked", True)])
def test_what_only_the_calling_thread_sees_stays_in_it(name, moves, tmp_path):
    code = CONTEXT.replace("CALL", name)

    done = rewritten({"main.py": code}, "offload")

    assert bool(done.fixes) is moves
    told = "what `contextvars.ContextVar.set` does is seen only by the thread that calls it"
    assert moves or told in done.refused
    plain = printed(tmp_path / "plain", {"main.py": code})
    assert printed(tmp_path / "fixed", done.files) == plain


SCOPED = """
from fastapi import FastAPI, Request
from sqlalchemy.orm import scoped_session, sessionmaker

Session = scoped_session(sessionmaker())
app = FastAPI()


def end():
    Session.commit()
    Session.remove()


def save(row):
    Session.add(row)
    end()


@app.post("/")
async def create(request: Request):
    CALL(await request.json())
"""


@pytest.mark.parametrize(("name", "moves"), [("end", False), ("save", True)])
def test_a_session_of_this_thread_is_not_ended_in_another(name, moves):
    done = rewritten({"main.py": SCOPED.replace("CALL", name)}, "offload")

    assert bool(done.fixes) is moves


def test_what_is_told_to_a_caller_that_moves_along_may_move():
    done = rewritten({"main.py": CONTEXT.replace("CALL", "guarded")}, "offload")

    assert 'await asyncio.to_thread(guarded, "me")' in done.files["main.py"]


def test_what_is_told_to_a_decorator_of_what_moves_may_move():
    decorator = """
def counted(method):
    return functools.wraps(method)(lambda *given: told(lambda: method(*given)))


def told(work):
    before = who.get()
    work()
    return before == who.get()


@counted
def save(name):
    mark(name)


async def main"""
    code = CONTEXT.replace("CALL", "save").replace("\nasync def main", decorator, 1)

    done = rewritten({"main.py": f"import functools\n{code}"}, "offload")

    assert 'await asyncio.to_thread(save, "me")' in done.files["main.py"]


SHARED = """
import asyncio
import json
from pathlib import Path

from slow import slow

count = 0
lock = asyncio.Lock()


class Box:
    async def use(self, key, path: Path, other: Path):
        global count
{body}
"""


def used(body: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a coroutine's rewritten body, the notes on that, and why the rest is left."""
    app = SHARED.format(body="\n".join(f"        {row}" for row in body.split("\n")))
    done = rewritten({"slow.py": SLOW, "app.py": app}, "offload")
    code = done.files["app.py"].partition("global count\n")[2]
    return dedent(code).strip(), tuple(n for f in done.fixes for n in f.notes), done.refused


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("self.total += slow()", "self.total"),
        ("self.total += 1 + min(slow(), 3)", "self.total"),
        ("self.totals[key] += slow()", "self.totals[key]"),
        ("count += slow()", "count"),
        ("self.total = self.total + slow()", "self.total"),
        ("other = self.of(key)\nother.total += slow()", "other.total"),
    ],
)
def test_what_others_may_change_is_not_read_before_a_wait_and_set_after_it(body, name):
    code, _, refused = used(body)

    assert code == body
    assert f"`{name}` is read before the wait and set after it" in " ".join(refused)


@pytest.mark.parametrize(
    "body",
    [
        "self.total = slow() + self.total",
        "own = 1\nown += slow()",
        "own = {}\nown[key] += slow()",
        "async with lock:\n    self.total += slow()",
        "self.total = self.total or slow()",
    ],
)
def test_an_update_that_nothing_comes_between_is_moved(body):
    code, _, refused = used(body)

    assert code == body.replace("slow()", "await asyncio.to_thread(slow)")
    assert not refused


@pytest.mark.parametrize(
    ("body", "is_told"),
    [
        ("if self.made is None:\n    self.made = slow()", True),
        ("if key not in self.made:\n    self.made[key] = slow()", True),
        ("if self.made:\n    return self.made\nself.made = slow()", True),
        ("self.made = self.made or slow()", True),
        ("if key:\n    self.made = slow()", False),
        ("made = None\nif made is None:\n    made = slow()", False),
        ("async with lock:\n    if self.made is None:\n        self.made = slow()", False),
    ],
)
def test_who_makes_what_is_missing_is_told_that_two_may_do_so(body, is_told):
    code, notes, _ = used(body)

    assert "await asyncio.to_thread(slow)" in code
    assert ("two tasks that find it missing" in " ".join(notes)) == is_told


READ = "data = json.loads(path.read_text())\n"
WROTE = "path.write_text(json.dumps(data))"


@pytest.mark.parametrize(
    "body",
    [
        f"{READ}data[key] = 1\n{WROTE}",
        f"with open(path) as file:\n    data = json.load(file)\n{WROTE}",
        f"if key:\n    {READ}    data[key] = 1\n    {WROTE}",
        f"if key:\n    {READ}else:\n    data = 1\n{WROTE}",
        f"{READ}with open(path, mode='w') as file:\n    json.dump(data, file)",
    ],
)
def test_nobody_comes_between_reading_a_file_and_writing_it_again(body):
    code, _, refused = used(body)

    assert code == body
    assert "`path` is read and then written again" in " ".join(refused)


@pytest.mark.parametrize(
    "body",
    [
        f"data = key\n{WROTE}\nreturn path.read_text()",
        f"if key:\n    {READ}else:\n    data = other\n    {WROTE}",
        f"if key:\n    return path.read_text()\ndata = other\n{WROTE}",
        f"if key:\n    with open(path) as file:\n        return file.read()\ndata = 1\n{WROTE}",
        f"{READ}{WROTE.replace('path.', 'other.')}",
        f"async with lock:\n    {READ}    {WROTE}",
    ],
)
def test_files_that_are_only_read_or_only_written_are_moved(body):
    code, _, refused = used(body)

    assert "to_thread" in code
    assert "written again" not in " ".join(refused)


TAKEN = """
import threading
from contextlib import contextmanager

from fastapi import APIRouter

from slow import slow

gate = threading.RLock()


def take():
    slow()
    gate.acquire()


def take_and_give():
    gate.acquire()
    slow()
    gate.release()


@contextmanager
def held():
    slow()
    with gate:
        yield


@contextmanager
def timed():
    slow()
    yield


def told(task):
    slow()
    task.add_done_callback(print)


async def main(task):
    BODY
    await other()


async def other(): ...
"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("take()", "`take` takes a lock that stays with its thread"),
        (
            "with held():\n        await other()",
            "it takes a lock, which only the thread that took it can give back",
        ),
        ("told(task)", "`told` calls `add_done_callback`, which needs the running loop"),
    ],
)
def test_what_its_own_thread_must_end_stays(body, reason):
    app = TAKEN.replace("BODY", body)
    done = rewritten({"slow.py": SLOW, "app.py": app}, "offload")

    assert done.files["app.py"] == app
    assert reason in done.refused


@pytest.mark.parametrize("body", ["take_and_give()", "with timed():\n        await other()"])
def test_what_ends_where_it_began_moves(body):
    app = TAKEN.replace("BODY", body)

    assert (
        "in_threadpool(" in rewritten({"slow.py": SLOW, "app.py": app}, "offload").files["app.py"]
    )


SAVED = """
import asyncio
import json
from pathlib import Path

lock = asyncio.Lock()
STORE = Path("store.json")


def load(name="a"):
    return json.loads(STORE.read_text())


def save(record, name="a"):
    STORE.write_text(json.dumps(record))


def shown(record):
    return Path("page").read_text() + str(record)


async def main(name):
    BODY
"""


@pytest.mark.parametrize(
    ("body", "is_left"),
    [
        ("record = load()\n    record['a'] = 1\n    save(record)", True),
        ("record = load(name)\n    record['a'] = 1\n    save(record, name)", True),
        ("record = load('a')\n    save(record, name)", False),
        ("record = load()\n    shown(record)", False),
        ("record = name\n    save(record)\n    record = load()", False),
        (
            "async with lock:\n        record = load()\n        save(record)",
            False,
        ),
    ],
)
def test_nobody_comes_between_loading_a_record_and_saving_it_again(body, is_left):
    app = SAVED.replace("BODY", body)
    done = rewritten({"app.py": app}, "offload")

    assert (done.files["app.py"] == app) == is_left
    assert ("what `load` loads is saved again by `save`" in " ".join(done.refused)) == is_left
    assert done.files["app.py"].count("to_thread") == (0 if is_left else 2)
