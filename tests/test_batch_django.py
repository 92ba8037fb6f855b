"""Loops over querysets of Django that ask once: the same answers, counted by Django's own log."""

from __future__ import annotations

import asyncio
import sys
from textwrap import dedent
from types import ModuleType

import pytest
from batching import Pair, outcome, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewriting import rewritten

django = pytest.importorskip("django", reason="needs Django", minversion="4.2")

from django.conf import settings as configuration  # noqa: E402

if not configuration.configured:
    configuration.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

MODELS = """
from django.db import models


class Owner(models.Model):
    name = models.CharField(max_length=20, null=True)

    class Meta:
        app_label = "shop"


class Lead(models.Model):
    owner = models.ForeignKey(Owner, null=True, on_delete=models.CASCADE, related_name="leads")
    title = models.CharField(max_length=20)
    amount = models.IntegerField(null=True)
    tenant = models.IntegerField()

    class Meta:
        app_label = "shop"
"""
SHOP = ModuleType("shop_models")
sys.modules["shop_models"] = SHOP
exec(compile(MODELS, "shop_models.py", "exec"), SHOP.__dict__)  # noqa: S102 - the test's own code
HEAD = "from shop_models import Lead, Owner\n\n\n"
ASKS = {
    "a row by its key": """
        def main(keys: list[int], tenant: int):
            found = []
            for key in keys:
                owner = Owner.objects.get(pk=key)
                found.append(owner.name)
            return found
        """,
    "a row that is missed": """
        def main(keys: list[str], tenant: int):
            found = []
            for key in keys:
                try:
                    owner = Owner.objects.get(id=key)
                except Owner.DoesNotExist:
                    found.append("none")
                    continue
                found.append(owner.name)
            return found
        """,
    "counts": """
        def main(keys: list[int], tenant: int):
            return [Lead.objects.filter(owner_id=key, tenant=tenant).count() for key in keys]
        """,
    "whether there is one": """
        def main(keys: list[int], tenant: int):
            return [Lead.objects.filter(owner=key).exclude(amount=1).exists() for key in keys]
        """,
    "the first by an order": """
        def main(keys: list[int], tenant: int):
            found = []
            for key in keys:
                leads = Lead.objects.filter(tenant=tenant).select_related("owner")
                lead = (
                    Lead.objects.filter(owner_id=key, tenant=tenant)
                    .order_by("-amount", "id")
                    .first()
                )
                found.append((lead.id, lead.title) if lead else None)
            return found
        """,
    "the first by the key": """
        def main(keys: list[int], tenant: int):
            found = []
            for key in keys:
                lead = Lead.objects.filter(owner_id=key).first()
                found.append(lead.id if lead else None)
            return found
        """,
    "the rows of each": """
        def main(keys: list[int], tenant: int):
            found = []
            for key in keys:
                for lead in Lead.objects.filter(owner_id=key).order_by("amount", "-id"):
                    found.append((key, lead.title))
            return found
        """,
    "rows of rows": """
        def main(keys: list[int], tenant: int):
            owners = list(Owner.objects.order_by("id"))
            found = []
            for owner in owners:
                number = Lead.objects.filter(owner=owner.id, tenant=tenant).count()
                found.append((owner.name, number))
            return found
        """,
    "what a row belongs to": """
        def main(keys: list[int], tenant: int):
            leads = Lead.objects.filter(tenant=tenant).order_by("id")
            return [(lead.title, lead.owner.name if lead.owner else None) for lead in leads]
        """,
}
AWAITED = """
async def main(keys: list[int], tenant: int):
    found = []
    for key in keys:
        number = await Lead.objects.filter(owner_id=key).acount()
        lead = await Lead.objects.filter(owner_id=key).order_by("amount", "id").afirst()
        found.append((number, lead.title if lead else None))
    return found
"""
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(1, 4),
        st.sampled_from(["", "Ann", "ß"]),
        st.none() | st.integers(-1, 2),
        st.integers(1, 2),
    ),
    max_size=9,
)
KEYS = st.lists(st.integers(0, 6), max_size=7)


@pytest.fixture(scope="module", autouse=True)
def _tables(tmp_path_factory: pytest.TempPathFactory):
    connection.close()
    connection.settings_dict["NAME"] = str(tmp_path_factory.mktemp("shop") / "shop.db")
    with connection.schema_editor() as editor:
        for model in (SHOP.Owner, SHOP.Lead):
            editor.create_model(model)


def fill(rows: list[tuple]) -> None:
    """Fill the tables anew: four owners, and leads of some of them."""
    SHOP.Lead.objects.all().delete()
    SHOP.Owner.objects.all().delete()
    for number in (1, 2, 3, 4):
        SHOP.Owner.objects.create(pk=number, name=f"o{number}" if number != 2 else None)
    for number, (owner, title, amount, tenant) in enumerate(rows):
        words = {"title": title, "amount": amount, "tenant": tenant}
        SHOP.Lead.objects.create(pk=number, owner_id=owner, **words)


def changed(body: str) -> Pair:
    return pair(HEAD + dedent(body).lstrip("\n"), {"shop_models.py": MODELS})


@pytest.fixture(scope="module", params=ASKS)
def asked(request: pytest.FixtureRequest) -> Pair:
    return changed(ASKS[request.param])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, keys=KEYS)
def test_the_answers_are_the_same_for_any_rows(asked: Pair, rows: list[tuple], keys: list[int]):
    fill(rows)
    keys = [str(key) for key in keys] if "list[str]" in asked.code else keys
    before = outcome(asked.before["main"], list(keys), 1)
    with CaptureQueriesContext(
        connection,
    ) as log:
        after = outcome(asked.after["main"], list(keys), 1)
    assert after == before
    assert len(log) <= (2 if "owners = list" in asked.code else 1)


@settings(max_examples=10, deadline=None)
@given(rows=ROWS, keys=KEYS)
def test_awaited_querysets_ask_once_too(rows: list[tuple], keys: list[int]):
    made = changed(AWAITED)
    fill(rows)
    found = [outcome(run, names["main"], keys) for names in (made.before, made.after)]
    assert found[0] == found[1]
    assert found[0][0] == "gives"
    assert made.code.count("await ") == 0


def run(main, keys):
    async def whole():
        return await main(list(keys), 1)

    return asyncio.run(whole())


def test_rows_are_created_in_bulk():
    made = changed("""
        def main(rows: list[dict]) -> None:
            for row in rows:
                Lead.objects.create(title=row["title"], tenant=row["tenant"], owner_id=None)
        """)
    rows = [{"title": str(number), "tenant": number} for number in (3, 1, 3)]
    told = []
    for names in (made.before, made.after):
        fill([])
        with CaptureQueriesContext(connection) as log:
            names["main"](rows)
        told.append(sum("INSERT" in each["sql"] for each in log.captured_queries))
        assert [(e.title, e.tenant) for e in SHOP.Lead.objects.order_by("id")] == [
            ("3", 3),
            ("1", 1),
            ("3", 3),
        ]
    assert told == [3, 1]


LEFT = {
    "the key may be None": "for key in keys:\n        Lead.objects.filter(amount=key).count()",
    "several rows": "for key in keys:\n        lead = Lead.objects.get(title=key)",
    "a row or a key": "for key in keys:\n        Lead.objects.filter(owner=key).count()",
    "another comparison": "for key in keys:\n        Lead.objects.filter(id__gt=key).count()",
    "distinct rows": "for key in keys:\n        Lead.objects.filter(id=key).distinct().count()",
    "a slice": "for key in keys:\n        for x in Lead.objects.filter(id=key)[:2]: print(x)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_what_may_differ_is_left(body: str):
    files = {"app.py": f"{HEAD}def main(keys):\n    {body}\n", "shop_models.py": MODELS}
    made = rewritten(files, group="batching")
    assert made.files == files


@pytest.mark.parametrize(
    "more",
    [
        "    def save(self, **words): ...\n",
        "    objects = Some()\n",
        "\n\nfrom django.db.models.signals import post_save\n",
    ],
    ids=["its own save", "its own manager", "signals"],
)
def test_rows_are_created_one_by_one_where_others_may_see(more: str):
    code = "def main(rows: list):\n    for row in rows:\n        Lead.objects.create(tenant=row)\n"
    files = {"app.py": HEAD + code, "shop_models.py": f"{MODELS}{more}"}
    assert rewritten(files, group="batching").files == files
