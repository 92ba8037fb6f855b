"""requests becomes httpx: what is written, what is refused, and that both get the same answers."""

from __future__ import annotations

import json
import socket
import threading
from textwrap import dedent

import pytest
from answering import Answering, listening
from conftest import needs
from rewriting import printed, rewritten

BOTH = ("requests", "httpx")
needs(*BOTH)

HEAD = "import asyncio\n\nimport httpx\nimport requests\n\n\n"
TAIL = "\n\nasyncio.run(main())\nhttpx.Limits()\n"


class Echo(Answering):
    """Answers with what it was sent, in the status that the path names."""

    def _answer(self):
        status = int(self.path.strip("/").partition("/")[0].partition("?")[0] or 200)
        told = {"method": self.command, "path": self.path, "body": self.body()}
        told["headers"] = self.told("X-Mine", "Authorization", "Content-Type", "Cookie")
        data = b"" if status == 204 else json.dumps(told).encode()
        headers = {"Location": "/200/moved"} if 300 <= status < 400 else {}
        self.reply(status, headers, data)


@pytest.fixture(scope="module")
def url():
    with listening(Echo) as address:
        yield address


def program(body: str, url: str = "http://h") -> str:
    rows = "".join(f"    {row}\n" if row else "\n" for row in dedent(body).strip().split("\n"))
    return f"{HEAD}async def main():\n{rows}{TAIL}".replace("URL", url)


def ported(body: str) -> str:
    """Return the body of a coroutine once it awaits httpx."""
    fixed = rewritten({"app.py": program(body)}, "native").files["app.py"]
    return dedent(fixed.partition("async def main():\n")[2].partition("\n\n\n")[0]).strip()


def test_a_call_gets_a_client_of_its_own_and_its_import_goes():
    body = """
        r = requests.get("http://h/a", timeout=5)  # slow
        if not r.ok or r.reason == "x":
            return r.url
        return r.json()
    """
    code = rewritten({"app.py": program(body)}, "native").files["app.py"]

    assert dedent("""
        async with httpx.AsyncClient(follow_redirects=True) as client:
            r = await client.get("http://h/a", timeout=5)  # slow
        if r.is_error or r.reason_phrase == "x":
            return str(r.url)
        return r.json()
    """).strip() in ported(body)
    assert "requests" not in code


@pytest.mark.parametrize(
    "body",
    [
        'r = requests.get("URL/200/a")\nprint(r.status_code, r.json(), r.ok, r.reason, r.url)',
        'r = requests.get("URL/302")\nprint(r.status_code, r.text, str(r.url), len(r.history))',
        'r = requests.head("URL/302")\nprint(r.status_code, r.headers["location"], r.is_redirect)',
        'r = requests.get("URL/404", allow_redirects=False)\nprint(r.ok, (r.ok) + 1, r.content)',
        'print(requests.post("URL/200", json={"a": 1}).json()["headers"])',
        'print(requests.post("URL/200", {"a": 1, "b": "ü &"}).json())',
        'print(requests.put("URL/200", data="ü").json())',
        'print(requests.delete("URL/200", json={"a": 1}, timeout=3).json()["method"])',
        'print(requests.request("patch", "URL/200", headers={"X-Mine": "1"}).json())',
        'print(requests.get("URL/200", {"q": "a b", "n": 3}).json()["path"])',
        'print(requests.get("URL/200", auth=("u", "p"), verify=False, stream=False).json())',
        'print(requests.get("URL/200", cookies={"a": "b"}).json()["headers"])',
        'r = requests.get("URL/204")\nprint(r.status_code == requests.codes.no_content, r.text)',
        'requests.post("URL/200")\nprint(1)',
        'print(requests.get("URL/200", auth=requests.auth.HTTPBasicAuth("u", "p")).json())',
    ],
)
def test_both_get_the_same_answer(tmp_path, url, body):
    before = {"app.py": program(body, url)}
    fixed = rewritten(before, "native")

    assert len(fixed.fixes) == 1, fixed.refused
    assert "await client." in fixed.files["app.py"]
    one = printed(tmp_path / "one", before, "app.py", imports=BOTH)
    assert one == printed(tmp_path / "two", fixed.files, "app.py", imports=BOTH)
    assert one


CATCHING = """
    try:
        r = requests.get("URL", timeout=LIMIT)
        r.raise_for_status()
        print(r.json())
    except requests.exceptions.HTTPError as error:
        print("status", error.response.status_code)
    except requests.Timeout:
        print("timeout")
    except (requests.ConnectionError, KeyError):
        print("connection")
    except requests.RequestException:
        print("other")
"""


@pytest.mark.parametrize("where", ["/200", "/404", "/500", "closed", "silent", "scheme", "text"])
def test_both_fail_alike(tmp_path, url, where):
    place = {
        "closed": "http://127.0.0.1:1",
        "scheme": "nothing",
        "silent": "SILENT",
        "text": "TEXT",
    }.get(where, url + where)
    if place in ("SILENT", "TEXT"):
        place = _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" if place == "TEXT" else b"")
    body = CATCHING.replace("LIMIT", "0.3" if where == "silent" else "30")
    before = {"app.py": program(body, place)}
    fixed = rewritten(before, "native")

    assert len(fixed.fixes) == 1, fixed.refused
    assert "requests" not in fixed.files["app.py"]
    one = printed(tmp_path / "one", before, "app.py", imports=BOTH)
    assert one == printed(tmp_path / "two", fixed.files, "app.py", imports=BOTH)


def _raw(answer: bytes) -> str:
    """Serve one answer, or none at all, to whoever connects; return the address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        kept = []
        while True:
            connection, _ = server.accept()
            kept.append(connection)
            if answer:
                connection.recv(4096)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('return requests.get("u")', "the answer is passed on"),
        ('r = requests.get("u")\nprint(r)', "the answer is passed on"),
        ('r = requests.get("u")\nreturn r.raw', "`.raw` of the answer"),
        ('r = requests.get("u")\nif r:\n    return 1', "the answer is passed on"),
        ('r = requests.get("u")\nreturn dict(r.headers)', "in lower case"),
        ('for i in (1, 2):\n    requests.get("u")', "each round of the loop"),
        ('if requests.get("u").ok:\n    return 1', "a block of its own"),
        ('requests.get("u", proxies={})', "`proxies=` has no counterpart"),
        ('requests.get("u", **{"timeout": 1})', "cannot be seen"),
        ('requests.get("u?a=1", params={"b": 1})', "a query already"),
        ('requests.get("u", params={"b": main})', "may be None"),
        ('requests.post("u", data=main)', "cannot be told"),
        ('requests.get("u")\nrequests.Session().get("u")', "uses `requests.Session.get` as well"),
        ('try:\n    requests.get("u")\nexcept OSError:\n    return 1', "no longer catch"),
        (
            'try:\n    requests.get("u")\nexcept requests.exceptions.SSLError:\n    pass',
            "no counterpart",
        ),
        (
            'try:\n    requests.get("u")\nexcept requests.RequestException as e:\n    e.response',
            "`e.response` is not on every",
        ),
    ],
)
def test_what_would_differ_is_refused_with_the_reason(body, reason):
    fixed = rewritten({"app.py": program(body)}, "native")

    assert "await client" not in fixed.files["app.py"]
    assert reason in " ".join(fixed.refused)


def test_a_caller_that_catches_the_old_exceptions_keeps_the_library():
    caller = """
        async def other():
            try:
                await main()
            except requests.Timeout:
                return 1
    """
    code = program('requests.get("u")').replace(
        "\n\nasyncio.run", f"\n{dedent(caller)}\n\nasyncio.run"
    )
    fixed = rewritten({"app.py": code}, "native")

    assert "its caller `other` catches" in " ".join(fixed.refused)


def test_a_test_that_replaces_the_library_keeps_it():
    use = "def test_it(monkeypatch):\n    monkeypatch.setattr('app.requests.get', None)\n"
    fixed = rewritten({"app.py": program('requests.get("u")'), "tests/test_app.py": use}, "native")

    assert "a test replaces `requests`" in " ".join(fixed.refused)


def test_a_thread_comes_first_where_the_new_library_is_not_in_use_yet():
    code = (
        program('requests.get("u")').replace("import httpx\n", "").replace("httpx.Limits()\n", "")
    )

    assert [fix.strategy for fix in rewritten({"app.py": code}).fixes] == ["offload"]
    assert [fix.strategy for fix in rewritten({"app.py": program('requests.get("u")')}).fixes] == [
        "native"
    ]
