"""What is done with an open file is told where it was opened; what opens another is not."""

from __future__ import annotations

from textwrap import dedent

import pytest

HEAD = """
import csv, glob, io, json, os, shutil, tarfile, tempfile, zipfile
from pathlib import Path
import pandas as pd
"""


@pytest.fixture
def found(places):
    """Return a function that gives the code at each finding of the body of a coroutine."""

    def run(body):
        code = HEAD + "async def handler(path, data: bytes, upload):\n"
        for line in dedent(body).strip().splitlines():
            code += f"    {line}\n"
        return places({"app.py": code}, select=("blocking-file",))

    return run


@pytest.mark.parametrize(
    "body",
    [
        "with open(path) as f:\n    rows = list(csv.reader(f))\n    more = json.load(f)",
        "with open(path) as f:\n    for row in csv.DictReader(f): print(row)",
        "f = open(path)\nf.write('a')\nf.close()",
        "for line in open(path): print(line)",
        "with Path(path).open() as f:\n    f.read()",
    ],
)
def test_the_opening_tells_of_reads_and_writes(found, body):
    (place,) = found(body)
    assert "open(" in place


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            (
                "for root, _, names in os.walk(path):\n"
                "    for name in names:\n"
                "        shutil.copy(os.path.join(root, name), 'x')"
            ),
            ["os.walk(path)", "shutil.copy(os.path.join(root, name), 'x')"],
        ),
        (
            "for each in glob.glob('*'):\n    open(each).read()",
            ["glob.glob('*')", "open(each)"],
        ),
        (
            "for each in Path(path).rglob('*'):\n    each.read_text()",
            ["Path(path).rglob('*')", "each.read_text()"],
        ),
        (
            (
                "with tempfile.TemporaryDirectory() as folder:\n"
                "    open(os.path.join(folder, 'x'), 'wb').write(data)"
            ),
            ["open(os.path.join(folder, 'x'), 'wb')"],
        ),
        (
            "t = tempfile.NamedTemporaryFile(delete=False)\nopen(t.name).read()",
            ["tempfile.NamedTemporaryFile(delete=False)", "open(t.name)"],
        ),
        (
            "frame = pd.read_csv(path)\nframe.to_csv('x')",
            ["pd.read_csv(path)", "frame.to_csv('x')"],
        ),
    ],
)
def test_names_of_files_and_what_was_in_one_are_no_open_file(found, body, expected):
    assert found(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "with zipfile.ZipFile(path) as z:\n    z.extractall('x')",
            ["zipfile.ZipFile(path)", "z.extractall('x')"],
        ),
        (
            "with zipfile.ZipFile(io.BytesIO(data)) as z:\n    z.extractall('x')",
            ["z.extractall('x')"],
        ),
        (
            "with open('x', 'wb') as f:\n    shutil.copyfileobj(upload.file, f)",
            ["open('x', 'wb')", "shutil.copyfileobj(upload.file, f)"],
        ),
    ],
)
def test_what_moves_all_that_is_in_a_file_is_told_as_well(found, body, expected):
    assert found(body) == expected
