"""Calls without a timeout: of which libraries, in which forms, and how one is added."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import PACKS, applied, workspace_of

from asyncfix.checks import missing_timeout
from asyncfix.rewrites import fixes
from asyncfix.syntax.arguments import with_argument

HEAD = "import asyncpg, ftplib, httpx, psycopg2, requests, smtplib, socket, urllib.request\n"
RULE = PACKS.rules["missing-timeout"]


def found(code):
    workspace = workspace_of({"app.py": HEAD + dedent(code)})
    return [(each, workspace) for each in missing_timeout.find(RULE, workspace.project)]


def fixed(code):
    for _ in range(5):
        first = next(iter(found(code)), None)
        if first is None:
            return code
        plan = fixes(RULE, *first)
        files = applied({"app.py": HEAD + code}, plan.fixes[0])
        code = files["app.py"].removeprefix(HEAD)
    raise AssertionError


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("requests.get(u)", "requests.get(u, timeout=30)"),
        ("requests.post(u, json={'a': f(1)})", "requests.post(u, json={'a': f(1)}, timeout=30)"),
        ("requests.get(\n u,\n data=p,\n)", "requests.get(\n u,\n data=p,\n timeout=30,\n)"),
        ("requests.get(\n    u, params=p\n)", "requests.get(\n    u, params=p, timeout=30\n)"),
        ("requests.get(u, **{'json': 1})", "requests.get(u, **{'json': 1}, timeout=30)"),
        ("requests.Session().get(u).json()", "requests.Session().get(u, timeout=30).json()"),
        ("urllib.request.urlopen(u)", "urllib.request.urlopen(u, timeout=30)"),
        ("smtplib.SMTP('h', 25)", "smtplib.SMTP('h', 25, timeout=30)"),
        ("ftplib.FTP('h')", "ftplib.FTP('h', timeout=30)"),
        ("socket.create_connection(('h', 1))", "socket.create_connection(('h', 1), timeout=30)"),
        ("asyncpg.create_pool(dsn)", "asyncpg.create_pool(dsn, command_timeout=15)"),
        ("psycopg2.connect(host='h')", "psycopg2.connect(host='h', connect_timeout=10)"),
        ("smtplib.SMTP(requests.get(u))", "smtplib.SMTP(requests.get(u, timeout=30), timeout=30)"),
    ],
)  # fmt: skip
def test_a_timeout_is_added_as_the_other_arguments_are_written(code, expected):
    assert fixed(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "requests.get(u, timeout=5)",
        "requests.get(u, timeout=None)",
        "requests.get(u, **options)",
        "requests.get(*given)",
        "httpx.get(u)",
        "urllib.request.urlopen(u, None, 5)",
        "socket.create_connection(('h', 1), 5)",
        "socket.setdefaulttimeout(9)\nsmtplib.SMTP('h')",
        "smtplib.SMTP()",
        "active.requests.get(u)",
        "asyncpg.connect(dsn, server_settings={'statement_timeout': '9000'})",
        "class S(requests.Session):\n    def request(self, *a, **k): ...\nS().get(u)",
        "s = requests.Session()\ns.request = wrapped(s.request)\ns.get(u)",
    ],
)
def test_what_has_one_or_may_have_one_is_left_alone(code):
    assert found(code) == []


@pytest.mark.parametrize("code", ["f(x for x in y)", "f.x", "f(", "[]"])
def test_what_takes_no_further_argument_is_left_as_it_is(code):
    assert with_argument(code, "timeout=1") is None
