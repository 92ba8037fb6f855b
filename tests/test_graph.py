"""The call graph: as a tree, for Graphviz and Mermaid, from a function or towards it."""

import json
import re

import pytest
from conftest import write
from inline_snapshot import snapshot

from asyncfix import cli

FILES = {
    "pyproject.toml": "",
    "app.py": """
import asyncio
from fastapi import FastAPI
from clients import load, quiet

app = FastAPI()

@app.get("/users/{id}")
async def get_user(id):
    quiet()
    return await first(id)

async def first(id):
    load(id)
    return load(id)
""",
    "clients.py": """
import requests

def load(id):
    return fetch(id)

def fetch(id):
    if id:
        return load(0)
    return requests.get(f"https://example.org/{id}")

def quiet():
    return 1
""",
}


@pytest.fixture
def graph(tmp_path, monkeypatch, capsys):
    """Return a function that gives what the command prints."""
    write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        assert cli.main(["graph", *words]) == 0
        return capsys.readouterr().out

    return run


def test_a_tree_from_every_entry_tells_each_function_once(graph):
    assert graph() == snapshot("""\
GET /users/{id}: get_user (app.py:9)
  awaits first at app.py:11
    calls load at app.py:14
      calls fetch at clients.py:5
        calls load at clients.py:9 (as above)
        blocks requests.get at clients.py:10
    calls load at app.py:15 (as above)

4 functions, 6 calls, 1 callable that blocks.
""")


def test_the_way_back_from_what_blocks(graph):
    assert graph("requests.get", "--callers") == snapshot("""\
requests.get
  called by fetch at clients.py:10
    called by load at clients.py:5
      called by first at app.py:14
        called by get_user at app.py:11
      called by first at app.py:15 (as above)
      called by fetch at clients.py:9 (as above)

4 functions, 6 calls, 1 callable that blocks.
""")


def test_the_depth_is_limited(graph):
    assert "fetch" not in graph("--depth", "2")
    assert "fetch" in graph("--depth", "3")


def test_what_leads_to_nothing_that_blocks_is_left_out_unless_asked_for(graph):
    assert "quiet" not in graph()
    assert "quiet" in graph("--all")


def test_dot_has_a_node_per_function_and_an_arrow_per_pair(graph):
    assert graph("first", "--output-format", "dot") == snapshot("""\
digraph asyncfix {
  rankdir="LR";
  node [shape="box", style="filled"];
  n0 [label="first\\napp.py:13", fillcolor="#dbeafe"];
  n1 [label="load\\nclients.py:4", fillcolor="#f3f4f6"];
  n2 [label="fetch\\nclients.py:7", fillcolor="#f3f4f6"];
  n3 [label="requests.get", fillcolor="#fecaca"];
  n0 -> n1;
  n1 -> n2;
  n2 -> n1;
  n2 -> n3 [label="blocks"];
}
""")


def test_mermaid_quotes_what_it_would_read_as_markup(graph, tmp_path):
    (tmp_path / "app.py").write_text(
        "import time\nasync def f():\n    (lambda: time.sleep(1))()\n", encoding="utf-8"
    )
    told = graph("--output-format", "mermaid")

    head, *lines = told.splitlines()
    known = (
        r'  n\d+\["[^"<>]*(<br>[^"<>]*)*"\]:::\w+',
        r"  n\d+ -->(\|\w+\|)? n\d+",
        r"  classDef .*",
    )

    assert head == "flowchart LR"
    assert "#lt;lambda#gt;" in told
    assert [line for line in lines if not any(re.fullmatch(each, line) for each in known)] == []


def test_json_names_the_same_nodes_in_its_links(graph):
    found = json.loads(graph("--output-format", "json"))
    symbols = {node["symbol"] for node in found["nodes"]}

    assert {node["kind"] for node in found["nodes"]} == {"async", "sync", "sink"}
    assert {link[end] for link in found["links"] for end in ("source", "target")} == symbols
    assert {
        "source": "clients.fetch",
        "target": "requests.get",
        "edge": "blocks",
        "filename": "clients.py",
        "row": 10,
        "column": 12,
    } in found["links"]


def test_an_unknown_symbol_is_told_with_a_suggestion(graph, capsys):
    del graph

    assert cli.main(["graph", "frist"]) == 2
    assert capsys.readouterr().err == (
        "error: nothing on the event loop is called `frist`; did you mean `first`?\n"
    )


def test_callers_need_a_symbol():
    assert cli.main(["graph", "--callers"]) == 2
