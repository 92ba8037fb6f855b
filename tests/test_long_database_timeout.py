"""Timeouts of databases: each way in which a number gets there, and numbers of something else."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import PACKS, applied, workspace_of

from asyncfix.checks import long_database_timeout
from asyncfix.rewrites import fixes

HEAD = """
import asyncpg, os, psycopg2, redis
from pymongo import MongoClient
from sqlalchemy import create_engine
from pydantic import Field
from pydantic_settings import BaseSettings
URL = os.environ["URL"]
"""
RULE = PACKS.rules["long-database-timeout"]


def findings(workspace):
    return list(long_database_timeout.find(RULE, workspace.project))


def fixed(text, **files):
    """Return `app.py` after all fixes, without its head; no finding may be left."""
    texts = {"app.py": HEAD + dedent(text)} | {f"{n}.py": dedent(t) for n, t in files.items()}
    for _ in range(9):
        workspace = workspace_of(texts)
        found = findings(workspace)
        if not found:
            return {path: each.removeprefix(HEAD) for path, each in texts.items()}
        plan = fixes(RULE, found[0], workspace)
        assert plan.fixes, plan.refusals
        texts = applied(texts, plan.fixes[0])
    raise AssertionError


WAYS = {
    "keyword": ("asyncpg.create_pool(URL, command_timeout={})", "60", "15"),
    "float": ("asyncpg.create_pool(URL, command_timeout={})", "60.0", "15.0"),
    "product": ("MongoClient(URL, socketTimeoutMS={})", "60 * 1000", "15000"),
    "waiting": ("create_engine(URL, pool_timeout={})", "60", "30"),
    "server": (
        "asyncpg.connect(URL, server_settings={{'statement_timeout': {}}})",
        '"60000"',
        '"15000"',
    ),
    "unit": ("asyncpg.connect(URL, server_settings={{'statement_timeout': {}}})", "'2min'", ""),
    "text": ("psycopg2.connect(URL, options={})", "'-c statement_timeout=60000 -c a=b'", ""),
    "nested": ("create_engine(URL, connect_args={{'command_timeout': {}}})", "60", "15"),
    "expanded": ("o = {{'pool_timeout': {}}}\ncreate_engine(URL, **o)", "60", "30"),
    "annotated": ("o: dict = {{'pool_timeout': {}}}\ncreate_engine(URL, **o)", "60", "30"),
    "put": ("o = {{}}\no['pool_timeout'] = {}\ncreate_engine(URL, **o)", "60", "30"),
    "updated": (
        "o = {{'echo': 1}}\no.update({{'pool_timeout': {}}})\ncreate_engine(URL, **o)",
        "60",
        "30",
    ),
    "made": ("def o():\n    return dict(pool_timeout={})\ncreate_engine(URL, **o())", "60", "30"),
    "within": ("a = {{'pool_timeout': {}}}\ncreate_engine(URL, **{{**a, 'echo': 1}})", "60", "30"),
    "constant": ("DB_TIMEOUT = {}\nredis.Redis(socket_timeout=DB_TIMEOUT)", "60", "30"),
    "default": (
        "def pool(timeout={}):\n    return asyncpg.create_pool(URL, command_timeout=timeout)",
        "60",
        "15",
    ),
    "falls back": (
        "cfg = {{}}\nasyncpg.create_pool(URL, command_timeout=cfg.get('command_timeout', {}))",
        "60",
        "15",
    ),
    "environment": (
        "asyncpg.create_pool(URL, command_timeout=int(os.getenv('DB_TIMEOUT', {})))",
        '"60"',
        '"15"',
    ),
    "attribute": (
        """class A:
    def __init__(self):
        self.timeout = {}
    def pool(self):
        return asyncpg.create_pool(URL, command_timeout=self.timeout)""",
        "60",
        "15",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_a_database_is_followed_and_the_number_lowered(way):
    code, old, new = WAYS[way]
    new = new or {"'2min'": "'15s'"}.get(old) or old.replace("60000", "15000")

    assert fixed(code.format(old)) == {"app.py": code.format(new)}


def test_settings_of_another_module_are_followed():
    config = """
        from pydantic_settings import BaseSettings
        class Settings(BaseSettings):
            db_timeout: int = {}
            llm_timeout: int = 60
        settings = Settings()
    """
    app = (
        "from config import settings\nasyncpg.create_pool(URL, command_timeout=settings.db_timeout)"
    )

    files = fixed(app, config=config.format(60))

    assert files["config.py"] == dedent(config.format(15))


@pytest.mark.parametrize(
    "code",
    [
        "asyncpg.create_pool(URL, command_timeout=15)",
        "asyncpg.create_pool(URL, command_timeout=None)",
        "create_engine(URL, pool_timeout=30)",
        "create_engine(URL, pool_recycle=1800)",
        "asyncpg.create_pool(URL, command_timeout=float(os.environ['DB_TIMEOUT']))",
        "def pool(timeout):\n    return asyncpg.create_pool(URL, command_timeout=timeout)",
        "options = {'pool_timeout': 60}",
        "from mine import create_pool\ncreate_pool(command_timeout=60)",
        "timeout = 60\nredis.Redis(socket_timeout=5)",
        "asyncpg.create_pool(URL, server_settings={'idle_session_timeout': '60000'})",
    ],
)
def test_what_is_short_unknown_or_of_something_else_is_left_alone(code):
    assert findings(workspace_of({"app.py": HEAD + code})) == []


def test_the_limit_is_the_one_of_the_configuration():
    files = {"app.py": HEAD + "asyncpg.create_pool(URL, command_timeout=60)"}

    assert findings(workspace_of(files, max_database_timeout=60)) == []


def test_two_equal_calls_are_two_places():
    call = "asyncpg.create_pool(URL, command_timeout=60)\n"

    assert len(findings(workspace_of({"app.py": HEAD + call + call}))) == 2
