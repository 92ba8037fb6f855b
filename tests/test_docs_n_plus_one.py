"""The guide on work per item: what it says that code becomes is what `fix` makes of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rewriting import rewritten

GUIDE = Path(__file__).parent.parent / "docs" / "n-plus-one.md"
PAIR = re.compile(r"```python\n(.*?)```\n\nbecomes\n\n```python\n(.*?)```", re.DOTALL)
PAIRS = PAIR.findall(GUIDE.read_text("utf-8"))


def formatted(code: str) -> str:
    """Return code as Ruff lays it out, as it does the guide."""
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "100", "-"]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_code_in_the_guide_becomes_what_it_says(pair):
    before, after = pair
    assert formatted(rewritten({"app.py": before}, group="batching").files["app.py"]) == after


def test_every_block_of_code_is_one_of_a_pair():
    assert GUIDE.read_text("utf-8").count("```python") == 2 * len(PAIRS) == 12
