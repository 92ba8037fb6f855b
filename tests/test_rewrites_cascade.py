"""Cascades: what blocks becomes asynchronous where it is, and every caller awaits it."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rewriting import printed, rewritten

DISK = """
import time


def wait(seconds):
    time.sleep(seconds)
    return seconds


class Disk:
    def read(self, name):
        return wait(0.01) + len(name)
"""
MAIN = """
import asyncio

from disk import Disk, wait


def both(disk):
    first = disk.read("a")
    return first + wait(0.01)


async def main():
    print(both(Disk()))


asyncio.run(main())
"""


def cascaded(**code: str):
    files = {f"{name}.py": dedent(text) for name, text in code.items()}
    return rewritten(files, "cascade")


def test_every_function_up_to_the_coroutine_is_awaited(tmp_path):
    fixed = cascaded(disk=DISK, main=MAIN)

    assert (
        fixed.files["disk.py"]
        == """
import asyncio


async def wait(seconds):
    await asyncio.sleep(seconds)
    return seconds


class Disk:
    async def read(self, name):
        return await wait(0.01) + len(name)
"""
    )
    assert fixed.files["main.py"] == (
        MAIN.replace("def both", "async def both")
        .replace("disk.read(", "await disk.read(")
        .replace("+ wait(", "+ await wait(")
        .replace("print(both", "print(await both")
    )
    assert printed(tmp_path, fixed.files) == "1.02\n"


def test_the_size_is_told_first():
    [fix] = cascaded(disk=DISK, main=MAIN).fixes

    assert fix.strategy == "cascade"
    assert fix.applicability == "unsafe"
    assert fix.title == "Make `wait` and 2 that lead to it asynchronous, and await every call"
    assert fix.notes[0] == "3 functions become asynchronous, 4 calls are awaited, 2 files change"


def test_it_is_the_last_choice():
    fixed = rewritten({"disk.py": DISK, "main.py": MAIN})

    assert {fix.strategy for fix in fixed.fixes} == {"offload"}


def refusal(code: str, **more: str) -> str:
    fixed = cascaded(main=code, **more)
    assert not fixed.fixes
    return fixed.refused[-1]


SLOW = """
import asyncio
import time
from functools import partial

FIRST
def slow(x=1):
    time.sleep(x)
    return x

SECOND
async def main():
    return slow()
"""


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("", "def other(thing):\n    return thing.slow()", "is not known (main.py:"),
        ("", "ready = slow()", "main.py calls it while it is imported"),
        ("", "again = [slow]", "`slow` is used as a value (main.py:"),
        ("", "def other(x):\n    return sorted(x, key=slow)", "`slow` is used as a value"),
        ("", "def other():\n    return partial(slow, 1)", "`slow` is used as a value"),
        ("", "other = lambda: slow()", "a lambda calls it, and cannot await"),
        (
            "",
            "class A:\n    def __init__(self):\n        self.a = slow()",
            "Python calls `A.__init__`",
        ),
        (
            "",
            "class A:\n    @property\n    def a(self):\n        return slow()",
            "decorator `property`",
        ),
        ("", "def other():\n    yield slow()", "`other` is a generator"),
        (
            "",
            "def other():\n    return any(slow(x) for x in [1])\nasync def b():\n    other()",
            "generator",
        ),
        (
            "",
            "def other():\n    return asyncio.run(main()) + slow()",
            "`other` runs a loop of its own",
        ),
        ("", "def other():\n    return slow()", "nothing calls `other`"),
        (
            "",
            "def other(x):\n    return globals()[x]()",
            "`slow` may be looked up by a computed name",
        ),
        ("", "import main\nother = getattr(main, 'slow')", "`slow` is named in a text"),
        ("def keep(f):\n    return f\n\n\n@keep", "", "`slow` has the decorator `keep`"),
        (
            "",
            "def other(lock):\n    with lock:\n        slow()\nasync def b(x):\n    other(x)",
            "holds a lock",
        ),
        ("", "@slow\ndef other(): ...", "`slow` is used as a decorator"),
        ("", "if __name__ == '__main__':\n    slow()", "main.py"),
    ],
)
def test_it_is_refused(first, second, reason):
    code = SLOW.replace("FIRST\n", f"{first}\n" if first else "").replace("SECOND", second)

    assert reason in refusal(code)


def test_another_name_for_it_is_a_reason_to_refuse():
    other = "from main import slow as quick\n\n\ndef other():\n    return quick()\n"

    reason = refusal(SLOW.replace("FIRST\n", "").replace("SECOND", ""), other=other)

    assert "other" in reason


def test_a_name_that_means_something_else_is_no_caller():
    other = """
import main


class Other:
    def slow(self):
        return 1


def nothing(slow):
    slow(2)
    return Other().slow()
"""

    fixed = cascaded(main=SLOW.replace("FIRST\n", "").replace("SECOND", ""), other=other)

    assert fixed.files["other.py"] == other
    assert "return await slow()" in fixed.files["main.py"]


FAMILY = """
import time


class Base:
    def load(self):
        return 1


class Slow(Base):
    def load(self):
        time.sleep(0.01)
        return super().load() + 1


class Quick(Base):
    def load(self):
        return 3


def total(items: list[Base]):
    return sum([each.load() for each in items])


async def main():
    return Slow().load() + total([Slow(), Quick()])
"""


def test_methods_turn_with_those_that_they_override():
    fixed = cascaded(main=FAMILY).files["main.py"]

    assert fixed.count("async def load(self)") == 3
    assert "return await super().load() + 1" in fixed
    assert "[await each.load() for each in items]" in fixed
    assert "return await Slow().load() + await total(" in fixed


def test_a_plain_endpoint_and_a_dependency_turn_too():
    code = """
import time

from fastapi import Depends, FastAPI

app = FastAPI()


def current():
    time.sleep(1)
    return 1


@app.get("/plain")
def plain(value=Depends(current)):
    return value


@app.get("/")
async def index():
    return current()
"""

    fixed = cascaded(main=code).files["main.py"]

    assert "async def current():\n    await asyncio.sleep(1)" in fixed
    assert "return await current()" in fixed
    assert "\ndef plain(" in fixed


TESTED = SLOW.replace("FIRST\n", "").replace("SECOND", "")
A_TEST = """
import pytest

from main import main, slow


@pytest.mark.asyncio
async def test_main():
    assert await main() == 1


def test_slow():
    assert slow() == 1
"""


def test_tests_await_as_the_others_do():
    fixed = rewritten({"main.py": TESTED, "tests/test_main.py": A_TEST}, "cascade")

    expected = A_TEST.replace(
        "def test_slow():\n    assert slow()",
        "@pytest.mark.asyncio\nasync def test_slow():\n    assert await slow()",
    )
    assert fixed.files["tests/test_main.py"] == expected


def test_a_test_that_nothing_would_await_is_a_reason_to_refuse():
    test = "from main import slow\n\n\ndef test_slow():\n    assert slow() == 1\n"

    assert "no test here awaits" in refusal(TESTED, **{"tests/test_main": test})


@pytest.mark.parametrize(
    ("mock", "fine"),
    [
        ('patch("main.slow", return_value=3)', True),
        ('patch("main.slow")', True),
        ('patch("main.slow", lambda x: 3)', False),
        ('patch("main.slow", new=fake)', False),
    ],
)
def test_a_mock_that_is_made_by_patch_turns_by_itself(mock, fine):
    test = f"""
import pytest
from unittest.mock import patch

from main import main


@pytest.mark.asyncio
async def test_main():
    with {mock}:
        await main()
"""
    fixed = rewritten({"main.py": TESTED, "tests/test_main.py": test}, "cascade")

    assert bool(fixed.fixes) is fine
    assert fine or "`slow` is named in a text" in fixed.refused[-1]
    assert fixed.files["tests/test_main.py"] == test


@st.composite
def call_graphs(draw):
    """Draw functions that call some of the earlier ones; the first of them sleeps."""
    count = draw(st.integers(2, 7))
    below = [sorted(draw(st.sets(st.integers(0, at - 1)))) for at in range(1, count)]
    forms = st.sampled_from(["value += {}", "value += sum([{}, 0])", "if {}:\n        value += 1"])
    return [[]] + [[(callee, draw(forms)) for callee in each] for each in below]


@given(call_graphs())
@settings(max_examples=40, deadline=None)
def test_a_cascade_awaits_every_call_of_what_turned_and_no_other(graph):
    code = "import time\n\n\ndef f0():\n    time.sleep(1)\n    return 1\n"
    slow = {0}
    for at, calls in enumerate(graph[1:], 1):
        rows = "".join(f"    {form.format(f'f{callee}()')}\n" for callee, form in calls)
        code += f"\n\ndef f{at}():\n    value = 0\n{rows}    return value\n"
        if any(callee in slow for callee, _ in calls):
            slow.add(at)
    code += "\n\nasync def main():\n"
    code += f"    return {' + '.join(f'f{at}()' for at in range(len(graph)))}\n"

    fixed = rewritten({"main.py": code}, "cascade").files["main.py"]

    expected = re.sub(
        r"(def )?\bf(\d)\(",
        lambda match: (
            match[0]
            if int(match[2]) not in slow
            else f"async {match[0]}"
            if match[1]
            else f"await {match[0]}"
        ),
        code,
    )
    expected = expected.replace("import time", "import asyncio", 1)
    assert fixed == expected.replace("time.sleep(1)", "await asyncio.sleep(1)")


KEEPER = """
import asyncio
import pathlib

READERS = []


def read(name):
    return pathlib.Path(name).read_text()


READERS.append(read)


class Keeper:
    def __init__(self):
        self.kept = {}

    def _key(self):
        return id(asyncio.get_running_loop())

    def get(self, name):
        # one for each loop
        key = self._key()
        if key not in self.kept:
            self.kept[key] = read(name)
        return self.kept[key]


async def main():
    keeper = Keeper()
    return keeper.get(__file__) == keeper.get(__file__)


async def both():
    print(await asyncio.gather(main(), main()))


if __name__ == "__main__":
    asyncio.run(both())
"""


def test_who_asks_for_the_loop_turns_and_moves_what_blocks_to_a_thread(tmp_path):
    fixed = rewritten({"main.py": KEEPER})

    assert {fix.strategy for fix in fixed.fixes} == {"cascade"}
    assert fixed.files["main.py"] == (
        KEEPER.replace("def get(", "async def get(")
        .replace("= read(name)", "= await asyncio.to_thread(read, name)")
        .replace("keeper.get(", "await keeper.get(")
    )
    assert printed(tmp_path, fixed.files) == "[True, True]\n"


def test_a_class_that_a_test_replaces_keeps_its_methods():
    test = """
import pytest
from unittest.mock import patch


@pytest.mark.asyncio
async def test_main():
    with patch("disk.Disk", return_value=object()):
        pass
"""
    files = {"disk.py": DISK, "main.py": MAIN, "tests/test_main.py": test}

    done = rewritten(files, "cascade")

    assert done.files["disk.py"] == DISK
    assert [fix.title for fix in done.fixes] == ["Make `both` asynchronous, and await every call"]
