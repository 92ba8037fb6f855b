"""Pools, SQLite and servers: what they are told, what not, and how that is mended."""

from __future__ import annotations

import re
import sqlite3
from textwrap import dedent

import pytest
from rewriting import PACKS, applied, workspace_of

from asyncfix.checks import pool_settings, server_options, sqlite_pragmas
from asyncfix.rewrites import fixes

HEAD = """import asyncpg, aiosqlite, os, sqlite3, uvicorn
from sqlalchemy import NullPool, create_engine
async def serve(): ...
"""
CHECKS = {
    "pool-settings": pool_settings,
    "server-options": server_options,
    "sqlite-pragmas": sqlite_pragmas,
}


def found(rule, code, **files):
    texts = {"app.py": HEAD + dedent(code)} | {f"{n}.py": dedent(t) for n, t in files.items()}
    workspace = workspace_of(texts)
    return list(CHECKS[rule].find(PACKS.rules[rule], workspace.project)), workspace


def fixed(rule, code):
    for _ in range(4):
        findings, workspace = found(rule, code)
        if not findings:
            return code
        plan = fixes(PACKS.rules[rule], findings[0], workspace)
        if not plan.fixes:
            return plan.refusals[0].reason
        code = applied({"app.py": HEAD + code}, plan.fixes[0])["app.py"].removeprefix(HEAD)
    raise AssertionError


DICT = "o = {'pool_size': 9, 'pool_pre_ping': p}"
PRE_PING = "create_engine(u, pool_pre_ping=p, pool_size=5)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (PRE_PING, PRE_PING),
        (f"{DICT}\ncreate_engine(u, **o)", f"{DICT}\ncreate_engine(u, **o)"),
        ("create_engine(u, pool_size=n)", "create_engine(u, pool_size=n, pool_pre_ping=True)"),
        ("create_engine(u)", "create_engine(u, pool_pre_ping=True, pool_size=5)"),
        ("asyncpg.create_pool(u, max_size=20)", "asyncpg.create_pool(u, max_size=20)"),
    ],
)  # fmt: skip
def test_pools_are_sized_by_the_environment_and_look_after_their_connections(code, expected):
    read = re.sub(
        r"(\w+)(=|': )(\d+)",
        lambda m: f'{m[1]}{m[2]}int(os.environ.get("DB_{m[1].upper()}", "{m[3]}"))',
        expected,
    )

    assert fixed("pool-settings", code) == read


@pytest.mark.parametrize(
    "code",
    [
        "create_engine(u, pool_size=n, pool_pre_ping=True)",
        "create_engine(u, poolclass=NullPool)",
        "create_engine('sqlite:///app.db')",
        "create_engine(u, **options)",
        "asyncpg.create_pool(u)",
    ],
)
def test_pools_that_are_set_or_none_or_unknown_are_left_alone(code):
    assert found("pool-settings", code)[0] == []


SCRIPT = "def f(db):\n    db.executescript('''PRAGMA a=on;\nPRAGMA JOURNAL_MODE=WAL;''')"
OPENED = "def open_(path):\n    connection = sqlite3.connect(path)\n    return connection\n"


def test_a_connection_of_sqlite_is_told_to_keep_a_log(tmp_path):
    names = {"sqlite3": sqlite3}
    exec(fixed("sqlite-pragmas", OPENED), names)  # noqa: S102 - code of this test

    connection = names["open_"](tmp_path / "a.db")

    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    assert sqlite3.connect(tmp_path / "a.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_awaited_connection_awaits_its_pragmas():
    code = (
        "class Db:\n    async def open(self):\n        self.db = await aiosqlite.connect('a.db')\n"
    )

    assert fixed("sqlite-pragmas", code) == code + (
        '        await self.db.execute("PRAGMA journal_mode=WAL")\n'
        '        await self.db.execute("PRAGMA synchronous=NORMAL")\n'
    )


def test_a_connection_without_a_name_is_left_to_people():
    code = "def open_(path):\n    return sqlite3.connect(path)\n"

    assert fixed("sqlite-pragmas", code).startswith("the connection is not put into a variable")


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("sqlite3.connect(':memory:')", ""),
        ("sqlite3.connect('file:a.db?mode=ro', uri=True)", ""),
        (OPENED, "SQL = 'PRAGMA journal_mode = wal'"),
        (OPENED, SCRIPT),
    ],
)  # fmt: skip
def test_other_databases_and_projects_that_choose_a_journal_are_left_alone(code, other):
    assert found("sqlite-pragmas", code, other=other)[0] == []


def test_a_command_that_starts_a_server_for_development_is_left_alone():
    command = "def {0}(reload: bool = {1}):\n    uvicorn.run('a:app', reload=reload)\n"

    assert found("server-options", command.format("dev", "True"))[0] == []
    assert len(found("server-options", command.format("serve", "False"))[0]) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("'a:app'", ["limit_concurrency"]),
        ("'a:app', reload=True, limit_concurrency=9", ["reload=True"]),
        ("'a:app', reload=True", ["reload=True"]),
        ("'a:app', reload=False", ["limit_concurrency"]),
        ("'a:app', reload=debug, limit_concurrency=9", []),
        ("'a:app', **options", []),
    ],
)
def test_servers_are_told_how_much_they_can_serve(options, words):
    findings, _ = found("server-options", f"uvicorn.run({options})")

    assert len(findings) == len(words)
    assert all(word in each.message for word, each in zip(words, findings, strict=True))
