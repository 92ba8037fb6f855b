"""Writing changed files: all or none, whatever happens; and undo."""

from __future__ import annotations

import itertools
import os
import random
import signal
import stat
import subprocess
import sys

import pytest
from conftest import write as write_files

from asyncfix.changes import journal, writing
from asyncfix.changes.repository import uncommitted
from asyncfix.findings import AsyncfixError

OLD = {f"pkg/m{number}.py": f"x = {number}\n" * (1 + number % 7) for number in range(12)}
NEW = {path: f"# new\n{text}" for path, text in OLD.items()}


@pytest.fixture
def root(tmp_path):
    write_files(tmp_path / "project", OLD)
    return tmp_path / "project"


def changes(new=NEW):
    return {path: (OLD[path].encode(), text.encode()) for path, text in new.items()}


def texts(root):
    return {path: (root / path).read_text() for path in OLD}


def strays(root):
    return [path.name for path in root.rglob(".*.asyncfix")]


def test_what_is_written_can_be_undone(root):
    cache = root / ".cache"

    writing.write(root, cache, changes())
    assert texts(root) == NEW
    assert not strays(root)

    undone = writing.undo(root, cache, force=False)
    assert texts(root) == OLD
    assert len(undone.restored) == len(OLD)


def test_the_writes_are_undone_one_after_the_other(root):
    cache, path = root / ".cache", "pkg/m1.py"
    writing.write(root, cache, {path: (OLD[path].encode(), b"one")})
    writing.write(root, cache, {path: (b"one", b"two")})

    writing.undo(root, cache, force=False)
    assert (root / path).read_bytes() == b"one"
    writing.undo(root, cache, force=False)
    assert (root / path).read_text() == OLD[path]
    with pytest.raises(AsyncfixError, match="nothing to undo"):
        writing.undo(root, cache, force=False)


def test_only_the_last_writes_are_kept(root):
    cache, path = root / ".cache", "pkg/m1.py"
    last = OLD[path].encode()
    for number in range(13):
        writing.write(root, cache, {path: (last, b"%d" % number)})
        last = b"%d" % number

    assert len(journal.journals(cache)) == 10


def test_undo_leaves_files_alone_that_were_changed_since_unless_forced(root):
    cache = root / ".cache"
    writing.write(root, cache, changes())
    (root / "pkg/m3.py").write_text("mine\n")

    with pytest.raises(AsyncfixError, match=r"pkg/m3\.py \(has changed\)"):
        writing.undo(root, cache, force=False)
    assert texts(root) == NEW | {"pkg/m3.py": "mine\n"}

    writing.undo(root, cache, force=True)
    assert texts(root) == OLD


def test_undo_brings_back_a_file_that_is_gone_only_when_forced(root):
    cache = root / ".cache"
    writing.write(root, cache, changes())
    (root / "pkg/m3.py").unlink()

    with pytest.raises(AsyncfixError, match="is gone"):
        writing.undo(root, cache, force=False)
    writing.undo(root, cache, force=True)
    assert texts(root) == OLD


def test_modes_are_kept_both_ways(root):
    cache, path = root / ".cache", root / "pkg/m1.py"
    path.chmod(0o751)

    writing.write(root, cache, changes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    writing.undo(root, cache, force=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o751


def test_a_file_that_changed_since_it_was_read_stops_the_write(root):
    (root / "pkg/m9.py").write_text("mine\n")

    with pytest.raises(AsyncfixError, match=r"m9\.py is not what it was when it was read"):
        writing.write(root, root / ".cache", changes())
    assert texts(root) == OLD | {"pkg/m9.py": "mine\n"}


def test_a_file_that_is_gone_stops_the_write(root):
    (root / "pkg/m9.py").unlink()

    with pytest.raises(AsyncfixError, match=r"nothing was changed: pkg/m9\.py: No such file"):
        writing.write(root, root / ".cache", changes())


def test_a_read_only_file_stops_the_write(root):
    (root / "pkg/m9.py").chmod(0o444)

    with pytest.raises(AsyncfixError, match=r"m9\.py is read-only"):
        writing.write(root, root / ".cache", changes())
    assert texts(root) == OLD


def test_a_link_is_followed_within_the_project_and_stays_a_link(root):
    target, link = root / "pkg/m1.py", root / "pkg/m2.py"
    link.unlink()
    link.symlink_to(target)

    new = {"pkg/m2.py": (OLD["pkg/m1.py"].encode(), b"new\n")}
    writing.write(root, root / ".cache", new)

    assert link.is_symlink()
    assert target.read_bytes() == b"new\n"


def test_a_link_out_of_the_project_stops_the_write(root, tmp_path):
    outside, link = tmp_path / "outside.py", root / "pkg/m1.py"
    outside.write_text("x\n")
    link.unlink()
    link.symlink_to(outside)

    with pytest.raises(AsyncfixError, match="is a link out of"):
        writing.write(root, root / ".cache", {"pkg/m1.py": (b"x\n", b"y\n")})
    assert outside.read_text() == "x\n"


@pytest.mark.parametrize("failing", [0, 7, 11, 12, 17, 23])
def test_a_full_disk_or_an_interrupt_leaves_everything_as_it_was(root, monkeypatch, failing):
    """The first 12 calls write the new files beside the old ones, the others put them in place."""
    calls = iter(range(1000))
    prepare, replace = writing._prepare, type(root).replace  # noqa: SLF001 - made to fail

    def count(original, error):
        def call(*arguments):
            if next(calls) == failing:
                raise error
            return original(*arguments)

        return call

    monkeypatch.setattr(writing, "_prepare", count(prepare, OSError(28, "No space left")))
    if failing >= 12:
        begin = journal.begin

        def begun(*arguments):
            kept = begin(*arguments)
            monkeypatch.setattr(type(root), "replace", count(replace, KeyboardInterrupt()))
            return kept

        monkeypatch.setattr(journal, "begin", begun)

    with pytest.raises((AsyncfixError, KeyboardInterrupt)):
        writing.write(root, root / ".cache", changes())
    assert texts(root) == OLD
    assert not strays(root)
    monkeypatch.undo()
    assert not journal.journals(root / ".cache")


def test_an_interrupted_write_is_told_about_and_blocks_the_next(root):
    cache = root / ".cache"
    journal.begin(cache, root, changes())

    with pytest.raises(AsyncfixError, match="interrupted"):
        writing.write(root, cache, changes())
    assert writing.keep(root, cache) == 12
    writing.write(root, cache, changes())


def lines_counted(then):
    """Return a trace function that calls `then` with the number of each line of a write."""
    ours, count = {writing.__file__, journal.__file__}, itertools.count()

    def trace(frame, event, _argument):
        if frame.f_code.co_filename not in ours:
            return None
        if event == "line":
            then(next(count))
        return trace

    return trace


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a child process")
def test_a_write_that_is_killed_at_any_point_leaves_whole_files_and_can_be_undone(root):
    cache, seen = root / ".cache", []
    sys.settrace(lines_counted(seen.append))
    writing.write(root, cache, changes())
    sys.settrace(None)
    writing.undo(root, cache, force=False)
    states = set()
    for last in random.Random(7).sample(range(len(seen)), 100):  # noqa: S311 - points in code
        child = os.fork()
        if not child:
            sys.settrace(lines_counted(lambda line, last=last: line == last and die()))
            writing.write(root, cache, changes())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL

        now = texts(root)
        changed = sum(now[path] == NEW[path] for path in OLD)
        assert all(now[path] in (OLD[path], NEW[path]) for path in OLD)
        states.add("old" if not changed else "new" if changed == len(OLD) else "mixed")
        kept = journal.journals(cache)
        assert kept or not changed
        if kept:
            writing.undo(root, cache, force=False)
        assert texts(root) == OLD
        assert not strays(root)
    assert states == {"old", "mixed", "new"}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_files_that_git_knows_and_that_have_changed_are_named(root):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)

    assert uncommitted(root, OLD) == ()
    git("init", "-q")
    git("add", "pkg")
    git("commit", "-q", "-m", "all")
    assert uncommitted(root, OLD) == ()
    (root / "pkg/m1.py").write_text("changed\n")
    (root / "pkg/ä b.py").write_text("new\n")

    assert uncommitted(root, ["pkg/m2.py"]) == ()
    assert set(uncommitted(root, ["pkg/m1.py", "pkg/ä b.py"])) == {"pkg/m1.py", "pkg/ä b.py"}
