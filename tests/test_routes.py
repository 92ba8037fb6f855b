"""The table of routes: what blocks an endpoint, itself or before it, and what goes to a thread."""

import json

import pytest
from conftest import write
from inline_snapshot import snapshot

from asyncfix import cli, engine
from asyncfix.config import Config
from asyncfix.survey.routes import routes

APP = """
import asyncio, time
from typing import Annotated
import requests
from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from clients import CurrentUser, fetch, settings

app = FastAPI()

@app.get("/direct")
async def direct():
    return fetch()

@app.get("/calm")
async def calm():
    await asyncio.sleep(1)

@app.get("/plain")
def plain():
    return fetch()

@app.post("/threads")
async def threads(options=Depends(settings)):
    await run_in_threadpool(fetch)
    return await asyncio.to_thread(fetch)

@app.get("/needs")
async def needs(user: CurrentUser):
    return user

@app.get("/listed", dependencies=[Depends(lambda: None)])
def listed(user: CurrentUser):
    return 1

@app.get("/awaits")
async def awaits():
    return await deeper()

async def deeper():
    time.sleep(1)
    return fetch()
"""
CLIENTS = """
from typing import Annotated
import requests
from fastapi import Depends

def fetch():
    return requests.get("https://example.org")

def settings():
    return {}

async def user(token: str):
    return fetch()

CurrentUser = Annotated[dict, Depends(user)]
"""


@pytest.fixture
def found(tmp_path):
    write(tmp_path, {"app.py": APP, "clients.py": CLIENTS, "pyproject.toml": ""})
    view = engine.view([tmp_path], Config(project=str(tmp_path)))
    return {route.name: route for route in routes(view.project, view.report, everything=True)}


def blockers(route):
    return [finding.sink.qualname for finding in route.findings]


def test_what_an_endpoint_calls_blocks_it(found):
    assert blockers(found["GET /direct"]) == ["requests.get"]
    assert blockers(found["GET /calm"]) == []


def test_what_an_endpoint_awaits_blocks_it(found):
    assert blockers(found["GET /awaits"]) == ["time.sleep", "requests.get"]


def test_a_plain_endpoint_runs_in_a_thread_and_blocks_nothing(found):
    assert (found["GET /plain"].runs, found["GET /plain"].thread_hops) == ("thread", 1)
    assert blockers(found["GET /plain"]) == []


def test_what_blocks_a_dependency_blocks_the_endpoints_that_need_it(found):
    assert blockers(found["GET /needs"]) == ["requests.get"]
    assert blockers(found["GET /listed"]) == ["requests.get"]


def test_each_place_that_hands_work_to_a_thread_is_counted(found):
    assert found["POST /threads"].thread_hops == 3  # two calls, and the plain dependency
    assert found["GET /calm"].thread_hops == 0


def test_what_else_frameworks_run_is_listed_when_asked_for(found):
    assert blockers(found["dependency user"]) == ["requests.get"]
    assert found["dependency settings"].runs == "thread"


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path, {"app.py": APP, "clients.py": CLIENTS, "pyproject.toml": ""})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("project")
def test_routes_are_printed_as_a_table(capsys):
    assert cli.main(["routes"]) == 0
    assert capsys.readouterr().out == snapshot("""\
route          runs    threads  blocked by
GET /awaits    async            error: time.sleep +1
GET /calm      async            - calm (app.py:16)
GET /direct    async            error: requests.get
GET /listed    thread        2  error: requests.get
GET /needs     async            error: requests.get
GET /plain     thread        1  - plain (app.py:20)
POST /threads  async         3  - threads (app.py:24)

7 routes: 4 blocked, 2 in threads.
""")


@pytest.mark.usefixtures("project")
def test_routes_are_printed_as_markdown_and_json(capsys):
    cli.main(["routes", "--output-format", "markdown"])
    assert capsys.readouterr().out == snapshot("""\
| route | runs | threads | blocked by | place |
|---|---|--:|---|---|
| `GET /awaits` | async | 0 | error: `time.sleep` and 1 more | app.py:37:1 |
| `GET /calm` | async | 0 |  | app.py:16:1 |
| `GET /direct` | async | 0 | error: `requests.get` | app.py:12:1 |
| `GET /listed` | thread | 2 | error: `requests.get` | app.py:33:1 |
| `GET /needs` | async | 0 | error: `requests.get` | app.py:29:1 |
| `GET /plain` | thread | 1 |  | app.py:20:1 |
| `POST /threads` | async | 3 |  | app.py:24:1 |

7 routes: 4 blocked, 2 in threads.
""")

    cli.main(["routes", "--output-format", "json"])
    records = {record["path"]: record for record in json.loads(capsys.readouterr().out)}
    assert records["/direct"]["blocked_by"]["sink"] == "requests.get"
    assert records["/calm"]["blocked_by"] is None
    assert records["/awaits"]["filename"] == "app.py"


def test_no_routes_is_said(tmp_path, monkeypatch, capsys):
    write(tmp_path, {"a.py": "x = 1\n", "pyproject.toml": ""})
    monkeypatch.chdir(tmp_path)

    assert cli.main(["routes"]) == 0
    assert capsys.readouterr().out == "No routes found.\n"


@pytest.mark.usefixtures("project")
def test_clean_removes_the_cache_and_nothing_else(tmp_path, capsys):
    cli.main(["check", "-q"])
    assert (tmp_path / ".asyncfix_cache").is_dir()

    assert cli.main(["clean"]) == 0
    assert not (tmp_path / ".asyncfix_cache").exists()
    assert cli.main(["clean"]) == 0
    assert "No cache at " in capsys.readouterr().out

    (tmp_path / ".asyncfix_cache").mkdir()
    assert cli.main(["clean"]) == 2
    assert (tmp_path / ".asyncfix_cache").is_dir()
