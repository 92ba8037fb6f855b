"""Contracts: what comments, the configuration and packs promise, the engine believes."""

from __future__ import annotations

from textwrap import dedent

import pytest

CLOCK = dedent("""
    import time

    def pause():
        time.sleep(1)

    class Clock:
        def pause(self):
            time.sleep(1)
""")


@pytest.fixture
def codes(places):
    """Return a function that gives the code at each finding, under some settings."""

    def run(app, others=None, **settings):
        files = {"clock.py": CLOCK, "app.py": app, **(others or {})}
        return places({name: dedent(text) for name, text in files.items()}, **settings)

    return run


APP = """
    import asyncio
    import clock

    async def handler():
        clock.pause()
        clock.Clock().pause()
"""


# Comments


def test_a_function_that_is_said_not_to_block_is_believed(codes):
    app = """
        import time

        def quick():  # asyncfix: nonblocking
            time.sleep(0)

        def slow():
            time.sleep(1)

        def calls_quick():
            quick()

        async def handler():
            quick()
            calls_quick()
            slow()
    """
    assert codes(app) == ["slow()"]


def test_a_contract_may_stand_on_any_line_of_the_signature(codes):
    app = """
        import time

        def quick(
            first,  # asyncfix: nonblocking
            second,
        ):
            time.sleep(0)

        def slow(
            first,
            second,
        ):
            time.sleep(1)  # asyncfix: nonblocking

        async def handler():
            quick(1, 2)
            slow(1, 2)
    """
    assert codes(app) == ["slow(1, 2)"]


def test_a_contract_on_a_coroutine_and_on_a_method(codes):
    app = """
        import time

        async def quick():  # asyncfix: nonblocking
            time.sleep(0)

        class Clock:
            def quick(self):  # asyncfix: nonblocking
                time.sleep(0)

            def slow(self):
                time.sleep(1)

        async def handler(clock: Clock):
            clock.quick()
            clock.slow()
    """
    assert codes(app) == ["clock.slow()"]


def test_a_contract_within_a_text_is_none(codes):
    app = """
        import time

        def slow(text="# asyncfix: nonblocking"):
            time.sleep(1)

        async def handler():
            slow()
    """
    assert codes(app) == ["slow()"]


def test_a_function_that_is_said_to_run_in_a_thread_is_believed(codes):
    app = """
        import time

        class Job:
            async def run(self):  # asyncfix: runs-in-thread
                time.sleep(1)

            async def stop(self):
                time.sleep(2)
    """
    assert codes(app) == ["time.sleep(2)"]


def test_a_function_that_is_said_to_block_is_found(check):
    app = """
        from elsewhere import driver

        def fetch(key):  # asyncfix: blocking[network]
            return driver(key)

        def load(key):
            return driver(key)

        async def handler():
            fetch("a")
            load("a")
    """
    [finding] = check({"app.py": dedent(app)})
    assert finding.code == 'fetch("a")'
    assert finding.sink.qualname == "app.fetch"
    assert finding.sink.effect == "network"


# Configuration


def test_a_trusted_function_is_silent_whatever_it_calls(codes):
    assert codes(APP) == ["clock.pause()", "clock.Clock().pause()"]
    assert codes(APP, trusted=("clock.pause",)) == ["clock.Clock().pause()"]


def test_a_trusted_method_and_a_trusted_callable_of_a_library(codes):
    assert codes(APP, trusted=("clock.Clock.pause",)) == ["clock.pause()"]
    assert codes(APP, trusted=("time.sleep",)) == []


def test_a_trusted_name_is_a_full_name(codes):
    assert codes(APP, trusted=("pause",)) == ["clock.pause()", "clock.Clock().pause()"]


OFFLOAD = """
    import time
    from elsewhere import in_thread, keep

    def block():
        time.sleep(1)

    @in_thread
    def decorated():
        time.sleep(1)

    async def handler():
        in_thread(block)
        in_thread(lambda: block())
        await decorated()
        in_thread(block())
"""


def test_what_a_configured_offload_is_handed_is_left_alone(codes):
    assert codes(OFFLOAD) == ["decorated()", "block()"]
    assert codes(OFFLOAD, offloads=("elsewhere.in_thread",)) == ["block()"]


def test_an_offload_of_the_project_is_believed(codes):
    app = """
        import threads
        import time

        def block():
            time.sleep(1)

        async def handler():
            threads.run(block)
    """
    threads = {"threads.py": "def run(function):\n    return function()\n"}
    assert codes(app, threads) == ["threads.run(block)"]
    assert codes(app, threads, offloads=("threads.run",)) == []


def test_the_offloads_of_one_run_are_not_those_of_the_next(codes):
    assert codes(OFFLOAD, offloads=("elsewhere.in_thread",)) == ["block()"]
    assert codes(OFFLOAD) == ["decorated()", "block()"]


ROOTS = """
    import time

    def tick():
        time.sleep(1)

    def tock():
        time.sleep(2)
"""


def test_a_configured_root_runs_on_the_loop(check):
    assert check({"app.py": dedent(ROOTS)}) == []

    [finding] = check({"app.py": dedent(ROOTS)}, roots=("app.tick",))

    assert finding.code == "time.sleep(1)"
    assert (finding.root.kind, finding.root.name) == ("configured", "tick")


PACK = """
    rule = "blocking-http"
    effect = "network"

    [[target]]
    names = ["acme.Client.fetch", "acme.ping"]

    [returns]
    "acme.connect" = "acme.Client"
"""

ACME = """
    import acme

    async def handler():
        client = acme.connect()
        client.fetch("a")
        client.close()
        acme.ping()

    async def other(client: acme.Other):
        client.fetch("a")
"""


def test_a_pack_of_the_user_adds_targets_and_types(codes):
    assert codes(ACME) == []
    assert codes(ACME, {"acme.toml": PACK}, packs=("acme.toml",)) == [
        'client.fetch("a")',
        "acme.ping()",
    ]


RULE = """
    name = "blocking-acme"
    group = "blocking"
    check = "blocking-call"
    severity = "warning"
    summary = "Acme blocks"
    message = "`{name}` waits for Acme"
    why = "It does."
    effect = "network"

    [[target]]
    names = ["acme.ping"]
"""


def test_a_pack_of_the_user_adds_a_rule(check):
    files = {"app.py": dedent(ACME), "acme.toml": dedent(RULE)}
    [finding] = check(files, packs=("acme.toml",))

    assert (finding.rule, finding.code) == ("blocking-acme", "acme.ping()")
    assert finding.message == "`acme.ping` waits for Acme"
    assert finding.severity.value == "warning"


def test_a_pack_of_the_user_adds_trust_offloads_and_roots(codes):
    pack = """
        trusted = ["clock.pause"]
        offloads = ["elsewhere.in_thread"]

        [[root]]
        kind = "job"
        decorators = ["elsewhere.job"]
        sync = "loop"
    """
    app = """
        import clock
        import time
        from elsewhere import in_thread, job

        @job
        def work():
            clock.pause()
            in_thread(time.sleep)
            time.sleep(1)

        def plain():
            time.sleep(2)
    """
    assert codes(app) == []
    assert codes(app, {"mine.toml": pack}, packs=("mine.toml",)) == ["time.sleep(1)"]
