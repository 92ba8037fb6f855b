"""Syntax that is newer than the running Python does not blind the analysis."""

from __future__ import annotations


def test_calls_are_found_in_files_with_newer_syntax(places):
    app = (
        "import time\n\ntype Pair[T] = tuple[T, T]\ntype Name = str\n\n\n"
        "class Box[É: (int, list[str])]:\n"
        "    async def get[U](self, x: U) -> U:\n"
        "        try:\n            time.sleep(1)\n"
        "        except ValueError, KeyError:\n            time.sleep(2)\n"
    )

    assert places({"app.py": app}) == ["time.sleep(1)", "time.sleep(2)"]


def test_what_still_does_not_parse_is_a_finding_and_the_rest_is_reported(check):
    found = check(
        {
            "app.py": "import time\n\n\nasync def f():\n    time.sleep(1)\n",
            "odd.py": "def f[T](:\n",
        }
    )

    assert sorted(finding.rule for finding in found) == ["blocking-sleep", "unparsable-file"]
