"""Every key of the configuration does what it says, set in a file and by the environment."""

from __future__ import annotations

import json

import jsonschema
import pytest
import tomli
from conftest import write

from asyncfix import cli
from asyncfix.config import FIELDS, json_schema

APP = """\
import math
import os
import threading
import time
import requests
from tools import in_pool, quick


def wait():
    time.sleep(1)


async def handler():
    time.sleep(1)
    requests.get("x", timeout=9)
    os.stat("x")
    in_pool(wait)
    quick()


def entered():
    open("x")
"""
TOOLS = """\
import time


def in_pool(function):
    function()


def quick():
    time.sleep(1)
"""
PACK = """\
name = "slow-tool"
group = "ours"
check = "blocking-call"
summary = "s"
message = "m"
why = "w"

[[target]]
names = ["tools.quick"]
effect = "cpu"
"""
FILES = {
    "app.py": APP,
    "tools.py": TOOLS,
    "skipped.py": "import time\nasync def f():\n    time.sleep(1)\n",
    "deep/down/far/nap.py": "import time\ndef nap():\n    time.sleep(1)\n",
    "uses.py": "from far.nap import nap\nasync def f():\n    nap()\n",
    "pack.toml": PACK,
    "below.toml": 'select = ["blocking-http"]\n',
    "known.json": '{"version": 1}\n',
    ".gitignore": "skipped.py\n",
}
EVERY = """\
app.py:14 blocking-sleep
app.py:15 blocking-http
app.py:17 blocking-sleep
app.py:18 blocking-sleep
"""


def without(*rows):
    return "".join(line for line in EVERY.splitlines(True) if not line.startswith(rows))


def only(rule):
    return "".join(line for line in EVERY.splitlines(True) if line.endswith(f"{rule}\n"))


# by key: its value in TOML, in the environment, and what is then found
CHANGES = {
    "select": ('["blocking-http"]', "blocking-http", only("blocking-http")),
    "ignore": ('["blocking-sleep"]', "blocking-sleep", only("blocking-http")),
    "extend-select": ('["blocking-cpu"]', "blocking-cpu", EVERY),
    "exclude": ('["app.py"]', "app.py", ""),
    "extend-exclude": ('["app.py"]', "app.py", ""),
    "respect-gitignore": ("false", "false", EVERY + "skipped.py:3 blocking-sleep\n"),
    "src": ('[".", "deep/down"]', ".,deep/down", EVERY + "uses.py:3 blocking-sleep\n"),
    "roots": ('["app.entered"]', "app.entered", EVERY + "app.py:22 blocking-file\n"),
    "offloads": ('["tools.in_pool"]', "tools.in_pool", without("app.py:17")),
    "trusted": ('["tools.quick"]', "tools.quick", without("app.py:18")),
    "severity": ("{blocking-sleep='info'}", "blocking-sleep:info", only("blocking-http")),
    "per-file-ignores": ("{'app.*'=['blocking']}", "app.*:blocking", ""),
    "min-severity": (
        '"info"',
        "info",
        EVERY.replace("app.py:17", "app.py:16 blocking-file\napp.py:17"),
    ),
    "packs": ('["pack.toml"]', "pack.toml", EVERY.replace("18 blocking-sleep", "18 slow-tool")),
    "extend": ('"below.toml"', None, only("blocking-http")),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path, FILES)
    write(tmp_path, {"asyncfix.toml": ""})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def found(project, capsys):
    def run(*arguments):
        assert project.exists()
        code = cli.main(["check", "--output-format", "json", *arguments])
        out, err = capsys.readouterr()
        assert code < 2, err
        rows = [f"{e['filename']}:{e['location']['row']} {e['code']}\n" for e in json.loads(out)]
        return "".join(rows)

    return run


def test_without_settings_the_usual_is_found(found):
    assert found() == EVERY


@pytest.mark.parametrize("key", CHANGES)
def test_a_key_in_a_file_has_its_effect(key, project, found):
    write(project, {"asyncfix.toml": f"{key} = {CHANGES[key][0]}\n"})

    assert found() == CHANGES[key][2]


@pytest.mark.parametrize("key", [key for key in CHANGES if CHANGES[key][1]])
def test_a_key_in_the_environment_has_its_effect(key, found, monkeypatch):
    monkeypatch.setenv(f"ASYNCFIX_{key.upper().replace('-', '_')}", CHANGES[key][1])

    assert found() == CHANGES[key][2]


@pytest.mark.parametrize("key", CHANGES)
def test_a_value_fits_the_schema(key):
    jsonschema.validate(tomli.loads(f"{key} = {CHANGES[key][0]}"), json.loads(json_schema()))


def test_force_exclude_skips_what_is_named(project, found):
    write(project, {"asyncfix.toml": 'extend-exclude = ["app.py"]\n'})
    assert found("app.py") == EVERY
    write(project, {"asyncfix.toml": 'extend-exclude = ["app.py"]\nforce-exclude = true\n'})
    assert found("app.py") == ""


def test_min_confidence_leaves_out_what_is_less_sure(project, found):
    calls = "".join(f"def f{n}():\n    f{n + 1}()\n" for n in range(8))
    deep = f"import time\n{calls}def f8():\n    time.sleep(1)\nasync def f():\n    f0()\n"
    write(project, {"app.py": deep})
    assert found() == "app.py:21 blocking-sleep\n"
    write(project, {"asyncfix.toml": 'min-confidence = "high"\n'})
    assert found() == ""


def test_preview_looks_for_rules_in_preview(project, found):
    hashing = "import hashlib\nasync def f(x):\n    hashlib.pbkdf2_hmac('sha256', x, x, 10**6)\n"
    write(project, {"app.py": hashing})
    assert found("--min-severity", "info") == ""
    write(project, {"asyncfix.toml": "preview = true\n"})
    assert found("--min-severity", "info") == "app.py:3 blocking-cpu\n"


def test_the_baseline_is_read_from_beside_the_file(project, capsys):
    write(project, {"asyncfix.toml": 'baseline = "nowhere.json"\n'})
    assert cli.main(["check"]) == 2
    assert "nowhere.json" in capsys.readouterr().err
    write(project, {"asyncfix.toml": 'baseline = "known.json"\n'})
    assert cli.main(["check"]) == 1


def test_the_output_format_is_a_setting(project, capsys):
    write(project, {"asyncfix.toml": 'output-format = "concise"\n'})
    cli.main(["check", "-q"])
    assert capsys.readouterr().out.startswith("app.py:14:5: error blocking-sleep")


def test_the_cache_has_its_folder(project):
    write(project, {"asyncfix.toml": 'cache-dir = "kept/here"\n'})
    cli.main(["check"])
    assert (project / "kept/here/CACHEDIR.TAG").exists()
    assert not (project / ".asyncfix_cache").exists()


def test_another_version_may_be_required(project, capsys):
    write(project, {"asyncfix.toml": 'required-version = ">=99"\n'})
    assert cli.main(["check"]) == 2
    assert ">=99 is required" in capsys.readouterr().err


def test_the_thread_api_is_what_helps_name(project, capsys):
    write(project, {"asyncfix.toml": 'thread-api = "anyio"\n'})
    cli.main(["check"])
    assert "anyio.to_thread.run_sync(" in capsys.readouterr().out


def test_help_is_written_for_the_oldest_python(project, capsys):
    write(project, {"asyncfix.toml": 'target-version = "py38"\n'})
    cli.main(["check"])
    assert "get_running_loop().run_in_executor(None, " in capsys.readouterr().out


def test_a_database_timeout_is_too_long_above_what_is_set(project, found):
    connect = "import asyncpg\nasync def f():\n    await asyncpg.connect(command_timeout=14)\n"
    write(project, {"app.py": connect, "asyncfix.toml": 'select = ["settings"]\n'})
    assert found() == ""
    write(project, {"asyncfix.toml": 'select = ["settings"]\nmax-database-timeout = 13\n'})
    assert found() == "app.py:3 long-database-timeout\n"


# keys whose effect is on fixes alone: test_fixing.py and test_rewrites_requests.py see to it
FIXING = {"fixable", "unfixable", "extend-safe-fixes", "extend-unsafe-fixes", "http-client"}
TESTED_ABOVE = {
    "force-exclude", "min-confidence", "preview", "baseline", "output-format", "cache-dir",
    "required-version", "thread-api", "target-version", "max-database-timeout",
}  # fmt: skip


def test_every_key_is_tested():
    assert {*CHANGES, *TESTED_ABOVE, *FIXING} == set(FIELDS)


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_a_key_that_is_nearly_right_is_a_mistake_that_names_it(key, project, capsys):
    write(project, {"asyncfix.toml": f"{key}x = 1\n"})

    assert cli.main(["check"]) == 2
    assert f"unknown key `{key}x`; did you mean `{key}`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "key", ["select", "ignore", "extend-select", "per-file-ignores", "severity"]
)
def test_a_rule_that_no_one_has_is_a_mistake(key, project, capsys):
    value = {"per-file-ignores": "{'*'=['blocking-htp']}", "severity": "{blocking-htp='info'}"}
    write(
        project, {"asyncfix.toml": f"{key} = {value.get(key, '[' + repr('blocking-htp') + ']')}\n"}
    )

    assert cli.main(["check"]) == 2
    assert "did you mean `blocking-http`?" in capsys.readouterr().err
