"""The command: options, what is printed where, and exit codes; a stand-in plays the engine."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sample_report import EMPTY, PACKS, REPORT, TEXTS, text

import asyncfix
from asyncfix import cli, terminal
from asyncfix.findings import AsyncfixError, Location, Report, Unresolved


class Engine(SimpleNamespace):
    """Answers with a prepared report and remembers how it was asked."""

    def check(self, paths, config, **options):
        """Record the question."""
        self.asked = SimpleNamespace(paths=paths, config=config, **options)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return SimpleNamespace(report=self.answer, text=text, packs=PACKS)

    def why(self, _paths, _config, target, **_options):
        """Name the target."""
        return SimpleNamespace(lines=(f"about {target}", "end"))


@pytest.fixture
def engine(monkeypatch, tmp_path):
    stand_in = Engine(answer=REPORT)
    monkeypatch.setattr(asyncfix, "engine", stand_in, raising=False)
    monkeypatch.setitem(sys.modules, "asyncfix.engine", stand_in)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    Path("pyproject.toml").touch()
    return stand_in


pytestmark = pytest.mark.usefixtures("engine")


@pytest.mark.parametrize(
    ("answer", "options", "code"),
    [
        (EMPTY, [], 0),
        (REPORT, [], 1),
        (REPORT, ["--exit-zero"], 0),
        (Report((), errors=("a.py: cannot be read",)), [], 2),
        (Report(REPORT.findings, errors=("a.py: cannot be read",)), ["-e"], 2),
        (AsyncfixError("nowhere: no such file or folder"), ["-e"], 2),
        (RuntimeError("bug"), ["-e"], 2),
        (KeyboardInterrupt(), [], 130),
        (Report(()), [], 0),
    ],
)
def test_exit_codes(engine, answer, options, code):
    engine.answer = answer

    assert cli.main(["check", *options]) == code


@pytest.mark.parametrize(
    "arguments", [[], ["chekc"], ["check", "--nope"], ["check", "-j", "0"], ["rule", "nope"]]
)
def test_wrong_usage_is_2(arguments):
    assert cli.main(arguments) == 2


def test_findings_go_to_stdout_with_the_counts(capsys):
    cli.main(["check"])
    out, err = capsys.readouterr()

    assert "error[blocking-http]" in out
    assert "Found 3 problems at 2 sinks." in out
    assert "3 findings hidden" in out
    assert not err


def test_quiet_leaves_the_counts_out_and_silent_everything(capsys):
    cli.main(["check", "-q", "--output-format", "concise"])
    assert len(capsys.readouterr().out.splitlines()) == 3

    assert cli.main(["check", "-s"]) == 1
    assert not capsys.readouterr().out


def test_json_on_stdout_is_json_alone(capsys):
    cli.main(["check", "--output-format", "json"])

    assert len(json.loads(capsys.readouterr().out)) == 3


def test_output_goes_to_a_file(capsys):
    cli.main(["check", "-o", "reports/a.json", "--output-format=json"])

    assert len(json.loads(Path("reports/a.json").read_text())) == 3
    assert not capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_an_error(capsys):
    assert cli.main(["check", "-o", "pyproject.toml/x"]) == 2
    assert capsys.readouterr().err.startswith("error: cannot write pyproject.toml/x:")


def test_several_sinks_are_written_in_one_run(capsys):
    words = "check --out sarif=reports/a.sarif --out json=a.json --output-format concise -q"

    assert cli.main(words.split()) == 1
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert len(json.loads(Path("reports/a.sarif").read_text())["runs"][0]["results"]) == 3
    assert len(json.loads(Path("a.json").read_text())) == 3


def test_a_sink_may_be_the_terminal(capsys):
    cli.main(["check", "-o", "full.txt", "--out", "pylint=-"])

    assert capsys.readouterr().out.startswith("app/users.py:6: [E(")
    assert "Found 3 problems" in Path("full.txt").read_text()


def test_silence_leaves_the_files(capsys):
    assert cli.main(["check", "-s", "--out", "json=a.json"]) == 1
    assert not capsys.readouterr().out
    assert Path("a.json").exists()


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        ("sarf=a", "no format is called 'sarf'; did you mean `sarif`?"),
        ("zzz=a", "no format is called 'zzz'; known are full, concise, grouped, json,"),
        ("json", "'json' names no file: write json=FILE, or json=-"),
        ("json=", "'json=' names no file"),
    ],
)
def test_a_sink_needs_a_format_and_a_file(capsys, sink, told):
    assert cli.main(["check", "--out", sink]) == 2
    assert told in capsys.readouterr().err


def test_a_sink_that_cannot_be_written_stops_no_other(capsys):
    words = "check --out json=pyproject.toml/x --out pylint=a.txt -q --output-format concise"

    assert cli.main(words.split()) == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert err.startswith("error: cannot write pyproject.toml/x:")
    assert len(Path("a.txt").read_text().splitlines()) == 3


def test_a_step_on_github_gets_a_summary(monkeypatch, capsys):
    summary = Path("summary.md")
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    cli.main(["check", "--output-format", "concise"])
    assert summary.read_text() == "before\n"

    cli.main(["check", "--output-format", "github"])
    assert summary.read_text().startswith("before\n## asyncfix\n")
    assert "::error file=app/users.py,line=6," in capsys.readouterr().out

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "pyproject.toml/x")
    assert cli.main(["check", "--output-format", "github"]) == 1
    assert capsys.readouterr().err.startswith("warning: cannot write the step summary: ")


def test_formats_for_a_repository_name_files_from_its_root(capsys, monkeypatch):
    Path(".git").mkdir()
    Path("backend").mkdir()
    Path("backend/pyproject.toml").touch()
    monkeypatch.chdir("backend")
    cli.main(["check", "--output-format", "gitlab"])
    assert json.loads(capsys.readouterr().out)[0]["location"]["path"] == "backend/app/users.py"

    cli.main(["check", "--output-format", "json"])
    assert json.loads(capsys.readouterr().out)[0]["filename"] == "app/users.py"


def test_settings_are_shown_and_nothing_is_checked(engine, capsys, tmp_path):
    engine.asked = None
    words = "check --show-settings --select blocking-sleep --min-severity info"

    assert cli.main(words.split()) == 0
    out = capsys.readouterr().out
    assert engine.asked is None
    assert f"project: {tmp_path}\n" in out
    assert "rules: blocking-sleep\n" in out
    assert 'min-severity = "info"\n    from: command line\n' in out


def test_statistics_replace_the_findings(capsys):
    cli.main(["check", "--statistics", "-q"])

    assert capsys.readouterr().out.startswith("2  error    blocking-http   A synchronous")


def test_errors_are_lines_on_stderr(engine, capsys):
    engine.answer = Report((), errors=("a.py: cannot be read",))
    cli.main(["check"])
    out, err = capsys.readouterr()

    assert err == "error: a.py: cannot be read\n"
    assert "All checks passed!" not in out


def test_an_internal_error_has_no_traceback_unless_asked(engine, capsys):
    engine.answer = RuntimeError("bug")

    assert cli.main(["check"]) == 2
    assert capsys.readouterr().err == (
        "error: internal error, please report it (-v shows more): RuntimeError: bug\n"
    )
    with pytest.raises(RuntimeError):
        cli.main(["check", "-v"])


def test_an_interrupted_run_says_so(engine, capsys):
    engine.answer = KeyboardInterrupt()
    cli.main(["check"])

    assert capsys.readouterr().err.strip() == "interrupted"


def test_no_files_is_a_warning(engine, capsys):
    engine.answer = Report(())
    cli.main(["check", "docs"])

    assert capsys.readouterr().err == "warning: no Python files in docs\n"


def test_options_set_the_configuration(engine):
    words = (
        "check a b --select x,y --select z --ignore w --per-file-ignores tests/*:x --preview "
        "--min-severity info --min-confidence high --exclude e --extend-exclude f --force-exclude "
        "--no-respect-gitignore -j 2"
    )
    cli.main(words.split())
    config = engine.asked.config

    assert engine.asked.paths == [Path("a"), Path("b")]
    assert engine.asked.jobs == 2
    assert config.select == ("x", "y", "z")
    assert config.ignore == ("w",)
    assert config.per_file_ignores == {"tests/*": ("x",)}
    assert (config.min_severity, config.min_confidence) == ("info", "high")
    assert (config.exclude, config.extend_exclude) == (("e",), ("f",))
    assert (config.preview, config.force_exclude, config.respect_gitignore) == (True, True, False)


def test_the_cache_lives_in_the_project_unless_refused(engine, tmp_path):
    cli.main(["check"])
    assert engine.asked.cache == tmp_path / ".asyncfix_cache"

    cli.main(["check", "--cache-dir", "elsewhere"])
    assert engine.asked.cache == tmp_path / "elsewhere"

    cli.main(["check", "-n"])
    assert engine.asked.cache is None


def test_a_configuration_can_be_named_and_mistakes_are_told(capsys):
    Path("other.toml").write_text("selct = []\n")

    assert cli.main(["check", "--config", "other.toml"]) == 2
    assert capsys.readouterr().err == (
        "error: other.toml: unknown key `selct`; did you mean `select`?\n"
    )


def test_paths_are_shown_from_the_working_directory(capsys, monkeypatch):
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    cli.main(["check", "..", "-q", "--output-format=concise"])

    assert capsys.readouterr().out.startswith("../app/users.py:6:9: ")


def test_paths_within_the_project_are_shown_as_short_as_they_are(capsys, monkeypatch):
    Path("app").mkdir()
    monkeypatch.chdir("app")
    cli.main(["check", "-q", "--output-format=concise"])
    assert capsys.readouterr().out.startswith("users.py:6:9: ")

    cli.main(["check", "--output-format=json"])
    assert json.loads(capsys.readouterr().out)[0]["chain"][1]["filename"] == "services.py"


@pytest.mark.parametrize(
    ("environment", "option", "painted"),
    [
        ({}, "auto", False),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"FORCE_COLOR": "1"}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_colour_is_a_matter_of_terminal_environment_and_option(
    capsys, monkeypatch, environment, option, painted
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cli.main(["check", "--color", option])

    assert ("\x1b[" in capsys.readouterr().out) == painted


def test_a_dumb_terminal_gets_no_colour(monkeypatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.colored("auto")
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.colored("auto")


def test_progress_waits_and_needs_a_terminal(monkeypatch):
    bars = []
    bar = SimpleNamespace(
        add_task=lambda stage, **_: stage,
        update=lambda _, description, completed, total: bars.append(
            (description, completed, total)
        ),
        stop=lambda: bars.append("stopped"),
    )
    monkeypatch.setattr(terminal, "_bar", lambda: bar)
    monkeypatch.setattr(terminal.sys, "stderr", SimpleNamespace(isatty=lambda: True))
    monkeypatch.delenv("CI", raising=False)
    with terminal.Progress(shown=True) as progress:
        progress("index", 1, 9)
        assert bars == []
        monkeypatch.setattr(terminal, "PATIENCE", 0)
        progress("index", 2, 9)
    with terminal.Progress(shown=False) as silent:
        silent("index", 1, 2)

    assert bars == [("index", 2, 9), "stopped"]


def test_stdin_stands_in_for_a_file(engine, monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO("\ufeffprint('ü')\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    cli.main(["check", "-", "--stdin-filename", "app/new.py"])

    assert engine.asked.paths == [Path("app/new.py")]
    assert engine.asked.replaced == {"app/new.py": "print('ü')\n"}


@pytest.mark.parametrize(
    "words", ["-", "- a.py --stdin-filename b.py", "a.py --stdin-filename a.py"]
)
def test_stdin_needs_one_name_and_nothing_else(words):
    assert cli.main(["check", *words.split()]) == 2


def test_calls_that_lead_nowhere_known_are_listed_when_asked_for(engine, capsys):
    code = "load(id)"
    start = TEXTS["app/users.py"].data.index(code.encode())
    place = Location("app/users.py", start, start + len(code))
    calls = (
        Unresolved(0, "load", "yaml.Loader.load", place),
        Unresolved(2, "later", "", place),
        Unresolved(2, "later", "", place),
    )
    engine.answer = Report((), unresolved=9, unresolved_at=calls)
    cli.main(["check", "--show-unresolved"])
    out = capsys.readouterr().out

    assert engine.asked.unresolved
    assert out.startswith(
        "load: 1 call of an unknown object; as `yaml.Loader.load` it is an error\n"
        "  app/users.py:6:9 load(id)\n"
        "later: 2 calls of an unknown object; the project has a function of it\n"
        "  app/users.py:6:9 load(id)\n"
        "  app/users.py:6:9 load(id)\n"
    )
    assert "9 calls could not be resolved.\n" in out


def test_why_prints_the_explanation(capsys):
    assert cli.main(["why", "app.users.tick"]) == 0
    assert capsys.readouterr().out == "about app.users.tick\nend\n"


def test_rule_shows_a_page_or_all_or_a_list(capsys):
    assert cli.main(["rule", "blocking-sleep"]) == 0
    page = capsys.readouterr().out
    cli.main(["rule", "--all"])
    everything = capsys.readouterr().out
    cli.main(["rule"])
    listed = capsys.readouterr().out

    assert page.startswith("# blocking-sleep\n\n")
    assert page in everything
    assert "blocking-sleep " in listed


def test_rules_are_printed_for_programs(capsys):
    cli.main(["rule", "--all", "--output-format", "json"])
    rules = {rule["name"]: rule for rule in json.loads(capsys.readouterr().out)}
    cli.main(["rule", "--output-format", "markdown"])
    table = capsys.readouterr().out.splitlines()

    assert rules["blocking-http"]["severity"] == "error"
    assert rules["blocking-http"]["examples"]
    assert [line.split("`")[1] for line in table[2:]] == list(rules)


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", {"COMP_WORDS": "asyncfix ro", "COMP_CWORD": "1"}),
        ("zsh", {"COMP_WORDS": "asyncfix ro", "COMP_CWORD": "1"}),
        ("fish", {"COMP_WORDS": "asyncfix ro", "COMP_CWORD": "ro"}),
    ],
)
def test_shells_complete_commands(shell, words, monkeypatch, capsys):
    monkeypatch.setenv("_ASYNCFIX_COMPLETE", f"{shell}_complete")
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        cli.main([])

    assert "routes" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["zsh", "fish"])  # bash is asked for its version
def test_shells_are_given_a_script(shell, monkeypatch, capsys):
    monkeypatch.setenv("_ASYNCFIX_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit):
        cli.main([])

    assert f"_ASYNCFIX_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_an_unknown_rule_is_told_with_a_suggestion(capsys):
    cli.main(["rule", "blocking-slep"])

    assert capsys.readouterr().err == (
        "error: no rule is called `blocking-slep`; did you mean `blocking-sleep`?\n"
    )


def test_config_tells_value_origin_and_meaning(capsys):
    Path("asyncfix.toml").write_text('min-severity = "info"\n')
    cli.main(["config", "min-severity"])
    out = capsys.readouterr().out

    assert out.startswith('min-severity = "info"\n    from: ')
    assert "asyncfix.toml\n    The least severity that is reported.\n" in out


def test_config_prints_every_key_and_its_schema(capsys):
    cli.main(["config"])
    assert 'cache-dir = ".asyncfix_cache"\n    from: default\n' in capsys.readouterr().out

    cli.main(["config", "--schema"])
    assert json.loads(capsys.readouterr().out)["title"] == "asyncfix"


def test_the_library_answers_as_the_command_does(engine):
    assert asyncfix.check(["src"], jobs=3) is REPORT
    assert engine.asked.paths == [Path("src")]
    assert engine.asked.jobs == 3


def test_the_version_is_quick_and_needs_no_click():
    program = (
        "import sys; from asyncfix.cli import main; code = main(['--version']);"
        "sys.exit(code or 'click' in sys.modules)"
    )
    before = os.times()
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)

    # 0.05 s of the processor where nothing else runs
    assert os.times().children_user - before.children_user < 0.5


def test_the_command_imports_nothing_heavy_at_start():
    program = (
        "import sys; from asyncfix.commands import COMMANDS, asyncfix;"
        "[asyncfix.get_command(None, name) for name in COMMANDS];"
        "sys.exit(str({'rich', 'pathspec', 'libcst', 'ast', 'tomli'} & {*sys.modules} or ''))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)  # noqa: PLW1510 - the message is the assertion

    assert told.stderr.strip() in {"", "{'ast'}"}  # click and dataclasses import ast themselves


def test_a_closed_pipe_is_no_error():
    program = "from asyncfix.cli import main; import sys; sys.exit(main(['rule', '--all']))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only where there is a full device")
@pytest.mark.parametrize("words", ["rule --all", "check --select blocking-sleep ."])
def test_an_output_that_takes_no_more_is_an_error(words):
    program = "from asyncfix.cli import command; import sys; sys.argv[1:] = %r; command()"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", program % words.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: cannot write to the output: No space left on device"
    )
