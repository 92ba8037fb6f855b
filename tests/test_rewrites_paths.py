"""Paths of anyio: what they give and raise is what those of pathlib do."""

from __future__ import annotations

import pytest
from rewriting import printed, rewritten

CODE = """
import asyncio
from pathlib import Path


async def told(make):
    try:
        return repr(await make())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


async def main(path: Path, name: str):
    return CALL


async def both():
    Path("there.txt").write_bytes("ä\\r\\nb".encode())
    Path("folder").mkdir(exist_ok=True)
    for name in ("there.txt", "missing.txt", "folder"):
        print(await told(lambda: main(Path(name), name)))
    print(Path("there.txt").read_bytes())
    await asyncio.gather(told(both.__class__), told(both.__class__))


asyncio.run(both())
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("path.read_text(encoding='utf-8')", "await anyio.Path(path).read_text(encoding='utf-8')"),
        ("path.read_text('ascii')", "await anyio.Path(path).read_text('ascii')"),
        ("path.read_bytes()[0]", "(await anyio.Path(path).read_bytes())[0]"),
        ("path.write_text('ö', 'utf-8')", "await anyio.Path(path).write_text('ö', 'utf-8')"),
        ("path.write_bytes(b'ab')", "await anyio.Path(path).write_bytes(b'ab')"),
        ("Path(name).read_bytes()", "await anyio.Path(name).read_bytes()"),
        ("Path('.', name).read_bytes()", "await anyio.Path('.', name).read_bytes()"),
        ("(path / '.').read_bytes()", "await anyio.Path(path / '.').read_bytes()"),
        (
            "path.parent.joinpath(name).read_text()",
            "anyio.Path(path.parent.joinpath(name)).read_te",
        ),
    ],
)
def test_a_path_of_anyio_gives_and_raises_the_same(before, after, tmp_path):
    code = CODE.replace("CALL", before)

    fixed = rewritten({"main.py": code}, "native").files

    assert after in fixed["main.py"]
    assert printed(tmp_path / "fixed", fixed) == printed(tmp_path / "plain", {"main.py": code})


def test_it_comes_first_where_anyio_is_what_the_project_uses():
    code = CODE.replace("CALL", "path.read_text()")

    strategies = [
        rewritten({"main.py": code}, thread_api=api).fixes[0].strategy
        for api in ("anyio", "asyncio")
    ]

    assert strategies == ["native", "offload"]
