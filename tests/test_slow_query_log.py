"""The log of slow statements: where one is missing, and that real drivers write it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from textwrap import dedent

import pytest
from rewriting import PACKS, applied, workspace_of

from asyncfix.checks import missing_slow_query_log
from asyncfix.rewrites import fixes

RULE = PACKS.rules["missing-slow-query-log"]
SERVED = "async def serve(): ...\n"
ENGINE = """from sqlalchemy import create_engine, text
import sys

engine = create_engine("sqlite://")  # in memory


def main():
    with engine.connect() as connection:
        connection.execute(text("SELECT :secret,  1"), {"secret": "hunter2"})
"""
POOL = """import asyncio

import asyncpg


# the pool of the application
async def connected():
    return await asyncpg.create_pool(
        "postgresql://postgres@127.0.0.1/postgres",
        min_size=1,
    )


async def query():
    pool = await connected()
    await pool.fetch("SELECT $1::text,  1", "hunter2")
    await pool.close()


def main():
    asyncio.run(query())
"""


CLIENT = """from pymongo import MongoClient
from pymongo.server_api import ServerApi

import mongo


# of the application
def client() -> MongoClient:
    return MongoClient(
        mongo.serve(),
        server_api=ServerApi("1"),
    )


def main():
    client().shop.users.find_one({"name": "hunter2"})
"""
MONGO = """
import socket
import struct
import threading
from datetime import datetime

import bson

HELLO = {"isWritablePrimary": True, "minWireVersion": 0, "maxWireVersion": 21}
HELLO |= {"maxBsonObjectSize": 1 << 24, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 1000}


def serve():
    \"\"\"Answer as a server of MongoDB does that has no documents; return where.\"\"\"
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(server,), daemon=True).start()
    return "mongodb://127.0.0.1:%d" % server.getsockname()[1]


def accept(server):
    while True:
        threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


def answer(connection):
    with connection, connection.makefile("rb") as file:
        while head := file.read(16):
            size, number, _, _ = struct.unpack("<iiii", head)
            command = bson.decode(file.read(size - 16)[5:])
            reply = {"ok": 1.0, "cursor": {"id": 0, "ns": "shop.users", "firstBatch": []}}
            if "hello" in command:
                reply = {"ok": 1.0, "localTime": datetime.now(), **HELLO}
            body = b"\\0\\0\\0\\0\\0" + bson.encode(reply)
            connection.sendall(struct.pack("<iiii", 16 + len(body), 1, number, 2013) + body)
"""


def found(files):
    workspace = workspace_of({**files, "served.py": SERVED})
    return list(missing_slow_query_log.find(RULE, workspace.project)), workspace


def fixed(code):
    (finding,), workspace = found({"app.py": code})
    plan = fixes(RULE, finding, workspace)
    if not plan.fixes:
        return plan.refusals[0].reason
    files = applied({"app.py": code}, plan.fixes[0])
    assert found(files)[0] == []
    return files["app.py"]


def logged(folder, code, seconds):
    """Return what a program writes to its error output, with a limit of some seconds."""
    (folder / "app.py").write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", "import app; app.main()"],
        cwd=folder,
        env={**os.environ, "SLOW_QUERY_SECONDS": seconds},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("library", "code"), [("sqlalchemy", ENGINE), ("asyncpg", POOL)])
def test_slow_statements_are_logged_without_their_values(library, code, tmp_path):
    if not find_spec(library):
        pytest.skip(f"{library} is not installed")
    text = fixed(code)

    if library == "asyncpg" and logged(tmp_path, POOL, "0").returncode:
        pytest.skip("asyncpg finds no PostgreSQL to connect to")

    slow = logged(tmp_path, text, "0")

    assert slow.returncode == 0, slow.stderr
    assert " s: SELECT " in slow.stderr
    assert ", 1" in slow.stderr
    assert "hunter2" not in slow.stderr
    assert logged(tmp_path, text, "60").stderr == ""


def test_slow_commands_of_mongodb_are_logged_without_their_values(tmp_path):
    if not find_spec("pymongo"):
        pytest.skip("pymongo is not installed")
    (tmp_path / "mongo.py").write_text(MONGO, encoding="utf-8")
    text = fixed(CLIENT)

    slow = logged(tmp_path, text, "0")

    assert "        event_listeners=[_SlowCommands()],\n    )\n" in text
    assert slow.returncode == 0, slow.stderr
    assert " s: shop: find users" in slow.stderr
    assert "hunter2" not in slow.stderr
    assert logged(tmp_path, text, "60").stderr == ""


@pytest.mark.parametrize(
    "made", ["MongoClient(url, event_listeners=mine)", "MongoClient(url, **options)"]
)
def test_a_client_of_mongodb_that_may_have_a_listener_is_left_alone(made):
    code = (
        f"from pymongo import MongoClient\n\n\ndef client(url, mine, options):\n    return {made}\n"
    )

    assert found({"app.py": code})[0] == []


def test_an_engine_that_start_up_asks_once_is_left_alone():
    code = """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from sqlalchemy import create_engine, text

        def is_current(url):
            engine = create_engine(url)
            with engine.connect() as connection:
                return connection.execute(text("SELECT 1")).scalar() == 1

        def opened(url):
            engine = create_engine(url, echo=False)
            return engine

        @asynccontextmanager
        async def lifespan(app):
            assert is_current("postgresql://")
            app.state.engine = opened("postgresql://")
            yield

        app = FastAPI(lifespan=lifespan)
    """
    findings, workspace = found({"app.py": dedent(code)})
    data = workspace.text("app.py").data
    places = [data[each.location.start : each.location.end] for each in findings]

    assert places == [b"create_engine(url, echo=False)"]


@pytest.mark.parametrize(
    "more",
    [
        "from sqlalchemy import event\nevent.listen(engine, 'before_cursor_execute', f)",
        "import sentry_sdk\nsentry_sdk.init()",
        "SQLAlchemyInstrumentor().instrument()",
    ],
)
def test_who_measures_already_is_left_alone(more):
    assert found({"app.py": ENGINE, "more.py": more})[0] == []


def test_a_test_that_counts_statements_is_no_log():
    test = "from sqlalchemy import event\nevent.listen(engine, 'before_cursor_execute', f)"

    assert len(found({"app.py": ENGINE, "tests/test_app.py": test})[0]) == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (POOL.replace("min_size=1", "init=prepare"), "the pool has an `init` of its own"),
        (ENGINE.replace("engine = create", "def f():\n    return create"), "the engine is not put"),
        (ENGINE + "_SLOW_SECONDS = 9\n", "names that the log needs"),
    ],
)
def test_where_no_listener_fits_people_decide(code, reason):
    assert fixed(code).startswith(reason)
