"""What the pages show is true: commands run, configurations load, workflows are valid.

The commands of a block run one after the other in a copy of docs/example, and what they say must
be what the page shows, if it shows anything. `python tests/test_docs.py` writes it anew.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pages import EXAMPLE, PAGES, ROOT, Shell, blocks, commands
from ruamel.yaml import YAML

from asyncfix import __version__, cli, config, engine, packs
from asyncfix.commands import COMMANDS

sys.path.insert(0, str(ROOT / "docs"))
import picture
import site_pages as site

# Commands that install something or never end, and the tests in which they are run.
ELSEWHERE = {
    "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/asyncfix check "
    "fixtures/deals_api/before": "test_packaging.py",
    ".venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest": "test_packaging.py",
    "pipx run --spec . asyncfix check": "test_packaging.py",
    "pipx install /path/to/asyncfix": "test_packaging.py",
    "pre-commit run --all-files": "test_pre_commit.py",
    "asyncfix check --watch": "test_watch.py",
    ".ci/run": "CI itself",
}
SCHEMAS = {".gitlab-ci.yml": "vendor.gitlab-ci", "mkdocs.yml": "vendor.mkdocs"}
STORIES = {"quick-start.md"}  # pages whose blocks go on where the one before ended


def names(page):
    return str(page.relative_to(ROOT))


def of(*languages):
    """Return every block of some languages, with its page, as parameters of a test."""
    return [
        pytest.param(block, id=f"{names(page)}:{block.row}")
        for page in sorted(PAGES)
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language in languages
    ]


def test_every_block_says_what_it_is():
    known = {"console", "python", "toml", "yaml", "diff", "html", "sh"}
    odd = [param.id for param in of("")]
    odd += [
        f"{names(page)}:{block.row}"
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language not in known
    ]

    assert odd == []


@pytest.mark.parametrize("page", sorted(PAGES), ids=names)
def test_commands_say_what_the_page_shows(page, tmp_path):
    text = page.read_text(encoding="utf-8")

    assert followed(page, tmp_path) == text, "`python tests/test_docs.py` shows what is said now"


def followed(page, folder):
    """Do what a page tells to do; return the page with what the commands say now."""
    text = page.read_text(encoding="utf-8")
    found, at, shell = [], 0, None
    for block in blocks(text):
        if shell is None or page.name not in STORIES:
            shell = Shell(folder / str(block.row))
        if block.language == "diff":
            shell.apply(block.text)
        if block.language != "console":
            continue
        found.append(text[at : block.start])
        at = block.start + len(block.text)
        assert text[block.start : at] == block.text, "a console block is not indented"
        for command in commands(block.text):
            line = command.line.partition("  #")[0].rstrip()
            found.append(f"$ {command.line}\n")
            if line in ELSEWHERE:
                continue
            code, said = shell.run(line)
            assert code < 2, f"{line}: {said}"
            if command.shown:
                found.append(f"{said}\n")
    return "".join(found) + text[at:]


@pytest.mark.parametrize("block", of("python"))
def test_python_can_be_parsed_and_its_comments_mean_something(block, tmp_path):
    compile(block.text, "page", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    (tmp_path / "page.py").write_text(block.text)
    found = engine.check([tmp_path], config.Config(select=("unknown-suppression",)))

    assert found.report.findings == ()


@pytest.mark.parametrize("block", of("toml"))
def test_tables_load(block, tmp_path):
    if block.title == "pyproject.toml":
        for name in ("our-clients.toml", "tools/our-clients.toml"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        (tmp_path / block.title).write_text(block.text)
        assert "asyncfix" in block.text
        config.load(tmp_path, {}, {})
    else:
        assert packs.load(packs.builtin_texts() | {"page": block.text})


@pytest.mark.parametrize("block", of("yaml"))
def test_workflows_are_valid(block, tmp_path):
    if block.title == ".pre-commit-config.yaml":
        offered = {hook["id"] for hook in YAML().load(ROOT / ".pre-commit-hooks.yaml")}
        (repo,) = YAML().load(block.text)["repos"]
        assert {hook["id"] for hook in repo["hooks"]} <= offered
        assert repo["rev"] == f"v{__version__}"
        return
    schema = SCHEMAS.get(block.title, "vendor.github-workflows")
    path = tmp_path / "workflow.yml"
    path.write_text(block.text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_to_add_a_library_is_to_add_the_file_that_contributing_shows(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code, pack = (
        next(block for block in blocks(text) if block.language == language)
        for language in ("python", "toml")
    )
    assert not (ROOT / pack.title).exists()
    (tmp_path / code.title).write_text(code.text)

    def places(*own):
        settings = config.Config(packs=own, project=str(tmp_path))
        findings = engine.check([tmp_path], settings).report.findings
        return [(each.rule, each.symbol, len(each.trace)) for each in findings]

    assert places() == []
    (tmp_path / "caldav.toml").write_text(pack.text)
    assert places("caldav.toml") == [("blocking-network", "calendar.overview", 2)]


def test_every_command_key_and_rule_has_its_place_in_the_site():
    pages = site.generated()

    assert all(f"## asyncfix {name}" in pages["command-line.md"] for name in COMMANDS)
    assert all(f"\n| `{key}` |" in pages["configuration.md"] for key in config.FIELDS)
    rules = packs.load(packs.builtin_texts()).rules
    assert all(f"# {name}\n" in pages[f"rules/{name}.md"] for name in rules)
    assert all(f"]({name}.md)" in pages["rules/index.md"] for name in rules)


def test_the_picture_shows_what_is_printed():
    def words(picture):
        return re.findall("<text[^>]*>(.*?)</text>", picture)

    shown = words(picture.PICTURE.read_text(encoding="utf-8"))
    assert shown == words(picture.picture()), "`python docs/picture.py` draws it anew"
    assert "=&#160;" in "".join(shown)


def test_the_stages_are_those_of_the_engine():
    page = (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8")

    assert f"**{' → '.join(engine.__doc__.partition(': ')[2][:-1].split(', '))}**" in page


def test_the_example_blocks_as_its_pages_say(monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLE)

    assert cli.main(["check", "--no-cache", "--output-format", "concise"]) == 1
    assert "[via in_dollars" in capsys.readouterr().out


if __name__ == "__main__":
    for each in sorted(PAGES):
        with tempfile.TemporaryDirectory() as place:
            each.write_text(followed(each, Path(place)), "utf-8")
