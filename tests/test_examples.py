"""The examples of every rule are tests: what is bad is reported, what is good is not."""

from __future__ import annotations

import pytest

from asyncfix import packs
from asyncfix.findings import Severity

RULES = packs.load(packs.builtin_texts()).rules
BAD = [(rule, example) for rule in RULES.values() for example in rule.examples if example.bad]
GOOD = [(rule, example) for rule in RULES.values() for example in rule.examples if example.good]


def name(value: object) -> str:
    return getattr(value, "name", None) or getattr(value, "title", "")


@pytest.mark.parametrize(("rule", "example"), BAD, ids=name)
def test_a_bad_example_is_reported(rule, example, check):
    files = {**example.files, "example.py": example.bad}

    found = check(files, severity=Severity.INFO, extend_select=(rule.name,))

    assert rule.name in {finding.rule for finding in found}


@pytest.mark.parametrize(("rule", "example"), GOOD, ids=name)
def test_a_good_example_is_not_reported(rule, example, check):
    files = {**example.files, "example.py": example.good}

    found = check(files, extend_select=(rule.name,))

    assert [(finding.rule, finding.code) for finding in found] == []


def test_every_rule_has_an_example():
    assert [rule.name for rule in RULES.values() if not rule.examples] == []
