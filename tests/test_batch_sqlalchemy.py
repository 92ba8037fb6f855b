"""Loops over queries of SQLAlchemy that ask once: the same answers, counted by SQLite itself."""

from __future__ import annotations

from textwrap import dedent

import pytest
from batching import Pair, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")

HEAD = """
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]


class Lead(Base):
    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None]
    title: Mapped[str | None]
    amount: Mapped[int | None]
    tenant: Mapped[int]


def run(owners: list[int], rows: list[tuple]) -> tuple:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Lead(owner_id=o, title=t, amount=a, tenant=n) for o, t, a, n in rows)
        session.add_all(Owner(id=i, name=t) for i, (o, t, a, n) in enumerate(rows))
        session.commit()
    told = []
    event.listen(engine, "before_cursor_execute", lambda *args: told.append(args[2]))
    with Session(engine) as session:
        return main(session, 1, owners), len(told)


def main(db: Session, tenant: int, owners: list[int]) -> list:
"""
ASKS = {
    "a count by a query": """
        found = []
        for owner in owners:
            count = db.query(Lead).filter(Lead.owner_id == owner, Lead.tenant == tenant).count()
            found.append(count)
        return found
        """,
    "sums by a query": """
        return [
            db.query(func.sum(Lead.amount)).filter(Lead.owner_id == owner).scalar()
            for owner in owners
        ]
        """,
    "the latest by a query": """
        found = []
        for owner in owners:
            lead = (
                db.query(Lead)
                .filter(Lead.tenant == tenant, Lead.owner_id == owner)
                .order_by(Lead.amount.desc(), Lead.id.desc())
                .first()
            )
            found.append(lead.title if lead else None)
        return found
        """,
    "all rows by keyword": """
        return [
            [lead.id for lead in db.query(Lead).filter_by(owner_id=owner).order_by(Lead.id).all()]
            for owner in owners
        ]
        """,
    "rows by key": """
        found = []
        for owner in owners:
            row = db.get(Owner, owner)
            found.append(row and row.name)
        return found
        """,
    "a statement and its result": """
        found = []
        for owner in owners:
            statement = select(Owner).where(Owner.id == owner)
            result = db.execute(statement)
            row = result.scalar_one_or_none()
            if row is not None:
                found.append((row.id, row.name))
        return found
        """,
    "the latest of a statement": """
        found = []
        for owner in owners:
            lead = db.execute(
                select(Lead).where(Lead.owner_id == owner).order_by(Lead.id.desc()).limit(1)
            ).scalar_one_or_none()
            found.append(lead.title if lead else None)
        return found
        """,
    "a count of a statement": """
        found = {}
        for owner in owners:
            found[owner] = db.scalar(
                select(func.count(Lead.id)).where(Lead.owner_id == owner, Lead.tenant == tenant)
            )
        return list(found.items())
        """,
    "one column": """
        return {
            owner: db.execute(select(Owner.name).where(Owner.id == owner)).scalar_one_or_none()
            for owner in owners
        }
        """,
    "all rows of a statement": """
        found = []
        for owner in owners:
            leads = db.scalars(
                select(Lead).where(Lead.owner_id == owner).order_by(Lead.amount, Lead.id)
            ).all()
            found.append([(lead.id, lead.title) for lead in leads])
        return found
        """,
    "a helper that asks twice": """
        found = []
        for owner in [row for row in db.query(Owner).order_by(Owner.id).all()]:
            found.append(told(db, owner))
        return found


        def told(db: Session, owner: Owner) -> dict:
            count = db.query(func.count(Lead.id)).filter(Lead.owner_id == owner.id).scalar()
            latest = (
                db.query(Lead).filter(Lead.owner_id == owner.id).order_by(Lead.id.desc()).first()
            )
            return {"count": count, "latest": latest.title if latest else None}
        """,
}
LAZY = """
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    leads: Mapped[list["Lead"]] = relationship(order_by="Lead.id", back_populates="owner")


class Lead(Base):
    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship(back_populates="leads")


def run() -> tuple:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Owner(name=f"o{n}", leads=[Lead() for _ in range(n)]) for n in range(20))
        session.commit()
    told = []
    event.listen(engine, "before_cursor_execute", lambda *args: told.append(args[2]))
    with Session(engine) as session:
        return main(session), len(told)


def main(db: Session) -> list:
"""
READS = {
    "a statement": """
        result = db.execute(select(Owner).order_by(Owner.id))
        found = []
        for owner in result.scalars().all():
            found.append((owner.name, [lead.id for lead in owner.leads]))
        return found
        """,
    "two relationships of a query": """
        leads = db.query(Lead).order_by(Lead.id).all()
        return [(lead.owner.name, len(lead.owner.leads)) for lead in leads]
        """,
    "behind a helper": """
        return [(lead.id, lead.owner.name) for lead in leads_of(db, 3)]


        def leads_of(db: Session, least: int) -> list[Lead]:
            query = db.query(Lead)
            query = query.filter(Lead.id > least)
            return query.order_by(Lead.id).all()
        """,
}


@pytest.mark.parametrize("body", READS.values(), ids=READS)
def test_relationships_come_with_the_rows(body: str):
    body, _, rest = body.partition("\n\n\n")
    code = LAZY + "    " + dedent(body).strip().replace("\n", "\n    ")
    made = pair(code + "\n\n\n" + dedent(rest))
    (before, was), (after, now) = made.before["run"](), made.after["run"]()
    assert (after, was > 10, now <= 3) == (before, True, True)


KEYS = st.integers(-1, 6)
ROWS = st.lists(
    st.tuples(
        st.none() | KEYS,
        st.none() | st.sampled_from(["", "Ann", "b'o", "ß"]),
        st.none() | st.integers(-3, 3),
        st.integers(1, 2),
    ),
    max_size=9,
)
QUERIES = 3  # that the last of these asks: the owners, the counts, the latest


@pytest.fixture(scope="module", params=ASKS)
def asked(request: pytest.FixtureRequest) -> Pair:
    body, _, rest = ASKS[request.param].partition("\n\n\n")
    code = HEAD + "    " + dedent(body).strip().replace("\n", "\n    ")
    return pair(code + "\n\n\n" + dedent(rest))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, owners=st.lists(KEYS, max_size=8))
def test_the_answers_are_the_same_for_any_rows(
    asked: Pair, rows: list[tuple[object, ...]], owners: list[int]
):
    before, _ = asked.before["run"](list(owners), rows)
    after, told = asked.after["run"](list(owners), rows)
    assert repr(after) == repr(before)
    assert told <= (QUERIES if "tolds" in asked.code else 1)
