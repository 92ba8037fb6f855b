"""Code that nobody would write: extracted, linked and printed without an error of our own."""

import fuzz
import hypothesmith
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncfix.extract import extract

SEEDS = [path for path in fuzz.SEEDS if "deals_api" in path.parts or "grants_api" in path.parts]


def test_crossed_modules_are_checked_and_printed_in_every_format(tmp_path):
    findings = [fuzz.check(files, tmp_path) for files in fuzz.projects(7, 40, SEEDS)]

    assert sum(findings) > 0


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.deferred(hypothesmith.from_grammar))
def test_generated_modules_are_extracted(code):
    assert extract("app.py", "", code).path == "app.py"
