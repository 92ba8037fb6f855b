"""What the catalog knows: names, aliases, classes, wildcards; and what it does not."""

# ruff: noqa: E501 - what is printed is as wide as it is
import json

import pytest
from conftest import write
from inline_snapshot import snapshot

from asyncfix import cli
from asyncfix.packs import builtin_texts, load
from asyncfix.survey.catalog import Catalog


@pytest.fixture(scope="module")
def catalog():
    return Catalog(load(builtin_texts()))


@pytest.mark.parametrize(
    ("name", "what", "rule"),
    [
        ("requests.get", "blocks", "blocking-http"),
        ("requests.Session.get", "blocks", "blocking-http"),
        ("redis.StrictRedis.get", "blocks", "blocking-database"),  # another name of redis.Redis
        ("open", "blocks", "blocking-file"),
        ("anthropic.resources.messages.Messages.count_tokens", "blocks", "blocking-sdk"),
        ("asyncio.to_thread", "offloads", ""),
        ("requests.Session", "known", ""),
        ("requests.status_codes.codes.nothing", "unknown", ""),
    ],
)
def test_a_name_is_looked_up_as_the_checks_do(catalog, name, what, rule):
    entry = catalog.entry(name)

    assert (entry.what, entry.rule) == (what, rule)


def test_every_name_has_an_entry_of_its_own(catalog):
    assert {catalog.entry(name).what for name in catalog.names} == {"blocks", "offloads", "trusted"}


def test_a_search_finds_names_that_hold_every_word(catalog):
    names = [entry.name for entry in catalog.search(["REQUESTS", "session.get"])]

    assert "requests.Session.get" in names
    assert all("requests" in name.lower() and "session.get" in name.lower() for name in names)


def test_all_that_is_known_of_a_callable_is_printed(capsys):
    assert cli.main(["catalog", "check", "requests.get"]) == 0
    assert capsys.readouterr().out == snapshot("""\
requests.get blocks the event loop: network (blocking-http, error)
  await httpx.AsyncClient.get instead (needs httpx)
  in a thread: safe
  gives: requests.Response
  note: httpx follows no redirects and times out after 5 s unless told otherwise; a thread keeps everything as it is
""")


def test_conditions_are_told(capsys):
    cli.main(["catalog", "check", "time.sleep"])

    assert "  not if: seconds@0 < " in capsys.readouterr().out


def test_what_is_not_known_is_said_with_a_suggestion(capsys):
    assert cli.main(["catalog", "check", "requsts.get"]) == 1
    assert capsys.readouterr().out.startswith("requsts.get is not known; did you mean requests.get")


def test_entries_for_programs(capsys):
    cli.main(["catalog", "check", "time.sleep", "--output-format", "json"])
    [entry] = json.loads(capsys.readouterr().out)
    cli.main(["catalog", "search", "time.sleep", "--output-format", "json"])

    assert (entry["effect"], entry["replacement"]) == ("sleep", "asyncio.sleep")
    assert entry in json.loads(capsys.readouterr().out)


def test_libraries_are_listed_with_their_sizes(capsys):
    assert cli.main(["catalog"]) == 0
    rows = dict(line.split() for line in capsys.readouterr().out.splitlines())

    assert int(rows["requests"].replace(",", "")) > 10


def test_the_users_packs_are_in_the_catalog(tmp_path, monkeypatch, capsys):
    pack = 'rule = "blocking-http"\neffect = "network"\n[[target]]\nnames = ["ours.Client.call"]\n'
    write(tmp_path, {"ours.toml": pack, "asyncfix.toml": 'packs = ["ours.toml"]\n'})
    monkeypatch.chdir(tmp_path)

    assert cli.main(["catalog", "check", "ours.Client.call"]) == 0
    assert "blocking-http" in capsys.readouterr().out


def test_a_search_without_a_hit_is_1(capsys):
    assert cli.main(["catalog", "search", "nothing-has-this-name"]) == 1
    assert capsys.readouterr().out == "0 names.\n"
