"""The other formats: one line a finding, a table, JSON."""

# ruff: noqa: E501 - what is printed is as wide as it is
import json
from dataclasses import replace

from inline_snapshot import snapshot
from sample_report import DIRECT, EMPTY, PACKS, REPORT, SHARED, text

from asyncfix.findings import Applicability, Edit, Fix, Report
from asyncfix.output import render
from asyncfix.output.closing import closing
from asyncfix.output.json import schema
from asyncfix.output.palette import plain


def test_concise_is_a_line_per_finding_with_the_way():
    assert render("concise", REPORT, text, PACKS) == snapshot("""\
app/users.py:6:9: error blocking-http `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead [via get_user → load]
app/users.py:11:32: error blocking-http `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead [via nightly → load]
app/users.py:16:5: warning blocking-sleep `time.sleep` blocks the event loop
""")


def test_concise_in_colour():
    assert render("concise", Report((DIRECT,)), text, PACKS, color=True) == snapshot(
        "app/users.py:16:5: \x1b[1;33mwarning\x1b[0m \x1b[1mblocking-sleep\x1b[0m `time.sleep` blocks the event loop\n"
    )


def test_statistics_counts_by_rule():
    assert render("statistics", REPORT, text, PACKS) == snapshot("""\
2  error    blocking-http   A synchronous HTTP request stops the event loop
1  warning  blocking-sleep
""")


def test_json_has_the_shape_of_ruffs_and_the_chain():
    edit = Edit(SHARED[0].location, "await load(id)")
    fixed = Fix("Await `load`", Applicability.UNSAFE, (edit,))
    finding = replace(SHARED[0], fixes=(fixed,))

    [record] = json.loads(render("json", Report((finding,)), text, PACKS))

    assert record.pop("fingerprint") == finding.fingerprint
    assert [record] == snapshot(
        [
            {
                "code": "blocking-http",
                "name": "blocking-http",
                "message": "`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead",
                "severity": "error",
                "filename": "app/users.py",
                "location": {"row": 6, "column": 9},
                "end_location": {"row": 6, "column": 17},
                "url": None,
                "fix": {
                    "message": "Await `load`",
                    "applicability": "unsafe",
                    "edits": [
                        {
                            "content": "await load(id)",
                            "filename": "app/users.py",
                            "location": {"row": 6, "column": 9},
                            "end_location": {"row": 6, "column": 17},
                        }
                    ],
                },
                "confidence": "high",
                "group": "blocking",
                "root": {
                    "kind": "endpoint",
                    "name": "get_user",
                    "path": "/users/{id}",
                    "method": "GET",
                },
                "chain": [
                    {
                        "symbol": "app.users.get_user",
                        "filename": "app/users.py",
                        "row": 6,
                        "column": 9,
                        "edge": "call",
                    },
                    {
                        "symbol": "app.services.load",
                        "filename": "app/services.py",
                        "row": 2,
                        "column": 12,
                        "edge": "call",
                    },
                    {
                        "symbol": "app.services.fetch",
                        "filename": "app/services.py",
                        "row": 6,
                        "column": 12,
                        "edge": "call",
                    },
                ],
                "sink": {"qualname": "requests.get", "effect": "network"},
                "fixes": [
                    {
                        "message": "Await `load`",
                        "applicability": "unsafe",
                        "edits": [
                            {
                                "content": "await load(id)",
                                "filename": "app/users.py",
                                "location": {"row": 6, "column": 9},
                                "end_location": {"row": 6, "column": 17},
                            }
                        ],
                    }
                ],
                "schema_version": 1,
            }
        ]
    )


def test_json_of_nothing_is_an_empty_list():
    assert json.loads(render("json", EMPTY, text, PACKS)) == []


def test_every_finding_fits_the_schema():
    item = schema()["$defs"]["JsonFinding"]

    for finding in json.loads(render("json", REPORT, text, PACKS)):
        assert set(item["required"]) <= set(finding) == set(item["properties"])


def test_output_is_the_same_each_time():
    for name in ("full", "concise", "json", "statistics"):
        assert render(name, REPORT, text, PACKS) == render(name, REPORT, text, PACKS)


def test_the_last_lines_count_what_is_shown_and_what_is_not():
    assert closing(REPORT, plain) == snapshot(
        [
            "Found 3 problems at 2 sinks.",
            "3 findings hidden; --min-severity info --min-confidence low shows all.",
            "120 files checked (118 from the cache) in 0.31 s.",
        ]
    )
    assert closing(REPORT, plain, unresolved=True)[2] == "14 calls could not be resolved."


def test_the_last_lines_of_a_clean_run():
    assert closing(EMPTY, plain) == ["All checks passed!", "1 file checked in 0.02 s."]


def test_a_run_with_errors_does_not_claim_that_all_is_well():
    assert closing(Report((), errors=("broken",)), plain)[0] != "All checks passed!"
