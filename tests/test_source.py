"""Files and texts: which are found, how they are decoded, where offsets stand."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from asyncfix.config import Config
from asyncfix.findings import AsyncfixError
from asyncfix.source import Text, discover, matcher


@pytest.fixture
def tree(tmp_path):
    def make(*names, **texts):
        (tmp_path / "pyproject.toml").touch()
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts.get(name, ""))
        return tmp_path

    return make


def found(root, *paths, **settings):
    return discover([root / path for path in paths] or [root], Config(**settings)).files


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_finds_python_files_and_stubs_in_order(tree):
    root = tree("b.py", "a/z.pyi", "a/b.py", "note.ipynb", "README.md", "script")

    assert found(root) == ("a/b.py", "a/z.pyi", "b.py")


@pytest.mark.parametrize("folder", [".venv", "node_modules", "build", "a/site-packages"])
def test_skips_folders_that_hold_no_code_of_the_project(tree, folder):
    assert found(tree("a.py", f"{folder}/b.py")) == ("a.py",)


def test_exclude_replaces_the_usual_folders_and_extend_exclude_adds(tree):
    root = tree("a.py", "build/b.py", "gen/c.py", "x/gen/d.py", "x/e_pb2.py")

    assert found(root, exclude=("gen",)) == ("a.py", "build/b.py", "x/e_pb2.py")
    assert found(root, extend_exclude=("/gen", "*_pb2.py")) == ("a.py", "x/gen/d.py")


def test_gitignore_files_hold_at_every_level(tree):
    root = tree("a.py", "out/b.py", "x/local.py", "x/keep.py", "x/y/local.py", "tmp_1.py")
    write(root / ".gitignore", "# comment\n/out/\ntmp_*.py\nlocal.py\n\\#odd\n")
    write(root / "x/y/.gitignore", "!local.py\n")

    assert found(root) == ("a.py", "x/keep.py", "x/y/local.py")
    assert "out/b.py" in found(root, respect_gitignore=False)


def test_an_outer_gitignore_holds_inside_its_repository(tree):
    root = tree("a.py")
    write(root / ".git/info/exclude", "secret.py\n")
    write(root / ".gitignore", "*_gen.py\n/sub/hidden.py\n")
    for name in ("pyproject.toml", "a_gen.py", "hidden.py", "secret.py", "plain.py"):
        write(root / "sub" / name, "")

    assert found(root / "sub") == ("plain.py",)


@pytest.mark.parametrize(
    "patterns",
    ["*.py[co]\nbuild*/\n!build_tools/\n", "**/gen/*\n!gen/keep.py\n", "a/**/c.py\n/x/*\n!/x/y\n"],
)
def test_agrees_with_git(tree, patterns):
    names = ("a.py", "a/b/c.py", "build_x/a.py", "build_tools/a.py", "gen/keep.py", "gen/b.py")
    root = tree(*names, "x/a.py", "x/y/a.py", "d/gen/keep.py")
    write(root / ".gitignore", patterns)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )

    assert list(found(root)) == sorted(listing.stdout.split())


def test_a_file_is_reported_alone_but_its_project_is_indexed(tree):
    root = tree("a.py", "b/c.py")

    discovery = discover([root / "b/c.py"], Config())

    assert discovery.root == root
    assert discovery.files == ("a.py", "b/c.py")
    assert discovery.reported == {"b/c.py"}


def test_a_named_file_is_taken_though_excluded_unless_forced(tree):
    root = tree("a.py", "build/b.py", "gen/c.py")
    named = ("build/b.py", "gen/c.py")

    taken = discover([root / name for name in named], Config(extend_exclude=("gen/",)))
    forced = discover(
        [root / name for name in named], Config(extend_exclude=("gen/",), force_exclude=True)
    )

    assert taken.files == ("a.py", *named)
    assert taken.reported == set(named)
    assert forced.files == ()
    assert forced.reported == set()


def test_a_folder_is_indexed_alone(tree):
    root = tree("a.py", "b/c.py")

    assert discover([root / "b"], Config()).files == ("b/c.py",)


def test_links_to_folders_are_not_followed(tree):
    root = tree("a/b.py")
    (root / "a/loop").symlink_to(root, target_is_directory=True)
    (root / "gone.py").symlink_to(root / "nowhere.py")

    assert found(root) == ("a/b.py",)


def test_a_folder_that_cannot_be_read_is_told(tree, monkeypatch):
    root = tree("a.py", "b/c.py")
    scandir = os.scandir

    def refuse(folder):
        if folder == str(root / "b"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    discovery = discover([root], Config())

    assert discovery.errors == ("cannot read b: Permission denied",)
    assert discovery.files == ("a.py",)


def test_a_path_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(AsyncfixError, match="nowhere: no such file or folder"):
        discover([tmp_path / "nowhere"], Config())


def test_stats_come_with_the_files(tree):
    root = tree("a.py")
    stat = (root / "a.py").stat()

    assert discover([root], Config()).stats == {"a.py": (stat.st_mtime_ns, stat.st_size)}


def test_paths_outside_the_project_move_the_root_up(tree, tmp_path):
    tree("one/pyproject.toml", "one/a.py", "two/b.py")

    discovery = discover([tmp_path / "one", tmp_path / "two"], Config())

    assert discovery.root == tmp_path
    assert discovery.files == ("one/a.py", "two/b.py")


def test_thousands_of_files_are_found_quickly(tree):
    root = tree()
    write(root / ".gitignore", "\n".join(f"*.x{i}\nfolder{i}/" for i in range(50)))
    for folder in range(50):
        (root / f"p{folder}").mkdir()
        for file in range(40):
            (root / f"p{folder}/m{file}.py").touch()
    begun = time.process_time()

    assert len(found(root)) == 2000
    assert time.process_time() - begun < 0.5  # 0.05 s of the processor where nothing else runs


def test_a_matcher_speaks_of_paths():
    match = matcher(["tests/", "*_gen.py"])

    assert match("tests/a/b.py")
    assert match("x/y_gen.py")
    assert not match("src/a.py")


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"x = 1\n", "x = 1\n", "utf-8"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n", "utf-8-sig"),
        (b"#!/bin/x\n# -*- coding: latin-1 -*-\nx = '\xe4'\n", None, "iso-8859-1"),
        ("# ä\r\n".encode(), "# ä\r\n", "utf-8"),
    ],
)
def test_decodes_as_python_does(raw, text, encoding):
    read = Text.decode("a.py", raw)

    assert read.encoding == encoding
    assert read.text == (text or raw.decode("latin-1"))
    assert read.data == read.text.encode()


@pytest.mark.parametrize("cookie", ["nonsense", "rot13"])
def test_a_cookie_that_names_no_encoding_is_a_syntax_error(cookie):
    with pytest.raises(SyntaxError):
        Text.decode("a.py", f"# coding: {cookie}\n".encode())


def test_bytes_that_are_not_utf8_are_an_error():
    with pytest.raises(UnicodeDecodeError):
        Text.decode("a.py", b"x = '\xe4'\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_positions_count_characters_whatever_the_newline(newline):
    text = Text.decode("a.py", f"ab{newline}ä漢x = 1{newline}{newline}end".encode())

    assert text.newline == newline
    assert text.position(text.data.index(b"x")) == (2, 3)
    assert text.position(len(text.data)) == (4, 4)
    assert text.position(10_000) == (4, 4)
    assert [text.line(row) for row in range(6)] == ["", "ab", "ä漢x = 1", "", "end", ""]


def test_form_feeds_and_unicode_line_ends_are_no_new_rows():
    text = Text("a.py", "a\x0cb\u2028c\nd")

    assert text.position(text.data.index(b"d")) == (2, 1)


def test_the_last_row_may_be_empty():
    assert Text("a.py", "a\n").position(2) == (2, 1)
    assert Text("a.py", "").position(0) == (1, 1)


def test_reads_relative_to_the_root(tmp_path):
    (tmp_path / "a.py").write_bytes(b"x\n")

    assert Text.read(Path(tmp_path), "a.py") == Text("a.py", "x\n")
