"""What the packs say of libraries, asked by code that uses them as their users do."""

from __future__ import annotations

from textwrap import dedent

import pytest

CASES = {
    "applications on Heroku": (
        """
        import heroku3

        client = heroku3.from_key("key")

        async def restart(name):
            app = client.app(name)
            settings = app.config()
            settings["on"] = "yes"
            for dyno in app.dynos():
                dyno.kill()
            return settings["on"]
        """,
        [
            "client.app(name)",
            "app.config()",
            'settings["on"]',
            "app.dynos()",
            "dyno.kill()",
        ],
    ),
    "pictures that are made of others": (
        """
        from PIL import Image, ImageEnhance, ImageOps

        async def card(one, other):
            merged = Image.blend(one, other, 0.5)
            ImageEnhance.Brightness(merged).enhance(0.6).save("card.png")
            ImageOps.fit(merged, (10, 10)).save("small.png")
            merged.crop((0, 0, 1, 1))
        """,
        [
            'ImageEnhance.Brightness(merged).enhance(0.6).save("card.png")',
            'ImageOps.fit(merged, (10, 10)).save("small.png")',
        ],
    ),
    "searches and intents": (
        """
        import dialogflow
        from youtubesearchpython import SearchVideos

        async def ask(query):
            SearchVideos(query, mode="dict").result()
            client = dialogflow.SessionsClient()
            path = client.session_path("project", "session")
            return client.detect_intent(session=path, query_input=query)
        """,
        [
            'SearchVideos(query, mode="dict")',
            "client.detect_intent(session=path, query_input=query)",
        ],
    ),
    "a session of the request": (
        """
        from fastapi_async_sqlalchemy import db as later
        from fastapi_sqlalchemy import db

        def first(session):
            return session.query(int).first()

        async def get():
            db.session.commit()
            with db():
                first(db.session)
            later.session.add(1)
            await later.session.commit()
        """,
        ["db.session.commit()", "first(db.session)"],
    ),
    "a model's client": (
        """
        from zhipuai import ZhipuAI
        from cerebras.cloud.sdk import Cerebras

        class Bot:
            def __init__(self):
                self.client = ZhipuAI(api_key="a")
                self.fast = Cerebras()

            async def ask(self, messages):
                self.client.chat.completions.create(model="glm-4", messages=messages)
                self.fast.chat.completions.create(model="llama", messages=messages)
        """,
        [
            'self.client.chat.completions.create(model="glm-4", messages=messages)',
            'self.fast.chat.completions.create(model="llama", messages=messages)',
        ],
    ),
    "memories": (
        """
        import lancedb
        from mem0 import AsyncMemory, Memory

        memory, later = Memory.from_config({}), AsyncMemory()
        table = lancedb.connect("data").open_table("notes")

        async def recall(text):
            memory.search(text)
            await later.search(text)
            table.search(text).limit(3).to_list()
            return table.search(text).limit(3)
        """,
        ["memory.search(text)", "table.search(text).limit(3).to_list()"],
    ),
    "a shop": (
        """
        from woocommerce import API

        shop = API("https://example.com", "key", "secret")

        async def orders():
            return shop.get("orders").json()
        """,
        ['shop.get("orders")'],
    ),
    "an image": (
        """
        import io
        from PIL import Image

        async def get(data: bytes):
            image = Image.open(io.BytesIO(data))
            buffer = io.BytesIO()
            image.save(buffer, format="PNG")
            image.save("image.png")
            image.convert("RGB").save("rgb.png")
        """,
        ['image.save("image.png")', 'image.convert("RGB").save("rgb.png")'],
    ),
}


def test_a_browser_takes_one_order_after_the_other(places):
    app = """
        from selenium import webdriver

        def load(cookies):
            driver = webdriver.Chrome()
            for cookie in cookies:
                driver.add_cookie(cookie)

        async def handler(cookies):
            load(cookies)
    """

    found = places({"app.py": dedent(app)}, select=("blocking", "batching"))
    assert found == ["load(cookies)"]


@pytest.mark.parametrize("case", CASES)
def test_calls_of_a_library_are_known(places, case):
    app, expected = CASES[case]

    assert places({"app.py": dedent(app)}, select=("blocking",)) == expected
