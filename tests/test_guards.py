"""Guards: which code a call leaves out, by its arguments, by `self`, and by what a path names."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity


@pytest.fixture
def severities(check, tmp_path):
    """Return a function that checks one file and tells how bad each place in it is."""

    def run(app, select=("blocking",), **others):
        files = {"app.py": app, **{f"{name}.py": text for name, text in others.items()}}
        texts = {name: dedent(text) for name, text in files.items()}
        found = check(texts, severity=Severity.INFO, select=select)
        texts = {name: (tmp_path / name).read_bytes() for name in files}
        return {
            texts[each.location.path][each.location.start : each.location.end].decode(): (
                each.severity.value
            )
            for each in found
        }

    return run


def test_what_a_generator_or_a_context_manager_is_given_decides(severities):
    app = """
        from contextlib import contextmanager
        from os import PathLike

        def lines(content):
            if isinstance(content, PathLike):
                open(content)
            yield 1

        @contextmanager
        def opened(content):
            if isinstance(content, PathLike):
                open(content)
            yield 1

        def first(content: bytes):
            return next(line for line in lines(content))

        class Reader:
            def lines(self, content):
                if isinstance(content, PathLike):
                    open(content)
                yield 1

        async def whole(data: bytes, reader: Reader):
            for line in lines(data): ...
            for line in reader.lines(data): ...
            with opened(data): ...
            first(data)

        async def path(name: PathLike, reader: Reader):
            for line in lines(name): ...
            for line in reader.lines(name): ...
            with opened(name): ...
    """

    assert severities(app) == {
        "lines(name)": "warning",
        "reader.lines(name)": "warning",
        "opened(name)": "warning",
    }


KINDS = """
    import time
    from typing import Protocol

    class Store(Protocol):
        def get(self, key): ...

    class Base:
        def get(self, key):
            raise NotImplementedError

    class Remote(Base):
        def get(self, key):
            time.sleep(1)

        async def aget(self, key):
            return 1

    class Local(Base):
        limit = 1

        def get(self, key):
            return 1

    class Plain:
        def get(self, key):
            time.sleep(1)
"""
ASKED = {
    "hasattr(store, 'aget')": True,
    "callable(getattr(store, 'aget', None))": True,
    "isinstance(store, Remote)": True,
    "ready and hasattr(store, 'aget')": False,
    "ready or hasattr(store, 'aget')": True,
    "hasattr(store, 'limit')": False,
    "callable(getattr(store, 'limit', None))": False,
    "getattr(store, 'aget', None)": False,
}


@pytest.mark.parametrize("kind", ["Base", "Store"])
@pytest.mark.parametrize("test", ASKED)
def test_a_test_leaves_out_what_implements_an_abstract_class(severities, kind, test):
    kinds = KINDS if kind == "Base" else KINDS.partition("    class Plain")[0]
    app = f"""
{kinds}
    async def read(store: {kind}, ready):
        if {test}:
            return await store.aget(1)
        return store.get(1)
    """
    left = {} if ASKED[test] else {"store.get(1)": "error"}

    assert severities(app) == left


def test_what_has_an_attribute_is_asked_further(severities):
    app = f"""
{KINDS}
    async def remote(store: Base):
        if hasattr(store, "aget"):
            store.get("remote")

    async def local(store: Base):
        if hasattr(store, "limit"):
            store.get("local")

    async def other(store: Plain):
        if hasattr(store, "set_later"):
            store.get("plain")
    """

    assert severities(app) == {'store.get("remote")': "error", 'store.get("plain")': "error"}


def test_files_that_the_kernel_makes_up_are_information(severities):
    app = """
        import os
        from pathlib import Path

        PROC = "/proc"
        PEAKS = ("/sys/fs/cgroup/memory.peak", "/sys/fs/cgroup/memory.max")

        def peak(path):
            with open(path) as file:
                return file.read()

        async def usage(pid, folder):
            open(f"/proc/{pid}/stat").read()
            open("/proc/%d/io" % pid)
            open("/proc/" + str(pid) + "/maps")
            open("/proc/{}/mem".format(pid))
            open(f"{PROC}/{pid}/status")
            open(os.path.join("/proc", str(pid), "cmdline"))
            (Path("/proc") / str(pid)).read_text()
            [peak(each) for each in PEAKS]
            open(f"/processes/{pid}")
            open(f"{folder}/{pid}")
            peak(folder)
    """

    assert severities(app) == {
        'open(f"/proc/{pid}/stat")': "info",
        'open("/proc/%d/io" % pid)': "info",
        'open("/proc/" + str(pid) + "/maps")': "info",
        'open("/proc/{}/mem".format(pid))': "info",
        'open(f"{PROC}/{pid}/status")': "info",
        'open(os.path.join("/proc", str(pid), "cmdline"))': "info",
        '(Path("/proc") / str(pid)).read_text()': "info",
        "peak(each)": "info",
        'open(f"/processes/{pid}")': "warning",
        'open(f"{folder}/{pid}")': "warning",
        "peak(folder)": "warning",
    }


def test_an_attribute_that_is_set_on_the_way_is_set_at_its_end(severities):
    app = """
        import time

        class Media:
            def __init__(self, content, url):
                self.content = content
                self.url = url

            def data(self):
                if self.content:
                    return self.content
                time.sleep(1)

            def inlined(self):
                if self.content:
                    return self.data()

            def fetched(self):
                if not self.content:
                    return self.data()

            def reloaded(self):
                if self.content:
                    self.forget()
                    return self.data()

            def forget(self):
                self.content = None

        async def handler(media: Media):
            media.inlined()
            media.fetched()
            media.reloaded()
    """

    assert set(severities(app)) == {"media.fetched()", "media.reloaded()"}


def test_an_overridden_method_is_run_for_the_class_that_overrides_it(severities):
    app = """
        import time

        class Config:
            def validate(self):
                time.sleep(1)

            async def avalidate(self):
                if type(self).validate is not Config.validate:
                    return self.validate()

            async def aload(self):
                if self.__class__.validate is Config.validate:
                    return self.validate()
    """

    assert len(severities(app)) == 1


def test_a_prefix_that_was_cut_off_counts(severities):
    app = """
        import time

        def secret(name):
            if name.startswith("os.environ/"):
                name = name.replace("os.environ/", "")
            if name.startswith("oidc/"):
                time.sleep(1)

        async def handler(key):
            secret("os.environ/KEY")
            secret("oidc/azure")
            secret("os.environ/oidc/azure")
            secret(f"os.environ/{key}")
            secret(f"plain/{key}")
    """

    assert set(severities(app)) == {
        'secret("oidc/azure")',
        'secret("os.environ/oidc/azure")',
        'secret(f"os.environ/{key}")',
    }


def test_a_parameter_is_no_other_class_than_it_is_declared(severities):
    app = """
        import time

        class Agent:
            name = "local"

        class Team(Agent):
            pass

        class Remote:
            @property
            def name(self):
                time.sleep(1)

        def label(agent: Agent):
            return agent.name

        async def local(agent: Agent):
            return label(agent)

        async def remote():
            return label(Remote())
    """

    assert severities(app) == {}


def test_the_end_of_a_pool_waits_for_what_was_submitted(severities):
    app = """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        async def awaited(work):
            with ThreadPoolExecutor() as pool:
                return await asyncio.get_running_loop().run_in_executor(pool, work)

        async def submitted(work):
            with ThreadPoolExecutor(2) as pool:
                pool.submit(work)
    """

    assert set(severities(app)) == {"ThreadPoolExecutor(2)"}


def test_the_type_of_an_argument_decides_what_a_library_reads(severities):
    app = """
        import filetype
        import httpx

        def kind(file):
            return filetype.guess_mime(file)

        async def handler(client: httpx.AsyncClient, path):
            response = await client.get("https://example.com")
            kind(response.content)
            kind(path)
    """

    assert set(severities(app)) == {"kind(path)"}


def test_what_is_declared_is_there(severities):
    app = """
        import time
        from dataclasses import dataclass
        from typing import Optional

        class Client:
            pass

        class Bag:
            def __len__(self):
                return 0

        @dataclass
        class Settings:
            client: Client
            spare: Optional[Client] = None

        def made() -> Client:
            return Client()

        def found() -> Client | None:
            return None

        def fetch(client=None):
            if client is None:
                time.sleep(1)

        def send(client):
            if not client:
                time.sleep(1)

        async def handler(client: Client, other: Client | None, bag: Bag, settings: Settings):
            fetch(client)
            fetch(made())
            fetch(settings.client)
            send(client)
            fetch(other)
            fetch(found())
            fetch(settings.spare)
            send(bag)
    """

    assert set(severities(app)) == {
        "fetch(other)",
        "fetch(found())",
        "fetch(settings.spare)",
        "send(bag)",
    }


def test_the_way_with_fewer_open_tests_is_told(check):
    app = """
        import sqlite3
        import requests

        def told(connection: sqlite3.Connection, rows, debug):
            if debug:
                requests.get(rows)
            return store(connection, rows)

        def store(connection: sqlite3.Connection, rows):
            return written(connection, rows)

        def written(connection: sqlite3.Connection, rows):
            connection.execute("insert into x values (1)")
            connection.close()

        def ended(connection: sqlite3.Connection):
            connection.close()
            written(connection, 1)

        async def handler(connection: sqlite3.Connection, rows, debug):
            told(connection, rows, debug)
            ended(connection)
    """
    found = check({"app.py": dedent(app)})

    assert [each.sink.qualname for each in found] == ["sqlite3.Connection.execute"] * 2


SCRIPT = """
    import asyncio
    import requests

    async def copy(name):
        requests.get(name)
        await asyncio.sleep(1)

    class Runner:
        async def run(self):
            await copy("a")

    async def main():
        {body}

    if __name__ == "__main__":
        asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("await copy('a')", "info"),
        ("await Runner().run()", "info"),
        ("await asyncio.gather(copy('a'), copy('b'))", "error"),
        ("asyncio.create_task(copy('a'))", "error"),
        ("await server.serve(copy('a'))", "error"),
    ],
)
def test_a_script_that_does_one_thing_at_a_time_may_wait(severities, body, severity):
    assert severities(SCRIPT.format(body=body)) == {"requests.get(name)": severity}


PACKAGED = """
    import asyncio
    import requests
    {head}

    async def fetch(name):
        requests.get(name)

    async def {name}():
        await fetch("a")
        {body}

    def command():
        asyncio.run({name}())
"""


@pytest.mark.parametrize(
    ("name", "body", "head", "severity"),
    [
        ("_fetch_all", "", "", "info"),
        ("main", "", "", "error"),
        ("_fetch_all", "await asyncio.gather(fetch('b'), fetch('c'))", "", "error"),
        ("_fetch_all", "await asyncio.to_thread(print)", "", "error"),
        # a library's coroutine is for others, too
        ("fetch_all", "", "", "error"),
        ("_fetch_all", "", "async def public(): await fetch('c')", "error"),
        # an application's is not
        (
            "fetch_all",
            "",
            (
                "from fastapi import FastAPI\n    app = FastAPI()\n\n"
                "    @app.get('/')\n    async def get(): return 1\n"
            ),
            "info",
        ),
    ],
)
def test_within_a_package_a_loop_is_its_own_if_nobody_else_can_run_on_it(
    severities, name, body, head, severity
):
    app = PACKAGED.format(name=name, body=body, head=head)

    assert severities(app, __init__="") == {"requests.get(name)": severity}


def test_a_job_that_a_helper_gives_a_loop_of_its_own_stops_nobody(severities):
    app = """
        import asyncio
        import redis
        from fastapi import FastAPI

        app = FastAPI()
        store = redis.Redis()

        @app.get("/")
        async def get():
            await other()
            return store.get("a")

        def run(factory):
            loop = asyncio.new_event_loop()
            try:
                return loop.run_until_complete(factory())
            finally:
                loop.close()

        def clean(names):
            return run(lambda: _clean(names))

        async def _clean(names):
            for name in names:
                store.delete(name)
    """
    test = """
        import app

        class TestClean:
            async def test_clean(self):
                await app._clean(["a"])
    """
    files = {"__init__": "", "tests/test_app": test}

    blocking = severities(app, **files)
    batching = severities(app, select=("batching",), **files)

    assert blocking == {'store.get("a")': "error", "store.delete(name)": "info"}
    assert set(batching.values()) == {"warning"}, "a query per item costs what it costs"


def test_what_runs_on_windows_only_is_information(severities):
    app = """
        import os
        import platform
        import sys
        import time

        def lock():
            if sys.platform == "win32":
                time.sleep(1)

        def unlock():
            if sys.platform != "win32":
                time.sleep(2)

        async def handler():
            lock()
            unlock()
            if os.name == "nt":
                time.sleep(3)
            if platform.system() == "Windows" or True:
                time.sleep(4)
            if not sys.platform.startswith("win"):
                time.sleep(5)
            else:
                time.sleep(6)
    """

    assert severities(app) == {
        "lock()": "info",
        "unlock()": "error",
        "time.sleep(3)": "info",
        "time.sleep(4)": "error",
        "time.sleep(5)": "error",
        "time.sleep(6)": "info",
    }


def test_the_end_of_a_program_is_waited_for_where_it_was_started(severities):
    app = """
        import subprocess

        class Proxy:
            def start(self):
                self.process = subprocess.Popen(["proxy"])

            async def watch(self):
                if self.process.poll() is not None:
                    with self.process:
                        raise RuntimeError

        async def convert():
            with subprocess.Popen(["convert"]) as process:
                return process.pid
    """
    found = severities(app)

    assert found['subprocess.Popen(["convert"])'] != "info"
    assert "self.process" not in found


def test_what_was_asked_if_it_is_done_has_a_result(severities):
    app = """
        import asyncio
        from concurrent.futures import Future

        async def polled(future: Future):
            while not future.done():
                await asyncio.sleep(1)
            return future.result()

        async def waited(future: Future):
            return future.result(3)
    """

    assert severities(app) == {"future.result()": "info", "future.result(3)": "error"}


def test_what_precedes_serving_is_the_start(severities):
    app = """
        import asyncio
        import requests
        import uvicorn

        async def settings(name):
            return requests.get(name)

        async def page(name):
            return requests.post(name)

        async def main():
            requests.head("https://example.com")
            await settings("a")
            await page("b")
            await uvicorn.Server(uvicorn.Config(page)).serve()
            await page("c")
            requests.delete("https://example.com")

        asyncio.run(main())
    """

    assert severities(app) == {
        'requests.head("https://example.com")': "info",
        "requests.get(name)": "info",
        "requests.post(name)": "error",
        'requests.delete("https://example.com")': "error",
    }


def test_a_manager_of_the_application_is_its_lifespan(severities):
    app = """
        import time
        from contextlib import asynccontextmanager

        from fastapi import FastAPI

        class Runner:
            @asynccontextmanager
            async def around(self, app: FastAPI):
                time.sleep(1)
                yield

            @asynccontextmanager
            async def beside(self, name: str):
                time.sleep(2)
                yield

            def build(self):
                options = {"lifespan": self.around}
                return FastAPI(**options)
    """

    assert severities(app) == {"time.sleep(1)": "info", "time.sleep(2)": "error"}


def test_a_test_of_an_optional_parameter_asks_whether_it_is_passed(severities):
    app = """
        import time

        class Media:
            def __init__(self, data=None, key=None, size=0):
                if key or size:
                    return
                time.sleep(1)

        def fetch(key=None, size=0):
            if key:
                return
            time.sleep(1)

        def sized(size=0):
            if size:
                return
            time.sleep(1)

        async def handler(key: str, data: bytes, size: int, other):
            fetch(key)
            fetch(key=other)
            fetch()
            sized(size)
    """

    assert severities(app) == {
        "fetch(key=other)": "error",
        "fetch()": "error",
        "sized(size)": "error",
    }
