"""A client that has moved is closed: by a method of its class, and by the application."""

from __future__ import annotations

import pytest
from rewriting import rewritten

SHOP = """
import requests


class Shop:
    def __init__(self):
        self.session = requests.Session()

    def names(self):
        return self.session.get("http://h/names").json()
"""
CLOSED = """
    def close(self):
        self.session.close()
"""
MAIN = """
from fastapi import FastAPI

IMPORT

app = FastAPI()


@app.get("/names")
async def names():
    return SHOP.names()
"""


def moved(shop: str, call: str, main: str = MAIN, **more: str) -> dict[str, str]:
    name = call.removesuffix("()")
    main = main.replace("IMPORT", f"from shop import {name}").replace("SHOP", call)
    files = {"shop.py": shop, "main.py": main} | {f"{k}.py": v for k, v in more.items()}
    done = rewritten(files, "cascade")
    assert [fix.title for fix in done.fixes] == [
        "Move `Shop` to `httpx.AsyncClient`, and await every call"
    ], done.refused
    return {**done.files, "notes": "\n".join(done.fixes[0].notes)}


def test_a_class_that_cannot_close_its_client_is_given_a_method():
    files = moved(SHOP, "Shop()")

    assert files["shop.py"].endswith("""
        return (await self.session.get("http://h/names")).json()

    async def aclose(self) -> None:
        await self.session.aclose()
""")
    assert "lifespan" not in files["main.py"]


@pytest.mark.parametrize("shop", [SHOP, SHOP + CLOSED])
def test_what_a_module_holds_is_closed_when_the_application_stops(shop):
    files = moved(f"{shop}\n\nshop = Shop()\n", "shop")

    assert (
        files["main.py"]
        == """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop import shop


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await shop.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/names")
async def names():
    return await shop.names()
"""
    )


ACCESSOR = """

_shop = None


def get_shop() -> Shop:
    global _shop
    if _shop is None:
        _shop = Shop()
    return _shop
"""


def test_what_an_accessor_holds_is_closed_too():
    assert (
        "    yield\n    await get_shop().aclose()\n"
        in moved(SHOP + ACCESSOR, "get_shop()")["main.py"]
    )


def test_what_is_closed_already_is_left_alone():
    main = MAIN + "\n\n@app.on_event('shutdown')\nasync def stop():\n    shop.close()\n"

    files = moved(f"{SHOP}{CLOSED}\n\nshop = Shop()\n", "shop", main)

    assert files["main.py"].count("aclose") == 1
    assert "    await shop.aclose()\n" in files["main.py"]


def test_what_nothing_can_close_is_told():
    main = MAIN.replace("FastAPI()", "FastAPI(lifespan=print)")

    files = moved(f"{SHOP}\n\nshop = Shop()\n", "shop", main)

    assert "nothing closes `shop`: the lifespan of the application in main.py" in files["notes"]


def test_a_session_of_a_module_is_closed_by_the_application():
    shop = SHOP.replace("class Shop:\n    def __init__(self):\n        self.", "").replace(
        "    def names(self):\n        return self.", "def names():\n    return "
    )
    main = MAIN.replace("IMPORT", "import shop").replace("SHOP", "shop")

    done = rewritten({"shop.py": shop, "main.py": main}, "cascade")

    assert "    yield\n    await session.aclose()\n" in done.files["main.py"]
    assert "from shop import session" in done.files["main.py"]
