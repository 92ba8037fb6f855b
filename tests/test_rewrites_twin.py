"""Clients that have an asynchronous twin."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import printed, rewritten

APP = """
from openai import OpenAI


async def main(text):
    client = OpenAI(api_key="k")
    answer = client.chat.completions.create(model="m", messages=[])
    return answer.choices[0], client.models.list().data
"""


def twin(code: str) -> str:
    return rewritten({"app.py": code}, "native").files["app.py"]


def test_a_local_client_becomes_its_twin_and_every_call_is_awaited():
    assert twin(APP) == dedent("""
        from openai import AsyncOpenAI


        async def main(text):
            client = AsyncOpenAI(api_key="k")
            answer = await client.chat.completions.create(model="m", messages=[])
            return answer.choices[0], (await client.models.list()).data
    """)


def test_a_twin_in_another_module_is_imported_from_there():
    code = """
        import redis


        async def main():
            store = redis.Redis(host="h")
            store.set("a", store.get("b"))
    """

    assert twin(dedent(code)) == dedent("""
        from redis.asyncio import Redis


        async def main():
            store = Redis(host="h")
            await store.set("a", await store.get("b"))
    """)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("return answer", "other(client)\n    return answer", "passed on"),
        ("messages=[])", "messages=[], stream=True)", "may be a stream"),
        ('"k")', '"k", http_client=text)', "`http_client` of the other kind"),
        ("client = Open", "client = text or Open", "not known to have"),
        (
            "return answer",
            "self = lambda: client.models.list()\n    return answer",
            "function within",
        ),
        ("    answer", "    client = OpenAI()\n    answer", "more than once"),
    ],
)
def test_a_client_that_is_used_otherwise_stays(old, new, reason):
    code = APP.replace(old, new, 1)
    fixed = rewritten({"app.py": code}, "native")

    assert fixed.files["app.py"] == code
    assert reason in " ".join(fixed.refused)


MODULE = """
from openai import OpenAI

client = OpenAI()


async def ask(text):
    return client.chat.completions.create(model="m", messages=[text]).choices


async def models():
    return [each.id for each in client.models.list().data]
"""
OWN = """
import openai


class Service:
    def __init__(self, key):
        self.client = openai.OpenAI(api_key=key)
        self.calls = 0

    async def ask(self, text):
        self.calls += 1
        answer = self.client.chat.completions.create(model="m", messages=[text])
        return answer.choices[0]

    async def models(self):
        return self.client.models.list()


async def main(request, service: Service):
    request.other.client = 3
    return await service.ask("a")
"""


def test_a_client_of_the_module_becomes_its_twin_and_every_call_is_awaited():
    assert twin(MODULE) == (
        MODULE.replace("OpenAI", "AsyncOpenAI")
        .replace(
            'return client.chat.completions.create(model="m", messages=[text])',
            'return (await client.chat.completions.create(model="m", messages=[text]))',
        )
        .replace("in client.models.list()", "in (await client.models.list())")
    )


def test_a_client_on_self_becomes_its_twin_and_every_call_is_awaited():
    code = OWN.replace("    request.other.client = 3\n", "")

    assert twin(code) == (
        code.replace("openai.OpenAI", "openai.AsyncOpenAI").replace(
            "self.client.", "await self.client."
        )
    )


def test_the_annotation_of_a_shared_client_becomes_the_twin_too():
    code = MODULE.replace("client = ", "client: OpenAI = ")

    assert "client: AsyncOpenAI = AsyncOpenAI()" in twin(code)


@pytest.mark.parametrize(
    ("code", "more", "reason"),
    [
        (MODULE, "\ndef plain():\n    return client.models.list()\n", "a plain function uses"),
        (MODULE, "\nfirst = client.models.list()\n", "used in a way that is not known"),
        (MODULE, "\nother = [client]\n", "used in a way that is not known"),
        (MODULE, "\ndef again():\n    global client\n    client = OpenAI()\n", "more than once"),
        (MODULE, "\ndef client(): ...\n", "more than once"),
        (OWN, "", "used in a way that is not known"),
        (
            OWN,
            "\nclass More(Service):\n    def all(self):\n        return self.client\n",
            "not known",
        ),
        (OWN, "\nname = 'client'\nother = getattr(main, 'x').client\n", "not known"),
    ],
)
def test_a_shared_client_whose_uses_are_not_all_known_stays(code, more, reason):
    fixed = rewritten({"app.py": code + more}, "native")

    assert fixed.files["app.py"] == code + more
    assert reason in " ".join(fixed.refused)


@pytest.mark.parametrize(
    "other",
    [
        {"b.py": "from app import client\n"},
        {"b.py": "import app\n\n\nasync def b():\n    app.client.models.list()\n"},
        {"tests/test_app.py": "def test_a(mocker):\n    mocker.patch('app.OpenAI')\n"},
        {"tests/test_app.py": "def test_a(patch):\n    patch.setattr('app.client', 1)\n"},
    ],
)
def test_a_shared_client_that_other_files_may_use_stays(other):
    fixed = rewritten({"app.py": MODULE, **other}, "native")

    assert fixed.files["app.py"] == MODULE


def test_the_twin_of_a_client_on_self_gives_and_raises_the_same(tmp_path):
    redis = pytest.importorskip("redis")
    try:
        redis.Redis(host="127.0.0.1", socket_timeout=1).ping()
    except redis.ConnectionError:
        pytest.skip("no Redis on this machine")
    code = """
        import asyncio
        import os

        import redis


        class Store:
            def __init__(self):
                self.server = redis.Redis(host="127.0.0.1", decode_responses=True)
                self.key = f"asyncfix:{os.getpid()}"

            async def use(self, value):
                self.server.set(self.key, value, ex=5)
                found = [self.server.get(self.key), self.server.exists(self.key)]
                try:
                    self.server.lpush(self.key, 1)
                except redis.ResponseError as error:
                    found.append(str(error))
                return found, self.server.delete(self.key)


        async def main():
            print([await Store().use(each) for each in ("a", "ä")])
            await asyncio.gather(asyncio.sleep(0))


        asyncio.run(main())
    """
    fixed = rewritten({"main.py": dedent(code)}, "native").files

    assert fixed["main.py"].count("await self.server.") == 5
    assert printed(tmp_path / "fixed", fixed) == printed(
        tmp_path / "plain", {"main.py": dedent(code)}
    )
