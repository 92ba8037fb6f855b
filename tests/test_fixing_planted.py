"""Generated modules with planted calls: what is not a planted call stays as it is, to the byte."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncfix.changes.choice import Wishes
from asyncfix.config import Config
from asyncfix.findings import Severity
from asyncfix.fixing import fixed, opened

HEADS = st.sampled_from(
    [
        "import time\n",
        '"""Docs."""\n\nimport os  # ä\nimport time\n',
        "#!/usr/bin/env python\n# a licence\nfrom __future__ import annotations\n\nimport time\n",
        "import asyncio\nimport time\n",
        "import sys; import time\n",
    ]
)
CALLS = st.sampled_from(
    [
        ("{0}(1)", "await asyncio.sleep(1)"),
        ("{0}( 2.5 )  # half", "await asyncio.sleep( 2.5 )  # half"),
        ("{0}(\n{1}    1,  # one\n{1})", "await asyncio.sleep(\n{1}    1,  # one\n{1})"),
        ("{0}(n) if n else None", "await asyncio.sleep(n) if n else None"),
        ("x = [{0}(n)]", "x = [await asyncio.sleep(n)]"),
        ("print('é → 😀', {0}(n))", "print('é → 😀', await asyncio.sleep(n))"),
    ]
)
OTHERS = st.sampled_from(
    [
        "# time.sleep(1)\n",
        "s = 'time.sleep(1)'\t \n",
        "x = { 'a':1,\n        'b' : 2 }\n",
        "if n: n = n+1 ; x=2\n",
        '"""\ntime.sleep(3)\n    """\n',
        "\n\n\n",
    ]
)
INDENTS = st.sampled_from(["    ", "\t", " "])


@st.composite
def functions(draw):
    """Return a function before and after; what is not `async` stays as it is."""
    is_async, indent = draw(st.booleans()), draw(INDENTS)
    name = f"f{draw(st.integers(0, 10**9))}"
    before = after = f"{'async ' if is_async else ''}def {name}(n = 1) :   # {name}\n"
    for call in draw(st.lists(st.one_of(CALLS, OTHERS), min_size=1, max_size=4)):
        if isinstance(call, str):
            old = new = call
        else:
            old, new = (f"{each.format('time.sleep', indent)}\n" for each in call)
        before += indent + old
        after += indent + (new if is_async else old)
    return f"\n\n{before}{indent}pass\n", f"\n\n{after}{indent}pass\n"


def rows(text):
    """Return the rows of a text without blank ones, and without the imports that a fix moves."""
    kept = (re.sub("; (import time|pass)", "", row) for row in text.splitlines(keepends=True))
    return [row for row in kept if row.strip() and row.strip() not in MOVED]


MOVED = ("import asyncio", "import time")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HEADS, st.lists(functions(), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_only_planted_calls_change_and_a_second_run_changes_nothing(head, bodies, newline):
    before = (head + "".join(old for old, _ in bodies)).replace("\n", newline)
    expected = (head + "".join(new for _, new in bodies)).replace("\n", newline)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.py"
        path.write_bytes(before.encode())

        start = opened([Path(folder)], Config(project=folder, min_severity=Severity.INFO))
        changes = fixed(start, Wishes(unsafe=True)).changes
        after = changes.files[0].after.text if changes.files else before

        assert rows(after) == rows(expected)
        assert after.count(newline) == after.count("\n")
        compile(after, "app.py", "exec")
        path.write_bytes(after.encode())
        again = opened([Path(folder)], Config(project=folder, min_severity=Severity.INFO))
        assert not fixed(again, Wishes(unsafe=True)).changes.files
