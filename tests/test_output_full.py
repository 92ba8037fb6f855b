"""The default output: whole pages, at two widths, plain and in colour."""

# ruff: noqa: E501 - what is printed is as wide as it is
import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from sample_report import DIRECT, EMPTY, PACKS, REPORT, SHARED, text

from asyncfix.findings import Location, Report, Sink
from asyncfix.output import render
from asyncfix.output.places import cells
from asyncfix.source import Text


def page(report, width=80, **options):
    return render("full", report, text, PACKS, width=width, **options)


def test_groups_by_sink_and_tells_a_shared_chain_once():
    assert page(REPORT) == snapshot("""\
`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead: 2
  places
  = called here   app/services.py:2:12  return fetch(f"https://example.org/user…
  = blocks here   app/services.py:6:12  return requests.get(url, timeout=5)
  = help: move the whole call to a thread: `await run_in_threadpool(load, id)`,
      or make `load` a coroutine and await it here

error[blocking-http]: in `get_user`
 --> app/users.py:6:9
  |
4 | @router.get("/users/{id}")
5 | async def get_user(id: int):
6 |     user = load(id)
  |            ^^^^^^^^
7 |     return user
  |
  = reached from  GET /users/{id} (app/users.py:5)
  = then as above, from app/services.py:2

error[blocking-http]: in `nightly` (medium confidence)
  --> app/users.py:11:32
   |
10 | async def nightly():
11 |     names = ["漢字漢字漢字漢字漢字漢字漢字", load(2), "␛[31mred", "漢字漢…
   |                                              ^^^^^^^
12 |     return names
   |
   = then as above, from app/services.py:2

warning[blocking-sleep]: `time.sleep` blocks the event loop
  --> app/users.py:16:5
   |
15 | async def tick():
16 |     time.sleep(1)
   |     ^^^^^^^^^^^^^
   |

""")


def test_wide_terminals_get_longer_lines():
    assert page(REPORT, width=140) == snapshot("""\
`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead: 2 places
  = called here   app/services.py:2:12  return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})
  = blocks here   app/services.py:6:12  return requests.get(url, timeout=5)
  = help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here

error[blocking-http]: in `get_user`
 --> app/users.py:6:9
  |
4 | @router.get("/users/{id}")
5 | async def get_user(id: int):
6 |     user = load(id)
  |            ^^^^^^^^
7 |     return user
  |
  = reached from  GET /users/{id} (app/users.py:5)
  = then as above, from app/services.py:2

error[blocking-http]: in `nightly` (medium confidence)
  --> app/users.py:11:32
   |
10 | async def nightly():
11 |     names = ["漢字漢字漢字漢字漢字漢字漢字", load(2), "␛[31mred", "漢字漢字漢字漢字漢字漢字漢字漢字漢字", "🎉"]
   |                                              ^^^^^^^
12 |     return names
   |
   = then as above, from app/services.py:2

warning[blocking-sleep]: `time.sleep` blocks the event loop
  --> app/users.py:16:5
   |
15 | async def tick():
16 |     time.sleep(1)
   |     ^^^^^^^^^^^^^
   |

""")


def test_a_finding_alone_tells_its_whole_chain():
    assert page(Report(SHARED[:1])) == snapshot("""\
error[blocking-http]: `requests.get` blocks the event loop; await
    `httpx.AsyncClient.get` instead
 --> app/users.py:6:9
  |
4 | @router.get("/users/{id}")
5 | async def get_user(id: int):
6 |     user = load(id)
  |            ^^^^^^^^
7 |     return user
  |
  = reached from  GET /users/{id} (app/users.py:5)
  = called here   app/services.py:2:12  return fetch(f"https://example.org/user…
  = blocks here   app/services.py:6:12  return requests.get(url, timeout=5)
  = help: move the whole call to a thread: `await run_in_threadpool(load, id)`,
      or make `load` a coroutine and await it here

""")


def test_colour_adds_nothing_but_escapes():
    painted = page(REPORT, color=True)

    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == page(REPORT)
    assert page(Report((DIRECT,)), color=True) == snapshot("""\
\x1b[1;33mwarning[blocking-sleep]\x1b[0m: `time.sleep` blocks the event loop
  \x1b[34m-->\x1b[0m app/users.py:16:5
\x1b[34m   |\x1b[0m
\x1b[34m15 |\x1b[0m async def tick():
\x1b[34m16 |\x1b[0m     time.sleep(1)
\x1b[34m   |\x1b[0m     \x1b[1;31m^^^^^^^^^^^^^\x1b[0m
\x1b[34m   |\x1b[0m

""")


def test_an_empty_report_has_no_text():
    assert not page(EMPTY)


def test_no_line_of_source_is_wider_than_the_terminal():
    assert max(cells(line) for line in page(REPORT).splitlines()) <= 80


def test_escapes_in_source_and_messages_never_reach_the_terminal():
    hostile = replace(DIRECT, message="\x1b[2J\u202eevil\u2028", help="\x07\nsecond")

    assert "\x1b" not in page(Report((hostile, *SHARED)))
    assert "\u202e" not in page(Report((hostile,)))
    assert "␛[2J" in page(Report((hostile,)))
    assert "␇\n       second" in page(Report((hostile,)))


@pytest.mark.parametrize("failure", [FileNotFoundError, SyntaxError])
def test_a_file_that_is_gone_is_named_without_source(failure):
    def gone(path):
        raise failure(path)

    told = render("full", Report((DIRECT,)), gone, PACKS, width=80)

    assert told == snapshot("""\
warning[blocking-sleep]: `time.sleep` blocks the event loop
 --> app/users.py:1:1

""")


def test_a_place_over_several_rows_is_underlined_on_its_first():
    code = "async def f():\n    call(\n        1,\n    )\n"
    start = code.index("call")
    place = replace(DIRECT, location=Location("a.py", start, len(code) - 1))

    told = render("full", Report((place,)), lambda path: Text(path, code), PACKS, width=80)

    assert "  |     ^^^^^\n" in told


def test_a_place_far_to_the_right_stays_in_sight():
    code = f"x = [{'1, ' * 200}call(2), {'3, ' * 200}]\n"
    start = code.index("call")
    place = replace(DIRECT, location=Location("a.py", start, start + 7))

    rows = render("full", Report((place,)), lambda path: Text(path, code), PACKS, width=80)
    source, marks = rows.splitlines()[3:5]

    assert cells(source) <= 80
    assert source[marks.index("^") : marks.index("^") + marks.count("^")] == "call(2)"
    assert source.startswith("1 | …")
    assert source.endswith("…")


def test_paths_are_shown_from_the_working_directory():
    assert "--> ../app/users.py:16:5" in page(Report((DIRECT,)), prefix="../")


def test_plain_text_of_plain_source_imports_no_rich():
    program = (
        "import sys; from sample_report import *; from asyncfix.output import render;"
        "render('full', Report((DIRECT,)), lambda p: TEXTS['app/services.py'], PACKS);"
        "sys.exit('rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd="tests")


def test_thousands_of_findings_are_printed_in_seconds():
    many = Report(tuple(replace(SHARED[0], sink=Sink(f"m{i}.f", "file")) for i in range(5000)))
    begun = time.process_time()

    page(many)

    assert time.process_time() - begun < 3  # 0.5 s where nothing else runs
