"""Guards: which code a call leaves out, by its arguments, by `self`, and by what a path names."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity


@pytest.fixture
def severities(check, tmp_path):
    """Return a function that checks one file and tells how bad each place in it is."""

    def run(app, **others):
        files = {"app.py": app, **{f"{name}.py": text for name, text in others.items()}}
        found = check({name: dedent(text) for name, text in files.items()}, severity=Severity.INFO)
        texts = {name: (tmp_path / name).read_bytes() for name in files}
        return {
            texts[each.location.path][each.location.start : each.location.end].decode(): (
                each.severity.value
            )
            for each in found
        }

    return run


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
