"""Handlers of start and stop become a lifespan; the fixed applications are started and stopped."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import needs
from serving import lifecycle, told

needs("fastapi", "httpx")

RUN = """
import json
import app
from fastapi.testclient import TestClient

application = app.make() if hasattr(app, "make") else app.app
with TestClient(application) as client:
    code = client.get("/").status_code
print(json.dumps([app.done, code, application.openapi()]))
"""
HEAD = """
from fastapi import APIRouter, FastAPI

done = []

"""
MODULE = """
app = FastAPI(title="one")


@app.get("/")
async def read():
    return done


@app.on_event("startup")
async def connect() -> None:
    done.append("connect")


@app.on_event("startup")
def warm():
    done.append("warm")


@app.on_event("shutdown")
async def disconnect():
    done.append("disconnect")


async def last():
    done.append("last")


app.router.add_event_handler("shutdown", last)
"""
FUNCTION = """
def make() -> FastAPI:
    # the application
    app = FastAPI()

    @app.on_event("startup")
    async def connect():
        app.state.ready = True
        done.append("connect")

    @app.get("/")
    async def read():
        return app.state.ready

    @app.on_event("shutdown")
    def disconnect():
        done.append("disconnect")

    return app
"""
LISTS = """
async def connect():
    done.append("connect")


def disconnect():
    done.append("disconnect")


app = FastAPI(
    on_startup=[connect],
    title="two",
    on_shutdown=[disconnect],
)


@app.get("/")
async def read():
    return done
"""
ORDER = {
    "of a module": (MODULE, ["connect", "warm", "disconnect", "last"]),
    "of a function": (FUNCTION, ["connect", "disconnect"]),
    "of a call": (LISTS, ["connect", "disconnect"]),
}


@pytest.mark.parametrize(("code", "order"), ORDER.values(), ids=ORDER)
def test_handlers_run_in_the_order_in_which_they_ran(tmp_path, code, order):
    write_before = lifecycle(tmp_path, {"app.py": HEAD + code}, strategy="none")
    before = told(tmp_path, RUN)

    fixed = lifecycle(tmp_path, write_before.files)

    after = told(tmp_path, RUN)
    assert not fixed.reasons
    assert "on_event" not in fixed.files["app.py"]
    assert after == before
    assert after[:2] == [order, 200]
    assert lifecycle(tmp_path, fixed.files).files == fixed.files


def test_the_lifespan_stands_above_what_takes_it(tmp_path):
    done = lifecycle(tmp_path, {"app.py": HEAD + MODULE})

    assert done.files["app.py"].startswith(
        dedent("""
        from collections.abc import AsyncIterator
        from contextlib import asynccontextmanager

        from fastapi import APIRouter, FastAPI

        done = []


        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            await connect()
            warm()
            yield
            await disconnect()
            await last()


        app = FastAPI(title="one", lifespan=lifespan)


        @app.get("/")
        """)
    )
    assert done.files["app.py"].endswith('async def last():\n    done.append("last")\n')


def test_a_router_is_given_a_lifespan_of_its_own(tmp_path):
    code = """
        router = APIRouter()


        @router.on_event("startup")
        async def connect():
            done.append("connect")


        @router.get("/")
        async def read():
            return done


        app = FastAPI()
        app.include_router(router)
    """

    fixed = lifecycle(tmp_path, {"app.py": HEAD + dedent(code)})

    assert "router = APIRouter(lifespan=router_lifespan)" in fixed.files["app.py"]
    assert told(tmp_path, RUN)[:2] == [["connect"], 200]
    assert "ran twice" in fixed.fixes[0].notes[0]


REFUSED = {
    "a lifespan is there": (
        """
        async def lifespan(app):
            yield
        app = FastAPI(lifespan=lifespan)
        @app.on_event("startup")
        async def connect(): ...
        """,
        "has a lifespan",
    ),
    "two functions of one name": (
        """
        app = FastAPI()
        @app.on_event("startup")
        async def connect(): ...
        @app.on_event("shutdown")
        async def connect(): ...
        """,
        "defined more than once",
    ),
    "another decorator": (
        """
        from repeating import every
        app = FastAPI()
        @app.on_event("startup")
        @every(60)
        async def connect(): ...
        """,
        "other decorators",
    ),
    "an application that is passed": (
        """
        def wire(app: FastAPI):
            @app.on_event("startup")
            async def connect(): ...
        app = FastAPI()
        wire(app)
        """,
        "made in another place",
    ),
    "somebody else registers one, too": (
        """
        app = FastAPI()
        @app.on_event("startup")
        async def connect(): ...
        def wire(application):
            application.add_event_handler("shutdown", connect)
        """,
        "registered in another place",
    ),
    "under a condition": (
        """
        app = FastAPI()
        if done:
            @app.on_event("startup")
            async def connect(): ...
        """,
        "no handler is seen to run",
    ),
    "a factory of handlers": (
        """
        def starting():
            async def start(): ...
            return start
        app = FastAPI()
        app.add_event_handler("startup", starting())
        """,
        "no function with a name",
    ),
    "a test that runs them": (
        """
        app = FastAPI()
        @app.on_event("startup")
        async def connect(): ...
        async def started():
            await app.router.startup()
        """,
        "runs or reads the handlers",
    ),
}


@pytest.mark.parametrize(("code", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_told_stays_with_its_reason(tmp_path, code, reason):
    files = {"app.py": HEAD + dedent(code), "repeating.py": "def every(seconds): ...\n"}

    done = lifecycle(tmp_path, files, select="startup-event")

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons
