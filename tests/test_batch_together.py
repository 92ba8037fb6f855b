"""Requests per item that are sent some at a time: their order, errors, and how many at once."""

from __future__ import annotations

import asyncio
from textwrap import dedent

import httpx
import pytest
from batching import outcome, pair
from rewriting import rewritten

HEAD = "import httpx\n\n\n"
ASKS = {
    "a loop": """
        found = []
        for number in numbers:
            response = await client.get(f"http://x/{number}")
            response.raise_for_status()
            found.append((number, response.text))
        return found
        """,
    "errors that are kept to their item": """
        found = {}
        for number in numbers:
            try:
                response = await client.get(f"http://x/{number}")
            except httpx.ConnectError as error:
                found[number] = str(error)
                continue
            found[number] = response.text
        return found
        """,
    "answers that nobody reads": """
        for number in numbers:
            try:
                await client.get(f"http://x/{number}")  # why
            except httpx.ConnectError as error:
                print(error)
        """,
    "a comprehension": """
        return [(number, await client.get(f"http://x/{number}")) for number in numbers]
        """,
}


class Service:
    """Answers with the number that is asked for; some fail."""

    def __init__(self, broken: int = -1, lost: int = -1) -> None:
        self.broken, self.lost = broken, lost
        self.now = self.most = self.requests = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.002)
        self.now -= 1
        number = int(request.url.path[1:])
        if number == self.lost:
            raise httpx.ConnectError(f"lost {number}")
        return httpx.Response(500 if number == self.broken else 200, text=str(number))


def asked(names: dict[str, object], service: Service, numbers: list[int]) -> tuple[str, str]:
    async def run() -> object:
        async with httpx.AsyncClient(transport=httpx.MockTransport(service)) as client:
            return await names["main"](client, numbers)

    return outcome(lambda: asyncio.run(run()))


@pytest.mark.parametrize("body", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("broken", [{}, {"broken": 3}, {"lost": 2}], ids=["fine", "500", "lost"])
def test_answers_and_errors_come_as_they_did_ten_at_a_time(body, broken):
    signature = "async def main(client: httpx.AsyncClient, numbers: list[int]):\n    "
    made = pair(HEAD + signature + dedent(body).strip().replace("\n", "\n    ") + "\n")
    numbers = [3, 1, 3, *range(20)]
    was, now = Service(**broken), Service(**broken)

    assert asked(made.after, now, list(numbers)) == asked(made.before, was, list(numbers))
    assert (was.most, now.most) == (1, 10)
    assert now.requests == 23 or "lost" in broken
    assert asked(made.after, now, []) == asked(made.before, was, [])


HELPER = """
async def main(client: httpx.AsyncClient, numbers: list[int]) -> list:
    found = []
    for number in numbers:
        found.append((number, await one(client, number)))
    return found


async def one(client: httpx.AsyncClient, number: int) -> str:
    try:
        response = await client.get(f"http://x/{number}")
    except httpx.ConnectError:
        return "no answer"
    response.raise_for_status()
    return response.text
"""


@pytest.mark.parametrize("is_async", [True, False], ids=["gathered", "from threads"])
@pytest.mark.parametrize("number", [0, 3, 9])
def test_what_a_helper_makes_of_an_error_stays_with_its_item(number, is_async):
    plain = HELPER.replace("async ", "").replace("await ", "").replace("AsyncClient", "Client")
    names = pair(HEAD + (HELPER if is_async else plain).lstrip())

    def told(module: dict[str, object], service: Service) -> tuple[str, str]:
        if is_async:
            return asked(module, service, list(range(10)))
        answer = lambda request: asyncio.run(service(request))  # noqa: E731
        with httpx.Client(transport=httpx.MockTransport(answer)) as client:
            return outcome(module["main"], client, list(range(10)))

    now = told(names.after, Service(lost=number))
    assert now == told(names.before, Service(lost=number))
    assert now[0] == "gives"
    assert now[1].count("no answer") == 1
    raised = told(names.after, Service(broken=number))
    assert raised == told(names.before, Service(broken=number))
    assert raised[0] == "raises"


def test_plain_code_sends_them_from_threads():
    made = rewritten(
        {
            "app.py": dedent("""
                import requests


                def pages(links: list[str]) -> list[str]:
                    found = []
                    for link in links:
                        page = requests.get(link, timeout=5)
                        found.append(page.text)
                    return found
                """)
        },
        group="batching",
    )
    assert made.files["app.py"] == dedent("""
        from concurrent.futures import ThreadPoolExecutor

        import requests


        def pages(links: list[str]) -> list[str]:
            found = []
            with ThreadPoolExecutor(max_workers=10) as pool:
                futures = [pool.submit(requests.get, link, timeout=5) for link in links]
            for link, future in zip(links, futures):
                page = future.result()
                found.append(page.text)
            return found
        """)


@pytest.mark.parametrize(
    "body",
    [
        "if link:\n            await client.get(link)",
        "page = await client.get(link)\n        if page.is_success:\n            return page",
        "token = await client.get(f'{link}/{token}')",
    ],
    ids=["not for every item", "until one succeeds", "made of the last"],
)
def test_loops_that_need_their_order_are_left(body):
    code = f"{HEAD}async def main(client: httpx.AsyncClient, links: list[str], token: object):\n"
    made = rewritten(
        {"app.py": f"{code}    for link in links:\n        {body}\n"}, group="batching"
    )
    assert not made.fixes


def test_what_a_loop_unpacks_is_passed_by_its_names_and_no_variable_is_taken():
    code = """
import httpx


def outer(client: httpx.AsyncClient, pairs: list[tuple]):
    async def inner():
        found = [await client.get(link, params=given) for number, (link, given) in enumerate(pairs)]
        results = len(found)
        return found, results

    return inner
"""
    made = rewritten({"app.py": code}, group="batching").files["app.py"]
    assert "async def get_one(number, link, given):" in made
    assert "get_results = await asyncio.gather(" in made


def test_requests_that_change_what_they_share_are_only_shown():
    code = """
import httpx


async def main(client: httpx.AsyncClient, links: list[str], seen: dict) -> None:
    for link in links:
        await one(client, link, seen)


async def one(client: httpx.AsyncClient, link: str, seen: dict) -> None:
    page = await client.get(link)
    seen[link] = page.text
"""
    made = rewritten({"app.py": code}, group="batching")
    assert (made.fixes, made.refused) == (
        (),
        ("`one` changes what is passed to it, which all may share",),
    )


def test_objects_that_belong_to_one_thread_are_left_to_it():
    code = """
import boto3


def main(keys: list[str]) -> list:
    table = boto3.resource("dynamodb").Table("leads")
    return [table.get_item(Key={"id": key}) for key in keys]
"""
    made = rewritten({"app.py": code}, group="batching")
    assert made.files["app.py"] == code
    assert "must not be called in several threads" in made.refused[0]


def test_an_answer_that_nobody_reads_is_not_named():
    body = dedent(ASKS["answers that nobody reads"]).strip().replace("\n", "\n    ")
    code = pair(f"{HEAD}async def main(client: httpx.AsyncClient, numbers):\n    {body}\n").code

    told = (
        "if isinstance(result, BaseException):\n                raise result  # why\n        except"
    )
    assert told in code
