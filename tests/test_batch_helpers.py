"""Helpers that loops ask through: what they catch, prepare, join and test stays as it was."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest
from batching import Pair, outcome, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewriting import rewritten

pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")

HEAD = """
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import and_, create_engine, event, or_, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Lead(Base):  # what a seller follows
    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None]


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int | None]
    owner: Mapped[str | None]


@dataclass
class Model:
    id: int
    text: str

    @classmethod
    def of(cls, row) -> "Model":
        return cls(row.id, row.title.upper())


ENGINE, told, logged = create_engine("sqlite://"), [], []


@contextmanager
def session_of(db: Session | None = None):
    if db is not None:
        yield db
    else:
        with Session(ENGINE) as session:
            yield session


def run(keys: list, rows: list[tuple]) -> tuple:
    Base.metadata.drop_all(ENGINE)
    Base.metadata.create_all(ENGINE)
    logged.clear()
    with Session(ENGINE) as session:
        session.add_all(Lead(id=n, title=row[0]) for n, row in enumerate(rows))
        session.add_all(Note(lead_id=key, owner=owner) for _, key, owner in rows)
        session.commit()
    told.clear()
    answer = main(Leads(), keys)
    return answer, list(logged), len(told)


event.listen(ENGINE, "before_cursor_execute", lambda *args: told.append(args[2]))


class Leads:
"""
TRIED = """
    def lead(self, id: int | None = None, db: Session | None = None) -> Model | None:
        try:
            with session_of(db) as db:
                result = db.execute(select(Lead).filter_by(id=id))
                lead = result.scalars().first()
                if not lead:
                    return None
                return Model.of(lead)
        except Exception as error:
            {caught}


def main(leads: Leads, keys: list[int]) -> list:
    found = []
    for key in keys:
        found.append((key, leads.lead(key)))
    return found
"""
SHAPES = {
    "an error becomes nothing": TRIED.format(caught="return None"),
    "an error is told": TRIED.format(
        caught='logged.append(f"{id}: {error}")\n            return Model(0, "none")'
    ),
    "an error has no answer": TRIED.format(caught='logged.append("an error")'),
    "an error is another one": TRIED.format(caught='raise KeyError("broken") from error'),
    "rows of a joined model": """
        def leads_of(self, owner: str, db: Session | None = None) -> list[Model]:
            with session_of(db) as db:
                result = db.execute(
                    select(Lead)
                    .join(Note, Note.lead_id == Lead.id)
                    .where(Note.owner == owner)
                    .order_by(Lead.id, Note.id)
                )
                return [(lead.id, lead.title) for lead in result.scalars().all()]


    def main(leads: Leads, keys: list[int]) -> list:
        names = [str(key) for key in keys]
        return [leads.leads_of(name) for name in names]
    """,
    "conditions that are the same for all": """
        def has(self, owner: str, lead_id: int, names: set | None = None) -> bool:
            with session_of() as db:
                conditions = [Note.owner == owner, and_(Note.owner == "0", Note.id > 1)]
                if names is None:
                    rows = db.execute(select(Note).where(Note.owner == "1")).scalars().all()
                    names = {row.owner for row in rows}
                if names:
                    conditions.append(Note.owner.in_(names))
                result = db.execute(
                    select(Note).where(Note.lead_id == lead_id, or_(*conditions)).limit(1)
                )
                note = result.scalars().first()
                return note is not None


    def main(leads: Leads, keys: list[int]) -> list:
        return [leads.has("2", key) for key in keys]
    """,
    "keys that may be nothing": """
        def notes(self, lead_id, db: Session | None = None) -> list:
            with session_of(db) as db:
                rows = db.execute(select(Note).where(Note.lead_id == lead_id)).scalars().all()
                return [(row.id, row.owner) for row in rows]


    def main(leads: Leads, keys: list) -> list:
        keys = [key if key else None for key in keys]
        return [leads.notes(key) for key in keys]
    """,
    "fields of items under tests": """
        def lead(self, id: int, db: Session | None = None) -> tuple | None:
            with session_of(db) as db:
                lead = db.get(Lead, id)
                return (lead.id, lead.title) if lead else None


    def main(leads: Leads, keys: list[int]) -> list:
        items = [{"kind": "lead", "id": key} if key % 3 else {"kind": "note"} for key in keys]
        found, seen = [], set()
        for item in items:
            key = item.get("id")
            if item.get("kind") == "note":
                found.append("a note")
            elif key not in seen:
                found.append(leads.lead(key))
                seen.add(key)
        return found
    """,
}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),  # a title of None is an error of the model
        st.none() | st.integers(0, 5),
        st.none() | st.sampled_from(["0", "1", "2"]),
    ),
    max_size=8,
)


@pytest.fixture(scope="module", params=SHAPES)
def shaped(request: pytest.FixtureRequest) -> Pair:
    text = dedent(SHAPES[request.param]).strip("\n")
    return pair(HEAD + (text if text.startswith(" ") else indent_class(text)))


def indent_class(text: str) -> str:
    """Indent the methods of a class, up to the function behind it."""
    methods, _, rest = text.partition("\n\n\n")
    return f"{indent(methods, '    ')}\n\n\n{rest}"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, keys=st.lists(st.integers(0, 6), max_size=7))
def test_what_a_helper_gives_is_the_same_for_any_rows(
    shaped: Pair, rows: list[tuple[object, ...]], keys: list[int]
):
    kind, before = outcome(lambda: shaped.before["run"](list(keys), rows)[:2])
    assert outcome(lambda: shaped.after["run"](list(keys), rows)[:2]) == (kind, before)
    assert len(shaped.after["told"]) <= 2


def test_a_query_that_fails_is_the_answer_of_all():
    made = pair(
        HEAD.replace("with Session(ENGINE)", "with Session(broken)", 1)
        + TRIED.format(caught='logged.append(f"{id}")\n            return None').replace(
            "\ndef main", "\nbroken = create_engine('sqlite:////none/x.db')\n\n\ndef main"
        )
    )
    for names in (made.before, made.after):
        assert names["main"](names["Leads"](), [3, 1, 3]) == [(3, None), (1, None), (3, None)]
        assert set(names["logged"]) == {"3", "1"}


REFUSED = {
    "a handler raises for some": (
        TRIED.format(caught="if id:\n                raise\n            return None"),
        "an error is raised again for some items",
    ),
    "a handler tells what was made": (
        TRIED.format(caught="return result"),
        "a handler uses what is made for one item, or waits",
    ),
    "what is prepared is the caller's": (
        """
        def has(self, lead_id: int, seen: list) -> bool:
            with session_of() as db:
                seen.append(1)
                found = select(Note).where(Note.lead_id == lead_id, Note.id.in_(seen))
                return db.execute(found).scalars().first() is not None


        def main(leads: Leads, keys: list[int]) -> list:
            seen = []
            return [leads.has(key, seen) for key in keys]
        """,
        "the query is made of `seen`, as the item is",
    ),
    "a loop in a loop": (
        """
        def lead(self, id: int) -> object:
            with session_of() as db:
                return db.get(Lead, id)


        def main(leads: Leads, keys: list[list[int]]) -> list:
            found = []
            for some in keys:
                for key in some:
                    found.append(leads.lead(key))
            return found
        """,
        "the loop stands in another one, which would ask for each of its items",
    ),
    "a key that a test needs, which the loop changes": (
        """
        def lead(self, id: int) -> object:
            with session_of() as db:
                return db.get(Lead, id)


        def main(leads: Leads, keys: list[dict]) -> list:
            found, seen = [], set()
            for key in keys:
                if key["id"] in seen:
                    found.append(leads.lead(key["lead"]["id"]))
                seen.add(key["id"])
            return found
        """,
        "not every item asks, and the others may have no such key",
    ),
}


@pytest.mark.parametrize(("code", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_may_differ_is_left_with_its_reason(code: str, reason: str):
    text = dedent(code).strip("\n")
    files = {"app.py": HEAD + (text if text.startswith(" ") else indent_class(text))}
    made = rewritten(files, group="batching")
    assert made.files == files
    assert set(made.refused) == {reason}


def test_lookups_by_the_same_key_share_the_list_of_keys():
    text = """
    def title(self, id: int) -> str | None:
        with session_of() as db:
            lead = db.get(Lead, id)
            return lead.title if lead else None

    def note(self, lead_id: int) -> str | None:
        with session_of() as db:
            note = db.execute(select(Note).where(Note.lead_id == lead_id)).scalars().first()
            return note.owner if note else None


def main(leads: Leads, keys: list[int]) -> list:
    rows = [Note(lead_id=key) for key in keys]
    found = []
    for row in rows:
        found.append(leads.title(row.lead_id))
        found.append(leads.note(row.lead_id))
    return found
"""
    made = pair(HEAD + text.lstrip("\n"))
    assert made.code.count("[row.lead_id for row in rows]") == 1
    for names in (made.before, made.after):
        assert names["run"]([1, 0, 1], [("a", 1, "x"), ("b", 0, None)])[0] == [
            "b",
            "x",
            "a",
            None,
            "b",
            "x",
        ]
