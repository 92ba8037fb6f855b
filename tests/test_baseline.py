"""The baseline: what it accepts, what leaves its fingerprints alone, and that it only shrinks."""

# ruff: noqa: E501 - the formatter has something to break
from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent

import pytest
from conftest import write

from asyncfix import cli
from asyncfix.fingerprints import bound, stable

APP = """\
import time
import requests


async def one(url):
    time.sleep(1)
    return requests.get(url, timeout=5)


async def two():
    time.sleep(1)
    time.sleep(1)
"""
FILE = ".asyncfix-baseline.json"


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path, {"pyproject.toml": "[tool.asyncfix]\n", "app.py": APP})
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def check(capsys, *arguments):
    return run(capsys, "check", "--output-format", "concise", *arguments)


def entries(project):
    return {k: v for k, v in json.loads((project / FILE).read_text()).items() if k != "version"}


def test_what_is_accepted_is_not_told_again(project, capsys):
    assert check(capsys)[0] == 1
    assert run(capsys, "baseline", "create") == (0, f"4 findings accepted in {FILE}.\n", "")

    code, out, _ = check(capsys)

    assert code == 0
    assert "All checks passed!\n4 findings accepted by the baseline.\n" in out
    assert check(capsys, "--no-baseline")[0] == 1
    assert len(entries(project)) == 4


def test_a_new_finding_is_told_alone(project, capsys):
    run(capsys, "baseline", "create")
    (project / "app.py").write_text(f"{APP}\n\nasync def three():\n    open('x')\n")

    code, out, _ = check(capsys)

    assert code == 1
    assert out.count("blocking-") == 1
    assert "app.py:16:5: warning blocking-file" in out


def test_one_more_of_the_same_is_one_new_finding(project, capsys):
    run(capsys, "baseline", "create")
    (project / "app.py").write_text(f"{APP}    time.sleep(1)\n")

    assert check(capsys)[1].count("blocking-sleep") == 1


def test_it_holds_from_any_folder_and_for_one_file(project, capsys, monkeypatch):
    run(capsys, "baseline", "create")
    (project / "sub").mkdir()

    assert check(capsys, "app.py")[0] == 0
    monkeypatch.chdir(project / "sub")
    assert check(capsys, "..")[0] == 0
    assert check(capsys, "../app.py")[0] == 0


def test_the_file_can_have_another_name_and_place(project, capsys, monkeypatch):
    write(project, {"pyproject.toml": '[tool.asyncfix]\nbaseline = "ci/known.json"\n', "ci/x": ""})
    run(capsys, "baseline", "create")
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")

    assert (project / "ci/known.json").exists()
    assert check(capsys, "..")[0] == 0
    assert check(capsys, "..", "--baseline", "../nothing.json")[0] == 2
    assert check(capsys, "..", "--baseline", "../ci/known.json")[0] == 0


def test_the_file_is_sorted_and_has_a_line_for_each(project, capsys):
    run(capsys, "baseline", "create")

    lines = (project / FILE).read_text().splitlines()

    assert (lines[0], lines[-2:]) == ("{", ['  "version": 1', "}"])
    assert [line.split("[")[1] for line in lines[1:-2]] == [
        '"app.py","blocking-http","app.one","requests.get"],',
        '"app.py","blocking-sleep","app.one","time.sleep"],',
        '"app.py","blocking-sleep","app.two","time.sleep"],',
        '"app.py","blocking-sleep","app.two","time.sleep"],',
    ]


def test_update_takes_out_what_is_gone_and_adds_nothing(project, capsys):
    run(capsys, "baseline", "create")
    before = entries(project)
    (project / "app.py").write_text(APP.replace("    time.sleep(1)\n", "    open('x')\n", 1))

    code, out, _ = run(capsys, "baseline", "update")

    assert (code, out) == (0, f"1 finding taken out of {FILE}, 3 left.\n")
    assert entries(project).items() < before.items()
    assert check(capsys)[0] == 1


def test_what_is_gone_is_an_error_in_ci_alone(project, capsys, monkeypatch):
    run(capsys, "baseline", "create")
    (project / "app.py").write_text(APP.replace("    time.sleep(1)\n", "", 1))

    code, out, err = check(capsys)
    assert (code, err) == (0, "")
    assert "1 finding of the baseline gone; `asyncfix baseline update` takes them out." in out

    monkeypatch.setenv("CI", "true")
    code, _, err = check(capsys)
    assert code == 2
    assert "accepts 1 finding that is gone; run `asyncfix baseline update`" in err
    assert "app.py: blocking-sleep in app.one (time.sleep)" in err
    assert check(capsys, "--new-only")[0] == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--min-severity", "error"),
        ("--ignore", "blocking-sleep"),
        ("--select", "blocking-http"),
        ("app.py",),
    ],
)
def test_what_is_only_not_looked_for_is_not_gone(options, project, capsys, monkeypatch):
    write(project, {"other.py": "async def handler():\n    open('x')\n"})
    run(capsys, "baseline", "create")
    monkeypatch.setenv("CI", "true")

    assert check(capsys, *options)[0] == 0


def test_a_part_of_the_project_says_nothing_of_the_rest(project, capsys, monkeypatch):
    write(project, {"lib/x.py": "async def handler():\n    open('x')\n"})
    run(capsys, "baseline", "create")
    monkeypatch.setenv("CI", "true")

    assert check(capsys, "lib")[0] == 0


def test_new_only_needs_a_baseline(project, capsys):
    assert "cannot read the baseline" in check(capsys, "--new-only")[2]
    assert run(capsys, "baseline", "update")[0] == 2
    assert not (project / FILE).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD\n", "conflict markers"),
        ('{"version": 7}', "version 7"),
        ("[]", "Expected `object`"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(text, said, project, capsys):
    (project / FILE).write_text(text)

    code, _, err = check(capsys)

    assert code == 2
    assert said in err


def test_two_branches_merge_without_conflict(project, capsys):
    """Each takes out another line, the last one among them."""
    write(project, {f"m{n}.py": f"async def f{n}():\n    open('{n}')\n" for n in range(6)})
    run(capsys, "baseline", "create")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "all")
    for name, gone in (("left", "app.py"), ("right", "m5.py")):
        git(project, "checkout", "-qb", name, "HEAD" if name == "left" else "left~1")
        (project / gone).write_text("")
        run(capsys, "baseline", "update")
        git(project, "commit", "-qam", name)

    git(project, "merge", "-q", "left", "-m", "both")

    assert len(entries(project)) == 5
    assert check(capsys)[0] == 0


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def test_statistics_count_by_rule(project, capsys):
    run(capsys, "baseline", "create")
    text = APP.replace("    time.sleep(1)\n", "    open('x')\n", 1)
    (project / "app.py").write_text(text)

    assert run(capsys, "baseline", "stats")[1] == dedent("""\
        accepted    gone     new  rule
               3       1       0  blocking-sleep
               1       0       0  blocking-http
               0       0       1  blocking-file
               4       1       1  in all
    """)


def test_a_report_from_the_cache_knows_another_baseline(project, capsys):
    check(capsys)
    run(capsys, "baseline", "create")
    assert check(capsys)[0] == 0
    (project / FILE).write_text('{"version": 1}')
    assert check(capsys)[0] == 1


# Fingerprints

SHAPES = """\
import requests

URL = "https://example.org"


class Client:
    async def load(self, name, *parts):
        answer = requests.post(URL + name, data={"a": "it's", 'b': r"\\d", "c": 0XFF, "d": 1E3}, timeout=(3, 5),)
        with requests.get(f"{URL}/{name!r}?{'x'}", headers={k: v for k, v in parts}) as response:
            return requests.put("a" "b", data=lambda item: item + answer, files=(name or response), verify=(yield))
"""


def fingerprints(capsys):
    out = run(capsys, "check", "--output-format", "json", "-n")[1]
    return [(each["fingerprint"], each["sink"]["qualname"]) for each in json.loads(out)]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f'"""Something above."""\n\nimport os\n{text}\n\nasync def below():\n    pass\n',
        lambda text: text.replace("answer", "reply").replace("response", "r"),
        lambda text: text.replace("name", "title").replace("k: v for k, v", "a: b for a, b"),
        lambda text: text.replace("item", "each"),
        lambda text: text.replace("URL + name", "(\n            URL + (name)  # why\n        )"),
        lambda text: text.replace('"a" "b"', '"ab"').replace('"it\'s"', "'it\\'s'"),
        lambda text: text.replace("0XFF", "0xff").replace("1E3", "1e3").replace("5),)", "5))"),
        lambda text: text.replace("    async", "\tasync").replace("    ", "\t"),
        lambda text: text.replace("\n", "\r\n"),
    ],
)  # fmt: skip
def test_a_fingerprint_stays(change, project, capsys):
    (project / "app.py").write_text(SHAPES)
    before = fingerprints(capsys)
    (project / "app.py").write_text(change(SHAPES), newline="")

    assert len(before) == 3
    assert fingerprints(capsys) == before


@pytest.mark.parametrize(
    "options", [(), ("--config", "line-length=40"), ("--config", "line-length=200")]
)
def test_the_formatter_changes_no_fingerprint(options, project, capsys):
    (project / "app.py").write_text(SHAPES)
    before = fingerprints(capsys)
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "-q", *options, "app.py"]
    pytest.importorskip("ruff")
    subprocess.run(ruff, cwd=project, check=True)

    assert (project / "app.py").read_text() != SHAPES
    assert fingerprints(capsys) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("URL +", "OTHER +"),
        lambda text: text.replace("timeout=(3", "timeout=(4"),
        lambda text: text.replace("async def load", "async def fetch"),
        lambda text: text.replace("requests.post", "requests.patch"),
    ],
)
def test_another_call_has_another_fingerprint(change, project, capsys):
    (project / "app.py").write_text(SHAPES)
    before = fingerprints(capsys)
    (project / "app.py").write_text(change(SHAPES))

    assert fingerprints(capsys) != before


def test_names_that_a_function_shares_are_not_its_own():
    code = dedent("""\
        def f(a, *, b):
            global shared
            shared = own = made
            with open(own) as file:
                pass
            match own:
                case {"x": x, **rest} | [*many]:
                    import os.path
            return [c for c in g(lambda d: d)]
    """)

    assert bound(code) == {"a", "b", "own", "file", "x", "rest", "many", "os", "c", "d"}


def test_what_is_no_expression_keeps_its_words():
    assert stable("with  open(x)\n  as y", frozenset()) == "with open(x) as y"
    assert bound("def broken(:") == frozenset()
