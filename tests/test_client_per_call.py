"""Clients per call: where one is made and dropped, and where it only looks so."""

from __future__ import annotations

from textwrap import dedent

import pytest

HEAD = """
import functools, sqlite3
from contextlib import asynccontextmanager, contextmanager
import aiohttp, asyncpg, httpx, redis, requests
from fastapi import Depends, FastAPI
from openai import AsyncOpenAI
from pymongo import MongoClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
app = FastAPI()
_shared = None
_all = {}
engine = create_engine("postgresql://")
def use(client): return client
"""


@pytest.fixture
def found(places):
    """Return a function that gives the code at each finding in `app.py`."""

    def run(text, path="app.py"):
        return places({path: HEAD + dedent(text)}, select=("client-per-call",))

    return run


MADE = {
    "entered": (
        """
        @app.get("/")
        async def get():
            async with httpx.AsyncClient() as client:
                return await client.get("https://example.com")
        """,
        "httpx.AsyncClient()",
    ),
    "with a transport": (
        """
        class Safe(httpx.AsyncHTTPTransport):
            pass
        async def get():
            async with httpx.AsyncClient(transport=Safe()) as client:
                return await client.get("https://example.com")
        """,
        "httpx.AsyncClient(transport=Safe())",
    ),
    "closed by hand": (
        """
        async def get():
            session = aiohttp.ClientSession()
            try:
                return await session.get("https://example.com")
            finally:
                await session.close()
        """,
        "aiohttp.ClientSession()",
    ),
    "in a job with a loop of its own": (
        """
        import asyncio
        def job(name):
            asyncio.run(_get(name))
        async def _get(name):
            async with httpx.AsyncClient() as client:
                return await client.get(name)
        """,
        "httpx.AsyncClient()",
    ),
    "in a plain function": (
        """
        def names():
            return [each["name"] for each in MongoClient("mongodb://")["shop"].users.find()]
        """,
        'MongoClient("mongodb://")',
    ),
    "in a method": (
        """
        class Store:
            def __init__(self, path):
                self.path = path
            def all(self):
                with sqlite3.connect(self.path) as connection:
                    return connection.execute("SELECT 1").fetchall()
        """,
        "sqlite3.connect(self.path)",
    ),
    "by a method that opens": (
        """
        class Store:
            def _open(self):
                connection = sqlite3.connect("a.db", timeout=5)
                connection.row_factory = sqlite3.Row
                return connection
            def all(self):
                return self._open().execute("SELECT 1").fetchall()
            def one(self):
                return self._open().execute("SELECT 1").fetchone()
        """,
        'sqlite3.connect("a.db", timeout=5)',
    ),
    "by a context manager": (
        """
        @contextmanager
        def opened():
            connection = sqlite3.connect("a.db")
            yield connection
            connection.close()
        def all():
            with opened() as connection:
                return connection.execute("SELECT 1").fetchall()
        """,
        'sqlite3.connect("a.db")',
    ),
    "by a factory that tells others of it": (
        """
        from watching import logged, watch
        def make():
            made = httpx.AsyncClient()
            watch.follow(made)
            return logged.wrap() or made
        async def get():
            async with make() as client:
                return await client.get("https://example.com")
        """,
        "make()",
    ),
    "by a factory": (
        """
        def make():
            return httpx.AsyncClient(timeout=5)
        async def get():
            async with make() as client:
                return await client.get("https://example.com")
        """,
        "make()",
    ),
    "by a dependency that opens": (
        """
        def connection():
            opened = sqlite3.connect("a.db")
            yield opened
            opened.close()
        @app.get("/")
        def get(connection=Depends(connection)):
            return connection.execute("SELECT 1").fetchall()
        """,
        'sqlite3.connect("a.db")',
    ),
    "by a class": (
        """
        class Writer:
            def __init__(self):
                self.client = AsyncOpenAI()
            async def write(self, prompt):
                return await self.client.responses.create(input=prompt)
        @app.post("/")
        async def write(prompt):
            return await Writer().write(prompt)
        """,
        "Writer()",
    ),
    "by a subclass": (
        """
        class Api:
            def __init__(self, url):
                self.session = requests.Session()
        class Users(Api):
            def all(self):
                return self.session.get("/users").json()
        def users():
            return Users("https://example.com").all()
        """,
        'Users("https://example.com")',
    ),
    "by a property": (
        """
        class Mongo:
            _db = None
            def client(self):
                return MongoClient("mongodb://")
            @property
            def db(self):
                if self._db is None:
                    self._db = self.client()["shop"]
                return self._db
        async def save(row):
            db = Mongo().db
            db.rows.insert_one(row)
        """,
        "Mongo()",
    ),
    "in a loop of another function": (
        """
        def page(number):
            return requests.get("https://example.com", params={"page": number}, timeout=5).json()
        def pages():
            return [page(number) for number in range(9)]
        """,
        'requests.get("https://example.com", params={"page": number}, timeout=5)',
    ),
}


@pytest.mark.parametrize("how", MADE)
def test_a_client_for_one_use_is_found(found, how):
    text, code = MADE[how]

    assert found("async def main(): ...\n" + dedent(text)) == [code]


KEPT = {
    "in a command that a parser calls": """
        import argparse
        import asyncio
        def main(argv=None):
            asyncio.run(_get(argparse.ArgumentParser().parse_args(argv).name))
        async def _get(name):
            async with httpx.AsyncClient() as client:
                return await client.get(name)
        if __name__ == "__main__":
            main()
    """,
    "in a cache that is asked first": """
        from clients import cache
        class Handler:
            def __init__(self):
                self.client = httpx.Client()
        def make(key):
            known = cache.get(key)
            if known:
                return known
            if key:
                made = Handler()
            else:
                made = Handler()
            cache.put(key, made, ttl=60)
            return made
        def send(key):
            return make(key).client.get("https://example.com")
    """,
    "in the module": "client = httpx.AsyncClient()\nasync def get(): return await client.get('/')",
    "in a global": """
        def start():
            global _shared
            _shared = httpx.AsyncClient()
    """,
    "once": """
        def get():
            global _shared
            if _shared is None:
                _shared = httpx.AsyncClient()
            return _shared
    """,
    "in an attribute": """
        class Api:
            async def open(self):
                self.client = httpx.AsyncClient()
    """,
    "in an attribute, by a function within": """
        class Api:
            async def open(self):
                async def once():
                    pool = await asyncpg.create_pool("postgresql://")
                    self.pool = pool
                await once()
    """,
    "in the state of the application": """
        async def start(app):
            app.state.client = httpx.AsyncClient()
    """,
    "in lifespan": """
        @asynccontextmanager
        async def lifespan(app):
            async with httpx.AsyncClient() as client:
                app.state.client = client
                yield
        application = FastAPI(lifespan=lifespan)
    """,
    "in a dict": """
        def of(key):
            if key not in _all:
                _all[key] = httpx.AsyncClient()
            return _all[key]
    """,
    "for an application": """
        async def get():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
                return await client.get("https://example.com")
        async def more(transport):
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get("https://example.com")
    """,
    "with a pool": """
        pool = redis.ConnectionPool()
        def get():
            return redis.Redis(connection_pool=pool).get("a")
    """,
    "in a cache": """
        @functools.lru_cache(maxsize=1)
        def client():
            return httpx.AsyncClient()
        async def get():
            return await client().get("https://example.com")
    """,
    "in a closure": """
        def make():
            client = httpx.AsyncClient()
            async def get():
                return await client.get("https://example.com")
            return get
    """,
    "in another object": """
        class Api:
            def __init__(self, client):
                self.client = client
        def make():
            return Api(httpx.AsyncClient())
    """,
    "with what registers it": """
        def start():
            client = httpx.AsyncClient()
            use(client)
    """,
    "by who made it, given one": """
        class Api:
            def __init__(self, client=None):
                self.client = client or httpx.AsyncClient()
        async def get(client):
            return Api(client)
    """,
    "by a provider": """
        async def client():
            async with httpx.AsyncClient() as made:
                yield made
        @app.get("/")
        async def get(client=Depends(client)):
            return await client.get("https://example.com")
    """,
    "in a pool of sessions": """
        def session():
            with Session(engine) as made:
                yield made
        @app.get("/")
        def get(session=Depends(session)):
            return session.get(int, 1)
    """,
    "for a caller's key": """
        async def answer(key, prompt):
            return await AsyncOpenAI(api_key=key).responses.create(input=prompt)
    """,
    "for a file of the caller": """
        def tables(path):
            return sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall()
    """,
    "for a websocket": """
        @app.websocket("/ws")
        async def relay(ws):
            async with aiohttp.ClientSession() as session:
                async with session.ws_connect("wss://example.com") as upstream:
                    async for each in upstream:
                        await ws.send_text(each.data)
    """,
    "at start-up": """
        @app.on_event("startup")
        async def start():
            await migrate()
        async def migrate():
            connection = await asyncpg.connect("postgresql://")
            await connection.execute("SELECT 1")
    """,
    "in a program": """
        def check():
            with requests.Session() as session:
                return session.get("https://example.com").ok
        def main():
            return check()
        if __name__ == "__main__":
            main()
    """,
    "in a dict, and returned": """
        class Api:
            def __init__(self):
                self.clients = {}
            def client(self, loop):
                entry = self.clients.get(loop)
                if entry is None:
                    client = httpx.AsyncClient()
                    entry = self.clients[loop] = (client, 0)
                return entry[0]
            async def get(self, loop):
                return await self.client(loop).get("https://example.com")
    """,
    "for the application itself": """
        async def get():
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.get("https://example.com")
    """,
    "no loop": """
        def get():
            return requests.get("https://example.com", timeout=5).json()
    """,
}


@pytest.mark.parametrize("where", KEPT)
def test_a_client_that_is_kept_or_belongs_to_one_caller_is_left_alone(found, where):
    assert found("async def main(): ...\n" + dedent(KEPT[where])) == []


def test_tests_are_left_alone(found):
    assert found("async def main(): ...\n" + dedent(MADE["entered"][0]), "tests/test_a.py") == []


def test_commands_of_a_program_that_reads_its_arguments_are_left_alone(found):
    assert not found("""
        import argparse

        def command(args):
            with httpx.Client() as client:
                print(client.get("https://example.com").text)

        parser = argparse.ArgumentParser()
        parser.set_defaults(func=command)
    """)
