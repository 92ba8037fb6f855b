"""Clients that have an asynchronous twin."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import rewritten

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
