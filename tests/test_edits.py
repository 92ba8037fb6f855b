"""Edits and diffs: what is not edited stays byte for byte, and git takes the diffs back."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncfix.changes.diffs import patch, shown, unified
from asyncfix.changes.edits import changed, moved, overlap, sound, tidied
from asyncfix.findings import Edit, Location
from asyncfix.source import Text

TEXTS = st.text(st.sampled_from("ab#\t \n\r\\é→😀\x0c\u2028"), max_size=60)


def edit(start, end, text, path="a.py"):
    return Edit(Location(path, start, end), text)


@st.composite
def edited(draw):
    """Return a text and edits of it that do not touch, at the borders of its characters."""
    source = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(source)), max_size=8)))
    borders = [len(source[:cut].encode()) for cut in cuts]
    pairs = list(zip(borders[::2], borders[1::2], strict=False))
    return source, [edit(start, end, draw(TEXTS)) for start, end in pairs]


@given(edited())
def test_bytes_that_no_edit_covers_stay(pair):
    source, edits = pair
    text = Text("a.py", source)
    edits = tidied(text, edits)

    after = changed(text, edits)

    at = 0
    for start, each in zip([0, *(e.location.end for e in edits)], [*edits, None], strict=True):
        end = each.location.start if each else len(text.data)
        kept = text.data[start:end]
        found = after.data.index(kept, at)
        assert kept == after.data[found : found + len(kept)]
        if each:
            place = moved(each.location, edits)
            assert after.data[at:].startswith(kept)
            at = place.end
        else:
            assert after.data[at:] == kept


@given(edited(), st.integers(0, 60))
def test_a_place_outside_of_the_edits_moves_along(pair, offset):
    source, edits = pair
    text = Text("a.py", source)
    edits = tidied(text, edits)
    offset = min(offset, len(text.data))
    if any(e.location.start <= offset <= e.location.end for e in edits):
        return

    place = moved(Location("a.py", offset, offset), edits)

    assert place.start == place.end
    rest = text.data[
        offset : min((e.location.start for e in edits if e.location.start > offset), default=None)
    ]
    assert changed(text, edits).data[place.start :].startswith(rest)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TEXTS.filter(str.strip), edited(), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_git_applies_a_patch_to_the_byte(tmp_path, head, pair, encoding):
    source, edits = pair
    before = Text("a b.py", head + source, encoding)
    shift = len(head.encode())
    edits = [edit(e.location.start + shift, e.location.end + shift, e.text) for e in edits]
    after = changed(before, edits)
    difference = patch([(before, after)])
    if before.text == after.text or not after.text:
        return
    (tmp_path / "a b.py").write_bytes(before.text.encode(encoding))

    command = ["git", "apply", "--unsafe-paths", "--whitespace=nowarn", "-"]
    told = subprocess.run(command, cwd=tmp_path, input=difference, capture_output=True, check=False)

    assert told.returncode == 0, told.stderr
    assert (tmp_path / "a b.py").read_bytes() == after.text.encode(encoding)


@pytest.mark.parametrize("name", ["plain.py", "ä/with blank.py", 'a"quote\\.py', "tab\there.py"])
def test_git_finds_the_file_of_any_name(tmp_path, name):
    before, after = Text(name, "a = 1\n"), Text(name, "a = 2\n")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(before.text)

    difference = patch([(before, after)])
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=difference, check=True)

    assert (tmp_path / name).read_text() == "a = 2\n"


def test_a_patch_is_in_the_encoding_of_its_file(tmp_path):
    before = Text("a.py", "# coding: latin-1\nx = 'é'\ny = 1\n", "iso-8859-1")
    after = Text("a.py", "# coding: latin-1\nx = 'é'\ny = 'ü'\n", "iso-8859-1")
    (tmp_path / "a.py").write_bytes(before.text.encode("latin-1"))

    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch([(before, after)]), check=True)

    assert (tmp_path / "a.py").read_bytes() == after.text.encode("latin-1")


def test_a_diff_of_files_without_a_last_newline_says_so():
    diff = unified(Text("a.py", "a\nb"), Text("a.py", "a\nc"), "a.py")

    assert diff == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n"
        "+c\n\\ No newline at end of file\n"
    )
    kinds = [kind for kind, _ in shown(diff)]
    assert kinds == [*("heading",) * 2, "hunk", "same", "removed", "same", "added", "same", "same"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (edit(2, 4, "x"), edit(2, 4, "x"), False),
        (edit(2, 4, "x"), edit(2, 4, "y"), True),
        (edit(2, 4, "x"), edit(4, 6, "y"), False),
        (edit(2, 4, "x"), edit(3, 6, "y"), True),
        (edit(2, 2, "x"), edit(2, 2, "y"), True),
        (edit(2, 2, "x"), edit(2, 4, "y"), True),
        (edit(4, 4, "x"), edit(2, 4, "y"), True),
        (edit(5, 5, "x"), edit(2, 4, "y"), False),
        (edit(2, 4, "x"), edit(2, 4, "y", "b.py"), False),
    ],
)
def test_edits_overlap(one, other, expected):
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


def test_edits_of_one_fix_that_cut_into_each_other_are_unsound():
    assert sound([edit(0, 2, "x"), edit(2, 4, "y"), edit(4, 4, "z")])
    assert not sound([edit(0, 3, "x"), edit(2, 4, "y")])


def test_edits_that_cut_into_each_other_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        changed(Text("a.py", "abcdef"), [edit(0, 3, "x"), edit(2, 4, "y")])


def test_new_lines_are_written_as_the_file_writes_them():
    text = Text("a.py", "a\r\nb\r\n", newline="\r\n")

    assert changed(text, [edit(0, 1, "x\ny\r\nz")]).text == "x\r\ny\r\nz\r\nb\r\n"


def test_a_row_that_stays_is_not_taken_out_where_many_are_like_it():
    rows = [f"    first({number})\n    return\n" for number in range(200)]
    after = list(rows)
    for number in (70, 71, 72):
        after[number] = rows[number].replace("first(", "await first(")

    diff = unified(Text("a.py", "".join(rows)), Text("a.py", "".join(after)), "a.py")

    assert "-    return" not in diff
    assert diff.count("\n-") == diff.count("\n+    await") == 3
