"""Asks one endpoint of a fixture application, from within its folder; prints what it gave as JSON.

    python batching_probe.py ENDPOINT ITEMS LATENCY DATABASE

LATENCY is in seconds; each statement to SQLite, and each answer of the language model, takes that
long. What PostgreSQL is asked passes through whoever listens at the URL given as DATABASE.
"""

# ruff: noqa: PLC0415, ANN401 - an application is imported once its environment is set

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 3
sys.path.insert(0, str(Path.cwd()))
TOLD: list[str] = []


def main() -> None:
    """Seed the application, ask it some times, and print the median and one answer."""
    name, items, latency, database = sys.argv[1:]
    ask, mark = ENDPOINTS[name](int(items), float(latency), database)
    ask()
    seconds, queries = [], 0
    for _ in range(RUNS):
        TOLD.clear()
        mark("begin")
        start = time.perf_counter()
        answer = ask()
        seconds.append(time.perf_counter() - start)
        mark("end")
        queries = sum(each.lstrip().upper().startswith("SELECT") for each in TOLD)
    print(json.dumps({"seconds": median(seconds), "queries": queries, "answer": answer}))


Asking = tuple["Callable[[], Any]", "Callable[[str], object]"]


def customers(items: int, latency: float, database: str) -> Asking:
    """Ask the CRM for what it knows about customers."""
    folder = tempfile.mkdtemp()
    os.environ["DATABASE_URL"] = database or f"sqlite:///{folder}/crm.db"
    os.environ["DATABASE_SCHEMA"] = "public"
    if not database:
        _trace(latency)
    from app.core.database import engine
    from app.main import app
    from app.models import Base, Call, Customer, Lead, Tenant
    from sqlalchemy import insert
    from starlette.testclient import TestClient

    chance = random.Random(7)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with engine.begin() as conn:
        for tenant in (1, 2):
            row = {"id": tenant, "name": "t", "api_key": f"key-{tenant}", "is_active": True}
            conn.execute(insert(Tenant.__table__), [row])
        people = [
            {"id": n, "tenant_id": 1, "name": f"c{n}", "phone": "1"} for n in range(1, items + 1)
        ]
        conn.execute(insert(Customer.__table__), people)
        rows = [
            {
                "tenant_id": chance.choice((1, 1, 2)),
                "customer_id": chance.randint(1, items),
                "title": f"t{n}",
                "status": chance.choice(("new", "lost")),
            }
            for n in range(items * 3)
        ]
        conn.execute(insert(Lead.__table__), rows)
        for row in rows:
            del row["title"]
        conn.execute(insert(Call.__table__), rows)
    client = TestClient(app, headers={"X-Tenant-Key": "key-1"})
    client.__enter__()

    def mark(word: str) -> None:
        if database:
            with engine.connect() as conn:
                conn.exec_driver_sql(f"SELECT 'asyncfix {word}'")

    return lambda: _json(client.get("/customers/intelligence", params={"limit": items})), mark


def profiles(items: int, latency: float, _database: str) -> Asking:
    """Ask the grants platform for profiles with the number of their opportunities."""
    folder = Path(tempfile.mkdtemp())
    os.environ["GRANTS_DB_PATH"] = str(folder / "grants.db")
    os.environ["GRANTS_CACHE_DIR"] = str(folder / "cache")
    os.environ["GRANTS_EXPORT_DIR"] = str(folder / "exports")
    _trace(latency)
    from app.main import app
    from starlette.testclient import TestClient

    client = TestClient(app)
    client.__enter__()
    chance = random.Random(7)
    for number in range(items):
        made = client.post("/profiles", json={"name": f"p{number}", "focus_areas": ["a"]}).json()
        found = [{"title": f"o{n}", "funder": "f"} for n in range(chance.choice((0, 0, 1, 3)))]
        if found:
            client.post("/opportunities/import", json={"profile_id": made["id"], "items": found})
    answer = lambda: _json(client.get("/profiles", params={"limit": items}))  # noqa: E731
    return lambda: _without(answer(), "created_at", "updated_at"), lambda _word: None


def leads(items: int, _latency: float, database: str) -> Asking:
    """Ask the lead service for scored leads."""
    os.environ["LEADS_TEST_DATABASE_URL"] = os.environ["LEADS_DATABASE_URL"] = database
    from leads_service.config import settings
    from leads_service.main import create_app
    from starlette.testclient import TestClient

    from tests import database as own

    settings.database_url, settings.database_schema = database, own.SCHEMA
    own.create()
    own.seed(count=items, city="")
    client = TestClient(create_app(), headers={"X-Business-Id": "acme"})
    client.__enter__()

    async def say(word: str) -> None:
        connection = await own.asyncpg.connect(database)
        await connection.execute(f"SELECT 'asyncfix {word}'")
        await connection.close()

    def mark(word: str) -> None:
        asyncio.run(say(word))

    return lambda: _json(client.get("/api/leads", params={"page_size": items})), mark


def insights(items: int, latency: float, _database: str) -> Asking:
    """Ask the deals API for what a language model says about people."""
    from tests import fakes

    fakes.install()
    from app.main import app
    from starlette.testclient import TestClient

    client = TestClient(app)
    client.__enter__()
    deal = client.post(
        "/api/v1/deals", json={"name": "Sun", "company": "He", "amount": 5, "owner": "dana"}
    ).json()
    people = f"/api/v1/deals/{deal['id']}/stakeholders"
    for number in range(items):
        person = {"name": f"Person {number}", "role": "CFO", "influence": number % 10 + 1}
        client.post(people, json={**person, "email": f"p{number}@he.example"})
    fakes.model.reset(latency=latency)
    answer = lambda: _json(client.get(f"{people}/insights"))["insights"]  # noqa: E731
    return lambda: [_without(each, "stakeholder_id") for each in answer()], lambda _word: None


def _json(response: Any) -> Any:
    response.raise_for_status()
    return response.json()


def _without(answer: Any, *names: str) -> Any:
    """Leave out what differs from run to run."""
    if isinstance(answer, dict):
        return {k: _without(v, *names) for k, v in answer.items() if k not in names}
    return [_without(each, *names) for each in answer] if isinstance(answer, list) else answer


def _trace(latency: float) -> None:
    """Let SQLite tell each statement that it runs, and take its time."""
    plain = sqlite3.connect

    def told(statement: str) -> None:
        TOLD.append(statement)
        if statement.lstrip().upper().startswith("SELECT"):
            time.sleep(latency)

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        conn = plain(*args, **kwargs)
        conn.set_trace_callback(told)
        return conn

    sqlite3.connect = sqlite3.dbapi2.connect = connect


ENDPOINTS = {
    "customers": customers,
    "profiles": profiles,
    "leads": leads,
    "insights": insights,
}

if __name__ == "__main__":
    main()
