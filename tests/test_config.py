"""Configuration: where settings come from, which wins, and how mistakes are told."""

import json
import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyncfix.config import FIELDS, Config, chosen, json_schema, load
from asyncfix.findings import ConfigError, Severity


@dataclass(frozen=True)
class Rule:
    """What selection needs to know."""

    name: str
    group: str = "blocking"
    preview: bool = False


RULES = (
    Rule("blocking-http"),
    Rule("blocking-file"),
    Rule("new", preview=True),
    Rule("n", "batch"),
)


@pytest.fixture
def settings(tmp_path):
    def read(text, name="asyncfix.toml", environ=None, **overrides):
        (tmp_path / name).write_text(text)
        told = {key.replace("_", "-"): value for key, value in overrides.items()}
        return load(tmp_path, told, environ or {})

    return read


def test_defaults_hold_without_a_file():
    loaded = load(Path("/"), {}, {})

    assert loaded.config == Config()
    assert loaded.path is None


def test_reads_asyncfix_toml_and_the_table_of_pyproject(settings, tmp_path):
    text = 'min-severity = "info"\n'

    assert settings(text).config.min_severity is Severity.INFO
    (tmp_path / "asyncfix.toml").unlink()
    assert settings(f"[tool.asyncfix]\n{text}", "pyproject.toml").config.min_severity == "info"


def test_the_nearest_file_with_settings_counts(settings, tmp_path):
    settings("preview = true\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/pyproject.toml").write_text("[tool.other]\n")

    loaded = load(tmp_path / "sub", {}, {})

    assert loaded.config.preview
    assert loaded.config.project == str(tmp_path)


def test_the_command_line_beats_the_environment_and_that_the_file(settings):
    loaded = settings(
        'min-severity = "info"\nsrc = ["lib"]\npreview = true\n',
        environ={"ASYNCFIX_MIN_SEVERITY": "warning", "ASYNCFIX_SRC": "a, b"},
        min_severity="error",
    )

    assert loaded.config.min_severity == "error"
    assert loaded.config.src == ("a", "b")
    assert loaded.config.preview
    assert loaded.origins["min-severity"] == "command line"
    assert loaded.origins["src"] == "environment"
    assert loaded.origins["preview"].endswith("asyncfix.toml")


def test_the_environment_sets_flags_numbers_and_tables():
    environ = {
        "ASYNCFIX_PREVIEW": "1",
        "ASYNCFIX_MAX_DATABASE_TIMEOUT": "7.5",
        "ASYNCFIX_SEVERITY": "blocking-http:info",
        "ASYNCFIX_PER_FILE_IGNORES": "tests/*:blocking,tests/*:batch",
    }

    config = load(Path("/"), {}, environ).config

    assert (config.preview, config.max_database_timeout) == (True, 7.5)
    assert config.severity == {"blocking-http": "info"}
    assert config.per_file_ignores == {"tests/*": ("blocking", "batch")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selct = ["x"]', r"asyncfix\.toml: unknown key `selct`; did you mean `select`\?"),
        ("project = '/'", r"unknown key `project`"),
        ("select = 'x'", r"asyncfix\.toml: `select`: Expected `array"),
        ("[severity]\nx = 'bad'", r"asyncfix\.toml: `severity`: Invalid enum value 'bad'"),
        ("a = = 1", r"asyncfix\.toml: .*line 1"),
        ("max-database-timeout = 0", r"`max-database-timeout`: Expected"),
        ("extend = 'asyncfix.toml'", r"`extend` comes back to this file"),
        ("extend = 'nowhere.toml'", r"nowhere\.toml: No such file"),
        ("required-version = '>=99'", r"but >=99 is required"),
        ("required-version = 'soon'", r"`required-version`: cannot read 'soon'"),
    ],
)
def test_mistakes_name_the_file_and_the_key(settings, text, message):
    with pytest.raises(ConfigError, match=message):
        settings(text)


def test_a_table_of_pyproject_that_is_no_table_is_a_mistake(settings):
    with pytest.raises(ConfigError, match=r"unknown key `tool\.asyncfix`"):
        settings("[tool]\nasyncfix = 1\n", "pyproject.toml")


def test_a_variable_that_is_nearly_right_is_a_mistake_and_others_are_not_ours():
    with pytest.raises(ConfigError, match="did you mean `ASYNCFIX_SELECT`"):
        load(Path("/"), {}, {"ASYNCFIX_SELECTS": "x"})
    assert load(Path("/"), {}, {"ASYNCFIX_VERSION": "1"}).config == Config()


def test_extend_puts_settings_on_top_of_another_file(settings, tmp_path):
    base = "ignore = ['a']\nextend-exclude = ['x']\npacks = ['p.toml']\nseverity = {a = 'info'}\n"
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/base.toml").write_text(base)

    config = settings(
        "extend = 'shared/base.toml'\nignore = ['b']\nextend-exclude = ['y']\n"
        "severity = {b = 'error'}\n"
    ).config

    assert config.ignore == ("a", "b")
    assert config.extend_exclude == ("x", "y")
    assert config.severity == {"a": "info", "b": "error"}
    assert config.packs == (str(tmp_path.resolve() / "shared/p.toml"),)


def test_a_file_can_be_named(tmp_path):
    (tmp_path / "other.toml").write_text("preview = true\n")

    assert load(Path("/"), {}, {}, tmp_path / "other.toml").config.preview


@pytest.mark.parametrize("wanted", ["0.1.0", ">=0.1,<1", "==0.1", "!=0.2", ">0.0.9", "<=0.1.0"])
def test_versions_that_will_do(settings, wanted):
    assert settings(f"required-version = '{wanted}'").config.required_version == wanted


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, {"blocking-http", "blocking-file", "n"}),
        ({"preview": True}, {"blocking-http", "blocking-file", "n", "new"}),
        ({"select": ("blocking",)}, {"blocking-http", "blocking-file"}),
        ({"select": ("batch",), "extend_select": ("blocking-file",)}, {"n", "blocking-file"}),
        ({"ignore": ("blocking",)}, {"n"}),
        ({"select": ("blocking-http",), "ignore": ("blocking",)}, {"blocking-http"}),
        ({"select": ("blocking-http",), "ignore": ("blocking-http",)}, set()),
        ({"select": ()}, set()),
        ({"extend_select": ("new",)}, {"blocking-http", "blocking-file", "n", "new"}),
    ],
)
def test_the_nearer_name_chooses_rules(values, names):
    assert chosen(Config(**values), RULES) == names


def test_a_rule_that_does_not_exist_is_a_mistake():
    with pytest.raises(ConfigError, match="`blocking-htp`; did you mean `blocking-http`"):
        chosen(Config(ignore=("blocking-htp",)), RULES)


def test_a_new_select_starts_afresh_and_ignore_adds(settings):
    text = "select = ['a']\nignore = ['b']\nextend-select = ['c']\n"

    afresh = settings(text, select=["x"]).config
    more = settings(text, ignore=["d"]).config
    back = settings(text, extend_select=["b"]).config

    assert (afresh.select, afresh.ignore, afresh.extend_select) == (("x",), (), ())
    assert more.ignore == ("b", "d")
    assert (back.ignore, back.extend_select) == ((), ("c", "b"))


def test_the_salt_changes_with_what_changes_findings_only():
    plain = Config().salt

    assert Config(offloads=("a.b",)).salt != plain
    assert Config(output_format="json", cache_dir="x", project="/y").salt == plain
    assert Config(severity={"a": Severity.INFO, "b": Severity.INFO}).salt == (
        Config(severity={"b": Severity.INFO, "a": Severity.INFO}).salt
    )


def test_a_configuration_survives_pickling():
    config = Config(select=("a",), per_file_ignores={"x": ("y",)})

    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own


def test_the_schema_knows_every_key():
    schema = json.loads(json_schema())["$defs"]["Config"]

    assert set(schema["properties"]) == set(FIELDS)
    assert schema["additionalProperties"] is False
    assert all("description" in value for value in schema["properties"].values())
