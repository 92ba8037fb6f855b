"""Loops within loops: what they were started for is awaited, or started in a thread."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import printed, rewritten

WORK = """
import asyncio


async def work(value=1):
    await asyncio.sleep(0)
    return [value]


async def main():
    BODY


async def both():
    await asyncio.gather(main(), work())


if __name__ == "__main__":
    asyncio.run(both())
"""


def fixed(body: str) -> tuple[str, tuple[str, ...]]:
    done = rewritten({"main.py": WORK.replace("BODY", body)})
    code = done.files["main.py"].partition("async def main():\n    ")[2]
    return code.partition("\n\n\n")[0], done.refused


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("print(asyncio.run(work()))", "print(await work())"),
        ("print(asyncio.run(work(2))[0])", "print((await work(2))[0])"),
        ("asyncio.run(\n        work()\n    )", "await work()"),
        ("later = work()\n    print(asyncio.run(later))", "later = work()\n    print(await later)"),
    ],
)
def test_what_a_loop_was_started_for_is_awaited(before, after, tmp_path):
    code, refused = fixed(before)

    assert code == after
    assert not refused
    printed(tmp_path, {"main.py": WORK.replace("BODY", code)})


def test_a_coroutine_that_was_made_synchronous_is_awaited():
    code = WORK.replace("BODY", "print(async_to_sync(work)(value=3))")
    code = code.replace(
        "import asyncio\n", "import asyncio\n\nfrom asgiref.sync import async_to_sync\n"
    )

    assert "    print(await work(value=3))\n" in rewritten({"main.py": code}).files["main.py"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("asyncio.run(work(), debug=True)", "`asyncio.run` is told more than what to run"),
        ("asyncio.run(*[work()])", "`asyncio.run` is told more than what to run"),
        ("asyncio.run(work() if 1 else work())", "what would be awaited is no plain call"),
        ("asyncio.run(  # why\n        work()\n    )", "a comment stands where the call is"),
        ("asyncio.new_event_loop().run_until_complete(work())", "is not known"),
    ],
)
def test_what_cannot_be_taken_apart_stays(body, reason):
    code, refused = fixed(body)

    assert code == body
    assert any(reason in each for each in refused)


REPORTS = """
import asyncio


async def rows():
    await asyncio.sleep(0)
    return [1, 2]


def build():
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(rows())
    finally:
        loop.close()
"""


def test_a_function_that_runs_a_loop_does_so_in_a_thread(tmp_path):
    main = """
    import asyncio

    from reports import build


    async def main():
        print(build())


    asyncio.run(main())
    """

    done = rewritten({"reports.py": REPORTS, "main.py": dedent(main)})

    [fix] = done.fixes
    assert fix.strategy == "offload"
    assert any("a loop of its own" in note for note in fix.notes)
    assert "print(await asyncio.to_thread(build))" in done.files["main.py"]
    assert done.files["reports.py"] == REPORTS
    assert printed(tmp_path, done.files) == "[1, 2]\n"


FALLBACK = """
import asyncio
import time


async def note(what):
    await asyncio.sleep(0)
    print("noted", what)


def running_loop():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def tell(what):
    loop = running_loop()
    if loop is None:
        asyncio.run(note(what))
    else:
        loop.create_task(note(what))


def load():
    time.sleep(0.01)
    tell("load")
    return 3


async def main():
    print(load())
    await asyncio.sleep(0.01)


asyncio.run(main())
"""


def test_who_asks_for_a_loop_and_starts_one_where_there_is_none_may_move_to_a_thread(tmp_path):
    done = rewritten({"main.py": FALLBACK})

    assert "print(await asyncio.to_thread(load))" in done.files["main.py"]
    assert printed(tmp_path, done.files) == "noted load\n3\n"


def test_who_merely_asks_for_a_loop_may_not():
    code = FALLBACK.replace("asyncio.run(note(what))", "return")

    done = rewritten({"main.py": code}, "offload")

    assert not done.fixes
    assert "`tell` calls `create_task`, which needs the running loop" in done.refused
