"""What an application holds while it serves is opened and closed where it starts and stops."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import changed, workspace_of

from asyncfix.rewrites.lifespan import Held, in_lifespan
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.source import Text
from asyncfix.syntax import imports

CLIENT = """
class Client:
    async def aclose(self):
        pass


client = Client()
"""
HELD = Held(
    opening=("{app}.state.client = {client}",),
    closing=("await {client}.aclose()",),
    needs={"client": ("shop.client", "client")},
)


def held(main: str, held: Held = HELD, near: str = "shop/client.py", **more: str) -> str:
    """Return the main module with something held by its application."""
    files = {"shop/__init__.py": "", "shop/client.py": CLIENT, "shop/main.py": dedent(main)}
    files |= {f"{name}.py": dedent(text) for name, text in more.items()}
    workspace = workspace_of(files)
    change = in_lifespan(workspace, near, held)
    text = files[change.path]
    own = [*imports.edits(Text(change.path, text), change.imports, change.edits, {"shop"})]
    return changed(text, [*change.edits, *own])


def test_an_application_without_one_is_given_a_lifespan():
    assert held("""
        from fastapi import FastAPI

        # the public one
        app = FastAPI(title="Shop")
        """) == dedent("""
        from collections.abc import AsyncIterator
        from contextlib import asynccontextmanager

        from fastapi import FastAPI

        from shop.client import client


        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.client = client
            yield
            await client.aclose()


        # the public one
        app = FastAPI(title="Shop", lifespan=lifespan)
        """)


def test_a_lifespan_that_is_there_opens_before_it_serves_and_closes_last():
    assert held("""
        from contextlib import asynccontextmanager

        from fastapi import FastAPI


        @asynccontextmanager
        async def life(application):
            print("up")
            yield
            print("down")


        app = FastAPI(lifespan=life)
        """) == dedent("""
        from contextlib import asynccontextmanager

        from fastapi import FastAPI

        from shop.client import client


        @asynccontextmanager
        async def life(application):
            print("up")
            application.state.client = client
            yield
            print("down")
            await client.aclose()


        app = FastAPI(lifespan=life)
        """)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "    async with pool() as p:\n        yield {'p': p}\n",
            "        await client.aclose()\n",
        ),
        (
            "    try:\n        yield\n    finally:\n        print()\n",
            "        await client.aclose()\n",
        ),
        (
            "    try:\n        yield\n    except OSError:\n        pass\n",
            "    await client.aclose()\n",
        ),
    ],
)
def test_what_is_around_the_yield_decides_where_it_is_closed(before, after):
    head = "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\n"
    life = f"@asynccontextmanager\nasync def life(app):\n{before}\n"
    code = f"{head}{life}app = FastAPI(lifespan=life)\n"

    text = held(code, HELD._replace(opening=()))

    assert before + after in text


def test_handlers_stay_and_close_it_themselves():
    assert "    print()\n    await client.aclose()\n" in held(
        """
        from fastapi import FastAPI


        def create():
            app = FastAPI()

            @app.on_event("shutdown")
            async def stop():
                print()

            return app
        """.replace("                print()", "                print()"),
        HELD._replace(opening=()),
    ).replace("        ", "    ")


def test_arguments_in_rows_get_another_row():
    text = held("""
        from fastapi import FastAPI

        app = FastAPI(
            title="Shop",
            version="1",
        )
        """)

    assert '    version="1",\n    lifespan=lifespan,\n)' in text


@pytest.mark.parametrize(
    ("main", "reason"),
    [
        ("x = 1", "makes no application"),
        ("import fastapi\na = fastapi.FastAPI()\nb = fastapi.FastAPI()", "several applications"),
        ("import fastapi\na = fastapi.FastAPI(**{})", "cannot be seen"),
        ("import fastapi\na = fastapi.FastAPI(lifespan=print)", "written unusually"),
        (
            "import fastapi\na = fastapi.FastAPI()\n@a.on_event('startup')\nasync def go(): pass",
            "none of its shutdown",
        ),
    ],
)
def test_what_cannot_be_seen_to_work_is_refused(main, reason):
    with pytest.raises(RefusedError, match=reason):
        held(main)


def test_the_application_nearest_to_the_file_holds_it():
    other = "import fastapi\napp = fastapi.FastAPI()\n"

    text = held(other, near="shop/client.py", **{"admin/main": other})

    assert "lifespan=lifespan" in text
