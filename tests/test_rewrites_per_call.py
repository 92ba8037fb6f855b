"""Clients per call become one that the application owns; the fixed applications are asked."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import needs
from serving import lifecycle, told

HEAD = """
import httpx
from fastapi import FastAPI

app = FastAPI()

"""
ASKED = """
@app.get("/")
async def read(url: str, token: str = "t"):
    async with httpx.AsyncClient(timeout=5, headers={"x-token": token}) as client:
        # what is there
        response = await client.get(url)
        return response.json()


@app.get("/twice")
async def twice(url: str):
    try:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            one = await client.post(
                url,
                json={
                    "a": 1,
                },
            )
            two = await client.get(url, follow_redirects=False)
    except httpx.HTTPError:
        return None
    return [one.json(), two.json()]
"""
FIXED = '''
@functools.lru_cache(maxsize=1)
def http_client() -> httpx.AsyncClient:
    """Return the client that all requests share; it keeps no cookies."""
    return httpx.AsyncClient(cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())))


@app.get("/")
async def read(url: str, token: str = "t"):
    client = http_client()
    # what is there
    response = await client.get(url, timeout=5, headers={"x-token": token})
    return response.json()


@app.get("/twice")
async def twice(url: str):
    try:
        client = http_client()
        one = await client.post(
            url,
            json={
                "a": 1,
            },
            follow_redirects=True,
        )
        two = await client.get(url, follow_redirects=False)
    except httpx.HTTPError:
        return None
    return [one.json(), two.json()]
'''
SERVED = """
import asyncio, json
import httpx
import app

made = []

async def answer(reader, writer):
    made.append(writer)
    while await reader.readline():
        head = await reader.readuntil(b"\\r\\n\\r\\n")
        rows = head.decode().lower().split("\\r\\n")
        size = [row for row in rows if row.startswith("content-length")]
        if size:
            await reader.readexactly(int(size[0].split(":")[1]))
        cookie = "cookie:" in head.decode().lower()
        body = json.dumps({"token": "x-token: t" in head.decode(), "cookie": cookie}).encode()
        writer.write(b"HTTP/1.1 200 OK\\r\\nset-cookie: a=b\\r\\n")
        writer.write(b"content-length: %d\\r\\n\\r\\n" % len(body))
        writer.write(body)
        await writer.drain()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    found = []
    async with app.app.router.lifespan_context(app.app):
        transport = httpx.ASGITransport(app=app.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            for path in ("/", "/", "/twice", "/"):
                found.append((await client.get(path, params={"url": url})).json())
    server.close()
    print(json.dumps([len(made), found]))

asyncio.run(main())
"""


def test_requests_go_through_one_client_that_takes_what_was_told_to_each(tmp_path):
    done = lifecycle(tmp_path, {"app.py": HEAD + ASKED})

    assert not done.reasons
    assert FIXED in done.files["app.py"]
    assert (
        "    http_client()\n    yield\n    await http_client().aclose()\n" in done.files["app.py"]
    )
    assert lifecycle(tmp_path, done.files).files == done.files


def test_one_connection_serves_them_and_cookies_stay_apart(tmp_path):
    needs("fastapi", "httpx")
    lifecycle(tmp_path, {"app.py": HEAD + ASKED}, strategy="none")
    before = told(tmp_path, SERVED)

    lifecycle(tmp_path, {"app.py": HEAD + ASKED})

    connections, answers = told(tmp_path, SERVED)
    plain = {"token": False, "cookie": False}
    known = {"token": True, "cookie": False}
    assert answers == [known, known, [plain, plain], known]
    assert (before[0], connections) == (4, 1)
    assert before[1][:2] == answers[:2]


def test_other_modules_share_the_client_of_the_one_that_imports_least(tmp_path):
    rates = """
        import httpx


        async def rates():
            async with httpx.AsyncClient() as client:
                return (await client.get("https://example.com")).json()
    """
    files = {
        "rates.py": dedent(rates),
        "app.py": "from rates import rates" + HEAD + ASKED + '\n\napp.get("/rates")(rates)\n',
    }

    done = lifecycle(tmp_path, files)

    assert "def http_client() -> httpx.AsyncClient:" in done.files["rates.py"]
    assert "from rates import http_client, rates" in done.files["app.py"]
    assert "def http_client" not in done.files["app.py"]


def test_a_function_that_makes_a_client_keeps_it(tmp_path):
    code = """
        import os
        from openai import AsyncOpenAI
        from fastapi import FastAPI
        app = FastAPI()


        def get_client() -> AsyncOpenAI:
            return AsyncOpenAI(api_key=os.environ["KEY"])


        @app.get("/")
        async def read(prompt: str):
            return await get_client().responses.create(input=prompt, model="m")
    """

    done = lifecycle(tmp_path, {"app.py": dedent(code)})

    assert not done.reasons
    assert (
        "@functools.lru_cache(maxsize=1)\ndef get_client() -> AsyncOpenAI:" in done.files["app.py"]
    )
    assert "    await get_client().close()\n    get_client.cache_clear()\n" in done.files["app.py"]


def test_a_client_that_is_made_in_place_moves_to_a_function(tmp_path):
    code = """
        from pymongo import MongoClient
        from fastapi import FastAPI
        URL = "mongodb://localhost"
        app = FastAPI()


        @app.get("/")
        def read():
            client = MongoClient(URL)
            return client.db.things.find_one()
    """

    done = lifecycle(tmp_path, {"app.py": dedent(code)})

    assert not done.reasons
    assert done.files["app.py"].endswith("""
@functools.lru_cache(maxsize=1)
def mongo_client() -> MongoClient:
    return MongoClient(URL)


@app.get("/")
def read():
    client = mongo_client()
    return client.db.things.find_one()
""")
    assert "    mongo_client().close()\n" in done.files["app.py"]


REFUSED = {
    "an argument of the whole client": (
        """
        @app.get("/")
        async def read(url: str):
            async with httpx.AsyncClient(verify=False) as client:
                return (await client.get(url)).json()
        """,
        "is made with `verify=False`",
    ),
    "headers of client and request": (
        """
        @app.get("/")
        async def read(url: str):
            async with httpx.AsyncClient(headers={"a": "b"}) as client:
                return (await client.get(url, headers={"c": "d"})).json()
        """,
        "has `headers` of its own",
    ),
    "a client that is changed": (
        """
        @app.get("/")
        async def read(url: str):
            async with httpx.AsyncClient() as client:
                client.headers["a"] = "b"
                return (await client.get(url)).json()
        """,
        "used for more than requests",
    ),
    "a loop of its own": (
        """
        import asyncio
        async def fetch(url):
            async with httpx.AsyncClient() as client:
                return (await client.get(url)).json()
        @app.get("/")
        async def read(url: str):
            return await fetch(url)
        async def job(url):
            return await fetch(url)
        def task(url):
            return asyncio.run(job(url))
        """,
        "on a loop of its own",
    ),
    "a library that is imported where it is used": (
        """
        @app.get("/")
        async def read(url: str):
            import aiohttp
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as response:
                    return await response.json()
        """,
        "imports `aiohttp.ClientSession` where it is used",
    ),
    "one connection": (
        """
        import psycopg2
        @app.get("/")
        def read():
            return psycopg2.connect("a").cursor().fetchall()
        """,
        "needs a lock or a pool",
    ),
}


@pytest.mark.parametrize(("code", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_a_shared_client_would_not_do_is_refused(tmp_path, code, reason):
    files = {"app.py": HEAD + dedent(code)}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons


def test_tests_that_replace_the_class_are_a_reason_to_leave_their_module_alone(tmp_path):
    test = 'from unittest.mock import patch\n\nimport app\n\n\n@patch("app.httpx.AsyncClient")\n'
    files = {"app.py": HEAD + ASKED, "tests/test_app.py": test + "def test_one(made): ...\n"}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any("tests/test_app.py replaces" in each for each in done.reasons)
