"""Requests that each make a client, and objects that own one, share what the application keeps."""

from __future__ import annotations

from textwrap import dedent

import pytest
from conftest import needs
from serving import lifecycle, told

HEAD = """
import requests
from fastapi import FastAPI

URL = "http://localhost/"
app = FastAPI()


"""
LOOP = """
@app.post("/")
def read(pages: list[int]):
    found = []
    for page in pages:
        found.append(requests.get(URL, params={"page": page}, timeout=5).json())
    requests.post(URL, json=found, timeout=5)
    return found
"""
SERVED = """
import json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from fastapi.testclient import TestClient
import app

opened, cookies = [], []

class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        opened.append(1)
        super().setup()

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        cookies.append("cookie" in self.headers)
        body = json.dumps(self.path).encode()
        self.send_response(200)
        self.send_header("set-cookie", "a=b")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args): ...

server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
with TestClient(app.app) as client:
    app.URL = "http://127.0.0.1:%d/" % server.server_port
    answers = client.post("/", json=[0, 1, 2]).json()
print(json.dumps([answers, len(opened), any(cookies)]))
"""


def test_requests_of_a_module_go_through_its_session(tmp_path):
    done = lifecycle(tmp_path, {"app.py": HEAD + LOOP})

    assert not done.reasons
    text = done.files["app.py"]
    assert (
        '''
@functools.lru_cache(maxsize=1)
def requests_session() -> requests.Session:
    """Return the session that all requests of this module share; it keeps no cookies."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return session


@app.post("/")'''
        in text
    )
    assert "found.append(requests_session().get(URL, params=" in text
    assert "    requests_session().post(URL, json=found, timeout=5)\n" in text
    assert (
        """
    yield
    if requests_session.cache_info().currsize:
        await run_in_threadpool(requests_session().close)
        requests_session.cache_clear()
"""
        in text
    )
    assert lifecycle(tmp_path, done.files).files == done.files


def test_they_share_a_connection_and_no_cookies(tmp_path):
    needs("requests", "fastapi", "httpx")
    lifecycle(tmp_path, {"app.py": HEAD + LOOP}, strategy="none")
    before = told(tmp_path, SERVED)
    lifecycle(tmp_path, {"app.py": HEAD + LOOP})
    after = told(tmp_path, SERVED)

    assert before == [["/?page=0", "/?page=1", "/?page=2"], 4, False]
    assert after == [before[0], 1, False]


def test_a_library_that_may_be_missing_is_named_in_a_text(tmp_path):
    head = HEAD.replace("import requests\n", "").replace(
        "app =", "try:\n    import requests\nexcept ImportError:\n    HAVE = False\n\napp ="
    )

    done = lifecycle(tmp_path, {"app.py": head + LOOP})

    assert 'def requests_session() -> "requests.Session":' in done.files["app.py"]


def test_httpx_has_a_client_for_it(tmp_path):
    code = (HEAD + LOOP).replace("requests", "httpx")

    done = lifecycle(tmp_path, {"app.py": code})

    assert "def http_client() -> httpx.Client:" in done.files["app.py"]
    assert "found.append(http_client().get(URL, params=" in done.files["app.py"]


def test_tests_replace_the_method_of_the_session(tmp_path):
    test = dedent("""
        from unittest.mock import patch

        import app


        @patch("app.requests.get")
        def test_one(get): ...


        def test_two():
            with patch("requests.get", side_effect=OSError) as get:
                app.read([1])
    """)

    done = lifecycle(tmp_path, {"app.py": HEAD + LOOP, "tests/test_app.py": test})

    assert not done.reasons
    assert done.files["tests/test_app.py"] == test.replace("requests.get", "requests.Session.get")


AT_ONCE = {
    "a verb that a test sets": (
        LOOP,
        'import app\n\n\ndef test_one(patch):\n    patch.setattr(app.requests, "get", print)\n',
        "replaces `requests.get` in another way",
    ),
    "a function that a test puts in its place": (
        LOOP,
        'from mock import patch\n\n\n@patch("app.requests.get", print)\ndef test_one(): ...\n',
        "replaces `requests.get` in another way",
    ),
    "the whole library replaced": (
        LOOP,
        'from unittest.mock import patch\n\n\n@patch("app.requests")\ndef test_one(get): ...\n',
        "replaces `requests` as a whole",
    ),
    "an import where it is used": (
        LOOP.replace("    found = []", "    import requests\n\n    found = []"),
        "",
        "where it is used only",
    ),
    "what only a client can be told": (
        LOOP.replace("timeout=5).json", "timeout=5, verify=False).json").replace(
            "requests", "httpx"
        ),
        "",
        "which is the client's",
    ),
}


@pytest.mark.parametrize(("code", "test", "reason"), AT_ONCE.values(), ids=AT_ONCE)
def test_what_a_session_would_not_do_is_refused(tmp_path, code, test, reason):
    head = HEAD.replace("requests", "httpx") if "httpx" in code else HEAD
    head = head.replace("import requests\n", "") if "import requests" in code else head
    files = {"app.py": head + code, **({"tests/test_app.py": test} if test else {})}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons


CLIENT = """
import httpx

URL = "http://localhost"


class Api:
    def __init__(self, url: str, timeout: float = 5) -> None:
        self.url = url
        self.client = httpx.AsyncClient(timeout=timeout)

    async def send(self, text: str) -> int:
        return (await self.client.post(self.url, content=text)).status_code

    async def aclose(self) -> None:
        await self.client.aclose()
"""
USE = """
from fastapi import FastAPI

from api import URL, Api

app = FastAPI()


@app.post("/")
async def send(texts: list[str]) -> list[int]:
    # each on its own
    api = Api(URL, timeout=9)
    try:
        # in order
        return [await api.send(each) for each in texts]
    finally:
        await api.aclose()
"""


def test_an_object_that_owns_a_client_is_made_once_and_closed_at_the_end(tmp_path):
    done = lifecycle(tmp_path, {"api.py": CLIENT, "app.py": USE})

    assert not done.reasons
    text = done.files["app.py"]
    assert text.endswith("""
@functools.lru_cache(maxsize=1)
def api_client() -> Api:
    return Api(URL, timeout=9)


@app.post("/")
async def send(texts: list[str]) -> list[int]:
    # each on its own
    api = api_client()
    # in order
    return [await api.send(each) for each in texts]
""")
    assert "    await api_client().aclose()\n    api_client.cache_clear()\n" in text


def test_an_object_that_nothing_closed_is_closed_now(tmp_path):
    rows = USE.replace("    try:\n", "").replace("    finally:\n        await api.aclose()\n", "")
    code = rows.replace("        #", "    #").replace("        return", "    return")

    done = lifecycle(tmp_path, {"api.py": CLIENT, "app.py": code})

    assert "    api = api_client()\n    # in order\n" in done.files["app.py"]
    assert "    await api_client().aclose()\n" in done.files["app.py"]


OBJECTS = {
    "no method that closes it": (
        CLIENT.replace("aclose(self)", "end(self)"),
        USE.replace("api.aclose()", "api.end()"),
        "has no method that closes its client",
    ),
    "state of one call": (
        CLIENT.replace("        return (", "        self.last = text\n        return ("),
        USE,
        "`Api.send` changes the object",
    ),
    "state in a list": (
        CLIENT.replace("        return (", "        self.sent.append(text)\n        return ("),
        USE,
        "`Api.send` changes the object",
    ),
    "made of an argument": (
        CLIENT,
        USE.replace("texts: list[str])", "texts: list[str], wait: float = 1)").replace(
            "timeout=9", "timeout=wait"
        ),
        "",
    ),
    "asked for its client": (
        CLIENT,
        USE.replace("# in order", "print(api is None)"),
        "is used for more than calls of its methods",
    ),
    "changed where it is used": (
        CLIENT,
        USE.replace("# in order", "api.url = texts[0]"),
        "closed, or changed",
    ),
}


@pytest.mark.parametrize(("client", "code", "reason"), OBJECTS.values(), ids=OBJECTS)
def test_objects_that_cannot_be_shared_stay(tmp_path, client, code, reason):
    files = {"api.py": client, "app.py": code}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert not reason or any(reason in each for each in done.reasons), done.reasons


def test_a_test_that_replaces_the_class_keeps_it_there(tmp_path):
    test = 'from unittest.mock import patch\n\n\n@patch("app.Api")\ndef test_one(made): ...\n'
    files = {"api.py": CLIENT, "app.py": USE, "tests/test_app.py": test}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any("replaces `Api`" in each for each in done.reasons), done.reasons
