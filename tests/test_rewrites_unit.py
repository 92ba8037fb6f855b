"""Moving whole blocks to a thread: what crosses their border, and what cannot move."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import printed, rewritten


def moved(body: str, head: str = "", **settings: object) -> str:
    """Return a coroutine's body after what blocks in it has moved to threads."""
    code = rewritten({"app.py": coroutine(body, head)}, "offload", **settings).files["app.py"]
    return dedent(code.partition("async def main():\n")[2].partition("\n\n\n")[0]).strip()


def coroutine(body: str, head: str = "") -> str:
    rows = "".join(f"    {row}\n" if row else "\n" for row in dedent(body).strip().split("\n"))
    return f"{dedent(head).lstrip()}\n\nasync def main():\n{rows}"


RUN = "\n\nimport asyncio\n\nasyncio.run(main())\n"


def same(tmp_path, body: str, head: str = "") -> str:
    """Run a coroutine before and after, demand the same output, and return the fixed code."""
    before = {"app.py": coroutine(body, head) + RUN}
    fixed = rewritten(before, "offload")
    assert not fixed.refused
    assert fixed.fixes
    one = printed(tmp_path / "one", before, "app.py")
    assert one == printed(tmp_path / "two", fixed.files, "app.py")
    assert one.strip()
    return fixed.files["app.py"]


def test_a_file_is_read_where_it_is_opened():
    body = """
        with open("a.txt") as f:  # all of it
            text = f.read()
        return text
    """

    assert (
        moved(body)
        == dedent("""
        def read_text():
            with open("a.txt") as f:  # all of it
                return f.read()

        text = await asyncio.to_thread(read_text)
        return text
    """).strip()
    )


def test_a_block_that_returns_becomes_what_is_returned():
    body = """
        name = "a.txt"
        with open(name) as f:
            if name:
                return f.read()
    """

    assert (
        moved(body)
        == dedent("""
        name = "a.txt"

        def main_sync():
            with open(name) as f:
                if name:
                    return f.read()

        return await asyncio.to_thread(main_sync)
    """).strip()
    )


def test_variables_that_the_block_changes_are_shared_or_returned(tmp_path):
    body = '''
        with open("a.txt", "w") as f:
            f.write("1\\n2\\n")
        total, last = 0, None
        with open("a.txt") as f:
            for row in f:
                total += int(row)
                last = row
            text = """
        as it is
            """
            size = len(text)
        print(total, last, size, repr(text))
    '''
    code = same(tmp_path, body)

    assert "nonlocal last, total" in code
    assert "size, text" in code or "text, size" in code
    assert '            text = """\n' in code


def test_a_block_is_moved_out_of_a_loop_round(tmp_path):
    body = """
        seen = []
        for name in ("a", "b"):
            with open(name, "w") as f:
                f.write(name * 2)
            with open(name) as f:
                data = f.read()
            seen.append(data)
        print(seen)
    """
    code = same(tmp_path, body)

    assert "data = await asyncio.to_thread(read_data)" in code


def test_a_connection_moves_with_all_that_uses_it(tmp_path):
    body = """
        conn = sqlite3.connect("a.db")
        cursor = conn.cursor()
        cursor.execute("create table t (x)")
        for value in (1, 2, 3):
            conn.execute("insert into t values (?)", (value,))
        conn.commit()
        rows = cursor.execute("select x from t order by x").fetchall()
        conn.close()
        print([row[0] for row in rows])
    """
    code = same(tmp_path, body, "import sqlite3\n")

    assert code.count("await ") == 1
    assert "conn.close()\n        return rows" in code


def test_a_single_call_of_an_object_that_is_there_needs_no_function():
    head = """
        from sqlalchemy.orm import Session
        import asyncio

        session: Session
    """

    assert moved("session.commit()", head) == "await asyncio.to_thread(session.commit)"
    assert moved("session.execute(text())", head).startswith("def ")


def test_a_connection_that_is_used_after_other_work_stays():
    body = """
        conn = sqlite3.connect("a.db")
        await other()
        return conn.execute("select 1").fetchone()
    """
    head = "import sqlite3\n\nfrom other import other\n"
    files = {"app.py": coroutine(body, head), "other.py": "async def other(): ...\n"}
    fixed = rewritten(files, "offload")

    assert fixed.files == files
    assert "used beyond the block" in " ".join(fixed.refused)


def test_a_property_is_read_in_a_thread(tmp_path):
    head = """
        import time


        class Box:
            @property
            def size(self):
                time.sleep(0.01)
                return 3


        box = Box()
        """
    code = same(tmp_path, "print(box.size, box.size.real)", head)

    assert "print(await asyncio.to_thread(lambda: box.size), (await " in code


def test_equal_reads_of_one_function_move_together():
    head = """
        import shelve

        from other import other

        shelf = shelve.open("s")
        """
    body = """
        if "a" in shelf:
            await other(shelf["a"])
        elif "b" in shelf:
            shelf["a"] = 1
        return shelf["a"]
    """
    files = {"app.py": coroutine(body, head), "other.py": "async def other(x): ...\n"}
    fixed = rewritten(files, "offload")
    code = fixed.files["app.py"]

    assert 'if await asyncio.to_thread(lambda: "a" in shelf):' in code
    assert 'elif await asyncio.to_thread(lambda: "b" in shelf):' in code
    assert 'await other(await asyncio.to_thread(lambda: shelf["a"]))' in code
    assert 'return await asyncio.to_thread(lambda: shelf["a"])' in code
    assert not fixed.refused


def test_what_a_loop_iterates_over_is_collected_in_a_thread(tmp_path):
    head = """
        import time


        def numbers(last):
            for number in range(last):
                time.sleep(0.01)
                yield number
        """
    body = """
        for number in numbers(3):
            print(number)
        print([each * 2 for each in numbers(2)], sum(each for each in numbers(4)))
        print(list(numbers(2)))
    """
    code = same(tmp_path, body, head)

    assert "for number in await asyncio.to_thread(list, numbers(3)):" in code
    assert "[each * 2 for each in await asyncio.to_thread(list, numbers(2))]" in code
    assert "print(await asyncio.to_thread(list, numbers(2)))" in code


def test_a_loop_that_may_stop_early_moves_as_a_whole(tmp_path):
    head = """
        import itertools
        import time


        def numbers():
            for number in itertools.count():
                time.sleep(0.01)
                yield number
        """
    body = """
        found = []
        for number in numbers():
            found.append(number)
            if number > 2:
                break
        print(found)
    """
    code = same(tmp_path, body, head)

    assert "await asyncio.to_thread(wait)" in code


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("with open('a') as f:\n    await other(f)", "has `await` in it"),
        ("with open('a') as f:\n    yield f.read()", "has `yield` in it"),
        ("with open('a') as f:\n    if f:\n        return 1\nprint()", "a `return` leads out"),
        ("for x in y:\n    with open(x) as f:\n        break", "a `break` leads out"),
        ("with open('a') as f:\n    if f:\n        z = 1\nprint(z)", "may have no value"),
        ("with open('a') as f:\n    print(locals())", "means something else"),
        ("with open('a') as f:\n    g = next(f)", "`next` without a default"),
    ],
)
def test_a_block_that_cannot_move_is_left_with_the_reason(body, reason):
    files = {"app.py": coroutine(body, "from other import other, y\n")}
    fixed = rewritten(files, "offload")

    assert fixed.files == files
    assert reason in " ".join(fixed.refused)


def test_a_function_that_needs_the_running_loop_stays_on_it():
    code = """
        import asyncio
        import time


        def start():
            time.sleep(1)
            return asyncio.get_running_loop().create_future()


        async def main():
            return start()
    """
    fixed = rewritten({"app.py": dedent(code)}, "offload")

    assert "`get_running_loop`, which needs the running loop" in " ".join(fixed.refused)


def test_a_method_that_is_called_like_what_needs_the_loop_may_move():
    recorder = """
        import time


        class Recorder:
            def create_task(self, name):
                time.sleep(1)

            def update(self):
                self.create_task("a")
    """

    assert moved("Recorder().update()", recorder) == "await asyncio.to_thread(Recorder().update)"
    loop = recorder.replace("self.create_task", "asyncio.create_task")
    assert moved("Recorder().update()", loop) == "Recorder().update()"


def test_a_coroutine_that_a_plain_function_makes_is_not_made_in_a_thread():
    code = """
        import time


        async def work(): ...


        def prepared():
            time.sleep(1)
            return work()


        async def main():
            await prepared()
    """
    fixed = rewritten({"app.py": dedent(code)}, "offload")

    assert fixed.files["app.py"] == dedent(code)
    assert "await" in " ".join(fixed.refused)


def test_a_context_manager_around_awaits_is_entered_in_fastapis_threads():
    code = """
        import time
        from contextlib import contextmanager

        from fastapi import FastAPI

        app = FastAPI()


        @contextmanager
        def scope():
            time.sleep(1)
            yield 1


        @app.get("/")
        async def main():
            with scope() as number:
                return await other(number)


        async def other(number):
            return number
    """
    fixed = rewritten({"app.py": dedent(code)}, "offload").files["app.py"]

    assert "async with contextmanager_in_threadpool(scope()) as number:" in fixed
    assert "from fastapi.concurrency import contextmanager_in_threadpool\n" in fixed


def test_a_call_that_becomes_too_long_is_put_on_rows():
    head = "import subprocess\n"
    body = f"subprocess.run({'a' * 30}, capture_output=True, cwd={'b' * 20})"

    assert (
        moved(body, head)
        == dedent(f"""
        await asyncio.to_thread(
            subprocess.run, {"a" * 30}, capture_output=True, cwd={"b" * 20}
        )
    """).strip()
    )
