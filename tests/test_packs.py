"""The packs: those that come with asyncfix hold together, and broken ones are refused."""

import ast
import re
from textwrap import dedent

import msgspec
import pytest
import tomli

from asyncfix import packs
from asyncfix.findings import PackError

TEXTS = packs.builtin_texts()
PARSED = {file: msgspec.convert(tomli.loads(text), packs.Pack) for file, text in TEXTS.items()}
LIBRARY = packs.load(TEXTS).library
RULES = packs.load(TEXTS).rules
TARGETS = [(file, target) for file, pack in PARSED.items() for target in pack.target]
EXAMPLES = [
    (rule, example)
    for rule in RULES.values()
    if rule.name != "unparsable-file"
    for example in rule.examples
]

RULE = """
name = "blocking-acme"
group = "blocking"
check = "blocking-call"
summary = "s"
message = "`{name}` waits"
why = "w"
effect = "network"
"""
FULL_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z")


def test_every_rule_tells_what_is_wrong_and_shows_it():
    for rule in RULES.values():
        assert rule.summary
        assert rule.why.strip()
        assert any(example.bad for example in rule.examples), rule.name


def test_the_blocking_rules_are_there():
    assert {
        "blocking-cpu",
        "blocking-database",
        "blocking-file",
        "blocking-http",
        "blocking-input",
        "blocking-network",
        "blocking-sdk",
        "blocking-sleep",
        "blocking-subprocess",
        "blocking-wait",
    } <= set(packs.load(TEXTS).groups["blocking"])


@pytest.mark.parametrize("name", [name for name in RULES if name.startswith("blocking-")])
def test_a_blocking_rule_names_the_callable_in_one_line(name):
    message = RULES[name].message

    assert any(example.good for example in RULES[name].examples)
    assert "`{name}`" in message
    assert len(message) <= 100
    assert message.format(name="a.b", replacement="c.d")


def test_a_file_that_defines_a_rule_is_named_after_it():
    for file, pack in PARSED.items():
        if pack.name:
            assert file.rpartition("/")[2] == f"{pack.name}.toml"


def test_every_target_names_a_known_rule():
    assert {target.rule for target in LIBRARY.targets.values()} <= set(RULES)
    assert {target.rule for target in LIBRARY.reads.values()} <= set(RULES)


def test_every_alias_is_a_code_of_another_linter():
    for rule in RULES.values():
        assert all(re.fullmatch(r"[A-Z]+\d+", alias) for alias in rule.aliases), rule.name


def test_no_callable_is_named_twice():
    seen = {}
    for file, target in TARGETS:
        for name in (*target.names, *target.reads):
            assert name not in seen, f"{name}: {file} and {seen[name]}"
            seen[name] = file


def test_every_target_names_something():
    assert not [file for file, target in TARGETS if not target.names and not target.reads]


def test_every_target_is_a_full_name():
    for file, target in TARGETS:
        for name in (*target.names, *target.reads):
            assert FULL_NAME.match(name.removesuffix(".*") + ".x"), (file, name)
            assert "." in name, (file, name)


def test_every_replacement_is_a_full_name():
    for file, target in TARGETS:
        name = target.replacement.replace("*", "x")  # `X.a*`: the twin of a method, by its name
        assert not name or FULL_NAME.match(name), (file, target.names)


def test_a_replacement_does_not_block_itself():
    for file, target in TARGETS:
        assert target.replacement not in LIBRARY.targets, (file, target.replacement)


def test_nothing_both_blocks_and_is_trusted():
    assert not LIBRARY.trusted & set(LIBRARY.targets)


def test_another_import_path_leads_straight_to_the_name_that_packs_use():
    for other, name in LIBRARY.same.items():
        assert name not in LIBRARY.same, (other, name)
        assert other not in LIBRARY.targets, other


def test_bases_are_not_circular():
    def above(name, seen=()):
        assert name not in seen, name
        for base in LIBRARY.bases.get(name, ()):
            above(base, (*seen, name))

    for name in LIBRARY.bases:
        above(name)


@pytest.mark.parametrize("table", ["returns", "attributes"])
def test_types_are_written_as_annotations(table):
    for name, text in getattr(LIBRARY, table).items():
        if not re.fullmatch(r"@\d+", text):
            ast.parse(text, mode="eval")
        assert FULL_NAME.match(name.removesuffix(".*") + ".x"), name


def test_conditions_compare_with_literals_and_types():
    for file, target in TARGETS:
        for condition in (each for side in target.conditions for each in side):
            if condition.operator == "is":
                assert FULL_NAME.match(f"{condition.value}.x"), (file, condition)
            elif condition.operator:
                ast.literal_eval(condition.value)


@pytest.mark.parametrize("table", ["returns", "attributes", "bases", "same"])
def test_two_files_do_not_contradict_each_other(table):
    seen = {}
    for file, pack in PARSED.items():
        for name, value in getattr(pack, table).items():
            first, known = seen.setdefault(name, (file, value))
            assert known == value, f"{name}: {file} and {first}"


@pytest.mark.parametrize("kind", ["offloads", "consumers", "wrappers"])
def test_lists_of_functions_are_sorted_and_free_of_repetition(kind):
    for file, pack in PARSED.items():
        names = getattr(pack, kind)
        if len(names) > 20:
            assert list(names) == sorted(names), file
        assert len(names) == len(set(names)), file


@pytest.mark.parametrize(
    ("rule", "example"), EXAMPLES, ids=[f"{rule.name}: {each.title}" for rule, each in EXAMPLES]
)
def test_every_example_is_python(rule, example):
    assert rule.group
    assert example.bad or example.good
    for name, source in {"bad": example.bad, "good": example.good, **example.files}.items():
        if name in ("bad", "good") or name.endswith(".py"):
            ast.parse(source)


def test_the_titles_of_the_examples_of_a_rule_differ():
    for rule in RULES.values():
        titles = [example.title for example in rule.examples]
        assert len(titles) == len(set(titles)), rule.name


@pytest.mark.parametrize(
    "name",
    [
        "builtins.open",
        "os.walk",
        "pathlib.Path.read_text",
        "pathlib.Path.rglob",
        "shutil.rmtree",
        "json.load",
    ],
)
def test_contents_and_walks_are_graded_as_the_rule_is(name):
    assert LIBRARY.targets[name].rule == "blocking-file"
    assert LIBRARY.targets[name].severity is None


@pytest.mark.parametrize(
    "name", ["os.path.exists", "os.stat", "os.mkdir", "pathlib.Path.exists", "pathlib.Path.unlink"]
)
def test_metadata_is_information(name):
    assert LIBRARY.targets[name].effect == "metadata"
    assert LIBRARY.targets[name].severity == "info"


@pytest.mark.parametrize(
    "name",
    [
        "os.path.join",
        "os.path.normpath",
        "os.path.basename",
        "pathlib.Path.joinpath",
        "pathlib.Path.with_suffix",
        "asyncio.sleep",
        "asyncio.Lock.acquire",
        "asyncio.Queue.get",
        "asyncio.Task.result",
        "httpx.AsyncClient.get",
        "io.BytesIO.read",
        "io.StringIO.write",
        "json.loads",
        "threading.Lock",
        "threading.Thread.start",
    ],
)
def test_what_does_not_block_is_no_target(name):
    assert name not in LIBRARY.targets


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("interval@0", ("interval", 0, "", "")),
        ("blocking@0 == False", ("blocking", 0, "==", "False")),
        ("@1 != 0", ("", 1, "!=", "0")),
        ("_bg == True", ("_bg", -1, "==", "True")),
        ("file@0 is io.BytesIO", ("file", 0, "is", "io.BytesIO")),
    ],
)
def test_a_condition_is_read(text, parts):
    found = packs.Condition.parse(text)

    assert (found.name, found.at, found.operator, found.value) == parts


@pytest.mark.parametrize("text", ["", "== 3", "interval@zero", "a b", "interval@0 >"])
def test_a_condition_that_cannot_be_read_is_refused(text):
    with pytest.raises(PackError, match="condition"):
        packs.Condition.parse(text)


def test_a_bad_condition_in_a_pack_is_refused():
    pack = f'{RULE}[[target]]\nnames = ["acme.fetch"]\nwhen = ["interval is"]\n'

    with pytest.raises(PackError, match="interval is"):
        packs.load({"acme.toml": pack})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('colour = "red"', "colour"),
        ('[[target]]\nnames = ["acme.fetch"]\nreplace = "acme.afetch"', "replace"),
        ('[[target]]\nnames = ["acme.fetch"]\noffload = "perhaps"', "perhaps"),
        ('[[target]]\nnames = ["acme.fetch"]\neffect = "magic"', "magic"),
        ('[[example]]\ntitle = "t"\nugly = "x"', "ugly"),
    ],
)
def test_an_unknown_key_or_value_is_refused_with_file_and_key(text, key):
    with pytest.raises(PackError, match=rf"acme\.toml: .*{key}"):
        packs.load({"acme.toml": RULE + text})


def test_a_file_that_is_no_toml_is_refused_by_name():
    with pytest.raises(PackError, match=r"acme\.toml"):
        packs.load({"acme.toml": "name = "})


def test_a_rule_without_a_reason_is_refused():
    with pytest.raises(PackError, match=r"acme\.toml: a rule needs `why`"):
        packs.load({"acme.toml": RULE.replace('why = "w"', "")})


def test_a_target_of_an_unknown_rule_is_refused():
    pack = '[[target]]\nnames = ["acme.fetch"]\nrule = "blocking-magic"\neffect = "network"\n'

    with pytest.raises(PackError, match="blocking-magic"):
        packs.load({"acme.toml": pack})


def test_a_target_without_an_effect_is_refused():
    pack = RULE.replace('effect = "network"', "") + '[[target]]\nnames = ["acme.fetch"]\n'

    with pytest.raises(PackError, match="effect"):
        packs.load({"acme.toml": pack})


@pytest.mark.parametrize("name", ["acme fetch", "acme.*.fetch", "1.fetch", ""])
def test_what_is_no_full_name_is_refused(name):
    with pytest.raises(PackError, match="no full name"):
        packs.load({"acme.toml": f'{RULE}[[target]]\nnames = ["{name}"]\n'})


def test_a_later_pack_overrides_an_earlier_one():
    target = '[[target]]\nnames = ["acme.fetch"]\n'
    loaded = packs.load(
        {
            "ours.toml": RULE + target,
            "theirs.toml": f'rule = "blocking-acme"\neffect = "sleep"\n{target}offload = "no"\n',
        }
    )

    assert loaded.library.targets["acme.fetch"].effect == "sleep"
    assert loaded.library.targets["acme.fetch"].offload == "no"


def test_a_target_takes_rule_and_effect_from_its_file():
    loaded = packs.load({"acme.toml": f'{RULE}[[target]]\nnames = ["acme.fetch"]\n'})

    assert loaded.library.targets["acme.fetch"].rule == "blocking-acme"
    assert loaded.library.targets["acme.fetch"].effect == "network"


def test_packs_of_the_user_are_files_or_folders(tmp_path):
    (tmp_path / "one.toml").write_text(RULE, encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two.toml").write_text('trusted = ["acme.ok"]', encoding="utf-8")

    texts = packs.user_texts(["one.toml", "more"], tmp_path)

    assert packs.load(texts).library.trusted == {"acme.ok"}


def test_a_pack_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PackError, match=r"absent\.toml"):
        packs.user_texts(["absent.toml"], tmp_path)


def test_a_pack_tells_what_asks_a_store(check):
    pack = """
        [[query]]
        names = ["acme.AsyncClient.fetch"]
        kind = "read"
        batch = "one `fetch_many`"
    """
    app = """
        import acme

        async def get(client: acme.AsyncClient, items):
            for item in items:
                await client.fetch(item)
            return await client.fetch(1)
    """

    (finding,) = check({"acme.toml": dedent(pack), "app.py": dedent(app)}, packs=("acme.toml",))

    assert (finding.rule, finding.subject) == ("n-plus-one-query", "acme.AsyncClient.fetch")
    assert finding.help == "one `fetch_many`"


def test_what_blocks_asks_a_store_and_so_does_its_awaited_form(check):
    pack = """
        [[target]]
        names = ["acme.Client.fetch", "acme.Client.close"]
        rule = "blocking-database"
        effect = "database"
        replacement = "acme.AsyncClient.*"
    """
    app = """
        import acme

        async def get(client: acme.AsyncClient, items):
            for item in items:
                await client.fetch(item)
                await client.close(item)

        def find(client: acme.Client, items):
            return [client.fetch(item) for item in items]
    """

    found = check({"acme.toml": dedent(pack), "app.py": dedent(app)}, packs=("acme.toml",))

    assert [each.subject for each in found] == ["acme.AsyncClient.fetch", "acme.Client.fetch"]


def test_a_query_needs_a_known_kind_and_full_names():
    for text in ("names = ['a.b']\nkind = 'ask'", "names = ['a b']\nkind = 'read'"):
        with pytest.raises(PackError):
            packs.load({"acme.toml": f"[[query]]\n{text}"})


def test_a_pack_tells_what_makes_clients_and_what_values_are(check):
    pack = """
        values = ["acme.Money"]

        [[client]]
        names = ["acme.connect"]
        kind = "database"
        close = "close"
        pooled = false
    """
    app = """
        import acme

        _connection = _price = _shop = None

        async def connection():
            global _connection
            if _connection is None:
                _connection = acme.connect()
            return _connection

        async def price():
            global _price
            if _price is None:
                _price = acme.Money(1)
            return _price

        async def shop():
            global _shop
            if _shop is None:
                _shop = acme.Shop()
            return _shop
    """

    found = check({"acme.toml": dedent(pack), "app.py": dedent(app)}, packs=("acme.toml",))

    assert [each.subject for each in found] == ["acme.connect", "acme.Shop"]


def test_a_client_needs_a_known_kind_and_full_names():
    for text in ("names = ['a.b']\nkind = 'thing'", "names = ['a b']\nkind = 'http'"):
        with pytest.raises(PackError):
            packs.load({"acme.toml": f"[[client]]\n{text}"})
