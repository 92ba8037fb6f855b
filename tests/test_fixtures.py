"""Whole programs: each folder of fixtures/ with a findings.txt is checked against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncfix import engine
from asyncfix.config import Config

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.glob("*/findings.txt"))


def found_in(case: Path) -> list[tuple[str, int, str, str]]:
    outcome = engine.check([case], Config(project=str(case)))
    found = []
    for finding in outcome.report.findings:
        row, _ = outcome.text(finding.location.path).position(finding.location.start)
        found.append((finding.location.path, row, finding.rule, finding.sink.qualname))
    return found


def marked(case: Path) -> object:
    miss = case / "known-miss.txt"
    marks = pytest.mark.xfail(strict=True, reason=miss.read_text()) if miss.exists() else ()
    return pytest.param(case, marks=marks, id=case.name)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_a_case_is_reported_as_written_down(case):
    found = [" ".join(map(str, each)) for each in found_in(case / "before")]

    assert "\n".join(found) == (case / "findings.txt").read_text().strip()
