"""The formats that programs read: each fits its schema, and what reads it finds its way."""

# ruff: noqa: E501 - what is printed is as wide as it is
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from inline_snapshot import snapshot
from sample_report import DIRECT, EMPTY, PACKS, REPORT, SHARED, TEXTS, at, text

from asyncfix.config import FIELDS
from asyncfix.findings import Applicability, Edit, Fix, Import, Location, Report, Severity, Sink
from asyncfix.output import IN_REPOSITORY, pages, render
from asyncfix.output.markdown import summary
from asyncfix.output.sarif import MOST
from asyncfix.packs import builtin_texts, load
from asyncfix.source import Text

jsonschema = pytest.importorskip("jsonschema", reason="pip install -e '.[test]' again")
junitparser = pytest.importorskip("junitparser", reason="pip install -e '.[test]' again")

SCHEMAS = Path(__file__).parent / "schemas"
FORMATS = FIELDS["output-format"].type.__origin__.__args__
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
HOSTILE = "\x1b[31m\x07\x9b2J\u202e\u2028\r"
SAFE = Fix("Await it", Applicability.SAFE, (Edit(DIRECT.location, "await asyncio.sleep(1)"),))
WIDE = "names = ["
WITH_FIX = replace(DIRECT, fixes=(SAFE,))


def schema(name):
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def printed(name, report=REPORT, packs=PACKS, **options):
    return render(name, report, read, packs, **options)


def masked(told):
    """Put the number of its finding in place of each fingerprint."""
    for index, finding in enumerate(REPORT.findings):
        told = told.replace(finding.fingerprint, f"<{index}>")
    return told


def read(path):
    """Return the text of a file of the sample; of any other file that of one of its files."""
    return text(path if path in TEXTS else "app/services.py")


def hostile():
    """Return a report whose texts, paths and source try to steer a terminal."""
    path = f"app/{HOSTILE}\udcff.py"
    code = f"async def f():\n    go('{HOSTILE}')\n"
    place = Location(path, 19, 19 + len("go"))
    told = f"{HOSTILE} ```| <b> ]]> & -->"
    bad = replace(
        SHARED[0],
        location=place,
        message=told,
        help=told,
        symbol=f"app.{HOSTILE}",
        root=replace(SHARED[0].root, path=f"/{HOSTILE}\ud800", location=place),
        sink=Sink(f"x.{HOSTILE}", "network"),
        trace=(replace(SHARED[0].trace[0], location=place), *SHARED[0].trace[1:]),
        fixes=(Fix(told, Applicability.SAFE, (Edit(place, HOSTILE),)),),
    )
    twin = replace(bad, occurrence=1, location=Location(path, 25, 26))
    return Report((bad, twin), errors=(f"cannot read {HOSTILE}",)), Text(path, code)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_echoes_what_a_terminal_obeys(name):
    report, source = hostile()
    out = render(name, report, lambda path: source if path == source.path else text(path), PACKS)

    assert not CONTROLS.search(out)
    assert out.encode()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_an_empty_report(name):
    out = printed(name, EMPTY)

    assert out == "" or out.endswith("\n")


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"full", "concise", "grouped"}))
def test_a_finding_has_one_fingerprint_in_all_formats(name):
    out = printed(name)

    assert [out.count(finding.fingerprint) for finding in REPORT.findings] == [1, 1, 1]


@pytest.mark.parametrize("name", [*FORMATS, "statistics"])
def test_thousands_of_findings_are_printed_in_seconds(name):
    many = [
        replace(SHARED[0], sink=Sink(f"m{at}.f", "file"), symbol=f"app.users.f{at}")
        for at in range(5000)
    ]
    begun = time.process_time()
    printed(name, Report(tuple(many)), PACKS)

    assert time.process_time() - begun < 6  # below 2 s where nothing else runs


# JSON


def test_json_fits_the_published_schema():
    published = Path(__file__).parents[1] / "docs/schemas/findings.json"
    checked = json.loads(published.read_text(encoding="utf-8"))
    fix = replace(SAFE, imports=(Import("app/users.py", "asyncio"),), requires=("anyio>=4",))

    jsonschema.validate(json.loads(printed("json")), checked)
    jsonschema.validate(
        json.loads(printed("json", Report((replace(DIRECT, fixes=(fix,)),)))), checked
    )


def test_json_lines_are_the_list_line_by_line():
    lines = printed("json-lines").splitlines()

    assert [json.loads(line) for line in lines] == json.loads(printed("json"))


def test_json_gives_hostile_names_back_as_they_are():
    report, source = hostile()
    [record, _] = json.loads(render("json", report, lambda _: source, PACKS))

    assert record["filename"] == f"app/{HOSTILE}\N{REPLACEMENT CHARACTER}.py"
    assert record["message"] == report.findings[0].message


def test_a_rule_has_an_address_once_there_is_a_site(monkeypatch):
    assert json.loads(printed("json"))[0]["url"] is None
    monkeypatch.setattr(pages, "SITE", "https://example.org/asyncfix")

    assert json.loads(printed("json"))[0]["url"] == (
        "https://example.org/asyncfix/rules/blocking-http/"
    )


# SARIF


def run(report=REPORT, packs=PACKS, **options):
    """Return the run of a SARIF log that fits the schema of OASIS."""
    log = json.loads(printed("sarif", report, packs, **options))
    jsonschema.Draft4Validator(schema("sarif-2.1.0.json")).validate(log)
    return log["runs"][0]


def test_sarif_fits_the_schema_and_tells_the_chain():
    [first, second, third] = run()["results"]

    assert first["message"]["text"] == snapshot(
        "`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead. Reached from [GET /users/{id}](1). Blocks at [app/services.py:6](2). Help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here."
    )
    [flow] = first["codeFlows"][0]["threadFlows"]
    assert [
        (
            step["location"]["message"]["text"],
            step["location"]["physicalLocation"]["region"]["startLine"],
        )
        for step in flow["locations"]
    ] == snapshot(
        [
            ("GET /users/{id}", 5),
            ("`app.users.get_user` calls `app.services.load`", 6),
            ("`load` calls `fetch`", 2),
            ("`fetch` calls `requests.get`", 6),
        ]
    )
    assert [each["message"]["text"] for each in second["relatedLocations"]] == snapshot(
        ["app/services.py:6"]
    )
    assert "codeFlows" not in third
    assert third["partialFingerprints"] == {"primaryLocationLineHash": DIRECT.fingerprint}


def test_sarif_knows_every_rule_within_the_limits_of_github():
    packs = load(builtin_texts())
    found = run(packs=packs)
    rules = found["tool"]["driver"]["rules"]

    assert {rule["id"] for rule in rules} == set(packs.rules)
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}\n")
        assert len(rule["properties"]["tags"]) <= 10
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_paths_are_relative_uris():
    report, source = hostile()
    odd = replace(DIRECT, location=Location("app/a b#%.py", 0, 1))
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in (*run(Report((odd,)), prefix="backend/./")["results"],)
    ]
    [first, _] = json.loads(render("sarif", report, lambda _: source, PACKS))["runs"][0]["results"]
    raw = first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert uris == ["backend/app/a%20b%23%25.py"]
    assert unquote_to_bytes(raw) == source.path.encode("utf-8", "surrogateescape")


def test_sarif_columns_count_utf16():
    code = 'x = "🎉🎉", time.sleep(1)\n'
    start = len('x = "🎉🎉", '.encode())
    place = replace(DIRECT, location=Location("app/users.py", start, start + 13))
    log = json.loads(render("sarif", Report((place,)), lambda p: Text(p, code), PACKS))["runs"][0]
    region = log["results"][0]["locations"][0]["physicalLocation"]["region"]
    columns = code.encode("utf-16-le")[2 * region["startColumn"] - 2 : 2 * region["endColumn"] - 2]

    assert log["columnKind"] == "utf16CodeUnits"
    assert columns.decode("utf-16-le") == "time.sleep(1)" == region["snippet"]["text"]


def test_sarif_holds_fixes_that_are_whole():
    needs = replace(SAFE, imports=(Import("app/users.py", "asyncio"),))
    shown = replace(SAFE, applicability=Applicability.DISPLAY_ONLY)
    [result] = run(Report((replace(DIRECT, fixes=(SAFE, needs, shown)),)))["results"]

    assert result["fixes"] == snapshot(
        [
            {
                "description": {"text": "Await it (safe)"},
                "artifactChanges": [
                    {
                        "artifactLocation": {"uri": "app/users.py", "uriBaseId": "%SRCROOT%"},
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "startLine": 16,
                                    "startColumn": 5,
                                    "endLine": 16,
                                    "endColumn": 18,
                                },
                                "insertedContent": {"text": "await asyncio.sleep(1)"},
                            }
                        ],
                    }
                ],
            }
        ]
    )


def test_sarif_leaves_out_the_mildest_of_more_than_github_takes():
    bad = [replace(DIRECT, severity=Severity.INFO), *[replace(DIRECT, trace=())] * MOST]
    found = json.loads(printed("sarif", Report(tuple(bad))))["runs"][0]

    assert len(found["results"]) == MOST == 25_000
    assert {result["level"] for result in found["results"]} == {"warning"}
    assert found["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == snapshot(
        "1 finding left out: code scanning takes 25,000 in one run."
    )


def test_sarif_says_when_not_everything_was_checked():
    [invocation] = run(Report((), errors=("cannot read a.py",)))["invocations"]

    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "cannot read a.py"


def test_sarif_brackets_in_a_message_are_no_links():
    [result] = run(Report((replace(DIRECT, message="x[0](1) stops"),)))["results"]

    assert result["message"]["text"] == "x\\[0\\](1) stops."


# GitHub


def test_github_annotates_errors_first_with_the_chain():
    assert printed("github") == snapshot("""\
::error file=app/users.py,line=6,endLine=6,col=9,endColumn=17,title=asyncfix%3A blocking-http::`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead%0Areached from GET /users/{id} (app/users.py:5)%0Acalled here: app/services.py:2: return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})%0Ablocks here: app/services.py:6: return requests.get(url, timeout=5)%0Ahelp: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here%0Afingerprint: ba9c20d41c064001
::error file=app/users.py,line=11,endLine=11,col=32,endColumn=39,title=asyncfix%3A blocking-http::`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead (medium confidence)%0Acalled here: app/services.py:2: return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})%0Ablocks here: app/services.py:6: return requests.get(url, timeout=5)%0Ahelp: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here%0Afingerprint: 16fa91f3defd862f
::warning file=app/users.py,line=16,endLine=16,col=5,endColumn=18,title=asyncfix%3A blocking-sleep::`time.sleep` blocks the event loop%0Afingerprint: d056de651d00ce57
""")


def test_github_escapes_what_would_end_a_property_or_a_command():
    odd = replace(DIRECT, location=Location("a,b:c%.py", 0, 1), message="50%\n::error::x")
    line = printed("github", Report((odd,)))

    assert line.count("\n") == 1
    assert "file=a%2Cb%3Ac%25.py," in line
    assert "::50%25␊::error::x%0Afingerprint" in line


def test_github_counts_what_it_will_not_show():
    lines = printed("github", Report((DIRECT,) * 12 + SHARED)).splitlines()

    assert [line.split()[0] for line in lines] == ["::error"] * 2 + ["::warning"] * 12 + [
        "::notice"
    ]
    assert lines[-1] == snapshot(
        "::notice title=asyncfix::2 more problems in the log of this step; GitHub annotates 10 of each severity"
    )


def test_a_summary_ends_where_github_cuts_it():
    many = Report(tuple(replace(DIRECT, sink=Sink(f"m{at}.f", "sleep")) for at in range(5000)))
    told = summary(many, text, prefix="", most=100_000)

    assert 90_000 < len(told.encode()) <= 100_000
    assert told.endswith(" more parts of this report did not fit here.\n")
    assert summary(REPORT, text, prefix="", most=100_000) == printed("markdown")


# GitLab, JUnit, reviewdog, Pylint


def test_gitlab_issues_fit_its_schema_and_differ():
    issues = json.loads(
        printed("gitlab", Report((*REPORT.findings, replace(DIRECT, occurrence=1))))
    )

    for issue in issues:
        jsonschema.validate(issue, schema("gitlab-codequality.json"))
    assert {issue["severity"] for issue in issues} <= {
        "info",
        "minor",
        "major",
        "critical",
        "blocker",
    }
    assert len({issue["fingerprint"] for issue in issues}) == 4
    assert {**issues[0], "fingerprint": "…"} == snapshot(
        {
            "type": "issue",
            "check_name": "blocking-http",
            "description": "`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead",
            "categories": ["Performance"],
            "severity": "critical",
            "fingerprint": "…",
            "location": {
                "path": "app/users.py",
                "positions": {"begin": {"line": 6, "column": 9}, "end": {"line": 6, "column": 17}},
            },
        }
    )


def test_junit_fits_jenkins_schema():
    xmlschema = pytest.importorskip("xmlschema", reason="pip install -e '.[test]' again")
    xsd = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")
    report, source = hostile()

    for out in (
        printed("junit"),
        printed("junit", EMPTY),
        render("junit", report, lambda _: source, PACKS),
    ):
        xsd.validate(out)


def test_junit_is_read_as_a_failed_test_per_finding():
    out = printed("junit", replace(REPORT, errors=("cannot read a.py",)))
    suites = junitparser.JUnitXml.fromstring(out.encode())

    assert masked(out) == snapshot("""\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="asyncfix" tests="4" failures="3" errors="1">
  <testsuite name="app/users.py" tests="3" failures="3" errors="0">
    <testcase name="blocking-http in get_user [<0>]" classname="app.users">
      <failure type="error" message="`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead">app/users.py:6:9: error
`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead
reached from GET /users/{id} (app/users.py:5)
called here: app/services.py:2: return fetch(f&quot;https://example.org/users/{id}&quot;, headers={&quot;accept&quot;: &quot;application/json&quot;})
blocks here: app/services.py:6: return requests.get(url, timeout=5)
help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here</failure>
    </testcase>
    <testcase name="blocking-http in nightly [<1>]" classname="app.users">
      <failure type="error" message="`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead">app/users.py:11:32: error
`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead (medium confidence)
called here: app/services.py:2: return fetch(f&quot;https://example.org/users/{id}&quot;, headers={&quot;accept&quot;: &quot;application/json&quot;})
blocks here: app/services.py:6: return requests.get(url, timeout=5)
help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here</failure>
    </testcase>
    <testcase name="blocking-sleep in tick [<2>]" classname="app.users">
      <failure type="warning" message="`time.sleep` blocks the event loop">app/users.py:16:5: warning
`time.sleep` blocks the event loop</failure>
    </testcase>
  </testsuite>
  <testsuite name="asyncfix" tests="1" failures="0" errors="1">
    <testcase name="cannot read a.py" classname="asyncfix">
      <error type="error" message="cannot read a.py"/>
    </testcase>
  </testsuite>
</testsuites>
""")
    assert (suites.tests, suites.failures, suites.errors) == (4, 3, 1)
    assert [len(list(suite)) for suite in suites] == [3, 1]


def test_a_clean_run_passes_in_junit():
    suites = junitparser.JUnitXml.fromstring(printed("junit", EMPTY).encode())

    assert [case.is_passed for suite in suites for case in suite] == [True]


def test_reviewdog_gets_columns_in_bytes_and_suggestions():
    report = Report(
        (
            replace(SHARED[1], fixes=(SAFE,)),
            replace(
                SHARED[1],
                fixes=(replace(SAFE, edits=(Edit(SHARED[1].location, "await load(2)"),)),),
            ),
        )
    )
    found = json.loads(printed("rdjson", report))
    jsonschema.Draft4Validator(schema("rdjson.json")).validate(found)
    [first, second] = found["diagnostics"]
    line = text("app/users.py").line(11).encode()
    ends = [first["location"]["range"][end]["column"] - 1 for end in ("start", "end")]

    assert line[slice(*ends)] == b"load(2)"
    assert first["suggestions"][0]["text"] == "await asyncio.sleep(1)"
    assert second["suggestions"] == snapshot(
        [
            {
                "range": {"start": {"line": 11, "column": 60}, "end": {"line": 11, "column": 67}},
                "text": "await load(2)",
            }
        ]
    )
    assert second["message"] == snapshot("""\
`requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead (medium confidence)
called here: app/services.py:2: return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})
blocks here: app/services.py:6: return requests.get(url, timeout=5)
help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here
fingerprint: 16fa91f3defd862f\
""")


def test_reviewdog_gets_no_suggestion_that_is_half_a_fix():
    needs = replace(SAFE, imports=(Import("app/users.py", "asyncio"),))
    elsewhere = replace(SAFE, edits=(Edit(at("app/services.py", "fetch(f"), "x"),))
    for fix in (needs, elsewhere, replace(SAFE, edits=SAFE.edits * 2)):
        [found] = json.loads(printed("rdjson", Report((replace(DIRECT, fixes=(fix,)),))))[
            "diagnostics"
        ]
        assert found["suggestions"] == []


def test_pylint_lines_are_what_jenkins_reads():
    pattern = re.compile(r"(.*):(\d+): \[(\D\d*).*\] (.*)")
    lines = printed("pylint").splitlines()

    assert lines == snapshot(
        [
            "app/users.py:6: [E(blocking-http), get_user] `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead [ba9c20d41c064001]",
            "app/users.py:11: [E(blocking-http), nightly] `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead [16fa91f3defd862f]",
            "app/users.py:16: [W(blocking-sleep), tick] `time.sleep` blocks the event loop [d056de651d00ce57]",
        ]
    )
    assert [pattern.fullmatch(line).groups()[:3] for line in lines] == [
        ("app/users.py", "6", "E"),
        ("app/users.py", "11", "E"),
        ("app/users.py", "16", "W"),
    ]


def test_formats_for_repositories_know_how_to_name_files():
    for name in IN_REPOSITORY:
        assert "backend/app/users.py" in printed(name, prefix="backend/")
