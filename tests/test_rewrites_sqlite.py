"""SQLite connections per query become one for each thread; what they see is what they saw."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import needs
from serving import lifecycle, told

HEAD = """
import sqlite3
from contextlib import contextmanager

from fastapi import FastAPI

app = FastAPI()

"""
STORE = '''
class Notes:
    def __init__(self, path):
        self.path = path

    def _connect(self):
        """Open the file."""
        conn = sqlite3.connect(self.path, timeout=30)
        # rows by name
        conn.row_factory = sqlite3.Row
        return conn

    @contextmanager
    def transaction(self):
        conn = self._connect()
        try:
            yield conn
            conn.commit()
        except sqlite3.Error:
            conn.rollback()
            raise
        finally:
            conn.close()

    def create(self):
        with self.transaction() as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text UNIQUE)")

    def add(self, *texts):
        with self._connect() as conn:
            for text in texts:
                conn.execute("INSERT INTO notes (text) VALUES (?)", (text,))

    def forgotten(self, text):
        conn = self._connect()
        try:
            conn.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        finally:
            conn.close()

    def texts(self):
        return [row["text"] for row in self._connect().execute("SELECT text FROM notes")]

    def each(self):
        conn = self._connect()
        try:
            for row in conn.execute("SELECT text FROM notes ORDER BY id"):
                yield row["text"]
        finally:
            conn.close()


notes = Notes("notes.db")


@app.get("/")
def read():
    return notes.texts()
'''
ASKED = """
import json, pathlib, sqlite3, threading
pathlib.Path("notes.db").unlink(missing_ok=True)
opened, connect = [], sqlite3.connect

def counted(*args, **given):
    opened.append(threading.get_ident())
    return connect(*args, **given)

sqlite3.connect = counted
import app

notes = app.notes
notes.create()
notes.add("a", "b")
try:
    notes.add("c", "a")
except sqlite3.IntegrityError:
    pass
notes.forgotten("d")
found = [notes.texts(), list(notes.each())]
threads = [threading.Thread(target=notes.add, args=(f"t{n}",)) for n in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
for number in range(20):
    notes.texts()
print(json.dumps([len(opened), len(set(opened)), found, sorted(notes.texts())]))
"""


def test_a_thread_keeps_its_connection_and_what_it_left_open_is_undone(tmp_path):
    needs("fastapi", "httpx")
    lifecycle(tmp_path, {"app.py": HEAD + STORE}, strategy="none")
    before = told(tmp_path, ASKED)

    done = lifecycle(tmp_path, {"app.py": HEAD + STORE})

    assert not done.reasons
    after = told(tmp_path, ASKED)
    assert after[2:] == before[2:]
    assert after[2] == [["a", "b"], ["a", "b"]]
    assert before[0] == 34
    assert after[0] == 9
    assert lifecycle(tmp_path, done.files).files == done.files


def test_the_function_looks_first_whether_there_is_one(tmp_path):
    done = lifecycle(tmp_path, {"app.py": HEAD + STORE})

    assert '''
_connections = threading.local()


class Notes:
    def __init__(self, path):
        self.path = path

    def _connect(self):
        """Open the file."""
        kept = vars(_connections)
        if self.path not in kept:
            conn = sqlite3.connect(self.path, timeout=30)
            # rows by name
            conn.row_factory = sqlite3.Row
            conn.execute("PRAGMA journal_mode = WAL")
            kept[self.path] = conn
        return kept[self.path]
''' in done.files["app.py"]


REFUSED = {
    "a use within a use": (
        """
            def both(self):
                with self._connect() as conn:
                    conn.execute("DELETE FROM notes")
                    return self.texts()
        """,
        "within the use of another",
    ),
    "a use within what a manager hands out": (
        """
            def both(self):
                with self.transaction() as conn:
                    conn.execute("DELETE FROM notes")
                    self.add("e")
        """,
        "within the use of another",
    ),
    "a connection that is never closed": (
        """
            def write(self):
                conn = self._connect()
                conn.execute("DELETE FROM notes")
        """,
        "to undo what it wrote",
    ),
    "a write in passing": (
        """
            def write(self, sql):
                self._connect().execute(sql)
        """,
        "to undo what it wrote",
    ),
    "others that run meanwhile": (
        """
            async def write(self):
                with self._connect() as conn:
                    conn.execute("DELETE FROM notes")
                    await self.later()
            async def later(self): ...
        """,
        "lets others run",
    ),
    "a setting for one use": (
        """
            def plain(self):
                with self._connect() as conn:
                    conn.row_factory = None
                    return conn.execute("SELECT 1").fetchall()
        """,
        "for its own use",
    ),
}


@pytest.mark.parametrize(("method", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_a_kept_connection_would_change_is_refused(tmp_path, method, reason):
    code = STORE.replace(
        "\n\n\nnotes = ",
        "\n" + "".join(f"    {row}\n" for row in dedent(method).splitlines()) + "\n\nnotes = ",
    )
    files = {"app.py": HEAD + code}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons
