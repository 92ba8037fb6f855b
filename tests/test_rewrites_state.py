"""Services that requests put into the application's state: the lifespan sets them instead."""

from __future__ import annotations

import pytest
from serving import lifecycle, told

FILES = {
    "settings.py": 'URL = "http://localhost"\n',
    "service.py": """
from settings import URL


class Service:
    def __init__(self, url: str) -> None:
        self.url = url

    def work(self) -> str:
        return self.url


def make_url() -> str:
    return URL
""",
    "provided.py": """
import httpx
from fastapi import Request

from service import Service, make_url
from settings import URL


def get_service(request: Request) -> Service:
    # one for all
    if not hasattr(request.app.state, "service"):
        request.app.state.service = Service(url=URL + make_url())
    return request.app.state.service
""",
    "main.py": """
from typing import Annotated

from fastapi import Depends, FastAPI

from provided import get_service
from service import Service

app = FastAPI()


@app.get("/")
async def read(service: Annotated[Service, Depends(get_service)]) -> str:
    return service.work()
""",
}
OLD = """    if not hasattr(request.app.state, "service"):
        request.app.state.service = Service(url=URL + make_url())
"""
SERVED = """
import json
from fastapi.testclient import TestClient
import main

with TestClient(main.app) as client:
    there = hasattr(main.app.state, "service")
    print(json.dumps([there, [client.get("/").json() for _ in range(2)]]))
"""


def fixed(folder, **changed):
    files = {**FILES, **{f"{name}.py": text for name, text in changed.items()}}
    return lifecycle(folder, files), files


def test_the_lifespan_sets_it_and_the_accessor_returns_it(tmp_path):
    pytest.importorskip("fastapi", reason="the application is run")
    done, _ = fixed(tmp_path)

    assert not done.reasons
    assert done.files["provided.py"].endswith(
        "    # one for all\n    return request.app.state.service\n"
    )
    text = done.files["main.py"]
    assert "    app.state.service = Service(url=URL + make_url())\n    yield\n" in text
    assert "from service import Service, make_url\nfrom settings import URL\n" in text
    assert told(tmp_path, SERVED) == [True, ["http://localhost" * 2] * 2]


def test_a_client_is_closed_behind_the_yield(tmp_path):
    code = FILES["provided.py"].replace("Service(url=URL + make_url())", "httpx.AsyncClient()")

    done, _ = fixed(tmp_path, provided=code)

    assert not done.reasons
    text = done.files["main.py"]
    assert "import httpx\n" in text
    assert "httpx.AsyncClient()\n    yield\n    await app.state.service.aclose()\n" in text


LEFT = {
    "tests that do not start it": (
        {"tests/test_main": "from main import app\n\nclient = TestClient(app)\n"},
        "without its lifespan",
    ),
    "set by a test": (
        {"tests/test_main": "from main import app\n\napp.state.service = None\n"},
        "sets `state.service` as well",
    ),
    "made of the request": (
        {"provided": FILES["provided.py"].replace("URL + make_url()", "request.url.path")},
        "which each call has anew",
    ),
    "more than set": (
        {"provided": FILES["provided.py"].replace(OLD, f"{OLD}        make_url()\n")},
        "more is done than to set the state",
    ),
}


@pytest.mark.parametrize(("changed", "reason"), LEFT.values(), ids=LEFT)
def test_what_cannot_be_set_at_start_stays(tmp_path, changed, reason):
    done, files = fixed(tmp_path, **changed)

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons
