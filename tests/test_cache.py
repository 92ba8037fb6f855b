"""The cache: a second run says what the first said, and a bad cache is as good as none."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from asyncfix import cache as cache_module
from asyncfix import engine
from asyncfix.cache import Cache
from asyncfix.config import Config
from asyncfix.findings import Severity
from asyncfix.project import snapshot

APP = "import clock\n\nasync def handler():\n    clock.pause()\n"
CLOCK = "import time\n\ndef pause():\n    time.sleep(1)\n"
QUIET = "import time\n\ndef pause():\n    return 'no'   \n"


@pytest.fixture
def project(tmp_path):
    """Make a project of two files."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / "clock.py").write_text(CLOCK)
    return folder


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    """Return a cache folder that knows the packs and no project."""
    folder = tmp_path_factory.mktemp("packs")
    (folder / "app.py").write_text("")
    engine.check([folder / "app.py"], Config(project=str(folder)), cache=folder / "cache")
    return folder / "cache" / "packs.bin"


@pytest.fixture
def folder(tmp_path, packs):
    """Return a cache folder for one test."""
    made = tmp_path / "cache"
    made.mkdir()
    shutil.copy(packs, made)
    return made


def run(project, folder, **settings):
    config = Config(project=str(project), **settings)
    return replace(engine.check([project], config, cache=folder).report, seconds=0)


def findings(project, folder):
    return [each.code for each in run(project, folder).findings]


def test_a_warm_run_gives_an_equal_report(project, folder):
    cold = run(project, folder)
    warm = run(project, folder)

    assert (cold.cached, warm.cached) == (0, 2)
    assert replace(warm, cached=0) == cold
    assert warm.findings[0].trace


def test_facts_from_the_cache_give_an_equal_report(project, folder):
    cold = run(project, folder)
    for report in folder.glob("report-*"):
        report.unlink()
    warm = run(project, folder)

    assert warm.cached == 2
    assert replace(warm, cached=0) == cold


def test_a_run_without_a_cache_gives_an_equal_report(project, folder):
    assert run(project, None) == run(project, folder)


def test_a_run_without_a_cache_finds_out_nothing_that_only_a_later_run_would_ask_for(
    project, folder, monkeypatch
):
    def refused(_):
        raise AssertionError("a snapshot is taken of what nobody reads")

    linked, link = [], engine.link
    monkeypatch.setattr(engine, "link", lambda *a, **k: linked.append(link(*a, **k)) or linked[-1])
    monkeypatch.setattr(engine, "_KEPT", 0)
    monkeypatch.setattr(snapshot, "taken", refused)
    assert run(project, None).findings
    with pytest.raises(AssertionError):
        run(project, folder)

    untraced, traced = (each.project.typing for each in linked)
    assert (any(untraced.trace.masks), any(traced.trace.masks)) == (False, True)


def test_a_changed_file_is_read_again(project, folder):
    assert findings(project, folder) == ["clock.pause()"]

    (project / "clock.py").write_text(QUIET)
    assert findings(project, folder) == []

    (project / "clock.py").write_text(CLOCK)
    assert findings(project, folder) == ["clock.pause()"]


def test_a_changed_file_of_the_same_size_is_read_again(project, folder):
    assert findings(project, folder) == ["clock.pause()"]
    same = QUIET[: len(CLOCK)].ljust(len(CLOCK))
    (project / "clock.py").write_text(same)
    assert len(same) == len(CLOCK)
    assert findings(project, folder) == []


def test_files_that_come_and_go_are_noticed(project, folder):
    assert findings(project, folder) == ["clock.pause()"]

    (project / "more.py").write_text(APP)
    assert findings(project, folder) == ["clock.pause()", "clock.pause()"]

    (project / "clock.py").unlink()
    assert findings(project, folder) == []


def test_another_configuration_gives_another_report(project, folder):
    assert len(run(project, folder).findings) == 1
    assert run(project, folder, trusted=("clock.pause",)).findings == ()
    assert run(project, folder, ignore=("blocking-sleep",)).findings == ()
    lowered = run(project, folder, severity={"blocking-sleep": Severity.WARNING})
    assert lowered.findings[0].severity is Severity.WARNING
    assert len(run(project, folder).findings) == 1


def test_what_is_asked_for_decides_what_is_reported(project, folder):
    config = Config(project=str(project))
    whole = engine.check([project], config, cache=folder).report
    part = engine.check([project / "clock.py"], config, cache=folder).report
    again = engine.check([project], config, cache=folder).report

    assert len(whole.findings) == 1
    assert part.findings == ()
    assert again.findings == whole.findings


def test_another_pack_gives_another_report(project, folder):
    pack = project / "mine.toml"
    pack.write_text('trusted = ["clock.pause"]\n')
    assert len(run(project, folder).findings) == 1
    assert run(project, folder, packs=("mine.toml",)).findings == ()

    pack.write_text('trusted = ["clock.other"]\n')
    assert len(run(project, folder, packs=("mine.toml",)).findings) == 1


def truncated(data):
    return data[: len(data) // 2]


def flipped(data):
    return data[:-10] + bytes([data[-10] ^ 255]) + data[-9:]


def foreign(data):
    return b"SQLite format 3\0" + data


def other_shape(_data):
    return msgspec.msgpack.encode({"a": 1})


@pytest.mark.parametrize(
    "harm", [truncated, flipped, foreign, other_shape, lambda _: b"", lambda _: b"\n"]
)
def test_a_corrupt_cache_is_rebuilt_in_silence(project, folder, harm, capfd):
    expected = run(project, folder)
    for file in folder.glob("*.bin"):
        file.write_bytes(harm(file.read_bytes()))

    assert replace(run(project, folder), cached=0) == expected
    assert run(project, folder).cached == 2
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("what", ["__version__", "_FORMAT"])
def test_a_cache_of_another_version_is_rebuilt(project, folder, what, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(cache_module, what, "0.0.0")
        expected = run(project, folder)

    assert run(project, folder) == expected
    assert run(project, folder).cached == 2


def test_facts_of_another_shape_are_read_again(project, folder, monkeypatch):
    expected = run(project, folder)
    stored = Cache.facts
    raw = msgspec.Raw(msgspec.msgpack.encode(["not", "facts"]))

    def broken(store):
        known = stored(store)
        checksum = crc32(memoryview(raw))
        return {p: k._replace(facts=raw, checksum=checksum) for p, k in known.items()}

    monkeypatch.setattr(Cache, "facts", broken)
    for report in folder.glob("report-*"):
        report.unlink()

    assert replace(run(project, folder), cached=0) == expected


def test_damaged_facts_are_read_again(project, folder):
    expected = run(project, folder)
    facts = folder / "facts.bin"
    data = facts.read_bytes()
    damaged = data.replace(b"sleep", b"slopp")
    assert damaged != data
    head, _, table = data.partition(b"\n")
    length = 8 + int.from_bytes(table[:8], "big")
    facts.write_bytes(head + b"\n" + table[:length] + damaged[len(head) + 1 + length :])
    for report in folder.glob("report-*"):
        report.unlink()

    again = run(project, folder)

    assert replace(again, cached=0) == expected
    assert again.cached == 2


def test_folders_in_the_place_of_files_are_done_without(project, folder):
    expected = run(project, None)
    (folder / "facts.bin").mkdir()

    assert run(project, folder) == expected


def test_the_cache_marks_its_folder(project, tmp_path):
    run(project, tmp_path / "deep" / "cache")

    made = tmp_path / "deep" / "cache"
    assert (made / ".gitignore").read_text() == "*\n"
    assert (made / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f068")
    assert {each.suffix for each in made.iterdir()} <= {".bin", ".TAG", ""}


def test_no_temporary_files_are_left(project, folder):
    run(project, folder)
    run(project, folder)

    assert all(
        each.suffix == ".bin" or each.name in (".gitignore", "CACHEDIR.TAG")
        for each in folder.iterdir()
    )


def test_a_cache_that_cannot_be_written_is_no_error(project, tmp_path):
    expected = run(project, None)
    blocked = tmp_path / "file"
    blocked.write_text("")

    assert run(project, blocked) == expected
    assert run(project, blocked / "below") == expected
    assert blocked.read_text() == ""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_no_error(project, folder):
    expected = run(project, None)
    folder.chmod(0o500)
    try:
        assert run(project, folder) == expected
    finally:
        folder.chmod(0o700)


def codes(arguments):
    project, folder = arguments
    return findings(Path(project), Path(folder))


def test_two_runs_at_once_in_threads(project, folder):
    jobs = [(str(project), str(folder))] * 4
    with ThreadPoolExecutor(2) as executor:
        assert list(executor.map(codes, jobs)) == [["clock.pause()"]] * 4


def test_two_runs_at_once_in_processes(project, folder):
    jobs = [(str(project), str(folder))] * 4
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert list(executor.map(codes, jobs)) == [["clock.pause()"]] * 4
    assert run(project, folder).cached == 2


def test_two_runs_at_once_over_different_files_are_both_right(project, folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(project, other)
    (other / "clock.py").write_text(QUIET)
    jobs = [(str(project), str(folder)), (str(other), str(folder))] * 3
    with ThreadPoolExecutor(2) as executor:
        assert list(executor.map(codes, jobs)) == [["clock.pause()"], []] * 3
