"""Waits for threads and processes, long computation, and what merely looks like either."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from asyncfix.findings import Severity

HEAD = """
import asyncio, hashlib, io, multiprocessing, os, queue, subprocess, threading, zlib
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
from multiprocessing.pool import ThreadPool

import bcrypt as hashes
import filelock
import pandas as pd
from argon2 import PasswordHasher
from passlib.context import CryptContext
from passlib.hash import argon2
from PIL import Image

context, pool = CryptContext(schemes=["bcrypt"]), ThreadPoolExecutor()
lock, gate = threading.Lock(), asyncio.Lock()

class Worker(threading.Thread):
    def stop(self):
        self.join(timeout=5)

class Jobs:
    def __init__(self):
        self.waiting: "queue.Queue[int]" = queue.Queue()

    def take(self):
        return self.waiting.get(timeout=30)

class Users:
    def __init__(self):
        self.context = context

    def knows(self, given, kept):
        return self.context.verify(given, kept)

jobs, users, worker = Jobs(), Users(), Worker()

def work(number=0):
    return number

async def other():
    return 1

async def handler(names: list, data: bytes, path: str):
"""


@pytest.fixture
def found(places):
    """Return the code of the findings that a rule has in the body of a coroutine."""

    def run(body, rule, **settings):
        app = HEAD + indent(dedent(body).strip(), "    ") + "\n"
        return places({"app.py": app}, select=(rule,), **settings)

    return run


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        ("pool.submit(work).result()", ["pool.submit(work).result()"]),
        ("pool.submit(work).exception(3)", ["pool.submit(work).exception(3)"]),
        (
            "futures = [pool.submit(work) for _ in names]\n[f.result() for f in futures]",
            ["f.result()"],
        ),
        (
            "for f in as_completed([pool.submit(work)]):\n    f.result()",
            ["as_completed([pool.submit(work)])"],
        ),
        ("wait([pool.submit(work)])", ["wait([pool.submit(work)])"]),
        (
            "f = asyncio.run_coroutine_threadsafe(other(), asyncio.get_running_loop())\nf.result()",
            ["f.result()"],
        ),
        ("list(pool.map(work, names))", ["pool.map(work, names)"]),
        ("pool.shutdown()", ["pool.shutdown()"]),
        ("with ThreadPoolExecutor() as own:\n    own.submit(work)", ["ThreadPoolExecutor()"]),
        ("worker.stop()\nworker.join()", ["worker.stop()", "worker.join()"]),
        (
            "ts = [threading.Thread(target=work) for _ in names]\nfor t in ts:\n    t.join()",
            ["t.join()"],
        ),
        ("threading.Timer(1, work).join(2)", ["threading.Timer(1, work).join(2)"]),
        ("jobs.take()", ["jobs.take()"]),
        ("q = queue.PriorityQueue()\nq.get()\nq.join()", ["q.get()", "q.join()"]),
        ("q = queue.SimpleQueue()\nq.get(True, 3)", ["q.get(True, 3)"]),
        ("e = threading.Event()\ne.wait()\ne.wait(1.5)", ["e.wait()", "e.wait(1.5)"]),
        ("lock.acquire()\nlock.acquire(timeout=3)", ["lock.acquire()", "lock.acquire(timeout=3)"]),
        ("c = threading.Condition()\nwith c:\n    c.wait_for(work)", ["c.wait_for(work)"]),
        ("threading.Barrier(2).wait()", ["threading.Barrier(2).wait()"]),
        ("threading.BoundedSemaphore(2).acquire()", ["threading.BoundedSemaphore(2).acquire()"]),
        (
            "p = subprocess.Popen(['a'])\np.wait()\np.communicate()",
            ["p.wait()", "p.communicate()"],
        ),
        (
            "p = multiprocessing.Process(target=work)\np.start()\np.join()",
            ["p.join()"],
        ),
        ("q = multiprocessing.Queue()\nq.put(1)\nq.get()", ["q.put(1)", "q.get()"]),
        ("a, b = multiprocessing.Pipe()\na.recv()\nb.poll(3)", ["a.recv()", "b.poll(3)"]),
        (
            (
                "with multiprocessing.Pool() as p:\n"
                "    p.map(work, names)\n    p.apply_async(work).get()"
            ),
            ["p.map(work, names)", "p.apply_async(work).get()"],
        ),
        (
            "for x in ThreadPool(3).imap(work, names):\n    print(x)",
            ["ThreadPool(3).imap(work, names)"],
        ),
        (
            (
                "ctx = multiprocessing.get_context('spawn')\n"
                "ctx.Process(target=work).join()\nctx.Queue().get()"
            ),
            ["ctx.Process(target=work).join()", "ctx.Queue().get()"],
        ),
        ("with filelock.FileLock(path):\n    pass", ["filelock.FileLock(path)"]),
    ],
)
def test_a_wait_for_a_thread_or_process_is_found(found, body, waits):
    assert found(body, "blocking-wait") == waits


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.wrap_future(pool.submit(work))",
        "f = pool.submit(work)\nif f.done():\n    f.result()",
        "f = pool.submit(work)\nf.result(timeout=0)",
        "pool.submit(work).add_done_callback(lambda f: print(f.result()))",
        "await asyncio.to_thread(lambda: pool.submit(work).result())",
        (
            "loop = asyncio.get_running_loop()\nf = loop.run_in_executor(None, work)\n"
            "await asyncio.wait([f])\nf.result()"
        ),
        (
            "with ThreadPoolExecutor() as own:\n"
            "    await asyncio.get_running_loop().run_in_executor(own, work)"
        ),
        "pool.shutdown(wait=False)\npool.shutdown(False)",
        "task = asyncio.create_task(other())\nawait task\ntask.result()\ntask.exception()",
        (
            "worker.start()\nworker.is_alive()\n"
            "worker.join(0)\n', '.join(names)\nos.path.join(path, path)"
        ),
        "q = queue.Queue()\nq.get(False)\nq.get(timeout=0)\nq.get_nowait()\nq.put_nowait(1)",
        "q = asyncio.Queue()\nawait q.get()\nawait q.join()\nq.get_nowait()",
        "e = threading.Event()\ne.wait(0)\ne.wait(timeout=0)\ne.is_set()\ne.set()",
        "e = asyncio.Event()\nawait e.wait()",
        (
            "lock.acquire(False)\nlock.acquire(blocking=False)\n"
            "lock.acquire(timeout=0)\nlock.acquire(True, 0)"
        ),
        "lock.locked()\nlock.release()\nasync with gate:\n    pass",
        "p = subprocess.Popen(['a'])\np.poll()\np.wait(timeout=0)\np.terminate()",
        "p = await asyncio.create_subprocess_exec('a')\nawait p.wait()\nawait p.communicate()",
        "a, b = multiprocessing.Pipe()\na.poll()\na.poll(0)\nb.send(1)",
        (
            "with multiprocessing.Pool() as p:\n    p.apply_async(work)\n"
            "    p.imap(work, names)\n    p.close()"
        ),
        "filelock.FileLock(path).acquire(timeout=0)",
    ],
)
def test_what_does_not_wait_or_is_awaited_is_left_alone(found, body):
    assert found(body, "blocking-wait") == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("with lock:\n    pass", ["lock"]),
        ("queue.Queue(maxsize=3).put(1)", ["queue.Queue(maxsize=3).put(1)"]),
        (
            "f = pool.submit(work)\nwhile not f.done():\n    await asyncio.sleep(1)\nf.result()",
            ["f.result()"],
        ),
    ],
)
def test_what_seldom_waits_for_long_is_information(found, body, told):
    assert found(body, "blocking-wait") == []
    assert found(body, "blocking-wait", severity=Severity.INFO) == told


COMPUTES = [
    ("users.knows('a', 'b')", ["users.knows('a', 'b')"]),
    ("context.hash('a')", ["context.hash('a')"]),
    ("hashes.hashpw(data, hashes.gensalt())", ["hashes.hashpw(data, hashes.gensalt())"]),
    ("argon2.using(rounds=9).hash('a')", ["argon2.using(rounds=9).hash('a')"]),
    ("PasswordHasher().verify('a', 'b')", ["PasswordHasher().verify('a', 'b')"]),
    (
        "hashlib.scrypt(data, salt=data, n=2, r=1, p=1)",
        ["hashlib.scrypt(data, salt=data, n=2, r=1, p=1)"],
    ),
    ("zlib.compress(data)", ["zlib.compress(data)"]),
    ("image = Image.open(io.BytesIO(data))\nimage.resize((9, 9))", ["image.resize((9, 9))"]),
    ("frame = pd.DataFrame(data)\nframe.merge(frame)", ["frame.merge(frame)"]),
    ("pd.DataFrame(data).groupby('a').sum()", ["pd.DataFrame(data).groupby('a').sum()"]),
]


@pytest.mark.parametrize(("body", "told"), COMPUTES)
def test_computation_is_information_for_those_who_ask_for_it(found, body, told):
    assert found(body, "blocking-cpu", severity=Severity.INFO) == told
    assert found(body, "blocking-cpu") == []


@pytest.mark.parametrize(("body", "told"), COMPUTES)
def test_computation_is_not_told_unless_asked_for(found, body, told):
    assert set(told).isdisjoint(found(body, "ALL", severity=Severity.INFO))


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.to_thread(hashes.checkpw, data, data)",
        "await asyncio.get_running_loop().run_in_executor(pool, users.knows, 'a', 'b')",
        "hashes.gensalt()\ncontext.identify('a')\ncontext.needs_update('a')",
        "PasswordHasher().check_needs_rehash('a')",
        "hashlib.sha256(data).hexdigest()\nzlib.crc32(data)",
        "image = Image.open(io.BytesIO(data))\nimage.size\nimage.copy()",
        "frame = pd.DataFrame(data)\nframe.head()\nframe.groupby('a')\nframe.columns",
        "def hashpw(given, salt):\n    return given\nhashpw(data, data)",
    ],
)
def test_quick_computation_and_threads_are_left_alone(found, body):
    assert found(body, "blocking-cpu", severity=Severity.INFO) == []
