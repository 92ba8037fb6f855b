"""Imports that fixes add and drop: in isort's order, in the style of the file."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import changed

from asyncfix.findings import Edit, Import, Location
from asyncfix.source import Text
from asyncfix.syntax.imports import edits

TO_THREAD = Import("m.py", "asyncio")
POOL = Import("m.py", "fastapi.concurrency", "run_in_threadpool")


def with_imports(code: str, *adds: Import) -> str:
    text = Text("m.py", dedent(code).lstrip("\n"))
    return changed(text.text, list(edits(text, adds, (), ("app",))))


@pytest.mark.parametrize(
    ("before", "add", "after"),
    [
        ("import os\nimport time\n", TO_THREAD, "import asyncio\nimport os\nimport time\n"),
        ("import os\n\nimport httpx\n", Import("", "re"), "import os\nimport re\n\nimport httpx\n"),
        (
            "from __future__ import annotations\n\nx = 1\n",
            TO_THREAD,
            "from __future__ import annotations\n\nimport asyncio\n\nx = 1\n",
        ),
        ('"""Doc."""\n\nx = 1\n', TO_THREAD, '"""Doc."""\n\nimport asyncio\n\nx = 1\n'),
        ("#!/bin/python\nx = 1\n", TO_THREAD, "#!/bin/python\nimport asyncio\n\n\nx = 1\n"),
        ("import app.a\n", TO_THREAD, "import asyncio\n\nimport app.a\n"),
        ("import app.a\n", Import("", "httpx"), "import httpx\n\nimport app.a\n"),
        (
            "import os\n\nimport app.a\n",
            Import("", "httpx"),
            "import os\n\nimport httpx\n\nimport app.a\n",
        ),
        ("import os\nimport httpx\n", TO_THREAD, "import asyncio\nimport os\nimport httpx\n"),
        (
            "from os import path\nimport time\n",
            TO_THREAD,
            "import asyncio\nfrom os import path\nimport time\n",
        ),
        (
            "import time\nfrom os import path\n",
            Import("", "abc"),
            "import abc\nimport time\nfrom os import path\n",
        ),
        ("import asyncio\n", TO_THREAD, "import asyncio\n"),
        (
            "from fastapi.concurrency import iterate_in_threadpool\n",
            POOL,
            "from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool\n",
        ),
        (
            "from fastapi.concurrency import (\n    a,\n    z,  # z\n)\n",
            POOL,
            "from fastapi.concurrency import (\n    a,\n    run_in_threadpool,\n    z,  # z\n)\n",
        ),
        (
            "from fastapi.concurrency import (\n    a,\n)\n",
            POOL,
            "from fastapi.concurrency import (\n    a,\n    run_in_threadpool,\n)\n",
        ),
        (
            "import os\n\nif os.name:\n    import ssl\n",
            TO_THREAD,
            "import asyncio\nimport os\n\nif os.name:\n    import ssl\n",
        ),
        (
            "import os\nx = 1\nimport zlib\n",
            Import("", "re"),
            "import os\nimport re\nx = 1\nimport zlib\n",
        ),
    ],
)
def test_a_name_is_imported_where_isort_has_it(before, add, after):
    assert with_imports(before, add) == after


POOLED = "from fastapi.concurrency import run_in_threadpool\n"


@pytest.mark.parametrize(
    ("above", "added", "below"),
    [
        ("import os\n\nos.nice(1)\n\nimport httpx\n", POOLED, ""),
        ("import sys\n\nsys.path = []\n\n", f"{POOLED}\n", "import app.b\n"),
        ("", "import asyncio\n", "import sys; import os\n\nsys.path = []\n\nimport app.b\n"),
        ("import os\n", f"\n{POOLED}", "\nx = 1\n\n\ndef f(): ...\n\n\nimport httpx\n"),
        ("import httpx\n\nx = 1\n\nimport app.b\n", "from app.a import x\n", ""),
        ("import app.b\n\nx = 1\n\nimport httpx\n", POOLED, ""),
    ],
)
def test_what_must_run_before_an_import_does_so_for_one_that_is_added(above, added, below):
    adds = {POOLED: POOL, "import asyncio\n": TO_THREAD}
    add = adds.get(added.strip() + "\n", Import("", "app.a", "x"))

    assert with_imports(above + below, add) == above + added + below


def test_rows_end_as_in_the_file():
    text = Text("m.py", "import os\r\n\r\nx = os\r\n", "utf-8", "\r\n")

    assert changed(text.text, list(edits(text, [TO_THREAD]))).startswith(
        "import asyncio\r\nimport os\r\n"
    )


def without(code: str, gone: str, instead: str = "pass", path: str = "m.py") -> str:
    """Return a module with one stretch of code replaced, and the imports that this leaves."""
    text = Text(path, dedent(code).lstrip("\n"))
    start = text.data.index(gone.encode())
    change = Edit(Location(path, start, start + len(gone.encode())), instead)
    return changed(text.text, [change, *edits(text, (), [change])])


def test_an_import_goes_with_its_last_use():
    assert without("import time\n\nimport os\n\ntime.sleep(os)\n", "time.sleep") == (
        "import os\n\npass(os)\n"
    )


def test_one_name_of_several_goes_with_its_comma():
    code = "from time import (\n    monotonic,\n    sleep,\n)\n\nprint(monotonic, sleep)\n"

    assert without(code, "monotonic, sleep)", "sleep)").startswith(
        "from time import (\n    sleep,\n)"
    )
    assert without(code, "monotonic, sleep)", "monotonic)").startswith(
        "from time import (\n    monotonic,\n)"
    )


def test_a_name_takes_the_place_of_another_from_the_same_module():
    code = "from acme import (\n    A,\n    C,\n    D,\n)\n\nprint(A, C, D)\n"
    for gone, instead, kept in (
        ("A, C, D", "B", "    B,\n"),
        ("A, C, D", "C, B", "    B,\n    C,\n"),
        ("C, D", "B", "    A,\n    B,\n"),
        ("A, C", "E, F", "    D,\n    E,\n    F,\n"),
    ):
        text = Text("m.py", code)
        start = text.data.rindex(gone.encode())
        change = Edit(Location("m.py", start, start + len(gone)), instead)
        adds = [Import("m.py", "acme", name) for name in instead.split(", ")]
        fixed = changed(code, [change, *edits(text, adds, [change])])

        assert fixed.startswith(f"from acme import (\n{kept})\n"), fixed


@pytest.mark.parametrize(
    "code",
    [
        "import time\n\n__all__ = ['time']\ntime.sleep(1)\n",
        "import time\n\ntime.sleep(1)\ntime.time()\n",
        "import time\n\ndef f(x: 'time.struct_time'):\n    time.sleep(1)\n",
        "try:\n    import time\nexcept ImportError:\n    HAS_TIME = False\n\ntime.sleep(1)\n",
    ],
)
def test_an_import_stays_while_something_may_need_it(code):
    assert without(code, "time.sleep(1)") == code.replace("time.sleep(1)", "pass")


def test_what_a_package_exports_stays():
    code = "import time\n\ntime.sleep(1)\n"

    assert "import time" in without(code, "time.sleep(1)", path="p/__init__.py")


def test_an_import_that_was_unused_before_is_not_touched():
    code = "import os\nimport time\n\ntime.sleep(1)\n"

    assert without(code, "time.sleep(1)") == "import os\n\npass\n"
