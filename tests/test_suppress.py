"""Comments that silence: where they stand, what they name, which ways they close."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import code_at, write

from asyncfix import engine
from asyncfix.config import Config
from asyncfix.findings import Severity

HTTP = "import requests\n\ndef fetch(url):\n    return requests.get(url)\n"


@pytest.fixture
def told(check, tmp_path):
    """Return a function that checks files and gives `rule: code` of each finding."""

    def run(app, others=None, **settings):
        files = {"http.py": HTTP, "app.py": app, **(others or {})}
        found = check({name: dedent(text) for name, text in files.items()}, **settings)
        return [f"{each.rule}: {code_at(each.location, tmp_path)}" for each in found]

    return run


def in_handler(*lines):
    body = "".join(f"    {line}\n" for line in lines)
    return f"import time\nimport requests\nfrom http_ import *\n\nasync def handler():\n{body}"


# Where a comment stands


def test_a_comment_on_the_line_silences_its_rule(told):
    assert told(in_handler("time.sleep(1)  # asyncfix: ignore[blocking-sleep] the driver")) == []


def test_a_comment_with_another_rule_silences_nothing(told):
    line = "time.sleep(1)  # asyncfix: ignore[blocking-http]"

    assert told(in_handler(line)) == [
        "blocking-sleep: time.sleep(1)",
        "unused-suppression: # asyncfix: ignore[blocking-http]",
    ]


def test_a_group_silences_all_its_rules(told):
    assert told(in_handler("time.sleep(requests.get('x').n)  # asyncfix: ignore[blocking]")) == []


def test_a_comment_alone_silences_the_next_statement(told):
    lines = ("# asyncfix: ignore[blocking-sleep]", "", "# why", "time.sleep(", "    1,", ")")

    assert told(in_handler(*lines, "time.sleep(2)")) == ["blocking-sleep: time.sleep(2)"]


@pytest.mark.parametrize(
    "lines",
    [
        ("requests.get(  # asyncfix: ignore[blocking-http]", "    'x',", ")"),
        ("requests.get(", "    'x',", ")  # asyncfix: ignore[blocking-http]"),
        ("x = [  # asyncfix: ignore[blocking-http]", "    1,", "    requests.get('x'),", "]"),
        ("x = [", "    1,", "    requests.get('x'),", "]  # asyncfix: ignore[blocking-http]"),
        ("x = [", "    1,", "    requests.get('x'),  # asyncfix: ignore[blocking-http]", "]"),
        ("x = [", "    # asyncfix: ignore[blocking-http]", "    requests.get('x'),", "]"),
        (
            "x = [",
            "    f(",
            "        requests.get('x')",
            "    ),  # asyncfix: ignore[blocking-http]",
            "]",
        ),
        ("for x in requests.get(  # asyncfix: ignore[blocking-http]", "    'x'", "):", "    pass"),
        ('requests.get("""', "", '""")  # asyncfix: ignore[blocking-http]'),
        ("requests.get('x', \\", "   data={})  # asyncfix: ignore[blocking-http]"),
    ],
)
def test_the_first_and_the_last_line_of_a_statement_and_of_a_call_count(lines, told):
    assert told(in_handler(*lines)) == []


def test_a_line_in_the_middle_speaks_for_itself(told):
    lines = (
        "x = [",
        "    requests.get('x'),  # asyncfix: ignore[blocking-http]",
        "    requests.get('y'),",
        "]",
    )

    assert told(in_handler(*lines)) == ["blocking-http: requests.get('y')"]


def test_a_file_is_silenced_as_a_whole(told):
    app = in_handler("time.sleep(1)", "requests.get('x')")

    assert told(f"# asyncfix: file-ignore[blocking-sleep] generated\n{app}") == [
        "blocking-http: requests.get('x')"
    ]


def test_a_range_reaches_to_where_it_is_enabled_again(told):
    lines = (
        "# asyncfix: disable[blocking-sleep, blocking-http]",
        "time.sleep(1)",
        "requests.get('x')",
        "# asyncfix: enable[blocking-http]",
        "requests.get('y')",
        "time.sleep(2)",
        "# asyncfix: enable[blocking-sleep]",
        "time.sleep(3)",
    )

    assert told(in_handler(*lines)) == [
        "blocking-http: requests.get('y')",
        "blocking-sleep: time.sleep(3)",
    ]


def test_a_range_that_is_not_ended_ends_with_its_block(told):
    lines = ("if x:", "    # asyncfix: disable[blocking-sleep]", "    time.sleep(1)")

    assert told(in_handler(*lines, "time.sleep(2)")) == ["blocking-sleep: time.sleep(2)"]


def test_a_string_is_no_comment(told):
    app = '''
        import time

        NOTE = """
        # asyncfix: file-ignore[blocking-sleep]
        """

        async def handler():
            time.sleep(1), "# asyncfix: ignore[blocking-sleep]", '"' "#"
    '''

    assert told(app) == ["blocking-sleep: time.sleep(1)"]


def test_a_comment_may_follow_another_one(told):
    line = "time.sleep(1)  # type: ignore # noqa: E501 # asyncfix: ignore[blocking-sleep] see #12"

    assert told(in_handler(line)) == []


def test_a_file_that_does_not_parse_can_be_silenced(told):
    assert told("# asyncfix: file-ignore[unparsable-file]\ndef broken(:\n") == []


def test_carriage_returns_and_wide_characters_move_nothing(check):
    lines = [
        "import time",
        "async def handler():",
        "    'äöü🎉'; time.sleep(1)",
        "    time.sleep(2)",
    ]
    lines[2] += "  # asyncfix: ignore[blocking-sleep]"

    found = check({"app.py": "\r\n".join(lines)})

    assert [finding.code for finding in found] == ["time.sleep(2)"]


# What it closes

SERVICE = """
    import time
    import requests

    def load():
        return fetch()

    def fetch():
        return requests.get("x")
"""


def service(comment_at_sink="", comment_at_edge=""):
    text = SERVICE.replace('requests.get("x")', f'requests.get("x"){comment_at_sink}')
    return {"service.py": text.replace("return fetch()", f"return fetch(){comment_at_edge}")}


IGNORE = "  # asyncfix: ignore[blocking-http]"
APP = """
    import service

    async def one():
        service.load()

    async def two():
        service.fetch()
"""


def test_at_the_sink_it_silences_every_chain(told):
    assert told(APP, service(comment_at_sink=IGNORE)) == []


def test_at_an_edge_it_silences_that_way(told):
    found = told(APP, service(comment_at_edge=IGNORE))

    assert found == ["blocking-http: service.fetch()"]


def test_another_way_to_the_sink_is_reported_in_its_place(check):
    app = """
        import requests

        def short():
            return requests.get("x")

        def load(deep):
            if deep:
                return detour()
            return short(){comment}

        def detour():
            return short()

        async def handler(deep):
            load(deep)
    """
    plain = check({"app.py": dedent(app.format(comment=""))})
    other = check({"app.py": dedent(app.format(comment=IGNORE))})

    assert [step.symbol for step in plain[0].trace] == ["app.load", "app.short", "requests.get"]
    assert [step.symbol for step in other[0].trace] == [
        "app.load",
        "app.detour",
        "app.short",
        "requests.get",
    ]


def test_what_follows_from_a_silenced_call_stays_untold(told):
    lines = ("file = open('x')  # asyncfix: ignore[blocking-file]", "file.read()")

    assert told(in_handler(*lines)) == []


def test_on_a_def_it_silences_what_the_function_does(told):
    app = """
        import time

        async def one():  # asyncfix: ignore[blocking-sleep]
            time.sleep(1)
            def inner():
                time.sleep(2)
            inner()

        async def two():
            time.sleep(3)
    """

    assert told(app) == ["blocking-sleep: time.sleep(3)"]


ROOTS = """
    import time
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/one"){one}
    async def one():
        await work()

    {above}
    @app.get("/two")
    async def two():{two}
        await work(){call}

    async def work():
        time.sleep(1)
"""
SLEEP = "  # asyncfix: ignore[blocking-sleep]"


def roots(**comments):
    return dedent(ROOTS.format(**{"one": "", "above": "", "two": "", "call": "", **comments}))


def test_at_the_root_it_silences_that_entry(check):
    both = check({"app.py": roots()})
    other = check({"app.py": roots(one=SLEEP)})
    none = check({"app.py": roots(one=SLEEP, two=SLEEP)})

    assert [finding.root.path for finding in both] == ["/one"]
    assert [finding.root.path for finding in other] == ["/two"]
    assert none == []


@pytest.mark.parametrize("where", ["above", "two", "call"])
def test_an_entry_is_silenced_above_its_decorators_on_its_def_or_where_it_awaits(where, check):
    comment = SLEEP.strip() if where == "above" else SLEEP

    assert check({"app.py": roots(one=SLEEP, **{where: comment})}) == []


# Comments of other linters


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: ASYNC251",
        "# noqa:E501,ASYNC251",
        "# NOQA: async251",
        "# noqa",
        "# ruff: ignore[ASYNC251]",
        "# todo # noqa: ASYNC251 why",
    ],
)
def test_a_comment_for_another_linter_is_honoured(comment, told):
    assert told(in_handler(f"time.sleep(1)  {comment}")) == []


@pytest.mark.parametrize("comment", ["# noqa: E501", "# noqa: ASYNC210", "# noqa: blocking-sleep"])
def test_a_comment_about_something_else_is_not(comment, told):
    assert told(in_handler(f"time.sleep(1)  {comment}")) == ["blocking-sleep: time.sleep(1)"]


def test_a_bare_noqa_silences_what_is_reported_there_and_no_way(told):
    assert told(APP, service(comment_at_sink="  # noqa")) == [
        "blocking-http: service.load()",
        "blocking-http: service.fetch()",
    ]


def test_a_file_may_be_exempt_from_codes(told):
    assert told(f"# ruff: noqa: ASYNC251\n{in_handler('time.sleep(1)')}") == []


def test_a_comment_for_another_linter_is_never_called_unused(told):
    assert told("x = 1  # noqa: ASYNC251\n") == []


# Comments that do nothing


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("ignore[blocking-slep]", "did you mean `blocking-sleep`?"),
        ("ignore", "without a rule or a group"),
        ("ignore[]", "without a rule or a group"),
        ("ignore[ALL]", "no rule or group"),
        ("ingore[blocking-sleep]", "did you mean `ignore`?"),
    ],
)
def test_a_comment_that_means_nothing_is_told(comment, said, check):
    found = check({"app.py": f"x = 1  # asyncfix: {comment}\n"})

    assert [finding.rule for finding in found] == ["unknown-suppression"]
    assert said in found[0].message


def fixed(finding, text):
    data = text.encode()
    for edit in sorted(finding.fixes[0].edits, key=lambda e: -e.location.start):
        data = data[: edit.location.start] + edit.text.encode() + data[edit.location.end :]
    return data.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # asyncfix: ignore[blocking-http] why\n", "x = 1\n"),
        ("x = 1  # a  # asyncfix: ignore[blocking-http]\n", "x = 1  # a\n"),
        ("x = 1  # asyncfix: ignore[blocking-http]  # noqa: E501\n", "x = 1  # noqa: E501\n"),
        ("# asyncfix: file-ignore[blocking-http]\r\nx = 1\r\n", "x = 1\r\n"),
        ("def f():\n    # asyncfix: ignore[blocking]\n    x = 1", "def f():\n    x = 1"),
        ("x = 1\n# asyncfix: enable[blocking]\n", "x = 1\n"),
    ],
)
def test_the_fix_takes_out_an_unused_comment(before, after, check):
    found = check({"app.py": before})

    assert [finding.rule for finding in found] == ["unused-suppression"]
    assert found[0].fixes[0].applicability == "safe"
    assert fixed(found[0], before) == after


def test_the_fix_leaves_what_is_used(check):
    text = in_handler("time.sleep(1)  # asyncfix: ignore[blocking-http, blocking-sleep, no] why")

    found = check({"app.py": text})

    assert [fixed(finding, text).splitlines()[-1] for finding in found] == [
        "    time.sleep(1)  # asyncfix: ignore[blocking-http, blocking-sleep] why",
        "    time.sleep(1)  # asyncfix: ignore[blocking-sleep, no] why",
    ]


def test_a_comment_on_what_is_hidden_is_used(told):
    assert told(in_handler("import os", "os.stat('x')  # asyncfix: ignore[blocking-file]")) == []


def test_a_comment_on_a_way_that_is_not_the_worst_is_used(told):
    app = """
        import time, requests

        def load():
            requests.get("x")
            time.sleep(1)  # asyncfix: ignore[blocking-sleep]

        async def handler():
            load()
    """

    assert told(app) == ["blocking-http: load()"]


def test_a_comment_about_a_rule_that_does_not_run_is_not_called_unused(told):
    assert told("x = 1  # asyncfix: ignore[blocking-http]\n", ignore=("blocking-http",)) == []


def test_a_comment_about_unused_comments_is_honoured(told):
    assert told("x = 1  # asyncfix: ignore[blocking-http, unused-suppression]\n") == []


def test_part_of_a_project_calls_only_certain_comments_unused(tmp_path):
    write(
        tmp_path,
        {
            "lib/http.py": HTTP.replace("(url)\n", f"(url){IGNORE}\n", 2),
            "lib/idle.py": f"async def idle():\n    return 1{IGNORE}\n",
            "app.py": "from lib.http import fetch\n\nasync def handler():\n    fetch('x')\n",
        },
    )
    config = Config(project=str(tmp_path), min_severity=Severity.WARNING)

    found = engine.check([tmp_path / "lib"], config).report.findings

    assert [finding.location.path for finding in found] == ["lib/idle.py"]


def test_suppressed_findings_are_counted(tmp_path):
    write(tmp_path, {"app.py": in_handler(f"time.sleep(1){SLEEP}", "time.sleep(2)")})

    report = engine.check([tmp_path], Config(project=str(tmp_path))).report
    open_ = engine.check(
        [tmp_path], Config(project=str(tmp_path)), asked=engine.Asked(suppressions=False)
    ).report

    assert (len(report.findings), report.suppressed) == (1, 1)
    assert (len(open_.findings), open_.suppressed) == (2, 0)
