"""The guide on work per item: what it says that code becomes is what `fix` makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rewriting import rewritten

GUIDE = Path(__file__).parent.parent / "docs" / "n-plus-one.md"
PAIR = re.compile(r"```python\n(.*?)```\n\nbecomes\n\n```python\n(.*?)```", re.DOTALL)
PAIRS = PAIR.findall(GUIDE.read_text("utf-8"))


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_code_in_the_guide_becomes_what_it_says(pair):
    before, after = pair
    assert rewritten({"app.py": before}, group="batching").files["app.py"] == after


def test_every_block_of_code_is_one_of_a_pair():
    assert GUIDE.read_text("utf-8").count("```python") == 2 * len(PAIRS) == 8
