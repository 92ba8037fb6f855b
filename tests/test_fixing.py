"""Rounds of fixes: what is chosen, what is proven, what is withdrawn and why."""

from __future__ import annotations

import pytest
from conftest import write
from planted import AWAITED, Planted

from asyncfix.changes.choice import Wishes
from asyncfix.config import Config
from asyncfix.findings import Applicability, ConfigError
from asyncfix.fixing import fixed, opened

SLEEPS = "import time\n\nasync def wait():\n    time.sleep(1)  # so long\n"


@pytest.fixture
def fix(tmp_path):
    """Return a function that fixes files and gives the changed texts and all changes."""

    def run(files, planted=None, **wishes):
        settings = wishes.pop("settings", {})
        write(tmp_path, files)
        start = opened([tmp_path], Config(project=str(tmp_path), **settings))
        decide = wishes.pop("decide", None)
        changes = fixed(
            start, Wishes(**wishes), rewrites=planted or Planted(), decide=decide
        ).changes
        return {after.path: after.text for _, after in changes.files}, changes

    return run


def reasons(changes):
    return [refusal.reason for each in changes.unfixed for refusal in each.refusals]


def test_a_call_is_rewritten_and_nothing_else(fix):
    texts, changes = fix({"app.py": SLEEPS})

    assert texts == {
        "app.py": "import asyncio\nimport time\n\nasync def wait():\n"
        "    await asyncio.sleep(1)  # so long\n"
    }
    assert [made.fix.strategy for made in changes.made] == ["native"]
    assert not changes.unfixed


def test_imports_of_several_fixes_in_a_file_are_added_once(fix):
    texts, changes = fix({"app.py": SLEEPS + "    time.sleep(2)\n"})

    assert texts["app.py"].count("import asyncio") == 1
    assert texts["app.py"].count("await asyncio.sleep(") == 2
    assert len(changes.made) == 2


def test_unsafe_fixes_are_made_only_when_asked_for(fix):
    planted = Planted(applicability=Applicability.UNSAFE)

    texts, changes = fix({"app.py": SLEEPS}, planted)
    assert not texts
    assert reasons(changes) == ["needs --unsafe-fixes"]

    texts, _ = fix({"app.py": SLEEPS}, planted, unsafe=True)
    assert "await asyncio.sleep(1)" in texts["app.py"]


def test_the_configuration_raises_and_lowers_how_far_fixes_are_trusted(fix):
    unsafe = Planted(applicability=Applicability.UNSAFE)

    texts, _ = fix({"app.py": SLEEPS}, unsafe, settings={"extend_safe_fixes": ("blocking-sleep",)})
    assert texts

    texts, changes = fix({"app.py": SLEEPS}, settings={"extend_unsafe_fixes": ("blocking",)})
    assert not texts
    assert reasons(changes) == ["needs --unsafe-fixes"]


def test_an_unfixable_rule_stays(fix):
    texts, changes = fix({"app.py": SLEEPS}, settings={"unfixable": ("blocking-sleep",)})

    assert not texts
    assert reasons(changes) == ["the configuration makes the rule unfixable"]


def test_an_unknown_rule_in_unfixable_is_an_error_with_a_suggestion(tmp_path):
    write(tmp_path, {"app.py": SLEEPS})

    with pytest.raises(ConfigError, match="did you mean `blocking-sleep`"):
        opened([tmp_path], Config(project=str(tmp_path), unfixable=("blocking-slep",)))


def test_suggestions_are_never_made(fix):
    planted = Planted(applicability=Applicability.DISPLAY_ONLY)

    assert not fix({"app.py": SLEEPS}, planted, unsafe=True)[0]


def test_the_strategy_that_is_asked_for_wins(fix):
    planted = Planted((AWAITED, ("offload", "time.sleep(", "await asyncio.to_thread(time.sleep, ")))

    texts, _ = fix({"app.py": SLEEPS}, planted, strategies={"blocking": "offload"})

    assert "await asyncio.to_thread(time.sleep, 1)" in texts["app.py"]


def test_a_fix_that_does_not_compile_gives_way_to_the_next(fix):
    planted = Planted((("native", "time.sleep(", "await (("), AWAITED))

    texts, changes = fix({"app.py": SLEEPS}, planted)

    assert "await asyncio.sleep(1)" in texts["app.py"]
    assert len(changes.made) == 1


def test_an_await_outside_of_async_code_is_withdrawn_with_the_reason(fix):
    source = "import time\n\nasync def wait():\n    f = lambda: 0\n    helper()\n\n"
    source += "def helper():\n    time.sleep(1)\n"
    planted = Planted(
        (("native", "helper()", "await helper()"),), (("app.py", "    time", "    await time"),)
    )

    texts, changes = fix({"app.py": source}, planted)

    assert not texts
    assert "'await' outside async function" in reasons(changes)[0]


def test_a_name_that_nothing_binds_is_withdrawn_with_the_reason(fix):
    planted = Planted((("native", "time.sleep(", "await clock.sleep("),), imports_of=())

    texts, changes = fix({"app.py": SLEEPS}, planted)

    assert not texts
    assert reasons(changes) == ["app.py: nothing binds `clock`"]


def test_a_fix_that_leaves_the_finding_is_withdrawn(fix):
    planted = Planted((("native", "time.sleep(", "time.sleep(0+"),))

    texts, changes = fix({"app.py": SLEEPS}, planted)

    assert not texts
    assert reasons(changes) == ["would leave the finding as it is"]


def test_a_fix_that_adds_another_finding_is_withdrawn(fix):
    planted = Planted((("native", "time.sleep(", "open("),))

    texts, changes = fix({"app.py": SLEEPS}, planted)

    assert not texts
    assert reasons(changes)[0].startswith("would add a finding: ")


def test_a_fix_that_waits_between_acquire_and_release_is_withdrawn(fix):
    source = """import threading
import time

lock = threading.Lock()


async def wait():
    lock.acquire()
    time.sleep(1)
    lock.release()


async def again():
    time.sleep(1)
"""

    texts, changes = fix({"app.py": source})

    assert texts["app.py"].count("await asyncio.sleep(1)") == len(changes.made) == 1
    assert "a `threading.Lock` is held over `await`" in " ".join(reasons(changes))


def test_one_bad_fix_does_not_take_others_along(fix):
    bad = "import time\n\nasync def wait():\n    time.sleep(3)\n"
    planted = Planted((("native", "time.sleep(3", "await missing.sleep(3"), AWAITED))
    source = SLEEPS + "\n\nasync def again():\n    time.sleep(3)\n"

    texts, changes = fix({"app.py": source, "b.py": bad}, planted)

    assert "await asyncio.sleep(1)" in texts["app.py"]
    assert len(changes.made) == 3
    assert "missing" not in "".join(texts.values())


CASCADE = {
    "client.py": "import time\n\ndef fetch():\n    time.sleep(1)\n    return 1\n",
    "app.py": "import client\n\nasync def wait():\n    return client.fetch()\n",
}
TO_ASYNC = (
    ("client.py", "def fetch", "async def fetch"),
    ("client.py", "time.sleep(1)", "await asyncio.sleep(1)"),
    ("client.py", "import time", "import asyncio"),
)
CALLED = Planted((("cascade", "client.fetch()", "await client.fetch()"),), TO_ASYNC, imports_of=())


def test_a_fix_may_span_files(fix):
    texts, changes = fix(CASCADE, CALLED)

    assert texts["app.py"].endswith("return await client.fetch()\n")
    assert texts["client.py"].startswith("import asyncio\n\nasync def fetch():")
    assert changes.made[0].paths == ("app.py", "client.py")


def test_a_caller_that_would_not_await_withdraws_the_cascade(fix):
    script = "import client\n\ndef main():\n    print(client.fetch())\n"

    texts, changes = fix(CASCADE | {"script.py": script}, CALLED)

    assert not texts
    assert reasons(changes) == ["`fetch` is not awaited (script.py:4)"]


def test_two_findings_with_the_same_cascade_are_fixed_together(fix):
    more = CASCADE["app.py"] + "\nasync def other():\n    return client.fetch() + 1\n"

    texts, changes = fix(CASCADE | {"app.py": more}, CALLED)

    assert texts["app.py"].count("await client.fetch()") == 2
    assert texts["client.py"].count("async def") == 1
    assert len(changes.made) == 2


def test_asyncio_run_may_take_what_has_become_a_coroutine(fix):
    script = "import asyncio\nimport client\n\ndef main():\n    asyncio.run(client.fetch())\n"

    texts, _ = fix(CASCADE | {"script.py": script}, CALLED)

    assert set(texts) == {"app.py", "client.py"}


def test_a_function_that_is_handed_to_a_thread_cannot_become_async(fix):
    script = "import client\nimport threading\n\nthreading.Thread(target=client.fetch).start()\n"

    texts, changes = fix(CASCADE | {"script.py": script}, CALLED)

    assert not texts
    assert reasons(changes) == [
        "`fetch` is handed on, and would be a coroutine function (script.py:4)"
    ]


def test_an_override_of_the_other_kind_withdraws_the_cascade(fix):
    files = {
        "client.py": "import time\n\nclass Client:\n    def fetch(self):\n        time.sleep(1)\n",
        "fake.py": "from client import Client\n\nclass Fake(Client):\n    def fetch(self):\n"
        "        return 1\n",
        "app.py": "from client import Client\n\nasync def wait():\n    client = Client()\n"
        "    return client.fetch()\n",
    }

    texts, changes = fix(files, CALLED)

    assert not texts
    assert "would differ in kind" in reasons(changes)[0]


def test_what_ceases_to_be_async_must_not_be_awaited_anywhere(fix):
    files = {
        "app.py": "import time\n\nasync def wait():\n    time.sleep(1)\n",
        "main.py": "import app\n\nasync def main():\n    await app.wait()\n",
    }
    planted = Planted(
        (("sync", "time.sleep(1)", "time.sleep(1)"),),
        (("app.py", "async def", "def"),),
        imports_of=(),
    )

    texts, changes = fix(files, planted)

    assert not texts
    assert reasons(changes) == ["`wait` is still awaited (main.py:4)"]


@pytest.mark.parametrize("reach", ["none", "file"])
def test_a_cascade_keeps_within_its_reach(fix, reach):
    texts, changes = fix(CASCADE, CALLED, cascade=reach)

    assert not texts
    assert reasons(changes) == [f"changes 2 files, but --cascade is {reach}"]


def test_no_more_files_are_changed_than_allowed(fix):
    files = {f"app{number}.py": SLEEPS for number in range(3)}

    texts, changes = fix(files, max_files=2)

    assert set(texts) == {"app0.py", "app1.py"}
    assert reasons(changes) == ["would change more than 2 files"]


def test_fixes_that_overlap_are_made_one_after_the_other(fix):
    source = "import time\n\nasync def wait():\n    return run(time.sleep(1))\n\n"
    source += "def run(value):\n    time.sleep(2)\n    return value\n"
    planted = Planted(
        (
            ("offload", "run(time.sleep(1))", "await asyncio.to_thread(run, time.sleep(1))"),
            ("offload", "run, time", "run, time"),
            AWAITED,
        )
    )

    texts, changes = fix({"app.py": source}, planted)

    assert "await asyncio.to_thread(run, await asyncio.sleep(1))" in texts["app.py"]
    assert len(changes.made) == 2


def test_a_second_run_changes_nothing(fix):
    bad = "import time\n\nasync def wait():\n    time.sleep(3)\n"
    planted = Planted((("native", "time.sleep(3", "await missing.sleep(3"), AWAITED))
    files = {"app.py": SLEEPS, "b.py": bad, **CASCADE}
    texts, _ = fix(files, planted)
    assert texts

    again, changes = fix(files | texts, planted)

    assert not again
    assert not changes.made


def test_files_outside_of_the_run_are_never_changed(fix):
    planted = Planted(more=(("venv/lib.py", "x", "y"),))

    texts, changes = fix({"app.py": SLEEPS, "venv/lib.py": "x = 1\n"}, planted)

    assert not texts
    assert reasons(changes) == ["changes venv/lib.py, which is no file of this run"]


def test_findings_without_a_rewrite_leave_the_others_to_be_fixed(fix):
    texts, changes = fix({"app.py": SLEEPS + "    open('x')\n"})

    assert texts["app.py"].count("await") == 1
    assert [each.finding.code for each in changes.unfixed] == ["open('x')"]
    assert reasons(changes) == ["no entry for it"]


def test_newlines_and_what_is_around_an_edit_stay(fix, tmp_path):
    raw = (
        "\ufeff# -*- coding: utf-8 -*-\r\nimport time\r\nasync def wait():\r\n\ttime.sleep(1)\t# ä"
    )
    write(tmp_path, {})
    (tmp_path / "app.py").write_bytes(raw.encode())

    texts, changes = fix({})

    assert texts["app.py"] == (
        "import asyncio\r\n# -*- coding: utf-8 -*-\r\nimport time\r\nasync def wait():\r\n"
        "\tawait asyncio.sleep(1)\t# ä"
    )
    assert changes.files[0].after.encoding == "utf-8-sig"


def test_a_character_that_the_file_cannot_hold_withdraws_the_fix(fix, tmp_path):
    raw = "# -*- coding: latin-1 -*-\nimport time\nasync def wait():\n    time.sleep(1)\n"
    (tmp_path / "app.py").write_bytes(raw.encode("latin-1"))

    texts, changes = fix({}, Planted((("native", "time.sleep(", "await asyncio.sleep('→' and "),)))

    assert not texts
    assert reasons(changes) == ["app.py: iso-8859-1 cannot hold '→'"]


def test_a_declined_fix_is_not_asked_for_again(fix):
    asked = []

    def decide(finding, fixes, _bench):
        asked.append(finding.code)
        return None if "2" in finding.code else fixes[0]

    texts, changes = fix({"app.py": SLEEPS + "    time.sleep(2)\n"}, decide=decide)

    assert asked == ["time.sleep(1)", "time.sleep(2)"]
    assert "    time.sleep(2)" in texts["app.py"]
    assert reasons(changes) == ["declined"]


def test_what_another_fix_makes_possible_is_asked_for_once_more_when_the_rest_is_done(fix):
    class Enabled(Planted):
        def plan(self, finding, bench):
            fixes, refusals = super().plan(finding, bench)
            if "2" in finding.code and "await" not in bench.texts("app.py").text:
                return (), refusals
            return fixes, refusals

    planted = Enabled()

    texts, changes = fix({"app.py": SLEEPS + "    time.sleep(2)\n"}, planted)

    assert "    await asyncio.sleep(2)\n" in texts["app.py"]
    assert not changes.unfixed
    assert planted.asked == ["time.sleep(1)", "time.sleep(2)", "time.sleep(2)"]


def test_a_place_that_another_with_the_same_code_stood_for_is_fixed_after_it(fix):
    source = "import time\n\nclass Slow:\n    @property\n    def value(self):\n"
    source += "        time.sleep(1)\n\nasync def wait(slow: Slow):\n"
    source += "    print(slow.value)\n    print(slow.value)\n"
    planted = Planted(
        (("offload", "slow.value", "(await asyncio.to_thread(getattr, slow, 'value'))"),)
    )

    texts, changes = fix({"app.py": source}, planted)

    assert texts["app.py"].count("await asyncio.to_thread") == 2
    assert not changes.unfixed


@pytest.mark.parametrize(
    ("other", "fine"),
    [
        ("async def sleep(seconds): ...\n", True),
        ("import app\n\nasync def sleep(seconds): ...\n", False),
        ("from . import third\n\nasync def sleep(seconds): ...\n", False),
        ("try:\n    from app import wait\nexcept ImportError:\n    pass\n", False),
        ("async def sleep(seconds):\n    import app\n", True),
        ("import typing\nif typing.TYPE_CHECKING:\n    import app\n", True),
    ],
)
def test_a_fix_that_has_modules_import_each_other_is_withdrawn_with_the_reason(fix, other, fine):
    planted = Planted(
        (("native", "time.sleep(", "await own.clock.sleep("),), imports_of=("own.clock",)
    )
    package = {"own/__init__.py": "", "own/third.py": "import app\n", "own/clock.py": other}

    texts, changes = fix({"app.py": SLEEPS, **package}, planted)

    assert bool(texts) is fine
    told = "app.py would import `own.clock`, which imports it in turn"
    assert reasons(changes) == ([] if fine else [told])


def test_modules_that_import_each_other_already_may_do_so(fix):
    planted = Planted(imports_of=("own.clock",))
    source = f"import own.third\n{SLEEPS}".replace("import time", "import asyncio\nimport time")
    package = {
        "own/__init__.py": "",
        "own/third.py": "from own import clock\n",
        "own/clock.py": "import app\n",
    }

    texts, _ = fix({"app.py": source, **package}, planted)

    assert "import own.clock\n" in texts["app.py"]
