"""The oldest Python of a project: where it is told, and what fixed code may use."""

from __future__ import annotations

import asyncio
import re
from textwrap import dedent

import pytest
from batching import loaded
from conftest import write
from rewriting import rewritten

from asyncfix import cli
from asyncfix.config import load

EXECUTOR = "asyncio.get_running_loop().run_in_executor"
LIFESPAN = """
from fastapi import FastAPI

done = []
app = FastAPI()


@app.on_event("startup")
async def connect() -> None:
    done.append("connect")
"""
SERVICE = """
from fastapi import FastAPI

from services import Service

app = FastAPI()
_service = None


def get_service() -> Service:
    global _service
    if _service is None:
        _service = Service()
    return _service


@app.get("/")
async def read():
    return get_service().name()
"""
SERVICES = """
import httpx


class Service:
    def __init__(self) -> None:
        self.client = httpx.Client()

    def name(self) -> str:
        return "real"
"""
QUERIES = """
import sqlite3


def name_of(conn: sqlite3.Connection, key: int) -> str:
    row = conn.execute("SELECT name FROM users WHERE id = ?", (key,)).fetchone()
    return row[0] if row else ""


def names(conn: sqlite3.Connection, keys: tuple) -> list:
    return [name_of(conn, key) for key in keys]
"""


@pytest.mark.parametrize(
    ("told", "version"),
    [
        (">=3.8", "py38"),
        (">=3.8.1,<4.0", "py38"),
        ("<4,>=3.12", "py312"),
        ("~=3.9", "py39"),
        ("==3.11.*", "py311"),
        (" >= 3.7 ", "py37"),
        (">3.8", "py38"),
        ("", "py310"),
        ("<4", "py310"),
        (">=2.7", "py310"),
        ("!=3.9.0,>=3.8", "py38"),
    ],
)
def test_the_project_tells_its_oldest_python(tmp_path, told, version):
    write(tmp_path, {"pyproject.toml": f'[project]\nrequires-python = "{told}"\n'})

    assert load(tmp_path, {}, {}).config.target_version == version


@pytest.mark.parametrize(
    ("told", "version"),
    [("^3.8", "py38"), ("^3.8.1", "py38"), (">=3.9,<3.13", "py39"), ("^3.12 || ^3.9", "py39")],
)
def test_poetry_tells_it_too(tmp_path, told, version):
    text = f'[tool.poetry.dependencies]\npython = "{told}"\n'
    write(tmp_path, {"pyproject.toml": text})

    assert load(tmp_path, {}, {}).config.target_version == version


def test_a_package_below_a_folder_that_tells_it_is_of_that_version(tmp_path):
    write(tmp_path, {"pyproject.toml": '[project]\nrequires-python = ">=3.8"\n'})
    write(tmp_path, {"inner/pyproject.toml": "[project]\nname = 'x'\n", "inner/app.py": ""})

    assert load(tmp_path / "inner", {}, {}).config.target_version == "py38"


@pytest.mark.parametrize("text", ["[project", "project = 1\n", "[project]\nrequires-python = 3\n"])
def test_a_file_that_tells_nothing_is_passed_over(tmp_path, text):
    write(tmp_path, {"pyproject.toml": text, "asyncfix.toml": ""})

    assert load(tmp_path, {}, {}).config.target_version == "py310"


def test_what_is_set_counts_more_than_what_the_project_demands(tmp_path, monkeypatch, capsys):
    write(tmp_path, {"pyproject.toml": '[project]\nrequires-python = ">=3.8"\n'})
    monkeypatch.chdir(tmp_path)
    cli.main(["config", "target-version"])
    assert re.match(r'target-version = "py38"\n +from: .*pyproject.toml', capsys.readouterr().out)
    write(tmp_path, {"asyncfix.toml": 'target-version = "py312"\n'})
    assert load(tmp_path, {}, {}).config.python == (3, 12)
    assert load(tmp_path, {}, {"ASYNCFIX_TARGET_VERSION": "py39"}).config.python == (3, 9)


@pytest.mark.parametrize("value", ["3.11", "py2", "py27", ""])
def test_a_version_that_is_none_is_a_mistake(tmp_path, value, capsys, monkeypatch):
    write(tmp_path, {"asyncfix.toml": f'target-version = "{value}"\n'})
    monkeypatch.chdir(tmp_path)

    assert cli.main(["check"]) == 2
    assert "`target-version`" in capsys.readouterr().err


HEAD = """\
import time


def slow(value=1, *, plus=0):
    time.sleep(0.01)
    return value + plus


"""


def offloaded(body: str, version: str) -> str:
    code = f"{HEAD}async def main():\n    return {body}\n"
    return rewritten({"app.py": code}, "offload", target_version=version).files["app.py"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("slow()", f"await {EXECUTOR}(None, slow)"),
        ("slow(2)", f"await {EXECUTOR}(None, slow, 2)"),
        ("slow(2, plus=3)", f"await {EXECUTOR}(None, partial(slow, 2, plus=3))"),
        ("slow(\n        2,\n    )", f"await {EXECUTOR}(\n        None, slow, 2,\n    )"),
        ("slow(2).real", f"(await {EXECUTOR}(None, slow, 2)).real"),
    ],
)
def test_before_3_9_a_thread_is_the_executors(before, after):
    code = offloaded(before, "py38")

    assert "to_thread" not in code
    assert code.count(EXECUTOR) == 1
    assert re.sub(r"\s", "", after) in re.sub(r"\s", "", code)
    assert not re.search(r" $", code, re.MULTILINE)
    assert asyncio.run(loaded(code)["main"]()) == eval(before, loaded(HEAD))  # noqa: S307 - our own


@pytest.mark.parametrize("version", ["py39", "py310", "py314"])
def test_from_3_9_on_it_is_to_thread(version):
    assert "await asyncio.to_thread(slow, 2, plus=3)" in offloaded("slow(2, plus=3)", version)


def test_a_long_call_has_rows_of_its_own():
    body = "slow(10000000000000000000000000000000000 + 20000000000000000000000000000000)"
    code = offloaded(body, "py38")

    assert all(len(row) < 100 for row in code.splitlines())
    assert not re.search(r" $", code, re.MULTILINE)
    assert asyncio.run(loaded(code)["main"]()) > 10**34


def test_a_unit_of_work_is_run_by_the_executor():
    code = dedent("""
        import sqlite3


        async def main():
            conn = sqlite3.connect(":memory:")
            conn.execute("create table t (x)")
            conn.execute("insert into t values (1)")
            rows = conn.execute("select x from t").fetchall()
            conn.close()
            return rows
        """)
    done = rewritten({"app.py": code}, "offload", target_version="py38").files["app.py"]

    assert f"await {EXECUTOR}(None, " in done
    assert asyncio.run(loaded(done)["main"]()) == [(1,)]


@pytest.mark.parametrize(("version", "module"), [("py38", "typing"), ("py39", "collections.abc")])
def test_a_lifespan_is_annotated_with_what_takes_brackets(version, module):
    done = rewritten({"app.py": LIFESPAN}, group="lifecycle", target_version=version)

    assert f"from {module} import AsyncIterator\n" in done.files["app.py"]


@pytest.mark.parametrize(("version", "module"), [("py38", "typing_extensions"), ("py39", "typing")])
def test_a_parameter_is_annotated_with_what_there_is(version, module):
    files = {"app.py": SERVICE, "services.py": SERVICES}
    done = rewritten(files, group="lifecycle", target_version=version).files["app.py"]

    assert f"from {module} import Annotated\n" in done
    assert "Annotated[Service, Depends(get_service)]" in done


@pytest.mark.parametrize(("version", "quote"), [("py38", '"'), ("py39", "")])
def test_annotations_of_a_twin_can_be_read(version, quote):
    done = rewritten({"app.py": QUERIES}, group="batching", target_version=version).files["app.py"]

    assert f"keys: {quote}list[int]{quote}" in done
    assert f"-> {quote}dict[int, str]{quote}" in done


@pytest.mark.parametrize(
    ("call", "help_"),
    [("slow()", "slow)"), ("slow(plus=2)", "functools.partial(slow, plus=2))")],
)
def test_help_names_what_there_is(check, call, help_):
    code = f"{HEAD}async def main():\n    {call}\n"
    (finding,) = check({"app.py": code}, target_version="py38")

    assert f"`await {EXECUTOR}(None, {help_}`" in finding.help
