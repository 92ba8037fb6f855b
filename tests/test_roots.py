"""Roots: where frameworks enter a program, under which name, and what they run in a thread."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity


@pytest.fixture
def roots(check):
    """Return a function that checks `app.py` and gives the root by the function found in."""

    def run(app, others=None, **settings):
        files = {"app.py": app, **(others or {})}
        found = check({name: dedent(text) for name, text in files.items()}, **settings)
        return {each.symbol: f"{each.root.kind} {each.root.name}" for each in found}

    return run


@pytest.fixture
def severities(check):
    """Return a function that checks `app.py` and gives the severity by the function found in."""

    def run(app, others=None):
        files = {"app.py": app, **(others or {})}
        texts = {name: dedent(text) for name, text in files.items()}
        found = check(texts, severity=Severity.INFO, select=("blocking",))
        return {each.symbol: each.severity.value for each in found}

    return run


HELPERS = """
    import asyncio

    def run_made(factory):
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(factory())
        finally:
            loop.close()

    def run(coroutine):
        return asyncio.run(coroutine)

    def spawn(coroutine):
        def start():
            return asyncio.create_task(coroutine)

        return start()
"""


@pytest.mark.parametrize(
    ("started", "root"),
    [
        ("run_made(lambda: _work(name))", "main _work"),
        ("run_made(functools.partial(_work, name))", "main _work"),
        ("run_made(_bare)", "main _bare"),
        ("run(_work(name))", "main _work"),
        ("run(made(name))", "main _work"),
        ("spawn(_work(name))", "task _work"),
        ("print(_work(name))", None),
    ],
)
def test_a_helper_runs_the_coroutines_that_it_is_handed(roots, started, root):
    app = f"""
        import functools
        import requests
        from helpers import run, run_made, spawn

        def made(name):
            return _work(name)

        def job(name):
            return {started}

        async def _work(name):
            requests.get(name)

        async def _bare():
            requests.get("a")
    """
    helpers = {"helpers.py": HELPERS, "app/__init__.py": "", "a/__init__.py": ""}

    found = roots(app, helpers, severity=Severity.INFO)

    name = root.partition(" ")[2] if root else "_work"
    assert found[f"app.{name}"] == (root or f"coroutine {name}")


def test_what_a_plain_function_gives_is_no_coroutine_that_a_helper_runs(roots):
    app = """
        import requests
        from helpers import run

        def plain():
            requests.get("a")

        async def later():
            requests.get("a")

        def job():
            for each in (plain(), later()):
                run(each)
            run(plain())
            run(later())
    """

    found = roots(app, {"helpers.py": HELPERS}, severity=Severity.INFO)

    assert found["app.plain"] == "function plain"


# FastAPI and Starlette


def test_an_endpoint_has_the_prefixes_of_its_router_and_of_its_inclusion(roots):
    app = """
        from fastapi import FastAPI
        from users import router

        app = FastAPI()
        app.include_router(router, prefix="/api")
    """
    users = """
        import time

        from fastapi import APIRouter

        router = APIRouter(prefix="/users")

        @router.get("/{id}")
        async def read(id: int):
            time.sleep(1)

        @router.post("")
        def create():
            time.sleep(1)
    """
    assert roots(app, {"users.py": users}) == {"users.read": "endpoint GET /api/users/{id}"}


def test_an_endpoint_has_the_prefix_of_a_router_that_is_an_attribute_of_a_module(roots):
    app = """
        from fastapi import FastAPI
        from api import users

        app = FastAPI()
        app.include_router(users.router, prefix="/api")
    """
    users = """
        import time

        from fastapi import APIRouter

        router = APIRouter()

        @router.delete("/users")
        async def remove():
            time.sleep(1)
    """
    others = {"api/__init__.py": "", "api/users.py": users}
    assert roots(app, others) == {"api.users.remove": "endpoint DELETE /api/users"}


def test_an_endpoint_has_the_prefixes_of_every_router_above_it(roots):
    app = """
        import time

        from fastapi import APIRouter, FastAPI

        users = APIRouter(prefix="/users")
        api = APIRouter(prefix="/v1")
        app = FastAPI()

        @users.get("/{id}")
        async def read(id: int):
            time.sleep(1)

        api.include_router(users, prefix="/admin")
        app.include_router(api, prefix="/api")
    """
    assert roots(app) == {"app.read": "endpoint GET /api/v1/admin/users/{id}"}


def test_prefixes_are_constants_settings_and_those_of_a_loop_and_of_what_is_mounted(roots):
    app = """
        import time

        from fastapi import APIRouter, FastAPI
        from pydantic_settings import BaseSettings

        class Settings(BaseSettings):
            API: str = "/api/v1"

        settings = Settings()
        ADMIN = "/admin"
        users, teams, admin = APIRouter(), APIRouter(), APIRouter()
        jobs = APIRouter()
        app = FastAPI(root_path="/app")
        inner = FastAPI()

        @users.get("/users")
        async def read_users():
            time.sleep(1)

        @jobs.get("/jobs")
        async def read_jobs():
            time.sleep(1)

        @inner.get("/inner")
        async def read_inner():
            time.sleep(1)

        for each in (users, teams):
            app.include_router(each, prefix=settings.API)
        app.include_router(jobs, prefix=ADMIN)
        app.mount("/sub", inner)
    """
    assert roots(app) == {
        "app.read_users": "endpoint GET /api/v1/users",
        "app.read_jobs": "endpoint GET /admin/jobs",
        "app.read_inner": "endpoint GET /sub/inner",
    }


def test_blueprints_have_prefixes_too(roots):
    app = """
        import time

        from quart import Blueprint, Quart

        users = Blueprint("users", __name__, url_prefix="/users")
        app = Quart(__name__)
        app.register_blueprint(users, url_prefix="/api")

        @users.get("/<int:id>")
        async def read(id):
            time.sleep(1)
    """
    assert roots(app) == {"app.read": "endpoint GET /api/users/<int:id>"}


def test_endpoints_of_an_application_made_in_a_function(roots):
    app = """
        import time

        from fastapi import FastAPI

        def create_app():
            app = FastAPI()

            @app.get("/health")
            async def health():
                time.sleep(1)

            @app.get("/plain")
            def plain():
                time.sleep(1)

            return app
    """
    assert roots(app) == {"app.create_app.<locals>.health": "endpoint GET /health"}


def test_routes_that_are_added_by_a_call(roots):
    app = """
        import time

        from fastapi import APIRouter, FastAPI
        from starlette.routing import Route, WebSocketRoute

        async def added():
            time.sleep(1)

        async def routed(request):
            time.sleep(1)

        async def socket(websocket):
            time.sleep(1)

        def plain(request):
            time.sleep(1)

        router = APIRouter()
        router.add_api_route("/added", added, methods=["GET"])
        routes = [
            Route("/routed", endpoint=routed),
            WebSocketRoute("/socket", socket),
            Route("/plain", plain),
        ]
    """
    assert roots(app) == {
        "app.added": "endpoint ANY /added",
        "app.routed": "endpoint ANY /routed",
        "app.socket": "websocket WS /socket",
    }


def test_websockets_and_routes_of_any_method(roots):
    app = """
        import time

        from fastapi import FastAPI

        app = FastAPI()

        @app.websocket("/ws")
        async def socket(websocket):
            time.sleep(1)

        @app.api_route("/any", methods=["GET", "POST"])
        async def anything():
            time.sleep(1)
    """
    assert roots(app) == {
        "app.socket": "websocket WS /ws",
        "app.anything": "endpoint ANY /any",
    }


def test_endpoints_that_are_classes(roots):
    app = """
        import time

        from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint

        class Users(HTTPEndpoint):
            async def get(self, request):
                time.sleep(1)

            def post(self, request):
                time.sleep(1)

        class Chat(WebSocketEndpoint):
            async def on_receive(self, websocket, data):
                time.sleep(1)
    """
    assert roots(app) == {
        "app.Users.get": "endpoint Users.get",
        "app.Chat.on_receive": "websocket Chat.on_receive",
    }


def test_dependencies(roots):
    app = """
        import time
        from typing import Annotated

        from fastapi import Depends, FastAPI, Security

        async def user():
            time.sleep(1)

        async def session():
            time.sleep(1)
            yield

        async def rights():
            time.sleep(1)

        def plain():
            time.sleep(1)

        class Filter:
            def __init__(self, q: str = ""):
                time.sleep(1)

        class Limit:
            async def __call__(self):
                time.sleep(1)

        app = FastAPI(dependencies=[Depends(rights)])

        @app.get("/")
        async def handler(
            user: Annotated[str, Depends(user)],
            session=Security(session),
            plain=Depends(plain),
            filter: Filter = Depends(),
            other: Filter = Depends(Filter),
            limit=Depends(Limit()),
        ):
            return user
    """
    assert roots(app) == {
        "app.user": "dependency user",
        "app.session": "dependency session",
        "app.rights": "dependency rights",
        "app.Limit.__call__": "dependency Limit.__call__",
    }


def test_middleware(roots):
    app = """
        import time

        from fastapi import FastAPI
        from starlette.middleware.base import BaseHTTPMiddleware

        class Timing(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                time.sleep(1)

        class Raw:
            def __init__(self, app):
                self.app = app

            async def __call__(self, scope, receive, send):
                time.sleep(1)

        async def logged(request, call_next):
            time.sleep(1)

        app = FastAPI()
        app.add_middleware(Raw)
        app.add_middleware(BaseHTTPMiddleware, dispatch=logged)

        @app.middleware("http")
        async def slow(request, call_next):
            time.sleep(1)

        class Other:
            def dispatch(self, request):
                time.sleep(1)
    """
    assert roots(app) == {
        "app.Timing.dispatch": "middleware Timing.dispatch",
        "app.Raw.__call__": "middleware Raw.__call__",
        "app.logged": "middleware logged",
        "app.slow": "middleware slow",
    }


def test_exception_handlers(roots):
    app = """
        import time

        from fastapi import FastAPI

        app = FastAPI()

        @app.exception_handler(ValueError)
        async def broken(request, error):
            time.sleep(1)

        async def missing(request, error):
            time.sleep(1)

        def plain(request, error):
            time.sleep(1)

        app.add_exception_handler(404, missing)
        app.add_exception_handler(500, plain)
    """
    assert roots(app) == {
        "app.broken": "exception handler broken",
        "app.missing": "exception handler missing",
    }


def test_background_tasks(roots):
    app = """
        import time

        from fastapi import BackgroundTasks, FastAPI
        from starlette.background import BackgroundTask

        app = FastAPI()

        async def mail():
            time.sleep(1)

        async def log():
            time.sleep(1)

        def plain():
            time.sleep(1)

        @app.post("/")
        async def handler(tasks: BackgroundTasks):
            tasks.add_task(mail)
            tasks.add_task(plain)
            return BackgroundTask(log)
    """
    assert roots(app) == {
        "app.mail": "background task mail",
        "app.log": "background task log",
    }


def test_files_of_a_command_are_information(severities):
    app = """
        import asyncio
        import time
        import typer

        app = typer.Typer()

        def state():
            open("state")

        async def both():
            open("both")

        async def connect():
            state()
            time.sleep(1)
            asyncio.create_task(watch())
            await both()

        async def watch(): ...

        @app.command()
        def show(name: str):
            async def run():
                open(name)
                await connect()
            asyncio.run(run())

        @app.command()
        def other():
            asyncio.run(served())

        async def served():
            open("other")

        class Server:
            def start(self):
                asyncio.run(self.serve())

            async def serve(self):
                open("server")
                await both()
    """
    told = severities(app)
    assert {name.removeprefix("app."): told[name] for name in told} == {
        "show.<locals>.run": "info",
        "connect": "error",
        "served": "info",
        "both": "warning",
        "Server.serve": "warning",
    }


def test_what_another_program_runs_as_well_is_start_up(severities):
    app = """
        import asyncio
        import time
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        async def load():
            time.sleep(1)
            asyncio.create_task(watch())

        async def refresh():
            time.sleep(1)

        async def watch(): ...

        @asynccontextmanager
        async def lifespan(app):
            await load()
            await refresh()
            yield

        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def get():
            await refresh()

        def validate():
            async def run():
                await load()
                await refresh()
            asyncio.run(run())
    """
    assert severities(app) == {"app.load": "info", "app.refresh": "error"}


def test_what_a_lifespan_enters_is_start_up(severities):
    app = """
        import time
        from contextlib import AsyncExitStack, asynccontextmanager

        from fastapi import FastAPI

        async def connect():
            time.sleep(1)

        @asynccontextmanager
        async def entered():
            await connect()
            time.sleep(1)
            yield

        @asynccontextmanager
        async def stacked():
            time.sleep(1)
            yield

        @asynccontextmanager
        async def shared():
            time.sleep(1)
            yield

        async def steps():
            time.sleep(1)
            yield 1

        async def events():
            time.sleep(1)
            yield 1

        @asynccontextmanager
        async def lifespan(app):
            app.events = events()
            async with AsyncExitStack() as stack, entered(), shared():
                await stack.enter_async_context(stacked())
                async for step in steps():
                    print(step)
                yield

        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def handler():
            async with shared():
                pass
    """
    assert severities(app) == {
        "app.connect": "info",
        "app.entered": "info",
        "app.stacked": "info",
        "app.steps": "info",
        "app.shared": "error",
        "app.events": "error",
    }


def test_start_up_and_shut_down_are_information(severities):
    app = """
        import time
        from contextlib import asynccontextmanager

        from fastapi import APIRouter, FastAPI

        async def connect():
            time.sleep(1)

        async def refresh():
            time.sleep(1)

        @asynccontextmanager
        async def lifespan(app):
            time.sleep(1)
            await connect()
            await refresh()
            yield
            time.sleep(1)

        app = FastAPI(lifespan=lifespan)

        @app.on_event("startup")
        async def started():
            time.sleep(1)

        @app.on_event("shutdown")
        def stopped():
            time.sleep(1)

        @app.get("/")
        async def handler():
            time.sleep(1)
            await refresh()
    """
    assert severities(app) == {
        "app.lifespan": "info",
        "app.connect": "info",
        "app.started": "info",
        "app.stopped": "info",
        "app.refresh": "error",
        "app.handler": "error",
    }


def test_a_task_that_start_up_creates_is_no_start_up(severities):
    app = """
        import asyncio
        import time

        from fastapi import FastAPI

        app = FastAPI()

        async def poll():
            while True:
                time.sleep(1)
                await asyncio.sleep(1)

        @app.on_event("startup")
        async def started():
            asyncio.create_task(poll())
    """
    assert severities(app) == {"app.poll": "error"}


def test_tasks_that_are_repeated(roots):
    app = """
        import time

        from fastapi_utils.tasks import repeat_every

        @repeat_every(seconds=60)
        async def clean():
            time.sleep(1)

        @repeat_every(seconds=60)
        def plain():
            time.sleep(1)
    """
    assert roots(app) == {"app.clean": "task clean"}


def test_a_helper_is_named_by_the_endpoint_that_awaits_it(roots):
    app = """
        import time

        from fastapi import FastAPI

        app = FastAPI()

        async def load():
            time.sleep(1)

        async def orphan():
            time.sleep(1)

        @app.get("/users")
        async def users():
            return await load()
    """
    assert roots(app) == {
        "app.load": "endpoint GET /users",
        "app.orphan": "coroutine orphan",
    }


def test_a_plain_endpoint_that_async_code_calls_too(places):
    app = """
import time

from fastapi import FastAPI

app = FastAPI()

@app.get("/")
def plain():
    time.sleep(1)

@app.get("/other")
async def handler():
    return plain()
"""
    assert places({"app.py": app}, select=("blocking-sleep",)) == ["plain()"]


def test_a_method_of_another_thing_that_is_called_get_is_no_endpoint(roots):
    app = """
        import time

        class Registry:
            def get(self, name):
                return lambda function: function

        app = Registry()

        @app.get("/")
        async def handler():
            time.sleep(1)

        @app.get("/")
        def plain():
            time.sleep(1)
    """
    assert roots(app) == {"app.handler": "coroutine handler"}


# asyncio


def test_what_asyncio_runs(roots):
    app = """
        import asyncio
        import time

        async def main():
            asyncio.create_task(worker())
            async with asyncio.TaskGroup() as group:
                group.create_task(grouped())
            time.sleep(1)

        async def worker():
            time.sleep(1)

        async def grouped():
            time.sleep(1)

        def plain():
            time.sleep(1)

        asyncio.run(main())
    """
    assert roots(app) == {
        "app.main": "main main",
        "app.worker": "task worker",
        "app.grouped": "task grouped",
    }


def test_callbacks_that_the_loop_calls(roots):
    app = """
        import asyncio
        import time

        def soon():
            time.sleep(1)

        def later():
            time.sleep(1)

        def done(task):
            time.sleep(1)

        def never():
            time.sleep(1)

        async def main():
            loop = asyncio.get_running_loop()
            loop.call_soon(soon)
            loop.call_later(1, later)
            task = asyncio.create_task(asyncio.sleep(1))
            task.add_done_callback(done)

        class Echo(asyncio.Protocol):
            def data_received(self, data):
                time.sleep(1)

            def unknown(self):
                time.sleep(1)
    """
    assert roots(app) == {
        "app.soon": "callback soon",
        "app.later": "callback later",
        "app.done": "callback done",
        "app.Echo.data_received": "protocol Echo.data_received",
    }


def test_jobs_of_an_asyncio_scheduler(roots):
    app = """
        import time

        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler()

        async def job():
            time.sleep(1)

        def plain():
            time.sleep(1)

        scheduler.add_job(job, "interval", minutes=1)
        scheduler.add_job(func=plain)
    """
    assert roots(app) == {"app.job": "scheduled job job"}


# Other web frameworks


def test_django(roots):
    app = """
        import time

        from django.urls import path
        from django.views import View

        async def users(request):
            time.sleep(1)

        def plain(request):
            time.sleep(1)

        class Users(View):
            async def get(self, request):
                time.sleep(1)

            def post(self, request):
                time.sleep(1)

        urlpatterns = [path("users/", users), path("plain/", plain)]
    """
    assert roots(app) == {
        "app.users": "view users/",
        "app.Users.get": "view Users.get",
    }


def test_django_channels(roots):
    app = """
        import time

        from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer

        class Chat(AsyncWebsocketConsumer):
            async def receive(self, text_data):
                time.sleep(1)

        class Plain(WebsocketConsumer):
            def receive(self, text_data):
                time.sleep(1)
    """
    assert roots(app) == {"app.Chat.receive": "consumer Chat.receive"}


def test_aiohttp(roots):
    app = """
        import time

        from aiohttp import web

        routes = web.RouteTableDef()

        @routes.get("/users/{id}")
        async def user(request):
            time.sleep(1)

        async def added(request):
            time.sleep(1)

        async def listed(request):
            time.sleep(1)

        async def routed(request):
            time.sleep(1)

        class Users(web.View):
            async def get(self):
                time.sleep(1)

        @web.middleware
        async def logged(request, handler):
            time.sleep(1)

        def plain(request):
            time.sleep(1)

        app = web.Application(middlewares=[logged])
        app.router.add_get("/added", added)
        app.router.add_route("POST", "/routed", routed)
        app.add_routes([web.post("/listed", listed)])
    """
    assert roots(app) == {
        "app.user": "endpoint GET /users/{id}",
        "app.added": "endpoint ANY /added",
        "app.routed": "endpoint ANY /routed",
        "app.listed": "endpoint ANY /listed",
        "app.Users.get": "endpoint Users.get",
        "app.logged": "middleware logged",
    }


def test_start_up_of_aiohttp_is_information(severities):
    app = """
        import time

        from aiohttp import web

        async def started(app):
            time.sleep(1)

        async def context(app):
            time.sleep(1)
            yield

        app = web.Application()
        app.on_startup.append(started)
        app.cleanup_ctx.append(context)
    """
    assert severities(app) == {"app.started": "info", "app.context": "info"}


def test_sanic_runs_plain_handlers_on_the_loop_too(roots):
    app = """
        import time

        from sanic import Blueprint, Sanic
        from sanic.views import HTTPMethodView

        app = Sanic("app")
        users = Blueprint("users")

        @app.get("/plain")
        def plain(request):
            time.sleep(1)

        @users.route("/any")
        async def anything(request):
            time.sleep(1)

        @app.on_request
        def before(request):
            time.sleep(1)

        @app.exception(ValueError)
        def broken(request, error):
            time.sleep(1)

        class Users(HTTPMethodView):
            def get(self, request):
                time.sleep(1)

        def added(request):
            time.sleep(1)

        app.add_route(added, "/added")

        def unrelated():
            time.sleep(1)
    """
    assert roots(app) == {
        "app.plain": "endpoint GET /plain",
        "app.anything": "endpoint ANY /any",
        "app.before": "middleware before",
        "app.broken": "exception handler broken",
        "app.Users.get": "endpoint Users.get",
        "app.added": "endpoint ANY /added",
    }


def test_start_up_of_sanic_and_quart_is_information(severities):
    app = """
        import time

        from quart import Quart
        from sanic import Sanic

        app = Sanic("app")
        other = Quart("app")

        @app.before_server_start
        async def sanic(app):
            time.sleep(1)

        @other.before_serving
        async def quart():
            time.sleep(1)
    """
    assert severities(app) == {"app.sanic": "info", "app.quart": "info"}


def test_quart_runs_plain_handlers_in_a_thread(roots):
    app = """
        import time

        from quart import Blueprint, Quart

        app = Quart(__name__)
        users = Blueprint("users", __name__)

        @app.get("/users")
        async def read():
            time.sleep(1)

        @users.route("/any")
        async def anything():
            time.sleep(1)

        @app.get("/plain")
        def plain():
            time.sleep(1)
    """
    assert roots(app) == {
        "app.read": "endpoint GET /users",
        "app.anything": "endpoint ANY /any",
    }


def test_litestar(roots):
    app = """
        import time

        from litestar import get, post

        @get("/users")
        async def read() -> None:
            time.sleep(1)

        @post("/users", sync_to_thread=True)
        def create() -> None:
            time.sleep(1)
    """
    assert roots(app) == {"app.read": "endpoint GET /users"}


def test_litestar_runs_plain_handlers_on_the_loop_unless_told_otherwise(roots):
    app = """
        import time

        from litestar import get, post

        @get("/users")
        def read() -> None:
            time.sleep(1)

        @get("/orders", sync_to_thread=False)
        def orders() -> None:
            time.sleep(1)

        @post("/users", sync_to_thread=True)
        def create() -> None:
            time.sleep(1)
    """
    assert roots(app) == {
        "app.read": "endpoint GET /users",
        "app.orders": "endpoint GET /orders",
    }


def test_tornado_runs_plain_handlers_on_the_loop_too(roots):
    app = """
        import time

        from tornado.web import RequestHandler

        class Users(RequestHandler):
            def get(self):
                time.sleep(1)

            async def post(self):
                time.sleep(1)

            def unrelated(self):
                time.sleep(1)
    """
    assert roots(app) == {
        "app.Users.get": "endpoint Users.get",
        "app.Users.post": "endpoint Users.post",
    }


# Bots and tools


def test_discord(roots):
    app = """
        import time

        import discord
        from discord import app_commands
        from discord.ext import commands, tasks

        bot = commands.Bot(command_prefix="!")

        @bot.command()
        async def ping(ctx):
            time.sleep(1)

        @bot.event
        async def on_message(message):
            time.sleep(1)

        @tasks.loop(minutes=5)
        async def refresh():
            time.sleep(1)

        class Music(commands.Cog):
            @commands.command(name="play")
            async def play(self, ctx):
                time.sleep(1)

            @app_commands.command()
            async def skip(self, interaction):
                time.sleep(1)

            @commands.Cog.listener()
            async def on_ready(self):
                time.sleep(1)

        class Form(discord.ui.Modal):
            async def on_submit(self, interaction):
                time.sleep(1)

        def plain():
            time.sleep(1)
    """
    assert roots(app) == {
        "app.ping": "command ping",
        "app.on_message": "event on_message",
        "app.refresh": "loop refresh",
        "app.Music.play": "command Music.play",
        "app.Music.skip": "command Music.skip",
        "app.Music.on_ready": "event Music.on_ready",
        "app.Form.on_submit": "event Form.on_submit",
    }


def test_aiogram(roots):
    app = """
        import time

        from aiogram import BaseMiddleware, Dispatcher, Router

        router = Router()
        dispatcher = Dispatcher()

        @router.message()
        async def text(message):
            time.sleep(1)

        @dispatcher.callback_query()
        async def pressed(query):
            time.sleep(1)

        async def old(message):
            time.sleep(1)

        dispatcher.register_message_handler(old, commands=["old"])

        class Throttle(BaseMiddleware):
            async def __call__(self, handler, event, data):
                time.sleep(1)
    """
    assert roots(app) == {
        "app.text": "handler text",
        "app.pressed": "handler pressed",
        "app.old": "handler old",
        "app.Throttle.__call__": "middleware Throttle.__call__",
    }


def test_telegram_and_its_kind(roots):
    app = """
        import time

        from pyrogram import Client
        from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler
        from telethon import TelegramClient, events

        application = ApplicationBuilder().token("t").build()
        client = TelegramClient("a", 1, "b")
        app = Client("a")

        async def start(update, context):
            time.sleep(1)

        async def pressed(update, context):
            time.sleep(1)

        async def broken(update, context):
            time.sleep(1)

        application.add_handler(CommandHandler("start", start))
        application.add_handler(CallbackQueryHandler(callback=pressed))
        application.add_error_handler(broken)

        @client.on(events.NewMessage)
        async def telethon(event):
            time.sleep(1)

        @app.on_message()
        async def pyrogram(client, message):
            time.sleep(1)
    """
    assert roots(app) == {
        "app.start": "handler start",
        "app.pressed": "handler pressed",
        "app.broken": "handler broken",
        "app.telethon": "handler telethon",
        "app.pyrogram": "handler pyrogram",
    }


def test_slack_and_tools_of_language_models(roots):
    app = """
        import time

        from mcp.server.fastmcp import FastMCP
        from slack_bolt.async_app import AsyncApp

        mcp = FastMCP("tools")
        slack = AsyncApp()

        @mcp.tool()
        def weather(city: str) -> str:
            time.sleep(1)
            return city

        @slack.command("/hello")
        async def hello(ack):
            time.sleep(1)

        def plain():
            time.sleep(1)
    """
    assert roots(app) == {"app.weather": "tool weather", "app.hello": "command hello"}


# What runs in a thread


def test_what_frameworks_run_in_a_thread_is_left_alone(roots):
    app = """
        import time

        from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

        app = FastAPI()

        def session():
            time.sleep(1)
            yield 1

        def mail():
            time.sleep(1)

        @app.get("/")
        def plain(session=Depends(session)):
            time.sleep(1)

        @app.post("/")
        async def handler(tasks: BackgroundTasks, session=Depends(session)):
            tasks.add_task(mail)
            tasks.add_task(time.sleep, 1)
            tasks.add_task(func=lambda: time.sleep(1))

        @app.exception_handler(HTTPException)
        def broken(request, error):
            time.sleep(1)
    """
    assert roots(app) == {}


BLOCK = """
        import asyncio
        import time
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
        from functools import partial
        from threading import Thread

        pool = ThreadPoolExecutor()

        def block(*args):
            time.sleep(1)
"""


def test_what_the_standard_library_runs_in_a_thread_is_left_alone(roots):
    app = (
        BLOCK
        + """
        async def handler(executor: ThreadPoolExecutor):
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(block)
            await asyncio.to_thread(time.sleep, 1)
            await loop.run_in_executor(None, block)
            await asyncio.get_event_loop().run_in_executor(pool, block, 1)
            pool.submit(block)
            executor.submit(block, 1)
            ProcessPoolExecutor().submit(block)
            Thread(target=block).start()
            await asyncio.gather(asyncio.to_thread(block), asyncio.to_thread(block))
            task = asyncio.create_task(asyncio.to_thread(block))
            await task
    """
    )
    assert roots(app) == {}


def test_what_libraries_run_in_a_thread_is_left_alone(roots):
    app = (
        BLOCK
        + """
        import anyio
        import anyio.to_thread
        import asyncer
        from asgiref.sync import sync_to_async
        from fastapi.concurrency import run_in_threadpool

        @sync_to_async
        def decorated():
            time.sleep(1)

        async def handler():
            await run_in_threadpool(block)
            await anyio.to_thread.run_sync(block)
            await asyncer.asyncify(block)(1)
            await sync_to_async(block)()
            await sync_to_async(block, thread_sensitive=True)(1)
            await decorated()
    """
    )
    assert roots(app) == {}


def test_a_decorator_with_settings_that_moves_a_function_to_a_thread(roots):
    app = (
        BLOCK
        + """
        from asgiref.sync import sync_to_async

        @sync_to_async(thread_sensitive=False)
        def configured():
            time.sleep(1)

        async def handler():
            await configured()
    """
    )
    assert roots(app) == {}


@pytest.mark.xfail(strict=True, reason="the pack names map itself")
def test_the_map_of_a_pool_waits_only_where_it_is_iterated(places):
    app = dedent(BLOCK) + dedent("""
        async def handler():
            pool.map(block, [1])

        async def other():
            for result in pool.map(block, [2]):
                pass
    """)
    assert places({"app.py": app}) == ["pool.map(block, [2])"]


def test_functions_of_every_form_that_are_handed_to_a_thread_are_left_alone(roots):
    app = (
        BLOCK
        + """
        class Service:
            def load(self):
                block()

            async def get(self):
                await asyncio.to_thread(self.load)
                await asyncio.to_thread(lambda: self.load())

        async def handler(service: Service):
            def nested():
                block()

            loop = asyncio.get_running_loop()
            await asyncio.to_thread(nested)
            await asyncio.to_thread(lambda: block())
            await asyncio.to_thread(partial(block, 1))
            await asyncio.to_thread(service.load)
            await loop.run_in_executor(None, partial(service.load))
            call = partial(nested)
            await loop.run_in_executor(None, call)
            await asyncio.to_thread(lambda: [block(each) for each in range(3)])
    """
    )
    assert roots(app) == {}


def test_the_projects_own_wrappers_of_threads_are_known_by_what_they_do(roots):
    app = (
        BLOCK
        + """
        async def offload(function, *args, **kwargs):
            return await asyncio.to_thread(function, *args, **kwargs)

        async def by_lambda(function, *args):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, lambda: function(*args))

        async def by_partial(function, *args, **kwargs):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, partial(function, *args, **kwargs))

        async def twice(function):
            return await offload(function)

        def submit(function):
            return pool.submit(function)

        class Runner:
            def __init__(self):
                self.pool = ThreadPoolExecutor()

            async def run(self, function):
                return await asyncio.wrap_future(self.pool.submit(function))

        async def handler(runner: Runner):
            await offload(block, 1)
            await by_lambda(block)
            await by_partial(block)
            await twice(block)
            submit(block)
            await runner.run(block)
    """
    )
    assert roots(app) == {}


def test_a_wrapper_that_only_looks_like_one_of_threads_is_found(places):
    app = dedent(BLOCK) + dedent("""
        async def offload(function, *args):
            return function(*args)

        async def handler():
            await offload(block, 1)
    """)
    assert places({"app.py": app}) == ["function(*args)"]


def test_what_is_called_before_it_is_handed_to_a_thread_is_found(places):
    app = dedent(BLOCK) + dedent("""
        def make():
            time.sleep(1)
            return block

        async def handler():
            await asyncio.to_thread(block(1))
            await asyncio.to_thread(make())
            Thread(target=block(2)).start()
            pool.submit(print, block(3))
    """)
    assert places({"app.py": app}) == ["block(1)", "make()", "block(2)", "block(3)"]


def test_waiting_for_a_thread_is_found(check):
    app = dedent(BLOCK) + dedent("""
        async def handler():
            pool.submit(block).result()
            thread = Thread(target=block)
            thread.start()
            thread.join()
    """)
    found = check({"app.py": app})
    assert [(each.rule, each.code) for each in found] == [
        ("blocking-wait", "pool.submit(block).result()"),
        ("blocking-wait", "thread.join()"),
    ]


def test_a_coroutine_that_a_thread_runs_in_a_loop_of_its_own(roots):
    app = """
        import asyncio
        import time
        from threading import Thread

        async def worker():
            time.sleep(1)

        def run():
            asyncio.run(worker())

        Thread(target=run).start()
    """
    assert roots(app) == {"app.worker": "main worker"}


def test_tasks_of_a_queue_are_left_alone(roots):
    app = """
        import time

        from celery import Celery

        celery = Celery("app")

        @celery.task
        def mail():
            time.sleep(1)

        async def handler():
            mail.delay()
            mail.apply_async()
    """
    assert roots(app) == {}


# Severity


def test_tests_and_scripts_are_information(severities):
    text = """
        import time

        async def wait():
            time.sleep(1)
    """
    others = {
        "tests/test_app.py": text,
        "test_here.py": text,
        "scripts/load.py": text,
        "shop/tests/conftest.py": text,
        "shop/latest.py": text,
        "speed_benchmark.py": text,
        "benchmarking.py": text,
    }
    assert severities(text, others) == {
        "app.wait": "error",
        "shop.latest.wait": "error",
        "benchmarking.wait": "error",
        "speed_benchmark.wait": "info",
        "tests.test_app.wait": "info",
        "test_here.wait": "info",
        "scripts.load.wait": "info",
        "shop.tests.conftest.wait": "info",
    }


def test_what_a_cache_runs_once_is_information(severities):
    app = """
        import time
        from functools import cache, lru_cache

        @cache
        def model():
            time.sleep(1)

        @lru_cache(maxsize=1)
        def settings():
            return load()

        def load():
            time.sleep(1)

        async def cached():
            model()

        async def deeper():
            settings()

        async def uncached():
            load()
    """
    assert severities(app) == {
        "app.cached": "info",
        "app.deeper": "info",
        "app.uncached": "error",
    }


def test_metadata_of_files_is_information_and_contents_are_a_warning(severities):
    app = """
        import os

        async def exists(path):
            os.path.exists(path)

        async def reads(path):
            open(path).read()
    """
    assert severities(app) == {"app.exists": "info", "app.reads": "warning"}


# Interfaces


def test_plain_handlers_of_interfaces_run_on_the_loop(roots):
    app = """
        import time

        import chainlit as cl
        import socketio
        from nicegui import ui
        from textual import on, work
        from textual.app import App

        sio = socketio.AsyncServer(async_mode="asgi")

        @sio.event
        def connect(sid, environ):
            time.sleep(1)

        @cl.on_message
        def answer(message):
            time.sleep(1)

        @ui.page("/users")
        def users():
            time.sleep(1)

        def click():
            time.sleep(1)

        ui.button("Save", on_click=click)

        class Program(App):
            def on_mount(self):
                self.load()
                time.sleep(1)

            @on(App, "x")
            def pressed(self):
                time.sleep(1)

            @work(thread=True)
            def load(self):
                time.sleep(1)
    """
    assert roots(app) == {
        "app.connect": "event connect",
        "app.answer": "event answer",
        "app.users": "page /users",
        "app.click": "event click",
        "app.Program.on_mount": "event Program.on_mount",
        "app.Program.pressed": "event Program.pressed",
    }
