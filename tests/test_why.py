"""`asyncfix why`: what is told of places and functions, and of names that mean nothing."""

# ruff: noqa: E501 - what is printed is as wide as it is
from __future__ import annotations

from pathlib import Path

import pytest
from conftest import write
from inline_snapshot import snapshot

from asyncfix import cli, engine
from asyncfix.config import Config
from asyncfix.findings import AsyncfixError

APP = {
    "app/repositories.py": """
import requests


class UserRepository:
    def __init__(self):
        self.session = requests.Session()

    def find(self, id):
        return self.session.get(f"https://example.org/{id}").json()
""",
    "app/services.py": """
import time

from app.repositories import UserRepository


class UserService:
    def __init__(self):
        self.repo = UserRepository()

    def load(self, id, wait=False):
        if wait:
            time.sleep(1)
        return self.repo.find(id)


def report():
    return UserService().load(1)
""",
    "app/main.py": """
import asyncio

import httpx
import psutil
from fastapi import FastAPI

from app.services import UserService, report

app = FastAPI()
service = UserService()


@app.get("/users/{id}")
async def get_user(id: int, unknown, wait: bool):
    unknown.send(id)
    psutil.cpu_percent()
    await httpx.AsyncClient().get("https://example.org")
    service.load(id)
    service.load(id, wait=wait)
    await asyncio.to_thread(report)
    await later(id)


async def later(id):
    return service.load(id, True)


@app.get("/plain")
def plain():
    return report()
""",
}


@pytest.fixture
def why(tmp_path, monkeypatch):
    """Return a function that explains a target in a project of files."""
    monkeypatch.chdir(tmp_path)

    def run(target, files=APP):
        write(tmp_path, files)
        lines = engine.why([tmp_path], Config(project=str(tmp_path)), target).lines
        return "\n".join(lines) + "\n"

    return run


def row(code, path="app/main.py"):
    """Return the place of some code as a user writes it."""
    lines = APP[path].splitlines()
    return f"{path}:{next(n for n, line in enumerate(lines, start=1) if code in line)}"


def test_a_place_tells_each_receiver_and_every_chain(why):
    assert why(row("service.load(id, wait=wait)")) == snapshot("""\
app/main.py:20  in coroutine `get_user`, on the loop; reached from GET /users/{id} (app/main.py:15)

  20:5  service.load(id, wait=wait)
    `service` is `UserService`, set in app/main.py:11
    `load` is `UserService.load`, defined in app/services.py:11
    blocks the event loop, by 2 chains:
    1. time.sleep (sleep, error), only if `wait` is true
         app/main.py:20:5  calls `UserService.load`
         app/services.py:13:13  calls `time.sleep`
    2. requests.Session.get (network, error)
         app/main.py:20:5  calls `UserService.load`
         app/services.py:14:16  calls `UserRepository.find`
           `self.repo` is `UserRepository`, set in app/services.py:9
         app/repositories.py:10:16  calls `requests.Session.get`
           `self.session` is `requests.Session`, set in app/repositories.py:7
""")


def test_a_chain_that_the_arguments_rule_out_is_left_out(why):
    assert why(row("service.load(id)")) == snapshot("""\
app/main.py:19  in coroutine `get_user`, on the loop; reached from GET /users/{id} (app/main.py:15)

  19:5  service.load(id)
    `service` is `UserService`, set in app/main.py:11
    `load` is `UserService.load`, defined in app/services.py:11
    blocks the event loop, by 1 chain:
    1. requests.Session.get (network, error)
         app/main.py:19:5  calls `UserService.load`
         app/services.py:14:16  calls `UserRepository.find`
           `self.repo` is `UserRepository`, set in app/services.py:9
         app/repositories.py:10:16  calls `requests.Session.get`
           `self.session` is `requests.Session`, set in app/repositories.py:7
""")


def test_a_place_in_a_thread_says_who_hands_it_there(why):
    assert why(row("return UserService", "app/services.py")) == snapshot("""\
app/services.py:18  in plain function `report`, not on the loop
  runs in a thread: handed to `asyncio.to_thread` at app/main.py:21
  is called at app/main.py:31 by `plain`, which runs in a thread: endpoint GET /plain (app/main.py:30)

  18:12  UserService().load(1)
    `UserService()` is `UserService`, made in app/services.py:18
    `load` is `UserService.load`, defined in app/services.py:11
    silent: not on the loop; there it would block, by 1 chain:
    1. requests.Session.get (network, error)
         app/services.py:18:12  calls `UserService.load`
         app/services.py:14:16  calls `UserRepository.find`
           `self.repo` is `UserRepository`, set in app/services.py:9
         app/repositories.py:10:16  calls `requests.Session.get`
           `self.session` is `requests.Session`, set in app/repositories.py:7

  18:12  UserService()
    `UserService` is the class `UserService`, defined in app/services.py:7
    silent: the class `UserService` has no code that is known to block when it is made
""")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "unknown.send(id)",
            snapshot(
                [
                    "`unknown` is unknown: the parameter `unknown` of `get_user` (app/main.py:15) has no annotation, and no caller tells",
                    "silent: what is called is unknown, and the unknown is never reported",
                ]
            ),
        ),
        (
            "psutil.cpu_percent()",
            snapshot(
                [
                    "silent: `psutil.cpu_percent` blocks only if `interval` is given and unless `interval` == 0 and unless `interval` == 0.0"
                ]
            ),
        ),
        (
            "httpx.AsyncClient()",
            snapshot(
                [
                    "silent: no rule says that `httpx.AsyncClient.get` blocks",
                    "silent: no rule says that `httpx.AsyncClient` blocks",
                ]
            ),
        ),
        (
            "asyncio.to_thread(report)",
            snapshot(
                ["silent: `asyncio.to_thread` runs what it is handed in a thread or a process"]
            ),
        ),
        (
            "await later(id)",
            snapshot(
                [
                    "silent: `later` is a coroutine, awaited; it blocks at 1 place of its own (`asyncfix why app.main.later`)"
                ]
            ),
        ),
    ],
)
def test_a_silent_place_says_why(why, code, reason):
    told = [line.strip() for line in why(row(code)).splitlines()]

    assert [line for line in told if line.startswith("silent") or "unknown" in line][-2:] == reason


def test_that_errors_are_caught_is_no_condition(why):
    app = "import time\n\ndef work():\n    time.sleep(1)\n\nasync def wait():\n    try:\n"
    app += "        work()\n    except RuntimeError as error:\n        print(error)\n"

    lines = why("app.py:8", {"app.py": app})

    assert "    1. time.sleep (sleep, error)\n" in lines


def test_a_guard_that_is_contradicted_is_told(why):
    files = {
        "app.py": "import time\n\ndef load(wait):\n    if wait:\n        time.sleep(1)\n\n"
        "async def handler():\n    load(False)\n"
    }

    assert "silent: `time.sleep` runs only if `wait` is true in `load`" in why("app.py:8", files)


def test_a_function_tells_its_roots_its_callers_and_its_chains(why):
    assert why("UserService.load") == snapshot("""\
app.services.UserService.load  (plain function, app/services.py:11)
  runs on the loop
  reached from:
    GET /users/{id} (app/main.py:15)
  called by:
    `get_user` (app/main.py:19)
    `get_user` (app/main.py:20)
    `later` (app/main.py:26)
    `report` (app/services.py:18)
  blocks, by 2 chains:
    1. time.sleep (sleep, error), only if `wait` is true
         app/services.py:13:13  calls `time.sleep`
    2. requests.Session.get (network, error)
         app/services.py:14:16  calls `UserRepository.find`
           `self.repo` is `UserRepository`, set in app/services.py:9
         app/repositories.py:10:16  calls `requests.Session.get`
           `self.session` is `requests.Session`, set in app/repositories.py:7
""")


def test_a_function_off_the_loop_says_where_it_runs(why):
    assert why("app.services.report") == snapshot("""\
app.services.report  (plain function, app/services.py:17)
  does not run on the loop:
    runs in a thread: handed to `asyncio.to_thread` at app/main.py:21
    is called at app/main.py:31 by `plain`, which runs in a thread: endpoint GET /plain (app/main.py:30)
  would block, by 1 chain:
    1. requests.Session.get (network, error)
         app/services.py:18:12  calls `UserService.load`
           `UserService()` is `UserService`, made in app/services.py:18
         app/services.py:14:16  calls `UserRepository.find`
           `self.repo` is `UserRepository`, set in app/services.py:9
         app/repositories.py:10:16  calls `requests.Session.get`
           `self.session` is `requests.Session`, set in app/repositories.py:7
""")


def test_the_row_of_a_definition_means_the_function(why):
    assert why(row("def report", "app/services.py")) == why("report")


def test_a_class_means_its_constructor(why):
    assert why("UserRepository").startswith("app.repositories.UserRepository.__init__  (plain")


def test_a_column_picks_one_of_several_calls(why):
    place = row("UserService().load", "app/services.py")

    assert "`UserService` is" in why(f"{place}:12")
    assert why(f"{place}:12").count("silent") == 1


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "app/mian.py:3",
            snapshot(
                "no Python file `app/mian.py` in the project; did you mean `app/main.py` or `app/services.py`?"
            ),
        ),
        ("app/main.py:99", snapshot("app/main.py has 31 rows, not 99")),
        (
            "app.services.reprot",
            snapshot(
                "no function `app.services.reprot` in the project; did you mean `app.services.report` or `app.services.`?"
            ),
        ),
        (
            "load",
            snapshot(
                "`load` is 2 functions: app.services.UserService.load (app/services.py:11), other.load (other.py:1)"
            ),
        ),
        ("zzz", snapshot("no function `zzz` in the project")),
    ],
)
def test_what_means_nothing_or_too_much_is_an_error(why, target, message):
    files = {**APP, "other.py": "def load():\n    pass\n"}
    with pytest.raises(AsyncfixError) as error:
        why(target, files)

    assert str(error.value) == message


def test_the_command_prints_it_and_fails_with_2(why, capsys):
    why("report")

    assert cli.main(["why", "-n", "report"]) == 0
    assert capsys.readouterr().out.startswith("app.services.report  (plain function, app/")
    assert cli.main(["why", "-n", "nothing_like_it"]) == 2
    assert "error: no function `nothing_like_it`" in capsys.readouterr().err


def test_a_route_of_a_whole_application(monkeypatch):
    case = Path(__file__).parents[1] / "fixtures/tenant_crm/before"
    monkeypatch.chdir(case)
    lines = engine.why([case], Config(project=str(case)), "app/routers/leads.py:69").lines

    assert "\n".join(lines) + "\n" == snapshot("""\
app/routers/leads.py:69  in coroutine `change_status`, on the loop; reached from POST /leads/status (app/routers/leads.py:68)

  69:24  service.set_status(body.lead_ids, body.status)
    `service` is `LeadService`, annotated in `change_status` (app/routers/leads.py:68)
    `set_status` is `LeadService.set_status`, defined in app/services/leads.py:55
    blocks the event loop, by 2 chains:
    1. sqlalchemy.orm.Session.commit (database, error)
         app/routers/leads.py:69:24  calls `LeadService.set_status`
         app/services/leads.py:65:13  calls `sqlalchemy.orm.Session.commit`
           `self.db` is `sqlalchemy.orm.Session`, set in app/services/leads.py:24
    2. sqlalchemy.orm.Query.first (database, error)
         app/routers/leads.py:69:24  calls `LeadService.set_status`
         app/services/leads.py:60:24  calls `TenantRepository.get`
           `self.repository` is `LeadRepository`, set in app/services/leads.py:26
         app/repositories/base.py:31:15  calls `TenantRepository.find`
         app/repositories/base.py:28:16  calls `sqlalchemy.orm.Query.first`
           `self.query().filter(self.model.id == row_id)` is `sqlalchemy.orm.Query`, returned by `sqlalchemy.orm.Query.filter` in app/repositories/base.py:28
""")


def test_a_loop_is_told_as_a_formula_with_its_way_and_what_to_ask_instead(monkeypatch):
    case = Path(__file__).parents[1] / "fixtures/leads_api/before"
    monkeypatch.chdir(case)
    place = "leads_service/services/lead_service.py:23"
    lines = engine.why([case], Config(project=str(case)), place).lines

    told = "\n".join(lines[lines.index(next(each for each in lines if "in a loop" in each)) :])
    assert told + "\n" == snapshot("""\
    in a loop: `1 + 2·len(contacts)` queries, by this way:
      leads_service/services/lead_service.py:23  calls `load_context`
      leads_service/services/context.py:20  calls `ConversationRepository.last_message`
      leads_service/repositories/conversations.py:23  calls `Repository.one`
      leads_service/repositories/base.py:14  calls `Database.fetchrow`
      leads_service/database.py:47  asks `asyncpg.Connection.fetchrow`
      which sends `SELECT body, direction, create … eated_at DESC, id DESC LIMIT 1`
      instead: one `= ANY($1)` with a list of all keys; `executemany` for writes; now: `SELECT body, direction, created_at FROM conversations WHERE contact_id = $1 ORDER BY crea…`
""")


def test_a_loop_over_what_is_given_counts_its_items_only(why):
    files = {
        "app.py": """
from sqlalchemy.orm import Session


def two(session: Session, key):
    return session.get(int, key), session.get(str, key)


def get(session: Session, keys):
    return [two(session, key) for key in keys if key]
"""
    }

    assert "in a loop: `2·len(keys)` queries" in why("app.py:10", files)


def test_the_batched_form_is_shown_for_the_very_query(tmp_path, monkeypatch, capsys):
    code = (
        "import sqlite3\n\n\ndef get(conn: sqlite3.Connection, keys: list[int]) -> list:\n"
        "    found = []\n    for key in keys:\n"
        '        found.append(conn.execute("SELECT id FROM t WHERE id = ?", (key,)).fetchone())\n'
        "    return found\n"
    )
    write(tmp_path, {"app.py": code})
    monkeypatch.chdir(tmp_path)

    assert cli.main(["why", "app.py:7", "--no-cache"]) == 0
    told = capsys.readouterr().out
    assert "ask once for all items (unsafe: all rows are read before" in told
    assert "WHERE id IN (SELECT value FROM json_each(?))" in told
