"""The pages on singletons and on events show what the tool writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from serving import lifecycle

DOCS = Path(__file__).parents[1] / "docs"
SECTIONS = [
    (title, re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    for page in ("migrating-singletons.md", "migrating-events.md")
    for title, _, text in (
        each.partition("\n") for each in (DOCS / page).read_text("utf-8").split("\n## ")[1:]
    )
]


@pytest.mark.parametrize("blocks", [each for _, each in SECTIONS], ids=[t for t, _ in SECTIONS])
def test_the_second_block_of_a_section_is_what_becomes_of_the_first(tmp_path, blocks):
    before, after = blocks

    done = lifecycle(tmp_path, {"app.py": before})

    assert done.files["app.py"] == after
    assert not done.reasons
