"""Documents of MongoDB that a loop looks up by their ids; a stand-in plays the collection."""

from __future__ import annotations

from batching import loaded
from hypothesis import given, settings
from hypothesis import strategies as st
from rewriting import plans, rewritten

from asyncfix.findings import Applicability

CODE = """
from pymongo.collection import Collection


def main(deals: Collection, tenant: str, ids: list[int]) -> list:
    found = []
    for number in ids:
        deal = deals.find_one({"_id": number, "tenant": tenant})
        found.append(deal["name"] if deal else None)
    return found
"""


class Documents:
    """Plays a collection: equal values, and `$in`."""

    def __init__(self, documents):
        self.documents = documents
        self.asked = 0

    def find(self, query):
        """Yield the documents that fit."""
        self.asked += 1
        for each in self.documents:
            if all(fits(each.get(name), wanted) for name, wanted in query.items()):
                yield dict(each)

    def find_one(self, query):
        """Return the first document that fits."""
        return next(self.find(query), None)


def fits(value, wanted):
    return value in wanted["$in"] if isinstance(wanted, dict) else value == wanted


def without_the_library(code):
    return loaded(code.replace("from pymongo.collection import Collection", "Collection = object"))


BEFORE = without_the_library(CODE)
AFTER = without_the_library(rewritten({"app.py": CODE}, group="batching").files["app.py"])


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 6), st.sampled_from("ab")), st.lists(st.integers(0, 8)))
def test_documents_are_asked_for_together_with_every_other_condition(tenants, ids):
    documents = [{"_id": n, "tenant": tenant, "name": f"d{n}"} for n, tenant in tenants.items()]
    before, after = Documents(documents), Documents(documents)
    assert AFTER["main"](after, "a", ids) == BEFORE["main"](before, "a", ids)
    assert (before.asked, after.asked) == (len(ids), 1)


def test_documents_of_elasticsearch_are_shown_by_mget_and_never_asked_so():
    code = """
from elasticsearch import AsyncElasticsearch


async def main(client: AsyncElasticsearch, keys: list[str]) -> list:
    found = []
    for key in keys:
        lead = await client.get(index="leads", id=key)
        found.append(lead["_source"])
    return found
"""
    (plan,) = [plan for _, plan in plans({"app.py": code}, "batching")]
    (fix,) = plan.fixes
    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert [edit.text for edit in fix.edits] == [
        (
            '    leads = {each["_id"]: each for each in '
            '(await client.mget(index="leads", ids=keys))["docs"]}\n'
        ),
        "leads[key]",
    ]
    assert rewritten({"app.py": code}, group="batching").files["app.py"] == code
