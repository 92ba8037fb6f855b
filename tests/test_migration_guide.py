"""The guide to httpx shows what asyncfix makes of code; run this file to write it anew."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rewriting import rewritten

PAGE = Path(__file__).parent.parent / "docs" / "migrating-requests.md"
PAIR = re.compile(r"```python\n(.*?)```\n\n```python\n(.*?)```\n", re.DOTALL)
PAIRS = [
    pytest.param(*match.groups(), id=f"row {PAGE.read_text()[: match.start()].count(chr(10)) + 1}")
    for match in PAIR.finditer(PAGE.read_text(encoding="utf-8"))
]


def moved(code: str) -> str:
    """Return a module once its session has moved, as the page is formatted."""
    done = rewritten({"shop.py": code}, "cascade")
    assert any(fix.title.startswith("Move") for fix in done.fixes), done.refused
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "100", "-"]
    return subprocess.run(
        command, input=done.files["shop.py"], capture_output=True, text=True, check=True
    ).stdout


def test_the_page_has_pairs():
    assert len(PAIRS) == PAGE.read_text(encoding="utf-8").count("```python") / 2 >= 5


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_second_block_is_what_becomes_of_the_first(before, after):
    assert moved(before) == after, "run this file to write the page anew"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    told = PAIR.sub(lambda m: f"```python\n{m[1]}```\n\n```python\n{moved(m[1])}```\n", text)
    sys.exit(PAGE.write_text(told, encoding="utf-8") == 0)
