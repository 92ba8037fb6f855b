"""Chains: how the engine gets from code on the loop to what blocks, and what only looks alike.

Every project has a `service` module whose `Service` blocks and whose `Memory` has the same methods
and does not, so that each test shows in one program what is found and what is left alone.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity

SERVICE = """
    import time

    class Service:
        def find(self):
            time.sleep(1)

    class Memory:
        def find(self):
            return 1

    def pause():
        time.sleep(1)

    def rest():
        return 1
"""
FOUND = "service.Service.find calls time.sleep"
PAUSED = "service.pause calls time.sleep"


@pytest.fixture
def chains(check, tmp_path):
    """Return a function that checks `app.py` and other files, and tells the chain of each code."""

    def run(app, others=None, **settings):
        files = {"service.py": SERVICE, "app.py": app, **(others or {})}
        found = check({name: dedent(text) for name, text in files.items()}, **settings)
        chained = [each for each in found if each.trace]
        return {code_at(each.location, tmp_path): told(each) for each in chained}

    return run


def code_at(location, folder):
    data = (folder / location.path).read_bytes()
    return data[location.start : location.end].decode()


def told(finding):
    """Tell a chain in one line; each hop starts where the one before it ended."""
    told = finding.trace[0].text.replace("`", "")
    for before, step in zip(finding.trace, finding.trace[1:], strict=False):
        assert step.text.startswith(f"`{before.symbol}` ")
        told += step.text.removeprefix(f"`{before.symbol}`").replace("`", "")
    assert told.endswith(f" {finding.sink.qualname}")
    return told


# Attributes


def test_a_method_of_a_base_class_on_an_attribute_set_in_init(chains):
    app = """
        from service import Memory, Service

        class Users(Service):
            pass

        class Handler:
            def __init__(self):
                self.users = Users()
                self.notes = Memory()

            async def get(self):
                self.users.find()
                self.notes.find()
    """
    assert chains(app) == {"self.users.find()": f"app.Handler.get calls {FOUND}"}


def test_an_attribute_set_in_init_within_try(chains):
    app = """
        from service import Memory, Service

        class Handler:
            def __init__(self):
                try:
                    self.users = Service()
                except OSError:
                    self.users = None
                try:
                    self.notes = Memory()
                except OSError:
                    self.notes = None

            async def get(self):
                self.users.find()
                self.notes.find()
    """
    assert chains(app) == {"self.users.find()": f"app.Handler.get calls {FOUND}"}


def test_an_attribute_that_is_an_argument_or_a_new_service(chains):
    app = """
        from service import Memory, Service

        class Handler:
            def __init__(self, users=None, notes=None):
                self.users = users or Service()
                self.notes = notes or Memory()
                self.other = users if users is not None else Service()

            async def get(self):
                self.users.find()
                self.notes.find()

            async def post(self):
                return self.other.find()
    """
    assert chains(app) == {
        "self.users.find()": f"app.Handler.get calls {FOUND}",
        "self.other.find()": f"app.Handler.post calls {FOUND}",
    }


def test_an_attribute_of_a_class_whose_base_is_outside_the_project(chains):
    app = """
        from elsewhere import Base
        from service import Memory, Service

        class Handler(Base):
            notes: Memory

            def __init__(self):
                super().__init__()
                self.users = Service()

            async def get(self):
                self.users.find()
                self.notes.find()
                self.unknown.find()
    """
    assert chains(app) == {"self.users.find()": f"app.Handler.get calls {FOUND}"}


def test_an_attribute_set_in_a_method_other_than_init(chains):
    app = """
        from service import Memory, Service

        class Handler:
            users = None
            notes = None

            async def start(self):
                self.users = Service()
                self.notes = Memory()

            async def get(self):
                self.users.find()
                self.notes.find()
    """
    assert chains(app) == {"self.users.find()": f"app.Handler.get calls {FOUND}"}


def test_a_classmethod_with_a_lazy_class_attribute(chains):
    app = """
        from service import Memory, Service

        class Registry:
            _service = None
            _memory = None

            @classmethod
            def service(cls):
                if cls._service is None:
                    cls._service = Service()
                return cls._service

            @classmethod
            def memory(cls):
                if cls._memory is None:
                    cls._memory = Memory()
                return cls._memory

        async def handler():
            Registry.service().find()
            Registry.memory().find()
    """
    assert chains(app) == {"Registry.service().find()": f"app.handler calls {FOUND}"}


def test_a_dataclass_field(chains):
    app = """
        from dataclasses import dataclass, field

        from service import Memory, Service

        @dataclass
        class Handler:
            users: Service
            notes: Memory = field(default_factory=Memory)

            async def get(self):
                self.users.find()
                self.notes.find()
    """
    assert chains(app) == {"self.users.find()": f"app.Handler.get calls {FOUND}"}


def test_an_attribute_that_another_module_sets(chains):
    app = """
        from discord.ext import commands
        from service import Memory, Service

        bot = commands.Bot("!")
        bot.db = Service()
        bot.memory = Memory()

        class Cog(commands.Cog):
            def __init__(self, bot):
                self.bot = bot

            async def get(self):
                self.bot.db.find()
                self.bot.memory.find()
    """
    assert chains(app) == {"self.bot.db.find()": f"app.Cog.get calls {FOUND}"}


def test_the_state_of_an_application(chains):
    app = """
        from contextlib import asynccontextmanager

        from fastapi import FastAPI, Request
        from service import Memory, Service

        @asynccontextmanager
        async def lifespan(app):
            app.state.service = Service()
            app.state.memory = Memory()
            yield

        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def handler(request: Request):
            request.app.state.service.find()
            request.app.state.memory.find()
    """
    assert chains(app) == {"request.app.state.service.find()": f"app.handler calls {FOUND}"}


def test_an_engine_on_the_state_of_an_application(chains):
    app = """
        from fastapi import FastAPI, Request
        from sqlalchemy import create_engine, text
        from sqlalchemy.ext.asyncio import create_async_engine

        async def start(app: FastAPI):
            app.state.engine = create_engine("sqlite://")
            app.state.async_engine = create_async_engine("sqlite+aiosqlite://")

        async def handler(request: Request):
            with request.app.state.engine.connect() as connection:
                pass
            async with request.app.state.async_engine.connect() as connection:
                await connection.execute(text("select 1"))
    """
    assert list(chains(app)) == ["request.app.state.engine.connect()"]


def test_an_item_of_an_aiohttp_application(chains):
    app = """
        from aiohttp import web
        from service import Memory, Service

        async def handler(request):
            request.app["db"].find()
            request.app["memory"].find()

        def make():
            app = web.Application()
            app["db"] = Service()
            app["memory"] = Memory()
            app.router.add_get("/", handler)
            return app
    """
    assert chains(app) == {'request.app["db"].find()': f"app.handler calls {FOUND}"}


def test_attributes_set_on_a_local_variable_of_the_same_name(chains):
    app = """
        from discord.ext import commands
        from service import Memory, Service

        class Cog(commands.Cog):
            def __init__(self, bot):
                self.bot = bot

            async def get(self):
                self.bot.db.find()
                self.bot.memory.find()

        def main():
            bot = commands.Bot("!")
            bot.db = Service()
            bot.memory = Memory()
            bot.run("token")
    """
    assert chains(app) == {"self.bot.db.find()": f"app.Cog.get calls {FOUND}"}


# Imports


def test_a_repository_that_is_global_in_another_package(chains):
    app = """
        from shop.repositories import memory, users

        async def handler():
            users.find()
            memory.find()
    """
    others = {
        "shop/__init__.py": "",
        "shop/repositories.py": """
            from service import Memory, Service

            users = Service()
            memory = Memory()
        """,
    }
    assert chains(app, others) == {"users.find()": f"app.handler calls {FOUND}"}


def test_an_import_within_a_function(chains):
    app = """
        async def handler():
            from service import pause

            pause()

        async def other():
            from service import rest as pause

            pause()
    """
    assert chains(app) == {"pause()": f"app.handler calls {PAUSED}"}


def test_two_imports_of_one_name_in_two_functions(chains):
    app = """
        async def handler():
            import redis

            client = redis.Redis()
            client.get("key")

        async def other():
            import redis.asyncio as redis

            client = redis.Redis()
            await client.get("a")
    """
    assert chains(app) == {'client.get("key")': "app.handler calls redis.Redis.get"}


def test_two_imports_of_one_name_in_one_function(chains):
    app = """
        async def handler():
            import redis.asyncio as redis

            client = redis.Redis()
            await client.get("a")

            import redis

            client = redis.Redis()
            client.get("key")
    """
    assert chains(app) == {'client.get("key")': "app.handler calls redis.Redis.get"}


def test_the_import_decides_and_not_the_text(chains):
    app = """
        import requests
        from service import Memory

        class Handler:
            def __init__(self):
                self.requests = {}
                self.active_requests = {}

            async def get(self, pipeline: Memory, counts: dict[str, int]):
                self.requests.get("a")
                self.active_requests.get("a")
                counts.get("a")
                requests.get("https://example.com", timeout=5)

        async def shadowed(requests: dict[str, int]):
            requests.get("a")
    """
    assert chains(app) == {
        'requests.get("https://example.com", timeout=5)': "app.Handler.get calls requests.get"
    }


def test_a_star_import(chains):
    app = """
        from shop import *

        async def handler():
            pause()
            rest()
            _hidden()
    """
    others = {
        "shop.py": """
            from service import *
            from service import pause as _hidden
        """
    }
    assert chains(app, others) == {"pause()": f"app.handler calls {PAUSED}"}


def test_relative_imports(chains):
    others = {
        "shop/__init__.py": "",
        "shop/clock.py": SERVICE,
        "shop/api/__init__.py": "from .. import clock",
        "shop/api/routes.py": """
            from . import clock
            from .. import clock as above
            from ..clock import rest
            from .local import pause

            async def handler():
                clock.pause()
                above.pause()
                rest()
                pause()
        """,
        "shop/api/local.py": "def pause():\n    return 1",
    }
    assert chains("", others) == {
        "clock.pause()": "shop.api.routes.handler calls shop.clock.pause calls time.sleep",
        "above.pause()": "shop.api.routes.handler calls shop.clock.pause calls time.sleep",
    }


def test_what_is_added_to_what_it_came_from(chains):
    app = """
        from sqlalchemy.orm import Session

        class User:
            def query(self): ...

        def mend(session: Session):
            users = session.query(User).all()
            for user in users:
                session.add(user)

        async def handler(session: Session):
            mend(session)
    """
    assert chains(app) == {
        "mend(session)": "app.handler calls app.mend calls sqlalchemy.orm.Query.all"
    }


def test_a_subpackage_that_bears_the_name_of_a_library_does_not_import_itself(chains):
    others = {
        "shop/__init__.py": "",
        "shop/caldav/__init__.py": "from service import Service as DAVClient",
        "shop/caldav/client.py": """
            import caldav

            async def handler():
                caldav.DAVClient().find()
        """,
        "shop/routes.py": """
            import caldav

            async def handler():
                caldav.DAVClient().find()
        """,
    }
    assert chains("", others) == {"caldav.DAVClient().find()": f"shop.routes.handler calls {FOUND}"}


def test_a_module_that_bears_the_name_of_a_library_does_not_import_itself(chains):
    others = {
        "shop/__init__.py": "",
        "shop/heroku3.py": """
            import heroku3

            def from_key(key):
                return None

            async def handler(key):
                heroku3.from_key(key)
        """,
    }
    assert chains("", others) == {
        "heroku3.from_key(key)": "shop.heroku3.handler calls heroku3.from_key"
    }


def test_a_name_that_a_package_exports_again(chains):
    app = """
        import shop
        from shop import stop, rest

        async def handler():
            stop()
            shop.stop()
            rest()
    """
    others = {
        "shop/__init__.py": "from .clock import pause as stop, rest",
        "shop/clock/__init__.py": "from .wall import *",
        "shop/clock/wall.py": "from service import pause, rest",
    }
    assert chains(app, others) == {
        "stop()": f"app.handler calls {PAUSED}",
        "shop.stop()": f"app.handler calls {PAUSED}",
    }


def test_alternatives_of_an_import_that_may_fail(chains):
    app = """
        try:
            from missing import pause
        except ImportError:
            from service import pause

        try:
            from service import rest
        except ImportError:
            from missing import rest

        try:
            import requests
            AVAILABLE = True
        except ImportError:
            requests = None
            AVAILABLE = False

        async def handler():
            pause()
            rest()
            if AVAILABLE:
                requests.get("u")
    """
    assert chains(app) == {
        "pause()": f"app.handler calls {PAUSED}",
        'requests.get("u")': "app.handler calls requests.get",
    }


def test_aliases_of_modules_classes_and_functions(chains):
    app = """
        import service as s
        from service import Memory, Service as Users

        stop = s.pause
        rest = s.rest
        Store = Users

        async def handler():
            stop()
            rest()
            Store().find()
            Memory().find()
    """
    assert chains(app) == {
        "stop()": f"app.handler calls {PAUSED}",
        "Store().find()": f"app.handler calls {FOUND}",
    }


def test_namespace_packages(chains):
    app = """
        import shop.deep.clock
        from shop.deep import clock

        async def handler():
            shop.deep.clock.pause()
            clock.pause()
            clock.rest()
    """
    others = {"shop/deep/clock.py": SERVICE}
    chain = "app.handler calls shop.deep.clock.pause calls time.sleep"
    assert chains(app, others) == {"shop.deep.clock.pause()": chain, "clock.pause()": chain}


def test_several_package_roots(chains):
    others = {
        "backend/src/shop/__init__.py": "",
        "backend/src/shop/clock.py": SERVICE,
        "backend/src/shop/routes.py": """
            from shop.clock import pause, rest

            async def handler():
                pause()
                rest()
        """,
        "worker/shop/__init__.py": "",
        "worker/shop/clock.py": "def pause():\n    return 1",
        "worker/shop/jobs.py": """
            from shop.clock import pause

            async def job():
                pause()
        """,
    }
    assert list(chains("", others)) == ["pause()"]


def test_a_module_of_the_project_that_is_named_like_a_library(chains):
    app = """
        import requests
        from redis import Redis

        async def handler():
            requests.get("u")
            Redis().get("k")
            requests.wait()
    """
    others = {
        "requests.py": """
            from service import pause

            def get(url):
                return url

            def wait():
                pause()
        """,
        "redis/__init__.py": "class Redis:\n    def get(self, key):\n        return key",
    }
    assert chains(app, others) == {
        "requests.wait()": f"app.handler calls requests.wait calls {PAUSED}"
    }


def test_a_folder_named_like_a_library_does_not_hide_the_library(chains):
    others = {
        "shop/__init__.py": "",
        "shop/redis/__init__.py": "",
        "shop/redis/keys.py": "KEY = 'k'",
        "shop/api.py": """
            import redis

            async def handler():
                redis.Redis().get("k")
        """,
    }
    assert chains("", others) == {
        'redis.Redis().get("k")': "shop.api.handler calls redis.Redis.get"
    }


def test_tricks_with_sys_path_stay_silent(chains):
    app = """
        import sys
        from pathlib import Path

        sys.path.insert(0, str(Path(__file__).parent / "vendored"))
        sys.path.append("../elsewhere")

        import nowhere
        from nowhere.clock import pause

        async def handler():
            pause()
            nowhere.Client().find()
    """
    assert chains(app) == {}


def test_imports_of_modules_that_no_longer_exist_stay_silent(chains):
    app = """
        from service.gone import pause
        from service import missing

        async def handler():
            pause()
            missing()
            missing.find()
    """
    assert chains(app) == {}


def test_two_classes_of_one_name(chains):
    app = """
        from service import Service

        async def handler():
            Service().find()
    """
    others = {
        "archive.py": """
            class Service:
                def find(self):
                    return 1

            async def old():
                Service().find()
        """
    }
    assert chains(app, others) == {"Service().find()": f"app.handler calls {FOUND}"}


# Factories and dependencies


def test_a_factory_is_typed_by_its_return_annotation(chains):
    app = """
        from elsewhere import registry
        from service import Memory, Service

        def service() -> Service:
            return registry["service"]

        def memory() -> "Memory":
            return registry["memory"]

        def maybe() -> Service | None:
            return registry.get("service")

        async def handler():
            service().find()
            memory().find()

        async def other():
            maybe().find()
    """
    assert chains(app) == {
        "service().find()": f"app.handler calls {FOUND}",
        "maybe().find()": f"app.other calls {FOUND}",
    }


def test_an_annotation_that_names_a_factory_means_what_that_gives(chains):
    app = """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from boto3 import client as Client

        class Model:
            def __init__(self, made: "Client"):
                self.made = made

            def client(self) -> "Client":
                return self.made

        async def handler(model: Model):
            model.client().converse()
    """
    assert set(chains(app)) == {"model.client().converse()"}


def test_a_factory_is_typed_by_what_it_returns(chains):
    app = """
        from service import Memory, Service

        _service = None

        def service():
            global _service
            if _service is None:
                _service = Service()
            return _service

        def memory():
            found = Memory()
            return found

        async def make():
            return Service()

        async def handler():
            service().find()
            memory().find()
            made = await make()
            made.find()
    """
    assert chains(app) == {
        "service().find()": f"app.handler calls {FOUND}",
        "made.find()": f"app.handler calls {FOUND}",
    }


DEPENDENCIES = """
    from service import Memory, Service

    def get_service():
        service = Service()
        try:
            yield service
        finally:
            pass

    async def get_memory():
        yield Memory()
"""


def test_a_generator_dependency_as_default(chains):
    app = """
        from deps import get_memory, get_service
        from fastapi import APIRouter, Depends

        router = APIRouter()

        @router.get("/")
        async def handler(service=Depends(get_service), memory=Depends(get_memory)):
            service.find()
            memory.find()
    """
    assert chains(app, {"deps.py": DEPENDENCIES}) == {
        "service.find()": f"app.handler calls {FOUND}"
    }


def test_a_generator_dependency_in_annotated(chains):
    app = """
        from typing import Annotated, Any

        from deps import get_memory, get_service
        from fastapi import APIRouter, Depends

        router = APIRouter()

        @router.get("/")
        async def handler(
            service: Annotated[Any, Depends(get_service)],
            memory: Annotated[Any, Depends(get_memory)],
        ):
            service.find()
            memory.find()
    """
    assert chains(app, {"deps.py": DEPENDENCIES}) == {
        "service.find()": f"app.handler calls {FOUND}"
    }


def test_an_alias_of_an_annotated_dependency(chains):
    app = """
        from aliases import MemoryDep, ServiceDep
        from fastapi import APIRouter

        router = APIRouter()

        @router.get("/")
        async def handler(service: ServiceDep, memory: MemoryDep):
            service.find()
            memory.find()
    """
    others = {
        "deps.py": DEPENDENCIES,
        "aliases.py": """
            from typing import Annotated

            from deps import get_memory, get_service
            from fastapi import Depends
            from service import Memory, Service

            ServiceDep = Annotated[Service, Depends(get_service)]
            MemoryDep = Annotated[Memory, Depends(get_memory)]
        """,
    }
    assert chains(app, others) == {"service.find()": f"app.handler calls {FOUND}"}


def test_a_dependency_without_a_provider_is_its_class(chains):
    app = """
        from typing import Annotated

        from fastapi import APIRouter, Depends
        from service import Memory, Service

        router = APIRouter()

        @router.get("/")
        async def handler(
            service: Service = Depends(), memory: Annotated[Memory, Depends()] = None
        ):
            service.find()
            memory.find()
    """
    assert chains(app) == {"service.find()": f"app.handler calls {FOUND}"}


def test_a_session_that_a_dependency_yields(chains):
    app = """
        from fastapi import APIRouter, Depends
        from sqlalchemy import create_engine
        from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
        from sqlalchemy.orm import Session, sessionmaker

        SessionLocal = sessionmaker(bind=create_engine("sqlite://"))
        AsyncSessionLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))
        router = APIRouter()

        def get_db():
            db = SessionLocal()
            try:
                yield db
            finally:
                db.close()

        async def get_async_db():
            async with AsyncSessionLocal() as session:
                yield session

        @router.get("/")
        async def handler(db=Depends(get_db), other: AsyncSession = Depends(get_async_db)):
            db.commit()
            await other.commit()
    """
    assert chains(app) == {"db.commit()": "app.handler calls sqlalchemy.orm.Session.commit"}


def test_a_query_that_is_built_over_several_statements(chains):
    app = """
        from models import User
        from sqlalchemy.orm import Session

        async def handler(db: Session, name=None):
            q = db.query(User)
            q = q.filter(User.active)
            if name:
                q = q.filter(User.name == name)
            return q.order_by(User.name).all()

        async def other(db: Session):
            return db.query(User).filter(User.active)
    """
    assert chains(app) == {
        "q.order_by(User.name).all()": "app.handler calls sqlalchemy.orm.Query.all"
    }


def test_what_a_sessionmaker_makes(chains):
    app = """
        from sqlalchemy import create_engine, select
        from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
        from sqlalchemy.orm import sessionmaker

        Session = sessionmaker(create_engine("sqlite://"))
        AsyncSession = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))

        async def handler():
            with Session() as session:
                session.execute(select(1))
            async with AsyncSession() as session:
                await session.execute(select(2))
    """
    found = chains(app)
    assert "session.execute(select(1))" in found
    assert "session.execute(select(2))" not in found


# What Python calls without saying so


def test_a_decorator_that_calls(chains):
    app = """
        import functools

        def twice(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                function(*args, **kwargs)
                return function(*args, **kwargs)

            return wrapper

        from service import pause as _pause, rest as _rest

        @twice
        def pause():
            _pause()

        @twice
        def rest():
            _rest()

        async def handler():
            pause()
            rest()
    """
    found = chains(app)
    assert list(found) == ["pause()"]
    assert found["pause()"].endswith(f"app.pause calls {PAUSED}")


def test_a_decorator_whose_wrapper_blocks(chains):
    app = """
        from service import pause

        def slowly(function):
            def wrapper(*args):
                pause()
                return function(*args)

            return wrapper

        def plainly(function):
            def wrapper(*args):
                return function(*args)

            return wrapper

        @slowly
        def one():
            return 1

        @plainly
        def two():
            return 2

        async def handler():
            one()
            two()
    """
    assert chains(app) == {"one()": f"app.handler calls app.slowly.<locals>.wrapper calls {PAUSED}"}


def test_a_decorator_with_arguments_that_calls(chains):
    app = """
        import time

        def retry(times):
            def decorator(function):
                def wrapper(*args, **kwargs):
                    for _ in range(times):
                        try:
                            return function(*args, **kwargs)
                        except OSError:
                            pass

                return wrapper

            return decorator

        @retry(3)
        def pause():
            time.sleep(1)

        @retry(3)
        def rest():
            return 1

        async def handler():
            pause()
            rest()
    """
    assert list(chains(app)) == ["pause()"]


def test_a_decorator_that_offloads(chains):
    app = """
        import asyncio
        import functools
        import time

        def in_thread(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await asyncio.to_thread(function, *args, **kwargs)

            return wrapper

        def pretends(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return function(*args, **kwargs)

            return wrapper

        @in_thread
        def away():
            time.sleep(1)

        @pretends
        def here():
            time.sleep(2)

        async def handler():
            await away()
            await here()
    """
    assert list(chains(app)) == ["function(*args, **kwargs)"]


def test_properties(chains):
    app = """
        from functools import cached_property

        from service import Service

        class User:
            def __init__(self):
                self.service = Service()
                self.name = "a"

            @property
            def orders(self):
                return self.service.find()

            @cached_property
            def address(self):
                return self.service.find()

            def method(self):
                return self.service.find()

        async def handler(user: User):
            user.orders
            print(user.address)
            user.name
            user.method
    """
    assert chains(app, severity=Severity.INFO) == {
        "user.orders": f"app.handler reads app.User.orders calls {FOUND}",
        "user.address": f"app.handler reads app.User.address calls {FOUND}",
    }


def test_context_managers_that_are_classes(chains):
    app = """
        from service import pause, rest

        class Slow:
            def __enter__(self):
                return self

            def __exit__(self, *error):
                pause()

        class Quick:
            def __enter__(self):
                rest()

            def __exit__(self, *error):
                rest()

        async def handler():
            with Slow():
                pass
            with Quick():
                pass
    """
    assert chains(app) == {"Slow()": f"app.handler calls app.Slow.__exit__ calls {PAUSED}"}


def test_context_managers_that_are_generators(chains):
    app = """
        from contextlib import contextmanager

        from service import pause, rest

        @contextmanager
        def slow():
            pause()
            yield

        @contextmanager
        def quick():
            rest()
            yield

        async def handler():
            with slow():
                pass
            with quick():
                pass
            later = slow
    """
    assert chains(app) == {"slow()": f"app.handler enters app.slow calls {PAUSED}"}


def test_what_with_binds(chains):
    app = """
        from contextlib import contextmanager

        from service import Memory, Service

        class Open:
            def __enter__(self):
                return Service()

            def __exit__(self, *error):
                pass

        @contextmanager
        def scope():
            yield Service()

        @contextmanager
        def memory():
            yield Memory()

        async def handler():
            with Open() as service:
                service.find()
            with scope() as other, memory() as quiet:
                other.find()
                quiet.find()
    """
    assert chains(app) == {
        "service.find()": f"app.handler calls {FOUND}",
        "other.find()": f"app.handler calls {FOUND}",
    }


def test_what_async_with_binds(chains):
    app = """
        from contextlib import asynccontextmanager

        from service import Memory, Service

        class Open:
            async def __aenter__(self):
                return Service()

            async def __aexit__(self, *error):
                pass

        @asynccontextmanager
        async def memory():
            yield Memory()

        async def handler():
            async with Open() as service, memory() as quiet:
                service.find()
                quiet.find()
    """
    assert chains(app) == {"service.find()": f"app.handler calls {FOUND}"}


def test_generators_that_are_iterated(chains):
    app = """
        import time

        def rows():
            time.sleep(1)
            yield 1

        def through():
            yield from rows()

        async def loops():
            for row in rows():
                pass

        async def lists():
            return list(rows())

        async def through_another():
            return [row for row in through()]

        async def makes():
            return rows()
    """
    assert chains(app) == {
        "rows()": "app.loops iterates over app.rows calls time.sleep",
        "list(rows())": "app.lists iterates over app.rows calls time.sleep",
        "through()": (
            "app.through_another iterates over app.through iterates over app.rows calls time.sleep"
        ),
    }


def test_a_generator_that_is_only_made_does_not_run(chains):
    app = """
        import time

        def rows():
            time.sleep(1)
            yield 1

        async def makes():
            found = rows()
            return found
    """
    assert chains(app) == {}


def test_what_generators_yield(chains):
    app = """
        from service import Memory, Service

        def services():
            yield Service()

        def memories():
            yield Memory()

        async def handler():
            for service in services():
                service.find()
            for memory in memories():
                memory.find()
    """
    assert chains(app) == {"service.find()": f"app.handler calls {FOUND}"}


def test_objects_that_are_called_indexed_and_searched(chains):
    app = """
        from service import pause, rest

        class Slow:
            def __call__(self):
                pause()

            def __getitem__(self, key):
                pause()

            def __contains__(self, key):
                pause()

        class Quick:
            def __call__(self):
                rest()

            def __getitem__(self, key):
                rest()

            def __contains__(self, key):
                rest()

        async def handler(slow: Slow, quick: Quick):
            slow()
            slow["a"]
            if "a" in slow:
                pass
            quick()
            quick["a"]
            if "a" in quick:
                pass
    """
    assert sorted(chains(app)) == ["slow", "slow()", 'slow["a"]']


def test_constructors(chains):
    app = """
        from dataclasses import dataclass

        from service import pause

        class Slow:
            def __init__(self):
                pause()

        class Below(Slow):
            pass

        @dataclass
        class Checked:
            name: str

            def __post_init__(self):
                pause()

        class Quick:
            def wait(self):
                pause()

        async def handler():
            Slow()
            Below()
            Checked("a")
            Quick()
            Quick
    """
    assert chains(app) == {
        "Slow()": f"app.handler calls app.Slow.__init__ calls {PAUSED}",
        "Below()": f"app.handler calls app.Slow.__init__ calls {PAUSED}",
        'Checked("a")': f"app.handler calls app.Checked.__post_init__ calls {PAUSED}",
    }


def test_an_iterator_that_is_unpacked(chains):
    app = """
        import time

        def rows():
            time.sleep(1)
            yield 1
            yield 2

        def quick():
            yield 1
            yield 2

        async def handler():
            first, second = rows()
            third, fourth = quick()
    """
    assert chains(app) == {"rows()": "app.handler iterates over app.rows calls time.sleep"}


def test_generators_of_objects_and_generator_expressions(chains):
    app = """
        from service import pause

        class Table:
            def rows(self):
                pause()
                yield 1

            def names(self):
                yield "a"

        async def handler(table: Table, items):
            next(table.rows())
            [*table.names()]

        async def other(items):
            any(pause() for item in items)
    """
    assert chains(app) == {
        "next(table.rows())": f"app.handler iterates over app.Table.rows calls {PAUSED}",
        "pause()": f"app.other calls {PAUSED}",
    }


@pytest.mark.xfail(strict=True, reason="operators are no sites")
def test_operators_of_known_types(chains):
    app = """
        from service import pause, rest

        class Slow:
            def __add__(self, other):
                pause()

            def __eq__(self, other):
                pause()

            def __len__(self):
                pause()

        class Quick:
            def __add__(self, other):
                rest()

        async def handler(slow: Slow, quick: Quick):
            slow + 1
            slow == 1
            len(slow)
            quick + 1
    """
    assert sorted(chains(app)) == ["len(slow)", "slow + 1", "slow == 1"]


def test_what_an_asynchronous_iterator_gives(chains):
    app = """
        from service import Memory, Service

        class Services:
            def __aiter__(self):
                return self

            async def __anext__(self):
                return Service()

        async def handler():
            async for service in Services():
                service.find()
    """
    assert chains(app) == {"service.find()": f"app.handler calls {FOUND}"}


def test_what_closing_gives(chains):
    app = """
        from contextlib import closing

        from service import Memory, Service

        async def handler():
            with closing(Service()) as service, closing(Memory()) as memory:
                service.find()
                memory.find()
    """
    assert chains(app) == {"service.find()": f"app.handler calls {FOUND}"}


def test_what_an_exit_stack_enters(chains):
    app = """
        from contextlib import ExitStack

        from service import Service, pause

        class Open:
            def __enter__(self):
                pause()
                return Service()

            def __exit__(self, *error):
                pass

        async def handler():
            with ExitStack() as stack:
                service = stack.enter_context(Open())
    """
    assert list(chains(app)) == ["stack.enter_context(Open())"]


# Clients of libraries


def test_subscripts_and_attributes_of_a_client(chains):
    app = """
        from motor.motor_asyncio import AsyncIOMotorClient
        from pymongo import MongoClient

        client = MongoClient()
        other = AsyncIOMotorClient()

        async def handler():
            client["db"].users.find_one({})
            client.shop["users"].count_documents({})
            await other["db"].users.find_one({})
            client["db"].users.find({})
    """
    assert chains(app) == {
        'client["db"].users.find_one({})': (
            "app.handler calls pymongo.collection.Collection.find_one"
        ),
        'client.shop["users"].count_documents({})': (
            "app.handler calls pymongo.collection.Collection.count_documents"
        ),
    }


def test_a_collection_in_a_repository_behind_a_lazy_client(chains):
    app = """
        from users import users

        async def handler():
            return users.find_by_name("a")
    """
    others = {
        "database.py": """
            from pymongo import MongoClient

            class Database:
                _client = None

                @classmethod
                def client(cls):
                    if cls._client is None:
                        cls._client = MongoClient()
                    return cls._client
        """,
        "base.py": """
            from database import Database

            class BaseRepository:
                name = ""

                def __init__(self):
                    self.db = Database.client()["shop"]
                    self.collection = self.db[self.name]

                def find_one(self, query):
                    return self.collection.find_one(query)

                def describe(self):
                    return self.name
        """,
        "users.py": """
            from base import BaseRepository

            class UserRepository(BaseRepository):
                name = "users"

                def find_by_name(self, name):
                    self.describe()
                    return self.find_one({"name": name})

            users = UserRepository()
        """,
    }
    assert chains(app, others) == {
        'users.find_by_name("a")': (
            "app.handler calls users.UserRepository.find_by_name calls"
            " base.BaseRepository.find_one calls pymongo.collection.Collection.find_one"
        )
    }


# Callbacks


def test_functools_partial(chains):
    app = """
        from functools import partial

        from service import pause, rest

        stop = partial(pause)
        relax = partial(rest)

        async def handler():
            stop()
            relax()
            partial(pause)
    """
    assert chains(app) == {"stop()": f"app.handler calls {PAUSED}"}


def test_a_callback_handed_to_a_function_that_is_known_to_call_it(chains):
    app = """
        import time

        def slow(item):
            time.sleep(1)

        def quick(item):
            return item

        async def handler(items):
            sorted(items, key=slow)
            sorted(items, key=quick)
            list(map(slow, items))
            list(map(quick, items))
            print(slow)
    """
    found = chains(app)
    assert set(found.values()) == {"app.handler calls app.slow calls time.sleep"}
    assert "sorted(items, key=slow)" in found
    assert {"map(slow, items)", "list(map(slow, items))"} & set(found)
    assert not any("quick" in code or "print" in code for code in found)


def test_a_callback_handed_to_a_function_of_the_project_that_calls_it(chains):
    app = """
        from service import pause, rest

        def apply(function):
            return function()

        def keep(function):
            return [function]

        async def handler():
            apply(pause)
            apply(rest)
            keep(pause)
    """
    found = chains(app)
    assert list(found) == ["apply(pause)"]
    assert found["apply(pause)"].endswith(PAUSED)


def test_a_callback_handed_through_two_functions(chains):
    app = """
        from service import pause, rest

        def outer(function, *args):
            return inner(function, *args)

        def inner(callback, *args):
            return callback(*args)

        async def handler():
            outer(pause)
            outer(rest)
    """
    found = chains(app)
    assert list(found) == ["outer(pause)"]
    assert found["outer(pause)"].endswith(PAUSED)


def test_a_callback_that_an_async_function_calls(chains):
    app = """
        from service import pause, rest

        async def apply(function):
            return function()

        async def keep(function):
            return [function]

        async def handler():
            await apply(pause)

        async def other():
            await keep(rest)
    """
    [chain] = chains(app).values()
    assert chain.endswith(PAUSED)


def test_lambdas(chains):
    app = """
        from service import pause, rest

        def apply(function):
            return function()

        async def handler():
            stop = lambda: pause()
            relax = lambda: rest()
            stop()
            relax()
            apply(lambda: pause())
            later = lambda: pause()
    """
    found = chains(app)
    assert sorted(found) == ["apply(lambda: pause())", "stop()"]
    assert found["stop()"].endswith(PAUSED)


def test_nested_closures(chains):
    app = """
        from service import Service, pause

        async def handler():
            service = Service()

            def load():
                service.find()

            def deeper():
                def deepest():
                    pause()

                deepest()

            def unused():
                pause()

            load()
            deeper()
            return unused
    """
    assert chains(app) == {
        "load()": f"app.handler calls app.handler.<locals>.load calls {FOUND}",
        "deeper()": (
            "app.handler calls app.handler.<locals>.deeper calls"
            f" app.handler.<locals>.deeper.<locals>.deepest calls {PAUSED}"
        ),
    }


def test_a_callback_kept_in_an_attribute(chains):
    app = """
        from service import pause, rest

        class Job:
            def __init__(self, function):
                self.function = function

            async def run(self):
                self.function()

        slow = Job(pause)
    """
    quick = app.replace("Job(pause)", "Other(rest)")
    found = chains(app, {"quick.py": quick.replace("class Job", "class Other")})
    assert found == {"self.function()": f"app.Job.run calls {PAUSED}"}


def test_functions_that_are_chosen_at_run_time(chains):
    app = """
        from service import Service, pause, rest

        def pick(flag):
            return pause if flag else rest

        async def handler(flag):
            chosen = pick(flag)
            chosen()

        async def other(service: Service):
            find = service.find
            find()

        async def loops():
            for function in (rest, pause):
                function()
    """
    assert chains(app) == {
        "chosen()": f"app.handler calls {PAUSED}",
        "find()": f"app.other calls {FOUND}",
        "function()": f"app.loops calls {PAUSED}",
    }


def test_a_function_that_is_kept_under_another_name(chains):
    app = """
        from functools import partial

        from service import pause, rest

        class Handler:
            def __init__(self):
                self.slow = partial(pause)
                self.quick = partial(rest)

            async def get(self):
                self.slow()
                self.quick()
    """
    assert chains(app) == {"self.slow()": f"app.Handler.get calls {PAUSED}"}


# Classes


def test_an_abstract_type_with_two_implementers(chains):
    app = """
        from abc import ABC, abstractmethod

        from service import pause, rest

        class Store(ABC):
            @abstractmethod
            def save(self): ...

            @abstractmethod
            def name(self): ...

        class Disk(Store):
            def save(self):
                pause()

            def name(self):
                return "disk"

        class Ram(Store):
            def save(self):
                rest()

            def name(self):
                return "ram"

        async def handler(store: Store):
            store.save()
            store.name()

        async def other(store: Ram):
            return store.save()
    """
    assert chains(app) == {"store.save()": f"app.handler calls app.Disk.save calls {PAUSED}"}


def test_a_base_that_raises_not_implemented_error(chains):
    app = """
        from service import pause

        class Store:
            def save(self):
                raise NotImplementedError

            async def keep(self):
                self.save()

            def name(self):
                return "store"

        class Disk(Store):
            def save(self):
                pause()
    """
    assert chains(app) == {"self.save()": f"app.Store.keep calls app.Disk.save calls {PAUSED}"}


def test_a_protocol(chains):
    app = """
        from typing import Protocol

        from service import pause

        class Store(Protocol):
            def save(self, text: str) -> None: ...

            def load(self, name: str) -> str: ...

        class Disk:
            def save(self, text):
                pause()

            def load(self, name):
                return name

        class Unrelated:
            def save(self, text):
                pause()

        class Quiet(Protocol):
            def show(self) -> None: ...

        async def handler(store: Store, quiet: Quiet):
            store.save("a")
            store.load("a")
            quiet.show()
    """
    assert chains(app) == {'store.save("a")': f"app.handler calls app.Disk.save calls {PAUSED}"}


def test_an_override_that_does_not_block_hides_the_base(chains):
    app = """
        from service import Service

        class Quick(Service):
            def find(self):
                return 1

        class Slow(Service):
            pass

        async def handler():
            Quick().find()
            Slow().find()
    """
    assert chains(app) == {"Slow().find()": f"app.handler calls {FOUND}"}


def test_a_template_method_is_judged_by_the_class_it_is_called_on(chains):
    app = """
        from service import pause, rest

        class Job:
            def run(self):
                self.step()

            def step(self):
                rest()

        class Slow(Job):
            def step(self):
                pause()

        async def handler():
            Slow().run()
            Job().run()
    """
    assert chains(app) == {
        "Slow().run()": f"app.handler calls app.Job.run calls app.Slow.step calls {PAUSED}"
    }


def test_super(chains):
    app = """
        from service import Memory, Service

        class Slow(Service):
            def find(self):
                return super().find()

        class Quick(Memory):
            def find(self):
                return super().find()

        async def handler():
            Slow().find()
            Quick().find()
    """
    assert chains(app) == {"Slow().find()": f"app.handler calls app.Slow.find calls {FOUND}"}


def test_super_in_a_diamond(chains):
    app = """
        from service import pause

        class Base:
            def run(self):
                return 1

        class Left(Base):
            def run(self):
                return super().run()

        class Right(Base):
            def run(self):
                pause()

        class Both(Left, Right):
            pass

        async def handler():
            Both().run()
            Left().run()
    """
    assert chains(app) == {
        "Both().run()": f"app.handler calls app.Left.run calls app.Right.run calls {PAUSED}"
    }


def test_mutual_recursion(chains):
    app = """
        import time

        def even(n):
            return n == 0 or odd(n - 1)

        def odd(n):
            if n < 0:
                time.sleep(1)
            return n != 0 and even(n - 1)

        def ping(n):
            return n and pong(n - 1)

        def pong(n):
            return n and ping(n - 1)

        async def handler():
            even(3)
            ping(3)
    """
    assert chains(app) == {"even(3)": "app.handler calls app.even calls app.odd calls time.sleep"}


def test_static_methods_and_nested_classes(chains):
    app = """
        from service import pause, rest

        class Outer:
            class Inner:
                @staticmethod
                def stop():
                    pause()

                @staticmethod
                def relax():
                    rest()

        async def handler():
            Outer.Inner.stop()
            Outer.Inner().relax()
    """
    assert chains(app) == {
        "Outer.Inner.stop()": f"app.handler calls app.Outer.Inner.stop calls {PAUSED}"
    }


def test_classes_that_make_themselves(chains):
    app = """
        from service import Memory, Service

        class Slow(Service):
            @classmethod
            def create(cls):
                return cls()

        class Quick(Memory):
            @classmethod
            def create(cls):
                return cls()

        async def handler():
            Slow.create().find()
            Quick.create().find()
    """
    assert chains(app) == {"Slow.create().find()": f"app.handler calls {FOUND}"}


def test_the_type_of_an_object_makes_another(chains):
    app = """
        from service import Service

        class Slow(Service):
            def again(self):
                return type(self)()

        async def handler(slow: Slow):
            slow.again().find()
    """
    assert chains(app) == {"slow.again().find()": f"app.handler calls {FOUND}"}


def test_generic_bases(chains):
    app = """
        from typing import Generic, TypeVar

        from service import Service

        T = TypeVar("T")

        class Repository(Generic[T]):
            def __init__(self, service: Service):
                self.service = service

            def all(self) -> list[T]:
                return self.service.find()

            def name(self) -> str:
                return "a"

        class Users(Repository[int]):
            pass

        async def handler(users: Users, others: Repository[str]):
            users.all()
            others.all()
            users.name()
    """
    chain = f"app.handler calls app.Repository.all calls {FOUND}"
    assert chains(app) == {"users.all()": chain, "others.all()": chain}


def test_a_decorator_of_a_class_that_keeps_one_instance(chains):
    app = """
        from service import pause

        def singleton(cls):
            instances = {}

            def get(*args):
                if cls not in instances:
                    instances[cls] = cls(*args)
                return instances[cls]

            return get

        @singleton
        class Slow:
            def find(self):
                pause()

            def name(self):
                return "slow"

        async def handler():
            Slow().find()
            Slow().name()
    """
    assert chains(app) == {"Slow().find()": f"app.handler calls app.Slow.find calls {PAUSED}"}


# Parameters


def test_an_untyped_parameter_is_typed_by_its_callers(chains):
    app = """
        from service import Memory, Service

        def load(db):
            return db.find()

        def look(db):
            return db.find()

        async def handler():
            load(Service())
            look(Memory())
    """
    assert chains(app) == {"load(Service())": f"app.handler calls app.load calls {FOUND}"}


def test_an_untyped_parameter_of_a_coroutine_is_typed_by_its_callers(chains):
    app = """
        from service import Memory, Service

        async def load(db):
            return db.find()

        async def look(memory):
            return memory.find()

        async def handler():
            await load(Service())
            await look(memory=Memory())
    """
    assert chains(app) == {"db.find()": f"app.load calls {FOUND}"}


def test_an_untyped_parameter_is_typed_by_its_default(chains):
    app = """
        from service import Memory, Service

        async def handler(service=Service(), memory=Memory()):
            service.find()
            memory.find()
    """
    assert chains(app) == {"service.find()": f"app.handler calls {FOUND}"}


def test_a_parameter_of_a_constructor_is_typed_by_its_callers(chains):
    app = """
        from service import Memory, Service

        class Slow:
            def __init__(self, db):
                self.db = db

            async def get(self):
                return self.db.find()

        class Quick:
            def __init__(self, memory):
                self.memory = memory

            async def get(self):
                return self.memory.find()

        slow = Slow(Service())
        quick = Quick(memory=Memory())
    """
    assert chains(app) == {"self.db.find()": f"app.Slow.get calls {FOUND}"}


def test_optional_and_union(chains):
    app = """
        from typing import Optional, Union

        from service import Memory, Service

        async def optional(one: Optional[Service]):
            one.find()

        async def union(two: Union[Memory, Service]):
            two.find()

        async def pipe(three: "Service | None" = None):
            three.find()

        async def quiet(four: Optional[Memory]):
            four.find()
    """
    assert chains(app) == {
        "one.find()": f"app.optional calls {FOUND}",
        "two.find()": f"app.union calls {FOUND}",
        "three.find()": f"app.pipe calls {FOUND}",
    }


def test_casts_new_types_and_type_variables(chains):
    app = """
        from typing import NewType, TypeVar, cast

        from service import Memory, Service

        New = NewType("New", Service)
        Bound = TypeVar("Bound", bound=Service)
        Quiet = TypeVar("Quiet", bound=Memory)

        async def handler(one: New, two: Bound, three: Quiet, unknown):
            one.find()
            two.find()
            three.find()
            cast(Service, unknown).find()
            cast(Memory, unknown).find()
    """
    assert sorted(chains(app)) == ["cast(Service, unknown).find()", "one.find()", "two.find()"]


def test_a_cast_to_a_quoted_type(chains):
    app = """
        from typing import cast

        from service import Memory, Service

        async def handler(unknown):
            cast("Service", unknown).find()
            cast("Memory", unknown).find()
    """
    assert list(chains(app)) == ['cast("Service", unknown).find()']


def test_the_fields_of_a_named_tuple(chains):
    app = """
        from typing import NamedTuple

        from service import Memory, Service

        class Context(NamedTuple):
            service: Service
            memory: Memory

        async def handler(context: Context):
            context.service.find()
            context.memory.find()
    """
    assert list(chains(app)) == ["context.service.find()"]


def test_the_keys_of_a_typed_dict(chains):
    app = """
        from typing import TypedDict

        from service import Memory, Service

        class Context(TypedDict):
            service: Service
            memory: Memory

        async def handler(context: Context):
            context["service"].find()
            context["memory"].find()
    """
    assert list(chains(app)) == ['context["service"].find()']


def test_isinstance_narrows(chains):
    app = """
        from service import Memory, Service

        async def handler(thing, other: Service | Memory):
            if isinstance(thing, Service):
                thing.find()
            if isinstance(other, Memory):
                return other.find()
            if not isinstance(thing, Memory):
                return None
            return thing.find()
    """
    assert chains(app) == {"thing.find()": f"app.handler calls {FOUND}"}


def test_a_constant_argument_decides_a_branch(chains):
    app = """
        from service import pause

        def load(create=True):
            if create:
                pause()

        def save(dry_run=False):
            if dry_run:
                return
            pause()

        async def handler():
            load()
            load(create=False)
            load(create=True)
            save(True)
            save()
    """
    assert sorted(chains(app)) == ["load()", "load(create=True)", "save()"]


def test_an_argument_that_is_none_decides_a_branch(chains):
    app = """
        from service import Memory, Service, pause

        def load(conn=None):
            if conn is None:
                pause()
            return conn

        async def handler():
            load()
            load(None)
            load(Memory())
    """
    assert sorted(chains(app)) == ["load()", "load(None)"]


def test_a_constant_is_handed_through_to_the_branch_that_it_decides(chains):
    app = """
        from service import pause

        def outer(create):
            return inner(create)

        def inner(create):
            if not create:
                return None
            return pause()

        async def handler(flag):
            outer(False)
            outer(True)
            outer(flag)
    """
    assert sorted(chains(app)) == ["outer(True)", "outer(flag)"]


# Containers


def test_a_dictionary_of_services(chains):
    app = """
        from service import Memory, Service

        SERVICES = {"users": Service()}
        MEMORIES = {"notes": Memory()}

        async def handler(name):
            SERVICES[name].find()
            MEMORIES[name].find()
            SERVICES.get(name).find()
            for key, service in SERVICES.items():
                service.find()
            for key, memory in MEMORIES.items():
                memory.find()
            for each in SERVICES.values():
                each.find()
    """
    assert sorted(chains(app)) == [
        "SERVICES.get(name).find()",
        "SERVICES[name].find()",
        "each.find()",
        "service.find()",
    ]


def test_a_list_of_plugins(chains):
    app = """
        from service import Memory, Service

        class Registry:
            def __init__(self):
                self.plugins = []
                self.memories: list[Memory] = []

            def register(self, plugin: Service):
                self.plugins.append(plugin)

            async def run(self):
                for plugin in self.plugins:
                    plugin.find()
                for memory in self.memories:
                    memory.find()
                [each.find() for each in self.plugins]
                self.plugins[0].find()
    """
    assert sorted(chains(app)) == ["each.find()", "plugin.find()", "self.plugins[0].find()"]


def test_a_registry_that_is_filled_elsewhere(chains):
    app = """
        from plugins import PLUGINS, QUIET

        async def handler():
            for plugin in PLUGINS:
                plugin.find()
            for quiet in QUIET:
                quiet.find()
    """
    others = {
        "plugins.py": """
            from service import Memory, Service

            PLUGINS = []
            QUIET = []
            PLUGINS.append(Service())
            QUIET.append(Memory())
        """
    }
    assert chains(app, others) == {"plugin.find()": f"app.handler calls {FOUND}"}


def test_tuples_that_are_unpacked(chains):
    app = """
        from service import Memory, Service

        def pair():
            return Service(), Memory()

        def typed() -> tuple[Memory, Service]:
            return PAIR

        async def handler():
            service, memory = pair()
            service.find()
            memory.find()
            one, two = Memory(), Service()
            one.find()
            two.find()
            three, four = typed()
            three.find()
            four.find()
            for index, five in enumerate([Service()]):
                five.find()
            for six, seven in zip([Memory()], [Service()]):
                six.find()
                seven.find()
    """
    assert sorted(chains(app)) == [
        "five.find()",
        "four.find()",
        "service.find()",
        "seven.find()",
        "two.find()",
    ]


def test_functions_in_a_dictionary(chains):
    app = """
        from service import pause, rest

        COMMANDS = {"stop": pause}
        QUIET = {"rest": rest}

        async def handler(name):
            COMMANDS[name]()
            QUIET[name]()
    """
    assert chains(app) == {"COMMANDS[name]()": f"app.handler calls {PAUSED}"}


def test_a_typed_container(chains):
    app = """
        from collections.abc import Iterable
        from typing import Dict, List

        from service import Memory, Service

        async def handler(
            many: List[Service], named: Dict[str, Service], quiet: Iterable[Memory]
        ):
            for one in many:
                one.find()
            named["a"].find()
            for memory in quiet:
                memory.find()
            many.find()
    """
    assert sorted(chains(app)) == ['named["a"].find()', "one.find()"]


# What does not travel


def test_an_awaited_function_is_judged_by_itself(chains):
    app = """
        from service import pause

        async def load():
            pause()

        async def handler():
            await load()

        async def other():
            load()
    """
    assert chains(app) == {"pause()": f"app.load calls {PAUSED}"}


def test_code_that_does_not_run_on_the_loop_is_left_alone(chains):
    app = """
        from typing import TYPE_CHECKING

        from service import pause

        if TYPE_CHECKING:
            pause()

        pause()

        def plain():
            pause()

        class Plain:
            def method(self):
                pause()

        async def handler():
            pause
            plain
            Plain().method

        if __name__ == "__main__":
            pause()
    """
    assert chains(app) == {}


def test_a_longer_chain_is_told_hop_by_hop(chains):
    app = """
        from one import first

        async def handler():
            first()
    """
    others = {
        "one.py": "from two import second\n\ndef first():\n    second()\n",
        "two.py": "from service import pause\n\ndef second():\n    pause()\n",
    }
    assert chains(app, others) == {
        "first()": f"app.handler calls one.first calls two.second calls {PAUSED}"
    }


def test_the_worst_of_two_sinks_is_named(chains):
    app = """
        import os
        import requests

        def both(path):
            if os.path.exists(path):
                return requests.get(path)

        async def handler():
            both("a")
    """
    assert chains(app) == {'both("a")': "app.handler calls app.both calls requests.get"}


def test_an_attribute_of_the_one_bot_of_the_project(chains):
    app = """
        import sqlite3
        from discord.ext import commands

        class MyBot(commands.Bot):
            def __init__(self):
                self.db = sqlite3.connect("x")

        class Records(commands.Cog):
            def __init__(self, bot: commands.Bot):
                self.bot = bot

            async def show(self, ctx):
                self.bot.db.execute("select 1")
                self.bot.get_user(1)
    """

    assert set(chains(app)) == {'self.bot.db.execute("select 1")'}


def test_a_condition_on_a_parameter_is_asked_of_every_caller(chains):
    app = """
        import io
        import zipfile

        def names(source):
            return zipfile.ZipFile(source).namelist()

        def entries(source):
            return zipfile.ZipFile(source).namelist()

        async def uploaded(data):
            return names(io.BytesIO(data))

        async def stored():
            return names("archive.zip") + entries(io.BytesIO(b""))
    """

    assert set(chains(app)) == {'names("archive.zip")'}


def test_the_bot_that_a_framework_passes_is_the_own_one(chains):
    app = """
        import sqlite3

        import discord
        from discord import app_commands
        from discord.ext import commands

        class MyBot(commands.Bot):
            def __init__(self):
                self.db = sqlite3.connect("x")

        class Records(commands.Cog):
            def __init__(self, bot):
                self.bot = bot

            def count(self):
                return self.bot.db.execute("select 1")

            @commands.command()
            async def show(self, ctx):
                ctx.bot.db.execute("select 2")
                ctx.send("done")

            @app_commands.command()
            async def hide(self, interaction: discord.Interaction):
                interaction.client.db.execute("select 3")

            @commands.command()
            async def counted(self, ctx):
                self.bot.get_cog("Records").count()
                self.bot.get_cog("Others").count()

        async def setup(bot):
            await bot.add_cog(Records(bot))
    """

    assert set(chains(app)) == {
        'ctx.bot.db.execute("select 2")',
        'interaction.client.db.execute("select 3")',
        'self.bot.get_cog("Records").count()',
    }


def test_functions_that_a_decorator_registers(chains):
    app = """
        from service import pause

        BY_NAME = {}
        HOOKS = []

        def command(name):
            def register(function):
                BY_NAME[name] = function
                return function
            return register

        def hook(function):
            HOOKS.append(function)
            return function

        @command("rest")
        def rest():
            pause()

        @hook
        def before():
            pause()

        async def run(name):
            BY_NAME[name]()
            for each in HOOKS:
                each()
    """

    assert chains(app) == {
        "BY_NAME[name]()": "app.run calls app.rest calls service.pause calls time.sleep",
        "each()": "app.run calls app.before calls service.pause calls time.sleep",
    }


def test_a_callable_in_the_field_of_a_record(chains):
    app = """
        from dataclasses import dataclass
        from typing import Any, Callable, NamedTuple
        from service import pause

        @dataclass(frozen=True)
        class Command:
            name: str
            run: Callable[[], None]

        class Step(NamedTuple):
            run: Any

        COMMANDS = [Command("rest", pause)]

        async def run(step: Step):
            for each in COMMANDS:
                each.run()
            step.run()

        def steps():
            return [Step(run=pause)]
    """

    way = "app.run calls service.pause calls time.sleep"
    assert chains(app) == {"each.run()": way, "step.run()": way}


def test_what_a_provider_of_a_container_gives(chains):
    app = """
        from dependency_injector import containers, providers
        from service import pause

        class Repository:
            def load(self):
                pause()

        class Container(containers.DeclarativeContainer):
            repository = providers.Singleton(Repository)

        async def run():
            Container.repository().load()
            Container().repository().load()
    """

    way = "app.run calls app.Repository.load calls service.pause calls time.sleep"
    places = ["Container.repository().load()", "Container().repository().load()"]
    assert chains(app) == dict.fromkeys(places, way)
