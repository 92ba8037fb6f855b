"""What the packs say of libraries, asked by code that uses them as their users do."""

from __future__ import annotations

from textwrap import dedent

import pytest

CASES = {
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


@pytest.mark.parametrize("case", CASES)
def test_calls_of_a_library_are_known(places, case):
    app, expected = CASES[case]

    assert places({"app.py": dedent(app)}, select=("blocking",)) == expected
