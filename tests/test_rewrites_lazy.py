"""What blocks while it is iterated, what asks for an exception: it moves in whole, or stays."""

from __future__ import annotations

import pytest
from rewriting import printed, rewritten

WALK = """
import asyncio
import glob
import os
from pathlib import Path


async def main(top: Path):
    BODY


async def both():
    await asyncio.gather(main(Path()), main(Path()))


asyncio.run(both())
"""


def walked(body: str) -> tuple[str, tuple[str, ...]]:
    done = rewritten({"main.py": WALK.replace("BODY", body)}, "offload")
    code = done.files["main.py"].partition("async def main(top: Path):\n    ")[2]
    return code.partition("\n\n\n")[0], done.refused


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "for _ in os.walk(top):\n        print(_)",
            "for _ in await asyncio.to_thread(lambda: list(os.walk(top))):\n        print(_)",
        ),
        (
            'print(sorted(top.rglob("*.py")))',
            'print(await asyncio.to_thread(lambda: sorted(top.rglob("*.py"))))',
        ),
        (
            'print([each for each in glob.iglob("*")])',
            'print([each for each in await asyncio.to_thread(lambda: list(glob.iglob("*")))])',
        ),
    ],
)
def test_all_that_is_iterated_over_is_read_in_the_thread(before, after, tmp_path):
    assert walked(before)[0] == after
    fixed = WALK.replace("BODY", after)
    plain = printed(tmp_path, {"main.py": WALK.replace("BODY", before)})
    assert printed(tmp_path, {"main.py": fixed}) == plain


@pytest.mark.parametrize("change", ["dirs[:] = []", "dirs.clear()", "del dirs[:]"])
def test_a_loop_that_prunes_what_it_walks_over_moves_as_a_whole(change):
    code, _ = walked(
        f"print(top)\n    for _, dirs, files in os.walk(top):\n        {change}; print(files)"
    )

    assert "    def visit_files():\n        for _, dirs, files in os.walk(top):\n" in code
    assert code.endswith("await asyncio.to_thread(visit_files)")


@pytest.mark.parametrize("body", ['later = top.rglob("*")', 'print(next(top.rglob("*"), None))'])
def test_what_is_iterated_elsewhere_stays(body):
    code, refused = walked(body)

    assert code == body
    assert "it blocks while it is iterated, and where that is done is not known" in refused


HANDLED = """
import asyncio
import sys
import time
import traceback


def note(text):
    time.sleep(0.01)
    sys.stdout.write(f"{text} {traceback.format_exc().splitlines()[-1]}\\n")


def note_own(text):
    try:
        time.sleep(0.01)
        raise KeyError(text)
    except KeyError:
        note(text)


async def main():
    try:
        raise ValueError("mine")
    except ValueError:
        BODY
    note_own("outside")


async def both():
    await asyncio.gather(main(), main())


asyncio.run(both())
"""


@pytest.mark.parametrize(("body", "moves"), [('note("there")', False), ('note_own("there")', True)])
def test_what_asks_for_the_exception_stays_where_it_is_handled(body, moves, tmp_path):
    code = HANDLED.replace("BODY", body)
    called, _, given = body.rstrip(")").partition("(")

    done = rewritten({"main.py": code}, "offload")

    assert (
        f"        await asyncio.to_thread({called}, {given})\n" in done.files["main.py"]
    ) is moves
    assert 'await asyncio.to_thread(note_own, "outside")' in done.files["main.py"]
    told = "`note` asks for the exception that is handled here: in a thread there is none"
    assert moves or told in done.refused
    plain = printed(tmp_path, {"main.py": code})
    assert sorted(printed(tmp_path, done.files).splitlines()) == sorted(plain.splitlines())


def test_a_block_that_asks_for_the_exception_stays_too():
    body = 'with open("log", "a") as log:\n            log.write(traceback.format_exc())'

    done = rewritten({"main.py": HANDLED.replace("BODY", body)}, "offload")

    assert f"        {body}\n" in done.files["main.py"]


HANDLER = """
import time
import traceback

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.exception_handler(ValueError)
async def handler(request: Request, error: ValueError):
    time.sleep(0.01)
    return PlainTextResponse(TEXT)
"""


@pytest.mark.parametrize(
    ("text", "moves"), [("str(error)", True), ("traceback.format_exc()", False)]
)
def test_a_handler_that_asks_for_its_exception_stays_on_the_loop(text, moves):
    done = rewritten({"main.py": HANDLER.replace("TEXT", text)}, "sync")

    assert ("\ndef handler" in done.files["main.py"]) is moves
