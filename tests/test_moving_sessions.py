"""A client that keeps a session is moved with all its callers, and gets the same answers."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from textwrap import dedent
from typing import ClassVar

import pytest
from answering import Answering, listening
from conftest import needs
from rewriting import plans, printed, rewritten

BOTH = ("requests", "httpx")
needs(*BOTH)

CLIENT = '''
"""The client of the shop."""
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


class Shop:
    def __init__(self, url, token="secret"):
        self.url = url
        self.session = requests.Session()
        SETUP

    def close(self):
        self.session.close()

    def ask(self, path, **options):
        BODY
'''
MAIN = """
import asyncio

from shop import Shop


async def main():
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))  # others run on this loop
    shop = Shop("URL")
    try:
        CALLS
    finally:
        shop.close()


asyncio.run(main())
"""


class Server(Answering):
    """Tells what it was sent; `/status/N/M` answers with N for the first M times."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar = Counter()

    def _answer(self):
        body = self.body()
        path = self.path.partition("?")[0]
        self.asked[path] += 1
        kind, _, rest = path.strip("/").partition("/")
        status, headers, data = 200, {}, b""
        if kind == "status":
            code, _, times = rest.partition("/")
            times = times.partition("/")[0]
            status = int(code) if not times or self.asked[path] <= int(times) else 200
        elif kind == "moved":
            status, headers = 302, {"Location": "/here"}
        elif kind == "slow":
            time.sleep(5)
        elif kind == "drop":
            self.close_connection = True
            self.connection.close()
            return
        elif kind == "later":
            status, headers = 503 if self.asked[path] == 1 else 200, {"Retry-After": "1"}
        elif kind == "cookie":
            headers = {"Set-Cookie": "seen=1"}
        elif kind == "lines":
            data = b"one\ntwo\n\nthree"
        told = self.told("Accept", "Authorization", "Content-Type", "Cookie", "X-Mine")
        shown = {"method": self.command, "path": self.path, "body": body, "headers": told}
        data = data or json.dumps(shown | {"asked": self.asked[path]}).encode()
        self.reply(status, headers, data)


@pytest.fixture
def url():
    Server.asked.clear()
    with listening(Server) as address:
        yield address


def indented(code: str, spaces: int) -> str:
    rows = dedent(code).strip().split("\n")
    return ("\n" + " " * spaces).join(rows).replace("\n" + " " * spaces + "\n", "\n\n")


def project(calls: str, body: str, setup: str = "pass", url: str = "http://h") -> dict[str, str]:
    client = CLIENT.replace("SETUP", indented(setup, 8)).replace("BODY", indented(body, 8))
    main = MAIN.replace("CALLS", indented(calls, 8)).replace("URL", url)
    if "HTTPAdapter" not in setup:
        client = client.replace("from requests.adapters import HTTPAdapter\n", "")
    if "Retry(" not in setup:
        client = client.replace("from urllib3.util.retry import Retry\n", "")
    return {"shop.py": client, "main.py": main}


def moved(files: dict[str, str]):
    """Return the files once the session has moved; what kept it shows if it stays."""
    done = rewritten(files, "cascade")
    assert len(done.fixes) == 1, done.refused
    assert "requests" not in re.sub(r"[\"'#].*", "", done.files["shop.py"])
    return done.files


def both(tmp_path, files: dict[str, str]) -> list[str]:
    """Return what the project prints before and after, and tell the server to start anew."""
    told = []
    for folder, each in (("before", files), ("after", moved(files))):
        Server.asked.clear()
        told.append(re.sub(r":\d{4,5}", ":PORT", printed(tmp_path / folder, each, imports=BOTH)))
    assert told[0]
    return told


JSON = "return self.session.get(self.url + path, **options).json()"


def test_every_caller_awaits_and_the_client_closes():
    files = moved(project("print(shop.ask('/a'))", JSON))

    assert (
        "self.session = httpx.AsyncClient(timeout=None, follow_redirects=True)"
        in (files["shop.py"])
    )
    assert (
        "    async def aclose(self):\n        await self.session.aclose()\n\n"
        "    async def ask(self, path, **options):\n"
        "        return (await self.session.get(self.url + path, **options)).json()\n"
    ) in files["shop.py"]
    assert "print(await shop.ask('/a'))" in files["main.py"]
    assert "await shop.aclose()" in files["main.py"]


@pytest.mark.parametrize(
    ("setup", "calls"),
    [
        ("pass", "print(shop.ask('/a'))"),
        ("pass", "print(shop.ask('/moved'))"),
        ("pass", "print(shop.ask('/a', params={'q': None, 'on': True, 'n': 3, 's': 'a b'}))"),
        ("pass", "print(shop.ask('/a?x=1', params={'q': None}))"),
        ("pass", "print(shop.ask('/a', headers={'X-Mine': '1'}, timeout=5))"),
        ("pass", "print(shop.ask('/a', timeout=(3, 5)))"),
        ("pass", "shop.ask('/cookie')\nprint(shop.ask('/a'))"),
        ("self.session.headers.update({'X-Mine': token})", "print(shop.ask('/a'))"),
        ("self.session.headers['X-Mine'] = token", "print(shop.ask('/a'))"),
        ("self.session.headers = {'X-Mine': token}", "print(shop.ask('/a')['headers']['X-Mine'])"),
        ("self.session.auth = ('me', token)", "print(shop.ask('/a'))"),
        ("self.session.auth = requests.auth.HTTPBasicAuth('me', token)", "print(shop.ask('/a'))"),
        ("self.session.params = {'key': token}", "print(shop.ask('/a'))"),
        ("self.session.params.update({'key': token})", "print(shop.ask('/a', params={'b': 1}))"),
        ("self.session.cookies.set('k', 'v')", "print(shop.ask('/a'))"),
        ("self.session.cookies.update({'k': 'v'})", "print(shop.ask('/a'))"),
        ("self.session.params['key'] = token", "print(shop.ask('/a'))"),
        ("self.session.verify = False", "print(shop.ask('/a'))"),
        ("self.session.trust_env = False", "print(shop.ask('/a'))"),
        ("self.session.max_redirects = 3", "print(shop.ask('/moved'))"),
    ],
)
def test_a_session_that_is_set_up_sends_the_same(tmp_path, url, setup, calls):
    one, two = both(tmp_path, project(calls, JSON, setup, url))

    assert one == two


@pytest.mark.parametrize(
    "body",
    [
        "r = self.session.get(self.url + path)\nreturn r.status_code, r.ok, r.reason, r.text",
        "r = self.session.get(self.url + path)\nreturn r.url, f'{r.url}', r.content, r.encoding",
        "r = self.session.post(self.url + path, json={'a': [1, 'ü']})\nreturn r.json()['method']",
        "return self.session.post(self.url + path, data={'a': 1, 'b': 'ü &'}).json()",
        "return self.session.put(self.url + path, data='text').json()",
        "return self.session.get(self.url + path, verify=False, stream=False).json()",
        "return self.session.delete(self.url + path, json={'a': 1}).json()['method']",
        "return self.session.request('PATCH', self.url + path, params={'b': False}).json()",
        "r = self.session.head(self.url + '/moved')\nreturn r.status_code, r.headers['location']",
        "r = self.session.get(self.url + '/moved', allow_redirects=False)\nreturn r.is_redirect",
        "with self.session.get(self.url + path, stream=True) as r:\n    return r.json()",
        "r = self.session.get(self.url + path, stream=True)\nreturn sum(map(len, [r.content])) > 9",
        (
            "with self.session.get(self.url + '/lines', stream=True) as r:\n"
            "    return [line for line in r.iter_lines(decode_unicode=True)]"
        ),
        (
            "found = []\nwith self.session.get(self.url + '/lines', stream=True) as r:\n"
            "    for line in r.iter_lines():\n        found.append(line)\nreturn found"
        ),
        (
            "found = []\nwith self.session.get(self.url + '/lines', stream=True) as r:\n"
            "    for line in r.iter_lines():\n        if line:\n"
            "            found.append(line.decode('utf-8'))\nreturn found"
        ),
        (
            "size = 0\nwith self.session.get(self.url + '/lines', stream=True) as r:\n"
            "    for chunk in r.iter_content(chunk_size=4):\n        size += len(chunk)\n"
            "return size"
        ),
        (
            "r = self.session.get(self.url + '/lines')\n"
            "return [chunk for chunk in r.iter_content(3)]"
        ),
        "r = self.session.get(self.url + '/status/404')\nreturn 'there' if r else 'gone'",
        "r = self.session.get(self.url + '/status/404')\nif not r.ok:\n    return r.status_code",
        "return self.session.get(self.url).status_code == requests.codes.ok",
    ],
)
def test_requests_and_answers_stay_what_they_were(tmp_path, url, body):
    one, two = both(tmp_path, project("print(shop.ask('/a'))", body, url=url))

    assert one == two


CATCHING = """
try:
    r = self.session.get(self.url + path, timeout=LIMIT)
    r.raise_for_status()
    return r.json()
except requests.exceptions.HTTPError as error:
    return "status", error.response.status_code
except requests.Timeout:
    return "timeout"
except (requests.ConnectionError, KeyError):
    return "connection"
except requests.RequestException as error:
    return "other", error.response is None
"""


@pytest.mark.parametrize("path", ["/status/404", "/status/500", "/slow", "/drop", "/lines", "/a"])
def test_errors_are_caught_by_the_same_clauses(tmp_path, url, path):
    body = CATCHING.replace("LIMIT", "0.3" if path == "/slow" else "30")
    one, two = both(tmp_path, project(f"print(shop.ask('{path}'))", body, url=url))

    assert one == two


def test_a_refused_connection_is_caught_too(tmp_path, url):
    calls = "shop.url = 'http://127.0.0.1:9'\nprint(shop.ask('/'))"

    one, two = both(tmp_path, project(calls, CATCHING.replace("LIMIT", "30"), url=url))

    assert one == two == "connection\n"


MADE = """
class Shop:
    def __init__(self, url):
        self.url = url
        self.session = self._made()

    def _made(self) -> requests.Session:
        session = requests.Session()
        session.mount("http://", HTTPAdapter(max_retries=Retry(total=1, status_forcelist=[503])))
        return session

    def close(self):
        self.session.close()

    def ask(self, path):
        return self.session.get(self.url + path).json()
"""
LAZY = """
class Shop:
    def __init__(self, url):
        self.url = url
        self._session = None

    def _client(self):
        if self._session is None:
            self._session = requests.Session()
            self._session.headers["X-Mine"] = "1"
        return self._session

    def close(self):
        if self._session:
            self._session.close()

    def ask(self, path):
        return self._client().get(self.url + path).json()
"""


@pytest.mark.parametrize("shop", [MADE, LAZY])
def test_a_session_that_a_method_makes_moves_too(tmp_path, url, shop):
    files = project("print(shop.ask('/status/503/1'))", JSON, RETRY, url)
    head = files["shop.py"].partition("class Shop")[0]
    files["shop.py"] = head + shop.lstrip()
    if shop == LAZY:
        files["shop.py"] = "import requests\n\n\n" + shop.lstrip()
        files["main.py"] = files["main.py"].replace("/status/503/1", "/a")

    one, two = both(tmp_path, files)

    assert one == two


# Retries

RETRY = """
adapter = HTTPAdapter(max_retries=Retry({}))
self.session.mount("http://", adapter)
self.session.mount("https://", adapter)
"""
TRIED = """
try:
    if path == "/slow":
        r = self.session.request(options["method"], self.url + path, timeout=(30, 0.2))
    else:
        r = self.session.request(options["method"], self.url + path, timeout=30)
    return r.status_code, r.json().get("asked") if r.status_code == 200 else None
except requests.exceptions.RetryError:
    return "retries"
except requests.exceptions.ReadTimeout:
    return "read timeout"
except requests.exceptions.ConnectionError:
    return "connection"
"""


@pytest.mark.parametrize(
    "retry",
    [
        "total=2, status_forcelist=[503]",
        "total=3, status_forcelist=[503, 500], allowed_methods=['GET', 'POST']",
        "total=2, read=False, status_forcelist=[503]",
        "total=5, status=1, status_forcelist=[503], raise_on_status=False",
        "total=2, connect=1, read=1, backoff_factor=0.01",
        "3",
        "total=0",
        "total=False",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requests_are_sent_again_as_often_as_before(tmp_path, url, retry, method):
    paths = ("/status/503/1/a", "/status/503/9/b", "/status/500/2/c", "/drop", "/slow")
    calls = f"for path in {paths}:\n    print(path, shop.ask(path, method='{method}'))"
    counts = []
    files = project(calls, TRIED, RETRY.format(retry), url)
    for folder, each in (("before", files), ("after", moved(files))):
        Server.asked.clear()
        counts.append((printed(tmp_path / folder, each, imports=BOTH), dict(Server.asked)))

    assert counts[0] == counts[1]


def test_a_wait_that_the_server_asks_for_is_kept(tmp_path, url):
    setup = RETRY.format("total=1, status_forcelist=[503], backoff_factor=0")
    calls = "import time\nstart = time.monotonic()\nprint(shop.ask('/later'))\n"
    calls += "print(1 <= time.monotonic() - start < 10)"

    one, two = both(tmp_path, project(calls, JSON, setup, url))

    assert one == two
    assert one.endswith("True\n")


# What must not move


@pytest.mark.parametrize(
    ("setup", "body", "reason"),
    [
        ("self.session.mount('https://', Mine())", JSON, "adapter of its own kind"),
        ("self.session.hooks = {'response': print}", JSON, "hooks"),
        ("self.session.auth = Mine()", JSON, "authentication"),
        ("self.session.proxies = proxies", JSON, "proxies"),
        ("pass", "return self.session.put(self.url, data=self.url.body).json()", "`data=` holds"),
        ("pass", "return self.session.get(self.url, verify=path).json()", "`path` is told"),
        ("pass", "return self.session.get(self.url).raw.read()", "`.raw` of an answer"),
        ("pass", "self.last = self.session.get(self.url)", "an answer is kept"),
        ("pass", "self.session.get('u')\nreturn shuffle(self.session)", "session is passed on"),
        ("pass", "return self.session.send(path)", r"`.send\(\)` of a session"),
        ("pass", "return self.session.get(requests.utils.quote(path)).text", "used as well"),
        ("self.ask('/login')", JSON, "Python calls `Shop.__init__` by itself"),
    ],
)
def test_what_differs_is_refused(setup, body, reason):
    refused = list(refusals(project("print(shop.ask('/a'))", body, setup)))

    assert any(re.search(reason, each) for each in refused), refused


def refusals(files: dict[str, str]):
    """Yield why the session stays; there must be no way to move it."""
    for _, plan in plans(files):
        assert not any(fix.title.startswith("Move") for fix in plan.fixes)
        yield from (each.reason for each in plan.refusals if each.strategy == "cascade")


def test_a_caller_that_is_not_known_stops_it():
    files = project("print(shop.ask('/a'))", JSON)
    files["more.py"] = "def more(shop):\n    return shop.ask('/more')\n"

    assert any(
        "what `ask` is called on is not known (more.py:2)" in each for each in refusals(files)
    )
