"""The other formats: one line a finding, a table, JSON."""

# ruff: noqa: E501 - what is printed is as wide as it is
import json
import re
from dataclasses import replace

from inline_snapshot import snapshot
from sample_report import DIRECT, EMPTY, PACKS, REPORT, SHARED, text

from asyncfix.findings import Applicability, Edit, Fix, Import, Report, Sink
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


def test_grouped_tells_each_trouble_once_with_its_places():
    assert render("grouped", REPORT, text, PACKS, width=80) == snapshot("""\
error[blocking-http]: `requests.get` blocks the event loop; await
    `httpx.AsyncClient.get` instead: 2 places
  by way of app/services.py:2:12  return fetch(f"https://example.org/users/{id}…
  blocks at app/services.py:6:12  return requests.get(url, timeout=5)
  help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or
    make `load` a coroutine and await it here
    app/users.py:6:9    GET /users/{id}: get_user
    app/users.py:11:32  nightly (medium confidence)

warning[blocking-sleep]: `time.sleep` blocks the event loop: 1 place
    app/users.py:16:5  tick

""")


def test_grouped_on_a_wide_screen():
    assert render("grouped", REPORT, text, PACKS, width=140) == snapshot("""\
error[blocking-http]: `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead: 2 places
  by way of app/services.py:2:12  return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})
  blocks at app/services.py:6:12  return requests.get(url, timeout=5)
  help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here
    app/users.py:6:9    GET /users/{id}: get_user
    app/users.py:11:32  nightly (medium confidence)

warning[blocking-sleep]: `time.sleep` blocks the event loop: 1 place
    app/users.py:16:5  tick

""")


def test_grouped_puts_the_worst_and_most_frequent_trouble_first():
    often = [
        replace(DIRECT, sink=Sink("x.often", "sleep")),
        replace(DIRECT, sink=Sink("x.often", "sleep")),
    ]
    told = render("grouped", Report((DIRECT, *often, SHARED[0])), text, PACKS)

    assert [line for line in told.splitlines() if line[:1].isalpha()] == snapshot(
        [
            "error[blocking-http]: `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead: 1 place",
            "warning[blocking-sleep]: `time.sleep` blocks the event loop: 2 places",
            "warning[blocking-sleep]: `time.sleep` blocks the event loop: 1 place",
        ]
    )


def test_grouped_in_colour_adds_nothing_but_escapes():
    painted = render("grouped", REPORT, text, PACKS, color=True)

    assert "\x1b[1;31merror[blocking-http]" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == render("grouped", REPORT, text, PACKS)


def test_markdown_is_a_table_and_the_places():
    assert render("markdown", REPORT, text, PACKS) == snapshot("""\
## asyncfix

**Found 3 problems at 2 sinks.**

| severity | rule | what | where | places |
|---|---|---|---|--:|
| error | `blocking-http` | `requests.get` | `app/services.py:6` | 2 |
| warning | `blocking-sleep` | `time.sleep` | called directly | 1 |

### `requests.get` blocks the event loop; await `httpx.AsyncClient.get` instead

by way of `app/services.py:2:12`: `return fetch(f"https://example.org/users/{id}", headers={"accept": "application/json"})`

blocks at `app/services.py:6:12`: `return requests.get(url, timeout=5)`

**help:** move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here

- `app/users.py:6:9` in `get_user`, reached from GET /users/\\{id\\} <!-- ba9c20d41c064001 -->
- `app/users.py:11:32` in `nightly` <!-- 16fa91f3defd862f -->

### `time.sleep` blocks the event loop

- `app/users.py:16:5` in `tick` <!-- d056de651d00ce57 -->

3 findings hidden; --min-severity info --min-confidence low shows all.

120 files checked (118 from the cache) in 0.31 s.

""")


def test_markdown_of_odd_names_stays_in_its_cell():
    odd = replace(DIRECT, sink=Sink("a|`b", "sleep"), message="1 * 2 * 3 <b> @me [x](y) `a|b`")
    told = render("markdown", Report((odd,)), text, PACKS)

    assert "| `` a\\|`b `` |" in told
    assert "### 1 \\* 2 \\* 3 \\<b\\> \\@me \\[x\\](y) `a|b`\n" in told


def test_html_is_a_page_that_loads_nothing():
    page = render("html", REPORT, text, PACKS)

    for at, finding in enumerate(REPORT.findings):
        page = page.replace(finding.fingerprint, f"finding-{at}")
    assert page.partition("<body>")[2] == snapshot("""\

<h1>asyncfix</h1>
<p><strong>Found 3 problems at 2 sinks.</strong></p>
<p class="quiet">3 findings hidden; --min-severity info --min-confidence low shows all.</p>
<p class="quiet">120 files checked (118 from the cache) in 0.31 s.</p>
<table>
<tr><th>severity<th>rule<th>what<th>where<th>places</tr>
<tr><td class="error">error<td><code>blocking-http</code><td><a href="#t1"><code>requests.get</code></a><td><code>app/services.py:6:12</code><td>2</tr>
<tr><td class="warning">warning<td><code>blocking-sleep</code><td><a href="#t2"><code>time.sleep</code></a><td><code>called directly</code><td>1</tr>
</table>
<section id="t1">
<h2><code>requests.get</code> blocks the event loop; await <code>httpx.AsyncClient.get</code> instead: 2 places</h2>
<p>move the whole call to a thread: <code>await run_in_threadpool(load, id)</code>, or make <code>load</code> a coroutine and await it here</p>
<details id="finding-0">
<summary><code>app/users.py:6:9</code> in <code>get_user</code> <span class="error">error</span> <code>blocking-http</code></summary>
<pre>  |
4 | @router.get(&quot;/users/{id}&quot;)
5 | async def get_user(id: int):
6 |     user = load(id)
  |            ^^^^^^^^
7 |     return user
  |

reached from GET /users/{id} (app/users.py:5)
called here: app/services.py:2: return fetch(f&quot;https://example.org/users/{id}&quot;, headers={&quot;accept&quot;: &quot;application/json&quot;})
blocks here: app/services.py:6: return requests.get(url, timeout=5)
help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here</pre>
</details>
<details id="finding-1">
<summary><code>app/users.py:11:32</code> in <code>nightly</code> <span class="error">error</span> <code>blocking-http</code></summary>
<pre>   |
10 | async def nightly():
11 |     names = [&quot;漢字漢字漢字漢字漢字漢字漢字&quot;, load(2), &quot;␛[31mred&quot;, &quot;漢字漢字漢字漢字漢字漢字漢字漢字漢字&quot;…
   |                                              ^^^^^^^
12 |     return names
   |

called here: app/services.py:2: return fetch(f&quot;https://example.org/users/{id}&quot;, headers={&quot;accept&quot;: &quot;application/json&quot;})
blocks here: app/services.py:6: return requests.get(url, timeout=5)
help: move the whole call to a thread: `await run_in_threadpool(load, id)`, or make `load` a coroutine and await it here</pre>
</details>
</section>
<section id="t2">
<h2><code>time.sleep</code> blocks the event loop: 1 place</h2>
<details id="finding-2">
<summary><code>app/users.py:16:5</code> in <code>tick</code> <span class="warning">warning</span> <code>blocking-sleep</code></summary>
<pre>   |
15 | async def tick():
16 |     time.sleep(1)
   |     ^^^^^^^^^^^^^
   |</pre>
</details>
</section>
</body>
</html>
""")
    assert "default-src 'none'" in page
    assert not re.search(r"<script|src=|https?://(?!example)", page)


def test_html_shows_tags_as_text():
    odd = replace(DIRECT, message="<script>alert(1)</script>", symbol="app.<lambda>")
    page = render("html", Report((odd,), errors=("cannot read <a>",)), text, PACKS)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "cannot read &lt;a&gt;" in page
    assert "<script>" not in page


def test_the_last_line_counts_what_can_be_fixed():
    def counted(*grades):
        found = [
            replace(DIRECT, fixes=(Fix("f", grade, ()),)) for grade in map(Applicability, grades)
        ]
        return closing(Report((*found, DIRECT)), plain)[0]

    assert counted("safe", "safe", "unsafe", "display-only") == (
        "Found 5 problems at 1 sink (2 fixable with fix --write, 1 more with --unsafe-fixes)."
    )
    assert counted("safe") == "Found 2 problems at 1 sink (1 fixable with fix --write)."
    assert counted("unsafe") == (
        "Found 2 problems at 1 sink (1 fixable with fix --write --unsafe-fixes)."
    )


def test_json_has_the_shape_of_ruffs_and_the_chain():
    edit = Edit(SHARED[0].location, "await load(id)")
    fixed = Fix(
        "Await `load`",
        Applicability.UNSAFE,
        (edit,),
        notes=("the loop goes on",),
        strategy="native",
        imports=(Import("app/users.py", "app", "load"),),
        requires=("httpx>=0.27",),
    )
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
                    "strategy": "native",
                    "notes": ["the loop goes on"],
                    "imports": [
                        {"filename": "app/users.py", "module": "app", "name": "load", "alias": ""}
                    ],
                    "requires": ["httpx>=0.27"],
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
                        "strategy": "native",
                        "notes": ["the loop goes on"],
                        "imports": [
                            {
                                "filename": "app/users.py",
                                "module": "app",
                                "name": "load",
                                "alias": "",
                            }
                        ],
                        "requires": ["httpx>=0.27"],
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
