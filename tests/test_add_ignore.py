"""`--add-ignore`: comments at everything that is reported, and not a byte more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asyncfix import cli

HEAD = "import time\nimport requests\n\nasync def handler(x, cond):\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text("[tool.asyncfix]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def added(project, capsys):
    """Return a function that writes a file, adds comments, checks, and gives the new bytes."""

    def run(text, *options):
        data = text if isinstance(text, bytes) else text.encode()
        (project / "app.py").write_bytes(data)
        assert cli.main(["check", "--add-ignore", *options]) == 0, capsys.readouterr().err
        once = (project / "app.py").read_bytes()
        assert cli.main(["check", *options]) == 0, capsys.readouterr().out
        assert cli.main(["check", "--add-ignore", *options]) == 0
        assert (project / "app.py").read_bytes() == once
        return once

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("time.sleep(1)", "time.sleep(1)  # asyncfix: ignore[blocking-sleep]"),
        ("time.sleep(1)  ", "time.sleep(1)  # asyncfix: ignore[blocking-sleep]  "),
        ("time.sleep(1) # why", "time.sleep(1) # why  # asyncfix: ignore[blocking-sleep]"),
        (
            "time.sleep(requests.get(x).n)",
            "time.sleep(requests.get(x).n)  # asyncfix: ignore[blocking-sleep, blocking-http]",
        ),
        (
            "time.sleep(open(x))  # asyncfix: ignore[blocking-sleep] a # nosec",
            "time.sleep(open(x))  # asyncfix: ignore[blocking-sleep, blocking-file] a # nosec",
        ),
        (
            "requests.get(\n        x,\n    )",
            "requests.get(\n        x,\n    )  # asyncfix: ignore[blocking-http]",
        ),
        (
            "y = [\n        requests.get(x),\n        1,\n    ]",
            "y = [\n        requests.get(x),  # asyncfix: ignore[blocking-http]\n        1,\n    ]",
        ),
        (
            'f(requests.get(x), """\n""",\n        1)',
            'f(requests.get(x), """\n""",\n        1)  # asyncfix: ignore[blocking-http]',
        ),
        (
            "y = requests.get(x) or \\\n        1",
            "y = requests.get(x) or \\\n        1  # asyncfix: ignore[blocking-http]",
        ),
        (
            "for y in requests.get(x): pass",
            "for y in requests.get(x): pass  # asyncfix: ignore[blocking-http]",
        ),
        (
            "with open(x) as file:\n        pass",
            "with open(x) as file:  # asyncfix: ignore[blocking-file]\n        pass",
        ),
        (
            "pass  # asyncfix: ignore[blocking-http]",
            "pass  # asyncfix: ignore[blocking-http, unused-suppression]",
        ),
        (
            "# asyncfix: ignroe[blocking-http]",
            "# asyncfix: ignroe[blocking-http]  # asyncfix: ignore[unknown-suppression]",
        ),
    ],
)
def test_a_comment_goes_to_the_end_of_the_row(before, after, added):
    text = f"{HEAD}    pass\n    {before}\n"

    assert added(text).decode() == f"{HEAD}    pass\n    {after}\n"


def test_a_reason_is_told(added, project):
    (project / "app.py").write_text(f"{HEAD}    time.sleep(1)\n")

    assert cli.main(["check", "--add-ignore=until #12"]) == 0
    assert (project / "app.py").read_text().endswith("ignore[blocking-sleep] until #12\n")
    added((project / "app.py").read_bytes())


@pytest.mark.parametrize(
    ("encoding", "head"),
    [("utf-8", ""), ("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n")],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_encoding_newlines_and_the_rest_are_kept(encoding, head, newline, end, added):
    if head and newline == "\r":
        pytest.skip("where only carriage returns end rows, no cookie is found")
    text = f"{head}{HEAD}\tüü = 'ä'; time.sleep(1)\n\tx='é'\f\n\n\trequests.get('ö'){end}"
    data = text.replace("\n", newline).encode(encoding)

    new = added(data)

    for rule in (b"sleep", b"http"):
        new = new.replace(b"  # asyncfix: ignore[blocking-%s]" % rule, b"")
    assert new == data


def test_one_after_the_other_reason_at_one_place_is_silenced(added):
    text = f"""{HEAD}    load()

def load():
    requests.get("x")
    time.sleep(1)
"""

    assert b"load()  # asyncfix: ignore[blocking-http, blocking-sleep]\n" in added(text)


def test_a_file_that_does_not_parse_is_silenced_at_its_top(added):
    text = "#!/usr/bin/env python\n# coding: utf-8\ndef broken(:\n"

    lines = added(text).decode().splitlines()

    assert lines[2:] == ["# asyncfix: file-ignore[unparsable-file]", "def broken(:"]


def test_undo_takes_the_comments_back(added, project):
    text = f"{HEAD}    time.sleep(1)\n"
    added(text)

    assert cli.main(["undo"]) == 0
    assert (project / "app.py").read_text() == text


def test_the_mode_and_links_stay(project):
    (project / "real.txt").write_text(f"{HEAD}    time.sleep(1)\n")
    (project / "real.txt").chmod(0o750)
    (project / "app.py").symlink_to("real.txt")

    assert cli.main(["check", "--add-ignore"]) == 0
    assert (project / "app.py").is_symlink()
    assert (project / "real.txt").stat().st_mode & 0o777 == 0o750
    assert "# asyncfix" in (project / "real.txt").read_text()


def test_only_what_is_reported_is_silenced(project):
    (project / "app.py").write_text(f"{HEAD}    time.sleep(1)\n    requests.get(x)\n")
    (project / "other.py").write_text(f"{HEAD}    time.sleep(1)\n")

    assert cli.main(["check", "app.py", "--add-ignore", "--select", "blocking-http"]) == 0
    assert (project / "app.py").read_text().count("# asyncfix: ignore[blocking-http]") == 1
    assert "sleep]" not in (project / "app.py").read_text()
    assert "# asyncfix" not in (project / "other.py").read_text()


def test_what_cannot_be_silenced_is_told(project, capsys):
    (project / "app.py").write_bytes(b"x = '\xff'\n")

    assert cli.main(["check", "--add-ignore"]) == 1
    assert "cannot silence unparsable-file in app.py" in capsys.readouterr().err
    assert (project / "app.py").read_bytes() == b"x = '\xff'\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--add-ignore=a\nb"], "a reason is one line"),
        (["--add-ignore", "--staged"], "--add-ignore excludes --staged"),
        (["--add-ignore", "--ignore-suppressions"], "--add-ignore excludes"),
        (["--add-ignore", "-", "--stdin-filename", "a.py"], "--add-ignore"),
    ],
)
def test_what_makes_no_sense_is_an_error(options, said, project, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", (project / "pyproject.toml").open())

    assert cli.main(["check", *options]) == 2
    assert said in capsys.readouterr().err


def test_the_formatter_keeps_it_green(added):
    lines = [
        "response = requests.get('https://example.org/a/rather/long', params={'a': x, 'b': 1})",
        "return [requests.get(x), requests.get(cond), requests.get('a'), requests.get('b'), 1, 2]",
        "with open(x) as one, open(cond) as other: pass",
        "if requests.get(x) and requests.get(x, timeout=5) and requests.get(cond): return None",
    ]
    added(HEAD + "".join(f"    {line}\n" for line in lines))
    pytest.importorskip("ruff")
    for length in ("88", "40", "200"):
        ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "-q"]
        subprocess.run([*ruff, "--config", f"line-length={length}", "app.py"], check=True)

        assert cli.main(["check"]) == 0
