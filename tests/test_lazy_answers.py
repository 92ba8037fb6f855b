"""Relationships that FastAPI reads of rows for a response model, and those that it does not."""

from __future__ import annotations

from textwrap import dedent

import pytest
from batching import loaded
from fastapi.testclient import TestClient
from rewriting import rewritten

from asyncfix.findings import Severity

APP = """
    from typing import Annotated

    from fastapi import Depends, FastAPI
    from pydantic import BaseModel
    from sqlalchemy import ForeignKey, select
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import (
        DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload
    )


    class Base(DeclarativeBase):
        pass


    class Town(Base):
        __tablename__ = "towns"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        users: Mapped[list["User"]] = relationship(
            back_populates="town", foreign_keys="User.town_id"
        )


    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        town_id: Mapped[int] = mapped_column(ForeignKey("towns.id"))
        near_id: Mapped[int | None] = mapped_column(ForeignKey("towns.id"))
        town: Mapped[Town] = relationship(back_populates="users", foreign_keys=[town_id])
        near: Mapped[Town | None] = relationship(lazy="joined", foreign_keys=[near_id])


    class TownOut(BaseModel):
        name: str


    class Plain(BaseModel):
        id: int
        name: str


    class UserOut(Plain):
        town: TownOut
        near: TownOut | None = None


    app = FastAPI()


    def get_session() -> Session:
        raise NotImplementedError


    def get_async() -> AsyncSession:
        raise NotImplementedError


    SessionDep = Annotated[Session, Depends(get_session)]
    AsyncDep = Annotated[AsyncSession, Depends(get_async)]


    def every(session: Session) -> list[User]:
        return session.execute(select(User).order_by(User.id)).scalars().all()
"""
LAZY = "n-plus-one-lazy-load"


def application(endpoint):
    return f"{dedent(APP)}\n\n{dedent(endpoint)}"


@pytest.fixture
def found(check, tmp_path):
    """Return a function that checks an endpoint and gives subject and code of what is found."""

    def run(endpoint):
        each = check({"app.py": application(endpoint)}, select=(LAZY,), severity=Severity.INFO)
        data = (tmp_path / "app.py").read_bytes()
        return [(one.subject, data[one.location.start : one.location.end].decode()) for one in each]

    return run


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        (
            """
            @app.get("/", response_model=list[UserOut])
            def users(session: SessionDep):
                return session.execute(select(User)).scalars().all()
            """,
            "session.execute(select(User)).scalars().all()",
        ),
        (
            """
            @app.get("/")
            def users(session: SessionDep) -> list[UserOut]:
                rows = session.query(User).all()
                return rows
            """,
            "session.query(User).all()",
        ),
        (
            """
            @app.get("/", response_model=list[UserOut])
            def users(session: SessionDep):
                return every(session)
            """,
            "every(session)",
        ),
    ],
)
def test_what_the_response_model_shows_is_loaded_per_row(found, endpoint, code):
    assert found(endpoint) == [("User.town", code)]


@pytest.mark.parametrize(
    "endpoint",
    [
        # nothing of the kind is shown, or not of many
        """
        @app.get("/", response_model=list[Plain])
        def users(session: SessionDep):
            return session.execute(select(User)).scalars().all()
        """,
        """
        @app.get("/", response_model=UserOut)
        def users(session: SessionDep):
            return session.execute(select(User)).scalars().first()
        """,
        """
        @app.get("/")
        def users(session: SessionDep):
            return session.execute(select(User)).scalars().all()
        """,
        # it came with the rows
        """
        @app.get("/", response_model=list[UserOut])
        def users(session: SessionDep):
            found = select(User).options(selectinload(User.town))
            return session.execute(found).scalars().all()
        """,
        # the answer is made by hand
        """
        @app.get("/", response_model=list[UserOut])
        def users(session: SessionDep):
            rows = session.execute(select(User.id, User.name)).all()
            return [UserOut(id=row.id, name=row.name, town=TownOut(name="")) for row in rows]
        """,
        # no endpoint
        """
        def users(session: Session) -> list[UserOut]:
            return session.execute(select(User)).scalars().all()
        """,
    ],
)
def test_what_is_not_shown_or_not_lazy_costs_nothing(found, endpoint):
    assert found(endpoint) == []


def test_in_asynchronous_code_it_fails(check):
    endpoint = """
        @app.get("/", response_model=list[UserOut])
        async def users(session: AsyncDep):
            return (await session.execute(select(User))).scalars().all()
    """

    (finding,) = check({"app.py": application(endpoint)}, select=(LAZY,))

    assert finding.severity is Severity.ERROR
    assert "fails in asynchronous code" in finding.message


def test_the_same_answer_takes_two_statements_once_it_is_loaded_with_the_rows():
    pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    code = application("""
        @app.get("/", response_model=list[UserOut])
        def users(session: SessionDep):
            return every(session)
    """)
    made = rewritten({"app.py": code}, group="batching")

    before, after = answered(code), answered(made.files["app.py"])

    assert before[0] == after[0]
    assert len(after[0]) == 30
    assert (before[1], after[1]) == (11, 2)


def answered(code):
    """Return what the endpoint answers, and how many statements that takes."""
    from sqlalchemy import create_engine, event  # noqa: PLC0415 - only where it is installed
    from sqlalchemy.orm import Session  # noqa: PLC0415 - as above
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415 - as above

    names = loaded(code)
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    names["Base"].metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(names["Town"](id=at, name=f"town {at}") for at in range(10))
        session.add_all(
            names["User"](id=at, name=f"user {at}", town_id=at % 10) for at in range(30)
        )
        session.commit()
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    def opened():
        with Session(engine) as session:
            yield session

    names["app"].dependency_overrides[names["get_session"]] = opened
    answer = TestClient(names["app"]).get("/")
    assert answer.status_code == 200, answer.text
    return answer.json(), len(statements)
