"""Files that are opened asynchronously: the same is read and written, or the file stays."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import needs
from rewriting import printed, rewritten

BOTH = ("aiofiles", "anyio")
needs(*BOTH)

HEAD = "import asyncio\nimport json\nimport pickle\n\nimport {library}\n\n\n"
TAIL = "\n\nasyncio.run(main())\n"


def program(body: str, library: str = "aiofiles") -> str:
    rows = "".join(f"    {row}\n" if row else "\n" for row in dedent(body).strip().split("\n"))
    return f"{HEAD.format(library=library)}async def main():\n{rows}{TAIL}"


def opened(body: str, library: str = "aiofiles") -> str:
    """Return the body of a coroutine once its files are opened asynchronously."""
    fixed = rewritten({"app.py": program(body, library)}, "native").files["app.py"]
    return dedent(fixed.partition("async def main():\n")[2].partition("\n\n\n")[0]).strip()


def test_the_block_and_what_the_file_does_are_awaited():
    body = """
        with open("a", encoding="utf-8") as f:  # all
            first = f.readline().strip()
            rest = [row for row in f]
            for row in f:
                print(row)
    """

    assert (
        opened(body)
        == dedent("""
        async with aiofiles.open("a", encoding="utf-8") as f:  # all
            first = (await f.readline()).strip()
            rest = [row async for row in f]
            async for row in f:
                print(row)
    """).strip()
    )
    assert "async with await anyio.open_file(" in opened(body, "anyio")


PROGRAM = """
    with open("a.json", "w") as f:
        json.dump({"ü": [1, 2.5, None]}, f, indent=2)
    with open("a.json") as f:
        print(json.load(f), f.closed if False else "")
    with open("b.txt", "w", newline="") as f:
        print(f.write("one\\r\\ntwo"), f.tell())
        f.writelines(["\\n", "three"])
        f.seek(0)
        f.truncate(3)
    with open("b.txt") as f:
        print([row.strip() for row in f])
    with open("c.bin", "wb") as f:
        pickle.dump({"a": (1, 2)}, f)
    with open("c.bin", "rb") as f:
        print(pickle.load(f))
    with open("c.bin", "ab") as out:
        out.write(b"x" * 3)
        out.flush()
    with open("c.bin", "rb") as f:
        print(len(f.read()), f.read(1))
    try:
        with open("none") as f:
            print(f.read())
    except FileNotFoundError as error:
        print(error.filename)
    try:
        with open("b.txt") as f:
            print(json.load(f))
    except json.JSONDecodeError as error:
        print(error)
"""


@pytest.mark.parametrize("library", ["aiofiles", "anyio"])
def test_both_read_and_write_the_same(tmp_path, library):
    body = PROGRAM.replace(', f.closed if False else ""', "")
    before = {"app.py": program(body, library)}
    fixed = rewritten(before, "native")

    assert not fixed.refused
    assert "    with " not in fixed.files["app.py"].replace("async with ", "")
    one = printed(tmp_path / "one", before, "app.py", imports=BOTH)
    assert one == printed(tmp_path / "two", fixed.files, "app.py", imports=BOTH)
    assert "three" not in one
    for name in ("a.json", "b.txt", "c.bin"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_block_that_awaits_can_still_be_asynchronous():
    body = """
        with open("a", "wb") as f:
            f.write(await other())
    """

    assert "await f.write(await other())" in opened(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("with open('a') as f:\n    other(f)", "passed on to `other`"),
        ("with open('a') as f:\n    return csv.reader(f)", "passed on to `csv.reader`"),
        ("with open('a') as f:\n    print(1, file=f)", "passed on to `print`"),
        ("with open('a') as f:\n    g = f", "the file is passed on"),
        ("with open('a') as f:\n    return f.fileno()", "no awaited form"),
        ("with open('a') as f:\n    return sum(len(r) for r in f)", "would be asynchronous"),
        ("with open('a') as f:\n    read = f.read", "not called at once"),
        ("with open('a') as f:\n    return lambda: f.read()", "a function within"),
        ("with open('a') as f:\n    f.read()\nreturn f.closed", "after it has been closed"),
        ("with open('a') as f, other():\n    f.read()", "more than to open one file"),
    ],
)
def test_a_file_that_goes_elsewhere_stays(body, reason):
    fixed = rewritten({"app.py": "import csv\n" + program(body)}, "native")

    assert "async with" not in fixed.files["app.py"]
    assert reason in " ".join(fixed.refused)


def test_a_thread_comes_first_where_no_library_for_it_is_in_use():
    body = "with open('a') as f:\n    return f.read()"
    code = program(body)

    assert [fix.strategy for fix in rewritten({"app.py": code}).fixes] == ["native"]
    bare = code.replace("import aiofiles\n", "")
    assert [fix.strategy for fix in rewritten({"app.py": bare}).fixes] == ["offload"]
