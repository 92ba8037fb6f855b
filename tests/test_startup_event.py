"""Handlers of start and stop: each way of registering one, and those that never run."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity

HEAD = "from fastapi import APIRouter, FastAPI\nfrom starlette.applications import Starlette\n"


@pytest.fixture
def found(check):
    """Return a function that checks `app.py`."""

    def run(text, **files):
        texts = {f"{name}.py": dedent(each) for name, each in files.items()}
        return check({"app.py": HEAD + dedent(text), **texts}, select=("startup-event",))

    return run


@pytest.mark.parametrize(
    "text",
    [
        "app = FastAPI()\n@app.on_event('startup')\nasync def start(): ...\n",
        "router = APIRouter()\n@router.on_event('shutdown')\ndef stop(): ...\n",
        "def make():\n    app = FastAPI()\n    @app.on_event('startup')\n    def start(): ...\n",
        "def start(): ...\napp = Starlette(on_startup=[start])\n",
        "def start(): ...\napp = FastAPI()\napp.add_event_handler('startup', start)\n",
        "class Api(FastAPI): ...\napp = Api()\n@app.on_event('startup')\nasync def start(): ...\n",
    ],
)
def test_each_way_is_found(found, text):
    assert [finding.severity for finding in found(text)] == [Severity.WARNING]


def test_handlers_of_an_imported_application_are_found(found):
    each = found(
        "app = FastAPI()\n", main="from app import app\n@app.on_event('startup')\ndef go(): ...\n"
    )

    assert [finding.location.path for finding in each] == ["main.py"]


def test_a_handler_beside_a_lifespan_never_runs(found):
    each = found("""
        def lifespan(app): ...
        app = FastAPI(lifespan=lifespan)
        @app.on_event("startup")
        async def start(): ...
        router = APIRouter(lifespan=lifespan)
        @router.on_event("startup")
        async def start_router(): ...
    """)

    assert [finding.severity for finding in each] == [Severity.ERROR, Severity.WARNING]
    assert "ignore this handler" in each[0].message


def test_a_lifespan_alone_and_events_of_others_are_left_alone(found):
    each = found("""
        from bus import bus
        def lifespan(app): ...
        app = FastAPI(lifespan=lifespan)
        @bus.on_event("startup")
        def heard(): ...
    """)

    assert each == []
