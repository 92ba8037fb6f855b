"""Services that endpoints are given: the fixed application is imported, asked and overridden."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import needs
from serving import lifecycle, told

needs("fastapi", "httpx")

SERVICES = """
import time


class Service:
    built = 0

    def __init__(self):
        time.sleep(0.02)
        Service.built += 1

    def name(self):
        return "real"


class Fake(Service):
    def name(self):
        return "fake"
"""
PROVIDERS = """
from typing import Optional

from services import Service

_service: Optional[Service] = None


def get_service() -> Service:
    global _service
    if _service is None:
        _service = Service()
    return _service


def reset_service() -> None:
    global _service
    _service = None
"""
APP = """
from fastapi import APIRouter, FastAPI, Query, WebSocket

from providers import get_service

router = APIRouter()


@router.get("/plain")
async def plain():
    return {"name": get_service().name()}


@router.get("/items/{item}", response_model=dict)
async def items(item: int, size: int = Query(5, ge=1), *, page: int = 1):
    # who answers
    service = get_service()

    return {"name": service.name(), "item": item, "size": size, "page": page}


@router.get("/sync/{item}")
def sync(
    item: int,
    size: int = 1,
):
    return {"name": get_service().name(), "item": item}


@router.get("/direct")
async def direct(size: int = 1):
    return {"name": get_service().name(), "size": size}


@router.get("/both")
async def both():
    return await direct(2)


@router.websocket("/talk")
async def talk(socket: WebSocket):
    await socket.accept()
    await socket.send_json({"name": get_service().name()})
    await socket.close()


app = FastAPI()
app.include_router(router)
"""
FILES = {"services.py": SERVICES, "providers.py": PROVIDERS, "app.py": APP}
OPENAPI = "import app, json\nprint(json.dumps(app.app.openapi()))"
ASKED = """
import asyncio, json
import httpx
import app, providers, services
from fastapi.testclient import TestClient

def names(client):
    paths = ("/plain", "/items/3", "/sync/3", "/direct")
    found = [client.get(path).json()["name"] for path in paths]
    with client.websocket_connect("/talk") as socket:
        return [*found, socket.receive_json()["name"]]

async def at_once():
    async with app.app.router.lifespan_context(app.app):
        transport = httpx.ASGITransport(app=app.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            asked = [client.get(f"/sync/{n}" if n % 2 else "/plain") for n in range(100)]
            return {each.status_code for each in await asyncio.gather(*asked)}

codes = asyncio.run(at_once())
built = services.Service.built
with TestClient(app.app) as client:
    real = names(client)
    app.app.dependency_overrides[providers.get_service] = services.Fake
    fake = names(client)
    app.app.dependency_overrides.clear()
print(json.dumps([sorted(codes), built, real, fake]))
"""


def test_endpoints_take_what_they_asked_for(tmp_path):
    done = lifecycle(tmp_path, FILES)

    assert not done.reasons
    text = done.files["app.py"]
    given = "Annotated[Service, Depends(get_service)]"
    assert f'async def plain(service: {given}):\n    return {{"name": service.name()}}' in text
    assert (
        dedent(f"""
        async def items(
            item: int,
            service: {given},
            size: int = Query(5, ge=1),
            *,
            page: int = 1,
        ):
            # who answers

            return""")
        in text
    )
    assert f"    item: int,\n    service: {given},\n    size: int = 1,\n):" in text
    assert f"async def talk(socket: WebSocket, service: {given}):" in text
    assert "from services import Service\n" in text


def test_a_function_that_is_called_directly_gains_no_parameter(tmp_path):
    done = lifecycle(tmp_path, FILES)

    assert (
        'async def direct(size: int = 1):\n    return {"name": get_service()'
        in done.files["app.py"]
    )


def test_the_schema_is_what_it_was(tmp_path):
    (tmp_path / "before").mkdir()
    lifecycle(tmp_path / "before", FILES, strategy="none")
    before = told(tmp_path / "before", OPENAPI)
    (tmp_path / "after").mkdir()
    lifecycle(tmp_path / "after", FILES)

    assert told(tmp_path / "after", OPENAPI) == before


def test_a_hundred_requests_at_once_meet_one_service_and_overrides_reach_the_endpoints(tmp_path):
    lifecycle(tmp_path, FILES)

    codes, built, real, fake = told(tmp_path, ASKED)

    assert (codes, built) == ([200], 1)
    assert real == ["real"] * 5
    assert fake == ["fake", "fake", "fake", "real", "fake"]


def test_a_second_run_changes_nothing(tmp_path):
    done = lifecycle(tmp_path, FILES)

    again = lifecycle(tmp_path, done.files)

    assert again.files == done.files
    assert not again.fixes


def test_an_endpoint_that_deals_with_failure_keeps_asking_by_itself(tmp_path):
    code = APP.replace(
        '    return {"name": get_service().name()}\n\n\n@router.get("/items',
        "    try:\n"
        '        return {"name": get_service().name()}\n'
        "    except RuntimeError:\n"
        '        return {}\n\n\n@router.get("/items',
    )

    done = lifecycle(tmp_path, {**FILES, "app.py": code})

    assert done.files["app.py"] == code
    assert [fix.strategy for fix in done.fixes] == ["cached"]


def test_what_is_asked_for_under_a_test_only_is_not_built_at_start(tmp_path):
    app = """
        from fastapi import FastAPI

        from providers import get_service

        app = FastAPI()


        @app.get("/")
        async def read(wanted: bool = False):
            if wanted:
                return get_service().name()
            return ""
    """

    done = lifecycle(tmp_path, {**FILES, "app.py": dedent(app)})

    assert [fix.strategy for fix in done.fixes] == ["cached"]


def test_an_async_accessor_is_built_once_for_all_who_come_while_it_connects(tmp_path):
    pytest.importorskip("async_lru")
    files = {
        "services.py": """
import asyncio


class Database:
    built = 0

    async def connect(self):
        await asyncio.sleep(0.02)
        Database.built += 1

    async def close(self): ...
""",
        "app.py": """
from fastapi import FastAPI

from services import Database

_database = None


async def get_database() -> Database:
    global _database
    if _database is None:
        database = Database()
        await database.connect()
        _database = database
    return _database


app = FastAPI()


@app.get("/")
async def read():
    database = await get_database()
    return type(database).__name__
""",
    }
    done = lifecycle(tmp_path, files)
    script = """
import asyncio, json
import app, services

async def main():
    found = await asyncio.gather(*(app.get_database() for _ in range(100)))
    return [len({id(each) for each in found}), services.Database.built]

print(json.dumps(asyncio.run(main())))
"""

    assert not done.reasons
    assert (
        "async def read(database: Annotated[Database, Depends(get_database)]):"
        in done.files["app.py"]
    )
    assert "    await get_database()\n    yield\n" in done.files["app.py"]
    assert told(tmp_path, script) == [1, 1]
